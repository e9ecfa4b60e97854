"""Iterated local search for a short closed tour: the compiled kernels.

A tour is an array of cities and its inverse. Every change is a reversal of some stretch, so that a
change that does not pay is taken back by the same reversals in the opposite order. Each city has
a list of its nearest cities; only cities whose surroundings changed are looked at again.

Moves: 2-opt and Or-opt (a stretch of up to three cities goes elsewhere, either way round), the
best of those that begin at a city; where none gains, chains of exchanges (S. Lin, B. W. Kernighan,
Operations Research 21 (1973) 498-516, doi:10.1287/opre.21.2.498). Kicks: two neighbouring
short stretches change places (a double bridge that stays local, so that its repair does too).
"""

import numba
import numpy as np
from numpy.typing import NDArray

from ._tours import exchange, random_below, reverse, undo

Ints = NDArray[np.int32]
Floats = NDArray[np.float64]

_LONGEST_MOVED = 3  # cities of an Or-opt stretch
_KICK = 50  # longest stretch that a kick moves
_BREADTH = 5  # beginnings of a chain
_DEEPEST = 30  # exchanges of a chain
_compiled = numba.njit(cache=True, nogil=True, boundscheck=False)


@_compiled
def _wake(queue: Ints, marks: NDArray[np.uint8], ends: Ints, city: int) -> None:
    """Put a city into the ring of those to look at."""
    if marks[city]:
        return
    marks[city] = 1
    queue[ends[1]] = city
    ends[1] += 1
    if ends[1] == queue.size:
        ends[1] = 0


@_compiled
def _best_move(
    w: Floats, near: Ints, tour: Ints, pos: Ints, t1: int, least: float, move: Ints
) -> float:
    """Find the best 2-opt or Or-opt move that gives `t1` a nearer neighbour; return its gain."""
    n = tour.size
    best = least
    for way in range(2):
        step = 1 if way == 0 else n - 1
        t2 = tour[(pos[t1] + step) % n]
        d12 = w[t1, t2]
        for k in range(near.shape[1]):
            c = near[t1, k]
            first = d12 - w[t1, c]
            if first <= 0:
                break
            d = tour[(pos[c] + step) % n]
            gain = first + w[c, d] - w[t2, d]
            if gain > best and c != t2:
                best = gain
                move[0], move[1], move[2], move[3], move[4] = 0, t1, t2, c, d
            # The stretch begins at t1 and leads away from t2.
            place = pos[t1]
            offset = pos[c] - place if way == 1 else place - pos[c]
            if offset < 0:
                offset += n
            # offset: how many steps away from t2 leads from t1 to c
            for length in range(1, _LONGEST_MOVED + 1):
                if offset < length or length > n - 3:
                    break
                s2 = tour[(place + (n - step) * (length - 1)) % n]
                q = tour[(place + (n - step) * length) % n]
                closed = first + w[s2, q] - w[t2, q]
                if c != t2:
                    d = tour[(pos[c] + step) % n]  # towards q
                    if c != q:
                        gain = closed + w[c, d] - w[s2, d]
                        if gain > best:
                            best = gain
                            move[0], move[1], move[2] = 1, t1, t2
                            move[3], move[4], move[5], move[6] = c, d, s2, q
                    d = tour[(pos[c] + n - step) % n]
                    gain = closed + w[c, d] - w[s2, d]
                    if gain > best:
                        best = gain
                        move[0], move[1], move[2] = 2, t1, t2
                        move[3], move[4], move[5], move[6] = c, d, s2, q
    return best if best > least else 0.0


@_compiled
def _chain(
    w: Floats,
    near: Ints,
    tour: Ints,
    pos: Ints,
    log: Ints,
    logged: int,
    t1: int,
    least: float,
    touched: Ints,
) -> tuple[float, int, int]:
    """Lin and Kernighan's chain: exchanges that may lose at first, cut where they gain most.

    Returns the gain, the reversals logged, and how many cities `touched` holds; without a gain the
    tour is as it was.
    """
    n = tour.size
    for way in range(2):
        start = tour[(pos[t1] + (1 if way == 0 else n - 1)) % n]
        for branch in range(min(_BREADTH, near.shape[1])):
            t2, best, kept, count = start, least, 0, 1
            touched[0] = t1
            open_gain = w[t1, t2]
            depth = 0
            while depth < _DEEPEST:
                step = 1 if tour[(pos[t1] + 1) % n] == t2 else n - 1
                c, x, most = -1, -1, -np.inf
                for k in range(near.shape[1]):
                    if depth == 0 and k != branch:
                        continue
                    city = near[t2, k]
                    added = w[t2, city]
                    if added >= open_gain:
                        break
                    before = tour[(pos[city] + n - step) % n]
                    if city == t1 or before == t2:  # this closes the tour, or exchanges nothing
                        continue
                    score = w[before, city] - added
                    if score > most:
                        # What was added stays: x and c as t2 and c of an earlier exchange.
                        fresh = True
                        for j in range(1, count, 2):
                            if (touched[j] == before and touched[j + 1] == city) or (
                                touched[j] == city and touched[j + 1] == before
                            ):
                                fresh = False
                        if fresh:
                            most, c, x = score, city, before
                if c < 0:
                    break
                exchange(tour, pos, log, logged + depth, t1, t2, x, c)
                open_gain += most
                touched[count], touched[count + 1] = t2, c
                count += 2
                depth += 1
                t2 = x
                if open_gain - w[t1, x] > best:
                    best, kept = open_gain - w[t1, x], depth
            undo(tour, pos, log, logged + depth, logged + kept)
            if kept > 0:
                touched[2 * kept + 1] = tour[(pos[t1] + 1) % n]
                touched[2 * kept + 2] = tour[(pos[t1] + n - 1) % n]
                return best, logged + kept, 2 * kept + 3
            if depth == 0 and branch > 0:
                break
    return 0.0, logged, 0


