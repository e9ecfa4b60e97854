"""A proven lower bound on the length of a path through all cities (Held and Karp's ascent).

A path is a spanning tree. Give each city a price, add to each distance the prices of its ends, and
count each price back twice, once for each end of the path less (the path closed through a city at
distance zero from all is a tour). No path is shorter than what the cheapest such tree leaves,
whatever the prices; they are raised where the tree has too many edges and lowered at its leaves.
M. Held, R. M. Karp, Mathematical Programming 1 (1971) 6-25, doi:10.1007/BF01584070.
"""

import numba
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_compiled = numba.njit(cache=True, nogil=True, boundscheck=False)


@_compiled
def _tree(w: Floats, prices: Floats, degree: NDArray[np.int64]) -> float:
    """Build the cheapest spanning tree with prices (Prim, dense); return its length with them."""
    n = prices.size
    degree[:] = 0
    left = np.arange(1, n)
    parent = np.zeros(n, dtype=np.int64)
    key = np.full(n, np.inf)
    last, length = 0, 0.0
    for count in range(n - 1, 0, -1):
        row, price = w[last], prices[last]
        best, at = np.inf, 0
        for k in range(count):
            city = left[k]
            through = row[city] + price
            known = key[city]
            if through < known:
                key[city] = known = through
                parent[city] = last
            known += prices[city]
            if known < best:
                best, at = known, k
        last = left[at]
        left[at] = left[count - 1]
        degree[last] += 1
        degree[parent[last]] += 1
        length += best
    return length


@_compiled
def ascend(
    w: Floats, prices: Floats, best_prices: Floats, before: Floats, state: Floats, steps: int
) -> None:
    """Raise the bound by some subgradient steps, in place.

    Parameters
    ----------
    w : array of float64, (n, n)
        Symmetric distances, n at least 2.
    prices, best_prices, before : array of float64, (n,)
        Prices now, prices of the best bound, and the last direction; zeros at the start.
    state : array of float64, (4,)
        Best bound, length of a known path, step factor, steps without a better bound.
    steps : int
        How many trees to build.
    """
    n = prices.size
    degree = np.empty(n, dtype=np.int64)
    for _ in range(steps):
        length = _tree(w, prices, degree)
        # The closing city has its two edges to the two cheapest cities.
        one, two = (0, 1) if prices[0] <= prices[1] else (1, 0)
        for city in range(2, n):
            if prices[city] < prices[one]:
                one, two = city, one
            elif prices[city] < prices[two]:
                two = city
        degree[one] += 1
        degree[two] += 1
        bound = length + prices[one] + prices[two] - 2 * prices.sum()
        if bound > state[0]:
            if bound > state[0] + 1e-6 * abs(bound):
                state[3] = 0
            state[0] = bound
            best_prices[:] = prices
        state[3] += 1
        if state[3] > 20:
            state[2] *= 0.7
            state[3] = 0
        norm = 0.0
        for city in range(n):
            norm += (degree[city] - 2) ** 2
        if norm == 0:  # the tree is a path: the bound is the optimum
            state[2] = 0
            return
        size = state[2] * (state[1] - bound) / norm
        for city in range(n):
            direction = 0.7 * (degree[city] - 2) + 0.3 * before[city]
            before[city] = degree[city] - 2
            prices[city] += size * direction
