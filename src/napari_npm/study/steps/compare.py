"""compare: similar relevance maps, and the patterns that they share (SI section 4, Fig. 7)."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from napari_npm.core.errors import NpmError
from napari_npm.core.progress import Progress
from napari_npm.study.comparing import (
    ALONG,
    GROUPS,
    MATRIX,
    NORMALISED,
    ORDER,
    RAW,
    compare_path,
    read_part,
    tile_numbers,
    write_part,
)
from napari_npm.study.comparing_groups import find_groups
from napari_npm.study.comparing_maps import compared_tiles, read_maps, too_few
from napari_npm.study.comparing_tables import comparison_words, order_rows, pattern_rows
from napari_npm.study.hashing import hash_array, hash_value
from napari_npm.study.settings import CompareParameters
from napari_npm.study.state import Record
from napari_npm.study.step import Item, Step, Stored
from napari_npm.study.store import tile_places
from napari_npm.study.study import Study
from napari_npm.study.tables import write_rows
from napari_npm.study.wiring import map_inputs, shown_map, trained


class Compare(Step[CompareParameters]):
    """Difference matrix, order, groups and shared patterns of each sample's relevance maps."""

    name = "compare"
    title = "Shared patterns"
    summary = "Order relevance maps by how alike they are, and find the patterns they share."
    needs = ("explain",)
    version = 3
    parallel = False
    # each item lists among its inputs those parameters that it depends on: another contour must
    # not cost the matrix
    choosing = tuple(CompareParameters.model_fields)
    Parameters = CompareParameters

    def items(self, study: Study, parameters: CompareParameters) -> Sequence[Item]:
        """Matrix, order and groups of each model and sample."""
        found = []
        for model in trained(study):
            matrices, orders = [], []
            for sample in study.samples:
                tiles = compared_tiles(study, sample.name, parameters)
                if too_few(tiles):
                    continue
                images = list(dict.fromkeys(tile.image for tile in tiles))
                explained = [study.record("explain", f"{model}/{image}") for image in images]
                inputs = {
                    "tiles": tile_places(tiles),
                    "relevance": [record.output for record in explained],
                    "raw": [row.get("raw_sum") for record in explained for row in record.rows],
                }
                name = f"{model}/{sample.name}"
                matrices.append(Item(f"{MATRIX}/{name}", inputs, len(tiles)))
                search = {
                    **inputs,
                    **parameters.model_dump(include={"normalise", "method", "seed", "seeds"}),
                }
                orders.append(Item(f"{ORDER}/{name}", search, len(tiles)))
            along = parameters.grouping == ALONG
            settings = parameters.model_dump(
                mode="json",
                include={"grouping", "number", "contour", "decay", "connectivity"}
                | ({"size"} if along else set()),
            )
            groups = [
                Item(
                    item.id.replace(ORDER, GROUPS, 1),
                    {
                        # one size for all samples: the groups of each depend on the orders of all
                        "orders": [one.inputs for one in orders]
                        if _one_size(parameters)
                        else [item.inputs],
                        "maps": [
                            map_inputs(study, image.id, shown_map(model))
                            for image in study.images
                            if item.id == f"{ORDER}/{model}/{image.sample}"
                        ],
                        **settings,
                    },
                )
                for item in orders
            ]
            found += [*matrices, *orders, *groups]
        return found

    def kept(self, study: Study, parameters: CompareParameters, item: Item) -> bool:
        """Tell whether the item's file is still there."""
        return compare_path(study, *item.id.split("/", 2)).exists()

    def compute(
        self, study: Study, parameters: CompareParameters, item: Item, progress: Progress
    ) -> Any:
        """Return the arrays of an item, and rows for the table of shared patterns."""
        kind, model, sample = item.id.split("/", 2)
        if kind == MATRIX:
            return _matrix(study, parameters, model, sample, progress), ()
        if kind == ORDER:
            self._require(study, parameters, [f"{MATRIX}/{model}/{sample}"])
            return _order(study, parameters, model, sample, progress), ()
        names = [one.name for one in study.samples] if _one_size(parameters) else [sample]
        usable = [
            one for one in names if not too_few(compared_tiles(study, one, parameters))
        ]  # fmt: skip
        self._require(
            study, parameters, [f"{k}/{model}/{one}" for one in usable for k in (MATRIX, ORDER)]
        )
        return find_groups(study, parameters, model, sample, usable)

    def _require(self, study: Study, parameters: CompareParameters, ids: Sequence[str]) -> None:
        """Refuse to work on what was not made with the present settings."""
        items = {item.id: item for item in self.items(study, parameters)}
        done = study.state(self.name).records
        for one in ids:
            record = done.get(one)
            if record is None or record.key != self.key(parameters, items[one].inputs):
                raise NpmError(
                    f"compare needs {one} first: run it for all samples (without --only)."
                )

    def store(self, study: Study, parameters: CompareParameters, item: Item, result: Any) -> Stored:
        """Keep the arrays of an item."""
        arrays, rows = result
        write_part(compare_path(study, *item.id.split("/", 2)), arrays)
        hashes = {name: hash_array(np.asarray(values)) for name, values in arrays.items()}
        return Stored(hash_value(hashes), rows)

    def finish_inputs(self, study: Study, parameters: CompareParameters) -> Any:
        """Return what the tables depend on besides the items."""
        return [[sample.name, sample.label] for sample in study.samples]

    def finish(
        self, study: Study, parameters: CompareParameters, records: Sequence[Record]
    ) -> Sequence[Path]:
        """Write the order of each sample's maps, and the table of shared patterns."""
        wanted = {compare_path(study, *record.item.split("/", 2)) for record in records}
        for path in compare_path(study, "x", "x", "x").parent.glob("*.npz"):
            if path not in wanted:
                path.unlink()
        files = [
            write_rows(study, f"compare_order_{model}_{sample}", rows)
            for model, sample, rows in order_rows(study, records)
        ]
        rows = pattern_rows(study, parameters, records)
        return [*files, write_rows(study, "shared_patterns", rows)]

    def warnings(self, study: Study, parameters: CompareParameters) -> Sequence[str]:
        """Say what was left out, and where nothing could be shared."""
        records = list(study.state(self.name).records.values())
        return comparison_words(pattern_rows(study, parameters, records))


