"""Which displacements of two pixels count at which distance, and in which sector of angle."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .errors import NpmError

Offsets = NDArray[np.int64]


@dataclass(frozen=True)
class Displacements:
    """One displacement (dy, dx) of every opposite pair, and the bin in which its pairs count.

    Attributes
    ----------
    bins : array of int64, (reach_y + 1, 2 reach_x + 1)
        Bin of (dy, dx), dx from -reach_x on: ``sector (r_max + 1) + r``; -1 where none counts. The
        zero displacement is left out: its pairs are the pixels themselves.
    r_max, sectors : int
        Largest rounded distance, px; number of sectors of angle.
    periodic : bool
        Whether the map goes on at its opposite edge.
    """

    bins: Offsets
    r_max: int
    sectors: int
    periodic: bool

    @property
    def n_bins(self) -> int:
        """Bins in all."""
        return self.sectors * (self.r_max + 1)

    @property
    def reach(self) -> tuple[int, int]:
        """Largest dy and dx."""
        return self.bins.shape[0] - 1, self.bins.shape[1] // 2

    def listed(self) -> tuple[Offsets, Offsets, Offsets]:
        """Return dy, dx and the bin of every displacement that counts, ordered by bin."""
        dy, dx = np.nonzero(self.bins >= 0)
        found = self.bins[dy, dx]
        order = np.argsort(found, kind="stable")
        return dy[order], dx[order] - self.reach[1], found[order]

    def pairs(self, shape: tuple[int, int]) -> int:
        """Return how many pairs of pixels a whole map of this shape has in the bins."""
        dy, dx, _ = self.listed()
        if self.periodic:
            return dy.size * shape[0] * shape[1]
        return int(((shape[0] - dy) * (shape[1] - np.abs(dx))).sum())


def displacements(
    shape: tuple[int, int], r_max: int, sectors: int = 1, *, periodic: bool = False
) -> Displacements:
    """List the displacements within a map of this shape.

    Distances are rounded to whole pixels; a whole number is never the square of a half-integer,
    so there are no ties. Angles are counted from the columns' direction, modulo 180 degrees;
    sector k is centred on ``k 180 / sectors`` degrees, and a displacement on the border of two
    sectors (as at 45 degrees with two sectors) belongs to the later one.

    Raises
    ------
    NpmError
        For a periodic map that is not larger than twice `r_max`: a pair would have two distances.
    """
    if periodic and 2 * r_max >= min(shape):
        raise NpmError(
            f"Of a periodic map of {shape[0]} x {shape[1]} px r_max can be at most "
            f"{(min(shape) - 1) // 2} px, not {r_max}."
        )
    rows, columns = min(r_max, shape[0] - 1), min(r_max, shape[1] - 1)
    dy, dx = np.arange(rows + 1)[:, np.newaxis], np.arange(-columns, columns + 1)
    bins = np.rint(np.sqrt(dy**2 + dx**2)).astype(np.int64)
    outside = (bins > r_max) | ((dy == 0) & (dx <= 0))
    if sectors > 1:
        # Degrees from exact ratios; the small shift puts borders, up to rounding, in one sector.
        turns = np.degrees(np.arctan2(dy, dx)) * sectors / 180
        bins += (np.floor(turns + 0.5 + 1e-9).astype(np.int64) % sectors) * (r_max + 1)
    bins[outside] = -1
    return Displacements(bins, r_max, sectors, periodic)
