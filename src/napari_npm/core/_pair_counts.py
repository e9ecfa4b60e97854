"""Exact counts of pixel pairs by distance and grey difference: the compiled kernels.

Three ways give the same integers. For whole maps, rows are compared displacement by displacement;
for dense masks the same with a mark on pixels outside; for sparse masks the listed pixels are
paired directly. Each kernel does one share of the work, without the GIL and without numba's own
threads: its threading layers abort when called from several threads at once, as dask does.
Counts are integers, so the result does not depend on how the work is shared.
"""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numba
import numpy as np
from numpy.typing import NDArray

Counts = NDArray[np.int64]
Offsets = NDArray[np.int64]

# Below this share of pixels in the mask, listed pixels are faster than masked rows (measured on
# 384x384 maps, r <= 200 px: rows 2.4 s whatever the mask, listed pixels 2.0 s at 0.4).
_LISTED_BELOW = 0.4
# Parallel histograms of the masked rows: neighbouring pixels often have equal differences, and
# adding to one address again and again would wait for each store.
_LANES = 8
_SLOT = 264  # 256 differences, one slot for pairs outside the mask, and padding
# Empty 32-bit histograms before they can overflow.
_FULL = 2**31


def count_pairs(
    grey: NDArray[np.uint8],
    mask: NDArray[np.bool_] | None,
    r_max: int,
    *,
    threads: int | None = None,
    method: str = "auto",
) -> Counts:
    """Count the pixel pairs of one map by rounded distance and grey difference.

    Parameters
    ----------
    grey : array of uint8, (H, W)
        Grey levels.
    mask : array of bool, (H, W), optional
        Both pixels of a pair must be inside.
    r_max : int
        Largest distance in px, rounded to whole pixels.
    threads : int, optional
        Threads to use; as many as there are cores by default. The counts do not depend on it.
    method : {"auto", "rows", "listed"}
        How to count; "auto" chooses by the density of the mask.

    Returns
    -------
    array of int64, (r_max + 1, 256)
        Unordered pairs, each once; row 0 holds every pixel with itself.
    """
    inside = grey.size if mask is None else int(np.count_nonzero(mask))
    ring = _rings(min(r_max, grey.shape[0] - 1), min(r_max, grey.shape[1] - 1), r_max)
    if method == "auto":
        method = "listed" if inside < _LISTED_BELOW * grey.size else "rows"
    if method == "listed":
        share = _listed_share(grey, np.ones(grey.shape, dtype=bool) if mask is None else mask, ring)
    else:
        share = _row_share(grey, mask, ring)
    counts = _in_threads(share, r_max, ring.shape[0], threads)
    counts[0, 0] = inside
    return counts


_Share = Callable[[int, int, Counts], None]


def _listed_share(grey: NDArray[np.uint8], mask: NDArray[np.bool_], ring: Offsets) -> _Share:
    rows, columns = np.nonzero(mask)
    starts = np.searchsorted(rows, np.arange(grey.shape[0] + 1)).astype(np.int64)
    columns32: NDArray[np.int32] = columns.astype(np.int32)
    values = grey[mask]

    def share(part: int, parts: int, counts: Counts) -> None:
        _listed(starts, columns32, values, ring, part, parts, counts)

    return share


def _row_share(grey: NDArray[np.uint8], mask: NDArray[np.bool_] | None, ring: Offsets) -> _Share:
    dy, dx, r = _half_plane(ring)
    if mask is None:
        whole = np.ascontiguousarray(grey)

        def share(part: int, parts: int, counts: Counts) -> None:
            mine = r % parts == part
            _rows(whole, dy[mine], dx[mine], r[mine], counts)

    else:
        # A pixel outside the mask differs by more than 255 from everything, itself included.
        first = np.where(mask, grey.astype(np.int16), np.int16(1024))
        second = np.where(mask, grey.astype(np.int16), np.int16(-1024))

        def share(part: int, parts: int, counts: Counts) -> None:
            mine = r % parts == part
            _masked_rows(first, second, dy[mine], dx[mine], r[mine], counts)

    return share


def _in_threads(share: _Share, r_max: int, rows: int, threads: int | None) -> Counts:
    """Run the shares of the work in threads and add up what they count."""
    parts = max(1, min(threads or os.cpu_count() or 1, rows))
    counts = np.zeros((parts, r_max + 1, 256), dtype=np.int64)
    if parts == 1:
        share(0, 1, counts[0])
    else:
        with ThreadPoolExecutor(parts) as pool:
            for job in [pool.submit(share, part, parts, counts[part]) for part in range(parts)]:
                job.result()
    total: Counts = counts.sum(axis=0)
    return total


def _rings(rows: int, columns: int, r_max: int) -> Offsets:
    """Round the length of every displacement (dy, dx); -1 beyond `r_max`.

    A whole number is never the square of a half-integer, so rounding has no ties.
    """
    length = np.sqrt(np.add.outer(np.arange(rows + 1) ** 2, np.arange(columns + 1) ** 2))
    ring = np.rint(length).astype(np.int64)
    ring[ring > r_max] = -1
    return ring


