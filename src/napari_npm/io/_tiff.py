"""TIFF pixels and tags through tifffile, quietly and with one-sentence errors."""

import logging
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import tifffile
from numpy.typing import NDArray

from napari_npm.core.errors import NpmError

from ._grey import Raw

TiffTags = Mapping[int, Any]

_MINISWHITE, _MINISBLACK, _RGB, _PALETTE, _YCBCR = 0, 1, 2, 3, 6
_LOSSY = {6: "JPEG", 7: "JPEG", 34892: "JPEG", 33007: "JPEG", 22610: "JPEG XR", 50001: "WebP"}


@contextmanager
def quiet() -> Iterator[None]:
    """Keep tifffile's log messages of this thread from the user, who gets a sentence instead."""
    logger = logging.getLogger("tifffile")
    thread = threading.get_ident()

    def other_thread(record: logging.LogRecord) -> bool:
        return record.thread != thread

    logger.addFilter(other_thread)
    try:
        yield
    finally:
        logger.removeFilter(other_thread)


def read_tiff(path: Path) -> tuple[Raw, TiffTags]:
    """Return the pixels as stored and the tags of a TIFF with one image.

    Raises
    ------
    NpmError
        If the file is damaged, truncated, a stack, or has channels that are not colours.
    """
    try:
        with quiet(), tifffile.TiffFile(path) as tif:
            page = _only_page(tif, path)
            tags = {tag.code: tag.value for tag in page.tags.values()}
            _check_complete(page, path)
            pixels = np.asarray(page.asarray())
    except (NpmError, MemoryError):
        raise
    except PermissionError as error:
        raise NpmError(f"{path.name} cannot be opened: you may not read it.") from error
    except Exception as error:  # each decoder has its own errors; all mean that the file is broken
        raise NpmError(
            f"{path.name} is a damaged or truncated TIFF: copy it again from the microscope."
        ) from error
    return _raw(page, pixels, path), tags


def _only_page(tif: tifffile.TiffFile, path: Path) -> Any:
    every: Any = tif.pages
    pages = [page for page in every if not page.subfiletype & 1]  # thumbnails left out
    if not pages:
        raise NpmError(f"{path.name} is a damaged or truncated TIFF: it holds no image.")
    page = pages[0]
    images = len(pages)
    # One page can stand for a whole stack: ImageJ's large files, tifffile's, volumes.
    if tif.imagej_metadata:
        images = max(images, int(tif.imagej_metadata.get("images", 1)))
    elif tif.shaped_metadata:
        shape = tif.shaped_metadata[0].get("shape", page.shape)
        images = max(images, int(np.prod(shape)) // max(int(np.prod(page.shape)), 1))
    if images > 1:
        raise NpmError(
            f"{path.name} holds {images} images: save the one to analyse as a file of its own."
        )
    if page.axes not in ("YX", "YXS", "SYX"):
        raise NpmError(f"{path.name} is a volume, not an image: save one slice of it as a file.")
    return page


def _check_complete(page: Any, path: Path) -> None:
    """Refuse a file that ends before its pixels do; tifffile would fill them with zeros."""
    size = path.stat().st_size
    short = any(
        offset + count > size
        for offset, count in zip(page.dataoffsets, page.databytecounts, strict=False)
    )
    whole_bytes = page.compression == 1 and page.bitspersample % 8 == 0
    if short or (whole_bytes and sum(page.databytecounts) < page.nbytes):
        raise NpmError(
            f"{path.name} is a truncated TIFF, its last rows are missing: copy it again from the "
            "microscope."
        )


def _raw(page: Any, pixels: NDArray[Any], path: Path) -> Raw:
    photometric = int(page.photometric)
    if pixels.ndim == 3 and page.axes == "SYX":
        pixels = np.moveaxis(pixels, 0, -1)
    samples = pixels.shape[2] if pixels.ndim == 3 else 1
    colour = samples in (3, 4) and photometric in (_RGB, _YCBCR)
    grey = samples == 1 and photometric in (_MINISWHITE, _MINISBLACK, _PALETTE)
    grey_alpha = samples == 2 and photometric in (_MINISWHITE, _MINISBLACK) and page.extrasamples
    if not (colour or grey or grey_alpha):
        raise NpmError(
            f"{path.name} has {samples} channels that are neither grey nor RGB: export it as "
            "8- or 16-bit grey."
        )
    palette = None
    if photometric == _PALETTE and page.colormap is not None:
        palette = np.asarray(page.colormap).T  # (levels, 3), 16 bits a colour
    return Raw(
        pixels,
        bits=int(page.bitspersample),
        palette=palette,
        white_is_zero=photometric == _MINISWHITE,
        lossy=_LOSSY.get(int(page.compression), ""),
    )
