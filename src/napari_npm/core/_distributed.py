"""Sharing a training among processes: several GPUs, several machines.

torch.distributed and torchrun, without Accelerate or Lightning on top: what is shared is one sum
of all gradients a step, which is one call, and neither adds anything to that but a dependency.
DistributedDataParallel is not used either: the gradients of this network are 2.2 MB, so sending
them in one piece after the backward pass costs little, and a process that runs out of memory can
do its share anew in smaller portions, which hooks in the middle of a backward pass do not allow.
The messages go through gloo on the CPU, also from GPUs: it works everywhere, is what the tests
run, and breaks off at once when a process of the group is gone, where NCCL waits.
"""

import hashlib
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, TypeVar

import numpy as np
import torch
from torch import Tensor
from torch import distributed as dist

from .errors import NpmError

T = TypeVar("T")

_PATIENCE = timedelta(minutes=30)


class Team:
    """The processes that share a training; alone by default.

    Attributes
    ----------
    rank, size : int
        Number of this process, from 0, and number of processes.
    local_rank : int
        Number of this process on its machine: which GPU it takes.
    """

    def __init__(self, rank: int = 0, size: int = 1, local_rank: int = 0) -> None:
        self.rank, self.size, self.local_rank = rank, size, local_rank

    @property
    def leads(self) -> bool:
        """Whether this process tells and keeps the results."""
        return self.rank == 0

    def share(self, items: Any) -> Any:
        """Return this process's part of a batch's indices, nearly equal among all."""
        return np.array_split(items, self.size)[self.rank]

    def every(self, items: Sequence[T]) -> Sequence[T]:
        """Return the items that are this process's when they are dealt out in turn."""
        return items[self.rank :: self.size]

    def add(self, tensor: Tensor) -> Tensor:
        """Return the sum of a tensor over all processes, the same to the bit in each."""
        if self.size == 1:
            return tensor
        with _together():
            total = tensor.detach().to("cpu", copy=True)
            dist.all_reduce(total)
            return total.to(tensor.device)

    def tell(self, value: Any = None) -> Any:
        """Return what process 0 says (anything that JSON can hold)."""
        if self.size == 1:
            return value
        with _together():
            # as JSON, not as the pickles that torch would send
            text = json.dumps(value).encode() if self.leads else b""
            length = torch.tensor([len(text)])
            dist.broadcast(length, 0)
            data = torch.zeros(int(length), dtype=torch.uint8)
            if self.leads:
                data.copy_(torch.tensor(list(text), dtype=torch.uint8))
            dist.broadcast(data, 0)
            return json.loads(bytes(data.tolist()))

    def check_same(self, value: Any, what: str) -> None:
        """Raise NpmError in every process if they do not hold the same."""
        mine = int.from_bytes(hashlib.sha256(json.dumps(value).encode()).digest()[:4], "big")
        if self.size == 1:
            return
        differs = torch.tensor([float(self.tell(mine) != mine)])
        if float(self.add(differs)):
            raise NpmError(
                f"The processes that share this training do not have the same {what}: give all of"
                " them one study, on a disk that they share, and the same settings."
            )


@contextmanager
def _together() -> Iterator[None]:
    try:
        yield
    except RuntimeError as error:
        raise NpmError(
            "Another process that shared this training is gone or does not answer: look at its"
            " messages, then run the command again; it goes on after the last finished epoch."
        ) from error


def meeting_point(size: int, address: str | None = None) -> Any:
    """Return the store where the processes of one machine find each other.

    Parameters
    ----------
    size : int
        Number of processes.
    address : str, optional
        Host and port of a store that is there; else one is made, on a free port.
    """
    host, _, port = (address or "127.0.0.1:0").rpartition(":")
    first = address is None
    return dist.TCPStore(host, int(port), size, is_master=first, wait_for_workers=False)  # type: ignore[attr-defined]  # torch does not list it


def join(rank: int, size: int, local_rank: int, store: Any = None) -> Team:
    """Join the group of processes.

    Parameters
    ----------
    rank, size, local_rank : int
        As in `Team`.
    store : torch.distributed.Store, optional
        Where the processes find each other; else as torchrun has said in the environment.

    Raises
    ------
    NpmError
        If the others do not come.
    """
    with _together():
        if store is None:
            dist.init_process_group("gloo", rank=rank, world_size=size, timeout=_PATIENCE)
        else:
            own = dist.PrefixStore("team", store)  # type: ignore[attr-defined]  # as above
            dist.init_process_group(
                "gloo", store=own, rank=rank, world_size=size, timeout=_PATIENCE
            )
    return Team(rank, size, local_rank)


def leave() -> None:
    """Leave the group of processes, if there is one."""
    if dist.is_available() and dist.is_initialized():
        dist.destroy_process_group()
