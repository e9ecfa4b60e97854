"""Cutting mosaics into the square tiles that the network takes, and putting tiles back."""

from collections.abc import Iterable, Sequence
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .errors import NpmError

#: Side of a tile in px: 20 µm at the paper's 52 nm/px (section 2.2).
TILE = 384

Edge = Literal["drop", "shift"]


def tile_origins(
    shape: tuple[int, int], *, tile: int = TILE, overlap: int = 0, edge: Edge = "drop"
) -> tuple[tuple[int, int], ...]:
    """Lay tiles over an image, row by row from the top left.

    Parameters
    ----------
    shape : (int, int)
        Rows and columns of the image.
    tile : int
        Side of a tile in px.
    overlap : int
        Pixels that neighbouring tiles share, from 0 to ``tile - 1``. Overlapping tiles are not
        independent of each other.
    edge : {"drop", "shift"}
        What becomes of a rest at the right and lower edge that is narrower than a tile: it is
        left out, or covered by a last tile moved back until it fits (which then overlaps its
        neighbour by more than ``overlap``).

    Returns
    -------
    tuple of (int, int)
        Row and column of the top-left pixel of each tile.

    Raises
    ------
    NpmError
        If the image is smaller than one tile, or a parameter is out of bounds.
    """
    rows, columns = shape
    if tile < 1:
        raise NpmError(f"A tile must be at least 1 px wide, not {tile}.")
    if not 0 <= overlap < tile:
        raise NpmError(f"The overlap must be from 0 to {tile - 1} px, not {overlap}.")
    if edge not in get_args(Edge):
        raise NpmError(f"The edge must be 'drop' or 'shift', not {edge!r}.")
    if min(rows, columns) < tile:
        raise NpmError(
            f"The image is {columns} x {rows} px, smaller than one tile of {tile} x {tile} px; "
            "take a larger image or a smaller tile."
        )
    return tuple(
        (row, column)
        for row in _starts(rows, tile, overlap, edge)
        for column in _starts(columns, tile, overlap, edge)
    )


def cut_tiles(
    image: ArrayLike, origins: Sequence[tuple[int, int]], tile: int = TILE
) -> NDArray[np.generic]:
    """Cut tiles out of an image.

    Parameters
    ----------
    image : array_like, shape (H, W)
        Image or mask of any type.
    origins : sequence of (int, int)
        Top-left pixel of each tile; see `tile_origins`.
    tile : int
        Side of a tile in px.

    Returns
    -------
    ndarray, shape (N, tile, tile)
        A copy, of the image's type.

    Raises
    ------
    NpmError
        If the image is not 2-D or a tile reaches beyond it.
    """
    image = np.asarray(image)
    if image.ndim != 2:
        raise NpmError(f"An image of two dimensions is needed, not one of shape {image.shape}.")
    tiles = np.empty((len(origins), tile, tile), dtype=image.dtype)
    for index, origin in enumerate(origins):
        tiles[index] = image[_window(origin, (tile, tile), image.shape)]
    return tiles


def assemble(
    tiles: Iterable[ArrayLike],
    origins: Sequence[tuple[int, int]],
    shape: tuple[int, int],
    fill: float = 0,
) -> NDArray[np.generic]:
    """Put tiles back where they came from.

    Parameters
    ----------
    tiles : iterable of array_like, each (H, W)
        The tiles, such as an array or zarr array of shape (N, H, W); read one at a time.
    origins : sequence of (int, int)
        Top-left pixel of each tile.
    shape : (int, int)
        Rows and columns of the result.
    fill : float
        Value where there is no tile.

    Returns
    -------
    ndarray, shape ``shape``
        Of the tiles' type. Where tiles overlap the last one counts.

    Raises
    ------
    NpmError
        If there are not as many tiles as origins, or a tile reaches beyond ``shape``.
    """
    out: NDArray[np.generic] | None = None
    count = 0
    for tile in tiles:
        array = np.asarray(tile)
        if out is None:
            out = np.full(shape, fill, dtype=array.dtype)
        if count < len(origins):
            out[_window(origins[count], array.shape, shape)] = array
        count += 1
    if count != len(origins):
        raise NpmError(f"There are {count} tiles but {len(origins)} places; give one for each.")
    return np.full(shape, fill) if out is None else out


def _starts(size: int, tile: int, overlap: int, edge: Edge) -> list[int]:
    starts = list(range(0, size - tile + 1, tile - overlap))
    if edge == "shift" and starts[-1] + tile < size:
        starts.append(size - tile)
    return starts


def _window(
    origin: tuple[int, int], tile: tuple[int, ...], shape: tuple[int, ...]
) -> tuple[slice, ...]:
    window = tuple(slice(at, at + side) for at, side in zip(origin, tile, strict=True))
    if any(part.start < 0 or part.stop > size for part, size in zip(window, shape, strict=True)):
        raise NpmError(
            f"A tile of {tile} px at {tuple(origin)} reaches beyond the image of {tuple(shape)} px;"
            " use the origins that belong to this image."
        )
    return window
