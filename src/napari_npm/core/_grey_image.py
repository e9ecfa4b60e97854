"""Checks that the masking functions share."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .errors import NpmError


def grey_image(image: ArrayLike) -> NDArray[np.generic]:
    """Return the image as an array.

    Raises
    ------
    NpmError
        If it is not a grey image of two dimensions with finite values.
    """
    array = np.asarray(image)
    if array.ndim != 2 or array.size == 0 or array.dtype.kind not in "iuf":
        raise NpmError(
            f"A grey image of two dimensions is needed, not one of shape {array.shape} and type "
            f"{array.dtype}; convert colour images to grey first."
        )
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise NpmError("The image holds NaN or infinite values; replace them first.")
    return array


def region_of(region: ArrayLike, shape: tuple[int, ...], what: str) -> NDArray[np.bool_]:
    """Return a region as an array of bool.

    Raises
    ------
    NpmError
        If it has not the image's shape.
    """
    array = np.asarray(region)
    if array.shape != shape:
        raise NpmError(
            f"The {what} has shape {array.shape} but the image {shape}; use the one that belongs "
            "to this image."
        )
    return array.astype(np.bool_)
