"""Windows laid over an image with a stride, cut out one at a time, and blended without seams."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import nn

from .errors import NpmError
from .network import NanoporosityNet
from .tiling import tile_origins

_STRIP_PX = 1 << 20  # pixels of the image that are divided at a time


@dataclass(frozen=True)
class Windows:
    """Square windows in rows and columns over an image; every pixel lies in at least one.

    Attributes
    ----------
    shape : (int, int)
        Rows and columns of the image, px.
    tile, stride : int
        Side of a window and distance of neighbours, px; the last window of a row or column is
        shifted inwards until it fits.
    rows, columns : tuple of int
        First pixel row of each row of windows, and first pixel column of each column of them.
    """

    shape: tuple[int, int]
    tile: int
    stride: int
    rows: tuple[int, ...]
    columns: tuple[int, ...]

    @classmethod
    def lay(cls, shape: tuple[int, int], tile: int, stride: int) -> "Windows":
        """Lay windows over an image."""
        if not 1 <= stride <= max(tile, 1):
            raise NpmError(
                f"The stride must be from 1 to {tile} px, the side of a tile, not {stride}: a"
                " larger one would leave pixels out."
            )
        origins = tile_origins(shape, tile=tile, overlap=tile - stride, edge="shift")
        rows, columns = (tuple(sorted(set(starts))) for starts in zip(*origins, strict=True))
        return cls(shape, tile, stride, rows, columns)

    def __len__(self) -> int:
        return len(self.rows) * len(self.columns)

    def origin(self, number: int) -> tuple[int, int]:
        """Return the first row and column of a window; they are counted row by row."""
        row, column = divmod(number, len(self.columns))
        return self.rows[row], self.columns[column]

    @cached_property
    def weight(self) -> NDArray[np.float64]:
        """Weight (tile,) of a window's pixels along one side: sine squared, above 0 everywhere."""
        return np.asarray(np.sin(np.pi * (np.arange(self.tile) + 0.5) / self.tile) ** 2)

    def shares(self, axis: int, step: int = 1) -> NDArray[np.float64]:
        """Return what each window says in each row (axis 0) or column (1) of the image.

        Returns
        -------
        ndarray of float64, (ceil(side / step), windows)
            Rows sum to 1; with a step the mean over that many pixels.
        """
        side, starts = self.shape[axis], (self.rows, self.columns)[axis]
        found = np.zeros((side, len(starts)))
        for number, start in enumerate(starts):
            found[start : start + self.tile, number] = self.weight
        found /= found.sum(1, keepdims=True)
        if step == 1:
            return found
        firsts = np.arange(0, side, step)
        counts = np.diff([*firsts, side])
        return np.asarray(np.add.reduceat(found, firsts, axis=0) / counts[:, None])

    @cached_property
    def area(self) -> NDArray[np.float64]:
        """Share of the image (rows, columns) that each window speaks for; they sum to 1."""
        return np.outer(self.shares(0).mean(0), self.shares(1).mean(0))


class Crops:
    """What the windows show of an image (H, W) or (C, H, W), cut out one at a time.

    The image may be anything that slices like an array, such as one that stays on disk.
    """

    def __init__(self, image: Any, windows: Windows) -> None:
        self._image = image
        self._windows = windows

    def __len__(self) -> int:
        return len(self._windows)

    def __getitem__(self, number: int) -> NDArray[np.float32]:
        (row, column), tile = self._windows.origin(number), self._windows.tile
        part = (..., slice(row, row + tile), slice(column, column + tile))
        crop = np.asarray(self._image[part], dtype=np.float32)
        bad = ~np.isfinite(crop)
        if bad.any():
            place = np.argwhere(bad)[0][-2:] + np.array((row, column))
            raise NpmError(
                f"The map holds NaN or infinity at row {place[0]}, column {place[1]}: calibrate the"
                " image again."
            )
        return crop


class Blend:
    """The weighted mean of what windows say of their pixels, without seams where they end.

    Only the sum over the windows is kept whole; their weights are found again for a strip of rows
    at a time.
    """

    def __init__(self, windows: Windows) -> None:
        self._windows = windows
        self._weights = np.outer(windows.weight, windows.weight).astype(np.float32)
        self._sum = np.zeros(windows.shape, np.float32)

    def add(self, number: int, values: NDArray[np.float32]) -> None:
        """Add what a window says, (tile, tile)."""
        (row, column), tile = self._windows.origin(number), self._windows.tile
        self._sum[row : row + tile, column : column + tile] += values * self._weights

    def mean(self, field: NDArray[np.float64] | None = None) -> NDArray[np.float32]:
        """Return the mean, after which nothing may be added.

        Parameters
        ----------
        field : ndarray, (tile, tile), optional
            What a window says of its pixels on average: then what they said in units of that.
        """
        for rows, weights in self._strips(field):
            self._sum[rows] /= weights
        return self._sum

    def _strips(
        self, field: NDArray[np.float64] | None
    ) -> Iterator[tuple[slice, NDArray[np.float64]]]:
        windows, (height, width) = self._windows, self._windows.shape
        one = np.outer(windows.weight, windows.weight)
        if field is not None:
            one *= field
        row_of_windows = np.zeros((windows.tile, width))
        for column in windows.columns:
            row_of_windows[:, column : column + windows.tile] += one
        step = max(_STRIP_PX // width, 1)
        for first in range(0, height, step):
            last = min(first + step, height)
            weights = np.zeros((last - first, width))
            for row in windows.rows:
                low, high = max(first, row), min(last, row + windows.tile)
                if low < high:
                    weights[low - first : high - first] += row_of_windows[low - row : high - row]
            yield slice(first, last), weights


def lay_windows(model: nn.Module, image: Any, tile: int, stride: int) -> Windows:
    """Lay windows over an image (H, W) or (C, H, W) that a network reads.

    Raises
    ------
    NpmError
        If the image is smaller than a tile, has not the channels that the network reads, or the
        tile or the stride cannot be used.
    """
    shape = tuple(image.shape)
    if len(shape) not in (2, 3):
        raise NpmError(
            f"Give one map (rows, columns) or (channels, rows, columns), not one of shape {shape}."
        )
    windows = Windows.lay((int(shape[-2]), int(shape[-1])), tile, stride)
    if isinstance(model, NanoporosityNet):
        model.check_map((*shape[:-2], tile, tile))
    return windows
