"""Tests of means for samples that scatter differently: Welch's and Games and Howell's."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import f_oneway, studentized_range

from .errors import NpmError
from .statistics import (
    Comparison,
    check_confidence,
    exact_mean,
    hedges_g,
    range_quantile,
    samples_of,
)


@dataclass(frozen=True)
class WelchAnova:
    """Welch's one-way analysis of variance.

    Attributes
    ----------
    f_value, p_value : float
        Welch's statistic, and the chance of one as large if all means are equal.
    df_between : int
        Number of samples - 1.
    df_within : float
        Welch's degrees of freedom; seldom a whole number.
    """

    f_value: float
    p_value: float
    df_between: int
    df_within: float


def welch_anova(
    values: ArrayLike, labels: ArrayLike, *, groups: ArrayLike | None = None
) -> WelchAnova:
    """Test whether all samples have one mean, without taking their scatter to be equal.

    Parameters
    ----------
    values : array_like, shape (N,)
        The descriptor of each map.
    labels : array_like, shape (N,)
        The sample of each map.
    groups : array_like, shape (N,), optional
        The specimen or mosaic of each map: the test is then on the means of these.

    Returns
    -------
    WelchAnova
        Welch (1951), doi:10.1093/biomet/38.3-4.330.

    Raises
    ------
    NpmError
        If a sample has fewer than two values (or groups), or no scatter, or as
        `napari_npm.core.tukey_kramer`.
    """
    classes, samples = samples_of(values, labels, groups)
    _scattered(classes, samples)
    result = f_oneway(*samples, equal_var=False)
    weight = np.array([sample.size / sample.var(ddof=1) for sample in samples])
    freedom = np.array([sample.size - 1 for sample in samples])
    lack = float(np.sum((1 - weight / weight.sum()) ** 2 / freedom))
    k = len(samples)
    return WelchAnova(float(result.statistic), float(result.pvalue), k - 1, (k**2 - 1) / (3 * lack))


def games_howell(
    values: ArrayLike,
    labels: ArrayLike,
    confidence: float = 0.9,
    *,
    groups: ArrayLike | None = None,
) -> tuple[Comparison, ...]:
    """Compare the means of all pairs of samples, without taking their scatter to be equal.

    The critical range is q sqrt((v_i / n_i + v_j / n_j) / 2), with the variances v of the two
    samples and q the studentized range of k samples and Welch's degrees of freedom of the pair.

    Parameters
    ----------
    values : array_like, shape (N,)
        The descriptor of each map.
    labels : array_like, shape (N,)
        The sample of each map.
    confidence : float
        Family-wise confidence level, between 0 and 1.
    groups : array_like, shape (N,), optional
        The specimen or mosaic of each map: the test is then on the means of these.

    Returns
    -------
    tuple of Comparison
        One row for each pair, in the order of the sorted labels; ``hedges_g`` is in standard
        deviations averaged over the two samples. Games and Howell (1976),
        doi:10.3102/10769986001002113.

    Raises
    ------
    NpmError
        As `welch_anova`, or if the confidence is out of bounds.
    """
    check_confidence(confidence)
    classes, samples = samples_of(values, labels, groups)
    _scattered(classes, samples)
    names, means = classes.tolist(), [exact_mean(sample) for sample in samples]
    rows = []
    for i, j in combinations(range(len(samples)), 2):
        one, other = (float(samples[k].var(ddof=1)) for k in (i, j))
        first, second = one / samples[i].size, other / samples[j].size
        error = float(np.sqrt((first + second) / 2))
        freedom = (first + second) ** 2 / (
            first**2 / (samples[i].size - 1) + second**2 / (samples[j].size - 1)
        )
        difference = abs(means[i] - means[j])
        reach = range_quantile(confidence, len(samples), freedom) * error
        rows.append(
            Comparison(
                first=names[i],
                second=names[j],
                first_mean=means[i],
                second_mean=means[j],
                difference=difference,
                critical_range=reach,
                different=difference > reach,
                p_value=float(studentized_range.sf(difference / error, len(samples), freedom)),
                confidence=confidence,
                hedges_g=hedges_g(
                    difference, (one + other) / 2, samples[i].size + samples[j].size - 2
                ),
            )
        )
    return tuple(rows)


def _scattered(classes: NDArray[np.generic], samples: Sequence[NDArray[np.float64]]) -> None:
    """Refuse samples whose own scatter cannot be told."""
    for name, sample in zip(classes, samples, strict=True):
        if sample.size < 2:
            raise NpmError(
                f"Sample {name} has one value only, so its own scatter is unknown; give several"
                " maps, or several specimens where specimen means are compared."
            )
        if np.ptp(sample) == 0:
            raise NpmError(
                f"All values of sample {name} are equal: a test that weighs samples by their own"
                " scatter does not apply."
            )
