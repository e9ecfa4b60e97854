"""Windows along the order of a difference matrix, and how far they stand out from chance."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .errors import NpmError

FEWEST = 3
"""Maps of the smallest group that is chosen by itself; a pair is always more alike."""


@dataclass(frozen=True)
class Group:
    """Maps that stand side by side in an order.

    Attributes
    ----------
    start, stop : int
        Their place along the order: ``permutation[start:stop]``.
    members : ndarray of int, (k,)
        The maps, as rows of the matrix, in the order's sequence.
    mean_difference : float
        Mean difference of two of them, in the matrix's unit.
    standing_out : float
        How far that lies below the mean of k maps drawn at random, in standard deviations of such
        a mean. As the group was looked for, no p-value follows from it.
    stability : float or None
        Jaccard index (shared maps over all maps of both) with the best match among the groups of
        another order, mean over the other orders; 1 if each has the same group. None without any.
    stability_other : float or None
        The same with the groups of maps on another scale.
    stability_subsets : float or None
        The same with the groups among a part of the maps, of which the others were left out: of
        the group, only those of the part count.
    """

    start: int
    stop: int
    members: NDArray[np.intp]
    mean_difference: float
    standing_out: float
    stability: float | None = None
    stability_other: float | None = None
    stability_subsets: float | None = None


class OrderedMatrix:
    """A difference matrix in an order, with sums that make every window's mean cheap.

    Parameters
    ----------
    matrix : array_like, (N, N)
        Differences of any two maps.
    permutation : array_like of int, (N,)
        The order.
    """

    def __init__(self, matrix: ArrayLike, permutation: ArrayLike) -> None:
        differences = checked_matrix(matrix)
        self.order = checked_order(permutation, len(differences))
        self._sums = summed(differences[np.ix_(self.order, self.order)])
        self._moments = _moments(differences)
        self._expected = float(differences.sum() / (len(self) * (len(self) - 1)))

    def __len__(self) -> int:
        return len(self.order)

    def groups(self, number: int, size: int) -> list[Group]:
        """Return the `number` windows apart from each other with the lowest sum of means."""
        count = len(self)
        number = min(number, count // size)
        starts = np.arange(count - size + 1)
        stops = starts + size
        means = self._means(starts, stops)
        spread = _spread(self._moments, count, size)
        # best[j]: lowest sum of the windows so far that end at j or before
        best = np.zeros(count + 1)
        chosen = []
        for _ in range(number):
            ending = np.full(count + 1, np.inf)
            ending[stops] = best[starts] + means
            best = np.minimum.accumulate(ending)
            chosen.append(ending)
        found, limit = [], count
        for ending in reversed(chosen):
            limit = int(np.argmin(ending[: limit + 1])) - size
            found.append(limit)
        # no spread: all maps differ alike, and no window stands out
        unit = spread if spread > 1e-12 * self._expected else np.inf
        groups = [
            Group(
                start,
                start + size,
                self.order[start : start + size],
                float(means[start]),
                float((self._expected - means[start]) / unit),
            )
            for start in found
        ]
        return sorted(groups, key=lambda group: (group.mean_difference, group.start))

    def _means(self, starts: NDArray[np.intp], stops: NDArray[np.intp]) -> NDArray[np.float64]:
        sums = self._sums
        inside = sums[stops, stops] - 2 * sums[starts, stops] + sums[starts, starts]
        sizes = stops - starts
        means: NDArray[np.float64] = np.maximum(inside, 0.0) / (sizes * (sizes - 1))
        return means


def spread_of_means(matrix: ArrayLike, size: int) -> float:
    """Return the standard deviation of the mean difference of `size` maps drawn at random.

    Exact, for draws without replacement: the variance of a sum over pairs follows from how often
    two pairs that are one, share a map or share none are drawn together.

    Parameters
    ----------
    matrix : array_like, (N, N)
        Differences of any two maps.
    size : int
        Maps drawn, 2 to N.
    """
    differences = checked_matrix(matrix)
    count = len(differences)
    if not 2 <= size <= count:
        raise NpmError(f"Draw 2 to {count} maps, not {size}.")
    return _spread(_moments(differences), count, size)


def checked_matrix(matrix: ArrayLike) -> NDArray[np.float64]:
    """Return a matrix of differences as float64.

    Raises
    ------
    NpmError
        If it is not square, finite, symmetric and zero on its diagonal, or has under 3 rows.
    """
    found = np.asarray(matrix, dtype=np.float64)
    if found.ndim != 2 or found.shape[0] != found.shape[1]:
        raise NpmError("A matrix of differences has as many rows as columns.")
    if len(found) < FEWEST:
        raise NpmError(f"There are {len(found)} maps to compare: groups need at least {FEWEST}.")
    if not np.isfinite(found).all() or found.min() < 0 or np.diagonal(found).any():
        raise NpmError("Differences must be finite, 0 or more, and 0 of a map with itself.")
    if not np.allclose(found, found.T, rtol=1e-6, atol=0):
        raise NpmError("Differences must be the same both ways: the matrix is not symmetric.")
    return found


def checked_order(permutation: ArrayLike, count: int) -> NDArray[np.intp]:
    """Return an order as integers.

    Raises
    ------
    NpmError
        If it does not name each of `count` maps once.
    """
    found = np.asarray(permutation)
    if found.shape != (count,) or not np.array_equal(np.sort(found), np.arange(count)):
        raise NpmError(f"An order must name each of the {count} maps once.")
    return found.astype(np.intp)


def summed(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return sums over the first i rows and j columns, (N + 1, N + 1)."""
    return np.pad(matrix.cumsum(axis=0).cumsum(axis=1), ((1, 0), (1, 0)))


def _moments(matrix: NDArray[np.float64]) -> tuple[float, float, float]:
    """Sum products of centred differences over two pairs: that are one, share a map, share none."""
    count = len(matrix)
    centred = matrix - matrix.sum() / (count * (count - 1))
    np.fill_diagonal(centred, 0.0)
    same = float((centred**2).sum()) / 2
    sharing = float((centred.sum(axis=1) ** 2).sum()) - 2 * same
    return same, sharing, -same - sharing


def _spread(moments: tuple[float, float, float], count: int, size: int) -> float:
    # how often 2, 3 or 4 given maps are all among those drawn
    drawn = 1.0
    draws = []
    for k in range(4):
        drawn *= (size - k) / (count - k) if count > k else 0.0
        draws.append(drawn)
    variance = sum(moment * share for moment, share in zip(moments, draws[1:], strict=True))
    return float(np.sqrt(max(variance, 0.0)) / (size * (size - 1) / 2))
