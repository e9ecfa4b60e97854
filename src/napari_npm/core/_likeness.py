"""How alike two relevance maps are."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .errors import NpmError

MEASURES = ("pearson", "spearman", "iou")

Explain = Callable[..., Any]
"""Called with images (N, H, W) or (N, C, H, W) and the classes to explain, (N,) or one; returns
an `Explanation` or relevance (N, H, W). An `Explainer` is one, with its rule and engine."""


@dataclass(frozen=True)
class Likeness:
    """How alike maps are, by three measures of the same shape; NaN where one is not defined.

    Attributes
    ----------
    pearson : ndarray of float64
        Correlation of relevance; not defined for a map without contrast.
    spearman : ndarray of float64
        Correlation of ranks, equals sharing their mean rank; not defined for such a map either.
    iou : ndarray of float64
        Overlap (intersection over union) of the smallest regions that hold 70 % of the relevance
        (or another share); not defined for a map without positive relevance.
    """

    pearson: NDArray[np.float64]
    spearman: NDArray[np.float64]
    iou: NDArray[np.float64]

    def of(self, measure: str) -> NDArray[np.float64]:
        """Return one of the three measures by name."""
        found: NDArray[np.float64] = getattr(self, measure)
        return found


def likeness(first: ArrayLike, second: ArrayLike, *, share: float = 0.7) -> Likeness:
    """Compare relevance maps pairwise, map by map.

    Parameters
    ----------
    first, second : array-like, (N, H, W)
        Relevance, any unit; for the regions negative relevance counts as none.
    share : float
        Share of the relevance that the regions hold, in (0, 1).

    Returns
    -------
    Likeness
        Arrays (N,).

    Raises
    ------
    NpmError
        If the shapes differ, or a map holds NaN.
    """
    one, other = Prepared(first, share), Prepared(second, share)
    return one.like(other)


class Prepared:
    """Maps (N, H, W) made ready once for several comparisons."""

    def __init__(self, maps: ArrayLike, share: float = 0.7) -> None:
        from scipy.stats import rankdata

        values = np.asarray(maps, dtype=np.float32)
        if values.ndim != 3 or values.size == 0:
            raise NpmError(f"Give relevance maps (N, H, W) to compare, not {values.shape}.")
        if not np.isfinite(values).all():
            raise NpmError("A relevance map has NaN or infinite pixels: explain the image again.")
        if not 0 < share < 1:
            raise NpmError(f"The share of relevance must be above 0 and below 1, not {share}.")
        self.shape = values.shape
        flat = values.reshape(len(values), -1)
        self._values = np.stack([_standard(one) for one in flat])
        self._ranks = np.stack([_standard(rankdata(one)) for one in flat])
        self._regions = np.stack([_top_region(one, share) for one in flat])

    def like(self, other: "Prepared") -> Likeness:
        """Compare with other maps of the same images."""
        if self.shape != other.shape:
            raise NpmError(
                f"Maps of the shapes {self.shape} and {other.shape} cannot be compared: explain"
                " the same images."
            )
        both = np.count_nonzero(self._regions & other._regions, axis=1)
        either = np.count_nonzero(self._regions | other._regions, axis=1)
        known = self._regions.any(1) & other._regions.any(1)
        return Likeness(
            pearson=_product(self._values, other._values),
            spearman=_product(self._ranks, other._ranks),
            iou=np.where(known, both / np.maximum(either, 1), np.nan),
        )


def _product(first: NDArray[np.float32], second: NDArray[np.float32]) -> NDArray[np.float64]:
    sums = [np.dot(a, b.astype(np.float64)) for a, b in zip(first, second, strict=True)]
    return np.asarray(np.clip(sums, -1.0, 1.0), dtype=np.float64)


def _standard(values: NDArray[Any]) -> NDArray[np.float32]:
    """Return values with mean 0 and sum of squares 1; NaN without contrast."""
    centred = values.astype(np.float64) - values.mean(dtype=np.float64)
    size = float(np.sqrt(np.dot(centred, centred)))
    # what rounding leaves of a constant is no contrast
    if size <= 1e-6 * float(np.abs(values).max()) * np.sqrt(values.size):
        return np.full(values.size, np.nan, np.float32)
    return np.asarray(centred / size, dtype=np.float32)


def _top_region(values: NDArray[np.float32], share: float) -> NDArray[np.bool_]:
    """Mark the pixels down to the value at which the share is held; empty without relevance."""
    positive = np.maximum(values, 0).astype(np.float64)
    falling = np.sort(positive)[::-1]
    held = np.cumsum(falling)
    if held[-1] <= 0:
        return np.zeros(values.size, dtype=bool)
    count = int(np.searchsorted(held, share * held[-1]))
    return np.asarray(positive >= falling[min(count, falling.size - 1)], dtype=np.bool_)


def stack(parts: Sequence[Likeness]) -> Likeness:
    """Put likenesses of arrays (N,) on a new first axis, (K, N)."""
    return Likeness(*(np.stack([part.of(measure) for part in parts]) for measure in MEASURES))


def average(parts: Sequence[Likeness]) -> Likeness:
    """Return the mean over likenesses of the same images; NaN where any is."""
    return Likeness(
        *(np.mean([part.of(measure) for part in parts], axis=0) for measure in MEASURES)
    )


def join(parts: Sequence[Likeness]) -> Likeness:
    """Join likenesses (K, n) of batches of images to (K, N)."""
    return Likeness(
        *(np.concatenate([part.of(measure) for part in parts], axis=-1) for measure in MEASURES)
    )


@dataclass(frozen=True)
class Pairwise:
    """How alike the maps of several sources (classes, networks) of the same images are.

    Attributes
    ----------
    pairs : tuple of (int, int)
        The P pairs of sources.
    likeness : Likeness
        Arrays (P, N): by pair and image.
    """

    pairs: tuple[tuple[int, int], ...]
    likeness: Likeness

    def matrix(self, measure: str) -> NDArray[np.float64]:
        """Return the mean over the images of a measure, (K, K) with 1 on the diagonal."""
        count = 1 + max(second for _, second in self.pairs)
        found = np.eye(count)
        for (first, second), values in zip(self.pairs, self.likeness.of(measure), strict=True):
            known = values[np.isfinite(values)]
            found[first, second] = found[second, first] = known.mean() if known.size else np.nan
        return found

    def of_images(self, measure: str) -> NDArray[np.float64]:
        """Return the mean over the pairs of a measure, (N,)."""
        found: NDArray[np.float64] = self.likeness.of(measure).mean(axis=0)
        return found


def pairwise(maps: Sequence[ArrayLike], share: float = 0.7) -> Pairwise:
    """Compare every two of several stacks of maps (N, H, W) of the same images."""
    ready = [Prepared(one, share) for one in maps]
    pairs = tuple(combinations(range(len(ready)), 2))
    return Pairwise(pairs, stack([ready[i].like(ready[j]) for i, j in pairs]))


def relevance_of(explained: Any) -> NDArray[np.float32]:
    """Return the relevance maps (N, H, W) that an explain-like callable gave."""
    found = np.asarray(getattr(explained, "relevance", explained), dtype=np.float32)
    if found.ndim != 3:
        raise NpmError(
            f"What explains the images gave an array of {found.shape}: one map (H, W) an image,"
            " (N, H, W), is needed."
        )
    return found
