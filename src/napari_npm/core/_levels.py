"""Grey levels of the reference regions, and how well they are known (SI section 1, step 2)."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .errors import NpmError
from .masking import Label

_BLOCKS = (16, 32, 64)  # sides in px of the squares whose means show how far pixels hang together
_FEWEST = 8  # squares; fewer say too little about their scatter
_CONVERTERS = (1023, 4095, 16383)  # tops of 10-, 12- and 14-bit converters


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
    error : float
        Standard error of ``mean``; 0 where it is not known. See `reference_levels` and
        `pool_levels`.
    """

    mean: float
    std: float
    count: int
    clipped: int = 0
    error: float = 0.0

    @property
    def clipped_fraction(self) -> float:
        """Share of the pixels that are at an end of the image's grey range."""
        return self.clipped / max(self.count, 1)


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


def reference_levels(
    image: ArrayLike, labels: ArrayLike, unhydrated: ArrayLike | None = None
) -> ReferenceLevels:
    """Measure the grey levels of the reference regions (SI section 1, step 2).

    Noise of neighbouring pixels is not independent, so the standard error of a mean comes from the
    means of squares of 16, 32 and 64 px: the largest of the three, as in the method of blocks
    (doi:10.1063/1.457480). Where a reference lies in fewer than 8 squares, 256 of its pixels
    count as one.

    Pixels at an end of the image's integer type are counted as clipped, and those at 1023, 4095
    or 16383 where no pixel of a 16-bit image is brighter: converters of 10, 12 and 14 bits.

    Parameters
    ----------
    image : array_like, shape (H, W)
        Grey values, integer or floating point.
    labels : array_like of int, shape (H, W)
        Mask with the values of `Label`.
    unhydrated : array_like of bool, shape (H, W), optional
        Unhydrated cement, where it is kept apart from ``labels``.

    Returns
    -------
    ReferenceLevels
        A level is None where its label does not occur.

    Raises
    ------
    NpmError
        If image and mask differ in shape, the image is empty or holds NaN, or a reference lies on
        unhydrated cement.
    """
    image = checked_image(image)
    labels = np.asarray(labels)
    if labels.shape != image.shape:
        raise NpmError(_shapes("mask", labels.shape, image.shape))
    if unhydrated is not None:
        _check_apart(labels, checked_mask(unhydrated, image.shape))
    ends = _ends(image)
    return ReferenceLevels(
        csh=_level(image, labels == Label.CSH, ends),
        metal=_level(image, labels == Label.METAL, ends),
    )


def pool_levels(levels: Iterable[Level | None]) -> Level | None:
    """Combine the levels of several images into the level of all their pixels together.

    The error is that of taking the common level for one image's own: the standard error of the
    common mean, and the scatter of the images' means about it, which no number of images
    makes smaller.

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
    share = np.array([level.count / count for level in known])
    own = float(np.sum((share * [level.error for level in known]) ** 2))
    between = 0.0
    if len(known) > 1:
        means = np.array([level.mean for level in known])
        # unbiased for images of unequal weight
        between = float(np.sum(share * (means - mean) ** 2) / (1 - np.sum(share**2)))
    error = float(np.sqrt(own + between * (1 + np.sum(share**2))))
    return Level(
        mean, float(np.sqrt(variance)), count, sum(level.clipped for level in known), error
    )


def _level(
    image: NDArray[np.generic], where: NDArray[np.bool_], ends: tuple[float, float]
) -> Level | None:
    rows, columns = np.nonzero(where)
    if rows.size == 0:
        return None
    grey = image[rows, columns]
    values = grey.astype(np.float64)
    clipped = int(np.count_nonzero((values <= ends[0]) | (values >= ends[1])))
    mean, std = float(values.mean()), float(values.std())
    error = _mean_error(values - mean, std, rows, columns)
    return Level(mean, std, rows.size, clipped, error)


def _mean_error(
    away: NDArray[np.float64], std: float, rows: NDArray[np.intp], columns: NDArray[np.intp]
) -> float:
    """Return the standard error of a mean from the means of squares (see `reference_levels`)."""
    found = []
    for side in _BLOCKS:
        block = (rows // side) * (int(columns.max()) // side + 1) + columns // side
        counts = np.bincount(block)
        kept = counts > 0
        blocks = int(np.count_nonzero(kept))
        if blocks < _FEWEST:
            break
        sums = np.bincount(block, away)[kept]
        share = counts[kept] / rows.size
        # of a mean of unequal parts: unbiased where the parts are independent and alike
        found.append(float(np.sum((sums / rows.size) ** 2) / (1 - np.sum(share**2))))
    if not found:
        return std * min(1.0, _BLOCKS[0] / float(np.sqrt(rows.size)))
    return float(np.sqrt(max(found)))


def _ends(image: NDArray[np.generic]) -> tuple[float, float]:
    """Return the grey values at and beyond which a pixel is saturated."""
    if image.dtype.kind not in "iu":
        return -np.inf, np.inf
    ends = np.iinfo(image.dtype.name)
    top = int(image.max())
    return ends.min, top if image.dtype == np.uint16 and top in _CONVERTERS else ends.max


def _check_apart(labels: NDArray[np.generic], unhydrated: NDArray[np.bool_]) -> None:
    for name, label in (("C-S-H", Label.CSH), ("metal", Label.METAL)):
        shared = int(np.count_nonzero(unhydrated & (labels == label)))
        if shared:
            raise NpmError(
                f"The {name} reference overlaps unhydrated cement in {shared} pixels; take them "
                "out of one of the two."
            )


def checked_mask(unhydrated: ArrayLike, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """Return a mask of unhydrated cement after a look at its type and shape."""
    mask = np.asarray(unhydrated)
    if mask.shape != shape:
        raise NpmError(_shapes("mask of unhydrated cement", mask.shape, shape))
    if mask.dtype != np.bool_:
        raise NpmError(
            "The mask of unhydrated cement must be of bool; pass labels == Label.UNHYDRATED."
        )
    return mask


def checked_image(image: ArrayLike) -> NDArray[np.generic]:
    """Return a grey image after a look at its type, shape and values."""
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
