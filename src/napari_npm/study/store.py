"""Stacks of tiles on disk: one zarr array a kind of map, one chunk a tile."""

import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from napari_npm.core.errors import NpmError
from napari_npm.core.tiling import TILE

# a tile of zeros is written too, so that a tile that is not on disk is known to be missing
_CONFIG = {"array.write_empty_chunks": True}


@dataclass(frozen=True)
class Tile:
    """Where a tile stands: its index in every stack, and its origin in its image."""

    index: int
    image: str
    sample: str
    specimen: str
    row: int
    col: int

    @property
    def origin(self) -> tuple[int, int]:
        """Row and column of its first pixel in its image."""
        return self.row, self.col

    @property
    def name(self) -> str:
        """Image and origin, such as ``S1-a-03@384,0``."""
        return f"{self.image}@{self.row},{self.col}"


def tile_places(tiles: Sequence[Tile]) -> list[tuple[int, int, int]]:
    """Return index and origin of tiles: what an item that reads or writes them depends on."""
    return [(tile.index, tile.row, tile.col) for tile in tiles]


class TileStack:
    """A stack of 384 x 384 tiles in a zarr array that grows with the study.

    Parameters
    ----------
    path : Path
        Folder of the array.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._opened: dict[str, tuple[tuple[int, int], Any]] = {}

    @property
    def exists(self) -> bool:
        """Whether anything was written yet."""
        return (self.path / "zarr.json").exists()

    def open(self) -> Any:
        """Return the zarr array (tiles, 384, 384), for reading.

        Raises
        ------
        NpmError
            If it is not there.
        """
        if not self.exists:
            raise NpmError(f"{self.path} is not there: run the step that makes it.")
        return self._open("r")

    def _open(self, mode: Literal["r", "r+"]) -> Any:
        """Return the zarr array; kept open, as opening takes as long as writing a tile."""
        import zarr

        about = (self.path / "zarr.json").stat()
        stamp = (about.st_mtime_ns, about.st_ino)
        if mode not in self._opened or self._opened[mode][0] != stamp:
            self._opened[mode] = (stamp, zarr.open_array(self.path, mode=mode))
        return self._opened[mode][1]

    def has(self, tiles: Sequence[Tile]) -> bool:
        """Tell whether the array is laid out for these tiles and each was written."""
        if not self.exists:
            return False
        array = self.open()
        names = array.attrs.get("tiles", ())
        return all(
            tile.index < len(names)
            and names[tile.index] == tile.name
            and self._chunk(array, tile).exists()
            for tile in tiles
        )

    def checked(self, tiles: Sequence[Tile]) -> Any:
        """Return the zarr array, for reading, after a look whether it has these tiles.

        Raises
        ------
        NpmError
            If one of them is not on disk, or the tiles were laid out anew since.
        """
        if not self.has(tiles):
            raise NpmError(
                f"{self.path} does not hold all tiles of this study: run the step that makes it."
            )
        return self.open()

    def _writable(self) -> Any:
        import zarr

        with zarr.config.set(_CONFIG):
            return self._open("r+")

    def _chunk(self, array: Any, tile: Tile) -> Path:
        key: str = array.metadata.encode_chunk_key((tile.index, 0, 0))
        return self.path / key

    def prepare(
        self, tiles: Sequence[Tile], dtype: str, pixel_size_nm: float, **attributes: Any
    ) -> None:
        """Make the array hold all tiles of a study, keeping what it has.

        Parameters
        ----------
        tiles : sequence of Tile
            All tiles of the study, in order.
        dtype : str
            Type of a pixel.
        pixel_size_nm : float
            Pixel size in nm, kept with the array.
        **attributes
            Further facts to keep with the array.
        """
        import zarr

        from napari_npm.io import writing

        shape = (len(tiles), TILE, TILE)
        with writing(self.path):
            if self.exists:
                array = self._writable()
                for leftover in self.path.rglob("*.partial"):
                    leftover.unlink(missing_ok=True)
            else:
                array = zarr.create_array(
                    self.path,
                    shape=shape,
                    chunks=(1, TILE, TILE),
                    dtype=dtype,
                    fill_value=0,
                )
            if array.shape != shape:
                array.resize(shape)
            wanted = {
                "pixel_size_nm": pixel_size_nm,
                "tiles": [tile.name for tile in tiles],
                **attributes,
            }
            if dict(array.attrs) != wanted:
                array.attrs.put(wanted)

    def remove(self) -> None:
        """Delete the array, if there is one."""
        from napari_npm.io import writing

        self._opened.clear()
        if self.path.exists():
            with writing(self.path):
                shutil.rmtree(self.path)

    def write(self, tiles: Sequence[Tile], values: NDArray[Any]) -> None:
        """Write tiles at their places; each is replaced as a whole.

        Parameters
        ----------
        tiles : sequence of Tile
            Which tiles.
        values : ndarray, shape (len(tiles), 384, 384)
            Their pixels.
        """
        from napari_npm.io import writing

        with writing(self.path):
            array = self._writable()
            for tile, value in zip(tiles, values, strict=True):
                array[tile.index] = value
                # zarr renames a finished file into place, but leaves it to us to see it on disk
                with self._chunk(array, tile).open("rb+") as file:
                    os.fsync(file.fileno())

    def read(self, tiles: Sequence[Tile]) -> NDArray[Any]:
        """Return tiles as an array of shape (len(tiles), 384, 384).

        Raises
        ------
        NpmError
            If one of them is not on disk, or the tiles were laid out anew since.
        """
        array = self.checked(tiles)
        if not tiles:
            return np.empty((0, TILE, TILE), array.dtype)
        return np.stack([np.asarray(array[tile.index]) for tile in tiles])
