"""The response curve: how bright C-S-H is whose pores hold a given share of metal.

Signal and porosity are both normalised: y = (eta(n) - eta(0)) / (eta(1) - eta(0)), so the curve
stands for any contrast and brightness of the microscope (paper, SI section 1 and Fig. S1).
"""

from functools import cache
from importlib import resources
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ._curve_file import Detector as Detector
from ._curve_file import parse_curve
from ._response_curve import ResponseCurve as ResponseCurve
from .errors import NpmError

DEFAULT_CURVE = "csh_fields_metal_5kv"
"""File of the paper's materials in the package's data."""


def lookup_table(
    g_csh: float, g_metal: float, curve: ResponseCurve, low: int, high: int
) -> NDArray[np.float32]:
    """Return the equivalent porosity of every grey level of a whole-number image.

    Parameters
    ----------
    g_csh, g_metal : float
        Grey level of metal-free C-S-H (n = 0) and of metal (n = 1).
    curve : ResponseCurve
        The response curve.
    low, high : int
        First and last grey level; 0 and 255 for a table of all 8-bit images.

    Returns
    -------
    ndarray of float32, shape (high - low + 1,)
        n in [0, 1]; the map of an image is ``table[image - low]``.

    Raises
    ------
    NpmError
        If G_m is not above G_CSH.
    """
    check_levels(g_csh, g_metal)
    grey = np.arange(low, high + 1, dtype=np.float64)
    return curve.porosity_of((grey - g_csh) / (g_metal - g_csh)).astype(np.float32)


def check_levels(g_csh: float, g_metal: float, where: str = "") -> None:
    """Raise `NpmError` unless G_m lies above G_CSH; ``where`` names the image."""
    if not (np.isfinite([g_csh, g_metal]).all() and g_metal > g_csh):
        of = f" in {where}" if where else ""
        raise NpmError(
            f"G_m ({g_metal:g}) must be above G_CSH ({g_csh:g}){of}; check which region is marked "
            "as metal and which as C-S-H, and that the image is not inverted."
        )


def load_curve(path: str | Path, detector: Detector = "count") -> ResponseCurve:
    """Read a response curve from a CSV file.

    The file has a ``porosity`` column and a column of signals for each detector model: ``eta``
    (backscatter coefficient: every electron counts), ``energy`` (each counts by its energy) and
    ``threshold`` (by its energy above a threshold), each with its standard error in
    ``<column>_error`` where known. They are normalised here. A file may hold ``response``
    instead, already normalised, for whatever detector it was made. Lines that start with ``#``
    are comments; ``# name:`` and ``# source:`` name the curve.

    Parameters
    ----------
    path : str or Path
        The CSV file, UTF-8.
    detector : {"count", "energy", "threshold"}
        What the detector's output is proportional to.

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
    return parse_response(text, path.stem, detector)


@cache
def default_curve(detector: Detector = "count") -> ResponseCurve:
    """Return the curve of the paper's materials: C-S-H with Field's metal at 5 kV.

    Parameters
    ----------
    detector : {"count", "energy", "threshold"}
        What the detector's output is proportional to; the paper's curve counts electrons.

    Returns
    -------
    ResponseCurve
        The same object in every call; its `ResponseCurve.source` says where it comes from.
    """
    return parse_response(default_curve_text(), DEFAULT_CURVE, detector)


def default_curve_text() -> str:
    """Return the text of the response file that comes with the package.

    Returns
    -------
    str
        CSV, as `load_curve` reads it.
    """
    folder = resources.files("napari_npm") / "data" / "response"
    return (folder / f"{DEFAULT_CURVE}.csv").read_text(encoding="utf-8")


def parse_response(text: str, stem: str, detector: Detector = "count") -> ResponseCurve:
    """Build a curve from the text of a file, as `load_curve` does; ``stem`` names it in errors."""
    found = parse_curve(text, stem, detector)
    make = ResponseCurve if found.normalised else ResponseCurve.from_signal
    error = None if found.error is None else tuple(found.error.tolist())
    return make(
        found.name,
        found.source,
        tuple(found.porosity.tolist()),
        tuple(found.signal.tolist()),
        error,
    )
