"""Propose the reference regions, C-S-H without metal and metal, and check those that are marked.

A reference has to be a phase of its own: a mode of the grey levels, in large even regions, away
from edges where grey mixes. Metal is the brightest such mode. C-S-H that took up no metal is the
darkest one of the solid; voids and resin are darker, and unhydrated cement lies just above it
in metal-intruded paste (backscatter coefficients at 5 kV: resin 0.05, C-S-H 0.13, clinker 0.18,
metal 0.41), so a proposal is only that: to be looked at and confirmed.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import ndimage, signal

from ._grey_image import grey_image, region_of
from .errors import NpmError
from .pieces import eroded, small_pieces

MIN_REFERENCE_PX = 200
# Where unhydrated cement lies between metal-free C-S-H (0) and metal (1): at 5 kV beside Field's
# metal 0.14 (C2S) to 0.175 (C3S); the interval leaves room for other energies and metals.
UNHYDRATED_SIGNAL = (0.10, 0.25)
_SMOOTH_PX = 2.0
_WINDOW = 7  # side of the window in which evenness is judged
_BINS = 512


@dataclass(frozen=True, eq=False)
class ProposedReferences:
    """Reference regions that a program found: to be confirmed by a person.

    Attributes
    ----------
    csh, metal : bool array, (H, W)
        The regions; empty where nothing good enough was found.
    g_csh, g_metal : float or None
        Their mean grey levels.
    why : tuple of str
        A sentence on each reference: what it was chosen for, or why there is none.
    """

    csh: NDArray[np.bool_]
    metal: NDArray[np.bool_]
    g_csh: float | None
    g_metal: float | None
    why: tuple[str, ...]


def propose_references(
    image: ArrayLike,
    unhydrated: ArrayLike | None = None,
    *,
    min_area_px: int = MIN_REFERENCE_PX,
    erode_px: float = 3.0,
    unhydrated_signal: tuple[float, float] = UNHYDRATED_SIGNAL,
) -> ProposedReferences:
    """Propose regions of C-S-H without metal and of metal.

    Parameters
    ----------
    image : array_like, shape (H, W)
        Grey values.
    unhydrated : array_like of bool, shape (H, W), optional
        Unhydrated cement, which is no reference.
    min_area_px : int
        Smallest area of one connected reference region.
    erode_px : float
        Distance in px that regions keep from their edges.
    unhydrated_signal : (float, float)
        Where unhydrated cement may lie between C-S-H (0) and metal (1). A dark phase from which
        it does not is not taken for C-S-H: calcium hydroxide is too near, a void too far.

    Returns
    -------
    ProposedReferences

    Raises
    ------
    NpmError
        If the image is not a grey image, the mask has another shape or a size is negative.
    """
    grey = grey_image(image)
    if not (min_area_px >= 1 and erode_px >= 0):
        raise NpmError("The smallest area must be at least 1 pixel, the erosion 0 or more.")
    cement = np.zeros(grey.shape, dtype=np.bool_)
    if unhydrated is not None:
        cement = region_of(unhydrated, grey.shape, "mask of unhydrated cement")
    values = np.asarray(grey, dtype=np.float32)
    smooth = ndimage.gaussian_filter(values, _SMOOTH_PX)
    even = _even(values) & ~ndimage.binary_dilation(cement, iterations=2)
    g_cement = float(np.median(smooth[cement])) if cement.any() else None

    regions = []
    for low, high in _modes(smooth[even], min_area_px):
        region = even & (smooth >= low) & (smooth <= high)
        region |= small_pieces(~region, _WINDOW**2, enclosed=True) & ~cement
        region = eroded(region, erode_px)
        region &= ~small_pieces(region, min_area_px - 1)
        if region.any():
            regions.append((float(values[region].mean(dtype=np.float64)), region))

    none = np.zeros(grey.shape, dtype=np.bool_)
    metal, g_metal, why_metal = none, None, _NO_METAL
    if regions and (len(regions) > 1 or g_cement is not None):
        level, region = regions[-1]
        brighter = np.count_nonzero(smooth > level + (level - regions[0][0]) / 4)
        if brighter <= np.count_nonzero(region) and (g_cement is None or level > g_cement):
            metal, g_metal, regions = region, level, regions[:-1]
            why_metal = _METAL.format(_count(region), level)
    csh, g_csh, why_csh = none, None, _NO_CSH if g_metal is not None else _CSH_UNKNOWN
    for level, region in regions:
        if g_metal is None:
            break
        if g_cement is not None:
            at = (g_cement - level) / (g_metal - level)
            if not unhydrated_signal[0] <= at <= unhydrated_signal[1]:
                continue
        csh, g_csh = region, level
        why_csh = (_CSH if g_cement is not None else _CSH_ALONE).format(_count(region), level)
        break
    return ProposedReferences(csh, metal, g_csh, g_metal, (why_csh, why_metal))


def check_references(
    image: ArrayLike,
    csh: ArrayLike,
    metal: ArrayLike,
    unhydrated: ArrayLike | None = None,
    *,
    min_px: int = MIN_REFERENCE_PX,
) -> tuple[str, ...]:
    """Say what is wrong with reference regions.

    Parameters
    ----------
    image : array_like, shape (H, W)
        Grey values as recorded; saturation is seen in whole numbers only.
    csh, metal : array_like of bool, shape (H, W)
        The reference regions; an empty one is not complained of.
    unhydrated : array_like of bool, shape (H, W), optional
        Unhydrated cement.
    min_px : int
        Fewest pixels of a reference.

    Returns
    -------
    tuple of str
        A sentence for each fault, each saying what to do; empty when all is well.

    Raises
    ------
    NpmError
        If the image is not a grey image or a region has another shape.
    """
    grey = grey_image(image)
    cement = np.zeros(grey.shape, dtype=np.bool_)
    if unhydrated is not None:
        cement = region_of(unhydrated, grey.shape, "mask of unhydrated cement")
    faults = []
    values = {}
    for name, given in (("C-S-H", csh), ("metal", metal)):
        region = region_of(given, grey.shape, f"{name} reference")
        count = int(np.count_nonzero(region))
        if count == 0:
            continue
        values[name] = grey[region]
        if count < min_px:
            faults.append(f"The {name} reference has {count} pixels only; mark at least {min_px}.")
        shared = int(np.count_nonzero(region & cement))
        if shared:
            faults.append(
                f"The {name} reference overlaps unhydrated cement in {shared} pixels; take them "
                "out of one of the two."
            )
        if grey.dtype.kind in "iu":
            ends = np.iinfo(grey.dtype.name)
            clipped = np.mean((grey[region] == ends.min) | (grey[region] == ends.max))
            if clipped > _CLIPPED_SHARE:
                faults.append(
                    f"The {name} reference is saturated in {100 * clipped:.1f} % of its pixels, so "
                    "that its level is off; choose another region or record with less contrast."
                )
    if len(values) == 2:
        low, high = (values[name].astype(np.float64) for name in ("C-S-H", "metal"))
        if low.mean() >= high.mean():
            faults.append(
                f"The metal reference ({high.mean():.4g}) is not brighter than the C-S-H reference "
                f"({low.mean():.4g}); swap them, or invert the image back."
            )
        elif np.percentile(low, 95) >= np.percentile(high, 5):
            faults.append(
                "The grey levels of the two references overlap; mark regions of one phase each, "
                "away from edges."
            )
    return tuple(faults)


def _even(grey: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Mark pixels around which grey varies no more than noise between neighbours explains."""
    centred = grey - np.float32(grey.mean(dtype=np.float64))
    mean = ndimage.uniform_filter(centred, _WINDOW)
    variance = ndimage.uniform_filter(centred * centred, _WINDOW) - mean * mean
    # A mask that no plane or edge along an axis answers to (Immerkaer 1996): 36 times the variance.
    second = [1.0, -2.0, 1.0]
    mixed = ndimage.correlate1d(ndimage.correlate1d(centred, second, axis=0), second, axis=1)
    noise = ndimage.uniform_filter(mixed * mixed, _WINDOW) / 36
    least = (float(np.ptp(grey)) / 256) ** 2
    return np.asarray(variance <= 2.0 * noise + least, dtype=np.bool_)


