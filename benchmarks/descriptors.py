"""CPU time of the describe step by part, and the numbers of docs/statistics.md.

    python benchmarks/descriptors.py [--maps 20]

Times are CPU time of this process (other work beside it matters little), on random maps of
384 x 384 px with pores of some 0.3 um. The tables of false alarms and of the paper's Table 2 are
the ones that the page shows.
"""

import argparse
import time

import numpy as np
from scipy.ndimage import gaussian_filter
from scipy.optimize import brentq
from scipy.stats import f, norm, studentized_range
from skimage.measure import euler_number, perimeter_crofton

from napari_npm.core.descriptors import porosity, porosity_fractions
from napari_npm.core.minkowski import minkowski
from napari_npm.core.nesting import false_alarms
from napari_npm.core.pores import find_pores
from napari_npm.core.runs import count_runs
from napari_npm.core.statistics import critical_range
from napari_npm.core.thickness import local_thickness
from napari_npm.study.statistics_tables import statistics_tables

TABLE_2 = {
    "porosity": ((0.219, 0.170, 0.239), 0.028, 0.547),
    "average pore size": ((131348, 43298, 123591), 26634, 0.605),
}


def cpu(work, items=(None,)):
    """Return milliseconds of CPU an item."""
    work(items[0])
    start = time.process_time()
    for one in items:
        work(one)
    return 1000 * (time.process_time() - start) / len(items)


def times(count):
    rng = np.random.default_rng(0)
    maps = []
    for _ in range(count):
        noise = gaussian_filter(rng.normal(size=(384, 384)), 2)
        maps.append(np.clip(0.2 + 1.5 * noise, 0, 1).astype(np.float32))
    high = [find_pores(one).split.high for one in maps]
    both = [(mask, ~mask) for mask in high]
    print(f"CPU ms a map of 384 x 384 px, mean of {count}:")
    for name, work, items in (
        ("porosity", porosity, maps),
        ("volume fractions", porosity_fractions, maps),
        ("pores: isodata, components, edges", find_pores, maps),
        ("shapes: runs of both phases", lambda two: [count_runs(one) for one in two], both),
        (
            "shapes: local thickness of both",
            lambda two: [local_thickness(one) for one in two],
            both,
        ),
        ("shapes: Minkowski, 256 thresholds", minkowski, maps),
        (
            "  skimage, for one threshold",
            lambda mask: (perimeter_crofton(mask, 4), euler_number(mask, 2)),
            high,
        ),
    ):
        print(f"  {name:36} {cpu(work, items):8.2f}")
    rows = [
        {"sample": f"S{s}", "specimen": str(p), "porosity": a, "pore_area_nm2": b}
        for s in range(3)
        for p in range(10)
        for a, b in rng.normal(1, 0.1, (100, 2))
    ]
    print(
        f"  {'all tests on 3000 maps, once':36} {cpu(lambda _: statistics_tables(rows, 0.9)):8.0f}"
    )


def alarms():
    print("\nShare of studies in which tiles find a difference that is not there (nominal 10 %):")
    print("  specimens x tiles   intraclass correlation 0     0.05      0.2      0.5   specimens")
    for specimens, tiles in ((3, 10), (5, 50), (5, 200), (20, 50)):
        labels = np.repeat(np.arange(3), specimens * tiles)
        groups = np.repeat(np.arange(3 * specimens), tiles)
        found = [false_alarms(labels, groups, share, 0.9) for share in (0, 0.05, 0.2, 0.5)]
        shares = "".join(f"{one.tile:9.1%}" for one in found)
        print(f"  {specimens:9} x {tiles:<5}                  {shares}   {found[2].specimen:9.1%}")


def accuracy(means, scatter):
    """Return how often the nearest mean is right for normal values of one scatter."""
    edges = np.concatenate([[-np.inf], (means[1:] + means[:-1]) / 2, [np.inf]])
    return np.mean(
        norm.cdf((edges[1:] - means) / scatter) - norm.cdf((edges[:-1] - means) / scatter)
    )


def table_2():
    print("\nPaper, Table 2 (critical range CR at 90 %, three samples of n values each):")
    for name, (means, critical, share) in TABLE_2.items():
        ordered = np.sort(means)
        print(f"  {name}: CR {critical:g}")
        for n in (10, 15, 20, 25, 50, 1000):
            freedom = 3 * n - 3
            mse = n * (critical / studentized_range.ppf(0.9, 3, freedom)) ** 2
            again = critical_range(mse, n, n, 3, freedom)
            value = n * np.var(means, ddof=1) / mse
            print(
                f"    n {n:5}: MSE {mse:12.4g}, SD {np.sqrt(mse):10.4g}, CR again {again:.6g},"
                f" F {value:6.2f} (p {f.sf(value, 2, freedom):.1e}), accuracy of the nearest mean"
                f" {accuracy(ordered, np.sqrt(mse)):.1%}"
            )
        scatter = brentq(
            lambda sd, m=ordered, s=share: accuracy(m, sd) - s,
            np.ptp(means) / 10,
            np.ptp(means) * 5,
        )
        n = 20.0
        for _ in range(5):
            n *= (critical_range(scatter**2, n, n, 3, 3 * n - 3) / critical) ** 2
        print(f"    accuracy in the text {share:.1%}: SD {scatter:.4g}, hence n = {n:.1f};")
        many = critical_range(scatter**2, 1000, 1000, 3, 2997)
        print(f"    with 1000 maps a sample CR = {many:.3g}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--maps", type=int, default=20)
    times(parser.parse_args().maps)
    alarms()
    table_2()
