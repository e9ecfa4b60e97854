"""The tables of characteristic regions: one line a region, and means over tiles with intervals."""

import io
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from napari_npm.core.errors import NpmError

from .arrays import read_arrays
from .settings import RegionsParameters
from .study import Study

if TYPE_CHECKING:
    import pandas as pd

ALL = "all samples"
QUANTITIES = ("area_fraction", "high_area_fraction", "boundary_high_fraction")
"""What the summary gives with an interval."""


def region_path(study: Study, item: str) -> Path:
    """Return where the regions of an item of the regions step are listed."""
    return study.folder / "state" / "regions" / f"{item.replace('/', '-')}.npz"


def write_regions(study: Study, item: str, columns: dict[str, Any]) -> None:
    """Keep the list of regions of an item, column by column."""
    from napari_npm.io import write_bytes

    buffer = io.BytesIO()
    np.savez_compressed(buffer, **columns)
    write_bytes(region_path(study, item), buffer.getvalue())


def read_regions(study: Study, item: str) -> dict[str, NDArray[Any]]:
    """Return the list of regions of an item (``<model>/<image>``), column by column.

    Raises
    ------
    NpmError
        If it was not made yet, or is damaged.
    """
    path = region_path(study, item)
    if not path.exists():
        raise NpmError(f"The regions of {item} were not found yet: run the regions step.")
    try:
        return read_arrays(path)
    except ValueError as error:
        raise NpmError(f"{path} is damaged: delete it and run the regions step.") from error


def write_region_table(study: Study, model: str, items: Sequence[str]) -> Path:
    """Write ``results/region_table_<model>.csv`` item by item, never holding all of it."""
    from napari_npm.io import atomic_path

    path = study.results_folder / f"region_table_{model}.csv"
    with atomic_path(path) as temporary, temporary.open("w", encoding="utf-8") as file:
        for number, part in enumerate(_parts(study, items)):
            # six figures are more than a pixel's place or a share of relevance can mean
            text = part.to_csv(
                index=False, header=number == 0, lineterminator="\n", float_format="%.6g"
            )
            file.write(text)
    return path


def _parts(study: Study, items: Sequence[str]) -> Iterator["pd.DataFrame"]:
    import pandas as pd

    for item in items:
        columns = read_regions(study, item)
        if not columns:
            continue  # an image without tiles
        tiles = [study.tiles[index] for index in columns["tile"].tolist()]
        about = {
            "tile": columns.pop("tile"),
            "image": [tile.image for tile in tiles],
            "sample": [tile.sample for tile in tiles],
            "specimen": [tile.specimen for tile in tiles],
        }
        yield pd.DataFrame({**about, **columns})


def summary_rows(
    model: str, rows: Sequence[Mapping[str, Any]], parameters: RegionsParameters
) -> list[dict[str, Any]]:
    """Return the means over the tiles of each sample, and of all, with their intervals."""
    from napari_npm.core.ensemble import ensemble_interval

    names = list(dict.fromkeys(row["sample"] for row in rows))
    found = []
    for name in [*names, *([ALL] if len(names) > 1 else [])]:
        own = [row for row in rows if name in (row["sample"], ALL)]
        line: dict[str, Any] = {
            "model": model,
            "sample": name,
            "tiles": len(own),
            "specimens": len({(row["sample"], row["specimen"]) for row in own}),
            "tiles_without_relevance": sum(row["area_fraction"] is None for row in own),
        }
        how = ""
        for quantity in QUANTITIES:
            values = [float("nan") if row[quantity] is None else row[quantity] for row in own]
            interval = ensemble_interval(
                values,
                [row["specimen"] for row in own],
                labels=[row["sample"] for row in own],
                confidence=parameters.confidence,
                seed=parameters.seed,
            )
            line |= {
                quantity: interval.value,
                f"{quantity}_low": interval.low,
                f"{quantity}_high": interval.high,
            }
            how = how or interval.method
        for column in ("share", "high_relevance_fraction", "high_fraction"):
            known = [row[column] for row in own if row[column] is not None]
            line[column] = float(np.mean(known)) if known else float("nan")
        for column in ("regions", "regions_high", "regions_low", "boundaries", "boundaries_high",
                       "boundaries_low"):  # fmt: skip
            line[column] = sum(row[column] for row in own if row[column] is not None)
        found.append({**line, "interval": how})
    return found
