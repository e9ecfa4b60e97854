"""Sharing a training among processes: several GPUs of a machine, several machines.

Two ways lead to the same group of processes. ``train --processes 4`` starts three helpers on this
machine beside itself. Under torchrun (``torchrun --nproc-per-node 4 -m napari_npm train STUDY``, on
each of several machines that see the study's folder) all processes are started alike. Either way
process 0 alone writes the study; the others read it, wait for what process 0 tells them to train,
and share the work of each step (see `napari_npm.core._distributed`).
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING

from napari_npm.core.errors import NpmError

if TYPE_CHECKING:
    from napari_npm.core._distributed import Team

_STORE = "NAPARI_NPM_STORE"
"""Where a helper finds the process that started it."""

_session: list["Team"] = []
"""The group of a command under torchrun: it can be joined only once."""


def place() -> tuple[int, int, int] | None:
    """Return rank, size and local rank that this process was started with, or None if alone."""
    try:
        rank, size = int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"])
    except (KeyError, ValueError):
        return None
    return (rank, size, int(os.environ.get("LOCAL_RANK", "0"))) if size > 1 else None


def local_processes(processes: int) -> int:
    """Return how many processes of a training share this machine."""
    return int(os.environ.get("LOCAL_WORLD_SIZE", "1")) if place() else processes


def follows() -> bool:
    """Tell whether this process only helps another one to train."""
    found = place()
    return found is not None and found[0] > 0


@contextmanager
def session() -> Iterator[None]:
    """Hold the group of processes that torchrun started while process 0 runs a command."""
    found = place()
    if found is None:
        yield
        return
    from napari_npm.core._distributed import join, leave

    _session.append(join(*found))
    try:
        yield
        # after an error the others are in the middle of a training: they end as the group breaks
        _session[0].tell(None)
    finally:
        _session.clear()
        leave()


@contextmanager
def team_of(folder: Path, processes: int) -> Iterator["Team"]:
    """Have the processes that share a training: those of torchrun, or helpers started for it.

    Parameters
    ----------
    folder : Path
        The study's folder.
    processes : int
        Number of processes on this machine, with this one, where torchrun started none.

    Raises
    ------
    NpmError
        If a helper cannot start or ends before its time, with its last words.
    """
    from napari_npm.core._distributed import Team

    if _session:
        yield _session[0]
    elif processes < 2:
        yield Team()
    else:
        with _helpers(folder, processes) as team:
            yield team


def follow(folder: Path) -> None:
    """Help to train what process 0 tells, until it says that this was all."""
    import torch

    from napari_npm.core._distributed import join, leave, meeting_point

    from .steps._trainings import train_share
    from .study import Study

    found = place()
    assert found is not None
    rank, size, _ = found
    store = None
    if _STORE in os.environ:
        store = meeting_point(size, os.environ[_STORE])
        torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
        store.set(f"ready/{rank}", "yes")
    team = join(*found, store)
    try:
        while (order := team.tell()) is not None:
            train_share(Study.open(folder, write=False), order, team)
    finally:
        leave()


@contextmanager
def _helpers(folder: Path, processes: int) -> Iterator["Team"]:
    import torch

    from napari_npm.core._distributed import join, leave, meeting_point

    threads = max(1, (os.cpu_count() or 1) // processes)
    store = meeting_point(processes)
    environment = {
        **os.environ,
        _STORE: f"127.0.0.1:{store.port}",
        "WORLD_SIZE": str(processes),
        "LOCAL_WORLD_SIZE": str(processes),
        "OMP_NUM_THREADS": str(threads),
    }
    before = torch.get_num_threads()
    with ExitStack() as stack:
        helpers = [
            stack.enter_context(_helper(folder, rank, environment)) for rank in range(1, processes)
        ]
        for rank, helper in enumerate(helpers, 1):
            while not store.check([f"ready/{rank}"]):
                helper.check(0.1)
        torch.set_num_threads(threads)
        try:
            team = join(0, processes, 0, store)
            yield team
            team.tell(None)
            for helper in helpers:
                helper.process.wait(60)
        except NpmError:
            # what broke the group says more than that it is broken
            for helper in helpers:
                helper.check(1)
            raise
        finally:
            torch.set_num_threads(before)
            leave()


class _Helper:
    """A process that helps this one, and what it said."""

    def __init__(self, process: subprocess.Popen[bytes], said: IO[bytes]) -> None:
        self.process, self._said = process, said

    def check(self, seconds: float) -> None:
        """Wait a little; NpmError if it has ended badly."""
        try:
            status = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            return
        if status == 0:
            return
        self._said.seek(0)
        lines = self._said.read().decode(errors="replace").strip().splitlines()
        how = f"was killed (signal {-status})" if status < 0 else f"ended with status {status}"
        raise NpmError(
            f"A process that helped to train {how}{': ' + lines[-1] if lines else ''}. Run the"
            " command again; it goes on after the last finished epoch."
        )


@contextmanager
def _helper(folder: Path, rank: int, environment: Mapping[str, str]) -> Iterator[_Helper]:
    numbers = {"RANK": str(rank), "LOCAL_RANK": str(rank)}
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(
            [sys.executable, "-m", "napari_npm", "train", str(folder)],
            env={**environment, **numbers},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=said,
        )
        try:
            yield _Helper(process, said)
        finally:
            if process.poll() is None:
                process.terminate()
                try:
                    process.wait(10)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()
