"""Characteristic regions one by one: cleaned, counted, measured and placed in HP or LP."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import ndimage

from .errors import NpmError
from .pieces import small_pieces

Connectivity = Literal[8, 4]
_NEIGHBOURS = {4: np.array([[0, 1, 0], [1, 1, 1], [0, 1, 0]]), 8: np.ones((3, 3), dtype=np.int64)}


@dataclass(frozen=True, eq=False)
class RegionTable:
    """The connected regions of one map, column by column; R regions, in reading order.

    Attributes
    ----------
    labels : int32 array, (H, W)
        Number of the region from 1, 0 outside and on regions that are too small for the table.
    label : int array, (R,)
        Number of each region in `labels`, 1 to R.
    area_px : int array, (R,)
        Pixels.
    row, col : float array, (R,)
        Centroid in pixels; (0, 0) is the centre of the first pixel.
    relevance_share : float array, (R,)
        Share of the map's relevance that the region holds.
    high_fraction : float array, (R,)
        Share of the region's pixels in HP; NaN where HP is not known.
    """

    labels: NDArray[np.int32]
    label: NDArray[np.int64]
    area_px: NDArray[np.int64]
    row: NDArray[np.float64]
    col: NDArray[np.float64]
    relevance_share: NDArray[np.float64]
    high_fraction: NDArray[np.float64]

    def __len__(self) -> int:
        return self.label.size

    @property
    def part(self) -> NDArray[np.str_]:
        """``HP`` or ``LP``, where most of each region lies (a tie is LP); empty if not known."""
        known = np.where(self.high_fraction > 0.5, "HP", "LP")
        return np.where(np.isnan(self.high_fraction), "", known)

    def area_um2(self, pixel_size_nm: float) -> NDArray[np.float64]:
        """Return the area of each region in µm², from the pixel size in nm."""
        return np.asarray(self.area_px * _pixel_um(pixel_size_nm) ** 2)

    def diameter_um(self, pixel_size_nm: float) -> NDArray[np.float64]:
        """Return the diameter of the circle of each region's area in µm."""
        return np.asarray(np.sqrt(4 / np.pi * self.area_um2(pixel_size_nm)))

    def columns(
        self, pixel_size_nm: float, origin: tuple[int, int] = (0, 0)
    ) -> dict[str, NDArray[np.generic]]:
        """Return the table with units in the names, for a CSV file or the features of a layer.

        Parameters
        ----------
        pixel_size_nm : float
            Pixel size in nm.
        origin : (int, int)
            Row and column of the map's first pixel in its image.

        Returns
        -------
        dict of str to array, (R,)
            ``label, area_px, area_um2, diameter_um, relevance_share, high_fraction, part, row,
            col, image_row, image_col``.
        """
        return {
            "label": self.label,
            "area_px": self.area_px,
            "area_um2": self.area_um2(pixel_size_nm),
            "diameter_um": self.diameter_um(pixel_size_nm),
            "relevance_share": self.relevance_share,
            "high_fraction": self.high_fraction,
            "part": self.part,
            "row": self.row,
            "col": self.col,
            "image_row": self.row + origin[0],
            "image_col": self.col + origin[1],
        }


def clean_regions(
    mask: ArrayLike,
    *,
    min_area_px: int = 1,
    fill_holes_px: int = 0,
    connectivity: Connectivity = 8,
) -> NDArray[np.bool_]:
    """Fill small holes in regions, then drop small regions.

    What the regions hold of the relevance changes with it: see `held_share`.

    Parameters
    ----------
    mask : array_like of bool, (H, W)
        Regions, such as `CharacteristicRegions.mask`.
    min_area_px : int
        Regions of fewer pixels are dropped; 1 keeps all.
    fill_holes_px : int
        Holes of at most so many pixels, off the map's edge, are filled; 0 fills none. A hole
        hangs together by sides where regions do by corners, and the other way round.
    connectivity : {8, 4}
        Pixels of a region touch by their sides (4) or also by their corners (8).

    Returns
    -------
    array of bool, (H, W)

    Raises
    ------
    NpmError
        If a size is out of range or the mask has no rows and columns.
    """
    inside = _mask(mask)
    if min_area_px < 1 or fill_holes_px < 0:
        raise NpmError("The least area of a region must be 1 px or more, that of holes 0 or more.")
    kept = inside.copy()
    if fill_holes_px > 0:
        holes = 12 - _checked(connectivity)  # 8 inside goes with 4 outside
        kept |= small_pieces(~kept, fill_holes_px, enclosed=True, structure=_NEIGHBOURS[holes])
    if min_area_px > 1:
        small = small_pieces(kept, min_area_px - 1, structure=_NEIGHBOURS[_checked(connectivity)])
        kept &= ~small
    return kept


