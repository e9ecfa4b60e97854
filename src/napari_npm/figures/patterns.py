"""Figures of characteristic patterns: rows, montages and superpositions (Figs 5 and S4-S9)."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LinearSegmentedColormap, Normalize
from matplotlib.figure import Figure, SubFigure
from numpy.typing import NDArray

from napari_npm.core.errors import NpmError
from napari_npm.core.regions import boundary_features, characteristic_regions, isodata_split

from ._style import (
    DOUBLE_COLUMN_MM,
    SINGLE_COLUMN_MM,
    STYLE,
    empty_figure,
    letters,
    new_figure,
    power_of_ten,
    scale_bar,
    show_map,
    styled,
)
from .overlay import (
    BLUE,
    RED,
    Colour,
    Rgb,
    boundary_rgb,
    combined_rgb,
    extracted_rgb,
    grey_rgb,
    regions_rgb,
    relevance_peak,
    relevance_rgb,
)

Kind = Literal["npm", "relevance", "boundary", "regions", "extracted"]
# Short, to fit above five columns in a width of 85 mm.
TITLES: dict[Kind, str] = {
    "npm": "NPM",
    "relevance": "Relevance",
    "boundary": "Boundaries",
    "regions": "Regions",
    "extracted": "Extracted",
}
# What a title takes in height, and the widest one in width; narrower columns get smaller titles.
_TITLE_MM, _WIDEST_MM = 5.0, 17.0


@dataclass(frozen=True)
class Explained:
    """A map with its relevance and what follows from it.

    Attributes
    ----------
    name : str
        Name of the sample or map.
    npm : array, (H, W)
        Porosity in [0, 1].
    relevance : array, (H, W)
        Relevance >= 0.
    high, regions, boundary : array of bool, (H, W)
        HP pixels, characteristic regions, boundary features.
    difference : array, (H, W), or None
        Relevance of the class explained less that of the others, where it is known.
    target : str
        The class explained, where it is known.
    """

    name: str
    npm: NDArray[np.generic]
    relevance: NDArray[np.generic]
    high: NDArray[np.bool_]
    regions: NDArray[np.bool_]
    boundary: NDArray[np.bool_]
    difference: NDArray[np.generic] | None = None
    target: str = ""


def explained(
    name: str, npm: NDArray[np.generic], relevance: NDArray[np.generic], *, share: float = 0.7
) -> Explained:
    """Work out HP, regions and boundary features of a map with the default parameters."""
    high = isodata_split(npm).high
    regions = characteristic_regions(relevance, share).mask
    boundary = boundary_features(relevance, high=high).mask
    return Explained(name, npm, relevance, high, regions, boundary)


def panel_rgb(item: Explained, kind: Kind, *, peak: float | None = None) -> Rgb:
    """Draw one panel of a map as an RGB array (H, W, 3); `peak` as in `relevance_rgb`."""
    if kind == "npm":
        return grey_rgb(item.npm)
    if kind == "relevance":
        return relevance_rgb(item.npm, item.relevance, item.high, peak=peak)
    if kind == "boundary":
        return boundary_rgb(item.npm, item.boundary, item.high)
    if kind == "regions":
        return regions_rgb(item.npm, item.regions)
    if kind == "extracted":
        return extracted_rgb(item.npm, item.regions)
    raise NpmError(f"Choose one of the panels {', '.join(TITLES)}; '{kind}' is none of them.")


@styled
def pattern_rows(
    items: Sequence[Explained],
    pixel_size_nm: float | None = None,
    *,
    kinds: Sequence[Kind] = ("npm", "relevance", "boundary", "regions", "extracted"),
    width_mm: float = DOUBLE_COLUMN_MM,
) -> Figure:
    """Draw maps as rows: NPM, relevance, boundary features, regions, extracted (Fig. 5).

    Parameters
    ----------
    items : sequence of Explained
        One a row, such as one of each sample. All share the relevance of full colour.
    pixel_size_nm : float, optional
        Pixel size in nm, for the scale bars.
    kinds : sequence of str
        Columns, in order.
    width_mm : float
        Width of the figure, mm.

    Returns
    -------
    Figure
    """
    if not items or not kinds:
        raise NpmError("Give at least one map and one kind of panel.")
    peak = relevance_peak(np.concatenate([np.ravel(item.relevance) for item in items]))
    rows, columns = np.shape(items[0].npm)
    column_mm = (width_mm - 5) / len(kinds)
    height = len(items) * column_mm * rows / columns + _TITLE_MM
    foot = 11.0 if "relevance" in kinds else 0.0
    figure = empty_figure(width_mm, height + foot)
    body: Any = figure
    below: SubFigure | None = None
    if foot:
        body, below = np.ravel(np.asarray(figure.subfigures(2, 1, height_ratios=(height, foot))))
    axes = body.subplots(len(items), len(kinds), squeeze=False)
    for row, item in enumerate(items):
        for column, kind in enumerate(kinds):
            title = TITLES[kind] if row == 0 else ""
            show_map(axes[row, column], panel_rgb(item, kind, peak=peak), title)
        axes[row, 0].set_ylabel(item.name)
        scale_bar(axes[row, 0], pixel_size_nm)
    for panel in axes[0]:
        panel.title.set_fontsize(STYLE["axes.titlesize"] * min(1.0, column_mm / _WIDEST_MM))
    if below is not None:
        _relevance_bars(below, peak)
    return figure


def choose(count: int, n: int = 25, *, seed: int = 0) -> NDArray[np.int64]:
    """Choose `n` of `count` maps at random, without repeats, in ascending order.

    All of them where there are not more than `n`. The same seed chooses the same maps.
    """
    if count < 1 or n < 1:
        raise NpmError("There is no map to choose from.")
    chosen = np.random.default_rng(seed).choice(count, size=min(n, count), replace=False)
    return np.sort(chosen)


@styled
def montage(
    images: Sequence[NDArray[np.generic]],
    pixel_size_nm: float | None = None,
    *,
    columns: int | None = None,
    title: str = "",
    width_mm: float = DOUBLE_COLUMN_MM,
) -> Figure:
    """Draw maps side by side in a square montage, such as 5 x 5 (Figs S4-S9).

    Parameters
    ----------
    images : sequence of array, (H, W) or (H, W, 3)
        Porosity, shown as brightness, or RGB from `napari_npm.figures.overlay`. Take them with
        `choose` for the paper's random 25.
    pixel_size_nm : float, optional
        Pixel size in nm; the scale bar is in the last map.
    columns : int, optional
        Maps in a row; as many as there are rows by default.
    title : str
        Title.
    width_mm : float
        Width of the figure, mm.

    Returns
    -------
    Figure
    """
    if len(images) == 0 or (columns is not None and columns < 1):
        raise NpmError("Give at least one map for the montage.")
    if columns is None:
        columns = math.isqrt(len(images) - 1) + 1
    rows = -(-len(images) // columns)
    height, width = np.shape(images[0])[:2]
    side = width_mm / columns
    extra = 5.0 if title else 0.0
    figure, axes = new_figure(rows, columns, width_mm, rows * side * height / width + extra)
    for panel, image in zip(axes.ravel(), images, strict=False):
        values = np.asarray(image)
        show_map(panel, values if values.ndim == 3 else grey_rgb(values))
        panel.set_frame_on(False)
    for panel in axes.ravel()[len(images) :]:
        panel.set_axis_off()
    scale_bar(axes.ravel()[len(images) - 1], pixel_size_nm)
    if title:
        figure.suptitle(title)
    return figure


@styled
def combination(
    items: Sequence[Explained],
    pixel_size_nm: float | None = None,
    *,
    width_mm: float = 1.5 * SINGLE_COLUMN_MM,
) -> Figure:
    """Superimpose patterns (a-c) and boundary features (d-f) of many maps (Fig. S7).

    Columns show both parts, HP only (red) and LP only (blue); a row has one scale of colour.

    Parameters
    ----------
    items : sequence of Explained
        Maps of one sample, all of one shape.
    pixel_size_nm : float, optional
        Pixel size in nm, for the scale bar.
    width_mm : float
        Width of the figure, mm.

    Returns
    -------
    Figure
    """
    if not items or len({np.shape(item.npm) for item in items}) > 1:
        raise NpmError("Superimpose at least one map, and maps of one shape only.")
    high = np.stack([item.high for item in items])
    stacks = (
        np.stack([np.asarray(item.relevance, dtype=np.float32) for item in items]),
        np.stack([item.boundary for item in items]).astype(np.float32),
    )
    rows, columns = high.shape[1:]
    figure, axes = new_figure(2, 3, width_mm, 0.66 * width_mm * rows / columns + 10)
    for row, stack in enumerate(stacks):
        shares = np.maximum((stack * high).mean(axis=0), (stack * ~high).mean(axis=0))
        peak = relevance_peak(shares)
        parts: tuple[Literal["both", "high", "low"], ...] = ("both", "high", "low")
        for column, part in enumerate(parts):
            panel = axes[row, column]
            show_map(panel, combined_rgb(stack, high, part, peak=peak))
        scale_bar(axes[row, 0], pixel_size_nm)
    for panel, title in zip(axes[0], ("HP and LP", "HP", "LP"), strict=True):
        panel.set_title(title)
    letters([*axes.ravel()])
    axes[0, 0].set_ylabel("Relevance")
    axes[1, 0].set_ylabel("Boundary features")
    return figure


def _relevance_bars(below: SubFigure, peak: float) -> None:
    """Draw the two colour bars of relevance: LP blue, HP red."""
    axes = below.subplots(1, 5, width_ratios=(3, 9, 1, 9, 3))
    for panel in axes[::2]:
        panel.set_axis_off()
    unit, power = power_of_ten(peak)
    for panel, colour, part in ((axes[1], BLUE, "LP"), (axes[3], RED, "HP")):
        scale = ScalarMappable(Normalize(0, peak / unit), _fading(colour))
        bar = below.colorbar(scale, cax=panel, orientation="horizontal")
        bar.outline.set_linewidth(0.6)
        bar.set_label(f"Relevance in {part}{power}")


def _fading(colour: Colour) -> LinearSegmentedColormap:
    return LinearSegmentedColormap.from_list("relevance", [(0.0, 0.0, 0.0), colour])
