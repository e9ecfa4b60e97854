"""The order of maps in which the difference matrix has the smallest total gradient (SI section 4).

The total gradient is the sum of the absolute forward differences of the matrix along both axes.
For a symmetric matrix D it is twice the length of the path through the permutation with the
distance ``W[a, b] = sum_k abs(D[a, k] - D[b, k])``: a step from row a to row b changes each of
its columns, whatever the columns' order. So the best order is a shortest path through all maps,
what a move changes is known from the ends of what moved, and no order can be better than a lower
bound on such paths.

Central differences (`numpy.gradient`) are another thing: they compare neighbours but one, and two
smooth halves that alternate would pass as smooth.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import permutations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ._l1_sums import row_distances
from ._path_order import annealing, bounding, leaf_order, length, search
from .errors import NpmError
from .progress import Progress, silent

METHODS = ("local search", "annealing", "leaf order")


@dataclass(frozen=True)
class Ordering:
    """An order of maps and how good it is.

    Attributes
    ----------
    permutation : array of intp, (N,)
        Index of the map at each place; the end with the smaller index comes first.
    cost : float
        Total gradient of the difference matrix in this order, in the unit of the matrix.
    lower_bound : float
        Total gradient that no order can fall below (Held-Karp).
    method : str
        How it was found.
    """

    permutation: NDArray[np.intp]
    cost: float
    lower_bound: float
    method: str

    @property
    def gap(self) -> float:
        """By what share the cost is above the bound: the order is at most this far from the best.

        0 where all orders cost the same nothing.
        """
        return self.cost / self.lower_bound - 1 if self.lower_bound > 0 else 0.0


def total_gradient(matrix: ArrayLike, permutation: ArrayLike | None = None) -> float:
    """Sum the absolute forward differences of a difference matrix along both axes.

    ``sum_ij abs(P[i + 1, j] - P[i, j]) + sum_ij abs(P[i, j + 1] - P[i, j])`` with
    ``P[i, j] = D[p[i], p[j]]``: the total gradient G_Rt of SI section 4.

    Parameters
    ----------
    matrix : array (N, N)
        Difference matrix, finite.
    permutation : array of int, (N,), optional
        Order of rows and columns; as they are by default.

    Returns
    -------
    float
        In the unit of the matrix.

    Raises
    ------
    NpmError
        If the matrix is not square and finite, or the order not one of its indices.
    """
    values = _square(matrix)
    if permutation is not None:
        order_ = np.asarray(permutation)
        if order_.dtype.kind not in "iu" or not np.array_equal(
            np.sort(order_), np.arange(len(values))
        ):
            raise NpmError(
                f"The order must name each of the {len(values)} rows of the matrix once."
            )
        values = values[np.ix_(order_, order_)]
    return float(sum(np.abs(np.diff(values, axis=axis)).sum() for axis in (0, 1)))


def order(
    matrix: ArrayLike,
    method: str = "local search",
    *,
    seed: int = 0,
    steps: int | None = None,
    threads: int | None = None,
    progress: Progress = silent,
) -> Ordering:
    """Find an order of maps with a small total gradient of their difference matrix.

    Parameters
    ----------
    matrix : array (N, N)
        Difference matrix: symmetric and finite.
    method : {"local search", "annealing", "leaf order"}
        "local search" is iterated local search with 2-opt, Or-opt and Lin-Kernighan moves (best);
        "annealing" is simulated annealing, as in the paper (SI section 4), by reversals and
        insertions; "leaf order" is hierarchical clustering with the best turn of each branch.
        Up to 3 maps are ordered by trying all orders.
    seed : int
        Seed of what is random ("leaf order" is not).
    steps : int, optional
        How long to search: kicks of the local search (15 a map by default) or moves that the
        annealing tries (10,000 a map). The result depends on nothing but matrix, seed and steps.
    threads : int, optional
        Threads for the distances between rows; as many as there are cores by default. One
        thread searches while another works out the bound.
    progress : Progress
        Called some 20 times.

    Returns
    -------
    Ordering

    Raises
    ------
    NpmError
        For an unknown method, negative steps, or a matrix that is empty, not square, not symmetric
        or not finite.
    Cancelled
        If `progress` raises it.
    """
    if method not in METHODS:
        raise NpmError(f"There is no ordering method {method!r}: choose from {', '.join(METHODS)}.")
    if steps is not None and steps < 0:
        raise NpmError(f"The steps of an ordering must not be negative: {steps}.")
    values = _square(matrix)
    if not np.allclose(values, values.T, rtol=1e-6, atol=0):
        raise NpmError("A difference matrix must be symmetric: give the differences of all pairs.")
    values = (values + values.T) / 2
    distances = row_distances(values, threads)
    if len(values) <= 3:
        paths = [np.array(p, dtype=np.intp) for p in permutations(range(len(values)))]
        best = min(paths, key=lambda path: length(distances, path))
        bound = length(distances, best)
    else:
        searches: dict[str, Callable[[], NDArray[np.intp]]] = {
            "local search": lambda: search(distances, seed, steps, progress),
            "annealing": lambda: annealing(distances, seed, steps, progress),
            "leaf order": lambda: leaf_order(distances, progress),
        }
        with bounding(distances) as bounded:
            best = searches[method]()
            bound = bounded.result()
    if best[0] > best[-1]:
        best = best[::-1].copy()
    cost = total_gradient(values, best)
    # Twice the bound on paths; what is left of it above the cost is rounding.
    return Ordering(best, cost, min(cost, 2 * bound), method)


def _square(matrix: ArrayLike) -> NDArray[np.float64]:
    values = np.asarray(matrix, dtype=np.float64)
    if values.ndim != 2 or values.shape[0] != values.shape[1] or values.size == 0:
        raise NpmError(f"A difference matrix must be square, not of shape {values.shape}.")
    if not np.isfinite(values).all():
        raise NpmError("The difference matrix holds values that are not numbers: compute it again.")
    return values
