"""Batches of maps for training: cached, shuffled, turned and flipped, one batch ahead."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

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
        (N, H, W) or (N, C, H, W), anything with a length and integer indexing.
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
        for index in range(n):
            image = with_channels(read_map(maps, index))
            check_same(index, image.shape, 0, self.shape)
            if self._cache is not None:
                self._cache[index] = image
            progress(index + 1, n, "Reading maps")

    def __len__(self) -> int:
        return len(self._maps)

    def __getitem__(self, index: int) -> Image:
        if self._cache is not None:
            cached: Image = self._cache[index]
            return cached
        return with_channels(read_map(self._maps, index)).astype(np.float16)


def turned(image: Image, element: int) -> Image:
    """Return one of the eight turns and flips of a square (D4), exactly, as a view.

    The last two axes are turned; channels before them stay.
    """
    image = np.rot90(image, element % 4, axes=(-2, -1))
    return image[..., ::-1] if element >= 4 else image


def epoch_plan(
    n: int, batch_size: int, seed: int, epoch: int, augment: bool, square: bool
) -> tuple[list[NDArray[np.int64]], NDArray[np.int64]]:
    """Draw an epoch's batches of indices, nearly equal in size, and each map's element of D4.

    Both depend on ``seed`` and ``epoch`` alone, so an epoch can be repeated without those before.
    """
    rng = np.random.default_rng([seed, epoch])
    order = rng.permutation(n)
    elements = rng.integers(0, 8, n) if augment else np.zeros(n, np.int64)
    if not square:
        elements = elements // 2 * 2  # a quarter turn would swap rows and columns
    return np.array_split(order, -(-n // batch_size)), elements


def batches(
    store: MapStore, plan: list[NDArray[np.int64]], elements: NDArray[np.int64] | None
) -> Iterator[tuple[NDArray[np.float32], NDArray[np.int64]]]:
    """Yield (images (n, C, H, W), indices), preparing the next batch while one is used."""

    def assemble(indices: NDArray[np.int64]) -> NDArray[np.float32]:
        images = np.empty((len(indices), *store.shape), np.float32)
        for place, index in enumerate(indices):
            element = 0 if elements is None else int(elements[index])
            images[place] = turned(store[int(index)], element)
        return images

    with ThreadPoolExecutor(1, thread_name_prefix="npm-batches") as ahead:
        waiting = ahead.submit(assemble, plan[0])
        for number, indices in enumerate(plan):
            images = waiting.result()
            if number + 1 < len(plan):
                waiting = ahead.submit(assemble, plan[number + 1])
            yield images, indices
