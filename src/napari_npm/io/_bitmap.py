"""Pixels of PNG, BMP and JPEG files."""

import warnings
from pathlib import Path

import numpy as np

from napari_npm.core.errors import NpmError

from ._grey import Raw


def read_bitmap(path: Path, kind: str) -> Raw:
    """Return the pixels of a PNG, BMP or JPEG file as stored.

    Raises
    ------
    NpmError
        If the file is damaged or of a kind with more colours than RGB.
    """
    try:
        return _read_png(path) if kind == "PNG" else _read_pillow(path, kind)
    except (NpmError, MemoryError):
        raise
    except PermissionError as error:
        raise NpmError(f"{path.name} cannot be opened: you may not read it.") from error
    except Exception as error:  # each decoder has its own errors; all mean that the file is broken
        raise NpmError(
            f"{path.name} is a damaged or truncated {kind} file: copy it again."
        ) from error


def _read_png(path: Path) -> Raw:
    # Pillow reduces 16-bit RGB to 8 bits without a word; libpng keeps them.
    from imagecodecs import png_decode

    return Raw(np.asarray(png_decode(path.read_bytes())))


def _read_pillow(path: Path, kind: str) -> Raw:
    from PIL import Image

    with warnings.catch_warnings():
        # Mosaics are large by nature; beyond twice Pillow's limit it refuses by an error.
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        try:
            image = Image.open(path, formats=[kind])
        except Image.DecompressionBombError as error:
            raise NpmError(f"{path.name} is too large for a {kind}: save it as TIFF.") from error
    with image:
        lossy = "JPEG" if kind == "JPEG" else ""
        if image.mode == "P":
            # Colours of a BMP palette; a pure grey ramp is already mode L.
            entries = np.frombuffer(bytes(image.getpalette("RGB") or ()), np.uint8)
            palette = entries.reshape(-1, 3).astype(np.uint16) * 257
            return Raw(np.asarray(image), palette=palette)
        if image.mode not in ("1", "L", "RGB", "RGBA"):
            raise NpmError(
                f"{path.name} is a colour image ({image.mode}): export it from the microscope as "
                "8- or 16-bit grey."
            )
        return Raw(np.asarray(image), lossy=lossy)
