"""Result tables: rows of step records become `results/<name>.csv`."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .state import Record

if TYPE_CHECKING:
    from .store import Tile
    from .study import Study


def all_rows(records: Iterable[Record]) -> list[Mapping[str, Any]]:
    """Return the rows of all records, in order."""
    return [row for record in records for row in record.rows]


def tile_row(tile: "Tile") -> dict[str, Any]:
    """Return the columns that say which tile a row is about."""
    return {
        "tile": tile.index,
        "image": tile.image,
        "sample": tile.sample,
        "specimen": tile.specimen,
        "row": tile.row,
        "col": tile.col,
    }


def write_rows(study: "Study", name: str, rows: Sequence[Mapping[str, Any]]) -> Path:
    """Write rows as ``results/<name>.csv`` and return its path."""
    import pandas as pd

    from napari_npm.io import write_table

    path = study.results_folder / f"{name}.csv"
    write_table(path, pd.DataFrame(list(rows)))
    return path


def drop_old_tables(study: "Study", step: str, files: Iterable[Path]) -> None:
    """Remove what a step's last end wrote and this one did not: samples or settings are others."""
    last = study.state(step).finish
    kept = set(files)
    for name in () if last is None else last.files:
        if study.folder / name not in kept:
            (study.folder / name).unlink(missing_ok=True)