@_compiled
def _apply(tour: Ints, pos: Ints, log: Ints, logged: int, move: Ints) -> int:
    """Carry out a move that `_best_move` found, as one to three exchanges of two edges."""
    s1, p, c, d = move[1], move[2], move[3], move[4]
    if move[0] == 0:
        return exchange(tour, pos, log, logged, s1, p, c, d)
    s2, q = move[5], move[6]
    if move[0] == 1:  # p s1..s2 q .. d c -> p q .. d s2..s1 c
        logged = exchange(tour, pos, log, logged, p, s1, d, c)
        if d != q:
            logged = exchange(tour, pos, log, logged, p, d, q, s2)
        return logged
    # p s1..s2 q .. c d -> p q .. c s1..s2 d
    logged = exchange(tour, pos, log, logged, p, s1, c, d)
    if c != q:
        logged = exchange(tour, pos, log, logged, p, c, q, s2)
    if s1 != s2:
        logged = exchange(tour, pos, log, logged, c, s2, s1, d)
    return logged


@_compiled
def _kick(
    w: Floats, tour: Ints, pos: Ints, log: Ints, state: NDArray[np.uint64], ends: Ints
) -> float:
    """Let two neighbouring stretches change places; return what the tour grows by."""
    n = tour.size
    longest = min(_KICK, (n - 2) // 2)
    start = random_below(state, n)
    one = 1 + random_below(state, longest)
    two = 1 + random_below(state, longest)
    a, a1 = tour[start], tour[(start + 1) % n]
    a2, b1 = tour[(start + one) % n], tour[(start + one + 1) % n]
    b2, b = tour[(start + one + two) % n], tour[(start + one + two + 1) % n]
    ends[0], ends[1], ends[2], ends[3], ends[4], ends[5] = a, a1, a2, b1, b2, b
    log[0, 0], log[0, 1] = (start + 1) % n, one + two
    log[1, 0], log[1, 1] = (start + 1) % n, two
    log[2, 0], log[2, 1] = (start + 1 + two) % n, one
    for k in range(3):
        reverse(tour, pos, log[k, 0], log[k, 1])
    grown: float = w[a, b1] + w[b2, a1] + w[a2, b] - w[a, a1] - w[a2, b1] - w[b2, b]
    return grown


@_compiled
def improve(
    w: Floats,
    near: Ints,
    tour: Ints,
    pos: Ints,
    state: NDArray[np.uint64],
    kicks: int,
    everywhere: bool,
) -> None:
    """Shorten a tour in place.

    Parameters
    ----------
    w : array of float64, (n, n)
        Symmetric distances.
    near : array of int32, (n, k)
        The nearest cities of each, nearest first.
    tour, pos : array of int32, (n,)
        Cities in order, and where each of them is. n is at least 5.
    state : array of uint64, (1,)
        State of the random draws, not 0; goes on from call to call.
    kicks : int
        How often to kick and repair.
    everywhere : bool
        Look at every city first: for a tour that is not a local optimum yet.
    """
    n = tour.size
    log = np.empty((20000, 2), dtype=np.int32)
    queue = np.empty(n + 1, dtype=np.int32)
    marks = np.zeros(n, dtype=np.uint8)
    ring = np.zeros(2, dtype=np.int32)
    move = np.zeros(7, dtype=np.int32)
    ends = np.zeros(6, dtype=np.int32)
    touched = np.zeros(2 * _DEEPEST + 3, dtype=np.int32)
    # Gains within rounding are none, or two tours of one length would alternate for ever.
    least = 1e-12 * w.max()
    for kick in range(-1 if everywhere else 0, kicks):
        logged = 0
        grown = 0.0
        if kick < 0:
            for k in range(n):
                _wake(queue, marks, ring, tour[k])
        else:
            grown = _kick(w, tour, pos, log, state, ends)
            logged = 3
            for k in range(6):
                _wake(queue, marks, ring, ends[k])
        while ring[0] != ring[1]:
            city = queue[ring[0]]
            ring[0] += 1
            if ring[0] == queue.size:
                ring[0] = 0
            marks[city] = 0
            if kick < 0:
                logged = 0
            elif logged > log.shape[0] - _DEEPEST:  # not to be taken back: look no further
                continue
            gain = _best_move(w, near, tour, pos, city, least, move)
            if gain > 0:
                grown -= gain
                logged = _apply(tour, pos, log, logged, move)
                for k in range(1, 7 if move[0] else 5):
                    _wake(queue, marks, ring, move[k])
                continue
            gain, logged, count = _chain(w, near, tour, pos, log, logged, city, least, touched)
            if gain > 0:
                grown -= gain
                for k in range(count):
                    _wake(queue, marks, ring, touched[k])
        if kick >= 0 and grown > 0:
            undo(tour, pos, log, logged, 0)
