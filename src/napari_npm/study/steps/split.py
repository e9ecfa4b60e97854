"""split: which tiles a network learns from and which it is tested on."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from napari_npm.core.errors import NpmError
from napari_npm.core.progress import Progress
from napari_npm.study.hashing import hash_value
from napari_npm.study.results import SPLIT_ITEM
from napari_npm.study.settings import SplitParameters
from napari_npm.study.state import Record
from napari_npm.study.step import Item, Step, Stored
from napari_npm.study.store import tile_places
from napari_npm.study.study import Study
from napari_npm.study.tables import all_rows, tile_row, write_rows


class Split(Step[SplitParameters]):
    """Divide the tiles into training, validation and test parts."""

    name = "split"
    title = "Split"
    summary = "Divide tiles into training and test parts, keeping each specimen on one side."
    needs = ("import",)
    parallel = False
    Parameters = SplitParameters

    def items(self, study: Study, parameters: SplitParameters) -> Sequence[Item]:
        """One item for the whole study."""
        tiles = [(tile.name, tile.sample, tile.specimen) for tile in study.tiles]
        return [Item(SPLIT_ITEM, {"tiles": hash_value([tiles, tile_places(study.tiles)])})]

    def compute(
        self,
        study: Study,
        parameters: SplitParameters,
        item: Item,
        progress: Progress,
    ) -> tuple[str, ...]:
        """Return the part of each tile."""
        from napari_npm.core.evaluation import split_by_group, split_tiles

        if len({tile.sample for tile in study.tiles}) < 2:
            raise NpmError(
                "Telling samples apart needs images of at least two samples: import another one."
            )
        labels = study.tile_labels
        names = [sample.name for sample in study.samples]
        if parameters.by == "tile":
            parts = split_tiles(
                labels,
                train_per_class=parameters.train_per_class,
                seed=parameters.seed,
                names=names,
            )
        else:
            parts = split_by_group(
                labels,
                np.array([f"{tile.sample}/{tile.specimen}" for tile in study.tiles]),
                test_fraction=parameters.test_fraction,
                validation_fraction=parameters.validation_fraction,
                seed=parameters.seed,
                names=names,
            )
        return tuple(str(part) for part in parts)

    def store(
        self,
        study: Study,
        parameters: SplitParameters,
        item: Item,
        result: Any,
    ) -> Stored:
        """Keep a row for each tile."""
        rows = tuple(
            {**tile_row(tile), "part": part} for tile, part in zip(study.tiles, result, strict=True)
        )
        return Stored(hash_value(result), rows)

    def finish(
        self,
        study: Study,
        parameters: SplitParameters,
        records: Sequence[Record],
    ) -> Sequence[Path]:
        """Write the table of parts."""
        return [write_rows(study, "split", all_rows(records))]
