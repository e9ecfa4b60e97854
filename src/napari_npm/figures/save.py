"""Figures to files: PNG, SVG, PDF and TIFF, atomic, and the same bytes every time."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from napari_npm.core.errors import NpmError
from napari_npm.io.atomic import atomic_path

from ._style import MM, NpmFigure, in_style

FORMATS = ("png", "svg", "pdf", "tif", "tiff")

# Text stays text, fonts are embedded as TrueType, and names inside the file are not random.
_OUTPUT: dict[Any, Any] = {"svg.fonttype": "none", "svg.hashsalt": "napari-npm", "pdf.fonttype": 42}
# No dates, so that the same figure gives the same file.
_METADATA: dict[str, dict[str, str | None]] = {
    "png": {},
    "svg": {"Date": None},
    "pdf": {"CreationDate": None},
}


def save_figure(
    figure: Figure, path: str | Path, *, width_mm: float | None = None, dpi: float = 300
) -> Path:
    """Write a figure; the suffix of the path names the format.

    Parameters
    ----------
    figure : Figure
        Any; it is left as it was.
    path : str or Path
        Ends in .png, .svg, .pdf, .tif or .tiff.
    width_mm : float, optional
        Width in mm; the figure's own by default. At another width, a figure from a function of
        `napari_npm.figures` is drawn anew by that function, so that text keeps its size and the
        layout fits (what was changed in it by hand is lost); others are stretched.
    dpi : float
        Pixels per inch of PNG and TIFF, and of images inside SVG and PDF.

    Returns
    -------
    Path
        Where it was written.

    Raises
    ------
    NpmError
        For another suffix, a width or dpi that cannot be used, or a file that cannot be written.
    """
    target = Path(path)
    kind = target.suffix.lower().removeprefix(".")
    if kind not in FORMATS:
        raise NpmError(f"Save figures as .png, .svg, .pdf or .tif, not as '{target.name}'.")
    if width_mm is not None and not 10 <= width_mm <= 1000:
        raise NpmError(f"The width of a figure must be 10 to 1000 mm, not {width_mm:g}.")
    if not 20 <= dpi <= 2400:
        raise NpmError(f"The resolution of a figure must be 20 to 2400 dpi, not {dpi:g}.")
    options: dict[str, Any] = {}
    if kind in _METADATA:
        options["metadata"] = _METADATA[kind]
    with (
        in_style(_OUTPUT),
        _at_width(figure, width_mm) as sized,
        atomic_path(target) as temporary,
    ):
        size = sized.pixel_size_nm if isinstance(sized, NpmFigure) else None
        if size is not None:
            # of the pixels that are written
            size *= sized.dpi / dpi
        if kind.startswith("tif"):
            _write_tiff(sized, temporary, dpi, size)
            return target
        if size is not None and kind == "png":
            options["metadata"] = {"PixelSize": f"{size:.6g} nm"}
        sized.savefig(temporary, format=kind, dpi=dpi, **options)
    return target


def _write_tiff(figure: Figure, path: Path, dpi: float, pixel_size_nm: float | None) -> None:
    """Write a TIFF that tells printers its dpi, and Fiji and OME readers its pixel size, if any.

    Where nothing shines through it has no alpha, which many journals refuse.
    """
    import tifffile

    buffer = io.BytesIO()
    figure.savefig(buffer, format="rgba", dpi=dpi)
    width, height = (int(side * dpi) for side in figure.get_size_inches())
    pixels = np.frombuffer(buffer.getvalue(), np.uint8).reshape(height, width, 4)
    if (pixels[..., 3] == 255).all():
        pixels = pixels[..., :3]
    size = pixel_size_nm and {
        "axes": "YXS",
        "PhysicalSizeX": pixel_size_nm,
        "PhysicalSizeXUnit": "nm",
        "PhysicalSizeY": pixel_size_nm,
        "PhysicalSizeYUnit": "nm",
        # the same figure gives the same file
        "UUID": "00000000-0000-0000-0000-000000000000",
    }
    tifffile.imwrite(
        path,
        pixels,
        ome=size is not None,
        photometric="rgb",
        extrasamples=["unassalpha"] if pixels.shape[2] == 4 else None,
        compression="lzw",
        resolution=(dpi, dpi),
        resolutionunit="INCH",
        metadata=size,
    )


@contextmanager
def _at_width(figure: Figure, width_mm: float | None) -> Iterator[Figure]:
    """Give the figure at a width, and leave the figure itself as it was."""
    width, height = (float(side) for side in figure.get_size_inches())
    if width_mm is None or abs(width_mm * MM - width) < 1e-6:
        yield figure
    elif isinstance(figure, NpmFigure) and figure.redraw is not None:
        yield figure.redraw(width_mm)
    else:
        try:
            figure.set_size_inches(width_mm * MM, height * width_mm * MM / width)
            yield figure
        finally:
            figure.set_size_inches(width, height)
