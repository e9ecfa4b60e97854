"""describe: what porosity statistics alone tell about the samples (paper, section 2.4)."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from napari_npm.core.progress import Progress
from napari_npm.study.descriptor_counts import (
    add_counts,
    counts_path,
    drop_counts,
    pore_counts,
    shape_counts,
    write_counts,
)
from napari_npm.study.descriptor_tables import descriptor_tables, fraction_edges
from napari_npm.study.hashing import hash_array, hash_value
from napari_npm.study.map_checks import refuse_nan
from napari_npm.study.settings import DescribeParameters
from napari_npm.study.state import Record
from napari_npm.study.statistics_tables import statistics_tables
from napari_npm.study.step import Item, Step, Stored
from napari_npm.study.study import Study
from napari_npm.study.tables import all_rows, drop_old_tables, tile_row, write_rows
from napari_npm.study.wiring import map_inputs


class Describe(Step[DescribeParameters]):
    """Porosity, pore sizes, volume fractions, nearest mean, and comparisons of the samples."""

    name = "describe"
    title = "Describe"
    summary = "Porosity, pore size and volume fractions of MulF maps; nearest mean, Tukey-Kramer."
    needs = ("calibrate",)
    version = 2
    choosing = ("confidence",)
    Parameters = DescribeParameters

    def items(self, study: Study, parameters: DescribeParameters) -> Sequence[Item]:
        """One item an image."""
        return [Item(image.id, map_inputs(study, image.id, "mulf")) for image in study.images]

    def kept(self, study: Study, parameters: DescribeParameters, item: Item) -> bool:
        """Tell whether the counts of the image are still there."""
        return counts_path(study, item.id).exists()

    def compute(
        self,
        study: Study,
        parameters: DescribeParameters,
        item: Item,
        progress: Progress,
    ) -> Any:
        """Return a row for each tile of an image, and what is counted in all of them."""
        from napari_npm.core.descriptors import porosity, porosity_fractions
        from napari_npm.core.pores import find_pores

        tiles = study.tiles_of(item.id)
        edges = fraction_edges(parameters.fraction_bins)
        names = [f"fraction_{low:.3g}_{high:.3g}" for low, high in pairwise(edges)]
        stack, pixel = study.stack("mulf"), study.pixel_size_nm
        rows, found, shapes = [], [], []
        for tile in tiles:
            one = stack.read([tile])[0]
            refuse_nan(one[np.newaxis], [tile])
            mean, fractions = porosity(one)[0], porosity_fractions(one, edges)[0]
            pores = find_pores(
                one,
                connectivity=parameters.connectivity,
                min_pixels=parameters.min_pore_px,
            )
            size = pores.average(pixel)
            row = {
                **tile_row(tile),
                "porosity": float(mean),
                "pore_area_nm2": size.mean_area_nm2,
                "pore_diameter_nm": size.equivalent_diameter_nm,
                "pores": size.count,
                "isodata_level": size.threshold,
                **dict(zip(names, map(float, fractions), strict=True)),
                "isodata_roots": " ".join(map(str, size.roots)),
                "cut_pores": int(pores.cut.sum()),
                "cut_pore_area": pores.cut_share,
            }
            if parameters.shapes:
                further, counts = shape_counts(one, pores, pixel)
                row |= further
                shapes.append(counts)
            rows.append(row)
            found.append(pores)
        return tuple(rows), pore_counts(found) | add_counts(shapes)

    def store(
        self,
        study: Study,
        parameters: DescribeParameters,
        item: Item,
        result: Any,
    ) -> Stored:
        """Keep the rows and the counts."""
        rows, counts = result
        write_counts(study, item.id, counts)
        hashes = {name: hash_array(counts[name]) for name in sorted(counts)}
        return Stored(hash_value([rows, hashes]), rows)

    def finish_inputs(self, study: Study, parameters: DescribeParameters) -> Any:
        """Return what the tables depend on besides the tiles' rows."""
        labels = [[one.name, one.label] for one in study.samples]
        return [parameters.confidence, labels, _belonging(study)]

    def finish(
        self, study: Study, parameters: DescribeParameters, records: Sequence[Record]
    ) -> Sequence[Path]:
        """Write the tables of tiles and pores, and the comparisons of several samples."""
        drop_counts(study, [record.item for record in records])
        # A sample or specimen may have been given another name since its tiles were described.
        names = _belonging(study)
        rows = [
            {**row, "sample": names[row["tile"]][0], "specimen": names[row["tile"]][1]}
            for row in all_rows(records)
        ]
        tables: dict[str, Sequence[Mapping[str, Any]]] = {
            "describe": rows,
            **descriptor_tables(study, parameters, rows),
            **statistics_tables(rows, parameters.confidence),
        }
        files = [write_rows(study, name, lines) for name, lines in tables.items()]
        drop_old_tables(study, self.name, files)
        return files


def _belonging(study: Study) -> list[tuple[str, str]]:
    """Return the sample and the specimen of each tile."""
    return [(tile.sample, tile.specimen) for tile in study.tiles]
