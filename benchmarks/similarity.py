"""Difference matrix and order of relevance maps beside their peers, in one process.

    python benchmarks/similarity.py [--threads 2] [--repeats 3] [--maps 250 1000] [--all-peers]

Differences: N sparse smooth maps of 384 x 384 px, float32. Peers are as their users run them:
scipy's pdist (copies to float64), torch's cdist and pdist with p = 1, scikit-learn's
manhattan_distances. Repeats are interleaved; seconds are the least of all, ratios the median over
the rounds of peer / own. Peers run at the smallest N only, unless --all-peers is given (scipy takes
a minute at 1000). Memory is what one call adds to a process that holds the maps, in a child of its
own (high-water mark of resident memory, Linux).

Order: maps of planted families and of very different strength, as they are and normalised to sum
1, and scattered blobs; cost above the Held-Karp bound in %, and CPU seconds with the bound (CPU
without it in brackets). Where the package fast_tsp is installed it is run for 1 s and 2 s on the
same distances, scaled to its 16-bit integers.
"""

import argparse
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter
from scipy.spatial.distance import pdist
from sklearn.metrics.pairwise import manhattan_distances

from napari_npm.core import Ordering, difference_matrix, order
from napari_npm.core import _path_order as paths
from napari_npm.core._l1_sums import row_distances

OWN = "own"
Maps = NDArray[np.float32]


def family_maps(count: int, side: int, families: int = 8, seed: int = 0) -> Maps:
    """Return sparse smooth maps that share some of `families` patterns, of strengths 1 to 6."""
    rng = np.random.default_rng(seed)

    def field(grain: float) -> NDArray[np.float64]:
        noise = gaussian_filter(rng.standard_normal((side, side)), side / grain, mode="wrap")
        return noise / noise.std()

    patterns = [field(24) for _ in range(families)]
    maps = np.empty((count, side, side), np.float32)
    for k in range(count):
        mixed = rng.uniform(0.2, 1.2) * patterns[k % families] + field(48)
        maps[k] = np.clip(mixed - 0.8, 0, None) ** 1.5 * rng.lognormal(0, 0.4)
    return maps


def blob_maps(count: int, side: int, seed: int = 0) -> Maps:
    """Return maps of a few blobs at random places."""
    rng = np.random.default_rng(seed)
    maps = np.zeros((count, side, side), np.float32)
    for one in maps:
        for _ in range(1 + rng.poisson(6)):
            one[rng.integers(side), rng.integers(side)] += rng.exponential()
        one[:] = gaussian_filter(one, side / 24, mode="wrap")
    return maps


def large_maps(count: int) -> Maps:
    """Return maps of full size: quick to make, nothing depends on what they show."""
    base = family_maps(16, 384)
    maps = np.empty((count, 384, 384), np.float32)
    for k in range(count):
        maps[k] = np.roll(base[k % 16], (7 * k, 13 * k), (0, 1))
    return maps


def peers(threads: int) -> dict[str, Callable[[Maps], object]]:
    def flat(maps: Maps) -> Maps:
        return maps.reshape(len(maps), -1)

    return {
        OWN: lambda maps: difference_matrix(maps, threads=threads),
        "own, normalised": lambda maps: difference_matrix(maps, normalise=True, threads=threads),
        "torch pdist": lambda maps: torch.nn.functional.pdist(torch.from_numpy(flat(maps)), p=1),
        "torch cdist": lambda maps: torch.cdist(*[torch.from_numpy(flat(maps))] * 2, p=1),
        "scipy pdist": lambda maps: pdist(flat(maps), "cityblock"),
        "scikit-learn": lambda maps: manhattan_distances(flat(maps)),
    }


def differences(count: int, threads: int, repeats: int, others: bool) -> None:
    maps = large_maps(count)
    works = {name: w for name, w in peers(threads).items() if others or name.startswith(OWN)}
    small = maps[:8, ::8, ::8].copy()
    for work in works.values():
        work(small)
    wall: dict[str, list[float]] = {name: [] for name in works}
    cpu: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(repeats):
        for name, work in works.items():
            start, used = time.perf_counter(), time.process_time()
            work(maps)
            wall[name].append(time.perf_counter() - start)
            cpu[name].append(time.process_time() - used)
    print(f"\nDifferences of {count} maps, s: wall, CPU; peer / {OWN} by wall, by CPU")
    for name in works:
        ratios = [
            statistics.median(a / b for a, b in zip(of[name], of[OWN], strict=True))
            for of in (wall, cpu)
        ]
        print(f"  {name:<18}{min(wall[name]):9.2f}{min(cpu[name]):9.2f}", end="")
        print(f"{ratios[0]:10.1f}{ratios[1]:8.1f}", flush=True)


