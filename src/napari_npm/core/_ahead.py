"""Preparing items with threads while the ones before them are used."""

import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")

READERS = min(4, os.cpu_count() or 1)
"""Threads that read maps from disk: decompression lets go of the interpreter's lock."""


def ahead(
    work: Callable[[T], R], items: Sequence[T], *, threads: int = 1, depth: int = 2
) -> Iterator[R]:
    """Yield ``work(item)`` of each item in order, up to ``depth`` (and all threads) in advance.

    Memory is bounded: no more than that many results wait at a time. Where the caller stops
    early, what nobody will ask for is not begun.
    """
    waiting: deque[Future[R]] = deque()
    coming = iter(items)
    with ThreadPoolExecutor(threads, thread_name_prefix="npm-ahead") as pool:
        try:
            for item in coming:
                waiting.append(pool.submit(work, item))
                if len(waiting) > max(depth, threads):
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()
