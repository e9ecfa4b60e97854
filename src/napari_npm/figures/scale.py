"""A scale bar that is right to the pixel, and how wide text is before it is drawn."""

import math

from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.patches import Rectangle
from matplotlib.textpath import TextPath

from napari_npm.core.errors import NpmError

from ._style import MM

# Lengths that are easy to read off, per power of ten.
_ROUND = (1.0, 2.0, 5.0)
_SHARE = 0.35
BAR_NAME, LABEL_NAME = "scale-bar", "scale-bar-label"
_BOX_OPACITY = 0.65


def round_length(width_um: float) -> float:
    """Return the longest length of 1, 2 or 5 times a power of ten in a third of a width, µm."""
    most = _SHARE * width_um
    power = 10.0 ** math.floor(math.log10(most))
    return max(length * power for length in _ROUND if length * power <= most * (1 + 1e-9))


def length_words(length_um: float) -> str:
    """Return a length with its unit: µm, or mm from a thousand µm on."""
    return f"{length_um / 1000:g} mm" if length_um >= 1000 else f"{length_um:g} µm"


def text_width(text: str, size: float, family: str, weight: str = "normal") -> float:
    """Return how wide a line of text is, pt."""
    if not text.strip():
        return 0.0
    properties = FontProperties(family=family, weight=weight)
    return float(TextPath((0, 0), text, size=size, prop=properties).get_extents().x1)


def draw_scale_bar(
    figure: Figure,
    corner: tuple[float, float],
    panel_width: float,
    width_um: float,
    length_um: float | None,
    *,
    size: float,
    family: str,
) -> float:
    """Draw a scale bar into the lower right corner of a panel.

    Parameters
    ----------
    figure : Figure
        Whose size in pixels at its own resolution is a whole number.
    corner : (float, float)
        Right and lower edge of the panel in pixels of the figure, from its lower left.
    panel_width : float
        Width of the panel in pixels of the figure.
    width_um : float
        What the width of the panel is of the material, µm.
    length_um : float, optional
        Length of the bar, µm; a round one by default.
    size : float
        Size of its label, pt.
    family : str
        Font of its label.

    Returns
    -------
    float
        The bar's length, µm.

    Raises
    ------
    NpmError
        If the bar does not fit the panel.
    """
    length = round_length(width_um) if length_um is None else length_um
    words = length_words(length)
    bar = length / width_um * panel_width
    # whole pixels all round, so that only the left end of the bar falls between two
    point = figure.dpi / 72
    pad = round(0.6 * MM * figure.dpi)
    thick = max(2, round(0.5 * MM * figure.dpi))
    line = math.ceil(1.15 * size * point)
    wide = max(bar, text_width(words, size, family) * point)
    if wide + 4 * pad > panel_width:
        raise NpmError(
            f"A scale bar of {words} does not fit a panel that is {width_um:.3g} µm wide: choose a"
            " shorter one, fewer columns or a wider figure."
        )
    right, low = corner[0] - pad, corner[1] + pad
    _rectangle(
        figure, right - wide - 2 * pad, low, wide + 2 * pad, thick + line + 2.5 * pad, "black"
    ).set_alpha(_BOX_OPACITY)
    end = math.floor(right - pad - (wide - bar) / 2)
    shown = _rectangle(figure, end - bar, low + pad, bar, thick, "white")
    shown.set_gid(BAR_NAME)
    total = figure.get_size_inches() * figure.dpi
    figure.text(
        (end - bar / 2) / total[0],
        (low + 1.6 * pad + thick) / total[1],
        words,
        color="white",
        size=size,
        family=family,
        ha="center",
        va="bottom",
        gid=LABEL_NAME,
        zorder=6,
    )
    return length


def _rectangle(
    figure: Figure, left: float, low: float, width: float, height: float, colour: str
) -> Rectangle:
    """Add a rectangle without an outline, its place in pixels of the figure."""
    total = figure.get_size_inches() * figure.dpi
    rectangle = Rectangle(
        (left / total[0], low / total[1]),
        width / total[0],
        height / total[1],
        transform=figure.transFigure,
        facecolor=colour,
        linewidth=0,
        zorder=5,
    )
    rectangle.set_snap(True)
    figure.add_artist(rectangle)
    return rectangle
