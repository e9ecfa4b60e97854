"""RGB overlays of the paper's kind as plain arrays: the same picture in viewer, report and paper.

Every function returns float32 (H, W, 3) in [0, 1]. Porosity is shown as brightness, HP in red,
LP in blue, characteristic regions in green (Figs 5 and S4-S9).
"""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from napari_npm.core.errors import NpmError

Rgb = NDArray[np.float32]
Colour = tuple[float, float, float]

RED: Colour = (1.0, 0.10, 0.05)
BLUE: Colour = (0.15, 0.40, 1.0)
GREEN: Colour = (0.10, 0.90, 0.25)
# For and against a class: apart with any colour vision, and neither is HP's red nor LP's blue.
ORANGE: Colour = (1.0, 0.65, 0.05)
VIOLET: Colour = (0.62, 0.45, 1.0)
# Okabe and Ito's colours of `core.masking.Label`, as the viewer shows them.
MASK_COLOURS: dict[int, Colour] = {
    1: (0.902, 0.624, 0.0),
    2: (0.337, 0.706, 0.914),
    3: (0.8, 0.475, 0.655),
}
# Porosity is grey, so any colour tells the outside of the regions from black and white pixels.
OUTSIDE: Colour = (0.10, 0.16, 0.32)


def grey_rgb(porosity: NDArray[np.generic], brightness: float = 1.0) -> Rgb:
    """Show porosity (H, W) in [0, 1] as brightness, times `brightness`."""
    values = _two_axes(porosity).astype(np.float32)
    grey: Rgb = np.repeat(np.clip(values, 0, 1)[..., np.newaxis] * brightness, 3, axis=2)
    return grey.astype(np.float32)


def relevance_peak(relevance: NDArray[np.generic], quantile: float = 0.995) -> float:
    """Relevance shown at full colour: a high quantile, so that single pixels do not dim the rest.

    Parameters
    ----------
    relevance : array, any shape
        Relevance >= 0.
    quantile : float
        Share of the pixels below full colour.

    Returns
    -------
    float
        Above 0; 1 for a map without relevance.
    """
    values = np.asarray(relevance, dtype=np.float32)
    peak = float(np.quantile(values, quantile))
    return peak or float(values.max()) or 1.0


def relevance_rgb(
    npm: NDArray[np.generic] | None,
    relevance: NDArray[np.generic],
    high: NDArray[np.bool_],
    *,
    peak: float | None = None,
    brightness: float = 0.5,
) -> Rgb:
    """Lay relevance over the grey map: red on HP, blue on LP (Fig. 5b).

    Parameters
    ----------
    npm : array, (H, W), or None
        Porosity in [0, 1]; None gives a black ground.
    relevance : array, (H, W)
        Relevance >= 0; the opacity of the colour is relevance / peak, at most 1.
    high : array of bool, (H, W)
        HP pixels.
    peak : float, optional
        Relevance of full colour; `relevance_peak` of the map by default.
    brightness : float
        Brightness of the map under the colours.

    Returns
    -------
    array of float32, (H, W, 3)
    """
    values = _two_axes(relevance).astype(np.float32)
    opacity = np.clip(values / (relevance_peak(values) if peak is None else peak), 0, 1)
    return _blend(_ground(npm, values.shape, brightness), _red_blue(high, values.shape), opacity)


def difference_peak(difference: NDArray[np.generic], quantile: float = 0.995) -> float:
    """Difference between classes shown at full colour, of either sign; see `relevance_peak`."""
    return relevance_peak(np.abs(np.asarray(difference, dtype=np.float32)), quantile)


def difference_rgb(
    npm: NDArray[np.generic] | None,
    difference: NDArray[np.generic],
    *,
    peak: float | None = None,
    brightness: float = 0.35,
) -> Rgb:
    """Lay the class-difference map over the grey map: orange for the class, violet against it.

    Parameters
    ----------
    npm : array, (H, W), or None
        Porosity in [0, 1]; None gives a black ground.
    difference : array, (H, W)
        Relevance of the class less that of the others (`core.relevance.Explanation.difference`),
        of both signs; the opacity of the colour is its size / peak, at most 1.
    peak : float, optional
        Difference of full colour; `difference_peak` of the map by default.
    brightness : float
        Brightness of the map under the colours.

    Returns
    -------
    array of float32, (H, W, 3)
    """
    values = _two_axes(difference).astype(np.float32)
    full = difference_peak(values) if peak is None else peak
    opacity = np.clip(np.abs(values) / full, 0, 1)
    sign = (values > 0)[..., np.newaxis]
    colour = np.where(sign, np.asarray(ORANGE, np.float32), np.asarray(VIOLET, np.float32))
    return _blend(_ground(npm, values.shape, brightness), colour, opacity)


def boundary_rgb(
    npm: NDArray[np.generic] | None,
    boundary: NDArray[np.bool_],
    high: NDArray[np.bool_],
    *,
    brightness: float = 0.35,
) -> Rgb:
    """Show boundary features: red in HP, blue in LP (Figs 5c and S6); see `relevance_rgb`."""
    opacity = _two_axes(boundary).astype(bool).astype(np.float32)
    ground = _ground(npm, opacity.shape, brightness)
    return _blend(ground, _red_blue(high, opacity.shape), opacity)


