"""correlate: two-point correlation of whole maps and of characteristic regions (section 2.3)."""

import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_npm.core.progress import Progress
from napari_npm.study.hashing import hash_array
from napari_npm.study.results import REGIONS, WHOLE, Flag, count_path, two_point_of
from napari_npm.study.settings import CorrelateParameters
from napari_npm.study.state import Record
from napari_npm.study.step import Item, Step, Stored
from napari_npm.study.store import Tile, tile_places
from napari_npm.study.study import Study
from napari_npm.study.tables import write_rows

if TYPE_CHECKING:
    from napari_npm.core.correlation import Length

BLOCK = 32
"""Tiles counted together: what an interrupted run loses at most."""


class Correlate(Step[CorrelateParameters]):
    """S2(r, dn) of each sample, whole maps and characteristic regions."""

    name = "correlate"
    title = "S2"
    summary = "Two-point correlation S2(r, dn) of MulF maps and of their characteristic regions."
    needs = ("calibrate",)
    parallel = False
    choosing = ("whole", "regions")
    Parameters = CorrelateParameters

    def items(self, study: Study, parameters: CorrelateParameters) -> Sequence[Item]:
        """One item a source, sample and block of tiles."""
        found = []
        for source in sources(study, parameters):
            for sample in study.samples:
                for number, tiles in enumerate(_blocks(study, sample.name)):
                    images = list(dict.fromkeys(tile.image for tile in tiles))
                    inputs: dict[str, Any] = {
                        "tiles": tile_places(tiles),
                        "maps": [study.record("calibrate", image).output for image in images],
                    }
                    if source == REGIONS:
                        inputs["regions"] = [
                            study.record("regions", f"mulf/{image}").output for image in images
                        ]
                    found.append(Item(f"{source}/{number}/{sample.name}", inputs, len(tiles)))
        return found

    def kept(self, study: Study, parameters: CorrelateParameters, item: Item) -> bool:
        """Tell whether the block's counts are still there."""
        return count_path(study, item.id).exists()

    def compute(
        self, study: Study, parameters: CorrelateParameters, item: Item, progress: Progress
    ) -> Any:
        """Return the pair counts of a block of tiles."""
        from napari_npm.core.correlation import two_point

        source, number, sample = item.id.split("/", 2)
        tiles = list(_blocks(study, sample))[int(number)]
        masks = None
        if source == REGIONS:
            masks = (study.stack("regions/mulf").read(tiles) & Flag.CHARACTERISTIC) > 0
        return two_point(
            study.stack("mulf").read(tiles), masks, r_max=parameters.r_max_px, progress=progress
        )

    def store(
        self,
        study: Study,
        parameters: CorrelateParameters,
        item: Item,
        result: Any,
    ) -> Stored:
        """Keep the counts of the block."""
        from napari_npm.io import write_bytes

        buffer = io.BytesIO()
        np.savez_compressed(
            buffer, counts=result.counts, grouped=result.grouped, edges=result.edges
        )
        write_bytes(count_path(study, item.id), buffer.getvalue())
        return Stored(hash_array(result.counts))

    def finish_inputs(self, study: Study, parameters: CorrelateParameters) -> Any:
        """Return the samples' labels, which stand in the table of lengths."""
        return [[sample.name, sample.label] for sample in study.samples]

    def finish(
        self, study: Study, parameters: CorrelateParameters, records: Sequence[Record]
    ) -> Sequence[Path]:
        """Write S2 of each source and sample, and the table of lengths."""
        from napari_npm.core.correlation import characteristic_length, correlation_length

        ids = [record.item for record in records]
        wanted = {count_path(study, item) for item in ids}
        for path in count_path(study, "x/0/x").parent.glob("*.npz"):
            if path not in wanted:
                path.unlink()
        files, lengths = [], []
        pixel = study.pixel_size_nm
        for source in sources(study, parameters):
            for sample in study.samples:
                found = two_point_of(study, source, sample.name)
                if found is None:
                    continue
                rows = [
                    {
                        "r_px": int(r),
                        "r_um": float(r) * pixel / 1000,
                        **{f"dn_{level}": p for level, p in enumerate(line.tolist())},
                    }
                    for r, line in zip(found.r, found.probability, strict=True)
                ]
                files.append(write_rows(study, f"s2_{source}_{sample.name}", rows))
                lengths.append(
                    {
                        "source": source,
                        "sample": sample.name,
                        "label": sample.label,
                        **_columns("correlation", correlation_length(found, pixel)),
                        **_columns("characteristic", characteristic_length(found, pixel)),
                    }
                )
        files.append(write_rows(study, "lengths", lengths))
        return files


def sources(study: Study, parameters: CorrelateParameters) -> list[str]:
    """Return where pairs are counted: whole maps, and regions where there are any."""
    found = [WHOLE] if parameters.whole else []
    has_regions = any(item.startswith("mulf/") for item in study.state("regions").records)
    return [*found, REGIONS] if parameters.regions and has_regions else found


def _columns(name: str, length: "Length") -> dict[str, Any]:
    return {
        f"{name}_length_um": length.um,
        f"{name}_low_um": length.low_um,
        f"{name}_high_um": length.high_um,
        f"{name}_determined": length.determined,
        f"{name}_limit": length.limit,
    }


def _blocks(study: Study, sample: str) -> Iterator[list[Tile]]:
    tiles = [tile for tile in study.tiles if tile.sample == sample]
    for start in range(0, len(tiles), BLOCK):
        yield tiles[start : start + BLOCK]
