"""Reading maps one by one or by the batch from anything that has a length and integer indexing."""

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from .errors import NpmError


class Maps(Protocol):
    """Maps (N, H, W): a numpy array, a zarr array, a list of arrays or a lazy view."""

    def __len__(self) -> int:
        """Return the number of maps."""

    def __getitem__(self, index: int, /) -> Any:
        """Return the map at an index as an array (H, W)."""


def read_map(maps: Maps, index: int) -> NDArray[np.float32]:
    """Return one map as float32.

    Raises
    ------
    NpmError
        If it is not a two-dimensional image or holds values that are not numbers.
    """
    image = np.asarray(maps[index], dtype=np.float32)
    if image.ndim != 2:
        raise NpmError(
            f"Map {index} has the shape {image.shape}: give maps of one channel, (rows, columns)."
        )
    if not np.isfinite(image).all():
        raise NpmError(
            f"Map {index} holds values that are not numbers (NaN or infinite): calibrate the image "
            "again or leave it out."
        )
    return image


def read_batch(maps: Maps, indices: Sequence[int]) -> NDArray[np.float32]:
    """Return maps of one size as an array (n, 1, H, W).

    Raises
    ------
    NpmError
        If a map cannot be used or the sizes differ.
    """
    images = [read_map(maps, int(index)) for index in indices]
    for index, image in zip(indices, images, strict=True):
        if image.shape != images[0].shape:
            raise NpmError(
                f"Map {index} is {image.shape[0]} x {image.shape[1]} px and map {indices[0]} is "
                f"{images[0].shape[0]} x {images[0].shape[1]} px: cut all maps to one size."
            )
    return np.stack(images)[:, None]
