"""Simulated points kept for all studies of a user: what was computed once is not done again."""

import json
from contextlib import suppress
from dataclasses import fields
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_npm.core.errors import NpmError
from napari_npm.study.hashing import hash_value

if TYPE_CHECKING:
    from napari_npm.core.scattering import Backscatter

ENGINE = (
    "scattering",
    "_electrons",
    "_transport",
    "_tables",
    "_mott",
    "_elastic",
    "_stopping",
    "_elements",
)
"""Modules of the core on which a simulated point depends."""


def cache_folder() -> Path:
    """Return where simulated points are kept; it may be deleted at any time."""
    from platformdirs import user_cache_path

    return user_cache_path("napari-npm") / "simulate"


def engine_hash() -> str:
    """Return the hash of the simulator: its program and its tables."""
    import hashlib

    digest = hashlib.sha256()
    package = resources.files("napari_npm")
    for name in ENGINE:
        digest.update(_content(package / "core" / f"{name}.py"))
    tables = package / "data" / "mott"
    if tables.is_dir():
        for table in sorted(tables.iterdir(), key=lambda one: one.name):
            digest.update(_content(table))
    return digest.hexdigest()


def _content(part: Any) -> bytes:
    return bytes(part.read_bytes()) if part.is_file() else b""


def kept(key: Any) -> "Backscatter | None":
    """Return the point simulated before for a key, or None."""
    from napari_npm.core.scattering import Backscatter

    try:
        kept = json.loads(_path(key).read_text(encoding="utf-8"))
        entry = kept["point"]
        if kept["seal"] != _seal(key, entry):
            return None
        return Backscatter(**{name: _restored(name, value) for name, value in entry.items()})
    except (OSError, ValueError, TypeError, KeyError):
        return None  # missing, damaged, or of another version: simulated again


def keep(key: Any, point: "Backscatter") -> None:
    """Keep a simulated point; a disk that refuses costs only time."""
    from napari_npm.io import write_text

    entry = {
        one.name: _plain(one.name, getattr(point, one.name)) for one in fields(point) if one.init
    }
    with suppress(NpmError, OSError):
        write_text(_path(key), json.dumps({"point": entry, "seal": _seal(key, entry)}))


def _seal(key: Any, entry: Any) -> str:
    """Return a hash by which a changed number, or a file of another name, is found out."""
    return hash_value([key, entry])


def _path(key: Any) -> Path:
    return cache_folder() / f"{hash_value(key)}.json"


def _plain(name: str, value: Any) -> Any:
    if name == "material":
        return [value.name, [list(pair) for pair in value.weights], value.density]
    return value.tolist() if hasattr(value, "tolist") else value


def _restored(name: str, value: Any) -> Any:
    import numpy as np

    from napari_npm.core.materials import Material

    if name == "material":
        return Material(value[0], tuple((str(one), float(w)) for one, w in value[1]), value[2])
    return np.array(value, dtype=np.int64) if isinstance(value, list) else value
