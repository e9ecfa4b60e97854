"""Figures put together from panels of one's own choice, to the pixel."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray
from PIL import Image

from napari_npm.core.errors import NpmError

from ._style import DOUBLE_COLUMN_MM, MM, NpmFigure, styled
from .keys import ColourScale, Swatch, draw_keys, keys_height
from .scale import draw_scale_bar, text_width

_GAP_MM, _MARGIN_MM, _LEAST_MM = 0.8, 0.5, 3.0
_LINE = 1.4


@dataclass(frozen=True)
class Panel:
    """A picture in a figure.

    Attributes
    ----------
    picture : array, (H, W, 3)
        Colours, uint8 or float in [0, 1].
    pixel_size_nm : float, optional
        Width of one of its pixels, for the scale bar.
    """

    picture: NDArray[Any]
    pixel_size_nm: float | None = None

    @property
    def width_um(self) -> float | None:
        """Width of what is seen, µm."""
        size = self.pixel_size_nm
        return None if size is None else self.picture.shape[1] * size / 1000


@dataclass(frozen=True)
class Look:
    """How a composed figure looks.

    Attributes
    ----------
    font, font_size
        Family and size (pt) of text.
    ink : str
        Colour of text.
    letters : bool
        Name panels a, b, c ... in their upper left corners.
    scale_bar : {"last", "first", "every", "none"}
        Panels that carry one. Where panels differ in scale, each carries its own.
    scale_bar_um : float, optional
        Length of the bar; a round one by default.
    whole_pixels : bool
        Leave the pixels of pictures as they are, for vector formats; else pictures that are
        drawn smaller than they are get smoothed.
    """

    font: str = "DejaVu Sans"
    font_size: float = 7.0
    ink: str = "black"
    letters: bool = False
    scale_bar: Literal["last", "first", "every", "none"] = "last"
    scale_bar_um: float | None = None
    whole_pixels: bool = False


@styled
def compose(
    panels: Sequence[Panel],
    *,
    columns: int = 1,
    title: str = "",
    column_titles: Sequence[str] = (),
    row_titles: Sequence[str] = (),
    scales: Sequence[ColourScale] = (),
    swatches: Sequence[Swatch] = (),
    look: Look | None = None,
    width_mm: float = DOUBLE_COLUMN_MM,
    dpi: float = 300,
) -> Figure:
    """Lay panels out in rows, with titles, letters, scale bars and the keys of their colours.

    Panels begin and end at whole pixels of the figure at `dpi`, so that the scale bar is as long
    as it says to half a pixel.

    Parameters
    ----------
    panels : sequence of Panel
        Row by row.
    columns : int
        Panels in a row.
    title : str
        Above all.
    column_titles, row_titles : sequence of str
        Above the first row, and left of each row.
    scales, swatches : sequences of ColourScale and Swatch
        What colours mean, below.
    look : Look, optional
        Fonts, letters and scale bars.
    width_mm : float
        Width of the figure, mm.
    dpi : float
        Resolution at which it is meant to be written.

    Returns
    -------
    Figure
        Its ``pixel_size_nm`` is that of its own pixels, where all panels are of one scale.

    Raises
    ------
    NpmError
        If there is no panel, or no room for panels or scale bar.
    """
    if not panels or columns < 1:
        raise NpmError("Give at least one panel to make a figure of.")
    own = look or Look()
    columns = min(columns, len(panels))
    # lengths are in pixels of the figure from here on
    unit, point = MM * dpi, dpi / 72
    gap, margin = round(_GAP_MM * unit), round(_MARGIN_MM * unit)
    line = math.ceil(_LINE * own.font_size * point)
    total = round(width_mm * unit)
    left = margin + (line if any(row_titles) else 0)
    side = (total - left - margin - gap * (columns - 1)) // columns
    if side < _LEAST_MM * unit:
        raise NpmError(
            f"{columns} columns leave panels less than {_LEAST_MM:g} mm wide: choose fewer columns"
            " or a wider figure."
        )
    heights = [round(side * one.picture.shape[0] / one.picture.shape[1]) for one in panels]
    rows = [max(heights[start : start + columns]) for start in range(0, len(panels), columns)]
    top = margin + (line if title else 0) + (line if any(column_titles) else 0)
    below = keys_height(scales, swatches, own, (total - 2 * margin) / point) * point
    tall = math.ceil(top + sum(rows) + gap * (len(rows) - 1) + margin + below)
    # a trace more than whole, as matplotlib rounds down
    figure = NpmFigure(figsize=((total + 1e-3) / dpi, (tall + 1e-3) / dpi), dpi=dpi)
    FigureCanvasAgg(figure)
    places = []
    for number, (one, height) in enumerate(zip(panels, heights, strict=True)):
        row, column = divmod(number, columns)
        x = left + column * (side + gap)
        y = tall - top - sum(rows[:row]) - row * gap - height
        places.append((x, y))
        _show(figure, one.picture, (x, y, side, height), own)
        if own.letters:
            words = letter_of(number)
            box = {"facecolor": "black", "alpha": 0.65, "pad": 1.2, "lw": 0}
            options = {"weight": "bold", "color": "white", "va": "top", "bbox": box}
            _text(figure, x + gap, y + height - gap, words, own, **options)
    for number, words in enumerate(column_titles[:columns]):
        x, y = places[number][0] + side / 2, tall - top + 0.3 * line
        _text(figure, x, y, words, own, room=side / point, ha="center")
    for number, words in enumerate(row_titles[: len(rows)]):
        y = tall - top - sum(rows[:number]) - number * gap - rows[number] / 2
        _text(figure, margin + 0.45 * line, y, words, own, room=rows[number] / point, ha="center",
              va="center", rotation=90)  # fmt: skip
    if title:
        y = tall - margin - 0.8 * line
        _text(figure, total / 2, y, title, own, room=total / point, ha="center")
    _scale_bars(figure, panels, places, side, own)
    draw_keys(figure, scales, swatches, own, margin)
    widths = {one.width_um for one in panels}
    (width_um,) = widths if len(widths) == 1 else (None,)
    figure.pixel_size_nm = None if width_um is None else 1000 * width_um / side
    return figure


def _scale_bars(
    figure: Figure,
    panels: Sequence[Panel],
    places: Sequence[tuple[int, int]],
    side: int,
    look: Look,
) -> None:
    known = [number for number, one in enumerate(panels) if one.width_um is not None]
    if look.scale_bar == "none" or not known:
        return
    alike = len({panels[number].width_um for number in known}) == 1 and len(known) == len(panels)
    if alike and look.scale_bar != "every":
        known = known[:1] if look.scale_bar == "first" else known[-1:]
    for number in known:
        width_um = panels[number].width_um
        assert width_um is not None
        draw_scale_bar(
            figure,
            (places[number][0] + side, places[number][1]),
            side,
            width_um,
            look.scale_bar_um,
            size=look.font_size,
            family=look.font,
        )


def _show(
    figure: Figure, picture: NDArray[Any], box: tuple[float, float, float, float], look: Look
) -> None:
    """Show a picture in a box of pixels of the figure."""
    if np.ndim(picture) != 3:
        raise NpmError("A panel shows colours: give a picture of rows, columns and three colours.")
    total = np.tile(figure.get_size_inches() * figure.dpi, 2)
    axes = figure.add_axes(tuple(np.divide(box, total)))
    axes.set_axis_off()
    if picture.shape[1] > box[2] and not look.whole_pixels:
        picture = _reduced(picture, int(box[2]), int(box[3]))
    axes.imshow(picture, interpolation="none", aspect="auto")


def _reduced(picture: NDArray[Any], width: int, height: int) -> NDArray[np.uint8]:
    """Return a picture in fewer pixels, each the mean of those it stands for.

    matplotlib would take 8 GB for a mosaic of 12000 x 12000 pixels.
    """
    eight = picture if picture.dtype == np.uint8 else np.rint(picture * 255).astype(np.uint8)
    return np.asarray(Image.fromarray(eight).resize((width, height), Image.Resampling.BOX))


def _text(
    figure: Figure,
    x: float,
    y: float,
    words: str,
    look: Look,
    *,
    room: float | None = None,
    **options: Any,
) -> None:
    """Write a line at a place in pixels; smaller, to a limit, where it has too little room (pt)."""
    total = figure.get_size_inches() * figure.dpi
    size = look.font_size
    if room is not None:
        wide = text_width(words, size, look.font)
        size *= min(1.0, max(0.6, room / wide)) if wide else 1.0
    options = {"color": look.ink, "family": look.font, "size": size} | options
    figure.text(x / total[0], y / total[1], words, **options)


def letter_of(number: int) -> str:
    """Return the name of a panel by its number from 0: a, b ... z, aa, ab ..."""
    first, last = divmod(number, 26)
    return (letter_of(first - 1) if first else "") + "abcdefghijklmnopqrstuvwxyz"[last]
