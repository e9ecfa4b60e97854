"""Compare the compact Mott table with all of NIST SRD 64, by the electrons that come back.

Run with the folder that holds the database's files E01.D64 to E92.D64::

    .venv/bin/python tools/check_mott_table.py SRD64_FOLDER [--electrons N] [--targets NAME ...]

Beside the simulator with its compact table stands a plain one that shares only materials and
stopping powers with it: electron by electron, all 201 quantiles at all 61 energies, the atom drawn
in each collision. Its last step of quantiles, up to 180°, is drawn as the shape of the steps before
it says, and, to see what hangs on that, as one chord.
"""

import argparse
from pathlib import Path

import numba
import numpy as np
from make_mott_table import read_element
from scipy.integrate import cumulative_trapezoid
from scipy.interpolate import PchipInterpolator

from napari_npm.core import backscatter, material
from napari_npm.core._elements import ATOMIC_WEIGHTS
from napari_npm.core._stopping import joy_luo

TARGETS = ("C", "Al", "Si", "Ca", "Cu", "Ag", "Au", "Bi", "csh", "fields-metal")
ENERGIES_KEV = (1.0, 5.0, 20.0)
NODES = np.geomspace(0.05, 20.0, 61)
A0_CM = 5.29177210903e-9
TAIL = 50


@numba.njit
def share_back(electrons, rng, energies, depths, ranges, chances, shares, flat, screening):
    """Return the share of electrons that come back from a target of several elements.

    ``depths`` and ``ranges`` are the collisions and the path in g/cm² from each of ``energies``
    down to 50 eV, ``chances`` (energies, elements) adds up what each element is hit for.
    """
    back = 0
    step = np.log(NODES[1] / NODES[0])
    for _ in range(electrons):
        depth, cosine, left = 0.0, 1.0, depths[-1]
        while True:
            here = np.interp(left, depths, ranges)
            left = max(left + np.log(1 - rng.random()), 0.0)
            depth += cosine * (here - np.interp(left, depths, ranges))
            if depth < 0 or left == 0:
                back += depth < 0
                break
            energy = np.interp(left, depths, energies)
            place = min(np.log(energy / NODES[0]) / step, NODES.size - 1.000001)
            node = int(place)
            node += rng.random() < place - node  # the nearer energy more often
            row, drawn, atom = np.searchsorted(energies, energy) - 1, rng.random(), 0
            while drawn > chances[row, atom]:
                atom += 1
            y = np.interp(rng.random(), shares, flat[atom, node])
            a = screening[atom, node]
            turn = 1 - 2 * a * y / (1 + a - y)
            across = np.sqrt(max((1 - turn * turn) * (1 - cosine * cosine), 0.0))
            cosine = turn * cosine + across * np.cos(2 * np.pi * rng.random())
    return back / electrons


def full_tables(folder: Path, z: int, smooth: bool) -> tuple[np.ndarray, ...]:
    """Return σ in cm², the shares, y at them and the screening of one element."""
    sigma, x = read_element(folder, z)
    a = 0.5 * x[:, 100] / np.maximum(0.5 - x[:, 100], 0.01)
    y = x * (1 + a[:, None]) / (x + a[:, None])
    shares = np.linspace(0, 1, 201)
    if smooth:
        tail = np.linspace(0.995, 1, TAIL + 1)[1:]
        ends = np.empty((61, TAIL))
        for i in range(61):
            steps = np.linspace(y[i, -2], 1, 1001)
            ends[i] = np.interp(tail, PchipInterpolator(y[i], shares)(steps), steps)
        shares, y = np.append(shares[:-1], tail), np.hstack([y[:, :-1], ends])
    return sigma * A0_CM**2, shares, y, a


def plain(folder: Path, name: str, kev: float, smooth: bool, electrons: int) -> float:
    """Return a backscatter coefficient from all of the source's tables."""
    target = material(name)
    energies = np.geomspace(0.05, kev, 4000)
    held = [full_tables(folder, int(z), smooth) for z in target.atomic_numbers]
    rates = np.array(
        [
            w * 6.02214076e23 / ATOMIC_WEIGHTS[z]
            * np.exp(np.interp(np.log(energies), np.log(NODES), np.log(part[0])))
            for z, w, part in zip(target.atomic_numbers, target.mass_fractions, held, strict=True)
        ]
    )  # fmt: skip
    loss = joy_luo(target, energies)
    ranges = cumulative_trapezoid(1 / loss, energies, initial=0)
    depths = cumulative_trapezoid(rates.sum(axis=0) / loss, energies, initial=0)
    chances = (np.cumsum(rates, axis=0) / rates.sum(axis=0)).T.copy()
    chances[:, -1] = 1
    flat, screening = (np.array([part[i] for part in held]) for i in (2, 3))
    rng = np.random.default_rng(1 + smooth)
    return share_back(
        electrons, rng, energies, depths, ranges, chances, held[0][1], flat, screening
    )


def main() -> None:
    """Print coefficients and differences."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--electrons", type=int, default=400_000)
    parser.add_argument("--targets", nargs="+", default=TARGETS)
    options = parser.parse_args()
    print("target, keV: all of SRD 64, with a chord to 180°, compact; compact - all; error")
    for name in options.targets:
        for kev in ENERGIES_KEV:
            exact, chord = (
                plain(options.folder, name, kev, smooth, options.electrons)
                for smooth in (True, False)
            )
            ours = backscatter(material(name), kev, electrons=10 * options.electrons, seed=5)
            error = np.sqrt(11) * ours.standard_error
            print(
                f"{name:12s} {kev:4g}: {exact:.4f} {chord:.4f} {ours.coefficient:.4f};"
                f" {ours.coefficient - exact:+.4f}; {error:.4f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
