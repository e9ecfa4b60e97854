"""The class-difference map beside the relevance that it qualifies."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LinearSegmentedColormap, Normalize
from matplotlib.figure import Figure, SubFigure

from napari_npm.core.errors import NpmError

from ._style import (
    DOUBLE_COLUMN_MM,
    empty_figure,
    power_of_ten,
    scale_bar,
    show_map,
    styled,
    text_scale,
)
from .overlay import (
    BLUE,
    ORANGE,
    RED,
    VIOLET,
    Colour,
    difference_peak,
    difference_rgb,
    grey_rgb,
    relevance_peak,
    relevance_rgb,
)
from .patterns import Explained, raw_maps

_BLACK: Colour = (0.0, 0.0, 0.0)
_TITLE_MM, _FOOT_MM = 5.0, 11.0


@styled
def difference_rows(
    items: Sequence[Explained],
    pixel_size_nm: float | None = None,
    *,
    width_mm: float = 0.8 * DOUBLE_COLUMN_MM,
) -> Figure:
    """Draw maps as rows: NPM, relevance, and what of it speaks for the class and not any other.

    Relevance maps of one network hardly depend on the class that is explained; the difference
    between the class and the others does. Orange: more evidence for the class than for the
    others on average; violet: less.

    Parameters
    ----------
    items : sequence of Explained
        One a row, with their differences. All share the scales of colour.
    pixel_size_nm : float, optional
        Pixel size in nm, for the scale bars.
    width_mm : float
        Width of the figure, mm.

    Returns
    -------
    Figure
    """
    known = [item.difference for item in items if item.difference is not None]
    if not items or len(known) < len(items):
        raise NpmError("Give at least one map, and maps with their class difference only.")
    peak = relevance_peak(np.concatenate([np.ravel(item.relevance) for item in items]))
    most = difference_peak(np.concatenate([np.ravel(one) for one in known]))
    rows, columns = np.shape(items[0].npm)
    body_mm = len(items) * (width_mm - 5) / 3 * rows / columns + _TITLE_MM * text_scale()
    foot_mm = _FOOT_MM * text_scale()
    figure = empty_figure(width_mm, body_mm + foot_mm)
    parts = figure.subfigures(2, 1, height_ratios=(body_mm, foot_mm))
    body, below = np.ravel(np.asarray(parts))
    axes: Any = body.subplots(len(items), 3, squeeze=False)
    for row, (item, difference) in enumerate(zip(items, known, strict=True)):
        pictures = (
            grey_rgb(item.npm),
            relevance_rgb(item.npm, item.relevance, item.high, peak=peak),
            difference_rgb(item.npm, difference, peak=most),
        )
        behind = (
            raw_maps(item, "npm"),
            raw_maps(item, "relevance"),
            {**raw_maps(item, "npm"), "difference": difference},
        )
        for panel, picture, raw in zip(axes[row], pictures, behind, strict=True):
            show_map(panel, picture, raw=raw)
        told = item.target and item.target != item.name
        axes[row, 0].set_ylabel(f"{item.name}, taken for {item.target}" if told else item.name)
        scale_bar(axes[row, 0], pixel_size_nm)
    for panel, title in zip(axes[0], ("NPM", "Relevance", "Class difference"), strict=True):
        panel.set_title(title)
    _bars(below, peak, most)
    return figure


def _bars(below: SubFigure, peak: float, most: float) -> None:
    """Draw the colour bars: relevance in LP and HP, and the difference of both signs."""
    axes = below.subplots(1, 5, width_ratios=(6, 1, 6, 1, 6))
    for panel in axes[1::2]:
        panel.set_axis_off()
    unit, power = power_of_ten(peak)
    small, smaller = power_of_ten(most)
    for panel, colours, low, high, label in (
        (axes[0], (_BLACK, BLUE), 0.0, peak / unit, f"Relevance in LP{power}"),
        (axes[2], (_BLACK, RED), 0.0, peak / unit, f"Relevance in HP{power}"),
        (
            axes[4],
            (VIOLET, _BLACK, ORANGE),
            -most / small,
            most / small,
            f"Class less others{smaller}",
        ),
    ):
        ramp = LinearSegmentedColormap.from_list("ramp", list(colours))
        bar = below.colorbar(
            ScalarMappable(Normalize(low, high), ramp), cax=panel, orientation="horizontal"
        )
        bar.outline.set_linewidth(0.6)
        bar.set_label(label)
