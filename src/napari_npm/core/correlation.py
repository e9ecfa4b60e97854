"""Two-point correlation S2(r, dn) of porosity maps and the lengths read from it (section 2.3)."""

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ._correlation_tests import CorrelationDifference as CorrelationDifference
from ._correlation_tests import compare_correlations as compare_correlations
from ._lengths import Length as Length
from ._lengths import characteristic_length as characteristic_length
from ._lengths import correlation_length as correlation_length
from ._pair_engines import Ensemble
from ._two_point import TwoPoint as TwoPoint
from ._two_point import build as build
from ._two_point import combine as combine
from ._two_point import from_counts as from_counts
from ._two_point import group_edges as group_edges
from .errors import NpmError
from .grey import grey_levels
from .progress import Progress, silent

Engine = Literal["auto", "direct", "sparse", "fft"]
Maps = NDArray[np.generic] | Sequence[NDArray[np.generic]]
# Far beyond the diagonal of any image; the rows of counts are made before the first is read.
_FARTHEST = 100_000


def two_point(
    images: Maps,
    masks: Maps | None = None,
    r_max: int = 200,
    levels: int = 256,
    *,
    engine: Engine = "auto",
    periodic: bool = False,
    device: str = "cpu",
    threads: int | None = None,
    progress: Progress = silent,
) -> TwoPoint:
    """Count pixel pairs by distance and grey difference, exactly, over an ensemble of maps.

    Every unordered pair of pixels up to `r_max` apart is counted once (displacements of one half
    plane), at its distance rounded to whole pixels and at the difference dn = abs(i - j) of its
    grey levels; counts of all maps add up and every distance is normalised to sum 1 over dn. This
    is the paper's 256-phase two-point correlation S2(r_ij, dn_ij) (section 2.3, Fig. 6), averaged
    over directions.

    Parameters
    ----------
    images : array (H, W) or (N, H, W), or sequence of arrays (H, W)
        Porosity in [0, 1], quantised to ``round((levels - 1) n)``, or integers as grey levels.
        Anything with a length that gives maps by index will do; maps may differ in shape and are
        read one at a time. The FFT engine holds the grey levels of up to 8 of them, and up to
        about 0.5 GB of transforms.
    masks : like `images`, bool, optional
        Only pairs with both pixels inside count, such as the characteristic regions (Fig. 6c).
    r_max : int
        Largest distance, px. Distances that no pair has are kept as rows of zeros.
    levels : int
        Grey levels, 2 to 256.
    engine : {"auto", "direct", "sparse", "fft"}
        How pairs are counted; the counts are the same integers. "direct" compares rows, "sparse"
        pairs the listed pixels of a mask, "fft" transforms exp(i t g) for each t. "auto" takes
        for each map what is cheapest for its size, its mask and the number of maps.
    periodic : bool
        Take each map as periodic: a pair is also counted across opposite edges, at its smallest
        displacement. Every side must be longer than 2 `r_max`. Tiles of a mosaic are not periodic.
    device : str
        "cpu", or for the engine "fft" a device of torch such as "cuda".
    threads : int, optional
        Threads to use; as many as there are cores by default. The counts do not depend on it.
    progress : Progress
        Called after each map (by "fft", once per map and turn of transforms).

    Returns
    -------
    TwoPoint

    Raises
    ------
    NpmError
        For NaN or porosity outside [0, 1], masks that do not fit or are all empty, no images,
        r_max or levels out of range, an unknown engine, or a device that is not there.
    Cancelled
        If `progress` raises it.
    """
    return _counted(images, masks, r_max, levels, 1, engine, periodic, device, threads, progress)[0]


