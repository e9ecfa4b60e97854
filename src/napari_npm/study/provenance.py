"""Who did what with which versions: one line of `provenance.jsonl` for each run of a step."""

import os
import platform
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from .lines import append_line, read_lines

FILE_NAME = "provenance.jsonl"
PACKAGES = (
    "napari-npm",
    "numpy",
    "scipy",
    "scikit-image",
    "scikit-learn",
    "numba",
    "torch",
    "zennit",
    "zarr",
    "tifffile",
    "matplotlib",
)


def versions() -> dict[str, str]:
    """Return the versions of Python and of the packages that results depend on."""
    found = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def machine() -> dict[str, Any]:
    """Return what kind of machine this is."""
    return {
        "system": platform.platform(),
        "processor": platform.machine(),
        "cores": os.cpu_count(),
    }


def write_provenance(folder: Path, *, started: float, seconds: float, **facts: Any) -> None:
    """Append one line on a run of a step.

    Parameters
    ----------
    folder : Path
        The study's folder.
    started, seconds : float
        Start as seconds since the epoch, and duration in s.
    **facts
        Step, parameters, hash of the inputs, numbers of items, outcome.
    """
    line = {
        "time": datetime.fromtimestamp(started, UTC).isoformat(timespec="seconds"),
        "seconds": round(seconds, 3),
        **facts,
        "versions": versions(),
        "machine": {"node": platform.node(), **machine()},
    }
    append_line(folder / FILE_NAME, line)


def read_provenance(folder: Path) -> list[dict[str, Any]]:
    """Return the lines written so far, oldest first; a torn line is left out."""
    return read_lines(folder / FILE_NAME)
