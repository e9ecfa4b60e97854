"""Where a network runs, and with which numbers: CPU, GPUs, mixed precision."""

from contextlib import AbstractContextManager, nullcontext
from typing import Literal, get_args

import torch

from .errors import NpmError

Precision = Literal["float32", "bfloat16", "float16"]

_NAMES = "auto, cpu, cuda, cuda:1 (the second GPU) or mps"


def choose_device(name: str = "auto", local_rank: int = 0) -> torch.device:
    """Return the device of a name, after a look whether it can be used.

    Parameters
    ----------
    name : str
        "auto" (a GPU where there is one, else the CPU), "cpu", "cuda", "cuda:1", "mps".
    local_rank : int
        Number of this process among those of its machine that share a training: each takes
        another GPU where the name gives none.

    Returns
    -------
    torch.device
        With an index for a GPU.

    Raises
    ------
    NpmError
        If there is no such device, or it is busy.
    """
    if name == "auto":
        gpu = "mps" if torch.backends.mps.is_available() else "cpu"
        name = "cuda" if torch.cuda.is_available() else gpu
    try:
        device = torch.device(name)
    except RuntimeError:
        device = torch.device("meta")
    if device.type not in ("cpu", "cuda", "mps"):
        raise NpmError(f"There is no device {name!r}: choose {_NAMES}.")
    if device.type == "cpu":
        return device
    if device.type == "mps":
        if not torch.backends.mps.is_available():
            raise NpmError("This machine has no usable Apple GPU: choose the device auto or cpu.")
    else:
        count = torch.cuda.device_count() if torch.cuda.is_available() else 0
        if count == 0:
            raise NpmError(
                "There is no usable NVIDIA or AMD GPU (or torch is a build without it): choose the"
                " device auto or cpu."
            )
        index = local_rank % count if device.index is None else device.index
        if index >= count:
            raise NpmError(f"There is no GPU {index}: this machine has {count}, counted from 0.")
        device = torch.device("cuda", index)
    try:
        torch.zeros(1, device=device)
    except RuntimeError as error:
        raise NpmError(
            f"The GPU {device} cannot be used now ({str(error).splitlines()[0]}): wait until other"
            " programs have let go of it, or choose another device, such as cpu."
        ) from error
    return device


def check_precision(precision: str, device: torch.device) -> None:
    """Raise NpmError if training does not know a precision on a device."""
    if precision not in get_args(Precision):
        raise NpmError(
            f"The precision is {precision!r}: choose {' or '.join(get_args(Precision))}."
        )
    if (
        precision == "bfloat16"
        and device.type == "cuda"
        and torch.cuda.get_device_capability(device) < (8, 0)  # emulated there, and slow
    ):
        raise NpmError(f"The GPU {device} has no bfloat16: choose the precision float16.")


def repeatable() -> AbstractContextManager[None]:
    """Return the context in which an NVIDIA GPU convolves in one way, the same each time.

    And in float32 where that is asked for: its own short cut (TF32) keeps 10 bits of a product.
    """
    context: AbstractContextManager[None] = torch.backends.cudnn.flags(
        enabled=True, benchmark=False, deterministic=True, allow_tf32=False
    )
    return context


def autocast(device: torch.device, precision: str) -> AbstractContextManager[object]:
    """Return the context in which a network's forward pass has a precision."""
    if precision == "float32":
        return nullcontext()
    return torch.autocast(device.type, dtype=getattr(torch, precision))
