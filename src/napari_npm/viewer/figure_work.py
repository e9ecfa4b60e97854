"""Figures of the current image's layers, for worker threads: no Qt.

The figures are those of `napari_npm.figures`; only the blend of what is seen is made here.
"""

import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_npm.core.errors import NpmError
from napari_npm.core.progress import Progress

from .layers import Kind


@dataclass(frozen=True)
class Shown:
    """A visible layer as it looks.

    Attributes
    ----------
    data : ndarray
        ``(H, W)`` values or labels, or ``(H, W, 3)`` colours.
    colormap : object
        napari's colormap; None for colours.
    limits : (float, float) or None
        Contrast limits; None for labels and colours.
    opacity : float
        0 to 1.
    contour : int
        Width of the outlines that labels are shown by, px; 0 shows whole areas.
    """

    data: NDArray[Any]
    colormap: Any
    limits: tuple[float, float] | None
    opacity: float
    contour: int = 0


@dataclass(frozen=True)
class Request:
    """A figure that is wanted.

    Attributes
    ----------
    kind : str
        A key of `FIGURES`.
    name : str
        The image.
    parts : mapping of Kind to ndarray
        The image's layers.
    shown : tuple of Shown
        What is seen, from the bottom up.
    pixel_size_nm : float or None
        For the scale bar.
    explained : ndarray or None
        The map that the network saw, where there is relevance.
    """

    kind: str
    name: str
    parts: Mapping[Kind, NDArray[Any]]
    shown: tuple[Shown, ...]
    pixel_size_nm: float | None
    explained: NDArray[Any] | None = None


STUDY, VIEW = "From the study", "What is seen"
# Title, and the layers of the current image that the figure needs.
FIGURES: dict[str, tuple[Kind, ...]] = {
    STUDY: (),
    VIEW: (),
    "MulF map": (Kind.MULF,),
    "MicF map": (Kind.MICF,),
    "BSE and MulF (Fig. S2)": (Kind.IMAGE, Kind.MULF),
    "LP/HP (Fig. S3)": (Kind.MICF, Kind.MULF),
    "Relevance panels (Fig. 5)": (Kind.RELEVANCE,),
}


def draw(request: Request, look: Any) -> Any:
    """Draw a figure of the current image's layers.

    Parameters
    ----------
    request : Request
        What it shows.
    look : FigurePreset
        Width, fonts, scale bar and background.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    NpmError
        If a layer that it needs is missing.
    """
    from napari_npm.figures import look_of

    missing = [str(kind) for kind in FIGURES[request.kind] if kind not in request.parts]
    if missing:
        raise NpmError(
            f"{request.name} has no {' and '.join(missing)} layer yet, which this figure needs."
        )
    with look_of(look.font, look.font_size, look.background):
        if request.kind == VIEW:
            return _seen(request, look)
        figure = _of_the_paper(request)
        return figure if look.width is None else figure.redraw(look.width)


def _seen(request: Request, look: Any) -> Any:
    from napari_npm import figures
    from napari_npm.study.figure_settings import COLUMN_MM

    panel = figures.Panel(blend(request.shown), request.pixel_size_nm)
    return figures.compose(
        [panel],
        title=request.name if look.titles else "",
        look=figures.Look(
            font=look.font,
            font_size=look.font_size,
            ink="white" if look.background == "black" else "black",
            letters=look.letters,
            scale_bar=look.scale_bar,
            scale_bar_um=look.scale_bar_um,
            whole_pixels=look.format in ("svg", "pdf"),
        ),
        width_mm=look.width or COLUMN_MM["single"],
        dpi=look.dpi,
    )


