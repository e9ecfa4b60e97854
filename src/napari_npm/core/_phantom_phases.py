"""The shapes of a phantom: grains, reference areas, pores, places."""

import math

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from ._random_fields import Float, Shape

Mask = NDArray[np.bool_]

# Normalised signal of calcium hydroxide and of clinker at 5 kV: (eta - eta_CSH)/(eta_m - eta_CSH)
# with eta = .131 C-S-H, .159 CH, .173 C2S, .178 C3S, .411 metal (Mott cross sections, Joy-Luo).
Y_CH = 0.10
Y_CLINKER = (0.14, 0.175)

_SIGMA_RADIUS = 0.55  # of the logarithm of the grain radius
_WARP = 0.22  # by how much of its radius an outline wanders


def upper_cut(fraction: float) -> float:
    """Score above which a standard normal variate lies with probability `fraction`."""
    return float(ndtri(1.0 - fraction))


def highest(scores: Float, region: Mask, fraction: float) -> Mask:
    """Mark exactly `fraction` (rounded to a pixel) of a region, where the scores are highest."""
    inside = scores[region]
    count = round(fraction * inside.size)
    if count == 0:
        return np.zeros_like(region)
    threshold = np.partition(inside, inside.size - count)[inside.size - count]
    marked: Mask = region & (scores >= threshold)
    return marked


def grains(
    rng: np.random.Generator, warp: Float, fraction: float, median_radius: float
) -> tuple[Mask, Float]:
    """Scatter grains of unhydrated cement: warped ellipses with lognormal radii.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of the draws.
    warp : float array, (rows, cols)
        Smooth standard normal field that makes the outlines wander.
    fraction : float
        Mean area fraction.
    median_radius : float
        Median equivalent radius in pixels.

    Returns
    -------
    mask : bool array, (rows, cols)
        The grains.
    signal : float array, (rows, cols)
        Normalised signal y of each grain, one value a grain, 0 outside.
    """
    rows, cols = warp.shape
    mask = np.zeros(warp.shape, dtype=bool)
    signal = np.zeros(warp.shape)
    margin = median_radius * 2.0
    # Grains overlap: where their summed area is a, they cover 1 - exp(-a) of the whole.
    target = -math.log1p(-min(max(fraction, 0.0), 0.9)) * (rows + 2 * margin) * (cols + 2 * margin)
    mean_area = math.pi * median_radius**2 * math.exp(2 * _SIGMA_RADIUS**2)
    draws = rng.random((math.ceil(4 * target / mean_area) + 24, 5))
    radius = median_radius * np.exp(
        _SIGMA_RADIUS * ndtri(np.clip(rng.random(draws.shape[0]), 1e-3, 0.98))
    )
    keep = np.cumsum(math.pi * radius**2) <= target
    for (u, v, turn, slim, grey), r in zip(draws[keep], radius[keep], strict=True):
        y = u * (rows + 2 * margin) - margin
        x = v * (cols + 2 * margin) - margin
        aspect = 0.6 + 0.4 * slim
        reach = r / math.sqrt(aspect) * (1 + 4 * _WARP)
        window = _window(y, x, reach, warp.shape)
        if window is None:
            continue
        box = ellipse(y, x, r, window, aspect=aspect, angle=math.pi * turn)
        inside = box <= 1.0 + _WARP * warp[window]
        mask[window] |= inside
        signal[window][inside] = Y_CLINKER[0] + (Y_CLINKER[1] - Y_CLINKER[0]) * grey
    return mask, signal


def reference_areas(
    rng: np.random.Generator, warp: Float, radius: float
) -> tuple[tuple[Mask, Mask], tuple[Mask, Mask]]:
    """Place one metal pool and one patch of C-S-H that took up no metal, in either half.

    Returns
    -------
    pool, patch : pair of (bool array, bool array)
        The whole area, and its inner part as a careful user would mark it.
    """
    rows, cols = warp.shape
    side = int(rng.integers(2))
    found = []
    for half in (side, 1 - side):
        u, v = rng.random(2)
        y = 2 * radius + u * (rows - 4 * radius)
        x = half * cols / 2 + 1.6 * radius + v * (cols / 2 - 3.2 * radius)
        window = _window(y, x, radius * (1 + 4 * _WARP), warp.shape)
        whole, inner = (np.zeros(warp.shape, dtype=bool) for _ in range(2))
        if window is not None:
            distance = ellipse(y, x, radius, window)
            outline = 1.0 + 0.5 * _WARP * np.clip(warp[window], -2.5, 2.5)
            whole[window] = distance <= outline
            inner[window] = distance <= outline - 5.0 / radius
        found.append((whole, inner))
    return found[0], found[1]


def one_place(rng: np.random.Generator, places: Mask, radius: float) -> Mask:
    """Keep only what lies within a radius of one pixel of the places, drawn at random."""
    candidates = np.flatnonzero(places)
    if candidates.size == 0:
        return places
    centre = int(candidates[int(rng.random() * candidates.size)])
    y, x = divmod(centre, places.shape[1])
    kept = np.zeros_like(places)
    window = _window(y, x, radius, places.shape)
    assert window is not None  # the centre lies in the image
    kept[window] = places[window] & (ellipse(y, x, radius, window) <= 1.0)
    return kept


def ellipse(
    y: float,
    x: float,
    radius: float,
    window: tuple[slice, slice],
    *,
    aspect: float = 1.0,
    angle: float = 0.0,
) -> Float:
    """Distance from a centre in units of an ellipse's radius, over a window of the image."""
    dy = np.arange(window[0].start, window[0].stop)[:, None] - y
    dx = np.arange(window[1].start, window[1].stop)[None, :] - x
    along = dx * math.cos(angle) + dy * math.sin(angle)
    across = dy * math.cos(angle) - dx * math.sin(angle)
    distance: Float = np.sqrt(along**2 * aspect + across**2 / aspect) / radius
    return distance


def _window(y: float, x: float, reach: float, shape: Shape) -> tuple[slice, slice] | None:
    """Part of the image within reach of a point; None where that is empty."""
    top, left = max(0, math.floor(y - reach)), max(0, math.floor(x - reach))
    bottom, right = min(shape[0], math.ceil(y + reach) + 1), min(shape[1], math.ceil(x + reach) + 1)
    if top >= bottom or left >= right:
        return None
    return slice(top, bottom), slice(left, right)