def regions_rgb(
    npm: NDArray[np.generic],
    mask: NDArray[np.bool_],
    *,
    opacity: float = 0.75,
    brightness: float = 0.5,
) -> Rgb:
    """Show characteristic regions in green over the dimmed map (Figs 5d and S8).

    Parameters
    ----------
    npm : array, (H, W)
        Porosity in [0, 1].
    mask : array of bool, (H, W)
        The regions.
    opacity : float
        Opacity of the green.
    brightness : float
        Brightness of the map, reduced for contrast.

    Returns
    -------
    array of float32, (H, W, 3)
    """
    inside = _two_axes(mask).astype(bool).astype(np.float32)
    colour = np.broadcast_to(np.asarray(GREEN, dtype=np.float32), (*inside.shape, 3))
    return _blend(_ground(npm, inside.shape, brightness), colour, inside * np.float32(opacity))


def extracted_rgb(
    npm: NDArray[np.generic], mask: NDArray[np.bool_], *, outside: Colour = OUTSIDE
) -> Rgb:
    """Show the map inside the regions only, one colour outside (Figs 5e and S9)."""
    inside = _two_axes(mask).astype(bool)
    ground = _ground(npm, inside.shape, 1.0)
    return np.where(inside[..., np.newaxis], ground, np.asarray(outside, dtype=np.float32))


def combined_rgb(
    relevance: NDArray[np.generic],
    high: NDArray[np.bool_],
    part: Literal["both", "high", "low"] = "both",
    *,
    peak: float | None = None,
) -> Rgb:
    """Superimpose patterns or boundary features of several maps (Fig. S7).

    The mean over the maps is taken of what lies in HP (red) and in LP (blue); where both meet the
    colours add up.

    Parameters
    ----------
    relevance : array, (N, H, W)
        Relevance maps, or masks of boundary features.
    high : array of bool, (N, H, W)
        HP pixels of each map.
    part : {"both", "high", "low"}
        What to show.
    peak : float, optional
        Mean relevance of full colour; give the same to panels that are compared.

    Returns
    -------
    array of float32, (H, W, 3)
    """
    values, inside = np.asarray(relevance, dtype=np.float32), np.asarray(high, dtype=bool)
    if values.ndim != 3 or values.shape != inside.shape or len(values) == 0:
        raise NpmError("Superimpose a stack of relevance maps and the HP masks of the same maps.")
    red, blue = (values * inside).mean(axis=0), (values * ~inside).mean(axis=0)
    full = relevance_peak(np.maximum(red, blue)) if peak is None else peak
    picture = np.zeros((*red.shape, 3), dtype=np.float32)
    if part in ("both", "high"):
        picture += np.clip(red / full, 0, 1)[..., np.newaxis] * np.asarray(RED, dtype=np.float32)
    if part in ("both", "low"):
        picture += np.clip(blue / full, 0, 1)[..., np.newaxis] * np.asarray(BLUE, dtype=np.float32)
    return np.clip(picture, 0, 1)


def map_rgb(
    porosity: NDArray[np.generic], colormap: str = "viridis", limits: tuple[float, float] = (0, 1)
) -> Rgb:
    """Show porosity (H, W) in the colours of a matplotlib colormap between two limits."""
    from matplotlib import colormaps

    low, high = limits
    values = (_two_axes(porosity).astype(np.float32) - low) / (high - low)
    picture: Rgb = colormaps[colormap](np.clip(values, 0, 1))[..., :3].astype(np.float32)
    return picture


def mask_rgb(
    ground: NDArray[np.generic] | None, labels: NDArray[np.generic], *, opacity: float = 0.6
) -> Rgb:
    """Lay a mask over a map or picture: unhydrated cement, reference C-S-H, reference metal."""
    values = _two_axes(labels).astype(np.int64)
    table = np.zeros((max(int(values.max(initial=0)), max(MASK_COLOURS)) + 1, 3), np.float32)
    for label, colour in MASK_COLOURS.items():
        table[label] = colour
    weight = (np.isin(values, list(MASK_COLOURS)) * opacity).astype(np.float32)
    return _blend(_ground(ground, values.shape, 1.0), table[values], weight)


def _two_axes(image: NDArray[np.generic]) -> NDArray[np.generic]:
    values = np.asarray(image)
    if values.ndim != 2:
        raise NpmError("Give one map with rows and columns to make a picture of it.")
    return values


def _ground(npm: NDArray[np.generic] | None, shape: tuple[int, ...], brightness: float) -> Rgb:
    if npm is None:
        return np.zeros((*shape, 3), dtype=np.float32)
    # a picture that has colours already is dimmed in the same way
    picture = np.ndim(npm) == 3
    ground = np.asarray(npm, np.float32) * brightness if picture else grey_rgb(npm, brightness)
    if ground.shape[:2] != shape:
        raise NpmError("The map and what is laid over it must have the same shape.")
    return ground


def _red_blue(high: NDArray[np.bool_], shape: tuple[int, ...]) -> Rgb:
    if np.shape(high) != shape:
        raise NpmError("The HP mask must have the shape of the map.")
    inside = np.asarray(high, dtype=bool)[..., np.newaxis]
    return np.where(inside, np.asarray(RED, dtype=np.float32), np.asarray(BLUE, dtype=np.float32))


def _blend(ground: Rgb, colour: Rgb, opacity: NDArray[np.float32]) -> Rgb:
    weight = opacity[..., np.newaxis]
    blended: Rgb = (ground * (1 - weight) + colour * weight).astype(np.float32)
    return blended
