"""From grey levels of a BSE image to equivalent porosity (paper, SI section 1, steps 1-4)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ._levels import Level as Level
from ._levels import ReferenceLevels as ReferenceLevels
from ._levels import checked_image, checked_mask
from ._levels import pool_levels as pool_levels
from ._levels import reference_levels as reference_levels
from .response import ResponseCurve, check_levels, default_curve, lookup_table

_WIDEST_TABLE = 1 << 16  # more grey levels than this are cheaper to look up one pixel at a time


@dataclass(frozen=True)
class Calibration:
    """A calibrated image.

    Attributes
    ----------
    porosity : ndarray of float32, shape (H, W)
        Equivalent porosity n in [0, 1]: the MulF nanoporosity map.
    below, above : int
        Pixels outside unhydrated cement darker than G_CSH (set to 0) and brighter than G_m
        (set to 1).
    unhydrated : int
        Pixels of unhydrated cement (set to 0).
    g_csh, g_metal : float
        The grey levels used.
    """

    porosity: NDArray[np.float32]
    below: int
    above: int
    unhydrated: int
    g_csh: float
    g_metal: float

    @property
    def clipped_fraction(self) -> float:
        """Share of the pixels outside unhydrated cement that were clipped to 0 or 1."""
        return (self.below + self.above) / max(self.porosity.size - self.unhydrated, 1)


def calibrate(
    image: ArrayLike,
    g_csh: float,
    g_metal: float,
    *,
    unhydrated: ArrayLike | None = None,
    curve: ResponseCurve | None = None,
) -> Calibration:
    """Turn the grey values of a BSE image into equivalent porosity (SI section 1, steps 1-4).

    Unhydrated cement is set to 0. Elsewhere grey values below ``g_csh`` give 0, above ``g_metal``
    give 1, and between them n is where the response curve reaches
    y = (g - g_csh) / (g_metal - g_csh). The result is the same for any contrast and brightness
    of the microscope, as long as image and both levels share them.

    Parameters
    ----------
    image : array_like, shape (H, W)
        Grey values of any integer or floating-point type.
    g_csh, g_metal : float
        Grey level of metal-free C-S-H (n = 0) and of metal (n = 1); see `reference_levels`.
    unhydrated : array_like of bool, shape (H, W), optional
        True on unhydrated cement: ``labels == Label.UNHYDRATED``.
    curve : ResponseCurve, optional
        The response curve; `default_curve` if not given.

    Returns
    -------
    Calibration
        The map and how many pixels were clipped.

    Raises
    ------
    NpmError
        If G_m is not above G_CSH, the image is empty, not 2-D or holds NaN, or the mask has
        another shape or is not of bool.
    """
    image = checked_image(image)
    g_csh, g_metal = float(g_csh), float(g_metal)
    check_levels(g_csh, g_metal)
    curve = curve or default_curve()
    below, above = _outside(image, g_csh, g_metal)
    porosity = _convert(image, g_csh, g_metal, curve)
    masked = 0
    if unhydrated is not None:
        mask = checked_mask(unhydrated, image.shape)
        porosity[mask] = 0
        below &= ~mask
        above &= ~mask
        masked = int(np.count_nonzero(mask))
    return Calibration(
        porosity=porosity,
        below=int(np.count_nonzero(below)),
        above=int(np.count_nonzero(above)),
        unhydrated=masked,
        g_csh=g_csh,
        g_metal=g_metal,
    )


def _convert(
    image: NDArray[np.generic], g_csh: float, g_metal: float, curve: ResponseCurve
) -> NDArray[np.float32]:
    if image.dtype.kind != "f":
        # A whole-number image holds few different values: convert each of them once.
        low, high = int(image.min()), int(image.max())
        if image.dtype.itemsize <= 2 and image.dtype.kind == "u":
            low = 0  # then the image itself is the index, without a copy of a wider type
        if high - low < min(_WIDEST_TABLE, max(4 * image.size, 256)):
            table = lookup_table(g_csh, g_metal, curve, low, high)
            index = image if low == 0 else image.astype(np.int64) - low
            return np.asarray(table[index], dtype=np.float32)
    response = (np.asarray(image, dtype=np.float64) - g_csh) / (g_metal - g_csh)
    return curve.porosity_of(response).astype(np.float32)


def _outside(
    image: NDArray[np.generic], g_csh: float, g_metal: float
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    if image.dtype.kind == "f":
        return np.less(image, g_csh), np.greater(image, g_metal)
    # Compared as whole numbers: several times faster than through float64, and the same.
    return np.less(image, int(np.ceil(g_csh))), np.greater(image, int(np.floor(g_metal)))
