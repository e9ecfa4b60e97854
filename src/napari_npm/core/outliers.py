"""Values that stand out from others, whatever the values that stand out do to the scale."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

OUTLIER = 3.5
"""Robust z beyond which a value is an outlier (Iglewicz and Hoaglin 1993)."""
NEIGHBOURS = 9
"""Values in a row, the one in question among them, through which `running_z` lays a line."""
_MAD, _MEAN_AD = 0.674490, 0.797885  # of a normal distribution with standard deviation 1
_SHRUNK = 0.8
"""Scale of residuals from such lines over that of the noise; 0.76 to 0.82 for 9 to 100 values."""
_ROUNDING = 1e-9


def robust_z(values: ArrayLike) -> NDArray[np.float64]:
    """Return how far each value lies from the median, in robust standard deviations.

    The scale is the median absolute deviation over 0.6745, the standard deviation of a normal
    distribution; the mean absolute deviation over 0.7979 where more than half of the values are
    equal (Iglewicz and Hoaglin, How to Detect and Handle Outliers, 1993). Values beyond
    `OUTLIER` = 3.5 are outliers.

    Parameters
    ----------
    values : array_like, shape (N,)
        Such as G_CSH of each image; NaN where there is none.

    Returns
    -------
    ndarray of float64, shape (N,)
        NaN where the value is NaN; 0 where all values are equal.
    """
    array = np.asarray(values, dtype=np.float64)
    known = array[np.isfinite(array)]
    if known.size == 0:
        return array.copy()
    away = array - np.median(known)
    distance = np.abs(known - np.median(known))
    scale = float(np.median(distance)) / _MAD or float(distance.mean()) / _MEAN_AD
    return away / scale if scale else away * 0.0


def running_z(values: ArrayLike) -> NDArray[np.float64]:
    """Return how far each value lies from the trend of its neighbours, as `robust_z` does.

    A steady drift widens the scale of all values and so hides a value that leaves it. Here the
    trend is, for each value, the repeated median line (Siegel, Biometrika 69, 1982, 242) through
    the `NEIGHBOURS` = 9 known values around it (the first or last nine at the ends), which up to
    half of them cannot turn: a running median that follows slopes (Davies, Fried and Gather,
    J. Stat. Plan. Inference 122, 2004, 65). Residuals are divided by their robust scale, widened
    by what a line through nine takes away. A lasting step is found too, by the values beside it.

    Parameters
    ----------
    values : array_like, shape (N,)
        In the order of time; NaN where there is none.

    Returns
    -------
    ndarray of float64, shape (N,)
        `robust_z` itself where fewer than nine values are known: too few to tell a trend.
    """
    array = np.asarray(values, dtype=np.float64)
    known = np.isfinite(array)
    count = int(known.sum())
    if count < NEIGHBOURS:
        return robust_z(array)
    ordered = array[known]
    first = np.clip(np.arange(count) - NEIGHBOURS // 2, 0, count - NEIGHBOURS)
    near = ordered[first[:, None] + np.arange(NEIGHBOURS)]
    place = np.arange(NEIGHBOURS, dtype=np.float64)
    steps = place[:, None] - place
    np.fill_diagonal(steps, np.nan)
    slopes = np.nanmedian((near[:, :, None] - near[:, None, :]) / steps, axis=2)
    slope = np.median(slopes, axis=1)
    level = np.median(near - slope[:, None] * place, axis=1)
    residual = ordered - (level + slope * (np.arange(count) - first))
    residual[np.abs(residual) <= _ROUNDING * np.abs(ordered).max()] = 0.0
    found = np.full(array.shape, np.nan)
    found[known] = _SHRUNK * robust_z(residual)
    return found
