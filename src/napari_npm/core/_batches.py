"""Batches of maps for training: cached or read ahead by threads, so that no step waits."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from ._ahead import READERS, ahead
from ._augment import Indices, Plan
from ._maps import Maps, check_same, read_map, with_channels
from .progress import Progress, silent

Image = NDArray[np.float16]


class MapStore:
    """Training maps, read once: kept as float16 if they fit, else read again when needed.

    Every map passes through float16 (steps below 0.0005 in [0, 1]) whether it is kept or not, so
    that the result does not depend on the memory of the machine.

    Parameters
    ----------
    maps : Maps
        (N, H, W) or (N, C, H, W), anything with a length and integer indexing; it is read by
        several threads at a time.
    cache_bytes : int
        Memory that the kept maps may take.
    progress : callable
        Called after each map.

    Raises
    ------
    NpmError
        If a map holds NaN, or the sizes differ.
    """

    def __init__(self, maps: Maps, cache_bytes: int, progress: Progress = silent) -> None:
        self._maps = maps
        self._cache: NDArray[np.float16] | None = None
        first = with_channels(read_map(maps, 0))
        self.shape: tuple[int, ...] = first.shape
        n = len(maps)
        if n * first.size * 2 <= cache_bytes:
            self._cache = np.empty((n, *self.shape), np.float16)
        for index, image in enumerate(ahead(self._read, range(n), threads=READERS)):
            check_same(index, image.shape, 0, self.shape)
            if self._cache is not None:
                self._cache[index] = image
            progress(index + 1, n, "Reading maps")

    def __len__(self) -> int:
        return len(self._maps)

    def __getitem__(self, index: int) -> Image:
        return self._read(index) if self._cache is None else self._cache[index]

    def _read(self, index: int) -> Image:
        return with_channels(read_map(self._maps, index)).astype(np.float16)

    @property
    def threads(self) -> int:
        """Threads that it takes to have the next batch in time."""
        return READERS if self._cache is None else 1


def batches(
    store: MapStore,
    parts: Sequence[Indices],
    plan: Plan | None = None,
) -> Iterator[tuple[NDArray[np.float32], Indices]]:
    """Yield (images (n, C, H, W), indices) of each part, preparing the next ones meanwhile.

    Parameters
    ----------
    store : MapStore
        The maps.
    parts : sequence of ndarray of int
        Indices of the maps of each batch.
    plan : Plan, optional
        What each map goes through; nothing by default.
    """

    def assemble(indices: Indices) -> NDArray[np.float32]:
        images = np.empty((len(indices), *store.shape), np.float32)
        for place, index in enumerate(indices):
            image = store[int(index)]
            images[place] = image if plan is None else plan.applied(int(index), image)
        return images

    yield from zip(ahead(assemble, parts, threads=store.threads), parts, strict=True)
