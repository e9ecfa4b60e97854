"""threshold: low- and high-porosity parts by the isodata threshold (SI section 2)."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from napari_npm.core.progress import Progress
from napari_npm.study.hashing import hash_value
from napari_npm.study.settings import ThresholdParameters
from napari_npm.study.state import Record
from napari_npm.study.step import Item, Step, Stored
from napari_npm.study.study import Study
from napari_npm.study.tables import all_rows, tile_row, write_rows
from napari_npm.study.wiring import map_inputs


class Threshold(Step[ThresholdParameters]):
    """Split every map into its low- and high-porosity part."""

    name = "threshold"
    title = "LP/HP"
    summary = "Split maps into low- and high-porosity parts by the isodata threshold."
    needs = ("smooth",)
    Parameters = ThresholdParameters

    def items(self, study: Study, parameters: ThresholdParameters) -> Sequence[Item]:
        """One item a kind of map and image."""
        return [
            Item(f"{kind}/{image.id}", map_inputs(study, image.id, kind))
            for kind in ("mulf", "micf")
            for image in study.images
        ]

    def compute(
        self,
        study: Study,
        parameters: ThresholdParameters,
        item: Item,
        progress: Progress,
    ) -> tuple[dict[str, Any], ...]:
        """Return a row for each tile of an image."""
        from napari_npm.core.regions import isodata_split

        kind, image = item.id.split("/", 1)
        tiles = study.tiles_of(image)
        rows = []
        for tile, one in zip(tiles, study.stack(kind).read(tiles), strict=True):
            split = isodata_split(one)
            rows.append(
                {
                    **tile_row(tile),
                    "map": kind,
                    "level": split.threshold,
                    "porosity": split.porosity,
                    "roots": " ".join(map(str, split.roots)),
                    "high_fraction": float(np.mean(split.high)),
                }
            )
        return tuple(rows)

    def store(
        self,
        study: Study,
        parameters: ThresholdParameters,
        item: Item,
        result: Any,
    ) -> Stored:
        """Keep the rows."""
        return Stored(hash_value(result), result)

    def finish(
        self,
        study: Study,
        parameters: ThresholdParameters,
        records: Sequence[Record],
    ) -> Sequence[Path]:
        """Write one table a kind of map."""
        rows = all_rows(records)
        return [
            write_rows(study, f"threshold_{kind}", [row for row in rows if row["map"] == kind])
            for kind in ("mulf", "micf")
        ]
