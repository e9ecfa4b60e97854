"""Speed of the electron simulator, step by step and beside its peers; prints rates and ratios.

    python benchmarks/simulator.py [--quick]

C-S-H and Field's metal at 5 keV. Seconds are those of the processor, on one thread, tables
included; only the last line is by the clock. Rungs of the ladder:

- by energy: one electron after the other in numba, the usual way: Browning's formulas at the
  electron's energy, the atom drawn, logarithm, cosine, each electron followed down to 50 eV.
- by optical depth: the package's tables (one range table, one table of deflections of all atoms)
  read by a plain loop in numba.
- dropped: the same, and an electron whose range is below its depth is given up.
- the package: the same, 256 electrons side by side in vector instructions, single precision.
- numpy: the same tables and the same dropping, vectorised over electrons.
- NISTMonte of NIST's EPQ library (github.com/usnistgov/EPQ), where java is on the PATH and the
  environment variable NISTMONTE_CLASSPATH names its classes and the libraries that it needs.
  Its cross sections are SRD 64 too, with Berger and Seltzer's ionisation potentials as here; but
  it draws sin(θ/2) evenly within each half per cent, also within the last, which makes too many
  large deflections: so it gives a larger η for light elements.
  With its way of drawing, this engine gives 0.1368 for C-S-H and 0.4105 for Field's metal (standard
  error 0.0003), which NISTMonte's values meet within their errors.

What single choices gave, C-S-H at 5 keV on one core of an AMD EPYC with AVX-512, in ns a collision:
begun at 3.7 (1024 equal columns, 64 nodes, fast-math). One lane at a time, so no vectors: 12.9. 64
lanes: 5.6 (metal 3.9); 128 to 1024: 3.7-3.8. No fast-math: 4.1, taken all the same, since the order
of arithmetic then depends on no machine. One random word a collision, hashed for a second: 3.7, not
taken. Range not interpolated: 3.2, but η off by 0.001. 16, 32, 128 nodes: 3.6, 3.5, 3.9. 641
columns by octaves: no slower, and carbon at 30 keV no longer loses 3 % of its η. Giving up on
electrons that cannot return halves their collisions in C-S-H and spares a third in the metal.
"""

import json
import math
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import numba
import numpy as np

from napari_npm.core import MATERIALS, Material, backscatter, response_curve
from napari_npm.core._elements import ATOMIC_WEIGHTS
from napari_npm.core._stopping import mean_ionisation_kev
from napari_npm.core._tables import COLUMNS, END_KEV, WIDTHS, TransportTables, make_tables

QUICK = "--quick" in sys.argv
CLASSES = os.environ.get("NISTMONTE_CLASSPATH", "")
COLUMN = np.repeat(np.arange(COLUMNS), WIDTHS)  # of a number of 16 bits
RUNNER = Path(__file__).with_name("NistMonte.java")


@numba.njit(cache=True)
def by_energy(electrons, kev, end, z, per_gram, loss, j, k, rng):
    back = collisions = 0
    sigma = np.empty(z.size)
    for _ in range(electrons):
        energy, depth, cosine = kev, 0.0, 1.0
        while energy > end:
            total = 0.0
            for i in range(z.size):
                power = z[i] ** 1.7
                root = math.sqrt(energy)
                below = energy + 0.005 * power * root + 0.0007 * z[i] ** 2 / root
                total += 3e-18 * power / below * per_gram[i]
                sigma[i] = total
            path = -math.log(1 - rng.random()) / total
            out = depth + cosine * path < 0
            if out:
                path = -depth / cosine
            stopping = 0.0
            for i in range(z.size):
                stopping += loss[i] * math.log(1.166 * (energy / j[i] + k[i])) / energy
            energy -= stopping * path
            if out:
                back += energy > end
                break
            depth += cosine * path
            collisions += 1
            hit, drawn = 0, rng.random() * total
            while hit < z.size - 1 and sigma[hit] < drawn:
                hit += 1
            ratio = 300 * energy ** (1 - z[hit] / 2000) / z[hit] + z[hit] ** 3 / (3e5 * energy)
            u, alpha = rng.random(), 7e-3 / energy
            turn = 1 - 2 * u
            if rng.random() * (1 + ratio) < ratio:
                turn = 1 - 2 * alpha * u / (1 + alpha - u)
            sines = math.sqrt(max((1 - turn * turn) * (1 - cosine * cosine), 0.0))
            cosine = turn * cosine + sines * math.cos(2 * math.pi * rng.random())
    return back, collisions


