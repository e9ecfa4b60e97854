"""Two-point correlation S2(r, dn) of porosity maps and the lengths read from it (section 2.3)."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ._lengths import Length as Length
from ._lengths import characteristic_length as characteristic_length
from ._lengths import correlation_length as correlation_length
from ._pair_counts import count_pairs
from ._two_point import TwoPoint as TwoPoint
from ._two_point import build as build
from ._two_point import combine as combine
from ._two_point import from_counts as from_counts
from ._two_point import group, group_edges
from .errors import NpmError
from .grey import grey_levels
from .progress import Progress, silent

Maps = NDArray[np.generic] | Sequence[NDArray[np.generic]]


def two_point(
    images: Maps,
    masks: Maps | None = None,
    r_max: int = 200,
    levels: int = 256,
    *,
    threads: int | None = None,
    progress: Progress = silent,
) -> TwoPoint:
    """Count pixel pairs by distance and grey difference, exactly, over an ensemble of maps.

    Every unordered pair of pixels up to `r_max` apart is counted once (displacements of one half
    plane; no periodic images), at its distance rounded to whole pixels and at the difference
    dn = abs(i - j) of its grey levels; counts of all maps add up and every distance is normalised
    to sum 1 over dn. This is the paper's 256-phase two-point correlation S2(r_ij, dn_ij)
    (section 2.3, Fig. 6), averaged over directions.

    Parameters
    ----------
    images : array (H, W) or (N, H, W), or sequence of arrays (H, W)
        Porosity in [0, 1], quantised to ``round((levels - 1) n)``, or integers as grey levels.
        Anything with a length that gives maps by index will do; one map is held at a time.
    masks : like `images`, bool, optional
        Only pairs with both pixels inside count, such as the characteristic regions (Fig. 6c).
    r_max : int
        Largest distance, px. Distances that no pair has are kept as rows of zeros.
    levels : int
        Grey levels, 2 to 256.
    threads : int, optional
        Threads to use; as many as there are cores by default. The counts do not depend on it.
    progress : Progress
        Called after each map.

    Returns
    -------
    TwoPoint

    Raises
    ------
    NpmError
        For NaN or porosity outside [0, 1], masks that do not fit or are all empty, no images, or
        r_max or levels out of range.
    Cancelled
        If `progress` raises it.
    """
    if r_max != int(r_max) or r_max < 1:
        raise NpmError(f"r_max must be a whole number of pixels from 1 on, not {r_max}.")
    r_max = int(r_max)
    maps = _as_sequence(images)
    if len(maps) == 0:
        raise NpmError("There is no map to correlate: give at least one.")
    inside = None if masks is None else _as_sequence(masks)
    if inside is not None and len(inside) != len(maps):
        raise NpmError(f"There are {len(maps)} maps but {len(inside)} masks: give one for each.")
    edges = group_edges(levels)
    counts = np.zeros((r_max + 1, levels), dtype=np.int64)
    grouped = np.zeros((len(maps), r_max + 1, edges.size - 1), dtype=np.int64)
    for k in range(len(maps)):
        grey = grey_levels(np.asarray(maps[k]), levels)
        mask = None if inside is None else np.asarray(inside[k], dtype=bool)
        if grey.ndim != 2:
            raise NpmError("Each map must have rows and columns and nothing else.")
        if mask is not None and mask.shape != grey.shape:
            raise NpmError(f"Mask {k + 1} has another shape than its map: {mask.shape}.")
        found = count_pairs(grey, mask, r_max, threads=threads)[:, :levels]
        counts += found
        grouped[k] = group(found, edges)
        progress(k + 1, len(maps), "Two-point correlation")
    return build(counts, grouped, edges)


def _as_sequence(maps: Maps) -> Sequence[NDArray[np.generic]]:
    """Return one map as a sequence of one; leave stacks, lists and stored arrays as they are."""
    if getattr(maps, "ndim", 3) == 2:
        return [np.asarray(maps)]
    return maps  # type: ignore[return-value] # an array of maps is indexed as a sequence of maps
