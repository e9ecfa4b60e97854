"""regions: characteristic regions and boundary features (paper, section 2.3, Fig. 5)."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_npm.core.progress import Progress
from napari_npm.core.wording import agree, several
from napari_npm.study.hashing import hash_array
from napari_npm.study.region_tables import (
    region_path,
    summary_rows,
    write_region_table,
    write_regions,
)
from napari_npm.study.results import Flag
from napari_npm.study.settings import RegionsParameters
from napari_npm.study.state import Record
from napari_npm.study.step import Item, Step, Stored
from napari_npm.study.store import Tile
from napari_npm.study.study import Study
from napari_npm.study.tables import all_rows, tile_row, write_rows
from napari_npm.study.wiring import MAP_NAMES, map_inputs, shown_map, trained

NOTHING = "no relevance"
"""What a tile's row notes where nothing was found because its relevance is zero."""


class Regions(Step[RegionsParameters]):
    """Find the pixels that carry most of the relevance, and the boundaries of relevance."""

    name = "regions"
    title = "Characteristic regions"
    summary = "Find the regions that hold 70 % of the relevance, and the boundary features."
    needs = ("explain",)
    version = 2
    choosing = ("confidence", "seed")
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
        """Tell whether the image's flags and list of regions are still there."""
        model, image = item.id.split("/", 1)
        stack = study.stack(f"regions/{model}")
        return stack.has(study.tiles_of(image)) and region_path(study, item.id).exists()

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
        """Return the flags of an image's tiles, a row for each and the list of their regions."""
        model, image = item.id.split("/", 1)
        tiles = study.tiles_of(image)
        maps = study.stack(shown_map(model)).read(tiles)
        relevance = study.stack(f"relevance/{model}").read(tiles)
        flags = np.zeros(maps.shape, np.uint8)
        rows, tables = [], []
        for number, tile in enumerate(tiles):
            flags[number], row, table = _of_tile(maps[number], relevance[number], parameters)
            rows.append({**tile_row(tile), "model": model, **row})
            tables.append(_with_tile(tile, table, study.pixel_size_nm))
        joined = (
            {name: np.concatenate([one[name] for one in tables]) for name in tables[0]}
            if tables
            else {}
        )
        return flags, tuple(rows), joined

    def store(
        self,
        study: Study,
        parameters: RegionsParameters,
        item: Item,
        result: Any,
    ) -> Stored:
        """Write the flags and the list of regions; keep the rows."""
        model, image = item.id.split("/", 1)
        flags, rows, regions = result
        study.stack(f"regions/{model}").write(study.tiles_of(image), flags)
        write_regions(study, item.id, regions)
        return Stored(hash_array(flags), rows)

    def finish_inputs(self, study: Study, parameters: RegionsParameters) -> Any:
        """Return what the tables depend on besides the items."""
        return [parameters.confidence, parameters.seed, study.pixel_size_nm]

    def finish(
        self,
        study: Study,
        parameters: RegionsParameters,
        records: Sequence[Record],
    ) -> Sequence[Path]:
        """Write the table of tiles and that of regions of each model, and the summary."""
        rows = all_rows(records)
        files, summary = [], []
        wanted = {region_path(study, record.item) for record in records}
        for path in region_path(study, "x").parent.glob("*.npz"):
            if path not in wanted:
                path.unlink()
        for model in dict.fromkeys(row["model"] for row in rows):
            own = [row for row in rows if row["model"] == model]
            files.append(write_rows(study, f"regions_{model}", own))
            items = [record.item for record in records if record.item.split("/", 1)[0] == model]
            files.append(write_region_table(study, model, items))
            summary += summary_rows(model, own, parameters)
        return [*files, write_rows(study, "regions_summary", summary)]

    def warnings(self, study: Study, parameters: RegionsParameters) -> Sequence[str]:
        """Say which tiles have no relevance, and so no regions."""
        rows = all_rows(study.state(self.name).records.values())
        empty = [row for row in rows if row["note"] == NOTHING]
        if not empty:
            return ()
        models = " and ".join(dict.fromkeys(MAP_NAMES[row["model"]] for row in empty))
        sentence = (
            f"{len(empty)} of {several(len(rows), 'tile')} {agree(len(empty), 'has', 'have')} no"
            f" relevance at all on {models} and so no regions, such as {empty[0]['image']} at row"
            f" {empty[0]['row']}, column {empty[0]['col']}: left out of all means."
        )
        return [sentence]


