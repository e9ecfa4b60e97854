"""The pores of a map one by one, and the distribution of their sizes (paper, section 2.4)."""

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import ndimage

from .errors import NpmError
from .regions import IsodataSplit, isodata_split

Connectivity = Literal[4, 8]


@dataclass(frozen=True)
class PoreSize:
    """The average size of the pores of a map.

    Attributes
    ----------
    mean_area_nm2 : float
        Number mean of the areas of the pores in nm²; 0 if there are none.
    equivalent_diameter_nm : float
        Diameter in nm of the circle of that area.
    count : int
        Number of pores.
    threshold : int
        Grey level 0-255 of the isodata threshold: pixels above it are pores.
    roots : tuple of int
        Every isodata threshold of the map; several mean that the choice was not unique.
    """

    mean_area_nm2: float
    equivalent_diameter_nm: float
    count: int
    threshold: int
    roots: tuple[int, ...]


@dataclass(frozen=True)
class Pores:
    """The pores of a map: connected high-porosity regions of the isodata-thresholded map.

    Attributes
    ----------
    areas : ndarray of int, shape (P,)
        Pixels of each pore.
    cut : ndarray of bool, shape (P,)
        Whether the edge of the map cuts the pore, so that only a part of it was measured.
    split : IsodataSplit
        Threshold, its roots and the high-porosity pixels.
    """

    areas: NDArray[np.int64]
    cut: NDArray[np.bool_]
    split: IsodataSplit

    def average(self, pixel_size_nm: float) -> PoreSize:
        """Return the number mean of the areas."""
        area = float(self.areas.mean()) * pixel_size_nm**2 if self.areas.size else 0.0
        return PoreSize(
            mean_area_nm2=area,
            equivalent_diameter_nm=equivalent_diameter(area),
            count=int(self.areas.size),
            threshold=self.split.threshold,
            roots=self.split.roots,
        )

    @property
    def cut_share(self) -> float:
        """Share of the pores' area in pores that the edge of the map cuts; 0 without pores."""
        total = int(self.areas.sum())
        return float(self.areas[self.cut].sum()) / total if total else 0.0


@dataclass(frozen=True)
class PoreDistribution:
    """How many pores have which size; a row for each size that occurs.

    Attributes
    ----------
    pixels : ndarray of int, shape (S,)
        Area in pixels, rising.
    area_nm2, diameter_nm : ndarray of float64, shape (S,)
        The area in nm², and the diameter of the circle of that area in nm.
    count : ndarray of int, shape (S,)
        Number of pores of this size.
    number_share, area_share : ndarray of float64, shape (S,)
        Share of all pores that have this size, and of the area of all pores that is in them.
    number_finer, area_finer : ndarray of float64, shape (S,)
        The same of pores up to this size: the cumulative distributions.
    """

    pixels: NDArray[np.int64]
    area_nm2: NDArray[np.float64]
    diameter_nm: NDArray[np.float64]
    count: NDArray[np.int64]
    number_share: NDArray[np.float64]
    area_share: NDArray[np.float64]
    number_finer: NDArray[np.float64]
    area_finer: NDArray[np.float64]

    @property
    def mean_area_nm2(self) -> float:
        """Number mean of the area of all pores; NaN without pores."""
        return float(self.number_share @ self.area_nm2) if self.count.size else float("nan")

    @property
    def area_weighted_mean_nm2(self) -> float:
        """Area of the pore that a random point of the pores lies in, on average."""
        return float(self.area_share @ self.area_nm2) if self.count.size else float("nan")

    def diameter(self, share: float, *, by: Literal["number", "area"] = "area") -> float:
        """Return the smallest diameter (nm) that `share` of the pores or of their area reach up to.

        ``diameter(0.5, by="area")`` is the D50. NaN without pores.
        """
        if by not in ("number", "area"):
            raise NpmError(f"A share of the pores is by number or by area, not by {by}.")
        if not 0 < share <= 1:
            raise NpmError(f"A share is above 0 and at most 1, not {share}.")
        if not self.count.size:
            return float("nan")
        finer = self.number_finer if by == "number" else self.area_finer
        return float(self.diameter_nm[np.searchsorted(finer, share)])


