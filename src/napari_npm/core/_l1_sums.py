"""Sums of absolute differences between rows: the compiled kernel and its threads.

float32 rows are summed in float32 over runs of `_RUN` values and in float64 beyond; float64 rows
in float64 throughout. Each thread takes some blocks of pairs, without the GIL and without numba's
own threads (see _pair_counts). Every pair is summed in one order, so threads do not change a bit.
"""

import os
from concurrent.futures import ThreadPoolExecutor

import numba
import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.float32] | NDArray[np.float64]

# Rows a block: two blocks of runs stay in the second-level cache.
_BLOCK = 64
# Values summed in the rows' own precision before they are added to the float64 total.
_RUN = 1024


def add_differences(
    rows: Rows, total: NDArray[np.float64], pool: ThreadPoolExecutor | None = None
) -> None:
    """Add ``sum(abs(rows[a] - rows[b]))`` to ``total[a, b]`` for a < b.

    Parameters
    ----------
    rows : array of float32 or float64, (N, P)
        C-contiguous, finite.
    total : array of float64, (N, N)
        Only what lies above the diagonal is written.
    pool : ThreadPoolExecutor, optional
        Where to run; here if there is none.
    """
    blocks = -(-len(rows) // _BLOCK)
    first, second = np.triu_indices(blocks)
    parts = 1 if pool is None else pool._max_workers
    shares = [
        (rows, first[part::parts].copy(), second[part::parts].copy(), total)
        for part in range(parts)
    ]
    if pool is None:
        _add(*shares[0])
        return
    for job in [pool.submit(_add, *share) for share in shares]:
        job.result()


def row_distances(rows: NDArray[np.float64], threads: int | None = None) -> NDArray[np.float64]:
    """Return the L1 distances (N, N) between the rows of an array (N, P)."""
    total = np.zeros((len(rows), len(rows)))
    with ThreadPoolExecutor(count_threads(threads)) as pool:
        add_differences(np.ascontiguousarray(rows, dtype=np.float64), total, pool)
    mirror(total)
    return total


def count_threads(threads: int | None) -> int:
    """Return how many threads to use: as many as there are cores by default."""
    return max(1, threads or os.cpu_count() or 1)


def mirror(total: NDArray[np.float64]) -> None:
    """Copy what lies above the diagonal below it, in place, block by block."""
    for start in range(0, len(total), _BLOCK):
        stop = start + _BLOCK
        total[stop:, start:stop] = total[start:stop, stop:].T
        block = total[start:stop, start:stop]
        block[...] = np.triu(block, 1) + np.triu(block, 1).T


# Reassociation lets the compiler add in vector lanes; no value is assumed away.
@numba.njit(cache=True, nogil=True, boundscheck=False, fastmath={"reassoc", "nsz", "contract"})
def _add(
    rows: Rows,
    first: NDArray[np.int64],
    second: NDArray[np.int64],
    total: NDArray[np.float64],
) -> None:
    count, width = rows.shape
    for k in range(first.size):
        a_stop = min(count, (first[k] + 1) * _BLOCK)
        b_stop = min(count, (second[k] + 1) * _BLOCK)
        for run in range(0, width, _RUN):
            length = min(_RUN, width - run)
            for a in range(first[k] * _BLOCK, a_stop):
                one = rows[a, run : run + length]
                b = max(second[k] * _BLOCK, a + 1)
                # Four at once: each value of `one` is loaded for four pairs.
                while b + 4 <= b_stop:
                    r0 = rows[b, run : run + length]
                    r1 = rows[b + 1, run : run + length]
                    r2 = rows[b + 2, run : run + length]
                    r3 = rows[b + 3, run : run + length]
                    s0 = rows.dtype.type(0)
                    s1 = rows.dtype.type(0)
                    s2 = rows.dtype.type(0)
                    s3 = rows.dtype.type(0)
                    for x in range(length):
                        value = one[x]
                        s0 += abs(value - r0[x])
                        s1 += abs(value - r1[x])
                        s2 += abs(value - r2[x])
                        s3 += abs(value - r3[x])
                    total[a, b] += s0
                    total[a, b + 1] += s1
                    total[a, b + 2] += s2
                    total[a, b + 3] += s3
                    b += 4
                while b < b_stop:
                    r0 = rows[b, run : run + length]
                    s0 = rows.dtype.type(0)
                    for x in range(length):
                        s0 += abs(one[x] - r0[x])
                    total[a, b] += s0
                    b += 1
