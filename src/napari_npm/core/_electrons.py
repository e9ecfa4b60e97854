"""Electrons in batches over threads: the counts do not depend on how many threads there are."""

import math
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from ._tables import TransportTables
from .progress import Progress

BATCH = 65536
"""Electrons with random numbers of their own, whoever runs them."""

BINS = 500
"""Of the spectrum: equal steps of the energy over the beam's."""


@dataclass
class Counts:
    """What electrons add up to; batches are added in their order, so sums do not vary."""

    spectrum: NDArray[np.int64]
    electrons: int = 0
    collisions: int = 0
    depth: float = 0.0


def run_to_error(run: Callable[..., Counts], target: float) -> Counts:
    """Run whole batches until η has a standard error; how many depends on the counts alone."""
    counts = run(0, BATCH)
    while True:
        share = (counts.spectrum.sum() + 1) / (counts.electrons + 2)  # never 0 or 1
        need = math.ceil(share * (1 - share) / target**2 / BATCH) * BATCH
        if need <= counts.electrons:
            return counts
        counts = run(counts.electrons, need, counts)


def run_electrons(
    tables: TransportTables,
    seed: int,
    tilt_deg: float,
    threads: int,
    progress: Progress,
    start: int,
    stop: int,
    counts: Counts | None = None,
) -> Counts:
    """Follow electrons ``start`` (a multiple of `BATCH`) to ``stop`` and add them to counts."""
    from . import _transport  # here, so that importing this module does not load numba

    counts = counts or Counts(np.zeros(BINS, dtype=np.int64))
    cosine = np.float32(math.cos(math.radians(tilt_deg)))

    def one(first: int) -> tuple[NDArray[np.int64], int, int, float]:
        spectrum = np.zeros(BINS, dtype=np.int64)
        size = min(BATCH, stop - first)
        depth, collisions = _transport.run_batch(
            np.uint64(seed), np.uint64(first // BATCH), size, cosine,
            np.float32(tables.optical_depth), tables.ranges, tables.deflections, tables.energies,
            spectrum,
        )  # fmt: skip
        return spectrum, size, collisions, depth

    pool = ThreadPoolExecutor(threads, thread_name_prefix="npm-electrons")
    try:
        firsts = iter(range(start, stop, BATCH))
        # a few at a time: a long run neither piles up results nor goes on once it is cancelled
        jobs = deque(pool.submit(one, first) for first in islice(firsts, 2 * threads))
        while jobs:
            spectrum, size, collisions, depth = jobs.popleft().result()
            jobs.extend(pool.submit(one, first) for first in islice(firsts, 1))
            counts.spectrum += spectrum
            counts.electrons += size
            counts.collisions += collisions
            counts.depth += depth
            progress(counts.electrons, stop, "electrons")
    finally:
        pool.shutdown(cancel_futures=True)
    return counts
