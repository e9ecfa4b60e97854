"""The look all figures share: sizes, fonts, colours, scale bar and colour bar."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from threading import RLock
from typing import Any, ParamSpec

import numpy as np
from matplotlib import rc_context, rcParams
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import Collection
from matplotlib.colorbar import Colorbar
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.lines import Line2D
from matplotlib_scalebar.scalebar import ScaleBar
from numpy.typing import NDArray

from napari_npm.core.errors import NpmError

MM = 1 / 25.4
SINGLE_COLUMN_MM = 85.0
DOUBLE_COLUMN_MM = 175.0
# Okabe and Ito's colours: told apart with any colour vision, and in grey.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
# Perceptually uniform, and readable with any colour vision.
POROSITY_COLORMAP = "viridis"
PROBABILITY_COLORMAP = "magma"

STYLE: dict[Any, Any] = {
    "font.family": ["DejaVu Sans"],  # comes with matplotlib: the same on every machine
    "font.size": 7.0,
    "axes.labelsize": 7.0,
    "axes.titlesize": 7.0,
    "axes.linewidth": 0.6,
    "axes.titlepad": 3.0,
    "figure.titlesize": 7.5,
    "image.interpolation": "none",
    "legend.fontsize": 6.5,
    "legend.frameon": False,
    "lines.linewidth": 1.0,
    "savefig.facecolor": "white",
    "xtick.labelsize": 6.5,
    "xtick.major.size": 2.5,
    "xtick.major.width": 0.6,
    "ytick.labelsize": 6.5,
    "ytick.major.size": 2.5,
    "ytick.major.width": 0.6,
}

_MU = r"$\mathregular{\mu}$"
_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")

_MATH_FONTS = {"DejaVu Serif": "dejavuserif", "STIXGeneral": "stix"}

P = ParamSpec("P")

# matplotlib's settings are global: two threads that change them put back each other's.
_LOCK = RLock()
_LOOK: ContextVar[Mapping[str, Any] | None] = ContextVar("look", default=None)


@contextmanager
def in_style(look: Mapping[str, Any] | None = None) -> Iterator[None]:
    """Set matplotlib up for drawing, and put its settings back; one thread at a time."""
    with _LOCK, rc_context({**STYLE, **(look or {})}):
        yield


@contextmanager
def look_of(
    font: str = "DejaVu Sans", font_size: float = 7.0, background: str = "white"
) -> Iterator[None]:
    """Let figures that are drawn meanwhile have another font, size of text and background.

    Parameters
    ----------
    font : str
        Family.
    font_size : float
        Size of most text, pt; what is smaller or larger keeps its proportion.
    background : {"white", "black", "transparent"}
        What lies behind; text and axes are white on black, else black.
    """
    ground = "none" if background == "transparent" else background
    ink = "white" if background == "black" else "black"
    sizes = {
        name: value * font_size / STYLE["font.size"]
        for name, value in STYLE.items()
        if name.endswith("size") and "major" not in name
    }
    inks = ("text.color", "axes.labelcolor", "axes.edgecolor", "xtick.color", "ytick.color")
    grounds = ("figure.facecolor", "savefig.facecolor", "axes.facecolor")
    look = {
        **sizes,
        **dict.fromkeys(inks, ink),
        **dict.fromkeys(grounds, ground),
        "font.family": [font],
        "mathtext.fontset": _MATH_FONTS.get(font, "dejavusans"),
    }
    token = _LOOK.set(look)
    try:
        yield
    finally:
        _LOOK.reset(token)


class NpmFigure(Figure):
    """A figure that can be drawn anew at another width, with text of the same size."""

    redraw: Callable[[float], Figure] | None = None
    look: Mapping[str, Any] | None = None
    """matplotlib's settings beyond the shared style."""
    pixel_size_nm: float | None = None
    """What one pixel of the figure is of the material, where all of it is of one scale."""

    def savefig(self, *args: Any, **kwargs: Any) -> None:
        """Write the figure, in the style that it was drawn in: ticks are made only now."""
        with _LOCK, rc_context(dict(self.look or {})):
            super().savefig(*args, **kwargs)


