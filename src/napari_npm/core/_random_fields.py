"""Stationary Gaussian random fields of a known correlation length, made in Fourier space.

All arithmetic is in double precision: the last-bit differences between FFT builds are then far too
small to move a grey level, so that a seed gives the same image on every machine.
"""

import math
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import fft, special

Float = NDArray[np.float64]
Shape = tuple[int, int]

# Beyond this many standard deviations of its Gaussian spectrum a field has no power worth drawing.
_REACH = 5.5
# The Gaussian score is cut here before it is turned into a quantile (2 in 1e9 pixels).
_Z_MAX = 6.0


@lru_cache(maxsize=64)
def _amplitude(shape: Shape, correlation_px: float) -> Float:
    """Square root of the power of every mode of a unit-variance field, in the layout of rfft2.

    The covariance is ``exp(-(d / correlation_px)**2)``, whose spectrum is
    ``exp(-(pi f correlation_px)**2)``. The columns 0 and Nyquist stand for themselves only, all
    others for their mirror image too.
    """
    rows, cols = shape
    fy = fft.fftfreq(rows)[:, None]
    fx = fft.rfftfreq(cols)[None, :]
    power = np.exp(-((math.pi * correlation_px) ** 2) * (fy**2 + fx**2))
    single = np.zeros(fx.shape, dtype=bool)
    single[0, 0] = True
    single[0, -1] |= cols % 2 == 0
    power /= np.where(single, power, 2 * power).sum()
    amplitude: Float = np.sqrt(np.where(single, power, 0.5 * power))
    amplitude.flags.writeable = False
    return amplitude


def _band(shape: Shape, correlation_px: float) -> Shape:
    """Highest row and column frequency index at which a field has any power."""
    cut = _REACH / (math.pi * correlation_px)
    return tuple(min(n // 2, math.ceil(cut * n)) for n in shape)  # type: ignore[return-value]


def white_spectrum(rng: np.random.Generator, shape: Shape) -> NDArray[np.complex128]:
    """Draw independent complex normals for every mode of `shape`, in the layout of rfft2."""
    draws = rng.standard_normal((shape[0], shape[1] // 2 + 1, 2))
    return draws.view(np.complex128)[..., 0]


def field_from_spectrum(
    white: NDArray[np.complex128], shape: Shape, correlation_px: float
) -> Float:
    """Colour a white spectrum and return to pixels.

    Two calls with the same spectrum and other lengths give fields that agree in all but their
    fineness, each with mean 0 and variance 1 at every pixel.

    Parameters
    ----------
    white : complex array, (rows, cols // 2 + 1)
        From `white_spectrum`.
    shape : tuple of int
        Rows and columns of the field.
    correlation_px : float
        Distance in pixels at which the correlation has fallen to 1/e.

    Returns
    -------
    float64 array, `shape`
        Periodic; covariance ``exp(-(d / correlation_px)**2)``.
    """
    coloured = white * _amplitude(shape, correlation_px)
    result: Float = fft.irfft2(coloured, s=shape, norm="forward", overwrite_x=True)
    return result


def smooth_field(rng: np.random.Generator, shape: Shape, correlation_px: float) -> Float:
    """Draw a field much coarser than a pixel: as `field_from_spectrum`, but only its few modes.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of the draws.
    shape : tuple of int
        Rows and columns of the field.
    correlation_px : float
        Distance in pixels at which the correlation has fallen to 1/e.

    Returns
    -------
    float64 array, `shape`
    """
    ky, kx = _band(shape, correlation_px)
    rows = np.arange(-ky, ky + shape[0] % 2) if ky == shape[0] // 2 else np.arange(-ky, ky + 1)
    draws = rng.standard_normal((rows.size, kx + 1, 2)).view(np.complex128)[..., 0]
    spectrum = np.zeros((shape[0], shape[1] // 2 + 1), dtype=np.complex128)
    spectrum[rows, : kx + 1] = draws * _amplitude(shape, correlation_px)[rows, : kx + 1]
    # The rows are transformed where there is something to transform only.
    columns = fft.ifft(spectrum[:, : kx + 1], axis=0, norm="forward")
    result: Float = fft.irfft(columns, n=shape[1], axis=1, norm="forward")
    return result


def lookup(table: Float, position: Float) -> Float:
    """Interpolate linearly in a table on an even grid of [0, 1]; `position` must lie within."""
    scaled = position * (table.size - 1)
    index = scaled.astype(np.intp)
    np.minimum(index, table.size - 2, out=index)
    scaled -= index
    scaled *= np.diff(table)[index]
    scaled += table[index]
    return scaled


def beta_scores(mean: float, spread: float, *, nodes: int = 2049) -> Float:
    """Tabulate the beta quantile of the standard normal's distribution function.

    With `scores_to_beta` this is the Gaussian copula: whatever the correlation of the scores, the
    marginal is the same beta distribution.

    Parameters
    ----------
    mean, spread : float
        Mean and standard deviation of the beta distribution, ``spread**2 < mean * (1 - mean)``.
    nodes : int
        Size of the table.

    Returns
    -------
    float64 array, (nodes,)
        Quantiles on an even grid of scores between -6 and 6.
    """
    concentration = mean * (1.0 - mean) / spread**2 - 1.0
    quantile = special.ndtr(np.linspace(-_Z_MAX, _Z_MAX, nodes))
    table: Any = special.betaincinv(mean * concentration, (1.0 - mean) * concentration, quantile)
    return np.asarray(table, dtype=np.float64)


def scores_to_beta(scores: Float, table: Float) -> Float:
    """Turn standard normal scores into beta variates with a table from `beta_scores`."""
    return lookup(table, (np.clip(scores, -_Z_MAX, _Z_MAX) + _Z_MAX) / (2 * _Z_MAX))