def _of_the_paper(request: Request) -> Any:
    from napari_npm.figures import maps, patterns

    part, size = request.parts, request.pixel_size_nm
    if request.kind in ("MulF map", "MicF map"):
        kind = FIGURES[request.kind][0]
        return maps.porosity_figure(part[kind], size)
    if Kind.IMAGE in FIGURES[request.kind]:
        return maps.bse_figure(part[Kind.IMAGE], part[Kind.MULF], size)
    if Kind.RELEVANCE in FIGURES[request.kind]:
        if request.explained is None:
            raise NpmError(f"The map that the relevance of {request.name} belongs to is gone.")
        item = patterns.explained(request.name, request.explained, part[Kind.RELEVANCE])
        return patterns.pattern_rows([item], size)
    return maps.isodata_figure(part[Kind.MICF], part[Kind.MULF], size)


def blend(shown: tuple[Shown, ...]) -> NDArray[np.float32]:
    """Blend layers as the viewer shows them, at the image's own resolution.

    Returns
    -------
    ndarray of float32, (H, W, 3)
        Colours in [0, 1].

    Raises
    ------
    NpmError
        If nothing is seen.
    """
    if not shown:
        raise NpmError("No layer of the current image is visible: show one first.")
    shape = shown[0].data.shape[:2]
    result = np.zeros((*shape, 3), np.float32)
    for layer in shown:
        if layer.data.shape[:2] != shape:
            continue
        if layer.colormap is None:
            top = 255.0 if layer.data.dtype == np.uint8 else 1.0
            colour = layer.data[..., :3].astype(np.float32) / top
            alpha = np.ones(shape, np.float32)
        else:
            values = outlines(layer.data, layer.contour) if layer.contour else layer.data
            if layer.limits is not None:
                low, high = layer.limits
                values = np.clip((values.astype(np.float32) - low) / max(high - low, 1e-12), 0, 1)
            flat = np.asarray(layer.colormap.map(values.ravel()), np.float32)
            mapped = flat.reshape(*shape, 4)
            colour, alpha = mapped[..., :3], mapped[..., 3]
        weight = (alpha * layer.opacity)[..., np.newaxis]
        result = result * (1 - weight) + colour * weight
    return np.clip(result, 0, 1).astype(np.float32)


def outlines(labels: NDArray[Any], width: int) -> NDArray[Any]:
    """Return labels with only the pixels that are at most `width` steps from another label."""
    from scipy import ndimage

    cross = ndimage.iterate_structure(ndimage.generate_binary_structure(2, 1), width)
    least = ndimage.minimum_filter(labels, footprint=cross)
    return np.where(least == ndimage.maximum_filter(labels, footprint=cross), 0, labels)


def preview(report: Progress, source: Any, preset: Any, pixels: tuple[int, int]) -> bytes:
    """Draw a figure as it will be written and return it as PNG within so many pixels.

    Parameters
    ----------
    report : Progress
        Told how far the drawing is.
    source : Request or Study
        The layers of an image, or a study.
    preset : FigurePreset
        How the figure looks and, of a study, what it shows.
    pixels : (int, int)
        Width and height that there is room for.
    """
    figure = _drawn(report, source, preset)
    buffer = io.BytesIO()
    width, height = figure.get_size_inches()
    figure.savefig(buffer, format="png", dpi=min(pixels[0] / width, pixels[1] / height))
    return buffer.getvalue()


def export(report: Progress, source: Any, preset: Any, path: Path) -> tuple[Path, ...]:
    """Draw a figure and write it; return the files. See `preview` for the parameters."""
    if not isinstance(source, Request):
        from napari_npm.study import write_preset

        return write_preset(source, preset, path, report)
    from napari_npm.figures import save_figure

    figure = _drawn(report, source, preset)
    report(1, 2, "writing")
    return (save_figure(figure, path, dpi=preset.dpi),)


def methods(report: Progress, study: Any) -> tuple[Path, ...]:
    """Write methods, references and the scripts that rebuild a study; return the files."""
    report(0, 0, "writing the methods")
    from napari_npm.study.reproducing import write_methods

    return write_methods(study)


def _drawn(report: Progress, source: Any, preset: Any) -> Any:
    if isinstance(source, Request):
        report(0, 2, "drawing")
        return draw(source, preset)
    from napari_npm.study import draw_preset

    return draw_preset(source, preset, report)
