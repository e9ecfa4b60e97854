"""Whether samples differ in a descriptor (paper, section 2.4 and Table 2).

Tiles cut from one specimen resemble each other, so tests that take each tile for an independent
observation find differences far too easily. The paper's table is by tiles; give ``groups`` (the
specimen or mosaic of each tile) to test specimen means, which is the test to rely on.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import combinations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import f, f_oneway, studentized_range

from .errors import NpmError
from .groups import by_sample, checked, group_means


@dataclass(frozen=True)
class Anova:
    """One-way analysis of variance.

    Attributes
    ----------
    f_value, p_value : float
        The F statistic and the chance of one as large if all means are equal.
    df_between, df_within : int
        Degrees of freedom.
    mean_square_within : float
        Mean square within the samples (MSE), in the squared unit of the values.
    eta_squared : float
        Effect size: share of the whole scatter that lies between the samples, 0 to 1.
    omega_squared : float
        The same without its upward bias in small samples (Hays, Statistics, 1963); 0 at least.
    """

    f_value: float
    p_value: float
    df_between: int
    df_within: int
    mean_square_within: float
    eta_squared: float = float("nan")
    omega_squared: float = float("nan")


@dataclass(frozen=True)
class Comparison:
    """One row of the Tukey-Kramer procedure, with the columns of the paper's Table 2.

    Attributes
    ----------
    first, second : object
        Labels of the two samples.
    first_mean, second_mean : float
        Their means.
    difference : float
        Absolute difference of the means.
    critical_range : float
        Differences above it are significant at ``confidence``.
    different : bool
        Whether the means are different: ``difference > critical_range``.
    p_value : float
        Chance of a difference as large between some pair if all means are equal.
    confidence : float
        Family-wise confidence level.
    hedges_g : float
        Effect size: the difference in standard deviations inside the samples, corrected for small
        numbers (Hedges 1981, doi:10.3102/10769986006002107). Infinite without any scatter.
    """

    first: object
    second: object
    first_mean: float
    second_mean: float
    difference: float
    critical_range: float
    different: bool
    p_value: float
    confidence: float
    hedges_g: float = float("nan")

    @property
    def conclusion(self) -> str:
        """The sentence of the table's last column."""
        if self.different:
            return f"{self.difference:.4g} > {self.critical_range:.4g}, means are different"
        return f"{self.difference:.4g} <= {self.critical_range:.4g}, means are not different"


def anova(values: ArrayLike, labels: ArrayLike, *, groups: ArrayLike | None = None) -> Anova:
    """Test by one-way analysis of variance whether all samples have the same mean.

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
    Anova

    Raises
    ------
    NpmError
        As `tukey_kramer`.
    """
    _, samples = samples_of(values, labels, groups)
    within, freedom = _mean_square_within(samples)
    between = len(samples) - 1
    if within == 0:  # scipy warns here and may return NaN
        same = all(sample[0] == samples[0][0] for sample in samples)
        share = float(not same)
        f_value = 0.0 if same else np.inf
        return Anova(f_value, float(same), between, freedom, 0.0, share, share)
    f_value = float(f_oneway(*samples).statistic)
    # Sums of squares in units of MSE.
    explained, whole = f_value * between, f_value * between + freedom
    return Anova(
        f_value,
        float(f.sf(f_value, between, freedom)),
        between,
        freedom,
        within,
        explained / whole,
        max((explained - between) / (whole + 1), 0.0),
    )


