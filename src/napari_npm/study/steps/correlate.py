"""correlate: two-point correlation of whole maps and of characteristic regions (section 2.3)."""

import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from napari_npm.core.progress import Progress
from napari_npm.study.correlating import empty_words, model_of, sources, write_tables
from napari_npm.study.hashing import hash_array
from napari_npm.study.map_checks import refuse_nan
from napari_npm.study.results import WHOLE, Flag, count_path
from napari_npm.study.settings import CorrelateParameters
from napari_npm.study.state import Record
from napari_npm.study.step import Item, Step, Stored
from napari_npm.study.store import Tile, tile_places
from napari_npm.study.study import Study
from napari_npm.study.tables import drop_old_tables

BLOCK = 32
"""Tiles counted together: what an interrupted run loses at most."""


class Correlate(Step[CorrelateParameters]):
    """S2(r, dn) of each sample, whole maps and characteristic regions."""

    name = "correlate"
    title = "S2"
    summary = "Two-point correlation S2(r, dn) of MulF maps and of their characteristic regions."
    needs = ("calibrate",)
    version = 2
    parallel = False
    choosing = (
        *("whole", "regions", "models", "engine"),
        *("unit", "permutations", "significance", "seed"),
    )
    Parameters = CorrelateParameters

    def rests_on(self, study: Study, parameters: CorrelateParameters) -> tuple[str, ...]:
        """Add the regions where pairs are counted in them."""
        inside = any(source != WHOLE for source in sources(study, parameters))
        return (*self.needs, "regions") if inside else self.needs

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
                    if source != WHOLE:
                        inputs["regions"] = [
                            study.record("regions", f"{model_of(source)}/{image}").output
                            for image in images
                        ]
                    found.append(Item(f"{source}/{number}/{sample.name}", inputs, len(tiles)))
        return found

    def kept(self, study: Study, parameters: CorrelateParameters, item: Item) -> bool:
        """Tell whether the block's counts are still there."""
        return count_path(study, item.id).exists()

    def compute(
        self, study: Study, parameters: CorrelateParameters, item: Item, progress: Progress
    ) -> dict[str, Any]:
        """Return the pair counts of a block of tiles, zeros where its regions are all empty."""
        from napari_npm.core.correlation import group_edges, two_point_by_direction

        source, number, sample = item.id.split("/", 2)
        tiles = list(_blocks(study, sample))[int(number)]
        masks, r_max, sectors = None, parameters.r_max_px, parameters.directions
        if source != WHOLE:
            flags = study.stack(f"regions/{model_of(source)}").read(tiles)
            masks = (flags & Flag.CHARACTERISTIC) > 0
        maps = study.stack("mulf").read(tiles)
        refuse_nan(maps, tiles)
        edges = group_edges(256)
        counts = np.zeros((sectors, r_max + 1, 256), dtype=np.int64)
        grouped = np.zeros((sectors, len(tiles), r_max + 1, edges.size - 1), dtype=np.int64)
        if masks is None or masks.any():
            found = two_point_by_direction(
                maps,
                masks,
                r_max,
                sectors=sectors,
                engine=parameters.engine,
                progress=progress,
            )
            counts[:] = [one.counts for one in found]
            grouped[:] = [one.grouped for one in found]
        # Row 0 holds every pixel with itself, in each sector.
        all_counts, all_grouped = counts.sum(axis=0), grouped.sum(axis=0)
        all_counts[0], all_grouped[:, 0] = counts[0, 0], grouped[0, :, 0]
        arrays = {"counts": all_counts, "grouped": all_grouped, "edges": edges}
        if sectors > 1:
            arrays.update(sectors=counts, sectors_grouped=grouped)
        return arrays

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
        np.savez_compressed(buffer, **result)
        write_bytes(count_path(study, item.id), buffer.getvalue())
        return Stored(hash_array(result.get("sectors", result["counts"])))

    def finish_inputs(self, study: Study, parameters: CorrelateParameters) -> Any:
        """Return what the tables depend on besides the counts."""
        chosen = [parameters.unit, parameters.permutations, parameters.significance]
        specimens = [[tile.sample, tile.specimen] for tile in study.tiles]
        labels = [[sample.name, sample.label] for sample in study.samples]
        return [labels, study.pixel_size_nm, *chosen, parameters.seed, specimens]

    def finish(
        self, study: Study, parameters: CorrelateParameters, records: Sequence[Record]
    ) -> Sequence[Path]:
        """Write S2 of each source and sample, the lengths, and the differences of samples."""
        wanted = {count_path(study, record.item) for record in records}
        for path in count_path(study, "x/0/x").parent.glob("*.npz"):
            if path not in wanted:
                path.unlink()
        files = write_tables(study, parameters)
        drop_old_tables(study, self.name, files)
        return files

    def warnings(self, study: Study, parameters: CorrelateParameters) -> Sequence[str]:
        """Say which lengths the data do not fix."""
        if not sources(study, parameters):
            return ("Nothing was correlated: choose whole maps, or run the regions step first.",)
        lengths = study.table("lengths")
        if lengths is None or not len(lengths):
            return empty_words(study, parameters, ())
        found = list(zip(lengths["source"], lengths["sample"].astype(str), strict=True))
        said = empty_words(study, parameters, found)
        known = lengths["correlation_determined"] & lengths["characteristic_determined"]
        if not known.all():
            sentence = (
                f"{int((~known).sum())} of {len(lengths)} two-point correlations leave a length"
                " open: results/lengths.csv says what limits each."
            )
            return (*said, sentence)
        return said


def _blocks(study: Study, sample: str) -> Iterator[list[Tile]]:
    tiles = [tile for tile in study.tiles if tile.sample == sample]
    for start in range(0, len(tiles), BLOCK):
        yield tiles[start : start + BLOCK]
