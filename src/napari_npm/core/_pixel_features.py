"""Features of every pixel at several scales, made strip by strip in bounded memory."""

from collections.abc import Iterator

import numba
import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.float32]

SCALES = (1.0, 2.0, 4.0)
WINDOWS = (2, 4, 8)
NAMES = (
    *(
        f"{what}, {scale:g} px"
        for scale in SCALES
        for what in ("grey", "gradient", "ridge", "valley", "scatter")
    ),
    *(f"{what}, {2 * r + 1} px window" for r in WINDOWS for what in ("even grey", "unevenness")),
)
_TRUNCATE = 3.0
_MARGIN = max(
    max(int(_TRUNCATE * scale + 0.5) for scale in SCALES) + 1,  # one more for the derivatives
    2 * max(WINDOWS),
)
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
    square = strip * strip
    at = 0
    for scale in SCALES:
        weights = _gaussian(scale)
        inset = _MARGIN - (weights.size - 1) - 1
        smooth = _convolved(_inner(strip, inset), weights)
        power = _convolved(_inner(square, inset), weights)
        _differential(smooth, power, out[at : at + 5])
        at += 5
    for radius in WINDOWS:
        inset = _MARGIN - 2 * radius
        _even_window(_inner(strip, inset), radius, out[at], out[at + 1])
        at += 2
    return out


def _inner(array: Float, inset: int) -> Float:
    return array[inset : array.shape[0] - inset, inset : array.shape[1] - inset]


def _gaussian(scale: float) -> Float:
    """One half of a sampled Gaussian, the centre first; the whole sums to 1."""
    reach = int(_TRUNCATE * scale + 0.5)
    half = np.exp(-0.5 * (np.arange(reach + 1) / scale) ** 2)
    return np.asarray(half / (2 * half.sum() - half[0]), dtype=np.float32)


@numba.njit(cache=True, nogil=True)
def _convolved(image: Float, half: Float) -> Float:
    """Convolve with a symmetric kernel along both axes, where it lies inside the image."""
    reach = half.size - 1
    rows, cols = image.shape[0] - 2 * reach, image.shape[1] - 2 * reach
    out = np.empty((rows, cols), dtype=np.float32)
    line = np.empty(image.shape[1], dtype=np.float32)
    for y in range(rows):
        centre = image[y + reach]
        for x in range(line.size):
            line[x] = half[0] * centre[x]
        for k in range(1, reach + 1):
            above, below, weight = image[y + reach - k], image[y + reach + k], half[k]
            for x in range(line.size):
                line[x] += weight * (above[x] + below[x])
        for x in range(cols):
            out[y, x] = half[0] * line[x + reach]
        for k in range(1, reach + 1):
            weight = half[k]
            left, right = line[reach - k :], line[reach + k :]
            for x in range(cols):
                out[y, x] += weight * (left[x] + right[x])
    return out


@numba.njit(cache=True, nogil=True)
def _differential(smooth: Float, power: Float, out: Float) -> None:
    """Grey, gradient, both curvatures and scatter of what was smoothed, one pixel inwards."""
    half, quarter = np.float32(0.5), np.float32(0.25)
    for y in range(out.shape[1]):
        above, here, below = smooth[y], smooth[y + 1], smooth[y + 2]
        for x in range(out.shape[2]):
            centre = here[x + 1]
            dy = half * (below[x + 1] - above[x + 1])
            dx = half * (here[x + 2] - here[x])
            yy = below[x + 1] - centre - centre + above[x + 1]
            xx = here[x + 2] - centre - centre + here[x]
            xy = quarter * (below[x + 2] - below[x] - above[x + 2] + above[x])
            mean = half * (yy + xx)
            spread = np.sqrt(quarter * (yy - xx) * (yy - xx) + xy * xy)
            out[0, y, x] = centre
            out[1, y, x] = np.sqrt(dy * dy + dx * dx)
            out[2, y, x] = mean - spread
            out[3, y, x] = mean + spread
            out[4, y, x] = np.sqrt(max(power[y + 1, x + 1] - centre * centre, np.float32(0.0)))


@numba.njit(cache=True, nogil=True)
def _even_window(image: Float, radius: int, grey: Float, unevenness: Float) -> None:
    """Mean and scatter in the most even of nine windows that hold the pixel.

    After Kuwahara et al. (1976): beside an edge the window lies on the pixel's own side.
    """
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
    for y in range(grey.shape[0]):
        for x in range(grey.shape[1]):
            best = variance[y + radius, x + radius]
            value = mean[y + radius, x + radius]
            for j in range(3):
                for i in range(3):
                    other = variance[y + j * radius, x + i * radius]
                    if other < best:
                        best, value = other, mean[y + j * radius, x + i * radius]
            grey[y, x] = value
            unevenness[y, x] = np.sqrt(best)