def error(threads: int) -> None:
    maps = large_maps(24)
    found = difference_matrix(maps, threads=threads)[np.triu_indices(24, 1)]
    exact = pdist(maps.reshape(24, -1).astype(np.float64), "cityblock")
    print(f"\nLargest relative error against float64 sums: {np.abs(found / exact - 1).max():.1e}")


def resident(field: str) -> float:
    """Return a field of the kernel's account of this process, MB."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(float(line.split()[1]) / 1024 for line in lines if line.startswith(field))


def measure_memory(name: str, count: int, threads: int) -> float:
    maps, work = large_maps(count), peers(threads)[name]
    work(maps[:8, ::8, ::8].copy())
    before = resident("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")  # resets the high-water mark
    work(maps)
    return resident("VmHWM") - before


def memory(count: int, threads: int, others: bool) -> None:
    if not Path("/proc/self/clear_refs").exists():
        print("\nMemory is measured on Linux only.")
        return
    print(f"\nMemory above {count} maps ({count * 384 * 384 * 4 / 2**20:.0f} MB), MB added")
    for name in [name for name in peers(threads) if others or name.startswith(OWN)]:
        settings = ("--memory-of", name, "--maps", str(count), "--threads", str(threads))
        command = [sys.executable, __file__, *settings]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        print(f"  {name:<18}{json.loads(done.stdout.splitlines()[-1]):9.0f}", flush=True)


def orders(count: int, threads: int) -> None:
    maps = family_maps(count, 96)
    matrices = {
        "families": difference_matrix(maps, threads=threads),
        "families, normalised": difference_matrix(maps, normalise=True, threads=threads),
        "blobs, normalised": difference_matrix(
            blob_maps(count, 64), normalise=True, threads=threads
        ),
    }
    for method in ("local search", "annealing", "leaf order"):
        order(matrices["families"][:20, :20], method)
    for name, matrix in matrices.items():
        distances = row_distances(matrix)
        used = time.process_time()
        bound = paths.lower_bound(distances)
        bounding = time.process_time() - used
        print(f"\nOrder of {count} maps, {name}: % above the bound ({bounding:.2f} CPU s), CPU s")
        for method in ("local search", "annealing", "leaf order"):
            start, used = time.perf_counter(), time.process_time()
            found: Ordering = order(matrix, method, threads=threads)
            cpu, wall = time.process_time() - used, time.perf_counter() - start
            print(f"  {method:<14}{100 * found.gap:9.3f}{cpu:9.2f} ({cpu - bounding:.2f})", end="")
            print(f"   wall {wall:.2f}", flush=True)
        for seconds in (1.0, 2.0):
            rival(distances, bound, seconds)


def rival(distances: NDArray[np.float64], bound: float, seconds: float) -> None:
    try:
        import fast_tsp
    except ImportError:
        return
    closed = paths.closed(distances)
    scaled = np.rint(closed * (65_000 / closed.max())).astype(np.uint16)
    used = time.process_time()
    tour = np.array(fast_tsp.find_tour(scaled, duration_seconds=seconds))
    cpu = time.process_time() - used
    path = np.roll(tour, -int(np.argmax(tour)))[1:]
    above = 100 * (paths.length(distances, path) / bound - 1)
    print(f"  fast_tsp {seconds:.0f} s  {above:9.3f}{'':9} ({cpu:.2f})", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--maps", type=int, nargs="+", default=[250, 1000])
    parser.add_argument("--all-peers", action="store_true")
    parser.add_argument("--only", choices=["differences", "order"])
    parser.add_argument("--memory-of", help=argparse.SUPPRESS)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    if options.memory_of:
        print(json.dumps(measure_memory(options.memory_of, options.maps[0], options.threads)))
        return
    if options.only != "order":
        error(options.threads)
    for count in options.maps:
        if options.only != "order":
            others = options.all_peers or count == min(options.maps)
            differences(count, options.threads, options.repeats, others)
            memory(count, options.threads, others)
        if options.only != "differences":
            orders(count, options.threads)


if __name__ == "__main__":
    main()
