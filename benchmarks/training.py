"""Does loading keep up with training? Epochs of the package's loop against pure computing.

    python benchmarks/training.py [--maps 1000] [--few 64] [--threads N] [--device cpu] [--compile]

Pure computing is the same steps on the same batches, made before the clock starts. It is timed
before and after each of the others, all in one process, and ratios are of their mean:

    kept       maps in memory as float16 (the default up to 2 GiB), turned, flipped, jittered
    zarr       maps read again from zarr in each epoch, ahead of their use (studies beyond 2 GiB)
    waiting    the same without reading ahead: what a plain loop over the study would cost

With fewer maps (``--few``) it times a step as it is set up against one thing changed at a time:
memory kept or given back, its format, number of threads, bfloat16, torch.compile (asked for, as it
takes a minute).
"""

import argparse
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import torch
import zarr
from numpy.typing import NDArray

from napari_npm.core import _batches
from napari_npm.core._ahead import ahead
from napari_npm.core._allocator import freed_memory_kept
from napari_npm.core._augment import epoch_plan
from napari_npm.core._batches import MapStore, batches
from napari_npm.core._devices import choose_device
from napari_npm.core._distributed import Team
from napari_npm.core._memory import Portion
from napari_npm.core._training_loop import Loop, seeded_network
from napari_npm.core._training_step import Learner
from napari_npm.core.network import NetworkConfig

SIZE = 384
GIVEN_BACK = "memory given back"
JITTER: dict[str, Any] = {"brightness": 0.1, "contrast": 0.1}
SETTINGS: dict[str, Any] = {
    "n_classes": 3,
    "epochs": 100,
    "batch_size": 8,
    "learning_rate": 1e-4,
    "weight_decay": 1e-2,
    "seed": 0,
    "augment": True,
    **JITTER,
    "patience": 0,
    "norm_images": 512,
    "precision": "float32",
}


class Stored:
    """Maps of a zarr array one at a time, as a study gives them."""

    def __init__(self, array: Any) -> None:
        self._array = array

    def __len__(self) -> int:
        return int(self._array.shape[0])

    def __getitem__(self, index: int) -> Any:
        return np.asarray(self._array[index])


def learner(n: int, device: torch.device, compiled: bool = False, **changes: Any) -> Learner:
    """Return the paper's network, ready to learn."""
    labels = np.arange(n) % 3
    settings = {**SETTINGS, **changes}
    portion = Portion(settings["batch_size"])
    model = seeded_network(3, NetworkConfig(), 0)
    made = Learner(model, labels, settings, device, Team(), portion, compiled)
    made.model.train()
    return made


def wait(device: torch.device) -> None:
    """Wait for what the device still has to do."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def pure(one: Learner, ready: list[tuple[NDArray[np.float32], NDArray[np.int64]]]) -> float:
    """Return the seconds that the steps of ready batches take."""
    wait(one.device)
    began = time.perf_counter()
    for images, indices in ready:
        one.step(images, indices, indices, 1e-4)
    wait(one.device)
    return time.perf_counter() - began


def epoch(store: MapStore, device: torch.device) -> float:
    """Return the seconds of one epoch of the package's loop, without reading the maps first."""
    loop = Loop(store, None, learner(len(store), device), SETTINGS, lambda *_, **__: None)
    loop.run_epoch()
    wait(device)
    return loop.history[0].seconds


@contextmanager
def reading_ahead(on: bool) -> Iterator[None]:
    """Switch the reading ahead off, for comparison."""

    def plainly(work: Callable[[Any], Any], items: Any, **_: Any) -> Iterator[Any]:
        return map(work, items)

    with mock.patch.object(_batches, "ahead", ahead if on else plainly):
        yield


