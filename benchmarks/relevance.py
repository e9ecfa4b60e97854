"""Speed and memory of deep Taylor decomposition beside its peers, in one process.

    python benchmarks/relevance.py [--threads 2] [--repeats 5] [--pooling max] [--batches 1 8 32]

The same network with batch norm fused, the same tiles, 384 x 384 px with unhydrated grains. Peers
are as their users run them: zennit's ZPlus and AlphaBeta(1, 0) without biases (Norm on averages,
Pass on activations), captum's LRP with Alpha1_Beta0_Rule without biases. Repeats are interleaved,
each method once a round, so that a busy machine slows all alike: the ratio is the median over the
rounds of peer / own of that round, the milliseconds are the least.

Memory is what a method's first call at the batch adds to a process: each runs alone in a child
that has the libraries, network and tiles loaded and has explained one small tile; the kernel's
high-water mark of resident memory is reset before and read after (Linux).

Equality is the relative L1 distance and the overlap of the regions that hold 70 % of the relevance.
Where two places of a max pooling's window are alike but for rounding, each way to convolve picks
its own winner: "zennit, zennit channels last" shows how much that alone moves the maps.
"""

import argparse
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from napari_npm.core import Explainer, NanoporosityNet, NetworkConfig, fused_copy, planted, specimen
from napari_npm.core._zennit import Activation, AvgPool, Composite, Linear, Norm, Pass

Work = Callable[[Tensor], Any]
OWN = "fused"
MEMORY_BATCH = 8


def network(pooling: str, tiles: Tensor) -> NanoporosityNet:
    """Return the paper's network with batch-norm statistics of the tiles."""
    torch.manual_seed(0)
    model = NanoporosityNet(3, NetworkConfig(pooling=pooling))
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.normal_(module.bias, 0, 0.2)
            module.momentum = None  # plain mean of what it sees
    model.train()
    with torch.no_grad():
        for _ in range(2):
            model(tiles[:4])
    return model.eval()


def own(model: nn.Module, batch: int, **settings: Any) -> Work:
    explainer = Explainer(model, batch_size=batch, **settings)
    return lambda tiles: explainer(tiles.numpy())


def zennit(model: nn.Module, rule: str, layout: torch.memory_format | None = None) -> Work:
    from zennit import rules

    kind = {
        "ZPlus": rules.ZPlus(zero_params="bias"),
        "AlphaBeta": rules.AlphaBeta(alpha=1.0, beta=0.0, zero_params="bias"),
    }[rule]

    def choose(_ctx: Any, _name: str, module: nn.Module) -> Any:
        if isinstance(module, Linear):
            return kind
        if isinstance(module, AvgPool):
            return Norm()
        return Pass() if isinstance(module, Activation) else None

    composite, copied = Composite(module_map=choose), fused_copy(model)
    if layout is not None:
        copied.to(memory_format=layout)

    def work(tiles: Tensor) -> Tensor:
        images = tiles.clone().requires_grad_()
        with composite.context(copied) as hooked:
            logits = hooked(images)
            start = nn.functional.one_hot(logits.argmax(1), logits.shape[1]).to(logits)
            return torch.autograd.grad(logits, images, start)[0]

    return work


class Flat(nn.Module):
    """The fused network without the modules that captum has no rule for."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        leaves = [leaf for leaf in fused_copy(model).modules() if not list(leaf.children())]
        kept = [leaf for leaf in leaves if not isinstance(leaf, nn.Identity | nn.Flatten)]
        self.layers, self.last = nn.Sequential(*kept[:-1]), kept[-1]

    def forward(self, images: Tensor) -> Tensor:
        return self.last(self.layers(images).flatten(1))


def captum(model: nn.Module) -> Work:
    from captum.attr import LRP
    from captum.attr._utils.lrp_rules import Alpha1_Beta0_Rule

    flat = Flat(model)

    def work(tiles: Tensor) -> Tensor:
        for module in flat.modules():  # captum takes its rules away after each call
            if isinstance(module, nn.Conv2d | nn.Linear):
                module.rule = Alpha1_Beta0_Rule(set_bias_to_zero=True)
        with torch.no_grad():
            target = flat(tiles).argmax(1)
        return LRP(flat).attribute(tiles.clone().requires_grad_(), target=target).detach()

    return work


def forward(model: nn.Module) -> Work:
    plain = fused_copy(model).to(memory_format=torch.channels_last)

    def work(tiles: Tensor) -> Tensor:
        with torch.no_grad():
            return plain(tiles)

    return work


def methods(model: nn.Module, batch: int) -> dict[str, Work]:
    return {
        "forward": forward(model),
        OWN: own(model, batch, engine="fused"),
        "fused, drop": own(model, batch, engine="fused", undefined="drop"),
        "fused bfloat16": own(model, batch, engine="fused", precision="bfloat16"),
        "fused, every class": own(model, batch, engine="fused", difference=True),
        "zennit ZPlus": zennit(model, "ZPlus"),
        "zennit AlphaBeta": zennit(model, "AlphaBeta"),
        "captum LRP": captum(model),
    }


def timed(model: nn.Module, tiles: Tensor, repeats: int) -> None:
    n = len(tiles)
    works = methods(model, n)
    for work in works.values():
        work(tiles)
    wall: dict[str, list[float]] = {name: [] for name in works}
    cpu: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(repeats):
        for name, work in works.items():
            start, used = time.perf_counter(), time.process_time()
            work(tiles)
            wall[name].append((time.perf_counter() - start) / n * 1e3)
            cpu[name].append((time.process_time() - used) / n * 1e3)
    print(f"\nBatch {n}: ms an image{'CPU ms':>12}{'/ ' + OWN:>12}{'by CPU time':>14}")
    for name in works:
        ratios = [
            statistics.median(a / b for a, b in zip(of[name], of[OWN], strict=True))
            for of in (wall, cpu)
        ]
        print(
            f"  {name:<20}{min(wall[name]):8.1f}{min(cpu[name]):10.1f}{ratios[0]:12.2f}"
            f"{ratios[1]:14.2f}",
            flush=True,
        )


def resident(field: str) -> float:
    """Return a field of the kernel's account of this process, MB."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(float(line.split()[1]) / 1024 for line in lines if line.startswith(field))


