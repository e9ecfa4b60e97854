"""Going on with fewer maps at a time when memory runs out."""

import gc
from collections.abc import Callable
from typing import TypeVar

import torch

from .errors import NpmError

R = TypeVar("R")

_SAID = ("out of memory", "not enough memory", "can't allocate memory", "failed to allocate")


def is_out_of_memory(error: BaseException) -> bool:
    """Tell whether an error of Python or torch, on any device, says that memory ran out."""
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    return isinstance(error, RuntimeError) and any(said in str(error).lower() for said in _SAID)


class Portion:
    """How many maps are worked on at a time: halved whenever memory runs out.

    Parameters
    ----------
    size : int
        Where it starts.
    """

    def __init__(self, size: int) -> None:
        self.size = size

    def work(self, attempt: Callable[[int], R], n: int) -> R:
        """Return ``attempt(size)``, begun anew with half the size as long as memory runs out.

        Parameters
        ----------
        attempt : callable
            Does the work on up to so many maps at a time.
        n : int
            How many maps there are, which a larger portion is no larger than.

        Raises
        ------
        NpmError
            If it runs out with a single map.
        """
        size = max(min(self.size, n), 1)
        while True:
            try:
                return attempt(size)
            except (RuntimeError, MemoryError) as error:
                if not is_out_of_memory(error):
                    raise
            # not inside the except: the error would keep the tensors of its frames
            self.size = size = _half(size)


def _half(size: int) -> int:
    """Return half of a portion, and free what can be freed."""
    if size == 1:
        raise NpmError(
            "Memory runs out with one map at a time: close what else uses the memory of this"
            " machine or GPU, or use the device cpu, smaller tiles or a narrower network."
        )
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    return -(-size // 2)


def bytes_per_map(widths: tuple[int, ...], shape: tuple[int, ...]) -> int:
    """Return about how much memory one map takes while a network learns from it.

    Each block keeps the outputs of convolution, norm and activation and a pooled quarter for the
    way back, which needs about as much again for the largest block.
    """
    pixels = shape[-2] * shape[-1]
    kept = [4 * 3.25 * width * pixels / 4**i for i, width in enumerate(widths)]
    return int(sum(kept) + max(kept))
