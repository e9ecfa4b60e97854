"""High- and low-porosity parts, characteristic regions and boundary features of relevance maps."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .errors import NpmError
from .grey import grey_levels

# Relative size of negative relevance that rounding alone can leave behind.
_ROUNDING = 1e-6


@dataclass(frozen=True)
class IsodataSplit:
    """A map split into its low-porosity (LP) and high-porosity (HP) parts.

    Attributes
    ----------
    threshold : int
        Grey level 0-255: pixels with ``round(255 n) > threshold`` are HP.
    roots : tuple of int
        Every isodata threshold of the map, ascending; the lowest is used. Empty for a flat map.
    high : array of bool, (H, W)
        True on HP pixels.
    """

    threshold: int
    roots: tuple[int, ...]
    high: NDArray[np.bool_]

    @property
    def porosity(self) -> float:
        """The threshold as porosity: HP pixels have n above it (half a grey level included)."""
        return min((self.threshold + 0.5) / 255.0, 1.0)

    @property
    def flat(self) -> bool:
        """True where the map has one grey level only, so that nothing separates LP from HP."""
        return not self.roots


def isodata_split(porosity: NDArray[np.generic]) -> IsodataSplit:
    """Split a porosity map into LP and HP by the isodata threshold (SI section 2, Fig. S3).

    The map is quantised to 256 grey levels, ``round(255 n)``, first, so that float and 8-bit
    versions of a map give the same threshold. An isodata threshold t satisfies
    ``t = floor((mean of levels <= t + mean of levels > t) / 2)`` (Ridler and Calvard 1978,
    doi:10.1109/TSMC.1978.4310039); a histogram can have several. All are recorded and the lowest
    is used, as `skimage.filters.threshold_isodata` does. A map of one grey level has none: it is
    all LP, its threshold is that level and `roots` is empty, since a tile wholly inside an
    unhydrated grain is a fair map and must not stop a batch.

    Parameters
    ----------
    porosity : array, (H, W)
        Porosity in [0, 1], or grey levels 0-255 as integers.

    Returns
    -------
    IsodataSplit

    Raises
    ------
    NpmError
        For NaN, values out of range, or an empty map.
    """
    grey = grey_levels(porosity)
    counts = np.bincount(grey.ravel(), minlength=256).astype(np.float64)
    present = np.flatnonzero(counts)
    low, high = int(present[0]), int(present[-1])
    if low == high:
        return IsodataSplit(low, (), np.zeros(grey.shape, dtype=bool))
    # Both sides of a threshold in low .. high - 1 hold at least one pixel.
    levels = np.arange(256)
    below, weighted = np.cumsum(counts), np.cumsum(counts * levels)
    inside = slice(low, high)
    mean_below = weighted[inside] / below[inside]
    mean_above = (weighted[-1] - weighted[inside]) / (below[-1] - below[inside])
    distance = (mean_below + mean_above) / 2 - levels[inside]
    roots = tuple(int(t) for t in levels[inside][(distance >= 0) & (distance < 1)])
    # There always is a root: the distance starts above 0, falls by at most 1 a level, ends < 1.
    return IsodataSplit(roots[0], roots, grey > roots[0])


@dataclass(frozen=True)
class CharacteristicRegions:
    """The pixels that carry most of the relevance.

    Attributes
    ----------
    mask : array of bool, (H, W)
        True on the regions.
    area_fraction : float
        Share of the pixels in the regions, in (0, 1].
    share : float
        Share of the total relevance that was asked for.
    threshold : float
        Lowest relevance in the regions, in the units of the input.
    reached : float
        Share of the total relevance that the regions hold; at least `share`.
    """

    mask: NDArray[np.bool_]
    area_fraction: float
    share: float
    threshold: float
    reached: float


def characteristic_regions(
    relevance: NDArray[np.generic], share: float = 0.7
) -> CharacteristicRegions:
    """Find the smallest set of pixels holding `share` of the relevance (section 2.3, Fig. 5d).

    Pixels are taken from the most relevant downwards; equals are taken in reading order (row by
    row), so the result is the same every time. Scaling the relevance changes nothing.

    Parameters
    ----------
    relevance : array, (H, W)
        Relevance >= 0, any unit.
    share : float
        Share of the sum to hold, in (0, 1]; 0.7 in the paper.

    Returns
    -------
    CharacteristicRegions

    Raises
    ------
    NpmError
        For a share outside (0, 1], or a map with NaN, negative values or no relevance at all.
    """
    if not 0 < share <= 1:
        raise NpmError(f"The share of relevance must be above 0 and at most 1, not {share}.")
    values = _checked(relevance)
    flat = values.ravel()
    order = np.argsort(-flat, kind="stable")
    held = np.cumsum(flat[order])
    count = int(np.searchsorted(held, share * held[-1])) + 1
    mask = np.zeros(flat.size, dtype=bool)
    mask[order[:count]] = True
    return CharacteristicRegions(
        mask=mask.reshape(values.shape),
        area_fraction=count / flat.size,
        share=float(share),
        threshold=float(flat[order[count - 1]]),
        reached=float(held[count - 1] / held[-1]),
    )


@dataclass(frozen=True)
class BoundaryFeatures:
    """Where relevance changes steeply.

    Attributes
    ----------
    mask : array of bool, (H, W)
        True where the gradient is above the threshold.
    gradient : array of float64, (H, W)
        Gradient magnitude per pixel of the relevance normalised to sum 1.
    area_fraction : float
        Share of all pixels in `mask`.
    high_fraction, low_fraction : float
        Share of the pixels of `mask` in HP and in LP (they sum to 1); NaN where `mask` is empty
        or HP was not given.
    threshold : float
        The threshold used, in the unit of `gradient`.
    """

    mask: NDArray[np.bool_]
    gradient: NDArray[np.float64]
    area_fraction: float
    high_fraction: float
    low_fraction: float
    threshold: float


def boundary_features(
    relevance: NDArray[np.generic],
    threshold: float = 1.5e-5,
    high: NDArray[np.bool_] | None = None,
    *,
    mean_multiple: float | None = None,
) -> BoundaryFeatures:
    """Find the edges in a relevance map by its gradient (section 3, Figs 5c and S6).

    The relevance is normalised to sum 1. Its gradient is taken by `numpy.gradient`: central
    differences ``(R[i+1] - R[i-1]) / 2`` along rows and columns, one-sided at the border, per
    pixel; the magnitude is ``sqrt(gy^2 + gx^2)``.

    Parameters
    ----------
    relevance : array, (H, W)
        Relevance >= 0, any unit; at least 2x2 pixels.
    threshold : float
        Gradient magnitude above which a pixel is an edge. The paper's 1.5e-5 fits 384x384 maps
        of sum 1, where it is 2.2 times the mean relevance.
    high : array of bool, (H, W), optional
        HP pixels, to split the edges between HP and LP.
    mean_multiple : float, optional
        The threshold as a multiple of the mean relevance (1 / number of pixels) instead; this
        makes it independent of the size of the map. Overrides `threshold`.

    Returns
    -------
    BoundaryFeatures

    Raises
    ------
    NpmError
        For a threshold below 0, maps of different shapes, a map smaller than 2x2, or a map with
        NaN, negative values or no relevance at all.
    """
    values = _checked(relevance)
    if min(values.shape) < 2:
        raise NpmError("A gradient needs a relevance map of at least 2x2 pixels.")
    limit = threshold if mean_multiple is None else mean_multiple / values.size
    if not limit >= 0:
        raise NpmError(f"The gradient threshold must be 0 or more, not {limit}.")
    row_slope, column_slope = np.gradient(values / values.sum())
    gradient: NDArray[np.float64] = np.hypot(row_slope, column_slope)
    mask = gradient > limit
    count = int(np.count_nonzero(mask))
    in_high = float("nan")
    if high is not None:
        if np.shape(high) != values.shape:
            raise NpmError("The HP mask must have the shape of the relevance map.")
        if count:
            in_high = int(np.count_nonzero(mask & np.asarray(high, dtype=bool))) / count
    return BoundaryFeatures(mask, gradient, count / mask.size, in_high, 1.0 - in_high, float(limit))


def _checked(relevance: NDArray[np.generic]) -> NDArray[np.float64]:
    """Return a relevance map as float64, without the negative dust of rounding."""
    values = np.asarray(relevance, dtype=np.float64)
    if values.ndim != 2 or values.size == 0:
        raise NpmError("Give one relevance map with rows and columns.")
    if not np.isfinite(values).all():
        raise NpmError("The relevance map has NaN or infinite pixels: explain the image again.")
    peak = float(values.max())
    if float(values.min()) < -_ROUNDING * max(peak, 0.0) or peak < 0:
        raise NpmError("Relevance must not be negative: use an alpha1-beta0 relevance map.")
    if peak == 0:
        raise NpmError("The relevance map is all zero: it has no regions to find.")
    return np.maximum(values, 0.0)
