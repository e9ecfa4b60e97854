"""From pixels as stored (RGB, palette, inverted, floats) to grey integers, or a refusal."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_npm.core.errors import NpmError

from .sem_image import GreyPixels

# How far the channels of a grey pixel may lie apart, in steps of 8 bits: colour rounding, JPEG.
_SPREAD = 2
_SPREAD_LOSSY = 6
# A palette that leaves at least this share of the pixels as they are is grey with overlays.
_RAMP_SHARE = 0.98


@dataclass(frozen=True, eq=False)
class Raw:
    """Pixels as stored: (rows, columns) or (rows, columns, samples); alpha is sample 2 or 4.

    ``palette`` is (levels, 3) with 16 bits a colour; ``lossy`` names a lossy compression.
    """

    pixels: NDArray[Any]
    bits: int = 8
    palette: NDArray[Any] | None = None
    white_is_zero: bool = False
    lossy: str = ""


def to_grey(raw: Raw, name: str, *, indices: bool = False) -> tuple[GreyPixels, list[str]]:
    """Return grey integers of shape (rows, columns) and a sentence for each doubt.

    Parameters
    ----------
    raw : Raw
        Pixels as stored.
    name : str
        The file's name, for error messages.
    indices : bool
        Take the stored numbers themselves, whatever palette or polarity says of them.

    Raises
    ------
    NpmError
        If the image is coloured, empty, or its numbers are not grey levels from 0 to 65535.
    """
    warnings: list[str] = []
    pixels = raw.pixels
    if pixels.size == 0:
        raise NpmError(f"{name} holds an image without pixels: export it again.")
    if raw.lossy:
        warnings.append(
            f"The image was stored with lossy {raw.lossy} compression, which changes grey values: "
            "use the original TIFF if there is one."
        )
    if pixels.ndim == 3:
        pixels, doubts = _one_channel(pixels, name, lossy=bool(raw.lossy))
        warnings += doubts
    if pixels.dtype == np.bool_:
        pixels = pixels.astype(np.uint8) * np.uint8(1 if indices else 255)
    grey = _integers(pixels, name)
    if raw.palette is not None:
        grey, doubts = _through_palette(grey, raw.palette, name, indices=indices)
        warnings += doubts
    if raw.white_is_zero and not indices:
        bits = 8 if raw.bits == 1 else raw.bits
        grey = (2**bits - 1 - grey.astype(np.int32)).astype(grey.dtype)
        warnings.append("The file counts from white to black; the grey values were inverted.")
    return np.ascontiguousarray(grey), warnings


def level_counts(grey: GreyPixels, levels: int = 0) -> NDArray[np.int64]:
    """Count the pixels of each grey level; at least ``levels`` counts are returned."""
    # bincount makes 8 bytes of every pixel, which a mosaic has not the room for all at once.
    counts = np.zeros(max(levels, int(grey.max()) + 1), np.int64)
    step = max(1, 4_000_000 // grey.shape[1])
    for first in range(0, grey.shape[0], step):
        counts += np.bincount(grey[first : first + step].ravel(), minlength=len(counts))
    return counts


def _integers(pixels: NDArray[Any], name: str) -> GreyPixels:
    """Return uint8 or uint16 without changing a value."""
    if pixels.dtype.kind == "u" and pixels.dtype.itemsize <= 2:
        return pixels.astype(np.uint8 if pixels.dtype.itemsize == 1 else np.uint16, copy=False)
    # Other types are taken only where 16 bits hold them exactly: any scaling would be a guess.
    whole = pixels.dtype.kind in "iu" or (
        pixels.dtype.kind == "f" and bool(np.all(np.isfinite(pixels) & (pixels == np.rint(pixels))))
    )
    if not whole or pixels.min() < 0 or pixels.max() > 65535:
        raise NpmError(
            f"{name} holds {pixels.dtype.name} values that are not grey levels from 0 to 65535: "
            "export it as 8- or 16-bit grey."
        )
    return pixels.astype(np.uint16)


def _one_channel(pixels: NDArray[Any], name: str, *, lossy: bool) -> tuple[NDArray[Any], list[str]]:
    warnings = []
    samples = pixels.shape[2]
    if samples in (2, 4):
        alpha = pixels[..., -1]
        opaque = np.iinfo(alpha.dtype).max if alpha.dtype.kind == "u" else alpha.max()
        if np.any(alpha != opaque):
            warnings.append("The image has transparent pixels; transparency was ignored.")
    colours = pixels[..., : samples - 1 if samples in (2, 4) else samples]
    first = colours[..., 0]
    if colours.shape[2] == 1 or all(np.array_equal(first, colours[..., i]) for i in (1, 2)):
        return first, warnings
    spread = colours.max(axis=2) - colours.min(axis=2)
    allowed = _SPREAD_LOSSY if lossy else _SPREAD
    if colours.dtype.itemsize > 1:
        allowed *= 257
    coloured = int(np.count_nonzero(spread > allowed))
    if coloured:
        share = 100 * coloured / spread.size
        raise NpmError(
            f"{name} is a colour image ({share:.2g} % of its pixels are not grey): export it from "
            "the microscope as 8- or 16-bit grey without overlays."
        )
    mean = colours.mean(axis=2, dtype=np.float64)
    return np.rint(mean).astype(colours.dtype), warnings


def _through_palette(
    grey: GreyPixels, palette: NDArray[Any], name: str, *, indices: bool
) -> tuple[GreyPixels, list[str]]:
    """Return the raw numbers of a grey ramp with overlay colours, or the greys of a palette."""
    counts = level_counts(grey, len(palette))
    if len(counts) > len(palette):
        raise NpmError(f"{name} has pixels outside its palette: the file is damaged.")
    colours = palette.astype(np.int64) // 257
    ramp = np.abs(colours - np.arange(len(palette))[:, None]).max(axis=1) <= 1
    on_ramp = counts[ramp].sum() / grey.size
    if indices or on_ramp >= _RAMP_SHARE:
        overlay = int(counts[~ramp].sum())
        if not overlay:
            return grey, []
        doubt = f"The palette of the file colours {overlay} pixels; their raw values were kept."
        return grey, [doubt]
    used = counts > 0
    if np.ptp(colours[used], axis=1).max() > _SPREAD:
        raise NpmError(
            f"{name} is a colour image (its palette holds colours): export it from the microscope "
            "as 8- or 16-bit grey."
        )
    levels = np.rint(colours.mean(axis=1)).astype(np.uint8)
    return levels[grey], ["The grey values were taken from the file's palette."]
