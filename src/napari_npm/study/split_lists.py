"""The list that a split follows: read from a CSV file, of which the study keeps a copy."""

import csv
import hashlib
import io
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from napari_npm.core.errors import NpmError

from .store import Tile
from .study import Study

FOLDER = "state/split"


def list_content(study: Study, path: Path | None) -> bytes:
    """Return what a list's file holds, or held when it was last used.

    Raises
    ------
    NpmError
        If no file was given, or it is gone and no split has used it yet.
    """
    if path is None:
        raise NpmError("A split by list needs the file that lists the parts: give --list-file.")
    for place in (study.folder / path, kept_list(study, path)):
        if place.is_file():
            return place.read_bytes()
    raise NpmError(f"{path} is not there: put the list of parts back or give another --list-file.")


def kept_list(study: Study, path: Path) -> Path:
    """Return where the study keeps its copy of a list."""
    name = hashlib.sha256(path.as_posix().encode()).hexdigest()[:8]
    return study.folder / FOLDER / f"{path.stem}-{name}.csv"


def keep_list(study: Study, path: Path | None) -> None:
    """Keep a copy of a list, so that the split can be made again without its file."""
    from napari_npm.io import write_bytes

    if path is not None:
        content = list_content(study, path)
        write_bytes(kept_list(study, path), content)


def listed_parts(study: Study, path: Path | None) -> tuple[list[tuple[str, str]], list[str], str]:
    """Return what a list says: names with parts, the name of each tile, and what is named.

    Raises
    ------
    NpmError
        If the file is no such list.
    """
    rows = _rows(list_content(study, path), path)
    columns = set(rows[0])
    if "part" not in columns:
        raise NpmError(f"{path} has no column part: give one with train, validation or test.")
    unit, named, own = _names(columns, path)
    listed = [(named(row), (row["part"] or "").strip().lower()) for row in rows]
    names = [own(tile) for tile in study.tiles]
    _check_specimens(study.tiles, unit, names)
    return listed, names, unit


def _rows(content: bytes, path: Path | None) -> list[dict[str, str]]:
    try:
        lines = content.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise NpmError(f"{path} is no text file: save the list as CSV in UTF-8.") from error
    start = next((i for i, line in enumerate(lines) if line and line[0] != "#"), len(lines))
    text = "\n".join(lines[start:])
    first = lines[start] if start < len(lines) else ""
    # a spreadsheet of many countries writes semicolons
    mark = ";" if ";" in first and "," not in first else "\t" if "\t" in first else ","
    try:
        reader = csv.DictReader(io.StringIO(text), delimiter=mark, restval="", strict=True)
        rows = [
            {str(key).strip(): (value or "").strip() for key, value in row.items() if key}
            for row in reader
        ]
    except csv.Error as error:
        raise NpmError(f"{path} cannot be read as CSV ({error}): save the list again.") from error
    if not rows:
        raise NpmError(f"{path} lists nothing: give a line for each tile, image or specimen.")
    return rows


def _names(
    columns: set[str], path: Path | None
) -> tuple[str, Callable[[Mapping[str, Any]], str], Callable[[Tile], str]]:
    """Return what the lines name, how a line names it, and what that name of a tile is."""
    if columns >= {"image", "row", "col"}:
        return "tile", lambda row: f"{row['image']}@{row['row']},{row['col']}", lambda t: t.name
    if "tile" in columns:
        return "tile", lambda row: str(row["tile"]), lambda t: t.name
    if "image" in columns:
        return "image", lambda row: str(row["image"]), lambda t: t.image
    if columns >= {"specimen", "sample"}:
        return (
            "specimen",
            lambda row: f"{row['sample']}/{row['specimen']}",
            lambda t: f"{t.sample}/{t.specimen}",
        )
    if "specimen" in columns:
        return "specimen", lambda row: str(row["specimen"]), lambda t: t.specimen
    raise NpmError(
        f"{path} names nothing: give a column tile (such as S1-a@0,384), image or specimen."
    )


def _check_specimens(tiles: Sequence[Tile], unit: str, own: Sequence[str]) -> None:
    """Refuse a list of specimens whose names stand for several of them."""
    if unit != "specimen" or all("/" in name for name in own):
        return
    samples: dict[str, str] = {}
    for tile in tiles:
        if samples.setdefault(tile.specimen, tile.sample) != tile.sample:
            raise NpmError(
                f"Specimen {tile.specimen} is in samples {samples[tile.specimen]} and"
                f" {tile.sample}: add a column sample to the list."
            )