def held_share(relevance: ArrayLike, mask: ArrayLike) -> float:
    """Return the share of the relevance that lies in a mask; NaN without any relevance.

    Parameters
    ----------
    relevance : array_like, (H, W)
        Relevance >= 0, any unit.
    mask : array_like of bool, (H, W)
        Where it is summed.

    Returns
    -------
    float
        From 0 to 1.
    """
    values = np.asarray(relevance, dtype=np.float64)
    total = float(values.sum())
    return float(values[_mask(mask)].sum()) / total if total > 0 else float("nan")


def region_table(
    mask: ArrayLike,
    relevance: ArrayLike,
    high: ArrayLike | None = None,
    *,
    min_area_px: int = 1,
    connectivity: Connectivity = 8,
) -> RegionTable:
    """Measure the connected characteristic regions of a map.

    Parameters
    ----------
    mask : array_like of bool, (H, W)
        The regions.
    relevance : array_like, (H, W)
        Relevance >= 0, any unit.
    high : array_like of bool, (H, W), optional
        HP pixels.
    min_area_px : int
        Smallest region in the table; smaller ones are left out of it and of its labels.
    connectivity : {8, 4}
        Pixels of a region touch by their sides (4) or also by their corners (8).

    Returns
    -------
    RegionTable

    Raises
    ------
    NpmError
        If shapes differ, relevance is negative or not finite, or the smallest area is below 1.
    """
    inside = _mask(mask)
    values = np.asarray(relevance, dtype=np.float64)
    if values.shape != inside.shape or (high is not None and np.shape(high) != inside.shape):
        raise NpmError("Regions, relevance and HP mask must have the same shape.")
    if not np.isfinite(values).all() or values.min(initial=0.0) < 0:
        raise NpmError("Relevance must be finite and not negative: explain the image again.")
    if min_area_px < 1:
        raise NpmError(f"The least area of a region must be 1 px or more, not {min_area_px}.")
    found, count = ndimage.label(inside, _NEIGHBOURS[_checked(connectivity)])
    area = np.bincount(found.ravel(), minlength=count + 1)
    keep = area >= min_area_px
    keep[0] = False
    renumbered = np.where(keep, np.cumsum(keep), 0).astype(np.int32)
    labels: NDArray[np.int32] = renumbered[found]
    # sums by label over the regions' pixels alone: they are a small part of the map
    rows, cols = np.nonzero(labels)
    number = labels[rows, cols]
    size = int(keep.sum()) + 1

    def mean_of(weights: NDArray[np.generic]) -> NDArray[np.float64]:
        return np.asarray(np.bincount(number, weights, size)[1:] / area[keep])

    total = float(values.sum())
    held = np.bincount(number, values[rows, cols], size)[1:]
    in_high = (
        np.full(size - 1, np.nan)
        if high is None
        else mean_of(np.asarray(high, dtype=bool)[rows, cols])
    )
    return RegionTable(
        labels=labels,
        label=np.arange(1, size, dtype=np.int64),
        area_px=area[keep].astype(np.int64),
        row=mean_of(rows),
        col=mean_of(cols),
        relevance_share=held / total if total > 0 else np.zeros_like(held),
        high_fraction=in_high,
    )


def count_features(
    mask: ArrayLike, high: ArrayLike, *, connectivity: Connectivity = 8
) -> tuple[int, int]:
    """Count connected features, those mostly in HP and those mostly in LP (a tie is LP).

    Parameters
    ----------
    mask, high : array_like of bool, (H, W)
        The features, such as `BoundaryFeatures.mask`, and the HP pixels.
    connectivity : {8, 4}
        Pixels of a feature touch by their sides (4) or also by their corners (8).

    Returns
    -------
    (int, int)
        Features in HP, features in LP.
    """
    inside = _mask(mask)
    if np.shape(high) != inside.shape:
        raise NpmError("The HP mask must have the shape of the features.")
    found, count = ndimage.label(inside, _NEIGHBOURS[_checked(connectivity)])
    area = np.bincount(found.ravel(), minlength=count + 1)[1:]
    in_high = np.bincount(found[np.asarray(high, dtype=bool)], minlength=count + 1)[1:]
    many = int(np.count_nonzero(2 * in_high > area))
    return many, count - many


def _mask(mask: ArrayLike) -> NDArray[np.bool_]:
    values = np.asarray(mask, dtype=bool)
    if values.ndim != 2 or values.size == 0:
        raise NpmError("Give regions as one mask with rows and columns.")
    return values


def _checked(connectivity: int) -> int:
    if connectivity not in _NEIGHBOURS:
        raise NpmError(f"Pixels touch by 4 or 8 neighbours, not {connectivity}.")
    return connectivity


def _pixel_um(pixel_size_nm: float) -> float:
    if not (np.isfinite(pixel_size_nm) and pixel_size_nm > 0):
        raise NpmError("Give the pixel size in nm, above 0.")
    return pixel_size_nm / 1000
