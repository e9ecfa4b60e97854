"""How connected and how compact the particle skeleton of a shared pattern is (paper, Fig. 7).

The paper calls the low-intensity regions of a shared pattern the particle skeleton and says of one
that it "shows higher connectedness and compactness" without defining either. The measures here are
common ones, each with its source; no single one is the paper's.
"""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import ndimage
from skimage import measure

from .errors import NpmError

Connectivity = Literal[4, 8]


@dataclass(frozen=True)
class Skeleton:
    """Connectedness and compactness of a phase in a map.

    Where the phase is empty, shares and ratios are NaN.

    Attributes
    ----------
    area_fraction : float
        Share of the map that it covers.
    pieces : int
        Connected pieces.
    largest_share : float
        Connectedness: share of its area in the largest piece (the strength of the largest cluster
        in percolation theory, Stauffer and Aharony, Introduction to Percolation Theory, 1994).
    connected_pairs : float
        Connectedness: chance that two of its pixels drawn at random are in one piece, the sum of
        squared areas of pieces over the squared area (Renard and Allard 2013,
        doi:10.1016/j.advwatres.2011.12.001).
    euler_number : int
        Connectedness: pieces less holes; the lower, the more the phase is a net (Vogel and Roth
        2001, doi:10.1016/S0309-1708(00)00055-5).
    percolates_down, percolates_across : bool
        Connectedness: whether one piece reaches from the top to the bottom edge, from the left to
        the right edge (Torquato, Random Heterogeneous Materials, 2002).
    isoperimetric_ratio : float
        Compactness: 4 pi A / P^2 of the largest piece, its holes' outlines counted to P (Osserman
        1978, doi:10.1090/S0002-9904-1978-14553-4), 1 for a disc. The perimeter is Crofton's in
        four directions: within a few per cent for outlines in all directions, 5 % too short for
        straight ones along rows or columns. Edges of the map count as outline.
    contact_compactness : float
        Compactness: sides shared by two pixels of the largest piece, as a share of what a square
        of its area has, (4 A - P) / (4 A - 4 sqrt(A)) with P the length of the outline along
        pixel sides (after Bribiesca 1997, doi:10.1016/S0898-1221(97)00082-5). It sees how ragged
        the piece is where the isoperimetric ratio sees how elongated and perforated.
    """

    area_fraction: float
    pieces: int
    largest_share: float
    connected_pairs: float
    euler_number: int
    percolates_down: bool
    percolates_across: bool
    isoperimetric_ratio: float
    contact_compactness: float


def skeleton(mask: ArrayLike, *, connectivity: Connectivity = 4) -> Skeleton:
    """Measure how connected and how compact a phase is.

    Parameters
    ----------
    mask : array_like of bool, (H, W)
        The phase, such as `SharedPattern.skeleton`.
    connectivity : {4, 8}
        Pixels of a piece touch by their sides (4) or also by their corners (8). 4 is the
        counterpart of pores that touch by corners: then never both cross each other.

    Returns
    -------
    Skeleton

    Raises
    ------
    NpmError
        If the mask is not one of rows and columns.
    """
    inside = np.asarray(mask, dtype=bool)
    if inside.ndim != 2 or inside.size == 0:
        raise NpmError("Give the skeleton as one mask with rows and columns.")
    if connectivity not in (4, 8):
        raise NpmError(f"Pixels touch by 4 or 8 neighbours, not {connectivity}.")
    structure = np.ones((3, 3)) if connectivity == 8 else None
    labels, pieces = ndimage.label(inside, structure)
    if pieces == 0:
        nan = float("nan")
        return Skeleton(0.0, 0, nan, nan, 0, False, False, nan, nan)
    areas = np.bincount(labels.ravel())[1:].astype(float)
    area = areas.sum()
    largest = labels == 1 + int(np.argmax(areas))
    return Skeleton(
        area_fraction=float(inside.mean()),
        pieces=pieces,
        largest_share=float(areas.max() / area),
        connected_pairs=float((areas**2).sum() / area**2),
        euler_number=_euler_number(inside, 1 if connectivity == 4 else 2),
        percolates_down=_shared_label(labels[0], labels[-1]),
        percolates_across=_shared_label(labels[:, 0], labels[:, -1]),
        isoperimetric_ratio=_isoperimetric_ratio(largest),
        contact_compactness=_contact_compactness(largest),
    )


def _euler_number(inside: NDArray[np.bool_], connectivity: int) -> int:
    measures: Any = measure  # scikit-image has no types
    return int(measures.euler_number(inside, connectivity=connectivity))


def _shared_label(first: NDArray[Any], last: NDArray[Any]) -> bool:
    return bool(np.intersect1d(first[first > 0], last[last > 0]).size)


def _isoperimetric_ratio(piece: NDArray[np.bool_]) -> float:
    measures: Any = measure  # scikit-image has no types
    # padded: the edge of the map is an outline too
    outline = float(measures.perimeter_crofton(np.pad(piece, 1), directions=4))
    return float(4 * np.pi * piece.sum() / outline**2)


def _contact_compactness(piece: NDArray[np.bool_]) -> float:
    """Return shared sides of pixels over those of a square of the same area; 1 for one pixel."""
    area = int(piece.sum())
    shared = int((piece[1:] & piece[:-1]).sum() + (piece[:, 1:] & piece[:, :-1]).sum())
    # 4 A sides, of which each shared one is two: 4 A - P = 2 shared
    square = 2 * area - 2 * np.sqrt(area)
    return float(shared / square) if square > 0 else 1.0
