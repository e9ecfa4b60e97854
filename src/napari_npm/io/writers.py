"""Images and tables written so that other programs, and `read_sem`, read them back."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .atomic import atomic_path, write_text

if TYPE_CHECKING:
    import pandas as pd


def write_image(
    path: str | Path,
    image: ArrayLike,
    pixel_size_nm: float | None = None,
    *,
    compress: bool = False,
    before: Callable[[Path], None] | None = None,
) -> None:
    """Write an image as a TIFF that carries its pixel size, atomically.

    The file follows ImageJ's conventions (unit nm), so Fiji and `read_sem` show the right
    scale. The same input gives the same bytes.

    Parameters
    ----------
    path : str or Path
        Where to write; must end in ``.tif`` or ``.tiff``.
    image : array_like, shape (rows, columns) or (rows, columns, 3)
        Grey as uint8, uint16 or float (written as float32), bool (written as 0 and 255), or
        RGB as uint8.
    pixel_size_nm : float, optional
        Width and height of a pixel in nm.
    compress : bool
        Compress without loss (deflate).
    before : callable, optional
        Called with the path of the whole temporary file before it becomes ``path``; if it raises,
        ``path`` stays as it was.

    Raises
    ------
    ValueError
        If shape, type or pixel size are none of these.
    NpmError
        If the file cannot be written.
    """
    import tifffile

    path = Path(path)
    if path.suffix.lower() not in (".tif", ".tiff"):
        raise ValueError(f"an image is written as .tif, not {path.suffix or path.name!r}")
    pixels = _writable(np.asarray(image))
    options: dict[str, Any] = {"photometric": "rgb" if pixels.ndim == 3 else "minisblack"}
    if compress:
        options["compression"] = "zlib"
    if pixel_size_nm is not None:
        if not (np.isfinite(pixel_size_nm) and pixel_size_nm > 0):
            raise ValueError(f"the pixel size must be above zero, not {pixel_size_nm}")
        options["resolution"] = (1 / pixel_size_nm, 1 / pixel_size_nm)
        options["metadata"] = {"unit": "nm"}
    with atomic_path(path) as temporary:
        tifffile.imwrite(temporary, pixels, imagej=True, **options)
        if before is not None:
            before(temporary)


def write_table(path: str | Path, table: "pd.DataFrame", *, index: bool = False) -> None:
    """Write a table as CSV (UTF-8, comma, full precision), atomically.

    Parameters
    ----------
    path : str or Path
        Where to write.
    table : pandas.DataFrame
        The table; units belong in the column names.
    index : bool
        Write the row labels as the first column.

    Raises
    ------
    NpmError
        If the file cannot be written.
    """
    write_text(path, table.to_csv(index=index, lineterminator="\n"))


def _writable(pixels: NDArray[Any]) -> NDArray[Any]:
    rgb = pixels.ndim == 3 and pixels.shape[2] == 3 and pixels.dtype == np.uint8
    if pixels.size == 0 or not (pixels.ndim == 2 or rgb):
        raise ValueError(
            f"an image is (rows, columns) or uint8 (rows, columns, 3), not {pixels.dtype} "
            f"{pixels.shape}"
        )
    if pixels.dtype == np.bool_:
        return pixels.astype(np.uint8) * np.uint8(255)
    if pixels.dtype.kind == "f":
        return pixels.astype(np.float32)
    if pixels.dtype not in (np.dtype(np.uint8), np.dtype(np.uint16)):
        raise ValueError(f"an image holds uint8, uint16 or floats, not {pixels.dtype}")
    return pixels
