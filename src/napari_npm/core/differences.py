"""How much relevance maps differ from each other: the paper's difference matrix (SI section 4)."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._l1_sums import add_differences, count_threads, mirror
from ._maps import Maps, check_same, read_map
from .errors import NpmError
from .progress import Progress, silent

# Bytes of the piece of all maps that is compared at a time.
_PIECE = 2**24


def difference_matrix(
    relevance: Maps,
    *,
    normalise: bool = False,
    threads: int | None = None,
    progress: Progress = silent,
) -> NDArray[np.float64]:
    """Sum the absolute differences of every two relevance maps, pixel by pixel.

    The paper's image-wise difference (SI section 4): ``dR[m, n] = sum_ij abs(R_ij^m - R_ij^n)``,
    the L1 distance, in the unit of the maps. Values are taken as float32; sums are float32 over
    1024 pixels in vector lanes and float64 beyond (within 2e-7 of float64 sums, relatively). All
    maps are compared piece by piece of 16 MiB: maps in memory, on disk (`numpy.memmap`) or in a
    list are not copied; those of any other source are read once into one float32 array.

    Parameters
    ----------
    relevance : array (N, H, W), or sequence of N arrays (H, W)
        Relevance maps of one size; anything with a length that gives maps by index will do.
    normalise : bool
        Divide each map by its sum first. The plain difference favours faint maps, which differ
        little from each other whatever their pattern; then only the pattern counts, and the
        difference lies in [0, 2] for maps without negative values.
    threads : int, optional
        Threads to use; as many as there are cores by default. The result does not depend on it.
    progress : Progress
        Called after each map read and after each piece compared.

    Returns
    -------
    array of float64, (N, N)
        Symmetric, with a diagonal of zeros.

    Raises
    ------
    NpmError
        For no maps, maps that differ in size or hold NaN, values too large for float32 sums, or,
        with `normalise`, a map whose relevance is not positive in sum.
    Cancelled
        If `progress` raises it.
    """
    count = len(relevance)
    if count == 0:
        raise NpmError("There is no relevance map to compare: explain some tiles first.")
    maps, scale = _read(relevance, normalise, progress)
    height, width = maps[0].shape
    step = max(1, min(height, _PIECE // (4 * count * width)))
    piece = np.empty(count * step * width, dtype=np.float32)
    total = np.zeros((count, count))
    with ThreadPoolExecutor(count_threads(threads)) as pool:
        for row in range(0, height, step):
            rows = min(step, height - row)
            part = piece[: count * rows * width].reshape(count, rows, width)
            for k, one in enumerate(maps):
                strip = one[row : row + rows]
                part[k] = strip if scale is None else strip * scale[k]
            add_differences(part.reshape(count, -1), total, pool)
            progress(count + count * (row + rows) // height, 2 * count, "Comparing the maps")
    if not np.isfinite(total).all():
        raise NpmError(
            "The relevance is too large to be summed: divide all maps by their largest value first."
        )
    mirror(total)
    return total


def _read(
    relevance: Maps, normalise: bool, progress: Progress
) -> tuple[list[NDArray[Any]], NDArray[np.float64] | None]:
    """Return the maps, checked, and what to multiply each with."""
    count = len(relevance)
    items = [relevance[0]] if isinstance(relevance, np.ndarray) else relevance
    in_memory = isinstance(items, list | tuple) and all(isinstance(m, np.ndarray) for m in items)
    maps: list[NDArray[Any]] = []
    sums = np.zeros(count)
    for k in range(count):
        with np.errstate(over="ignore"):  # what is too large for float32 is refused as infinite
            one = read_map(relevance, k)
        if one.ndim != 2:
            raise NpmError(f"Map {k} has the shape {one.shape}: give maps of (rows, columns).")
        if k == 0:
            shape = one.shape
            read = np.empty((0 if in_memory else count, *shape), dtype=np.float32)
        check_same(k, one.shape, 0, shape)
        if normalise:
            sums[k] = one.sum(dtype=np.float64)
            if sums[k] <= 0:
                raise NpmError(
                    f"The relevance of map {k} is not positive in sum, so it cannot be normalised: "
                    "leave this map out, or compare maps as they are."
                )
        if in_memory:
            maps.append(relevance[k])
        else:
            read[k] = one
            maps.append(read[k])
        progress(k + 1, 2 * count, "Reading the maps")
    return maps, 1 / sums if normalise else None
