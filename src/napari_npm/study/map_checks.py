"""Checks of maps that a step reads, which name the tile at fault."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_npm.core.errors import NpmError

from .store import Tile


def refuse_nan(maps: NDArray[Any], tiles: Sequence[Tile]) -> None:
    """Refuse porosity maps (N, H, W) of tiles (N) that hold NaN or infinite values.

    Raises
    ------
    NpmError
        Naming the first such tile.
    """
    for one, tile in zip(maps, tiles, strict=True):
        if not np.isfinite(one).all():
            raise NpmError(
                f"The porosity of {tile.name} holds values that are not numbers: run calibrate"
                " again with --force."
            )
