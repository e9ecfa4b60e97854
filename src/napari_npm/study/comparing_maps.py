"""Which maps the compare step compares, and how they and their differences are read."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_npm.core.errors import NpmError
from napari_npm.core.progress import Progress

from .comparing import MATRIX, NORMALISED, ORDER, RAW, compare_path, read_part
from .results import Tiles, parts_of
from .settings import CompareParameters
from .store import Tile
from .study import Study

FEWEST = 3
"""Maps of a sample below which there is nothing to group."""


def compared_tiles(study: Study, sample: str, parameters: CompareParameters) -> list[Tile]:
    """Return the tiles of a sample that are compared.

    Raises
    ------
    NpmError
        If only those of the test part were asked for and there is no split.
    """
    tiles = [tile for tile in study.tiles if tile.sample == sample]
    if parameters.tiles == "all":
        return tiles
    parts = parts_of(study)
    return [tile for tile in tiles if parts[tile.index] == "test"]


def too_few(maps: Any) -> bool:
    """Tell whether there are too few maps to group."""
    return len(maps) < FEWEST


def read_maps(
    study: Study, model: str, tiles: Sequence[Tile], progress: Progress
) -> tuple[NDArray[np.float32], list[Tile], bool]:
    """Return the relevance of tiles on its raw scale, without tiles that have none.

    Parameters
    ----------
    study : Study
        The study.
    model : str
        Whose relevance.
    tiles : sequence of Tile
        The tiles.
    progress : Progress
        Called after each tile.

    Returns
    -------
    maps : ndarray of float32, (n, H, W)
        One array, filled tile by tile: 0.6 GB for 1000 tiles, and no copy of it.
    kept : list of Tile
        The tiles with any relevance, n.
    raw : bool
        Whether a raw scale is known: seamless relevance has none, and is as it is stored.
    """
    stack = Tiles(study.stack(f"relevance/{model}"), tiles)
    sums = _raw_sums(study, model, tiles)
    kept: list[Tile] = []
    maps = np.empty((len(tiles), *np.shape(stack[0])), dtype=np.float32)
    for number, tile in enumerate(tiles):
        one = stack[number]
        amount = float(one.sum(dtype=np.float64))
        if not np.isfinite(amount):
            raise NpmError(
                f"The relevance of {tile.name} holds values that are not numbers: run explain"
                " again with --force."
            )
        if amount > 0:
            maps[len(kept)] = one if sums is None else one * (sums[number] / amount)
            kept.append(tile)
        progress(0, len(tiles), f"reading {number + 1} of {len(tiles)} maps")
    return maps[: len(kept)], kept, sums is not None


def _raw_sums(study: Study, model: str, tiles: Sequence[Tile]) -> list[float] | None:
    """Return what the relevance of each tile sums to before it is scaled; None if not known."""
    known: dict[int, float | None] = {}
    for image in dict.fromkeys(tile.image for tile in tiles):
        for row in study.record("explain", f"{model}/{image}").rows:
            known[row["tile"]] = row.get("raw_sum")
    sums = []
    for tile in tiles:
        value = known.get(tile.index)
        if value is None or not np.isfinite(value) or value == 0:
            return None
        # a negative output has relevance that is not negative all the same
        sums.append(abs(value))
    return sums


def matrix_and_other(
    parts: dict[str, NDArray[Any]], order: dict[str, NDArray[Any]]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the matrix that was ordered, and that on the other scale (empty if not known)."""
    scale = str(order["scale"])
    return parts[scale], parts[RAW if scale == NORMALISED else NORMALISED]


def read_order(study: Study, model: str, sample: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the arrays of a sample's matrices, and of their orders."""
    return (
        read_part(compare_path(study, MATRIX, model, sample)),
        read_part(compare_path(study, ORDER, model, sample)),
    )