def measure_memory(name: str, pooling: str, tiles: Tensor) -> dict[str, float]:
    model = network(pooling, tiles[:1, :, :128, :128].repeat(4, 1, 1, 1))
    work = methods(model, len(tiles))[name]
    work(tiles[:1, :, :128, :128])
    before = resident("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")  # resets the high-water mark
    work(tiles)
    peak = resident("VmHWM")
    return {"added": peak - before, "peak": peak}


def memory(pooling: str, threads: int, names: list[str]) -> None:
    if not Path("/proc/self/clear_refs").exists():
        print("\nMemory is measured on Linux only.")
        return
    print(f"\nMemory at batch {MEMORY_BATCH}: MB added, whole process")
    for name in names:
        done = subprocess.run(
            [
                sys.executable,
                __file__,
                *("--memory-of", name, "--pooling", pooling, "--threads", str(threads)),
            ],
            capture_output=True,
            text=True,
            check=True,
        )
        found = json.loads(done.stdout.splitlines()[-1])
        print(f"  {name:<20}{found['added']:8.0f}{found['peak']:8.0f}", flush=True)


def normalised(maps: Any) -> NDArray[np.float64]:
    values = maps.relevance if hasattr(maps, "relevance") else maps.detach().numpy()[:, 0]
    return np.asarray(values, float) / values.sum((1, 2), keepdims=True, dtype=float)


def region(relevance: NDArray[np.float64]) -> NDArray[np.bool_]:
    order = np.argsort(-relevance, axis=None)
    inside = np.zeros(relevance.size, bool)
    held = np.cumsum(relevance.ravel()[order])
    inside[order[: int(np.searchsorted(held, 0.7)) + 1]] = True
    return inside


def equality(model: nn.Module, tiles: Tensor) -> None:
    n = len(tiles)
    works = methods(model, n)
    reference = normalised(own(model, n, engine="zennit")(tiles))
    dropped = normalised(works["fused, drop"](tiles))
    kept = works[OWN](tiles).conservation
    pairs = {
        "fused, zennit (spread)": (normalised(works[OWN](tiles)), reference),
        "fused, zennit ZPlus (drop)": (dropped, normalised(works["zennit ZPlus"](tiles))),
        "fused, zennit AlphaBeta": (dropped, normalised(works["zennit AlphaBeta"](tiles))),
        "fused, captum (drop)": (dropped, normalised(works["captum LRP"](tiles))),
        "zennit, zennit channels last": (
            normalised(zennit(model, "ZPlus", torch.channels_last)(tiles)),
            normalised(works["zennit ZPlus"](tiles)),
        ),
        "bfloat16, float32": (normalised(works["fused bfloat16"](tiles)), reference),
    }
    print("\nEquality: relative L1 (median, largest), overlap of the 70 % regions (least)")
    for name, (one, other) in pairs.items():
        distance = np.abs(one - other).sum((1, 2)) / other.sum((1, 2))
        overlaps = [
            (region(a) & region(b)).sum() / (region(a) | region(b)).sum()
            for a, b in zip(one, other, strict=True)
        ]
        print(f"  {name:<30}{np.median(distance):10.1e}{distance.max():10.1e}{min(overlaps):10.5f}")
    print(f"  conservation of fused: {kept.min():.6f} to {kept.max():.6f}")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--pooling", default="max", choices=["max", "average"])
    parser.add_argument("--batches", type=int, nargs="+", default=[1, 8, 32])
    parser.add_argument("--memory-of", help=argparse.SUPPRESS)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    if options.memory_of:
        tiles = torch.rand(MEMORY_BATCH, 1, 384, 384)
        print(json.dumps(measure_memory(options.memory_of, options.pooling, tiles)))
        return
    some = specimen(planted("both"), 1, 0, n_tiles=8, seed=1)
    tiles = torch.as_tensor(np.stack([one.porosity for one in some]).astype(np.float32))[:, None]
    model = network(options.pooling, tiles)
    print(f"torch {torch.__version__}, {options.threads} threads, {options.pooling} pooling")
    equality(model, tiles[:4])
    memory(options.pooling, options.threads, list(methods(model, 1)))
    for batch in options.batches:
        timed(model, tiles.repeat(-(-batch // 8), 1, 1, 1)[:batch], options.repeats)


if __name__ == "__main__":
    main()
