"""Whether a network is as often right as it is sure: reliability and calibration error."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .errors import NpmError


@dataclass(frozen=True)
class Reliability:
    """Confidence and accuracy of predictions, by bins of confidence.

    Attributes
    ----------
    edges : ndarray of float64, (bins + 1,)
        Limits of the bins; a bin holds its upper limit and not its lower one.
    tiles : ndarray of int64, (bins,)
        Predictions in each bin.
    confidence, accuracy : ndarray of float64, (bins,)
        Mean confidence and share of right predictions in each bin; NaN where it is empty.
    error : float
        The expected calibration error: the mean distance of accuracy and confidence over all
        predictions.
    """

    edges: NDArray[np.float64]
    tiles: NDArray[np.int64]
    confidence: NDArray[np.float64]
    accuracy: NDArray[np.float64]
    error: float


def reliability(probabilities: ArrayLike, labels: ArrayLike, *, bins: int = 15) -> Reliability:
    """Compare how sure predictions are with how often they are right.

    The confidence of a prediction is the largest of its probabilities; predictions are put into
    bins of equal width between 0 and 1 (Guo et al. 2017, arXiv:1706.04599; Naeini et al. 2015,
    doi:10.1609/aaai.v29i1.9602).

    Parameters
    ----------
    probabilities : array-like, (N, C)
        Probability of each class for each map; each row sums to 1.
    labels : array-like of int, (N,)
        True class of each map.
    bins : int
        Number of bins.

    Returns
    -------
    Reliability
        Bins and the expected calibration error.

    Raises
    ------
    NpmError
        If there are no maps, a row is not a set of probabilities, or a label is not a class.
    """
    shares, classes = np.asarray(probabilities, dtype=np.float64), np.asarray(labels)
    if shares.ndim != 2 or len(shares) == 0 or classes.shape != (len(shares),) or bins < 1:
        raise NpmError(
            "A calibration error needs at least one map, with a probability for each class and a "
            "label, and at least one bin."
        )
    sums = shares.sum(1)
    if not (np.isfinite(shares).all() and shares.min() >= -1e-6 and np.ptp([*sums, 1.0]) < 1e-3):
        raise NpmError("The probabilities of a map must be from 0 to 1 and sum to 1.")
    if classes.dtype.kind not in "iu" or classes.min() < 0 or classes.max() >= shares.shape[1]:
        raise NpmError(f"A label is not a whole number from 0 to {shares.shape[1] - 1}.")
    confidence, right = shares.max(1), shares.argmax(1) == classes
    edges = np.linspace(0, 1, bins + 1)
    # rounding may lift a sure prediction above 1
    place = np.clip(np.searchsorted(edges, confidence, side="left") - 1, 0, bins - 1)
    tiles = np.bincount(place, minlength=bins)
    means = []
    for values in (confidence, right.astype(float)):
        mean = np.full(bins, np.nan)
        total = np.bincount(place, weights=values, minlength=bins)
        np.divide(total, tiles, out=mean, where=tiles > 0)
        means.append(mean)
    error = float(np.nansum(tiles * np.abs(means[1] - means[0])) / len(shares))
    return Reliability(edges, tiles.astype(np.int64), means[0], means[1], error)


def expected_calibration_error(
    probabilities: ArrayLike, labels: ArrayLike, *, bins: int = 15
) -> float:
    """Return the mean distance of confidence and accuracy; see `reliability`.

    Parameters
    ----------
    probabilities : array-like, (N, C)
        Probability of each class for each map; each row sums to 1.
    labels : array-like of int, (N,)
        True class of each map.
    bins : int
        Number of bins of confidence.

    Returns
    -------
    float
        From 0 (as often right as sure) to 1.

    Raises
    ------
    NpmError
        If there are no maps, a row is not a set of probabilities, or a label is not a class.
    """
    return reliability(probabilities, labels, bins=bins).error
