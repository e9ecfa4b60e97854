"""split: which tiles a network learns from and which it is tested on."""

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from napari_npm.core.errors import NpmError
from napari_npm.core.progress import Progress
from napari_npm.study.hashing import hash_value
from napari_npm.study.leaks import (
    INHERENT,
    LEAK,
    PIXELS,
    TWIN,
    leaks_of,
    pixel_keys,
    read_pixel_keys,
    refuse_leaks,
    twins_of,
    warnings_of,
)
from napari_npm.study.results import SPLIT_ITEM
from napari_npm.study.settings import SplitParameters
from napari_npm.study.split_lists import keep_list, list_content, listed_parts
from napari_npm.study.state import Record
from napari_npm.study.step import Item, Step, Stored
from napari_npm.study.store import tile_places
from napari_npm.study.study import Study
from napari_npm.study.tables import all_rows, tile_row, write_rows


class Split(Step[SplitParameters]):
    """Divide the tiles into training, validation and test parts."""

    name = "split"
    title = "Split"
    summary = "Divide tiles into training and test parts that share no specimen, place or pixels."
    needs = ("import",)
    version = 2
    parallel = False
    Parameters = SplitParameters

    def items(self, study: Study, parameters: SplitParameters) -> Sequence[Item]:
        """One item for the whole study."""
        tiles = [(tile.name, tile.sample, tile.specimen) for tile in study.tiles]
        inputs = {"tiles": hash_value([tiles, tile_places(study.tiles)])}
        inputs["images"] = hash_value([image.sha256 for image in study.images])
        if parameters.by == "list":
            content = list_content(study, parameters.list_file)
            inputs["list"] = hashlib.sha256(content).hexdigest()
        return [Item(SPLIT_ITEM, inputs)]

    def begin(
        self, study: Study, parameters: SplitParameters, items: Sequence[Item], progress: Progress
    ) -> None:
        """Read the images that were not read before, to know identical tiles."""
        read_pixel_keys(study, progress)

    def compute(
        self,
        study: Study,
        parameters: SplitParameters,
        item: Item,
        progress: Progress,
    ) -> tuple[Mapping[str, Any], ...]:
        """Return a row for each tile: its part, and what it shares with another part."""
        from napari_npm.core.leakage import KINDS
        from napari_npm.core.listed_split import check_parts

        if len({tile.sample for tile in study.tiles}) < 2:
            raise NpmError(
                "Telling samples apart needs images of at least two samples: import another one."
            )
        parts = _parts(study, parameters)
        check_parts(parts, study.tile_labels, [sample.name for sample in study.samples])
        keys = pixel_keys(study)
        twins = twins_of(study, keys)
        leaks = leaks_of(study, parts, twins)
        asked = INHERENT.get(parameters.by, set())
        allowed: set[str] = {*KINDS} if parameters.allow_leaks else asked
        refuse_leaks(leaks, study.tiles, allowed)
        shared: list[list[str]] = [[] for _ in study.tiles]
        for leak in leaks:
            for number in leak.tiles:
                shared[number].append(leak.kind)
        several = np.bincount(twins, minlength=len(twins)) > 1
        return tuple(
            {
                **tile_row(tile),
                "part": part,
                LEAK: " ".join(kinds),
                PIXELS: key,
                TWIN: study.tiles[twin].name if several[twin] else "",
            }
            for tile, part, kinds, key, twin in zip(
                study.tiles, parts, shared, keys, twins, strict=True
            )
        )

    def store(
        self,
        study: Study,
        parameters: SplitParameters,
        item: Item,
        result: Any,
    ) -> Stored:
        """Keep a row for each tile, and the list that was followed."""
        if parameters.by == "list":
            keep_list(study, parameters.list_file)
        # what depends on a split depends on its parts alone
        return Stored(hash_value([row["part"] for row in result]), result)

    def warnings(self, study: Study, parameters: SplitParameters) -> Sequence[str]:
        """Say what the parts share, and what could not be looked at."""
        return warnings_of(study.record("split", SPLIT_ITEM).rows)

    def finish(
        self,
        study: Study,
        parameters: SplitParameters,
        records: Sequence[Record],
    ) -> Sequence[Path]:
        """Write the table of parts."""
        return [write_rows(study, "split", all_rows(records))]


def _parts(study: Study, parameters: SplitParameters) -> list[str]:
    """Return the part of each tile."""
    from napari_npm.core.listed_split import split_as_listed
    from napari_npm.core.splitting import split_by_group, split_k_fold, split_tiles

    labels = study.tile_labels
    common: dict[str, Any] = {
        "validation_fraction": parameters.validation_fraction,
        "seed": parameters.seed,
        "names": [sample.name for sample in study.samples],
    }
    specimens = np.array([f"{tile.sample}/{tile.specimen}" for tile in study.tiles])
    if parameters.by == "list":
        listed, own, unit = listed_parts(study, parameters.list_file)
        found = split_as_listed(listed, own, unit=unit)
    elif parameters.by == "tile":
        found = split_tiles(labels, train_per_class=parameters.train_per_class, **common)
    elif parameters.by == "fold":
        found = split_k_fold(
            labels, specimens, folds=parameters.folds, fold=parameters.fold, **common
        )
    elif parameters.by == "image":
        images = np.array([tile.image for tile in study.tiles])
        found = split_by_group(
            labels, images, test_fraction=parameters.test_fraction, unit="image", **common
        )
    else:
        found = split_by_group(labels, specimens, test_fraction=parameters.test_fraction, **common)
    return [str(part) for part in found]
