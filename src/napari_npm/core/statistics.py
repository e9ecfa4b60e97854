"""Whether samples differ in a descriptor, and whether it tells maps apart (paper, section 2.4).

Tiles cut from one specimen resemble each other, so tests that take each tile for an independent
observation find differences far too easily. The paper's table is by tiles; give ``groups`` (the
specimen or mosaic of each tile) to test specimen means, which is the test to rely on.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import f, f_oneway, studentized_range

from .errors import NpmError
from .groups import by_sample, checked, group_means


@dataclass(frozen=True)
class NearestMean:
    """Maps classified by the sample whose mean descriptor is nearest.

    Attributes
    ----------
    accuracy : float
        Share of the evaluated maps assigned to their own sample; the paper's mismatch is
        1 - accuracy.
    predicted : ndarray, shape (E,)
        Label assigned to each evaluated map.
    evaluated : ndarray of int, shape (E,)
        Indices of the evaluated maps.
    classes : ndarray, shape (C,)
        The labels, sorted.
    means : ndarray of float64, shape (C,)
        Mean of the fitted maps of each label.
    """

    accuracy: float
    predicted: NDArray[np.generic]
    evaluated: NDArray[np.intp]
    classes: NDArray[np.generic]
    means: NDArray[np.float64]


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
    """

    f_value: float
    p_value: float
    df_between: int
    df_within: int
    mean_square_within: float


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

    @property
    def conclusion(self) -> str:
        """The sentence of the table's last column."""
        if self.different:
            return f"{self.difference:.4g} > {self.critical_range:.4g}, means are different"
        return f"{self.difference:.4g} <= {self.critical_range:.4g}, means are not different"


def nearest_mean(
    values: ArrayLike,
    labels: ArrayLike,
    *,
    fit: ArrayLike | None = None,
    evaluate: ArrayLike | None = None,
) -> NearestMean:
    """Assign each map to the sample with the nearest mean descriptor (section 2.4).

    By default means are taken over all maps, and the same maps are assigned, as in the paper.
    That flatters the accuracy a little; give indices to fit on training maps and evaluate on
    test maps, for a fair comparison with a network.

    Parameters
    ----------
    values : array_like, shape (N,)
        The descriptor of each map.
    labels : array_like, shape (N,)
        The sample of each map.
    fit, evaluate : array_like of int, optional
        Indices of the maps that give the means, and of those assigned; all if not given.

    Returns
    -------
    NearestMean
        Midway between two means the sample that sorts first is chosen.

    Raises
    ------
    NpmError
        If there are fewer than two samples among the fitted maps, values and labels differ in
        length, or values are not finite.
    """
    values, labels = checked(values, labels)
    every = np.arange(values.size)
    fitted = every if fit is None else every[np.asarray(fit, dtype=np.intp)]
    evaluated = every if evaluate is None else every[np.asarray(evaluate, dtype=np.intp)]
    if fitted.size == 0 or evaluated.size == 0:
        raise NpmError("There are no maps to fit or to evaluate; choose at least one of each.")
    classes, samples = by_sample(values[fitted], labels[fitted])
    means = np.array([sample.mean() for sample in samples])
    nearest = np.abs(values[evaluated, None] - means).argmin(axis=1)
    predicted = classes[nearest]
    accuracy = float(np.mean(predicted == labels[evaluated]))
    return NearestMean(accuracy, predicted, evaluated, classes, means)


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
    _, samples = _test_samples(values, labels, groups)
    within, freedom = _mean_square_within(samples)
    between = len(samples) - 1
    if within == 0:  # scipy warns here and may return NaN
        same = all(sample[0] == samples[0][0] for sample in samples)
        return Anova(0.0 if same else np.inf, float(same), between, freedom, 0.0)
    f_value = float(f_oneway(*samples).statistic)
    return Anova(f_value, float(f.sf(f_value, between, freedom)), between, freedom, within)


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
    if not 0 < confidence < 1:
        raise NpmError(f"The confidence must be between 0 and 1, such as 0.9, not {confidence}.")
    classes, samples = _test_samples(values, labels, groups)
    within, freedom = _mean_square_within(samples)
    spread = studentized_range(len(samples), freedom)
    q = float(spread.ppf(confidence))
    names, means = classes.tolist(), [_mean(sample) for sample in samples]
    rows = []
    for i, j in combinations(range(len(samples)), 2):
        error = float(np.sqrt(within / 2 * (1 / samples[i].size + 1 / samples[j].size)))
        difference = abs(means[i] - means[j])
        p_value = float(spread.sf(difference / error)) if error > 0 else float(difference == 0)
        rows.append(
            Comparison(
                first=names[i],
                second=names[j],
                first_mean=means[i],
                second_mean=means[j],
                difference=difference,
                critical_range=q * error,
                different=difference > q * error,
                p_value=p_value,
                confidence=confidence,
            )
        )
    return tuple(rows)


def _mean_square_within(samples: Sequence[NDArray[np.float64]]) -> tuple[float, int]:
    """Return MSE and its degrees of freedom N - k."""
    freedom = sum(sample.size for sample in samples) - len(samples)
    if freedom < 1:
        raise NpmError(
            "Each sample has one value only, so their scatter is unknown; give several maps, or "
            "several specimens where specimen means are compared, of at least one sample."
        )
    squares = sum(float(np.sum((sample - _mean(sample)) ** 2)) for sample in samples)
    return squares / freedom, freedom


def _mean(sample: NDArray[np.float64]) -> float:
    # The mean of equal numbers, exactly: rounding would give a constant sample some scatter.
    return float(sample[0] + np.mean(sample - sample[0]))


def _test_samples(
    values: ArrayLike, labels: ArrayLike, groups: ArrayLike | None
) -> tuple[NDArray[np.generic], list[NDArray[np.float64]]]:
    if groups is not None:
        means = group_means(values, labels, groups)
        return by_sample(means.values, means.labels)
    return by_sample(*checked(values, labels))