@numba.njit(cache=True)
def by_depth(electrons, drop, tau_start, ranges, deflections, rng):
    back = collisions = 0
    per_range = (ranges.size - 2) / tau_start
    per_node = (deflections.size // COLUMNS - 2) / tau_start
    for _ in range(electrons):
        tau, left, depth, cosine = tau_start, 1.0, 0.0, 1.0
        while True:
            tau = max(tau + math.log(1 - rng.random()), 0.0)
            place = tau * per_range
            i = int(place)
            left_now = ranges[i] + (place - i) * (ranges[i + 1] - ranges[i])
            new_depth = depth + cosine * (left - left_now)
            if new_depth < 0:
                back += left + depth / cosine > 0
                break
            if tau == 0 or (drop and left_now < new_depth):
                break
            collisions += 1
            left, depth = left_now, new_depth
            node = int(tau * per_node + rng.random())
            x = deflections[node * COLUMNS + COLUMN[int(rng.random() * COLUMN.size)]]
            sines = 2 * math.sqrt(max(x * (1 - x) * (1 - cosine * cosine), 0.0))
            azimuth = 2 * math.pi * rng.random()
            cosine = cosine * (1 - 2 * x) + sines * math.cos(azimuth)
    return back, collisions


def in_numpy(electrons: int, tables: TransportTables, rng: np.random.Generator) -> tuple[int, int]:
    ranges, start = tables.ranges.astype(float), tables.optical_depth
    deflections = tables.deflections.reshape(-1, COLUMNS)
    tau, left = np.full(electrons, start), np.ones(electrons)
    depth, cosine = np.zeros(electrons), np.ones(electrons)
    grid = np.linspace(0, start, ranges.size - 1)
    back = collisions = 0
    while tau.size:
        tau = np.maximum(tau - rng.standard_exponential(tau.size), 0)
        left_now = np.interp(tau, grid, ranges[:-1])
        new_depth = depth + cosine * (left - left_now)
        out = new_depth < 0
        back += int(np.count_nonzero(left[out] + depth[out] / cosine[out] > 0))
        on = ~out & (left_now > new_depth)
        tau, left, depth, cosine = tau[on], left_now[on], new_depth[on], cosine[on]
        collisions += tau.size
        node = (tau * ((len(deflections) - 2) / start) + rng.random(tau.size)).astype(int)
        column = COLUMN[rng.integers(COLUMN.size, size=tau.size)]
        x = deflections[node, column].astype(float)
        sines = 2 * np.sqrt(np.maximum(x * (1 - x) * (1 - cosine**2), 0))
        cosine = cosine * (1 - 2 * x) + sines * np.cos(2 * np.pi * rng.random(tau.size))
    return back, collisions


def nistmonte(material: Material, electrons: int) -> tuple[float, float, int]:
    """Return eta, seconds of the processor once Java is warm, and collisions."""
    weights = ",".join(f"{symbol}={weight:.9f}" for symbol, weight in material.weights)
    done = subprocess.run(
        ["java", "-cp", CLASSES, str(RUNNER), weights, "5", str(electrons), str(material.density)],
        capture_output=True,
        text=True,
        check=True,
    )
    told = json.loads(done.stdout)
    return told["eta"], told["seconds"], told["collisions"]


def line(name: str, electrons: int, eta: float, collisions: int, seconds: float, base: float):
    error = math.sqrt(eta * (1 - eta) / electrons)
    print(
        f"  {name:<34} {electrons / seconds:>10,.0f} /s {seconds / collisions * 1e9:>9.1f} ns a "
        f"collision {collisions / electrons:>6.1f} each   ratio {seconds / electrons / base:>8.1f}"
        f"   eta {eta:.4f} +- {error:.4f}"
    )


def compare(material: Material) -> None:
    print(f"{material.name}, 5 keV, one thread")
    size = 100_000 if QUICK else 2_000_000
    rng = np.random.default_rng(1)

    def own(name: str, **options) -> float:
        backscatter(material, electrons=1000, threads=1, **options)
        start = time.process_time()
        result = backscatter(material, electrons=size, threads=1, **options)
        seconds = time.process_time() - start
        base = seconds / size
        line(name, size, result.coefficient, result.collisions, seconds, base)
        return base

    base = own("the package, Browning", elastic="browning")
    z, w = material.atomic_numbers, material.mass_fractions
    a = np.array([ATOMIC_WEIGHTS[i] for i in z])
    j = np.array([mean_ionisation_kev(int(i)) for i in z])
    offset = 0.731 + 0.0688 * np.log10(z)
    formulas = (z.astype(float), w * 6.02214076e23 / a, 78500 * w * z / a, j, offset)
    by_energy(10, 5.0, END_KEV, *formulas, rng)
    few = size // 40
    start = time.process_time()
    back, collisions = by_energy(few, 5.0, END_KEV, *formulas, rng)
    seconds = time.process_time() - start
    line("by energy, Browning", few, back / few, collisions, seconds, base)

    base = own("the package, Mott")
    tables = make_tables(material, 5.0)
    inputs = (tables.optical_depth, tables.ranges, tables.deflections)
    for name, drop in (("by optical depth", False), ("by optical depth, dropped", True)):
        by_depth(10, drop, *inputs, rng)
        few = size // 10
        start = time.process_time()
        back, collisions = by_depth(few, drop, *inputs, rng)
        seconds = time.process_time() - start
        line(name, few, back / few, collisions, seconds, base)
    start = time.process_time()
    back, collisions = in_numpy(few, tables, rng)
    seconds = time.process_time() - start
    line("numpy", few, back / few, collisions, seconds, base)

    base = own("the package, Berger-Seltzer J", ionisation="berger-seltzer")
    if not CLASSES or shutil.which("java") is None:
        print("  NISTMonte: absent (needs java and NISTMONTE_CLASSPATH)")
        return
    few = 5000 if QUICK else 40_000
    eta, seconds, collisions = nistmonte(material, few)
    line("NISTMonte", few, eta, collisions, seconds, base)


def main() -> None:
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores before the start")
    for name in ("csh", "fields-metal"):
        compare(MATERIALS[name])
    target = 2e-3 if QUICK else 5e-4
    start = time.perf_counter()
    response = response_curve(MATERIALS["csh"], MATERIALS["fields-metal"], standard_error=target)
    seconds = time.perf_counter() - start
    electrons = sum(point.electrons for point in response.points)
    print(
        f"21-point curve, standard error {target:g}, {os.cpu_count()} threads: {seconds:.1f} s, "
        f"{electrons / seconds:,.0f} electrons a second"
    )
    print(f"load {os.getloadavg()[0]:.1f} at the end")


if __name__ == "__main__":
    main()