def _half_plane(ring: Offsets) -> tuple[Offsets, Offsets, Offsets]:
    """List one displacement of every opposite pair, ordered by rounded length."""
    reach = ring.shape[1] - 1
    dy, dx = np.mgrid[0 : ring.shape[0], -reach : reach + 1]
    r = ring[dy, np.abs(dx)]
    wanted = (r > 0) & ((dy > 0) | (dx > 0))
    dy, dx, r = dy[wanted], dx[wanted], r[wanted]
    order = np.argsort(r, kind="stable")
    return dy[order], dx[order], r[order]


@numba.njit(cache=True, nogil=True, boundscheck=False)
def _rows(grey: NDArray[np.uint8], dy: Offsets, dx: Offsets, r: Offsets, counts: Counts) -> None:
    height, width = grey.shape
    row = np.zeros(width // 8 * 8 + 8, dtype=np.uint8)
    eight = row.view(np.uint64)
    # Two neighbouring differences are counted at once, as one 16-bit number: half the stores.
    pairs, single = np.zeros(65536, dtype=np.uint32), np.zeros(256, dtype=np.uint32)
    two = np.uint64(65535)
    held = 0
    for k in range(dy.size):
        start, length = max(0, -dx[k]), width - abs(dx[k])
        whole = length // 8
        for y in range(height - dy[k]):
            a = grey[y, start : start + length]
            b = grey[y + dy[k], start + dx[k] : start + dx[k] + length]
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
        if k == dy.size - 1 or r[k + 1] != r[k] or held > _FULL:
            held = 0
            for v in range(65536):
                counts[r[k], v & 255] += pairs[v]
                counts[r[k], v >> 8] += pairs[v]
                pairs[v] = 0
            for v in range(256):
                counts[r[k], v] += single[v]
                single[v] = 0


@numba.njit(cache=True, nogil=True, boundscheck=False)
def _masked_rows(
    first: NDArray[np.int16],
    second: NDArray[np.int16],
    dy: Offsets,
    dx: Offsets,
    r: Offsets,
    counts: Counts,
) -> None:
    height, width = first.shape
    row = np.zeros(width // _LANES * _LANES + _LANES, dtype=np.uint16)
    slots = np.zeros((_LANES, _SLOT), dtype=np.uint32)
    held = 0
    for k in range(dy.size):
        start, length = max(0, -dx[k]), width - abs(dx[k])
        row[length : length - length % -_LANES] = 256
        for y in range(height - dy[k]):
            a = first[y, start : start + length]
            b = second[y + dy[k], start + dx[k] : start + dx[k] + length]
            for x in range(length):
                row[x] = min(abs(a[x] - b[x]), 256)
            for x in range(0, length, _LANES):
                for lane in range(_LANES):
                    slots[np.uintp(lane), np.uintp(row[x + lane])] += np.uint32(1)
        held += height * width
        if k == dy.size - 1 or r[k + 1] != r[k] or held > _FULL:
            held = 0
            for lane in range(_LANES):
                for dn in range(256):
                    counts[r[k], dn] += slots[lane, dn]
            slots[:] = 0


@numba.njit(cache=True, nogil=True, boundscheck=False)
def _listed(
    starts: Offsets,
    columns: NDArray[np.int32],
    values: NDArray[np.uint8],
    ring: Offsets,
    part: int,
    parts: int,
    counts: Counts,
) -> None:
    height = starts.size - 1
    reach = ring.shape[1] - 1
    # Offset of the histogram of each distance; one more row takes what is too far away.
    spill = counts.shape[0] * 256
    local = np.zeros(spill + 256, dtype=np.uint32)
    offset = np.empty(2 * reach + 1, dtype=np.uint32)
    for dy in range(part, ring.shape[0], parts):
        far = 0
        for dx in range(reach + 1):
            r = ring[dy, dx]
            offset[reach + dx] = r * 256 if r >= 0 else spill
            offset[reach - dx] = offset[reach + dx]
            if r >= 0:
                far = dx
        for y in range(height - dy):
            low, end = starts[y + dy], starts[y + dy + 1]
            if low == end:
                continue
            for i in range(starts[y], starts[y + 1]):
                column, value = columns[i], np.int32(values[i])
                while low < end and columns[low] < column - far:
                    low += 1
                begin = i + 1 if dy == 0 else low
                for j in range(begin, end):
                    dx = columns[j] - column
                    if dx > far:
                        break
                    dn = abs(np.int32(values[j]) - value)
                    local[np.uintp(offset[reach + dx]) + np.uintp(dn)] += np.uint32(1)
        # Emptied once a row offset, far below where 32 bits would overflow.
        for k in range(spill):
            counts[k // 256, k % 256] += local[k]
            local[k] = 0