def loading(n: int, device: torch.device) -> None:
    """Print epochs of the loop beside pure computing."""
    rng = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as folder:
        array = zarr.create_array(
            Path(folder) / "maps.zarr", shape=(n, SIZE, SIZE), chunks=(1, SIZE, SIZE), dtype="f4"
        )
        for index in range(n):
            array[index] = np.clip(rng.normal(0.3, 0.1, (SIZE, SIZE)), 0, 1)
        kept, reread = MapStore(Stored(array), 2**40), MapStore(Stored(array), 0)
        began = time.perf_counter()
        for index in range(min(n, 100)):
            np.asarray(array[index])
        print(f"one map from zarr: {(time.perf_counter() - began) / min(n, 100) * 1e3:.1f} ms")
        plan = epoch_plan(n, SETTINGS["batch_size"], 0, 1, augment=True, **JITTER)
        ready = list(batches(kept, plan.batches, plan))
        one = learner(n, device)
        pure(one, ready[:3])  # the first steps reserve memory
        before = pure(one, ready)
        print(f"{n} maps, pure computing: {before:.1f} s, {before / n * 1e3:.1f} ms a map")
        for name, store, on in (
            ("kept", kept, True),
            ("zarr", reread, True),
            ("waiting", reread, False),
        ):
            with reading_ahead(on):
                found = epoch(store, device)
            after = pure(one, ready)
            ratio = found / ((before + after) / 2)
            print(
                f"{name:8s} {found:7.1f} s, pure before {before:.1f} s, after {after:.1f} s:"
                f" overhead {ratio - 1:+.1%}"
            )
            before = after


def variants(n: int, device: torch.device, threads: int, compiling: bool) -> None:
    """Print a step with one thing changed at a time; the best of three rounds in turn."""
    rng = np.random.default_rng(1)
    ready = [
        (
            rng.uniform(0, 1, (8, 1, SIZE, SIZE)).astype(np.float32),
            np.arange(start, start + 8),
        )
        for start in range(0, n - n % 8, 8)
    ]
    makers: dict[str, tuple[Learner, int]] = {"as set up": (learner(n, device), threads)}
    plain = learner(n, device)
    plain.model.to(memory_format=torch.contiguous_format)  # type: ignore[call-overload]
    plain.to_device = lambda images: torch.from_numpy(images).to(device)  # type: ignore[method-assign]
    makers[GIVEN_BACK] = (learner(n, device), threads)
    makers["not channels_last"] = (plain, threads)
    for fewer in sorted({1, threads // 2, threads} - {0, threads}):
        makers[f"{fewer} thread(s)"] = (learner(n, device), fewer)
    makers["bfloat16"] = (learner(n, device, precision="bfloat16"), threads)
    if device.type == "cuda":
        makers["float16"] = (learner(n, device, precision="float16"), threads)
    if compiling:
        makers["compiled"] = (learner(n, device, compiled=True), threads)
    best: dict[str, float] = {}
    for number in range(4):
        for name, (one, use) in makers.items():
            torch.set_num_threads(use)
            # as in `train`, but for the one that gives memory back after every layer
            with nullcontext() if name == GIVEN_BACK else freed_memory_kept():
                pure(one, ready[:1])
                seconds = pure(one, ready)
            if number == 0:
                if name == "compiled":
                    print(f"compiled: {seconds:.0f} s until the first round was done; {one.notes}")
                continue
            best[name] = min(seconds, best.get(name, np.inf))
    torch.set_num_threads(threads)
    n_maps = 8 * len(ready)
    for name, seconds in best.items():
        print(
            f"{name:18s} {seconds / n_maps * 1e3:6.1f} ms a map,"
            f" {best['as set up'] / seconds:.2f} times as fast as set up"
        )


def main() -> None:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--maps", type=int, default=1000)
    parser.add_argument("--few", type=int, default=64)
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--compile", action="store_true")
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    device = choose_device(given.device)
    print(f"torch {torch.__version__}, {device}, {given.threads} threads, batch 8, {SIZE} px")
    variants(given.few, device, given.threads, given.compile)
    with freed_memory_kept():
        loading(given.maps, device)


if __name__ == "__main__":
    main()
