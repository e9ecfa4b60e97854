"""From grey levels of a BSE image to equivalent porosity (paper, SI section 1, steps 1-4)."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .errors import NpmError
from .masking import Label
from .response import ResponseCurve, default_curve

_WIDEST_TABLE = 1 << 16  # more grey levels than this are cheaper to look up one pixel at a time


@dataclass(frozen=True)
class Level:
    """The grey level of one reference phase.

    Attributes
    ----------
    mean, std : float
        Mean and standard deviation of the grey values (of the pixels, not of the mean).
    count : int
        Number of pixels.
    clipped : int
        Pixels at the lowest or highest value of the image's integer type: many of them mean that
        the detector was saturated and that ``mean`` is off. 0 for floating-point images.
    """

    mean: float
    std: float
    count: int
    clipped: int = 0


@dataclass(frozen=True)
class ReferenceLevels:
    """Grey levels of the two references; None where an image has none of it."""

    csh: Level | None
    metal: Level | None

    def pair(self) -> tuple[float, float]:
        """Return (G_CSH, G_m), the mean grey levels that `calibrate` needs.

        Raises
        ------
        NpmError
            If one of the two references is missing.
        """
        if self.csh is None:
            raise NpmError(
                "There is no C-S-H reference; mark a large region of C-S-H without metal, or give "
                "G_CSH as a number."
            )
        if self.metal is None:
            raise NpmError(
                "There is no metal reference; mark a large region of metal, or give G_m as a "
                "number."
            )
        return self.csh.mean, self.metal.mean


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


def reference_levels(image: ArrayLike, labels: ArrayLike) -> ReferenceLevels:
    """Measure the grey levels of the reference regions (SI section 1, step 2).

    Parameters
    ----------
    image : array_like, shape (H, W)
        Grey values, integer or floating point.
    labels : array_like of int, shape (H, W)
        Mask with the values of `Label`.

    Returns
    -------
    ReferenceLevels
        A level is None where its label does not occur.

    Raises
    ------
    NpmError
        If image and mask differ in shape, or the image is empty or holds NaN.
    """
    image = _checked(image)
    labels = np.asarray(labels)
    if labels.shape != image.shape:
        raise NpmError(_shapes("mask", labels.shape, image.shape))
    return ReferenceLevels(
        csh=_level(image[labels == Label.CSH]), metal=_level(image[labels == Label.METAL])
    )


def pool_levels(levels: Iterable[Level | None]) -> Level | None:
    """Combine the levels of several images into the level of all their pixels together.

    Parameters
    ----------
    levels : iterable of Level or None
        Levels of one phase; None (an image without that reference) is passed over.

    Returns
    -------
    Level or None
        None if no image has the reference.
    """
    known = [level for level in levels if level is not None]
    if not known:
        return None
    count = sum(level.count for level in known)
    mean = sum(level.mean * level.count for level in known) / count
    # Within-image scatter and scatter of the image means add up.
    variance = (
        sum((level.std**2 + (level.mean - mean) ** 2) * level.count for level in known) / count
    )
    return Level(mean, float(np.sqrt(variance)), count, sum(level.clipped for level in known))


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
    image = _checked(image)
    g_csh, g_metal = float(g_csh), float(g_metal)
    if not (np.isfinite([g_csh, g_metal]).all() and g_metal > g_csh):
        raise NpmError(
            f"G_m ({g_metal:g}) must be above G_CSH ({g_csh:g}); check which region is marked as "
            "metal and which as C-S-H, and that the image is not inverted."
        )
    curve = curve or default_curve()
    below, above = _outside(image, g_csh, g_metal)
    porosity = _convert(image, g_csh, g_metal, curve)
    masked = 0
    if unhydrated is not None:
        mask = np.asarray(unhydrated)
        if mask.shape != image.shape:
            raise NpmError(_shapes("mask of unhydrated cement", mask.shape, image.shape))
        if mask.dtype != np.bool_:
            raise NpmError(
                "The mask of unhydrated cement must be of bool; pass labels == Label.UNHYDRATED."
            )
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
    def lookup(grey: NDArray[np.generic]) -> NDArray[np.float32]:
        response = (np.asarray(grey, dtype=np.float64) - g_csh) / (g_metal - g_csh)
        return curve.porosity_of(response).astype(np.float32)

    if image.dtype.kind == "f":
        return lookup(image)
    # A whole-number image holds few different values: convert each of them once.
    low, high = int(image.min()), int(image.max())
    if high - low >= min(_WIDEST_TABLE, 4 * image.size):
        return lookup(image)
    table = lookup(np.arange(low, high + 1))
    return np.asarray(table[image.astype(np.int64) - low], dtype=np.float32)


def _outside(
    image: NDArray[np.generic], g_csh: float, g_metal: float
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    if image.dtype.kind == "f":
        return np.less(image, g_csh), np.greater(image, g_metal)
    # Compared as whole numbers: several times faster than through float64, and the same.
    return np.less(image, int(np.ceil(g_csh))), np.greater(image, int(np.floor(g_metal)))


def _level(grey: NDArray[np.generic]) -> Level | None:
    if grey.size == 0:
        return None
    clipped = 0
    if grey.dtype.kind in "iu":
        ends = np.iinfo(grey.dtype.name)
        clipped = int(np.count_nonzero((grey == ends.min) | (grey == ends.max)))
    values = grey.astype(np.float64)
    return Level(float(values.mean()), float(values.std()), grey.size, clipped)


def _checked(image: ArrayLike) -> NDArray[np.generic]:
    array = np.asarray(image)
    if array.ndim != 2 or array.dtype.kind not in "iuf":
        raise NpmError(
            f"A grey image of two dimensions is needed, not one of shape {array.shape} and type "
            f"{array.dtype}; convert colour images to grey first."
        )
    if array.size == 0:
        raise NpmError("The image is empty; choose one with pixels.")
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise NpmError("The image holds NaN or infinite values; replace them before calibrating.")
    return array


def _shapes(what: str, shape: tuple[int, ...], wanted: tuple[int, ...]) -> str:
    return (
        f"The {what} has shape {shape} but the image {wanted}; use the mask that belongs to "
        "this image."
    )
