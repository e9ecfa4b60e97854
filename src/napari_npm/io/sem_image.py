"""A SEM image as read: pixels with what the file tells about how they were made."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

# uint8 or uint16, shape (rows, columns)
GreyPixels = NDArray[np.unsignedinteger[Any]]


@dataclass(frozen=True, eq=False)
class SemImage:
    """One grey SEM image and its acquisition facts; built by `read_sem`.

    Attributes
    ----------
    pixels : ndarray of uint8 or uint16, shape (rows, columns)
        The file's own grey values, data bar removed.
    source : Path
        The file read.
    vendor : str
        Who wrote the facts: ``"FEI"``, ``"Zeiss"``, ``"Tescan"``, ``"Hitachi"``, ``"JEOL"``,
        ``"ImageJ"``, ``"OME"``, or ``""`` where no facts were found.
    pixel_size_nm : float or None
        Width of a pixel in nm; None where the file does not tell (it is never guessed).
    kv : float or None
        Accelerating voltage in kV.
    detector : str or None
        Name and mode of the detector, as the microscope calls it.
    date : str or None
        When it was taken, ISO 8601 where the file's form is unambiguous, else as written.
    working_distance_mm : float or None
        Working distance in mm.
    databar_rows : int
        Rows cut off at the bottom because they held the data bar.
    warnings : tuple of str
        One sentence for each reason not to trust or compare the grey values or lengths.
    metadata : mapping of str to float or str
        Further settings, such as ``contrast``, ``brightness``, ``dwell_time_s``.
    """

    pixels: GreyPixels
    source: Path
    vendor: str = ""
    pixel_size_nm: float | None = None
    kv: float | None = None
    detector: str | None = None
    date: str | None = None
    working_distance_mm: float | None = None
    databar_rows: int = 0
    warnings: tuple[str, ...] = ()
    metadata: Mapping[str, float | str] = field(default_factory=dict)
