"""The result of a two-point correlation, however its pairs were counted."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .errors import NpmError


@dataclass(frozen=True)
class TwoPoint:
    """Two-point correlation of an ensemble of maps: P(dn | r).

    Attributes
    ----------
    r : array of int64, (r_max + 1,)
        Distance in px, rounded to whole pixels.
    probability : array of float64, (r_max + 1, levels)
        Share of the pairs at distance r whose grey levels differ by dn = 0 .. levels - 1. Every
        row sums to 1; a row without any pair (beyond the image or the mask) is all zero.
    counts : array of int64, (r_max + 1, levels)
        The pairs behind it, each unordered pair once; row 0 holds each pixel with itself.
    n_images : int
        Maps in the ensemble.
    grouped : array of int64, (n_images, r_max + 1, groups)
        The same counts map by map in coarse groups of dn, for sampling errors over the ensemble.
    edges : array of int64, (groups + 1,)
        Group k holds edges[k] <= dn < edges[k + 1]; the first group is dn = 0 alone.
    """

    r: NDArray[np.int64]
    probability: NDArray[np.float64]
    counts: NDArray[np.int64]
    n_images: int
    grouped: NDArray[np.int64]
    edges: NDArray[np.int64]

    @property
    def pairs(self) -> NDArray[np.int64]:
        """Number of pairs at every distance, (r_max + 1,)."""
        total: NDArray[np.int64] = self.counts.sum(axis=1)
        return total

    @property
    def levels(self) -> int:
        """Number of grey levels."""
        return int(self.counts.shape[1])


def from_counts(counts: NDArray[np.integer]) -> TwoPoint:
    """Build a two-point correlation from counted pairs.

    Parameters
    ----------
    counts : array of int, (r_max + 1, levels) or (n_images, r_max + 1, levels)
        Pairs by distance and grey difference, of one map or of each map of an ensemble.

    Returns
    -------
    TwoPoint

    Raises
    ------
    NpmError
        For negative counts, another number of axes, or no pairs at all.
    """
    values = np.asarray(counts)
    if values.ndim not in (2, 3) or not np.issubdtype(values.dtype, np.integer):
        raise NpmError("Pair counts must be whole numbers by distance and grey difference.")
    stack = values[np.newaxis] if values.ndim == 2 else values
    if 0 in stack.shape or stack.shape[2] < 2:
        raise NpmError("Pair counts need at least one map, one distance and two grey levels.")
    edges = group_edges(stack.shape[2])
    total = stack.sum(axis=0, dtype=np.int64)
    return build(total, group(stack, edges), edges)


def combine(parts: Sequence[TwoPoint]) -> TwoPoint:
    """Put the maps of several two-point correlations into one ensemble; counts add up exactly.

    Parameters
    ----------
    parts : sequence of TwoPoint
        At least one; all with the same r_max and levels.

    Returns
    -------
    TwoPoint

    Raises
    ------
    NpmError
        For no parts, or parts that differ in r_max or levels.
    """
    if not parts:
        raise NpmError("There is no two-point correlation to combine.")
    if len({part.counts.shape for part in parts}) > 1:
        raise NpmError("Combine only correlations with the same r_max and number of levels.")
    total: NDArray[np.int64] = np.stack([part.counts for part in parts]).sum(axis=0)
    return build(total, np.concatenate([part.grouped for part in parts]), parts[0].edges)


def build(
    counts: NDArray[np.int64], grouped: NDArray[np.int64], edges: NDArray[np.int64]
) -> TwoPoint:
    """Normalise summed counts; `grouped` holds them map by map."""
    if counts.min() < 0:
        raise NpmError("Pair counts must not be negative.")
    if not counts.any():
        raise NpmError("There are no pixel pairs to correlate: every mask is empty.")
    pairs = counts.sum(axis=1, keepdims=True)
    probability = counts / np.maximum(pairs, 1)
    r = np.arange(counts.shape[0], dtype=np.int64)
    return TwoPoint(r, probability, counts, len(grouped), grouped, edges)


def by_unit(correlation: TwoPoint, groups: Sequence[Hashable] | None) -> NDArray[np.int64]:
    """Sum the grouped counts of the maps of each specimen, in the order of appearance.

    Raises
    ------
    NpmError
        If there is not one specimen for each map.
    """
    if groups is None:
        return correlation.grouped
    if len(groups) != correlation.n_images:
        raise NpmError(
            f"There are {correlation.n_images} maps but {len(groups)} specimens: name one each."
        )
    names = list(dict.fromkeys(groups))
    number = np.array([names.index(name) for name in groups])
    summed = np.zeros((len(names), *correlation.grouped.shape[1:]), dtype=np.int64)
    np.add.at(summed, number, correlation.grouped)
    return summed


def group_edges(levels: int) -> NDArray[np.int64]:
    """Edges of at most 16 groups of grey differences: 0, 1, then growing by a constant factor."""
    grown = np.rint(np.geomspace(2, max(levels, 2), 15)).astype(np.int64)
    return np.unique(np.concatenate([[0, 1], grown, [levels]]))


def group(counts: NDArray[np.integer], edges: NDArray[np.int64]) -> NDArray[np.int64]:
    """Sum the last axis within the groups."""
    grouped: NDArray[np.int64] = np.add.reduceat(counts, edges[:-1], axis=-1, dtype=np.int64)
    return grouped
