"""The response curve: how bright C-S-H is whose pores hold a given share of metal.

Signal and porosity are both normalised: y = (eta(n) - eta(0)) / (eta(1) - eta(0)), so the curve
stands for any contrast and brightness of the microscope (paper, SI section 1 and Fig. S1).
"""

import csv
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.interpolate import PchipInterpolator

from .errors import NpmError

_SAMPLES = 4096  # segments of the table; PCHIP and its chords then differ by less than 1e-6


@dataclass(frozen=True)
class ResponseCurve:
    """A strictly rising curve y(n) from (0, 0) to (1, 1), and its exact inverse.

    The points are joined by a monotone cubic (PCHIP, doi:10.1137/0717021), which is then sampled
    into one table of straight pieces that `signal` and `porosity_of` share: so the two undo each
    other to rounding.

    Parameters
    ----------
    name : str
        What the curve is of, for lists and reports.
    source : str
        Where its values come from.
    porosity : sequence of float
        Equivalent porosity n of the points, rising from 0 to 1.
    response : sequence of float
        Normalised signal y at these points, rising from 0 to 1.

    Raises
    ------
    NpmError
        If the points do not rise strictly from (0, 0) to (1, 1).
    """

    name: str
    source: str
    porosity: tuple[float, ...]
    response: tuple[float, ...]
    _table: tuple[NDArray[np.float64], NDArray[np.float64]] = field(
        init=False, repr=False, compare=False
    )

    def __post_init__(self) -> None:
        n = _rising(self.porosity, "porosities", self.name)
        y = _rising(self.response, "responses", self.name)
        if n.size != y.size:
            raise NpmError(
                f"The response curve {self.name!r} has {n.size} porosities but {y.size} responses; "
                "give one response for each porosity."
            )
        # The points themselves are kept in the table, so the curve passes through its data.
        at = np.union1d(np.linspace(0.0, 1.0, _SAMPLES + 1), n)
        signal = np.clip(PchipInterpolator(n, y)(at), 0.0, 1.0)
        if np.any(np.diff(signal) <= 0):
            raise NpmError(
                f"The response curve {self.name!r} is flat somewhere, so grey levels there have "
                "no single porosity; give points that rise more evenly."
            )
        for array in (at, signal):
            array.setflags(write=False)
        object.__setattr__(self, "porosity", tuple(n.tolist()))
        object.__setattr__(self, "response", tuple(y.tolist()))
        object.__setattr__(self, "_table", (at, signal))

    def signal(self, porosity: ArrayLike) -> NDArray[np.float64]:
        """Return the normalised signal y, in [0, 1], of equivalent porosities.

        Parameters
        ----------
        porosity : array_like
            Equivalent porosity n; values outside [0, 1] count as the nearer end.

        Returns
        -------
        ndarray of float64
            The same shape as ``porosity``.
        """
        at, signal = self._table
        return np.asarray(np.interp(np.asarray(porosity), at, signal), dtype=np.float64)

    def porosity_of(self, response: ArrayLike) -> NDArray[np.float64]:
        """Return the equivalent porosity n, in [0, 1], of normalised signals.

        Parameters
        ----------
        response : array_like
            Normalised signal y; below 0 gives 0 and above 1 gives 1 (SI section 1, step 3).

        Returns
        -------
        ndarray of float64
            The same shape as ``response``.
        """
        at, signal = self._table
        return np.asarray(np.interp(np.asarray(response), signal, at), dtype=np.float64)


def load_curve(path: str | Path) -> ResponseCurve:
    """Read a response curve from a CSV file.

    The file has a ``porosity`` column and either ``eta`` (backscatter coefficient or detector
    signal, normalised here) or ``response`` (already normalised; used when there is no ``eta``).
    Lines that start with ``#`` are comments; ``# name:`` and ``# source:`` name the curve.

    Parameters
    ----------
    path : str or Path
        The CSV file, UTF-8.

    Returns
    -------
    ResponseCurve
        The curve, named after its comment lines or else its file.

    Raises
    ------
    NpmError
        If the file cannot be read, lacks a column or does not rise from n = 0 to n = 1.
    """
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise NpmError(
            f"The response curve {path} cannot be read; check that it is a CSV file that exists."
        ) from error
    return _parse(text, path.stem)


@cache
def default_curve() -> ResponseCurve:
    """Return the curve of the paper's materials: C-S-H with Field's metal at 5 kV.

    Returns
    -------
    ResponseCurve
        The same object in every call; its `ResponseCurve.source` says where it comes from.
    """
    folder = resources.files("napari_npm") / "data" / "response"
    text = (folder / "csh_fields_metal_5kv.csv").read_text(encoding="utf-8")
    return _parse(text, "csh_fields_metal_5kv")


def _parse(text: str, stem: str) -> ResponseCurve:
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
    wanted = "eta" if "eta" in columns else "response"
    if "porosity" not in columns or wanted not in columns:
        raise NpmError(
            f"The response curve {stem!r} needs a header line with the columns porosity and eta "
            "(or porosity and response)."
        )
    try:
        pairs = [(float(row["porosity"]), float(row[wanted])) for row in reader]
    except (TypeError, ValueError) as error:
        raise NpmError(
            f"The response curve {stem!r} holds something that is not a number; "
            f"fill every row of the columns porosity and {wanted} with numbers."
        ) from error
    n = [pair[0] for pair in pairs]
    values = np.array([pair[1] for pair in pairs])
    if wanted == "eta" and values.size > 1 and values[-1] > values[0]:
        values = (values - values[0]) / (values[-1] - values[0])
    return ResponseCurve(notes["name"], notes["source"], tuple(n), tuple(values.tolist()))


def _rising(values: Sequence[float], what: str, name: str) -> NDArray[np.float64]:
    array = np.array(values, dtype=np.float64)
    ends = array.ndim == 1 and array.size >= 2 and array[0] == 0 and array[-1] == 1
    if ends and np.all(np.diff(array) > 0):  # NaN fails the comparison too
        return array
    raise NpmError(
        f"The {what} of the response curve {name!r} do not rise steadily from 0 to 1; "
        "give points from metal-free C-S-H (0) to pure metal (1), each larger than the last."
    )
