"""Reading maps one by one or by the batch from anything that has a length and integer indexing."""

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from .errors import NpmError


class Maps(Protocol):
    """Maps (N, H, W), or (N, C, H, W) of C channels: an array, a list or a lazy view."""

    def __len__(self) -> int:
        """Return the number of maps."""

    def __getitem__(self, index: int, /) -> Any:
        """Return the map at an index as an array (H, W) or (C, H, W)."""


def read_map(maps: Maps, index: int) -> NDArray[np.float32]:
    """Return one map as float32: (H, W), or (C, H, W) of several channels.

    Raises
    ------
    NpmError
        If it is neither, is empty, or holds values that are not numbers.
    """
    image = np.asarray(maps[index], dtype=np.float32)
    if image.ndim not in (2, 3) or image.size == 0:
        raise NpmError(
            f"Map {index} has the shape {image.shape}: give maps of (rows, columns), or "
            "(channels, rows, columns)."
        )
    if not np.isfinite(image).all():
        raise NpmError(
            f"Map {index} holds values that are not numbers (NaN or infinite): calibrate the image "
            "again or leave it out."
        )
    return image


def read_batch(maps: Maps, indices: Sequence[int]) -> NDArray[np.float32]:
    """Return maps of one size as an array (n, C, H, W); C is 1 for maps (H, W).

    Raises
    ------
    NpmError
        If a map cannot be used or the sizes differ.
    """
    images = [with_channels(read_map(maps, int(index))) for index in indices]
    for index, image in zip(indices, images, strict=True):
        check_same(index, image.shape, indices[0], images[0].shape)
    return np.stack(images)


def with_channels(image: NDArray[Any]) -> NDArray[Any]:
    """Return a map (H, W) as (1, H, W), and one of several channels as it is."""
    return image[None] if image.ndim == 2 else image


def check_same(
    index: int, shape: tuple[int, ...], other: int, other_shape: tuple[int, ...]
) -> None:
    """Raise NpmError if two maps differ in size or channels."""
    if shape == other_shape:
        return
    one, two = (
        f"{s[-2]} x {s[-1]} px" + (f" with {s[0]} channels" if len(s) == 3 and s[0] > 1 else "")
        for s in (shape, other_shape)
    )
    raise NpmError(f"Map {index} is {one} and map {other} is {two}: cut all maps to one size.")
