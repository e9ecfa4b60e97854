"""Reading what the steps made, for other steps, figures and reports."""

from collections.abc import Sequence
from enum import IntFlag
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_npm.core.errors import NpmError

from .arrays import read_arrays
from .folder import command
from .store import Tile, TileStack
from .study import Study

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_npm.core.correlation import TwoPoint

SPLIT_ITEM = "split"
"""The one item of the split step."""
WHOLE = "whole"
REGIONS = "regions"
"""Where pairs of pixels are counted: in whole maps, in characteristic regions (of MulF models)."""


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


def regions_source(model: str) -> str:
    """Return the name of the source "characteristic regions of a model"."""
    return REGIONS if model == "mulf" else f"{REGIONS}_{model}"


def two_point_of(study: Study, source: str, sample: str) -> "TwoPoint | None":
    """Return S2 of a sample from its blocks' counts, or None where there are no pairs.

    Parameters
    ----------
    study : Study
        The study.
    source : str
        ``"whole"``, ``"regions"`` (those of the MulF model), ``"regions_micf"`` or
        ``"regions_both"``.
    sample : str
        Name of the sample. Its maps are in the order of the study's tiles.

    Raises
    ------
    NpmError
        If counts are damaged, or of different settings, as an interrupted run leaves them.
    """
    from napari_npm.core.correlation import build

    blocks = _blocks_of(study, source, sample)
    if not blocks or not any(block["counts"].any() for block in blocks):
        return None
    counts = np.sum([block["counts"] for block in blocks], axis=0)
    grouped = np.concatenate([block["grouped"] for block in blocks])
    return build(counts, grouped, blocks[0]["edges"])


def directions_of(study: Study, source: str, sample: str) -> "tuple[TwoPoint, ...]":
    """Return S2 of a sample in each sector of angle; none where they were not counted apart."""
    from napari_npm.core.correlation import build

    blocks = _blocks_of(study, source, sample)
    if not blocks or "sectors" not in blocks[0]:
        return ()
    counts = np.sum([block["sectors"] for block in blocks], axis=0)
    if not counts.any(axis=(1, 2)).all():
        return ()
    grouped = np.concatenate([block["sectors_grouped"] for block in blocks], axis=1)
    return tuple(
        build(one, parts, blocks[0]["edges"]) for one, parts in zip(counts, grouped, strict=True)
    )


def _blocks_of(study: Study, source: str, sample: str) -> "list[dict[str, NDArray[Any]]]":
    found = {}
    for item in study.state("correlate").records:
        one_source, number, one_sample = item.split("/", 2)
        if (one_source, one_sample) == (source, sample):
            found[int(number)] = _counts(study, count_path(study, item))
    blocks = [found[number] for number in sorted(found)]
    sums = ("counts", "sectors")
    layouts = {
        tuple((name, block[name].shape) for name in block if name in sums) for block in blocks
    }
    if len(layouts) > 1:
        raise NpmError(
            f"Only a part of {sample} was correlated with the present settings: run"
            f" {command('correlate', study.folder)} to its end."
        )
    return blocks


def _counts(study: Study, path: Path) -> "dict[str, NDArray[Any]]":
    try:
        return read_arrays(path)
    except ValueError as error:
        raise NpmError(damaged(study, "correlate", path)) from error


def damaged(study: Study, step: str, path: Path) -> str:
    """Return the sentence on a file of a step that cannot be read."""
    return f"{path} is damaged: run {command(f'{step} --force', study.folder)}."


def count_path(study: Study, item: str) -> Path:
    """Return where the pair counts of an item of the correlate step are kept."""
    return study.folder / "state" / "correlate" / f"{item.replace('/', '-')}.npz"