def _modes(grey: NDArray[np.float32], fewest: int) -> list[tuple[float, float]]:
    """Find grey ranges of the modes of a histogram, from dark to bright."""
    if grey.size < fewest:
        return []
    low, high = float(grey.min()), float(grey.max())
    if low == high:
        return [(low, high)]
    counts, edges = np.histogram(grey, _BINS, (low, high))
    # Room at both ends, so that a mode there is a peak as well.
    density = ndimage.gaussian_filter1d(np.pad(counts.astype(np.float64), 8), 2.0)
    peaks, _ = signal.find_peaks(density)
    step = edges[1] - edges[0]
    modes = []
    prominence = signal.peak_prominences(density, peaks)[0]
    for peak, height in zip(peaks, prominence, strict=True):
        if height < 0.3 * density[peak]:
            continue
        _, _, left, right = signal.peak_widths(density, [peak], rel_height=0.9)
        first, last = low + (left[0] - 7.5) * step, low + (right[0] - 7.5) * step
        if np.count_nonzero((grey >= first) & (grey <= last)) >= fewest:
            modes.append((float(first), float(last)))
    return modes


def _count(region: NDArray[np.bool_]) -> str:
    _, pieces = ndimage.label(region)
    regions = "one region" if pieces == 1 else f"{pieces} regions"
    return f"{np.count_nonzero(region)} pixels in {regions}"


_CLIPPED_SHARE = 0.001
_METAL = "Metal: the brightest even phase, {}, grey level {:.1f}."
_NO_METAL = "No metal: there is no large even region brighter than the rest; mark it by hand."
_CSH = (
    "C-S-H: an even dark phase as far below unhydrated cement as C-S-H without metal is, {}, grey "
    "level {:.1f}."
)
_CSH_ALONE = (
    "C-S-H: the darkest even phase, {}, grey level {:.1f}; make sure that it is neither calcium "
    "hydroxide nor a void."
)
_CSH_UNKNOWN = (
    "No C-S-H: without metal beside it, it cannot be told from other dark phases; mark it by hand, "
    "or take the level from another image."
)
_NO_CSH = (
    "No C-S-H: no large even region has the grey level that C-S-H without metal should have; mark "
    "it by hand, or take the level from another image."
)
