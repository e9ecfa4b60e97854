"""Connected pieces of a region, told apart by size, shape and grey.

Calcium hydroxide is about as dark as unhydrated cement (UC) in metal-intruded paste, and so is
C-S-H that took up little metal. What is left to tell them by is that grains of UC are large,
compact and even in grey with a sharp edge, while calcium hydroxide is platy or fills odd gaps.
"""

from dataclasses import dataclass

import numpy as np
import scipy  # its parts are loaded when they are used
from numpy.typing import ArrayLike, NDArray

from ._grey_image import grey_image, region_of
from .errors import NpmError

_AROUND_PX = 3  # how far outside a piece its surroundings are looked at


@dataclass(frozen=True, eq=False)
class Pieces:
    """The pieces of a region that hang together by pixel sides.

    Attributes
    ----------
    labels : int32 array, (H, W)
        Number of the piece from 1, 0 outside.
    area_px : int array, (pieces,)
        Pixels; divide by the squared pixels in a µm for µm².
    solidity : float array, (pieces,)
        Area over that of the convex hull (of the pixels' corners): 1 when compact.
    elongation : float array, (pieces,)
        Long over short axis of the ellipse of the same second moments, at least 1.
    mean, scatter : float array, (pieces,)
        Mean and standard deviation of grey, one pixel inside the edge where there is an inside.
    contrast : float array, (pieces,)
        How much brighter the piece is than the 3 pixels around it; 0 where nothing is around.
    """

    labels: NDArray[np.int32]
    area_px: NDArray[np.int64]
    solidity: NDArray[np.float64]
    elongation: NDArray[np.float64]
    mean: NDArray[np.float64]
    scatter: NDArray[np.float64]
    contrast: NDArray[np.float64]


def find_pieces(region: ArrayLike, image: ArrayLike) -> Pieces:
    """Measure the connected pieces of a region.

    Parameters
    ----------
    region : array_like of bool, shape (H, W)
        What to take apart.
    image : array_like, shape (H, W)
        Grey values.

    Returns
    -------
    Pieces
        In the order of their first pixel.

    Raises
    ------
    NpmError
        If the image is not a grey image or the region has another shape.
    """
    grey = grey_image(image)
    inside = region_of(region, grey.shape, "region")
    found, count = scipy.ndimage.label(inside)
    labels = np.asarray(found).astype(np.int32)
    area = np.bincount(labels.ravel(), minlength=count + 1)[1:]
    solidity, elongation = np.ones(count), np.ones(count)
    mean, scatter, contrast = np.zeros(count), np.zeros(count), np.zeros(count)
    for number, box in enumerate(scipy.ndimage.find_objects(labels)):
        top, left = (max(side.start - _AROUND_PX, 0) for side in box)
        window = (slice(top, box[0].stop + _AROUND_PX), slice(left, box[1].stop + _AROUND_PX))
        piece = labels[window] == number + 1
        solidity[number], elongation[number] = _shape(piece, int(area[number]))
        core = scipy.ndimage.binary_erosion(piece, border_value=1)
        values = grey[window][core if core.any() else piece]
        mean[number], scatter[number] = values.mean(), values.std()
        distance = scipy.ndimage.distance_transform_cdt(~piece, metric="taxicab")
        around = (distance > 0) & (distance <= _AROUND_PX) & ~inside[window]
        if around.any():
            contrast[number] = mean[number] - grey[window][around].mean()
    return Pieces(labels, area, solidity, elongation, mean, scatter, contrast)


