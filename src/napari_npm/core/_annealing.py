"""Simulated annealing of a path: the compiled kernel."""

import numba
import numpy as np
from numpy.typing import NDArray

from ._tours import random_below

_compiled = numba.njit(cache=True, nogil=True, boundscheck=False)


@_compiled
def anneal(
    w: NDArray[np.float64],
    path: NDArray[np.int32],
    state: NDArray[np.uint64],
    hot: float,
    cold: float,
    steps: int,
) -> None:
    """Try steps at falling temperatures, in place.

    Half of the steps reverse a stretch, half move one city; what the path gains or loses is known
    from the edges at the ends.

    Parameters
    ----------
    w : array of float64, (n + 1, n + 1)
        Symmetric distances of n cities; the last row and column are zeros.
    path : array of int32, (n + 2,)
        The path, with city n before its first and after its last city.
    state : array of uint64, (1,)
        State of the random draws, not 0.
    hot, cold : float
        First and last temperature; they fall geometrically.
    steps : int
        Steps to try.
    """
    n = path.size - 2
    temperature = hot
    factor = (cold / hot) ** (1 / max(1, steps))
    for _ in range(steps):
        temperature *= factor
        i = 1 + random_below(state, n)
        j = 1 + random_below(state, n)
        if i == j:
            continue
        if random_below(state, 2) == 0:
            if i > j:
                i, j = j, i
            grown = w[path[i - 1], path[j]] + w[path[i], path[j + 1]]
            grown -= w[path[i - 1], path[i]] + w[path[j], path[j + 1]]
            if _refuse(state, grown, temperature):
                continue
            while i < j:
                path[i], path[j] = path[j], path[i]
                i += 1
                j -= 1
        else:  # the city at i goes to place j
            city = path[i]
            before, after = (path[j], path[j + 1]) if j > i else (path[j - 1], path[j])
            grown = w[path[i - 1], path[i + 1]] + w[before, city] + w[city, after]
            grown -= w[path[i - 1], city] + w[city, path[i + 1]] + w[before, after]
            if _refuse(state, grown, temperature):
                continue
            step = 1 if j > i else -1
            for k in range(i, j, step):
                path[k] = path[k + step]
            path[j] = city


@_compiled
def _refuse(state: NDArray[np.uint64], grown: float, temperature: float) -> bool:
    if grown <= 0:
        return False
    if grown > 40 * temperature:
        return True
    threshold: float = np.exp(-grown / temperature) * (1 << 30)
    return random_below(state, 1 << 30) >= threshold