def styled(draw: Callable[P, Figure]) -> Callable[P, Figure]:
    """Draw a figure in the shared style, leaving matplotlib's own settings as they were."""

    @wraps(draw)
    def drawn(*args: P.args, **kwargs: P.kwargs) -> Figure:
        look = _LOOK.get()
        with in_style(look):
            figure = draw(*args, **kwargs)
        if look is not None and look["figure.facecolor"] == "black":
            lighten(figure)

        def again(width_mm: float) -> Figure:
            token = _LOOK.set(look)
            try:
                return drawn(*args, **(kwargs | {"width_mm": width_mm}))  # type: ignore[arg-type] # every figure takes a width
            finally:
                _LOOK.reset(token)

        if isinstance(figure, NpmFigure):
            figure.look, figure.redraw = look, again
        return figure

    return drawn


def empty_figure(width_mm: float, height_mm: float) -> Figure:
    """Make a figure without axes that lays out what is put into it."""
    if not width_mm > 0:
        raise NpmError(f"The width of a figure must be above 0 mm, not {width_mm}.")
    figure = NpmFigure(figsize=(width_mm * MM, height_mm * MM), layout="constrained")
    FigureCanvasAgg(figure)
    gaps = {"w_pad": 0.02, "h_pad": 0.02, "wspace": 0.03, "hspace": 0.03}
    figure.get_layout_engine().set(**gaps)  # type: ignore[union-attr] # "constrained" is set above
    return figure


def new_figure(
    rows: int, columns: int, width_mm: float, height_mm: float, **options: Any
) -> tuple[Figure, NDArray[np.object_]]:
    """Make a figure with a grid of axes, without pyplot; `axes` is always 2-D."""
    figure = empty_figure(width_mm, height_mm)
    return figure, figure.subplots(rows, columns, squeeze=False, **options)


def text_scale() -> float:
    """Return how much larger text is than in the shared style."""
    return float(rcParams["font.size"]) / float(STYLE["font.size"])


def lighten(figure: Figure) -> None:
    """Make black lines and outlines white, but for those drawn on maps."""
    for axes in figure.findobj(Axes):
        if axes.images:
            continue
        for line in axes.findobj(Line2D):
            if to_rgba(line.get_color())[:3] == (0, 0, 0):
                line.set_color("white")
        for marks in axes.findobj(Collection):
            edges = marks.get_edgecolor()
            if len(edges) and not np.any(edges[:, :3]):
                marks.set_edgecolor("white")


def show_map(
    axes: Axes,
    image: NDArray[np.generic],
    title: str = "",
    *,
    raw: Mapping[str, NDArray[Any]] | None = None,
    **options: Any,
) -> AxesImage:
    """Show an image without ticks; `raw` are the numbers behind its colours (`figure_data`)."""
    if raw is not None:
        axes.raw_maps = dict(raw)
    shown = axes.imshow(image, **options)
    axes.set_xticks([])
    axes.set_yticks([])
    if title:
        axes.set_title(title)
    return shown


def scale_bar(axes: Axes, pixel_size_nm: float | None) -> None:
    """Put a scale bar into a map; none if the pixel size is not known."""
    if pixel_size_nm is None:
        return
    if not (np.isfinite(pixel_size_nm) and pixel_size_nm > 0):
        raise NpmError("Give the pixel size in nm, above 0, for the scale bar.")
    axes.add_artist(
        ScaleBar(
            pixel_size_nm,
            "nm",
            length_fraction=0.3,
            width_fraction=0.02,
            location="lower right",
            color="white",
            box_color="black",
            box_alpha=0.75,
            border_pad=0.4,
            font_properties={"size": 6.5},
            # A plain micro sign, where the library has a formula: text stays one piece in SVG.
            scale_formatter=lambda value, unit: f"{value:g} {unit.replace(_MU, 'µ')}",
        )
    )


def colour_bar(figure: Figure, image: Any, axes: Axes | Sequence[Axes], label: str) -> Colorbar:
    """Put a thin colour bar beside axes."""
    bar = figure.colorbar(image, ax=axes, fraction=0.05, pad=0.02, aspect=22)
    bar.set_label(label)
    bar.outline.set_linewidth(0.6)
    return bar


def power_of_ten(size: float) -> tuple[float, str]:
    """Return a power of ten that brings `size` near 1, and how to name it in a label."""
    exponent = int(np.floor(np.log10(size))) if size > 0 else 0
    if -2 < exponent < 3:
        return 1.0, ""
    return 10.0**exponent, f" (10{str(exponent).translate(_SUPERSCRIPTS)})"


def letters(axes: Sequence[Axes]) -> None:
    """Name panels a, b, c ... in bold at their upper left."""
    for letter, panel in zip("abcdefghijklmnopqrstuvwxyz", axes, strict=False):
        panel.set_title(letter, loc="left", fontweight="bold")
