"""Figures of characteristic patterns: rows, montages and superpositions (Figs 5 and S4-S9)."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
from matplotlib import rcParams
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LinearSegmentedColormap, Normalize
from matplotlib.figure import Figure, SubFigure
from numpy.typing import NDArray

from napari_npm.core.errors import NpmError

from ._style import (
    DOUBLE_COLUMN_MM,
    SINGLE_COLUMN_MM,
    empty_figure,
    letters,
    new_figure,
    power_of_ten,
    scale_bar,
    show_map,
    styled,
    text_scale,
)
from .explained_maps import TITLES, Kind
from .explained_maps import Explained as Explained
from .explained_maps import explained as explained
from .explained_maps import panel_rgb as panel_rgb
from .explained_maps import raw_maps as raw_maps
from .overlay import BLUE, RED, Colour, combined_rgb, grey_rgb, relevance_peak
from .scale import text_width

# What a title takes in height, and the widest one in width; narrower columns get smaller titles.
_TITLE_MM, _WIDEST_MM = 5.0, 17.0
_SIDES = {"hp": "high", "lp": "low"}


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
    height = len(items) * column_mm * rows / columns + _TITLE_MM * text_scale()
    foot = 11.0 * text_scale() if "relevance" in kinds else 0.0
    figure = empty_figure(width_mm, height + foot)
    body: Any = figure
    below: SubFigure | None = None
    if foot:
        body, below = np.ravel(np.asarray(figure.subfigures(2, 1, height_ratios=(height, foot))))
    axes = body.subplots(len(items), len(kinds), squeeze=False)
    for row, item in enumerate(items):
        for column, kind in enumerate(kinds):
            title = TITLES[kind] if row == 0 else ""
            picture = panel_rgb(item, kind, peak=peak)
            show_map(axes[row, column], picture, title, raw=raw_maps(item, kind))
        axes[row, 0].set_ylabel(item.name)
        scale_bar(axes[row, 0], pixel_size_nm)
    for panel in axes[0]:
        widest = _WIDEST_MM * text_scale()
        panel.title.set_fontsize(panel.title.get_fontsize() * min(1.0, column_mm / widest))
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
    raw: Sequence[Mapping[str, NDArray[Any]]] = (),
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
    raw : sequence of mapping of str to array, optional
        The numbers behind each picture, for `figure_data`.
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
    for number, image in enumerate(images):
        panel, values = axes.ravel()[number], np.asarray(image)
        grey = {"npm": values} if values.ndim == 2 else None
        behind = raw[number] if raw else grey
        show_map(panel, values if values.ndim == 3 else grey_rgb(values), raw=behind)
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
            sides = {"hp": (stack * high).mean(axis=0), "lp": (stack * ~high).mean(axis=0)}
            behind = {name: sides[name] for name in sides if part in ("both", _SIDES[name])}
            show_map(panel, combined_rgb(stack, high, part, peak=peak), raw=behind)
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
        words = f"Relevance in {part}{power}"
        bar.set_label(words)
        # no wider than the bars are apart
        room = 0.38 * 72 * below.figure.get_figwidth()
        size, family = bar.ax.xaxis.label.get_fontsize(), rcParams["font.family"][0]
        bar.ax.xaxis.label.set_fontsize(size * min(1, room / text_width(words, size, family)))


def _fading(colour: Colour) -> LinearSegmentedColormap:
    return LinearSegmentedColormap.from_list("relevance", [(0.0, 0.0, 0.0), colour])
