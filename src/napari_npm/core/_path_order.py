"""Orders of cities by name of the method, and the bound on all of them."""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from threading import Event

import numpy as np
from numpy.typing import NDArray

from ._annealing import anneal
from ._path_bound import ascend
from ._path_search import improve
from .progress import Progress

Floats = NDArray[np.float64]
Path = NDArray[np.intp]

_NEAREST = 10  # neighbours a city is tried with
_ROUNDS = 20  # pieces of a search, between which it can be cancelled
_TREES = 600  # most trees of a bound
_KICKS = 15  # kicks for every city
_ANNEALING = 10_000  # annealing steps for every city


class Search:
    """An iterated local search that goes on from where it was left.

    Parameters
    ----------
    distances : array of float64, (N, N)
        Symmetric; N is at least 4.
    seed : int
        Seed of the first order and of the kicks.
    """

    def __init__(self, distances: Floats, seed: int) -> None:
        n = len(distances)
        self._w = closed(distances)
        self._near = _nearest(distances)
        generator = np.random.default_rng(seed)
        self._tour = generator.permutation(n + 1).astype(np.int32)
        self._pos = np.argsort(self._tour).astype(np.int32)
        self._state = _random_state(generator)
        self._run(0, everywhere=True)

    def _run(self, kicks: int, *, everywhere: bool = False) -> None:
        improve(self._w, self._near, self._tour, self._pos, self._state, kicks, everywhere)

    def kick(self, kicks: int) -> None:
        """Kick and repair the order so many times."""
        self._run(kicks)

    @property
    def path(self) -> Path:
        """The order found so far, (N,)."""
        n = len(self._tour) - 1
        return np.roll(self._tour, -int(self._pos[n]))[1:].astype(np.intp)


def closed(distances: Floats) -> Floats:
    """Add a last city at distance zero from all: a tour through it is a path without it."""
    return np.pad(distances, (0, 1))


def length(distances: Floats, path: Path) -> float:
    """Return the length of a path."""
    return float(distances[path[:-1], path[1:]].sum())


def _nearest(distances: Floats) -> NDArray[np.int32]:
    """List the closing city and the nearest others of each city; ties by index."""
    n = len(distances)
    count = min(_NEAREST, n - 1)
    near = np.full((n + 1, count + 1), n, dtype=np.int32)
    apart = distances.copy()
    np.fill_diagonal(apart, np.inf)
    near[:n, 1:] = np.argsort(apart, axis=1, kind="stable")[:, :count]
    # The path best ends where the way on is longest.
    near[n] = np.argsort(-apart.min(axis=1), kind="stable")[: count + 1]
    return near


def _random_state(generator: np.random.Generator) -> NDArray[np.uint64]:
    return generator.integers(1, 2**63, 1).astype(np.uint64)


def search(distances: Floats, seed: int, steps: int | None, progress: Progress) -> Path:
    """Order by iterated local search; steps are kicks."""
    found = Search(distances, seed)
    total = _KICKS * len(distances) if steps is None else steps
    for done, part in _pieces(total):
        found.kick(part)
        progress(done, _ROUNDS, "Ordering the maps")
    return found.path


def annealing(distances: Floats, seed: int, steps: int | None, progress: Progress) -> Path:
    """Order by simulated annealing from the given order; steps are moves tried."""
    n = len(distances)
    generator = np.random.default_rng(seed)
    state = _random_state(generator)
    path = np.concatenate([[n], np.arange(n), [n]]).astype(np.int32)
    total = _ANNEALING * n if steps is None else steps
    # From where nearly every move is taken to where hardly any is that does not pay.
    hot = max(float(distances.mean()), np.finfo(float).tiny)
    falling = hot * np.geomspace(1, 1e-4, _ROUNDS + 1)
    for done, part in _pieces(total):
        anneal(closed(distances), path, state, falling[done - 1], falling[done], part)
        progress(done, _ROUNDS, "Annealing the order")
    return path[1:-1].astype(np.intp)


def leaf_order(distances: Floats, progress: Progress) -> Path:
    """Order as the leaves of a tree of average linkage, turned best (scipy)."""
    from scipy.cluster.hierarchy import leaves_list, linkage, optimal_leaf_ordering
    from scipy.spatial.distance import squareform

    condensed = squareform(distances, checks=False)
    tree = linkage(condensed, method="average")
    progress(1, 2, "Ordering the maps")
    path: Path = leaves_list(optimal_leaf_ordering(tree, condensed)).astype(np.intp)
    progress(2, 2, "Ordering the maps")
    return path


def _pieces(total: int) -> list[tuple[int, int]]:
    """Share steps among the rounds: (round from 1 on, steps)."""
    ends = np.linspace(0, total, _ROUNDS + 1).astype(int)
    return [(k + 1, int(ends[k + 1] - ends[k])) for k in range(_ROUNDS)]


@contextmanager
def bounding(distances: Floats) -> Iterator["Future[float]"]:
    """Work out in a thread of its own how short no path is; stops when left by an error."""
    stop = Event()
    with ThreadPoolExecutor(1) as pool:
        try:
            yield pool.submit(lower_bound, distances, stop)
        except BaseException:
            stop.set()
            raise


def lower_bound(distances: Floats, stop: Event | None = None) -> float:
    """Return a length that no path falls below (Held-Karp, up to rounding); 0 if stopped."""
    n = len(distances)
    known = Search(distances, 0)
    known.kick(n)
    prices, best, before = np.zeros(n), np.zeros(n), np.zeros(n)
    state = np.array([0.0, length(distances, known.path), 2.0, 0.0])
    for _ in range(_TREES // 20):
        ascend(distances, prices, best, before, state, 20)
        if stop is not None and stop.is_set():
            return 0.0
        if state[2] < 1e-2 or state[1] - state[0] <= 1e-9 * state[1]:
            break
    return float(state[0])
