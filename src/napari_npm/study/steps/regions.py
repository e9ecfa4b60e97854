"""regions: characteristic regions and boundary features (paper, section 2.3, Fig. 5)."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from napari_npm.core.progress import Progress
from napari_npm.study.hashing import hash_array
from napari_npm.study.results import Flag
from napari_npm.study.settings import RegionsParameters
from napari_npm.study.state import Record
from napari_npm.study.step import Item, Step, Stored
from napari_npm.study.study import Study
from napari_npm.study.tables import all_rows, tile_row, write_rows
from napari_npm.study.wiring import map_inputs, trained


class Regions(Step[RegionsParameters]):
    """Find the pixels that carry most of the relevance, and the boundaries of relevance."""

    name = "regions"
    title = "Characteristic regions"
    summary = "Find the regions that hold 70 % of the relevance, and the boundary features."
    needs = ("explain",)
    Parameters = RegionsParameters

    def items(self, study: Study, parameters: RegionsParameters) -> Sequence[Item]:
        """One item a model and image."""
        return [
            Item(
                f"{model}/{image.id}",
                {
                    "relevance": study.record("explain", f"{model}/{image.id}").output,
                    **map_inputs(study, image.id, model),
                },
            )
            for model in trained(study)
            for image in study.images
        ]

    def kept(self, study: Study, parameters: RegionsParameters, item: Item) -> bool:
        """Tell whether the image's flags are still there."""
        model, image = item.id.split("/", 1)
        return study.stack(f"regions/{model}").has(study.tiles_of(image))

    def prepare(self, study: Study, parameters: RegionsParameters) -> None:
        """Make room for the flags."""
        flags = {flag.name.lower(): int(flag) for flag in Flag if flag.name}
        for model in trained(study):
            study.stack(f"regions/{model}").prepare(
                study.tiles, "uint8", study.pixel_size_nm, model=model, flags=flags
            )

    def compute(
        self,
        study: Study,
        parameters: RegionsParameters,
        item: Item,
        progress: Progress,
    ) -> Any:
        """Return the flags of an image's tiles and a row for each."""
        from napari_npm.core.regions import (
            boundary_features,
            characteristic_regions,
            isodata_split,
        )

        model, image = item.id.split("/", 1)
        tiles = study.tiles_of(image)
        maps = study.stack(model).read(tiles)
        relevance = study.stack(f"relevance/{model}").read(tiles)
        flags = np.zeros(maps.shape, np.uint8)
        rows = []
        for number, tile in enumerate(tiles):
            high = isodata_split(maps[number]).high
            regions = characteristic_regions(relevance[number], parameters.share)
            edges = boundary_features(relevance[number], parameters.gradient, high)
            flags[number] = (
                Flag.CHARACTERISTIC * regions.mask
                + Flag.BOUNDARY * edges.mask
                + Flag.HIGH_POROSITY * high
            )
            rows.append(
                {
                    **tile_row(tile),
                    "model": model,
                    "area_fraction": regions.area_fraction,
                    "share": regions.reached,
                    "high_area_fraction": _share(regions.mask & high, regions.mask),
                    "high_relevance_fraction": float(
                        relevance[number][high].sum(dtype=float)
                        / relevance[number].sum(dtype=float)
                    ),
                    "boundary_area_fraction": edges.area_fraction,
                    "boundary_high_fraction": edges.high_fraction,
                    "boundary_low_fraction": edges.low_fraction,
                }
            )
        return flags, tuple(rows)

    def store(
        self,
        study: Study,
        parameters: RegionsParameters,
        item: Item,
        result: Any,
    ) -> Stored:
        """Write the flags; keep the rows."""
        model, image = item.id.split("/", 1)
        flags, rows = result
        study.stack(f"regions/{model}").write(study.tiles_of(image), flags)
        return Stored(hash_array(flags), rows)

    def finish(
        self,
        study: Study,
        parameters: RegionsParameters,
        records: Sequence[Record],
    ) -> Sequence[Path]:
        """Write one table a model."""
        rows = all_rows(records)
        return [
            write_rows(study, f"regions_{model}", [row for row in rows if row["model"] == model])
            for model in dict.fromkeys(row["model"] for row in rows)
        ]


def _share(part: Any, whole: Any) -> float:
    return float(part.sum() / whole.sum()) if whole.any() else 0.0