def _one_size(parameters: CompareParameters) -> bool:
    """Tell whether one size is chosen for the groups of all samples."""
    return parameters.grouping == ALONG and parameters.size is None


def _matrix(
    study: Study, parameters: CompareParameters, model: str, sample: str, progress: Progress
) -> Mapping[str, Any]:
    from napari_npm.core.similarity import difference_matrix

    tiles = compared_tiles(study, sample, parameters)
    maps, kept, raw = read_maps(study, model, tiles, progress)
    # where the raw scale is not known there is one scale only
    scales = (True, False) if raw else (True,)
    found: dict[bool, Any] = {}
    for turn, scale in enumerate(scales):
        part = _part(progress, turn, len(scales))
        found[scale] = (
            difference_matrix(maps, normalise=scale, progress=part)
            if len(kept)
            else np.zeros((0, 0))
        )
    return {
        NORMALISED: found[True],
        RAW: found[False] if raw else np.zeros((0, 0)),
        "left_out": len(tiles) - len(kept),
        **tile_numbers(kept),
    }


def _order(
    study: Study, parameters: CompareParameters, model: str, sample: str, progress: Progress
) -> Mapping[str, Any]:
    from napari_npm.core.similarity import order

    parts = read_part(compare_path(study, MATRIX, model, sample))
    main = NORMALISED if parameters.normalise or not len(parts[RAW]) else RAW
    matrix, other = parts[main], parts[RAW if main == NORMALISED else NORMALISED]
    nothing = np.zeros(0, np.intp)
    if too_few(matrix):
        return {"scale": main, "permutation": np.arange(len(matrix)), "other": nothing}
    seeds = range(1, 1 + parameters.seeds)
    count = 2 + 2 * parameters.seeds

    def search(number: int, values: Any, seed: int) -> Any:
        part = _part(progress, number, count)
        return order(values, parameters.method, seed=seed, progress=part)

    own = search(0, matrix, parameters.seed)
    orders = [search(k, matrix, parameters.seed + k).permutation for k in seeds]
    # a thorough search ends in nearly the same order from every seed, so that maps are left out too
    subsets = []
    for k in seeds:
        draw = np.random.default_rng([parameters.seed, k])
        kept = draw.permutation(len(matrix))[: max(3, len(matrix) - max(1, len(matrix) // 10))]
        found = search(parameters.seeds + k, matrix[np.ix_(kept, kept)], parameters.seed)
        subsets.append(kept[found.permutation])
    other_scale = search(count - 1, other, parameters.seed).permutation if len(other) else nothing
    return {
        "scale": main,
        "permutation": own.permutation,
        "cost": own.cost,
        "lower_bound": own.lower_bound,
        "orders": np.array(orders, dtype=np.intp).reshape(-1, len(matrix)),
        "subsets": np.array(subsets, dtype=np.intp),
        "other": other_scale,
    }


def _part(progress: Progress, number: int, count: int) -> Progress:
    """Return the progress of one of several equal parts of an item's work."""

    def tell(
        done: int, total: int, message: str = "", metrics: Mapping[str, float] | None = None
    ) -> None:
        progress(number * total + done, count * total, message, metrics)

    return tell