def filter_pieces(
    region: ArrayLike,
    image: ArrayLike,
    *,
    min_area_px: float = 0,
    min_solidity: float = 0.0,
    max_elongation: float = np.inf,
    max_scatter: float = np.inf,
    open_px: float = 0.0,
    fill_area_px: float = 0,
) -> NDArray[np.bool_]:
    """Keep the pieces of a region that are large, compact and even enough.

    Parameters
    ----------
    region : array_like of bool, shape (H, W)
        Proposed unhydrated cement.
    image : array_like, shape (H, W)
        Grey values.
    min_area_px : float
        Smallest area in pixels.
    min_solidity : float
        Smallest share of its convex hull that a piece fills, 0 to 1.
    max_elongation : float
        Largest ratio of long to short axis.
    max_scatter : float
        Largest standard deviation of grey within a piece.
    open_px : float
        Parts thinner than twice this radius are cut off before the pieces are measured; what
        is left gets its outline back. 0 for none.
    fill_area_px : float
        Holes of at most so many pixels are filled first; 0 for none.

    Returns
    -------
    ndarray of bool, shape (H, W)

    Raises
    ------
    NpmError
        If a limit is out of its range, the image not a grey image or the region of another shape.
    """
    if min(min_area_px, open_px, fill_area_px) < 0 or not 0 <= min_solidity <= 1:
        raise NpmError(
            "Areas and the opening must be 0 or more, the smallest solidity between 0 and 1."
        )
    if not (max_elongation >= 1 and max_scatter >= 0):
        raise NpmError("The largest elongation must be 1 or more, the largest scatter 0 or more.")
    grey = grey_image(image)
    kept = region_of(region, grey.shape, "region").copy()
    if fill_area_px > 0:
        kept |= small_pieces(~kept, fill_area_px, enclosed=True)
    if open_px > 0:
        kept = opened(kept, open_px)
    kept &= ~small_pieces(kept, min_area_px - 1)
    if min_solidity > 0 or max_elongation < np.inf or max_scatter < np.inf:
        pieces = find_pieces(kept, grey)
        good = (
            (pieces.solidity >= min_solidity)
            & (pieces.elongation <= max_elongation)
            & (pieces.scatter <= max_scatter)
        )
        kept = np.concatenate([[False], good])[pieces.labels]
    return kept


def small_pieces(
    region: NDArray[np.bool_],
    max_area_px: float,
    *,
    enclosed: bool = False,
    structure: NDArray[np.int64] | None = None,
) -> NDArray[np.bool_]:
    """Mark the connected pieces of at most so many pixels; only those off the border if asked.

    Pixels hang together by their sides, or by the neighbours that `structure` (3, 3) names.
    """
    labels, _ = scipy.ndimage.label(region, structure)
    small = np.bincount(labels.ravel()) <= max_area_px
    small[0] = False
    if enclosed:
        for edge in (labels[0], labels[-1], labels[:, 0], labels[:, -1]):
            small[edge] = False
    return np.asarray(small[labels], dtype=np.bool_)


def eroded(region: NDArray[np.bool_], radius: float) -> NDArray[np.bool_]:
    """Keep what is further than a radius from the outside; the image's border is no outside."""
    if region.all():  # the distance transform needs a background
        return region
    return np.asarray(scipy.ndimage.distance_transform_edt(region) > radius, dtype=np.bool_)


def opened(region: NDArray[np.bool_], radius: float) -> NDArray[np.bool_]:
    """Keep the union of all discs of a radius that fit into a region."""
    from ._opening import disc_opening  # numba takes a second to import

    reach = int(radius)
    dy, dx = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    disc = dy**2 + dx**2 <= radius**2
    return np.asarray(disc_opening(region, dy[disc], dx[disc]))


def _shape(piece: NDArray[np.bool_], area: int) -> tuple[float, float]:
    rows, columns = np.nonzero(piece)
    covariance = np.cov(np.stack([rows, columns]), bias=True) + np.eye(2) / 12.0
    short, long = np.linalg.eigvalsh(covariance)
    # The hull of the corners of each row's first and last pixel is that of all corners.
    firsts = np.flatnonzero(np.diff(rows, prepend=-1))
    lasts = np.append(firsts[1:], rows.size) - 1
    y = np.concatenate([rows[firsts], rows[lasts]])
    x = np.concatenate([columns[firsts] - 0.5, columns[lasts] + 0.5])
    corners = np.concatenate([np.stack([y - 0.5, x], 1), np.stack([y + 0.5, x], 1)])
    return area / _hull_area(corners), float(np.sqrt(long / short))


def _hull_area(points: NDArray[np.float64]) -> float:
    from scipy.spatial import ConvexHull

    return float(ConvexHull(points).volume)  # in the plane, "volume" is the area
