"""What colours mean, below a figure: colour bars side by side, and swatches with words."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from matplotlib.colors import Colormap, LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator

from ._style import power_of_ten
from .overlay import BLUE, ORANGE, RED, VIOLET, Colour
from .scale import text_width

# In points: thickness of a bar, its least width, and the space between things.
_BAR, _LEAST, _SPACE = 6.0, 62.0, 9.0
_LINE = 1.4


class Lettering(Protocol):
    """Font, size (pt) and colour of text."""

    @property
    def font(self) -> str:
        """Family."""

    @property
    def font_size(self) -> float:
        """Size, pt."""

    @property
    def ink(self) -> str:
        """Colour."""


@dataclass(frozen=True)
class ColourScale:
    """A colour bar: what it measures, and the values at its ends."""

    label: str
    low: float
    high: float
    colormap: str | Colormap


@dataclass(frozen=True)
class Swatch:
    """A colour with one meaning."""

    label: str
    colour: Any


def relevance_scales(peak: float) -> tuple[ColourScale, ColourScale]:
    """Return the two colour bars of relevance, of LP in blue and of HP in red."""
    unit, power = power_of_ten(peak)
    low, high = (
        ColourScale(f"Relevance in {part}{power}", 0.0, peak / unit, _through(None, colour))
        for part, colour in (("LP", BLUE), ("HP", RED))
    )
    return low, high


def difference_scale(peak: float) -> ColourScale:
    """Return the colour bar of a difference between classes: against in violet, for in orange."""
    unit, power = power_of_ten(peak)
    colours = _through(VIOLET, ORANGE)
    return ColourScale(f"Class difference{power}", -peak / unit, peak / unit, colours)


def keys_height(
    scales: Sequence[ColourScale], swatches: Sequence[Swatch], look: Lettering, width: float
) -> float:
    """Return the height that the keys take in a figure of a width, all in points."""
    bars = len(_rows([_scale_width(one, look) for one in scales], width))
    lines = len(_rows([_swatch_width(one, look) for one in swatches], width))
    return bars * _scale_height(look) + lines * _swatch_height(look)


def draw_keys(
    figure: Figure,
    scales: Sequence[ColourScale],
    swatches: Sequence[Swatch],
    look: Lettering,
    margin: float,
) -> None:
    """Draw the keys at the foot of a figure, `margin` pixels from its edges."""
    point = figure.dpi / 72
    total = figure.get_size_inches() * figure.dpi / point
    edge = margin / point
    room = total[0] - 2 * edge
    y = edge + keys_height(scales, swatches, look, room)
    widths = [_scale_width(one, look) for one in scales]
    lines = _rows(widths, room)
    # bars are alike and share a row evenly, but are not drawn out without end
    each = min([room / len(row) for row in lines] + [2.4 * max(widths, default=0)])
    for row in lines:
        x = (total[0] - each * len(row)) / 2
        for k in row:
            _scale(figure, scales[k], look, x + _SPACE / 2, y - _SPACE / 2, each - _SPACE)
            x += each
        y -= _scale_height(look)
    widths = [_swatch_width(one, look) for one in swatches]
    for row in _rows(widths, room):
        x = (total[0] - sum(widths[k] for k in row)) / 2
        y -= _swatch_height(look)
        for k in row:
            _swatch(figure, swatches[k], look, x + _SPACE / 2, y)
            x += widths[k]


def _rows(widths: Sequence[float], room: float) -> list[list[int]]:
    """Fill rows with what fits side by side; what is wider than a row has one of its own."""
    rows: list[list[int]] = []
    used = 0.0
    for number, width in enumerate(widths):
        if not rows or used + width > room:
            rows.append([])
            used = 0.0
        rows[-1].append(number)
        used += width
    return rows


def _scale_width(one: ColourScale, look: Lettering) -> float:
    return max(_LEAST, text_width(one.label, look.font_size, look.font)) + _SPACE


def _scale_height(look: Lettering) -> float:
    return _SPACE / 2 + _BAR + 2.0 + 2 * _LINE * look.font_size


def _swatch_width(one: Swatch, look: Lettering) -> float:
    words = text_width(one.label, look.font_size, look.font)
    return words + 1.5 * look.font_size + _SPACE


def _swatch_height(look: Lettering) -> float:
    return 1.6 * look.font_size


def _scale(
    figure: Figure, one: ColourScale, look: Lettering, x: float, y: float, width: float
) -> None:
    """Draw a colour bar whose upper left is at (x, y), in points."""
    total = figure.get_size_inches() * 72
    box = (x / total[0], (y - _BAR) / total[1], width / total[0], _BAR / total[1])
    axes = figure.add_axes(box)
    steps = np.linspace(0, 1, 256)[np.newaxis]
    axes.imshow(steps, cmap=one.colormap, aspect="auto", extent=(one.low, one.high, 0, 1))
    ticks = [t for t in MaxNLocator(4).tick_values(one.low, one.high) if one.low <= t <= one.high]
    axes.set_xticks(ticks, [f"{tick:g}".replace("-", "−") for tick in ticks])
    axes.set_yticks([])
    axes.tick_params(axis="x", colors=look.ink, labelsize=look.font_size, pad=1.5, length=2)
    for words in axes.get_xticklabels():
        words.set_family(look.font)
    axes.set_xlabel(one.label, color=look.ink, size=look.font_size, family=look.font, labelpad=1)
    for edge in axes.spines.values():
        edge.set_color(look.ink)
        edge.set_linewidth(0.5)


def _swatch(figure: Figure, one: Swatch, look: Lettering, x: float, y: float) -> None:
    total = figure.get_size_inches() * 72
    side = 0.9 * look.font_size
    figure.add_artist(
        Rectangle(
            (x / total[0], (y + 0.3 * side) / total[1]),
            side / total[0],
            side / total[1],
            transform=figure.transFigure,
            facecolor=one.colour,
            edgecolor=look.ink,
            linewidth=0.4,
        )
    )
    figure.text(
        (x + 1.35 * side) / total[0],
        (y + 0.75 * side) / total[1],
        one.label,
        color=look.ink,
        size=look.font_size,
        family=look.font,
        va="center",
    )


def _through(low: Colour | None, high: Colour) -> LinearSegmentedColormap:
    """Return colours from black to one, or from one through black to another."""
    black = (0.0, 0.0, 0.0)
    stops = [black, high] if low is None else [low, black, high]
    return LinearSegmentedColormap.from_list("relevance", stops)