def two_point_by_direction(
    images: Maps,
    masks: Maps | None = None,
    r_max: int = 200,
    levels: int = 256,
    *,
    sectors: int = 4,
    engine: Engine = "auto",
    periodic: bool = False,
    device: str = "cpu",
    threads: int | None = None,
    progress: Progress = silent,
) -> tuple[TwoPoint, ...]:
    """Count pixel pairs as `two_point`, apart by the direction from one pixel to the other.

    Sector k holds the directions within ``90 / sectors`` degrees of ``k 180 / sectors`` degrees,
    counted from the direction of a row (0: pairs side by side) towards increasing rows; a
    direction on a border belongs to the later sector. From r = 1 on the counts of all sectors add
    up to those of `two_point`; row 0 of each holds every pixel with itself. In an isotropic
    structure all sectors have the same P(dn | r).

    Parameters
    ----------
    images, masks, r_max, levels, engine, periodic, device, threads, progress
        As in `two_point`.
    sectors : int
        Sectors of the half circle, 1 to 36. At small r a narrow sector has no pair at all.

    Returns
    -------
    tuple of TwoPoint, (sectors,)

    Raises
    ------
    NpmError
        As `two_point`, and for a bad number of sectors.
    Cancelled
        If `progress` raises it.
    """
    if not 1 <= sectors <= 36 or sectors != int(sectors):
        raise NpmError(f"Choose between 1 and 36 sectors of angle; {sectors} cannot be used.")
    return _counted(
        images, masks, r_max, levels, int(sectors), engine, periodic, device, threads, progress
    )


def _counted(
    images: Maps,
    masks: Maps | None,
    r_max: int,
    levels: int,
    sectors: int,
    engine: str,
    periodic: bool,
    device: str,
    threads: int | None,
    progress: Progress,
) -> tuple[TwoPoint, ...]:
    if not 1 <= r_max <= _FARTHEST or r_max != int(r_max):
        raise NpmError(
            f"r_max must be a whole number of pixels from 1 to {_FARTHEST}, not {r_max}."
        )
    maps = _as_sequence(images)
    if len(maps) == 0:
        raise NpmError("There is no map to correlate: give at least one.")
    inside = None if masks is None else _as_sequence(masks)
    if inside is not None and len(inside) != len(maps):
        raise NpmError(f"There are {len(maps)} maps but {len(inside)} masks: give one for each.")
    if not 2 <= levels <= 256 or levels != int(levels):
        raise NpmError(f"Choose between 2 and 256 grey levels; {levels} cannot be used.")
    levels = int(levels)
    edges = group_edges(levels)

    def load(k: int) -> tuple[NDArray[np.uint8], NDArray[np.bool_] | None]:
        grey = grey_levels(np.asarray(maps[k]), levels)
        mask = None if inside is None else _as_mask(inside[k], k)
        if grey.ndim != 2:
            raise NpmError("Each map must have rows and columns and nothing else.")
        if mask is not None and mask.shape != grey.shape:
            raise NpmError(f"Mask {k + 1} has another shape than its map: {mask.shape}.")
        return grey, mask

    ensemble = Ensemble(
        len(maps),
        int(r_max),
        levels,
        sectors,
        edges,
        periodic=periodic,
        engine=engine,
        device=device,
        threads=threads,
        told=lambda done: progress(done, len(maps), "Two-point correlation"),
    )
    ensemble.count(load)
    return tuple(
        build(counts, grouped, edges)
        for counts, grouped in zip(ensemble.counts, ensemble.grouped, strict=True)
    )


def _as_mask(values: NDArray[np.generic], number: int) -> NDArray[np.bool_]:
    """Return a mask as bool; NaN, which numpy takes for true, is neither inside nor outside."""
    found = np.asarray(values)
    if found.dtype.kind in "fc" and np.isnan(found).any():
        raise NpmError(f"Mask {number + 1} holds NaN: give true inside and false outside.")
    return found.astype(bool, copy=False)


def _as_sequence(maps: Maps) -> Sequence[NDArray[np.generic]]:
    """Return one map as a sequence of one; leave stacks, lists and stored arrays as they are."""
    if getattr(maps, "ndim", 3) == 2:
        return [np.asarray(maps)]
    return maps  # type: ignore[return-value] # an array of maps is indexed as a sequence of maps
