"""Porosity maps and class probabilities as TIFF, for and from other programs."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_npm.core.errors import NpmError

from ._grey import to_grey
from .atomic import atomic_path
from .reader import facts_of, read_raw


def read_porosity(path: str | Path) -> tuple[NDArray[np.float32], float | None]:
    """Read a porosity map from TIFF or PNG.

    Parameters
    ----------
    path : str or Path
        Floating point from 0 to 1, or grey integers: 0 is 0 and the highest value of the type
        (255 or 65535) is 1.

    Returns
    -------
    porosity : ndarray of float32, shape (rows, columns)
        From 0 to 1.
    pixel_size_nm : float or None
        Pixel size in nm; None where the file does not tell.

    Raises
    ------
    NpmError
        If the file cannot be read, is coloured, or holds NaN or values outside 0 to 1.
    """
    path = Path(path)
    raw, tags = read_raw(path)
    size = facts_of(path, tags, raw.pixels.shape[1]).pixel_size_nm
    if raw.pixels.dtype.kind != "f":
        grey, _ = to_grey(raw, path.name)
        return (grey / np.float32(np.iinfo(grey.dtype).max)).astype(np.float32), size
    porosity = np.asarray(raw.pixels, dtype=np.float32)
    if porosity.ndim != 2 or porosity.size == 0:
        raise NpmError(f"{path.name} is no map of rows and columns: save one channel of it.")
    unknown = int(np.count_nonzero(~np.isfinite(porosity)))
    if unknown:
        raise NpmError(
            f"{path.name} has no porosity (NaN or infinity) in {unknown} of {porosity.size} pixels:"
            " fill them, or cut the map to where it is known."
        )
    low, high = float(porosity.min()), float(porosity.max())
    if not (low >= 0 and high <= 1):
        raise NpmError(
            f"{path.name} holds values from {low:g} to {high:g}, but porosity lies between 0 and 1:"
            " scale it, or leave out --maps if these are grey values of an SEM image."
        )
    return porosity, size


def write_channels(
    path: str | Path,
    channels: NDArray[np.float32],
    names: Sequence[str],
    pixel_size_nm: float | None = None,
) -> None:
    """Write channels as one TIFF that carries their names and the pixel size, atomically.

    The file follows ImageJ's conventions: Fiji shows the channels with their names. The same
    input gives the same bytes.

    Parameters
    ----------
    path : str or Path
        Where to write; ends in ``.tif`` or ``.tiff``.
    channels : ndarray of float32, shape (channels, rows, columns)
        One page each.
    names : sequence of str
        What the channels are.
    pixel_size_nm : float, optional
        Width and height of a pixel in nm.

    Raises
    ------
    NpmError
        If the file cannot be written.
    """
    import tifffile

    metadata: dict[str, Any] = {"axes": "CYX", "Labels": list(names), "mode": "grayscale"}
    options: dict[str, Any] = {}
    if pixel_size_nm is not None:
        options["resolution"] = (1 / pixel_size_nm, 1 / pixel_size_nm)
        metadata["unit"] = "nm"
    with atomic_path(path) as temporary:
        tifffile.imwrite(
            temporary,
            np.asarray(channels, dtype=np.float32),
            imagej=True,
            photometric="minisblack",
            metadata=metadata,
            **options,
        )