def _of_tile(
    porosity: NDArray[Any], relevance: NDArray[Any], parameters: RegionsParameters
) -> tuple[NDArray[np.uint8], dict[str, Any], Any]:
    """Return the flags of a tile, what its row tells, and its regions."""
    from napari_npm.core.region_table import (
        clean_regions,
        count_features,
        held_share,
        region_table,
    )
    from napari_npm.core.regions import boundary_features, characteristic_regions, isodata_split

    split = isodata_split(porosity)
    high = split.high
    flags = (Flag.HIGH_POROSITY * high).astype(np.uint8)
    link = parameters.connectivity
    if np.isfinite(relevance).all() and not relevance.any():
        table = region_table(np.zeros(high.shape, dtype=bool), relevance, high, connectivity=link)
        return flags, {**dict.fromkeys(_COLUMNS), "note": NOTHING}, table
    raw = characteristic_regions(relevance, parameters.share)
    mask = clean_regions(
        raw.mask,
        min_area_px=parameters.min_area_px,
        fill_holes_px=parameters.fill_holes_px,
        connectivity=link,
    )
    edges = boundary_features(
        relevance, parameters.gradient, high, mean_multiple=parameters.gradient_in_means
    )
    table = region_table(
        mask, relevance, high, min_area_px=parameters.table_min_px, connectivity=link
    )
    in_high, in_low = count_features(mask, high, connectivity=link)
    edges_high, edges_low = count_features(edges.mask, high, connectivity=link)
    flags |= (Flag.CHARACTERISTIC * mask + Flag.BOUNDARY * edges.mask).astype(np.uint8)
    row = {
        "area_fraction": float(mask.mean()),
        "share": held_share(relevance, mask),
        "raw_area_fraction": raw.area_fraction,
        "high_area_fraction": _share(mask & high, mask),
        "high_relevance_fraction": held_share(relevance, high),
        "high_fraction": float(high.mean()),
        "regions": in_high + in_low,
        "regions_high": in_high,
        "regions_low": in_low,
        "regions_listed": len(table),
        "boundary_area_fraction": edges.area_fraction,
        "boundary_high_fraction": edges.high_fraction,
        "boundary_low_fraction": edges.low_fraction,
        "boundaries": edges_high + edges_low,
        "boundaries_high": edges_high,
        "boundaries_low": edges_low,
        "gradient": edges.threshold,
    }
    assert tuple(row) == _COLUMNS
    finite = {name: None if value != value else value for name, value in row.items()}
    return flags, {**finite, "note": "map of one grey level" if split.flat else ""}, table


_COLUMNS = (
    "area_fraction",
    "share",
    "raw_area_fraction",
    "high_area_fraction",
    "high_relevance_fraction",
    "high_fraction",
    "regions",
    "regions_high",
    "regions_low",
    "regions_listed",
    "boundary_area_fraction",
    "boundary_high_fraction",
    "boundary_low_fraction",
    "boundaries",
    "boundaries_high",
    "boundaries_low",
    "gradient",
)


def _share(part: NDArray[np.bool_], whole: NDArray[np.bool_]) -> float | None:
    return float(part.sum() / whole.sum()) if whole.any() else None


def _with_tile(tile: Tile, table: Any, pixel_size_nm: float) -> dict[str, NDArray[Any]]:
    columns = table.columns(pixel_size_nm, tile.origin)
    return {"tile": np.full(len(table), tile.index, dtype=np.int64), **columns}
