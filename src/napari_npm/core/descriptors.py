"""Porosity, average pore size and distributions of nanoporosity maps (paper, section 2.4)."""

from collections.abc import Iterator, Sequence
from typing import cast

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .errors import NpmError
from .grey import grey_levels
from .pores import Connectivity, PoreSize, check_pixel_size, find_pores

#: Maps as an array (N, H, W), one map (H, W), or anything with len() whose items are maps, such as
#: a zarr array; they are read one at a time.
Maps = ArrayLike | Sequence[ArrayLike]

#: Bin edges of porosity used where none are given.
EDGES = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)


def porosity(maps: Maps) -> NDArray[np.float64]:
    """Return the porosity of each map, the mean of its local porosities (section 2.4).

    Parameters
    ----------
    maps : array_like, shape (N, H, W) or (H, W)
        Equivalent porosity n; see `Maps`.

    Returns
    -------
    ndarray of float64, shape (N,)

    Raises
    ------
    NpmError
        If a map is empty, or holds NaN or values outside [0, 1].
    """
    return np.array([each.mean(dtype=np.float64) for each in _each(maps)])


def average_pore_size(
    porosity: ArrayLike,
    pixel_size_nm: float,
    *,
    connectivity: Connectivity = 8,
    min_pixels: int = 1,
) -> PoreSize:
    """Return the average size of the pores of a MulF map (section 2.4, Fig. 3c).

    Pores are the connected high-porosity regions of the isodata-thresholded map, quantised to
    256 grey levels first; those cut by the edge of the map count with the part that is inside.
    The value depends on the connectivity and on the smallest pore counted, so state both.

    Parameters
    ----------
    porosity : array_like, shape (H, W)
        Equivalent porosity n in [0, 1].
    pixel_size_nm : float
        Side of a pixel in nm.
    connectivity : {8, 4}
        Whether pixels that share a corner only belong together (8) or not (4).
    min_pixels : int
        Pores of fewer pixels are not counted.

    Returns
    -------
    PoreSize
        A flat map has no pores: count and size are 0.

    Raises
    ------
    NpmError
        If the map is empty, not 2-D, holds NaN or values outside [0, 1], or a parameter is out
        of bounds.
    """
    check_pixel_size(pixel_size_nm)
    found = find_pores(_map(porosity), connectivity=connectivity, min_pixels=min_pixels)
    return found.average(pixel_size_nm)


def porosity_fractions(maps: Maps, edges: Sequence[float] = EDGES) -> NDArray[np.float64]:
    """Return the share of each map's area whose porosity lies in each bin (Fig. 3d).

    Parameters
    ----------
    maps : array_like, shape (N, H, W) or (H, W)
        Equivalent porosity n; see `Maps`.
    edges : sequence of float
        Bin edges, rising, from 0 to 1. A bin holds its lower edge but not its upper one, except
        the last, which holds both.

    Returns
    -------
    ndarray of float64, shape (N, len(edges) - 1)
        Each row sums to 1.

    Raises
    ------
    NpmError
        If the edges do not rise from 0 to 1, or as `porosity`.
    """
    bounds = np.asarray(edges, dtype=np.float64)
    rising = bounds.ndim == 1 and bounds.size >= 2 and bool(np.all(np.diff(bounds) > 0))
    if not (rising and bounds[0] == 0 and bounds[-1] == 1):
        raise NpmError("The bin edges must rise from 0 to 1, such as 0, 0.2, 0.4, 0.6, 0.8, 1.")
    rows = []
    for each in _each(maps):
        # In the map's own precision, so that a float32 0.7 lies in the bin that starts at 0.7.
        inner = bounds[1:-1].astype(each.dtype)
        index = np.searchsorted(inner, each.ravel(), side="right")
        rows.append(np.bincount(index, minlength=bounds.size - 1) / each.size)
    return np.array(rows).reshape(-1, bounds.size - 1)


def grey_histogram(maps: Maps, bins: int = 256) -> NDArray[np.float64]:
    """Return the grey-level histogram of each map.

    Parameters
    ----------
    maps : array_like, shape (N, H, W) or (H, W)
        Equivalent porosity n; see `Maps`.
    bins : int
        Number of grey levels, from 2 to 256; bin k holds the pixels with
        ``round((bins - 1) n) == k``.

    Returns
    -------
    ndarray of float64, shape (N, bins)
        Shares of the pixels; each row sums to 1.

    Raises
    ------
    NpmError
        If ``bins`` is out of bounds, or as `porosity`.
    """
    rows = [
        np.bincount(grey_levels(each, bins).ravel(), minlength=bins) / each.size
        for each in _each(maps)
    ]
    return np.array(rows).reshape(-1, bins)


def _each(maps: Maps) -> Iterator[NDArray[np.floating]]:
    if getattr(maps, "ndim", None) == 2:
        yield _map(maps)
        return
    stack = cast("Sequence[ArrayLike]", maps)
    for index in range(len(stack)):  # not every array that is read by item can be iterated over
        yield _map(stack[index])


def _map(porosity: object) -> NDArray[np.floating]:
    array = np.asarray(porosity)
    if array.ndim != 2 or array.size == 0 or array.dtype.kind != "f":
        raise NpmError(
            f"A map of floating-point porosity (H, W) is needed, not an array of {array.shape} "
            f"and type {array.dtype}; calibrate the image first."
        )
    low, high = float(array.min()), float(array.max())
    if not (low >= 0 and high <= 1):  # NaN fails, too
        raise NpmError(
            f"Porosity must be from 0 to 1, but this map runs from {low:g} to {high:g}; "
            "calibrate the image again."
        )
    return array
