"""Masks as label images: read from and written to TIFF."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_npm.core.errors import NpmError
from napari_npm.core.masking import Label, Stroke

from ._grey import to_grey
from .reader import read_raw
from .writers import write_image


def write_labels(
    path: str | Path,
    labels: ArrayLike,
    pixel_size_nm: float | None = None,
    *,
    before: Callable[[Path], None] | None = None,
) -> None:
    """Write a mask as a compressed 8-bit TIFF with its pixel size, atomically.

    Parameters
    ----------
    path : str or Path
        Where to write; must end in ``.tif`` or ``.tiff``.
    labels : array_like of int or bool, shape (rows, columns)
        Values of `core.masking.Label`, 0 where unlabelled.
    pixel_size_nm : float, optional
        Width of a pixel in nm.
    before : callable, optional
        Called with the whole temporary file before it becomes ``path``; see `write_image`.

    Raises
    ------
    ValueError
        If the labels are not 2-D integers of these values.
    NpmError
        If the file cannot be written.
    """
    values = np.asarray(labels)
    if values.ndim != 2 or values.dtype.kind not in "iub":
        raise ValueError(f"labels are 2-D integers, not {values.dtype} of shape {values.shape}")
    if values.size and (values.min() < 0 or values.max() > max(Label)):
        raise ValueError(f"labels run from 0 to {max(Label)}")
    write_image(path, values.astype(np.uint8), pixel_size_nm, compress=True, before=before)


def read_labels(
    path: str | Path,
    shape: tuple[int, int] | None = None,
    values: type[Label] | type[Stroke] = Label,
) -> NDArray[np.uint8]:
    """Read a mask from TIFF, PNG or BMP; of a palette image the numbers, not the colours.

    Parameters
    ----------
    path : str or Path
        The label image.
    shape : tuple of int, optional
        (rows, columns) of the image that it must fit.
    values : Label or Stroke
        What its pixels mean.

    Returns
    -------
    ndarray of uint8, shape (rows, columns)
        ``values``, 0 where unlabelled.

    Raises
    ------
    NpmError
        If the file cannot be read, has other values, or another shape.
    """
    path = Path(path)
    raw, _ = read_raw(path)
    if raw.lossy:
        raise NpmError(
            f"{path.name} is stored with lossy {raw.lossy} compression, which changes labels: "
            "save the mask as TIFF or PNG."
        )
    labels, _ = to_grey(raw, path.name, indices=True)
    if labels.max() > max(values):
        meaning = ", ".join(f"{label.value} {label.name.lower()}" for label in values)
        what = "a mask" if values is Label else "an image of strokes"
        raise NpmError(
            f"{path.name} holds the value {labels.max()}, but {what} holds only 0 unlabelled, "
            f"{meaning}: save it with these values."
        )
    if shape is not None and labels.shape != tuple(shape):
        raise NpmError(
            f"{path.name} has {labels.shape[0]} rows and {labels.shape[1]} columns, its image has "
            f"{shape[0]} and {shape[1]}: make the mask on the image without its data bar."
        )
    return labels.astype(np.uint8)
