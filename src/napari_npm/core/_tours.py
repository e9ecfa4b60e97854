"""Tours as arrays, changed by reversals that can be taken back: the compiled primitives.

Numba caches what it compiles by the file of the caller: after a change here, `_path_search.py`
and `_annealing.py` must be touched to be compiled anew.
"""

import numba
import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int32]

_compiled = numba.njit(cache=True, nogil=True, boundscheck=False)


@_compiled
def random_below(state: NDArray[np.uint64], limit: int) -> int:
    """Draw an integer in [0, limit) by xorshift64*: numba's own draws are one state a thread."""
    x = state[0]
    x ^= x >> np.uint64(12)
    x ^= x << np.uint64(25)
    x ^= x >> np.uint64(27)
    state[0] = x
    high = (x * np.uint64(2685821657736338717)) >> np.uint64(33)
    drawn: int = np.int64((high * np.uint64(limit)) >> np.uint64(31))  # type: ignore[assignment] # compiled
    return drawn


@_compiled
def reverse(tour: Ints, pos: Ints, start: int, length: int) -> None:
    """Reverse `length` cities from position `start` on, across the end of the array if need be."""
    n = tour.size
    i = start
    j = start + length - 1
    if j >= n:
        j -= n
    for _ in range(length // 2):
        a, b = tour[i], tour[j]
        tour[i], pos[b] = b, i
        tour[j], pos[a] = a, j
        i += 1
        if i == n:
            i = 0
        j -= 1
        if j < 0:
            j = n - 1


@_compiled
def exchange(tour: Ints, pos: Ints, log: Ints, logged: int, a: int, b: int, c: int, d: int) -> int:
    """Replace the edges a-b and c-d by a-c and b-d; b follows a as d follows c, either way."""
    n = tour.size
    if tour[(pos[a] + 1) % n] == b:
        i, j = pos[b], pos[c]
    else:
        i, j = pos[a], pos[d]
    length = j - i + 1
    if length <= 0:
        length += n
    if 2 * length > n:  # the other part reversed is the same tour
        i = (j + 1) % n
        length = n - length
    reverse(tour, pos, i, length)
    if logged < log.shape[0]:
        log[logged, 0] = i
        log[logged, 1] = length
    return logged + 1


@_compiled
def undo(tour: Ints, pos: Ints, log: Ints, logged: int, kept: int) -> None:
    """Take back the last reversals, down to the number kept."""
    for k in range(logged - 1, kept - 1, -1):
        reverse(tour, pos, log[k, 0], log[k, 1])
