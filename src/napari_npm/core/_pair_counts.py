"""Exact counts of pixel pairs by bin of displacement and grey difference: the compiled kernels.

Two ways give the same integers. Direct: rows are compared displacement by displacement, with a
mark on pixels outside a mask. Sparse: the listed pixels of a mask are paired. Each kernel does one
share of the work, without the GIL and without numba's own threads: its threading layers abort when
called from several threads at once, as dask does. Counts are integers, so the result does not
depend on how the work is shared.
"""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import numba
import numpy as np
from numpy.typing import NDArray

from ._displacements import Displacements, Offsets

Counts = NDArray[np.int64]
Grey = NDArray[np.uint8]
Mask = NDArray[np.bool_]
V = TypeVar("V", bound=np.generic)

# Parallel histograms of the masked rows: neighbouring pixels often have equal differences, and
# adding to one address again and again would wait for each store.
_LANES = 8
_SLOT = 264  # 256 differences, one slot for pairs outside the mask, and padding
# Empty 32-bit histograms before they can overflow.
_FULL = 2**31

_Share = Callable[[int, int, Counts], None]


def count_direct(
    grey: Grey, mask: Mask | None, where: Displacements, threads: int | None = None
) -> Counts:
    """Count the pairs of one map row by row.

    Parameters
    ----------
    grey : array of uint8, (H, W)
        Grey levels.
    mask : array of bool, (H, W), optional
        Both pixels of a pair must be inside.
    where : Displacements
        Of a map of this shape.
    threads : int, optional
        Threads to use; as many as there are cores by default.

    Returns
    -------
    array of int64, (bins, 256)
        Unordered pairs, each once.
    """
    dy, dx, bins = where.listed()
    reach = where.reach[1] if where.periodic else 0
    if mask is None:
        first = np.ascontiguousarray(grey)
        second = _continued(first, where)

        def share(part: int, parts: int, counts: Counts) -> None:
            mine = bins % parts == part
            _rows(first, second, reach, dy[mine], dx[mine], bins[mine], counts)

    else:
        # A pixel outside the mask differs by more than 255 from everything, itself included.
        one = np.where(mask, grey.astype(np.int16), np.int16(1024))
        two = _continued(np.where(mask, grey.astype(np.int16), np.int16(-1024)), where)

        def share(part: int, parts: int, counts: Counts) -> None:
            mine = bins % parts == part
            _masked_rows(one, two, reach, dy[mine], dx[mine], bins[mine], counts)

    return _in_threads(share, where, threads)


def count_sparse(
    grey: Grey, mask: Mask | None, where: Displacements, threads: int | None = None
) -> Counts:
    """Count the pairs of one map pixel by pixel of its mask; as `count_direct`."""
    inside = np.ones(grey.shape, dtype=bool) if mask is None else mask
    starts, columns, values = _listing(grey, inside)
    reach = where.reach[1] if where.periodic else 0
    there = _listing(_continued(grey, where), _continued(inside, where))

    def share(part: int, parts: int, counts: Counts) -> None:
        _listed(
            starts, columns, values, there[0], there[1] - np.int32(reach), there[2],
            where.bins, where.periodic, part, parts, counts,
        )  # fmt: skip

    return _in_threads(share, where, threads)


def _continued(values: NDArray[V], where: Displacements) -> NDArray[V]:
    """Return the map with what a displaced pixel of a periodic map meets beyond its edges."""
    if not where.periodic:
        return values
    down, across = where.reach
    return np.pad(values, ((0, down), (across, across)), mode="wrap")


def _listing(grey: NDArray[V], mask: Mask) -> tuple[Offsets, NDArray[np.int32], NDArray[V]]:
    """List the pixels of a mask: where each row starts, their columns and their values."""
    rows, columns = np.nonzero(mask)
    starts = np.searchsorted(rows, np.arange(grey.shape[0] + 1)).astype(np.int64)
    return starts, columns.astype(np.int32), grey[rows, columns]


def _in_threads(share: _Share, where: Displacements, threads: int | None) -> Counts:
    """Run the shares of the work in threads and add up what they count."""
    parts = max(1, min(threads or os.cpu_count() or 1, where.bins.shape[0]))
    counts = np.zeros((parts, where.n_bins, 256), dtype=np.int64)
    if parts == 1:
        share(0, 1, counts[0])
    else:
        with ThreadPoolExecutor(parts) as pool:
            for job in [pool.submit(share, part, parts, counts[part]) for part in range(parts)]:
                job.result()
    total: Counts = counts.sum(axis=0)
    return total


