"""What straight lines through a map meet: chords and the lineal path of a phase.

A run is a longest row or column of pixels of one phase. All is counted in whole numbers, so that
counts of several maps can be added.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .errors import NpmError


@dataclass(frozen=True)
class Runs:
    """How many runs of a phase have which length, along rows and columns together.

    Attributes
    ----------
    inside : ndarray of int, shape (L + 1,)
        Number of runs of 0, 1 .. L pixels that end inside the map: its chords.
    cut : ndarray of int, shape (L + 1,)
        The same of runs that the edge of the map cuts, with the length that is in the map.
    places : ndarray of int, shape (L + 1,)
        Number of places where 1, 2 .. L + 1 pixels in a line fit into the map.
    ends : int
        Number of ends of runs that lie inside the map: two of a chord, one or none of a run that
        is cut.
    """

    inside: NDArray[np.int64]
    cut: NDArray[np.int64]
    places: NDArray[np.int64]
    ends: int

    @property
    def mean_chord(self) -> float:
        """Mean length of the chords in pixels; NaN without any end.

        All length over half the ends: the mean of the chords inside would be too small, for the
        edge of the map cuts long chords more often than short ones.
        """
        total = float((self.inside + self.cut) @ np.arange(self.inside.size))
        return 2 * total / self.ends if self.ends else float("nan")

    @property
    def lineal_path(self) -> NDArray[np.float64]:
        """Chance that two pixels r apart and all between them are of the phase, r = 0 .. L.

        Lu and Torquato (1992), doi:10.1103/PhysRevA.45.922, along rows and columns; NaN where no
        such line fits into the map. At r = 0 it is the area fraction.
        """
        counts = self.inside + self.cut
        # A run of l pixels holds l - r lines of r + 1 pixels: a sum of tails of the counts.
        longer = np.cumsum(counts[::-1])[::-1]
        lines = np.append(np.cumsum(longer[:0:-1])[::-1], 0)
        with np.errstate(invalid="ignore"):
            path: NDArray[np.float64] = lines / self.places
        return path

    def __add__(self, other: "Runs") -> "Runs":
        if self.places.size != other.places.size:
            raise NpmError("Runs of maps of different sizes cannot be added.")
        return Runs(
            self.inside + other.inside,
            self.cut + other.cut,
            self.places + other.places,
            self.ends + other.ends,
        )


def count_runs(phase: ArrayLike) -> Runs:
    """Count the runs of a phase along the rows and columns of a map.

    Parameters
    ----------
    phase : array_like of bool, shape (H, W)
        True on the phase.

    Returns
    -------
    Runs
        With lengths up to the longer side of the map.

    Raises
    ------
    NpmError
        If the map is empty or has not two dimensions.
    """
    mask = check_phase(phase)
    longest = max(mask.shape)
    inside = np.zeros(longest + 1, dtype=np.int64)
    cut, places, ends = inside.copy(), inside.copy(), 0
    steps = np.arange(longest + 1)
    for lines in (mask, mask.T):
        count, length = lines.shape
        padded = np.zeros((count, length + 2), dtype=np.int8)
        padded[:, 1:-1] = lines
        # In reading order every start is followed by the end of its own run.
        turns = np.diff(padded, axis=1)
        start, end = (np.nonzero(turns == sign)[1] for sign in (1, -1))
        whole = (start > 0) & (end < length)
        inside += np.bincount((end - start)[whole], minlength=longest + 1)
        cut += np.bincount((end - start)[~whole], minlength=longest + 1)
        ends += int(np.count_nonzero(start > 0) + np.count_nonzero(end < length))
        places += count * np.maximum(length - steps, 0)
    return Runs(inside, cut, places, ends)


def check_phase(phase: ArrayLike) -> NDArray[np.bool_]:
    """Return a phase as a map of truth values."""
    mask = np.asarray(phase)
    if mask.ndim != 2 or mask.size == 0:
        raise NpmError(f"A phase is a map of rows and columns, not an array of {mask.shape}.")
    if mask.dtype != np.bool_:
        raise NpmError("A phase is a map of truth values; compare the map with a threshold first.")
    return mask
