"""Going on with fewer images at a time when memory runs out."""

from collections.abc import Callable
from typing import TypeVar

import torch

from .errors import NpmError

T = TypeVar("T")
_SIGNS = ("out of memory", "can't allocate memory", "not enough memory")


def is_out_of_memory(error: BaseException) -> bool:
    """Tell whether an error of Python or torch, on any device, says that memory ran out."""
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    return isinstance(error, RuntimeError) and any(sign in str(error).lower() for sign in _SIGNS)


class Portions:
    """How many images are worked on at a time; halved for good whenever that is too many."""

    def __init__(self, size: int) -> None:
        self.size = size

    def try_out(self, work: Callable[[], T], n: int) -> T | None:
        """Do the work on n images, or return None with the portion halved if memory ran out.

        Raises
        ------
        NpmError
            If it ran out with one image.
        """
        try:
            return work()
        except (MemoryError, RuntimeError) as error:
            if not is_out_of_memory(error):
                raise
            if n == 1:
                raise NpmError(
                    "There is too little memory to explain even one image: close other programs, "
                    "or cut smaller tiles."
                ) from error
        self.size = max(n // 2, 1)
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        return None
