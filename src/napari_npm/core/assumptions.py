"""Whether samples fulfil what the analysis of variance takes for granted."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import kurtosis, levene, shapiro, skew

from .errors import NpmError
from .statistics import exact_mean, samples_of

_MOST = 5000
"""More values than this and the p-value of `scipy.stats.shapiro` is not accurate."""


@dataclass(frozen=True)
class Assumptions:
    """Tests of equal variances and of normal residuals.

    A residual is a value less the mean of its sample.

    Attributes
    ----------
    values : int
        Number of values tested.
    smallest_sd, largest_sd : float
        Smallest and largest standard deviation of a sample, in the unit of the values; NaN where
        no sample has two values.
    brown_forsythe_p : float
        Chance of standard deviations as different if all are equal, by deviations from the
        median, which skewed values do not mislead; NaN where a sample has one value.
    levene_p : float
        The same by deviations from the mean (Levene's own form).
    shapiro_w, shapiro_p : float
        Shapiro and Wilk's statistic of the residuals (1: normal), and its p-value; of 5000
        residuals drawn at random where there are more.
    skewness, excess_kurtosis : float
        Of the residuals; 0 for normal ones, 2 and 6 for exponential ones.
    """

    values: int
    smallest_sd: float
    largest_sd: float
    brown_forsythe_p: float
    levene_p: float
    shapiro_w: float
    shapiro_p: float
    skewness: float
    excess_kurtosis: float

    @property
    def sd_ratio(self) -> float:
        """Largest over smallest standard deviation; infinite if one sample does not scatter."""
        if self.smallest_sd == 0:
            return 1.0 if self.largest_sd == 0 else np.inf
        return self.largest_sd / self.smallest_sd


def check_assumptions(
    values: ArrayLike, labels: ArrayLike, *, groups: ArrayLike | None = None
) -> Assumptions:
    """Test what `anova` and `tukey_kramer` assume: equal variances and normal residuals.

    Parameters
    ----------
    values : array_like, shape (N,)
        The descriptor of each map.
    labels : array_like, shape (N,)
        The sample of each map.
    groups : array_like, shape (N,), optional
        The specimen or mosaic of each map: the means of these are tested then.

    Returns
    -------
    Assumptions
        Tests are NaN where nothing scatters. Brown and Forsythe (1974),
        doi:10.1080/01621459.1974.10482955; Shapiro and Wilk (1965), doi:10.1093/biomet/52.3-4.591.

    Raises
    ------
    NpmError
        If there are fewer than three values, or as `napari_npm.core.tukey_kramer`.
    """
    _, samples = samples_of(values, labels, groups)
    residuals = np.concatenate([sample - exact_mean(sample) for sample in samples])
    if residuals.size < 3:
        raise NpmError("Fewer than three values: nothing can be said of their distribution.")
    nothing = float("nan")
    several = [sample for sample in samples if sample.size > 1]
    spreads = [float(sample.std(ddof=1)) if np.ptp(sample) else 0.0 for sample in several]
    equal, by_mean, w, p, lean, tails = (nothing,) * 6
    if np.ptp(residuals) > 0:
        kept = residuals
        if kept.size > _MOST:
            kept = np.random.default_rng(0).choice(kept, _MOST, replace=False)
        w, p = (float(one) for one in shapiro(kept))
        lean, tails = float(skew(residuals)), float(kurtosis(residuals))
        # Two values are equally far from their middle: with pairs only, the test divides by zero.
        if len(several) == len(samples) and max(sample.size for sample in samples) > 2:
            with np.errstate(divide="ignore", invalid="ignore"):
                equal = float(levene(*samples, center="median").pvalue)
                by_mean = float(levene(*samples, center="mean").pvalue)
    return Assumptions(
        values=int(residuals.size),
        smallest_sd=min(spreads, default=nothing),
        largest_sd=max(spreads, default=nothing),
        brown_forsythe_p=equal,
        levene_p=by_mean,
        shapiro_w=w,
        shapiro_p=p,
        skewness=lean,
        excess_kurtosis=tails,
    )
