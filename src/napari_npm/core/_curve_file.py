"""Response curves as text: one CSV file with a column for each detector model."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from .errors import NpmError

Detector = Literal["count", "energy", "threshold"]
COLUMNS: dict[Detector, str] = {"count": "eta", "energy": "energy", "threshold": "threshold"}
"""Column of each detector model; its standard error is in ``<column>_error``."""


@dataclass(frozen=True)
class CurveFile:
    """What a response file holds for one detector.

    Attributes
    ----------
    name, source : str
        From its comment lines, else its stem.
    porosity, signal : ndarray of float64, shape (M,)
        Equivalent porosity, and the detector's signal or the response, which is normalised.
    error : ndarray of float64, shape (M,), or None
        Standard error of ``signal``, where the file gives it.
    normalised : bool
        Whether ``signal`` runs from 0 to 1 already.
    """

    name: str
    source: str
    porosity: NDArray[np.float64]
    signal: NDArray[np.float64]
    error: NDArray[np.float64] | None
    normalised: bool


def parse_curve(text: str, stem: str, detector: Detector = "count") -> CurveFile:
    """Read the text of a response file.

    Raises
    ------
    NpmError
        If it lacks a column, or holds something that is not a number.
    """
    if detector not in get_args(Detector):
        raise NpmError(
            f"There is no detector {detector!r}: choose from {', '.join(get_args(Detector))}."
        )
    notes = {"name": stem, "source": stem}
    rows = []
    for line in filter(None, map(str.strip, text.splitlines())):
        if not line.startswith("#"):
            rows.append(line)
            continue
        key, colon, value = line.lstrip("# ").partition(":")
        if colon and key.strip() in notes and value.strip():
            notes[key.strip()] = value.strip()
    reader = csv.DictReader(rows, skipinitialspace=True)
    columns = reader.fieldnames or ()
    wanted = _column(columns, detector, stem)
    taken = [name for name in ("porosity", wanted, f"{wanted}_error") if name in columns]
    try:
        values = np.array([[float(row[name]) for name in taken] for row in reader])
    except (TypeError, ValueError) as error:
        raise NpmError(
            f"The response curve {stem!r} holds something that is not a number; "
            f"fill every row of the columns {' and '.join(taken)} with numbers."
        ) from error
    values = values.reshape(-1, len(taken))
    return CurveFile(
        notes["name"],
        notes["source"],
        values[:, 0],
        values[:, 1],
        values[:, 2] if len(taken) == 3 else None,
        wanted == "response",
    )


def _column(columns: Sequence[str], detector: Detector, stem: str) -> str:
    """Return the column of a detector; a file with ``response`` alone holds one for all."""
    wanted = COLUMNS[detector]
    only_response = "response" in columns and not set(columns) & set(COLUMNS.values())
    if only_response:
        wanted = "response"
    if "porosity" in columns and wanted in columns:
        return wanted
    if "porosity" in columns and detector != "count":
        raise NpmError(
            f"The response curve {stem!r} has no column {wanted} for the detector {detector!r}; "
            "choose the detector count, or a file that has this column."
        )
    raise NpmError(
        f"The response curve {stem!r} needs a header line with the columns porosity and eta "
        "(or porosity and response)."
    )


def response_columns(
    porosity: Sequence[float],
    mass_fraction: Sequence[float],
    points: Sequence[Any],
    threshold_kev: float = 1.0,
) -> dict[str, list[float]]:
    """Return the columns of a response file from simulated points.

    Parameters
    ----------
    porosity, mass_fraction : sequence of float
        Volume and mass fraction of the metal at each point.
    points : sequence of Backscatter
        What `backscatter` gave for each.
    threshold_kev : float
        Energy in keV below which the threshold detector sees nothing.
    """
    found: dict[str, list[float]] = {
        "porosity": list(porosity),
        "metal_mass_fraction": list(mass_fraction),
    }
    for detector, column in COLUMNS.items():
        if detector == "threshold" and any(point.energy_kev <= threshold_kev for point in points):
            continue  # it would see nothing
        signals = [point.signal(detector, threshold_kev) for point in points]
        found[column] = [signal.value for signal in signals]
        found[f"{column}_error"] = [signal.standard_error for signal in signals]
    for name in ("mean_energy", "mean_depth", "electrons"):
        found[name] = [getattr(point, name) for point in points]
    return found


def response_csv(columns: Mapping[str, Sequence[float]], notes: Mapping[str, str]) -> str:
    """Return the text of a response file: notes as comment lines, a header, the rows.

    Parameters
    ----------
    columns : mapping of str to sequence of float
        As `response_columns` gives them.
    notes : mapping of str to str
        ``name``, ``source`` and whatever else a reader should know, one line each.
    """
    lines = [f"# {key}: {' '.join(value.split())}" for key, value in notes.items()]
    lines.append(",".join(columns))
    lines += [
        ",".join(str(value) if isinstance(value, int) else f"{value:.7g}" for value in row)
        for row in zip(*columns.values(), strict=True)
    ]
    return "\n".join(lines) + "\n"