def find_pores(
    porosity: NDArray[np.generic], *, connectivity: Connectivity = 8, min_pixels: int = 1
) -> Pores:
    """Find the pores of a MulF map (section 2.4).

    The map is quantised to 256 grey levels before its isodata threshold is found.

    Parameters
    ----------
    porosity : array, shape (H, W)
        Equivalent porosity n in [0, 1].
    connectivity : {8, 4}
        Whether pixels that share a corner only belong together (8) or not (4).
    min_pixels : int
        Pores of fewer pixels are left out.

    Returns
    -------
    Pores
        In the order of their first pixels. A flat map has none.

    Raises
    ------
    NpmError
        If the map is empty, holds NaN or values outside [0, 1], or a parameter is out of bounds.
    """
    if connectivity not in get_args(Connectivity):
        raise NpmError(f"The connectivity must be 4 or 8, not {connectivity}.")
    if min_pixels < 1:
        raise NpmError(f"The smallest pore must have 1 pixel or more, not {min_pixels}.")
    split = isodata_split(porosity)
    structure = np.ones((3, 3)) if connectivity == 8 else None
    pieces, found = ndimage.label(split.high, structure)
    areas = np.bincount(pieces.ravel(), minlength=found + 1)
    cut = np.zeros(found + 1, dtype=bool)
    for edge in (pieces[0], pieces[-1], pieces[:, 0], pieces[:, -1]):
        cut[edge] = True
    kept = np.flatnonzero(areas[1:] >= min_pixels) + 1
    return Pores(areas[kept].astype(np.int64), cut[kept], split)


def pore_distribution(
    areas: ArrayLike, pixel_size_nm: float, *, counts: ArrayLike | None = None
) -> PoreDistribution:
    """Return the number- and area-weighted distribution of pore sizes.

    Small pores are many and large ones hold the area, so the two differ by orders of magnitude;
    the number mean depends most on the smallest pores that are counted.

    Parameters
    ----------
    areas : array_like of int, shape (P,)
        Areas in pixels, such as `Pores.areas` of all maps of a sample put together.
    pixel_size_nm : float
        Side of a pixel in nm.
    counts : array_like of int, shape (P,), optional
        Number of pores of each area; 1 if not given.

    Returns
    -------
    PoreDistribution
        Without rows if there are no pores.

    Raises
    ------
    NpmError
        If the pixel size is not above 0, an area is below 1, or areas and counts do not match.
    """
    check_pixel_size(pixel_size_nm)
    sizes = np.asarray(areas, dtype=np.int64).ravel()
    number = np.ones_like(sizes) if counts is None else np.asarray(counts, dtype=np.int64).ravel()
    if number.shape != sizes.shape:
        raise NpmError(f"There are {sizes.size} areas but {number.size} counts; give one each.")
    if sizes.size and (sizes.min() < 1 or number.min() < 0):
        raise NpmError("The area of a pore is 1 pixel or more, and its count not below 0.")
    pixels, where = np.unique(sizes[number > 0], return_inverse=True)
    count = np.bincount(where, weights=number[number > 0], minlength=pixels.size).astype(np.int64)
    area: NDArray[np.float64] = pixels.astype(np.float64) * pixel_size_nm**2
    pores, total = max(int(count.sum()), 1), max(int(count @ pixels), 1)
    return PoreDistribution(
        pixels=pixels,
        area_nm2=area,
        diameter_nm=2 * np.sqrt(area / np.pi),
        count=count,
        number_share=count / pores,
        area_share=count * pixels / total,
        number_finer=np.cumsum(count) / pores,
        area_finer=np.cumsum(count * pixels) / total,
    )


def equivalent_diameter(area: float) -> float:
    """Return the diameter of the circle of an area."""
    return 2 * float(np.sqrt(area / np.pi))


def check_pixel_size(pixel_size_nm: float) -> None:
    """Refuse a pixel size that is none."""
    if not (np.isfinite(pixel_size_nm) and pixel_size_nm > 0):
        raise NpmError(f"The pixel size must be above 0 nm, not {pixel_size_nm}.")
