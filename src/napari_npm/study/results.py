"""Reading what the steps made, for other steps, figures and reports."""

from collections.abc import Sequence
from enum import IntFlag
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .store import Tile, TileStack
from .study import Study

if TYPE_CHECKING:
    from napari_npm.core.correlation import TwoPoint

SPLIT_ITEM = "split"
"""The one item of the split step."""
WHOLE = "whole"
REGIONS = "regions"
"""Where pairs of pixels are counted: in whole maps, in characteristic regions."""


class Flag(IntFlag):
    """Bits of the ``regions/<model>`` stacks."""

    CHARACTERISTIC = 1
    BOUNDARY = 2
    HIGH_POROSITY = 4


class Tiles:
    """Some tiles of a stack, read one at a time."""

    def __init__(self, stack: TileStack, tiles: Sequence[Tile]) -> None:
        self._array = stack.checked(tiles)
        self._tiles = tiles

    def __len__(self) -> int:
        return len(self._tiles)

    def __getitem__(self, number: int) -> Any:
        return np.asarray(self._array[self._tiles[number].index])


def parts_of(study: Study) -> list[str]:
    """Return the part of each tile: ``train``, ``validation`` or ``test``."""
    return [row["part"] for row in study.record("split", SPLIT_ITEM).rows]


def two_point_of(study: Study, source: str, sample: str) -> "TwoPoint | None":
    """Return S2 of a sample from its blocks' counts, or None where there are none.

    Parameters
    ----------
    study : Study
        The study.
    source : str
        ``"whole"`` or ``"regions"``.
    sample : str
        Name of the sample.
    """
    from napari_npm.core.correlation import build, combine

    parts = []
    for item in study.state("correlate").records:
        one_source, _, one_sample = item.split("/", 2)
        if (one_source, one_sample) == (source, sample):
            with np.load(count_path(study, item), allow_pickle=False) as file:
                parts.append(build(file["counts"], file["grouped"], file["edges"]))
    return combine(parts) if parts else None


def count_path(study: Study, item: str) -> Path:
    """Return where the pair counts of an item of the correlate step are kept."""
    return study.folder / "state" / "correlate" / f"{item.replace('/', '-')}.npz"
