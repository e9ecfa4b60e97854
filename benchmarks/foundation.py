"""Speed of the foundation beside its peers, in one process: prints seconds and ratios.

    python benchmarks/foundation.py

Phantom tiles a second on one thread; the two-point correlation of one tile against
skimage.graycomatrix over the same displacements (timed on some of them and scaled up). Deep Taylor
decomposition has a benchmark of its own, relevance.py.
"""

import time
from collections.abc import Callable

import numpy as np
from skimage.feature import graycomatrix

from napari_npm.core import grey_levels, planted, specimen, two_point

R_MAX = 200
SAMPLED = 100


def cpu_seconds(work: Callable[[], object], repeats: int = 3) -> float:
    """Return the least CPU time of several runs."""
    times = []
    for _ in range(repeats):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return min(times)


def report(name: str, seconds: float, peer: str = "", other: float = 0.0) -> None:
    """Print one line."""
    beside = f"   {peer} {other:8.3f} s   ratio {other / seconds:5.1f}" if peer else ""
    print(f"{name:<44} {seconds:8.3f} s{beside}")


def phantom() -> np.ndarray:
    config = planted("both")
    tiles = 20
    seconds = cpu_seconds(lambda: specimen(config, 1, 0, n_tiles=tiles, seed=1), 1)
    report(f"phantom, {tiles / seconds:.0f} tiles of 384 x 384 a second", seconds / tiles)
    return specimen(config, 1, 0, n_tiles=1, seed=1)[0].porosity


def displacements() -> list[tuple[int, int]]:
    """Half plane of displacements whose rounded length is at most R_MAX."""
    return [
        (row, col)
        for row in range(R_MAX + 1)
        for col in range(-R_MAX, R_MAX + 1)
        if (row > 0 or col > 0) and round(np.hypot(row, col)) <= R_MAX
    ]


def correlation(porosity: np.ndarray) -> None:
    image = grey_levels(porosity)
    two_point(image, r_max=2)  # compile
    own = cpu_seconds(lambda: two_point(image, r_max=R_MAX, threads=1))
    every = displacements()
    some = [every[i] for i in np.linspace(0, len(every) - 1, SAMPLED).astype(int)]

    def peer() -> None:
        for row, col in some:
            # one displacement at a time, as a distance and an angle that round to it
            graycomatrix(image, [np.hypot(row, col)], [np.arctan2(row, col)], 256)

    seconds = cpu_seconds(peer, 1) * len(every) / len(some)
    report(f"S2, one tile, r <= {R_MAX} px, 256 levels", own, "graycomatrix", seconds)


if __name__ == "__main__":
    tile = phantom()
    correlation(tile)
