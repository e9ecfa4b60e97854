"""Speed of the two-point correlation beside skimage's graycomatrix, in one process.

    python benchmarks/correlation.py [--threads 2] [--maps 16] [--rounds 3] [--thousand]

384 x 384 px phantom-like maps (smooth porosity, a tenth of the area at 0 as unhydrated cement) to
r = 200 px with 256 levels. CPU seconds are of this process; on a busy machine look at the ratios.
Rounds are interleaved and the least of each method is taken. graycomatrix counts every displacement
of the half plane (62,900); a random sample of 200 of them is timed, one call each as its
floating-point angles ask for, and scaled up.

"floor of fft" is what that way cannot save: one transform of single precision, without looking up
what to transform, squaring and adding up, for each of 256 values of t.
"""

import argparse
import time
from collections.abc import Callable

import numpy as np
from scipy import fft
from scipy.ndimage import gaussian_filter
from skimage.feature import graycomatrix

from napari_npm.core import two_point

R_MAX, SIDE = 200, 384


def maps(n: int, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    fields = gaussian_filter(rng.normal(size=(n, SIDE, SIDE)), (0, 3, 3))
    found = np.rint(np.clip(0.35 + 2.5 * fields, 0, 1) * 255).astype(np.uint8)
    found[:, :120, :120] = 0
    return found


def displacements() -> np.ndarray:
    dy, dx = np.mgrid[0 : R_MAX + 1, -R_MAX : R_MAX + 1]
    wanted = (np.rint(np.hypot(dy, dx)) <= R_MAX) & ((dy > 0) | (dx > 0))
    return np.stack([dy[wanted], dx[wanted]], axis=1)


def cpu(work: Callable[[], object]) -> tuple[float, float]:
    start, wall = time.process_time(), time.perf_counter()
    work()
    return time.process_time() - start, time.perf_counter() - wall


def glcm(grey: np.ndarray, sample: np.ndarray) -> None:
    for dy, dx in sample:
        graycomatrix(grey, [np.hypot(dy, dx)], [np.arctan2(dy, dx)], 256)


def transforms_alone(grey: np.ndarray) -> None:
    size = 2 * fft.next_fast_len((SIDE + R_MAX + 1) // 2)
    values = np.exp(1j * grey).astype(np.complex64)
    for _ in range(256):
        fft.fft(fft.fft(values, size, axis=1), size, axis=0, overwrite_x=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--maps", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--thousand", action="store_true", help="also 1000 maps in 5 %% masks")
    options = parser.parse_args()
    few, threads = maps(options.maps), options.threads
    masks = np.random.default_rng(1).random(few.shape) < 0.05
    third = np.random.default_rng(2).random(few.shape) < 0.3
    rng = np.random.default_rng(3)
    every = displacements()
    sample = every[rng.choice(len(every), 200, replace=False)]
    scale = len(every) / len(sample)

    def own(n: int, engine: str, inside: np.ndarray | None = None) -> Callable[[], object]:
        chosen = None if inside is None else inside[:n]
        return lambda: two_point(few[:n], chosen, R_MAX, engine=engine, threads=threads)

    two_point(few[0, :40, :40], masks[0, :40, :40], 9, engine="sparse")  # compile
    for engine in ("direct", "fft"):
        two_point(few[0, :40, :40], r_max=9, engine=engine)
    works: dict[str, tuple[Callable[[], object], float]] = {
        "graycomatrix, one map": (lambda: glcm(few[0], sample), scale),
        "direct, one map": (own(1, "direct"), 1),
        "fft, one map": (own(1, "fft"), 1),
        f"fft, a map of {options.maps}": (own(options.maps, "fft"), 1 / options.maps),
        "sparse, a 5 % mask": (own(4, "sparse", masks), 1 / 4),
        "sparse, a 30 % mask": (own(1, "sparse", third), 1),
        "fft, a 30 % mask": (own(1, "fft", third), 1),
        "floor of fft": (lambda: transforms_alone(few[0]), 1),
    }
    best = dict.fromkeys(works, (np.inf, np.inf))
    for _ in range(options.rounds):
        for name, (work, share) in works.items():
            used, wall = cpu(work)
            best[name] = (min(best[name][0], used * share), min(best[name][1], wall * share))
    peer = best["graycomatrix, one map"][0]
    print(f"{'':28}{'CPU s':>9}{'wall s':>9}{'graycomatrix /':>16}")
    for name, (used, wall) in best.items():
        print(f"{name:28}{used:9.3f}{wall:9.3f}{peer / used:16.1f}")
    counts = [two_point(few[:1], r_max=R_MAX, engine=e).counts for e in ("direct", "fft")]
    print("counts of direct and fft equal:", bool(np.array_equal(*counts)))
    if options.thousand:
        repeats = -(-1000 // len(few))
        stack, inside = np.tile(few, (repeats, 1, 1))[:1000], np.tile(masks, (repeats, 1, 1))[:1000]
        used, wall = cpu(lambda: two_point(stack, inside, R_MAX, threads=threads))
        print(f"1000 maps in 5 % masks: {used:.1f} CPU s, {wall:.1f} s")


if __name__ == "__main__":
    main()
