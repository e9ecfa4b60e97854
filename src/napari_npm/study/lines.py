"""Files of one JSON object a line that grow, and survive a kill or a full disk."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def append_line(path: Path, entry: Mapping[str, Any]) -> None:
    """Append an object as a line, and see it on the disk.

    Raises
    ------
    NpmError
        If the disk is full or refuses.
    """
    from napari_npm.io import writing

    line = json.dumps(entry).encode() + b"\n"
    with writing(path), path.open("ab+") as file:
        if file.seek(0, os.SEEK_END):
            file.seek(-1, os.SEEK_END)
            # a line torn by a kill or a full disk must not swallow this one
            if file.read(1) != b"\n":
                line = b"\n" + line
        file.write(line)
        file.flush()
        os.fsync(file.fileno())


def read_lines(path: Path) -> list[dict[str, Any]]:
    """Return the objects of a file, in order; torn lines and a missing file count as nothing."""
    return parse_lines(path.read_bytes()) if path.exists() else []


def parse_lines(text: bytes) -> list[dict[str, Any]]:
    """Return the objects of a text of one JSON object a line; torn lines count as nothing."""
    found = []
    for line in text.split(b"\n"):
        try:
            entry = json.loads(line)
        except ValueError:
            continue
        if isinstance(entry, dict):
            found.append(entry)
    return found