def tukey_kramer(
    values: ArrayLike,
    labels: ArrayLike,
    confidence: float = 0.9,
    *,
    groups: ArrayLike | None = None,
) -> tuple[Comparison, ...]:
    """Compare the means of all pairs of samples (Table 2; Kramer 1956, doi:10.2307/3001469).

    The critical range of samples i and j is q sqrt(MSE / 2 (1 / n_i + 1 / n_j)), with q the
    studentized range of k samples and N - k degrees of freedom at the confidence level.

    Parameters
    ----------
    values : array_like, shape (N,)
        The descriptor of each map.
    labels : array_like, shape (N,)
        The sample of each map.
    confidence : float
        Family-wise confidence level, between 0 and 1; 0.9 in the paper.
    groups : array_like, shape (N,), optional
        The specimen or mosaic of each map: the test is then on the means of these, which are
        independent of each other where maps of one mosaic are not.

    Returns
    -------
    tuple of Comparison
        One row for each pair, in the order of the sorted labels.

    Raises
    ------
    NpmError
        If there are fewer than two samples, no sample has two values (or groups), lengths
        differ, values are not finite, or the confidence is out of bounds.
    """
    check_confidence(confidence)
    classes, samples = samples_of(values, labels, groups)
    within, freedom = _mean_square_within(samples)
    spread = studentized_range(len(samples), freedom)
    names, means = classes.tolist(), [exact_mean(sample) for sample in samples]
    rows = []
    for i, j in combinations(range(len(samples)), 2):
        error = float(np.sqrt(within / 2 * (1 / samples[i].size + 1 / samples[j].size)))
        difference = abs(means[i] - means[j])
        reach = critical_range(
            within, samples[i].size, samples[j].size, len(samples), freedom, confidence
        )
        p_value = float(spread.sf(difference / error)) if error > 0 else float(difference == 0)
        rows.append(
            Comparison(
                first=names[i],
                second=names[j],
                first_mean=means[i],
                second_mean=means[j],
                difference=difference,
                critical_range=reach,
                different=difference > reach,
                p_value=p_value,
                confidence=confidence,
                hedges_g=hedges_g(difference, within, freedom),
            )
        )
    return tuple(rows)


def critical_range(
    mean_square_within: float,
    first_size: float,
    second_size: float,
    samples: int,
    freedom: float,
    confidence: float = 0.9,
) -> float:
    """Return the difference of two means above which they are different (Table 2, CR-TK).

    Parameters
    ----------
    mean_square_within : float
        MSE, the mean square within the samples, in the squared unit of the values.
    first_size, second_size : float
        Numbers of values of the two samples.
    samples : int
        Number of samples k that are compared, 2 or more.
    freedom : float
        Degrees of freedom of MSE, N - k.
    confidence : float
        Family-wise confidence level, between 0 and 1.

    Returns
    -------
    float
        ``q sqrt(MSE / 2 (1 / n_i + 1 / n_j))``, in the unit of the values.

    Raises
    ------
    NpmError
        If the confidence, MSE or a number is out of bounds.
    """
    check_confidence(confidence)
    enough = min(first_size, second_size) > 0 and samples >= 2 and freedom > 0
    if not (enough and 0 <= mean_square_within < np.inf):
        raise NpmError(
            "A critical range needs a mean square of 0 or more, at least two samples of at least "
            "one value, and a degree of freedom."
        )
    error = np.sqrt(mean_square_within / 2 * (1 / first_size + 1 / second_size))
    return range_quantile(confidence, samples, freedom) * float(error)


@cache
def range_quantile(confidence: float, samples: int, freedom: float) -> float:
    """Return q, the studentized range; cached, for it takes as long as everything else."""
    return float(studentized_range.ppf(confidence, samples, freedom))


def _mean_square_within(samples: Sequence[NDArray[np.float64]]) -> tuple[float, int]:
    """Return MSE and its degrees of freedom N - k."""
    freedom = sum(sample.size for sample in samples) - len(samples)
    if freedom < 1:
        raise NpmError(
            "Each sample has one value only, so their scatter is unknown; give several maps, or "
            "several specimens where specimen means are compared, of at least one sample."
        )
    squares = sum(float(np.sum((sample - exact_mean(sample)) ** 2)) for sample in samples)
    return squares / freedom, freedom


def check_confidence(confidence: float) -> None:
    """Refuse a confidence level that is none."""
    if not 0 < confidence < 1:
        raise NpmError(f"The confidence must be between 0 and 1, such as 0.9, not {confidence}.")


def hedges_g(difference: float, variance: float, freedom: float) -> float:
    """Return a difference of means in standard deviations, corrected for small numbers."""
    if variance == 0:
        return 0.0 if difference == 0 else np.inf
    correction = 1 - 3 / (4 * freedom - 1) if freedom > 1 else 1.0
    return correction * difference / float(np.sqrt(variance))


def exact_mean(sample: NDArray[np.float64]) -> float:
    """Return the mean, of equal numbers exactly: rounding would give them some scatter."""
    return float(sample[0] + np.mean(sample - sample[0]))


def samples_of(
    values: ArrayLike, labels: ArrayLike, groups: ArrayLike | None
) -> tuple[NDArray[np.generic], list[NDArray[np.float64]]]:
    """Return the labels and the values of each sample, or its means of groups where given."""
    if groups is not None:
        means = group_means(values, labels, groups)
        return by_sample(means.values, means.labels)
    return by_sample(*checked(values, labels))