@numba.njit(cache=True, nogil=True, boundscheck=False)
def _rows(
    grey: Grey,
    second: Grey,
    reach: int,
    dy: Offsets,
    dx: Offsets,
    bins: Offsets,
    counts: Counts,
) -> None:
    height, width = grey.shape
    row = np.zeros(width // 8 * 8 + 8, dtype=np.uint8)
    eight = row.view(np.uint64)
    # Two neighbouring differences are counted at once, as one 16-bit number: half the stores.
    pairs, single = np.zeros(65536, dtype=np.uint32), np.zeros(256, dtype=np.uint32)
    two = np.uint64(65535)
    held = 0
    for k in range(dy.size):
        start, length, lines = 0, width, height
        if reach == 0:
            start, length, lines = max(0, -dx[k]), width - abs(dx[k]), height - dy[k]
        whole = length // 8
        for y in range(lines):
            a = grey[y, start : start + length]
            b = second[y + dy[k], reach + start + dx[k] : reach + start + dx[k] + length]
            for x in range(length):
                row[x] = max(a[x], b[x]) - min(a[x], b[x])
            for x in range(whole):
                word = eight[x]
                pairs[word & two] += np.uint32(1)
                pairs[(word >> np.uint64(16)) & two] += np.uint32(1)
                pairs[(word >> np.uint64(32)) & two] += np.uint32(1)
                pairs[word >> np.uint64(48)] += np.uint32(1)
            for x in range(8 * whole, length):
                single[np.uintp(row[x])] += np.uint32(1)
        held += height * width
        if k == dy.size - 1 or bins[k + 1] != bins[k] or held > _FULL:
            held = 0
            for v in range(65536):
                counts[bins[k], v & 255] += pairs[v]
                counts[bins[k], v >> 8] += pairs[v]
                pairs[v] = 0
            for v in range(256):
                counts[bins[k], v] += single[v]
                single[v] = 0


@numba.njit(cache=True, nogil=True, boundscheck=False)
def _masked_rows(
    first: NDArray[np.int16],
    second: NDArray[np.int16],
    reach: int,
    dy: Offsets,
    dx: Offsets,
    bins: Offsets,
    counts: Counts,
) -> None:
    height, width = first.shape
    row = np.zeros(width // _LANES * _LANES + _LANES, dtype=np.uint16)
    slots = np.zeros((_LANES, _SLOT), dtype=np.uint32)
    held = 0
    for k in range(dy.size):
        start, length, lines = 0, width, height
        if reach == 0:
            start, length, lines = max(0, -dx[k]), width - abs(dx[k]), height - dy[k]
        row[length : length - length % -_LANES] = 256
        for y in range(lines):
            a = first[y, start : start + length]
            b = second[y + dy[k], reach + start + dx[k] : reach + start + dx[k] + length]
            for x in range(length):
                row[x] = min(abs(a[x] - b[x]), 256)
            for x in range(0, length, _LANES):
                for lane in range(_LANES):
                    slots[np.uintp(lane), np.uintp(row[x + lane])] += np.uint32(1)
        held += height * width
        if k == dy.size - 1 or bins[k + 1] != bins[k] or held > _FULL:
            held = 0
            for lane in range(_LANES):
                for dn in range(256):
                    counts[bins[k], dn] += slots[lane, dn]
            slots[:] = 0


@numba.njit(cache=True, nogil=True, boundscheck=False)
def _listed(
    starts: Offsets,
    columns: NDArray[np.int32],
    values: Grey,
    starts_there: Offsets,
    columns_there: NDArray[np.int32],
    values_there: Grey,
    bins: Offsets,
    periodic: bool,
    part: int,
    parts: int,
    counts: Counts,
) -> None:
    height = starts.size - 1
    reach = bins.shape[1] // 2
    # Offset of the histogram of each bin; one more row takes what counts nowhere.
    spill = counts.shape[0] * 256
    local = np.zeros(spill + 256, dtype=np.uint32)
    offset = np.empty(2 * reach + 1, dtype=np.uint32)
    for dy in range(part, bins.shape[0], parts):
        far = 0
        for dx in range(-reach, reach + 1):
            found = bins[dy, reach + dx]
            offset[reach + dx] = found * 256 if found >= 0 else spill
            if found >= 0:
                far = max(far, abs(dx))
        for y in range(height if periodic else height - dy):
            low, end = starts_there[y + dy], starts_there[y + dy + 1]
            if low == end:
                continue
            for i in range(starts[y], starts[y + 1]):
                column, value = columns[i], np.int32(values[i])
                nearest = column + 1 if dy == 0 else column - far
                while low < end and columns_there[low] < nearest:
                    low += 1
                for j in range(low, end):
                    dx = columns_there[j] - column
                    if dx > far:
                        break
                    dn = abs(np.int32(values_there[j]) - value)
                    local[np.uintp(offset[reach + dx]) + np.uintp(dn)] += np.uint32(1)
        # Emptied once a row offset, far below where 32 bits would overflow.
        for k in range(spill):
            counts[k // 256, k % 256] += local[k]
            local[k] = 0
