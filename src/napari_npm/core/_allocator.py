"""Keeping freed memory for the next layer while a network works.

By default glibc maps large blocks anew for every tensor and gives them back at once, so that every
layer of every batch starts on pages which the kernel has to find and clear. Measured on maps of
384 px: 40 % of the processor time of a training step, 55 % of a prediction's.
"""

import ctypes
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

# <malloc.h>; the values on leaving are the largest that glibc's own adaptation reaches
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
_KEPT = {_MMAP_THRESHOLD: 2**30, _TRIM_THRESHOLD: 2**31 - 1}
_USUAL = {_MMAP_THRESHOLD: 2**25, _TRIM_THRESHOLD: 2**26}


def _glibc() -> Any:
    try:
        library = ctypes.CDLL(None)
        library.mallopt, library.malloc_trim  # noqa: B018 - other C libraries lack them
    except (OSError, TypeError, AttributeError):
        return None
    return library


class _Keeper:
    """Counts who wants memory kept; the allocator belongs to the whole process."""

    def __init__(self) -> None:
        self._library = _glibc()
        self._lock = threading.Lock()
        self._users = 0

    @contextmanager
    def __call__(self) -> Iterator[None]:
        """Keep freed memory inside the block, and give it back at the end of the outermost one."""
        self._change(1)
        try:
            yield
        finally:
            self._change(-1)

    def _change(self, by: int) -> None:
        if self._library is None:
            return
        with self._lock:
            self._users += by
            if by > 0 and self._users == 1:
                self._set(_KEPT)
            elif self._users == 0:
                self._set(_USUAL)
                self._library.malloc_trim(0)

    def _set(self, thresholds: dict[int, int]) -> None:
        for name, value in thresholds.items():
            self._library.mallopt(name, value)


freed_memory_kept = _Keeper()
"""Context in which freed memory is kept; does nothing where the C library is not glibc."""
