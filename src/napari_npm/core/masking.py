"""What the labels of a mask mean, and an aid to drawing one.

In samples intruded with metal, unhydrated cement (UC) is not the bright phase: at 5 kV its
backscatter coefficient (C3S about 0.18) lies just above that of metal-free C-S-H (0.13) and far
below that of C-S-H filled with metal (0.26 at n = 0.2) and of the metal (0.41). UC therefore has
to be told by its shape and its even grey, or by hand; a range of grey levels alone also takes in
C-S-H with a little metal. It is bright in resin-impregnated samples only.
"""

from enum import IntEnum
from itertools import pairwise

import numpy as np
import scipy  # its parts are loaded when they are used
from numpy.typing import ArrayLike, NDArray

from ._grey_image import grey_image
from .errors import NpmError
from .pieces import eroded, opened, small_pieces


class Label(IntEnum):
    """Pixel values of a mask (`masks/<image>.tif` of a study); 0 is unlabelled."""

    UNHYDRATED = 1
    CSH = 2
    METAL = 3


class Stroke(IntEnum):
    """Pixel values of an image of strokes to learn from; 0 is where nothing was drawn."""

    UNHYDRATED = 1
    OTHER = 2


def label_by_levels(
    image: ArrayLike,
    *,
    uc: tuple[float, float] | None = None,
    csh: tuple[float, float] | None = None,
    metal: tuple[float, float] | None = None,
    smooth_px: float = 1.0,
    open_px: float = 2.0,
    min_area_px: int = 200,
    erode_px: float = 3.0,
) -> NDArray[np.uint8]:
    """Suggest a mask from ranges of grey levels, to be checked by eye.

    The image is smoothed lightly against noise; each range then gives a region, freed of what is
    thinner than the opening and of pieces below the smallest area. The two references are
    finally pulled back from their edges, where grey levels mix; unhydrated cement keeps its full
    extent since all of it has to be masked.

    Parameters
    ----------
    image : array_like, shape (H, W)
        Grey values.
    uc, csh, metal : (float, float), optional
        Lowest and highest grey level, both included, of unhydrated cement, metal-free C-S-H and
        metal. None leaves that phase out. Ranges may touch but not overlap; a level where two
        touch goes to the lower range.
    smooth_px : float
        Standard deviation of the smoothing in px; 0 for none.
    open_px : float
        Radius in px of the disc of the opening; 0 for none.
    min_area_px : int
        Connected pieces (sharing pixel sides) of fewer pixels are left out.
    erode_px : float
        Distance in px that the references keep from their edges; 0 for none.

    Returns
    -------
    ndarray of uint8, shape (H, W)
        0 or the values of `Label`.

    Raises
    ------
    NpmError
        If a range is the wrong way round, ranges overlap, a size is negative, or the image is
        not a grey image.
    """
    grey = grey_image(image).astype(np.float64)
    ranges = {
        label: _range(limits, label)
        for label, limits in ((Label.UNHYDRATED, uc), (Label.CSH, csh), (Label.METAL, metal))
        if limits is not None
    }
    _check_apart(ranges)
    if min(smooth_px, open_px, min_area_px, erode_px) < 0:
        raise NpmError("Smoothing, opening, smallest area and erosion must be 0 or more pixels.")
    if smooth_px > 0:
        grey = scipy.ndimage.gaussian_filter(grey, smooth_px, mode="reflect")
    labels = np.zeros(grey.shape, dtype=np.uint8)
    for label, (low, high) in sorted(ranges.items(), key=lambda item: item[1], reverse=True):
        region = (grey >= low) & (grey <= high)
        if open_px > 0:
            region = opened(region, open_px)
        region &= ~small_pieces(region, min_area_px - 1)
        if erode_px > 0 and label is not Label.UNHYDRATED:
            region = eroded(region, erode_px)
        labels[region] = label
    return labels


def _range(limits: tuple[float, float], label: Label) -> tuple[float, float]:
    low, high = (float(limit) for limit in limits)
    if not low <= high:
        raise NpmError(
            f"The grey range of {_NAMES[label]} runs from {low:g} to {high:g}; "
            "give the lower level first."
        )
    return low, high


def _check_apart(ranges: dict[Label, tuple[float, float]]) -> None:
    order = sorted(ranges.items(), key=lambda item: item[1])
    for (first, (lowest, high)), (second, (low, highest)) in pairwise(order):
        if low < high or lowest == highest:
            raise NpmError(
                f"The grey ranges of {_NAMES[first]} and {_NAMES[second]} overlap between "
                f"{low:g} and {high:g}; move one of them."
            )


_NAMES = {
    Label.UNHYDRATED: "unhydrated cement",
    Label.CSH: "C-S-H",
    Label.METAL: "metal",
}
