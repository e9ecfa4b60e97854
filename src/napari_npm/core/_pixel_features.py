"""Features of every pixel at several scales, made strip by strip in bounded memory."""

from collections.abc import Iterator

import numba
import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.float32]

SMOOTH_PX = 1.0
RADII = (2, 4, 6)
NAMES = (
    f"grey, smoothed by {SMOOTH_PX:g} px",
    *(f"{what}, {2 * r + 1} px window" for r in RADII for what in ("even grey", "unevenness")),
)
_REACH = 3  # standard deviations
_MARGIN = max(int(_REACH * SMOOTH_PX), 2 * max(RADII))
STRIP = 64


def strips(grey: Float) -> Iterator[tuple[int, Float]]:
    """Cut an image into strips with a mirrored or real margin on all sides, and their first rows.

    What is computed of a pixel does not depend on the strip that it lies in.
    """
    padded = np.pad(grey, _MARGIN, mode="symmetric")
    for first in range(0, grey.shape[0], STRIP):
        yield first, padded[first : min(first + STRIP, grey.shape[0]) + 2 * _MARGIN]


def strip_features(strip: Float) -> Float:
    """Return the features of a strip without its margin, shape (features, rows, columns)."""
    rows, cols = (side - 2 * _MARGIN for side in strip.shape)
    out = np.empty((len(NAMES), rows, cols), dtype=np.float32)
    weights = _gaussian(SMOOTH_PX)
    _convolve(_inner(strip, _MARGIN - weights.size + 1), weights, out[0])
    for k, radius in enumerate(RADII):
        window = _inner(strip, _MARGIN - 2 * radius)
        _even_window(window, radius, out[2 * k + 1], out[2 * k + 2])
    return out


def even_grey(strip: Float) -> tuple[Float, Float]:
    """Return grey and unevenness of the largest windows of a strip without its margin."""
    rows, cols = (side - 2 * _MARGIN for side in strip.shape)
    grey, unevenness = (np.empty((rows, cols), dtype=np.float32) for _ in range(2))
    radius = max(RADII)
    _even_window(_inner(strip, _MARGIN - 2 * radius), radius, grey, unevenness)
    return grey, unevenness


def _inner(array: Float, inset: int) -> Float:
    return array[inset : array.shape[0] - inset, inset : array.shape[1] - inset]


def _gaussian(scale: float) -> Float:
    """One half of a sampled Gaussian, the centre first; the whole sums to 1."""
    reach = int(_REACH * scale)
    half = np.exp(-0.5 * (np.arange(reach + 1) / scale) ** 2)
    return np.asarray(half / (2 * half.sum() - half[0]), dtype=np.float32)


@numba.njit(cache=True, nogil=True)
def _convolve(image: Float, half: Float, out: Float) -> None:
    """Convolve with a symmetric kernel along both axes, where it lies inside the image."""
    reach = half.size - 1
    line = np.empty(image.shape[1], dtype=np.float32)
    for y in range(out.shape[0]):
        centre = image[y + reach]
        for x in range(line.size):
            line[x] = half[0] * centre[x]
        for k in range(1, reach + 1):
            above, below, weight = image[y + reach - k], image[y + reach + k], half[k]
            for x in range(line.size):
                line[x] += weight * (above[x] + below[x])
        for x in range(out.shape[1]):
            out[y, x] = half[0] * line[x + reach]
        for k in range(1, reach + 1):
            weight = half[k]
            left, right = line[reach - k :], line[reach + k :]
            for x in range(out.shape[1]):
                out[y, x] += weight * (left[x] + right[x])


@numba.njit(cache=True, nogil=True)
def _even_window(image: Float, radius: int, grey: Float, unevenness: Float) -> None:
    """Mean and scatter in the most even of the windows that hold the pixel.

    After Kuwahara et al. (1976, doi:10.1007/978-1-4684-0769-3_13), with 25 shifts of the window:
    beside an edge it lies on the pixel's own side, so that a grain is even up to its edge.
    """
    shifts = np.array([radius, radius - radius // 2, radius + radius // 2, 0, 2 * radius])
    mean, variance = _windows(image, radius)
    rows, cols = grey.shape
    # Along the rows first, then across them: the least of the least is the least of all.
    row_mean = np.empty((mean.shape[0], cols), dtype=np.float32)
    row_variance = np.empty((mean.shape[0], cols), dtype=np.float32)
    for y in range(mean.shape[0]):
        for x in range(cols):
            best, value = variance[y, x + radius], mean[y, x + radius]
            for shift in shifts[1:]:
                other = variance[y, x + shift]
                if other < best:
                    best, value = other, mean[y, x + shift]
            row_variance[y, x], row_mean[y, x] = best, value
    for y in range(rows):
        for x in range(cols):
            best, value = row_variance[y + radius, x], row_mean[y + radius, x]
            for shift in shifts[1:]:
                other = row_variance[y + shift, x]
                if other < best:
                    best, value = other, row_mean[y + shift, x]
            grey[y, x] = value
            unevenness[y, x] = np.sqrt(best)


@numba.njit(cache=True, nogil=True)
def _windows(image: Float, radius: int) -> tuple[Float, Float]:
    """Mean and variance in every window that lies inside the image."""
    side = 2 * radius + 1
    rows, cols = image.shape[0] - 2 * radius, image.shape[1] - 2 * radius
    mean = np.empty((rows, cols), dtype=np.float32)
    variance = np.empty((rows, cols), dtype=np.float32)
    line, power = np.empty(image.shape[1]), np.empty(image.shape[1])
    share = 1.0 / (side * side)
    for y in range(rows):
        # Summed anew for each row, so that a row's result does not depend on the rows before it.
        line[:] = 0.0
        power[:] = 0.0
        for k in range(side):
            row = image[y + k]
            for x in range(row.size):
                line[x] += row[x]
                power[x] += np.float64(row[x]) * row[x]
        total, squares = 0.0, 0.0
        for x in range(side - 1):
            total += line[x]
            squares += power[x]
        for x in range(cols):
            total += line[x + side - 1]
            squares += power[x + side - 1]
            average = total * share
            mean[y, x] = average
            variance[y, x] = max(squares * share - average * average, 0.0)
            total -= line[x]
            squares -= power[x]
    return mean, variance
