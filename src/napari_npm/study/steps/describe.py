"""describe: what porosity statistics alone tell about the samples (paper, section 2.4)."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from napari_npm.core.errors import NpmError
from napari_npm.core.progress import Progress
from napari_npm.study.hashing import hash_value
from napari_npm.study.settings import DescribeParameters
from napari_npm.study.state import Record
from napari_npm.study.step import Item, Step, Stored
from napari_npm.study.study import Study
from napari_npm.study.tables import all_rows, tile_row, write_rows
from napari_npm.study.wiring import map_inputs

DESCRIPTORS = {"porosity": "Porosity", "pore_area_nm2": "Average pore size (nm²)"}
"""Columns of the table that the samples are compared by, with their names for a reader."""


class Describe(Step[DescribeParameters]):
    """Porosity, average pore size, volume fractions, nearest-mean baseline, Tukey-Kramer."""

    name = "describe"
    title = "Describe"
    summary = "Porosity, pore size and volume fractions of MulF maps; nearest mean, Tukey-Kramer."
    needs = ("calibrate",)
    Parameters = DescribeParameters

    def items(self, study: Study, parameters: DescribeParameters) -> Sequence[Item]:
        """One item an image."""
        return [Item(image.id, map_inputs(study, image.id, "mulf")) for image in study.images]

    def compute(
        self,
        study: Study,
        parameters: DescribeParameters,
        item: Item,
        progress: Progress,
    ) -> tuple[dict[str, Any], ...]:
        """Return a row for each tile of an image."""
        from napari_npm.core.descriptors import average_pore_size, porosity, porosity_fractions

        tiles = study.tiles_of(item.id)
        maps = study.stack("mulf").read(tiles)
        edges: list[float] = np.linspace(0, 1, parameters.fraction_bins + 1).tolist()
        rows = []
        for tile, one, mean, fractions in zip(
            tiles, maps, porosity(maps), porosity_fractions(maps, edges), strict=True
        ):
            pores = average_pore_size(
                one,
                study.pixel_size_nm,
                connectivity=parameters.connectivity,
                min_pixels=parameters.min_pore_px,
            )
            names = [f"fraction_{low:.3g}_{high:.3g}" for low, high in pairwise(edges)]
            rows.append(
                {
                    **tile_row(tile),
                    "porosity": float(mean),
                    "pore_area_nm2": pores.mean_area_nm2,
                    "pore_diameter_nm": pores.equivalent_diameter_nm,
                    "pores": pores.count,
                    "isodata_level": pores.threshold,
                    **dict(zip(names, map(float, fractions), strict=True)),
                }
            )
        return tuple(rows)

    def store(
        self,
        study: Study,
        parameters: DescribeParameters,
        item: Item,
        result: Any,
    ) -> Stored:
        """Keep the rows."""
        return Stored(hash_value(result), result)

    def finish(
        self, study: Study, parameters: DescribeParameters, records: Sequence[Record]
    ) -> Sequence[Path]:
        """Write the table of tiles, and the comparisons where there are several samples."""
        rows = all_rows(records)
        files = [write_rows(study, "describe", rows)]
        if len({row["sample"] for row in rows}) > 1:
            files += _comparisons(study, parameters, rows)
        return files


def _comparisons(
    study: Study, parameters: DescribeParameters, rows: Sequence[Mapping[str, Any]]
) -> list[Path]:
    from napari_npm.core.statistics import anova, nearest_mean, tukey_kramer

    names = np.array([row["sample"] for row in rows])
    specimens = np.array([row["specimen"] for row in rows])
    nearest, analyses, comparisons = [], [], []
    for column in DESCRIPTORS:
        values = np.array([row[column] for row in rows], dtype=float)
        accuracy = nearest_mean(values, names).accuracy
        nearest.append({"descriptor": column, "accuracy": accuracy, "tiles": len(values)})
        # tiles of one specimen are not independent: the paper's table, and beside it the test
        # on the means of specimens
        for level, groups in (("tile", None), ("specimen", specimens)):
            about = {"descriptor": column, "level": level}
            try:
                analysis = anova(values, names, groups=groups)
                compared = tukey_kramer(values, names, parameters.confidence, groups=groups)
            except NpmError:
                continue  # too few specimens for a spread within the samples
            analyses.append(about | asdict(analysis))
            comparisons += [about | asdict(one) for one in compared]
    return [
        write_rows(study, "nearest_mean", nearest),
        write_rows(study, "anova", analyses),
        write_rows(study, "tukey_kramer", comparisons),
    ]
