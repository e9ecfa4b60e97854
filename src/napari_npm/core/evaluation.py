"""How good a classifier is: accuracy with an interval, confusion, accuracy by class."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import norm

from ._resampling import drawn_means
from .baselines import Baseline as Baseline
from .baselines import histogram_baseline as histogram_baseline
from .errors import NpmError
from .reliability import expected_calibration_error as expected_calibration_error
from .splitting import split_by_group as split_by_group
from .splitting import split_tiles as split_tiles


@dataclass(frozen=True)
class Interval:
    """A value with its confidence interval.

    Attributes
    ----------
    value, low, high : float
        The estimate and its limits.
    method : str
        How the limits were found and what they can be relied on for, in words.
    """

    value: float
    low: float
    high: float
    method: str


def accuracy_interval(
    correct: ArrayLike,
    groups: Sequence[Hashable] | NDArray[Any],
    *,
    labels: ArrayLike | None = None,
    confidence: float = 0.95,
    resamples: int = 2000,
    seed: int = 0,
) -> Interval:
    """Return the accuracy with an interval from a bootstrap over specimens.

    Tiles of one specimen are alike, so specimens are drawn (with replacement, as many as there
    are, in each class by itself), each with all its tiles; the limits are percentiles of the
    accuracy. With one specimen in a class nothing can be drawn: Wilson's interval on tiles is
    given instead. Where all drawn accuracies are equal (every tile right), Wilson's interval counts
    each specimen once.

    Parameters
    ----------
    correct : array-like of bool, (N,)
        Whether each tile was classified rightly.
    groups : sequence, (N,)
        Specimen (or mosaic) of each tile.
    labels : array-like of int, (N,), optional
        True class of each tile, to draw specimens by class; the same specimen name in two classes
        means two specimens. Without it all specimens are drawn together.
    confidence : float
        Between 0 and 1.
    resamples : int
        Bootstrap draws.
    seed : int
        Of the draws.

    Returns
    -------
    Interval
        The accuracy, its limits, and how they were found, in words.

    Raises
    ------
    NpmError
        If there are no tiles, the lengths differ, or the confidence is not between 0 and 1.
    """
    right = np.asarray(correct, dtype=bool)
    n = len(right)
    strata = np.zeros(n, np.int64) if labels is None else np.asarray(labels)
    if n == 0 or len(groups) != n or len(strata) != n:
        raise NpmError("An accuracy needs at least one tile, and a specimen for each.")
    if not 0 < confidence < 1 or resamples < 1:
        raise NpmError("The confidence must be between 0 and 1, and the resamples at least 1.")
    tiles: dict[tuple[Hashable, Hashable], list[int]] = {}  # (class, specimen): [right, tiles]
    for stratum, group, hit in zip(strata.tolist(), groups, right.tolist(), strict=True):
        sums = tiles.setdefault((stratum, group), [0, 0])
        sums[0] += hit
        sums[1] += 1
    by_class: dict[Hashable, list[tuple[float, int]]] = {}
    for (stratum, _), (hits, number) in tiles.items():
        by_class.setdefault(stratum, []).append((hits, number))
    value = float(right.mean())
    percent = f"{100 * confidence:g} %"
    if min(len(specimens) for specimens in by_class.values()) < 2:
        low, high = _wilson(value, n, confidence)
        return Interval(
            value,
            low,
            high,
            f"{percent} Wilson interval on {n} tiles, as a class has a single specimen: too "
            "narrow, for tiles of one specimen are alike, and the material cannot be told from the "
            "preparation and the recording of that specimen",
        )
    accuracies = drawn_means(by_class, resamples, seed)
    how = f"{len(tiles)} specimens" + ("" if labels is None else ", drawn by class")
    if np.ptp(accuracies) < 1e-12:
        low, high = _wilson(value, len(tiles), confidence)
        return Interval(
            value,
            low,
            high,
            f"{percent} Wilson interval that counts each of {len(tiles)} specimens once, as all "
            "specimens came out alike and a bootstrap over them has no width",
        )
    low, high = np.quantile(accuracies, [(1 - confidence) / 2, (1 + confidence) / 2])
    return Interval(
        value,
        float(low),
        float(high),
        f"{percent} percentile bootstrap over {how} ({resamples} resamples)",
    )


def _wilson(share: float, n: int, confidence: float) -> tuple[float, float]:
    """Wilson's score interval (1927, doi:10.1080/01621459.1927.10502953)."""
    z = float(norm.ppf((1 + confidence) / 2))
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * np.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return max(0.0, float(middle - half)), min(1.0, float(middle + half))


def confusion(true: ArrayLike, predicted: ArrayLike, n_classes: int) -> NDArray[np.int64]:
    """Count tiles by true class (row) and predicted class (column), (n_classes, n_classes).

    Parameters
    ----------
    true, predicted : array-like of int, (N,)
        True and predicted class of each tile.
    n_classes : int
        Number of classes.

    Returns
    -------
    ndarray of int64, (n_classes, n_classes)
        Tiles of each true class (row) by predicted class (column).

    Raises
    ------
    NpmError
        If the lengths differ or a class is not from 0 to n_classes - 1.
    """
    rows, columns = np.asarray(true), np.asarray(predicted)
    both = np.concatenate([rows.ravel(), columns.ravel()])
    if rows.shape != columns.shape or rows.ndim != 1:
        raise NpmError("A confusion matrix needs one predicted class for each true one.")
    if both.size and (both.min() < 0 or both.max() >= n_classes):
        raise NpmError(f"A class is not from 0 to {n_classes - 1}: check the labels.")
    counts = np.zeros((n_classes, n_classes), np.int64)
    np.add.at(counts, (rows.astype(np.int64), columns.astype(np.int64)), 1)
    return counts


def per_class_accuracy(counts: ArrayLike) -> NDArray[np.float64]:
    """Return the share of each true class that was predicted rightly.

    Parameters
    ----------
    counts : array-like, (C, C)
        Tiles by true class (row) and predicted class (column), from `confusion`.

    Returns
    -------
    ndarray of float64, (C,)
        The shares; NaN for a class unseen.
    """
    matrix = np.asarray(counts, dtype=float)
    total = matrix.sum(1)
    shares = np.full(len(matrix), np.nan)
    np.divide(np.diag(matrix), total, out=shares, where=total > 0)
    return shares
