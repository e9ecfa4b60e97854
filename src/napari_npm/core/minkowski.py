"""Minkowski functionals of a map at every threshold: area, perimeter, Euler number."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .grey import grey_levels


@dataclass(frozen=True)
class Minkowski:
    """Area, perimeter and Euler number of the pixels above each grey level.

    Attributes
    ----------
    area : ndarray of int, shape (256,)
        Pixels with a grey level above 0, 1 .. 255.
    perimeter : ndarray of float64, shape (256,)
        Length in pixels of their boundary inside the map, by Crofton's formula in four directions
        (what the edge of the map cuts is not counted).
    euler : ndarray of int, shape (256,)
        Number of connected parts less the number of holes in them, with pixels joined by sides
        and corners (holes by sides only). Parts that the edge cuts count; a hole must be closed.
    pixels : int
        Pixels of the map.
    """

    area: NDArray[np.int64]
    perimeter: NDArray[np.float64]
    euler: NDArray[np.int64]
    pixels: int

    def __add__(self, other: "Minkowski") -> "Minkowski":
        return Minkowski(
            self.area + other.area,
            self.perimeter + other.perimeter,
            self.euler + other.euler,
            self.pixels + other.pixels,
        )


def minkowski(porosity: NDArray[np.generic]) -> Minkowski:
    """Return the Minkowski functionals of a map at all 256 thresholds.

    Pixels are closed squares: a corner, side or square of the grid is in the set above a level if
    the largest grey level of the pixels around it is, so histograms of these maxima give all
    thresholds at once, and ``corners - sides + squares`` is the Euler number (Legland, Kieu and
    Devaux 2007, doi:10.5566/ias.v26.p83-92, for both functionals).

    Parameters
    ----------
    porosity : array, shape (H, W)
        Equivalent porosity n in [0, 1], or grey levels 0-255 as integers.

    Returns
    -------
    Minkowski

    Raises
    ------
    NpmError
        For NaN, values out of range, or an empty map.
    """
    grey = grey_levels(porosity)
    padded = np.pad(grey, 1)
    wide = np.maximum(padded[:, 1:], padded[:, :-1])
    tall = np.maximum(padded[1:], padded[:-1])[:, 1:-1]
    corners = np.maximum(wide[1:], wide[:-1])
    area = _above(grey)
    euler = _above(corners) - _above(wide[1:-1]) - _above(tall) + area
    pairs = (
        (grey[:, 1:], grey[:, :-1], 1.0),
        (grey[1:], grey[:-1], 1.0),
        (grey[1:, 1:], grey[:-1, :-1], 0.5**0.5),
        (grey[1:, :-1], grey[:-1, 1:], 0.5**0.5),
    )
    perimeter = np.zeros(256)
    for one, other, spacing in pairs:
        # Changes from above a level to at or below it along lines of one direction. Lines so far
        # apart, met so often: pi / 2 of the length of the boundary, on average over directions.
        changes = _above(np.maximum(one, other)) - _above(np.minimum(one, other))
        perimeter += np.pi / 2 * spacing * changes / len(pairs)
    return Minkowski(area, perimeter, euler, int(grey.size))


def _above(levels: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Return how many values lie above 0, 1 .. 255."""
    counts = np.bincount(levels.ravel(), minlength=256)
    return levels.size - np.cumsum(counts)
