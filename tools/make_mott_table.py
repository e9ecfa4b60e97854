"""Derive the table of Mott scattering from NIST SRD 64, the Electron Elastic-Scattering database.

Run with the folder that holds the database's files E01.D64 to E92.D64::

    .venv/bin/python tools/make_mott_table.py SRD64_FOLDER

Each file gives, at 61 energies from 50 eV to 20 keV, the total cross section in a0² and 201
quantiles of sin(θ/2) at equal steps of probability (A. Jablonski, F. Salvat, C. J. Powell, NIST
Electron Elastic-Scattering Cross-Section Database, doi:10.18434/T4NK50).
"""

import argparse
from pathlib import Path

import numpy as np
from scipy.interpolate import PchipInterpolator

TARGET = Path(__file__).parents[1] / "src" / "napari_npm" / "data" / "mott" / "srd64.npz"
ELEMENTS, ENERGIES, QUANTILES = 92, 61, 201
ENERGY_STEP = 2  # every second energy: 22 % apart
SCREENING_LIMIT = 10.0  # near a median at right angles, where x and y become the same

# Probabilities that are kept: the tables' own every 1 %, denser towards both ends, and in the last
# 0.5 %, which the tables give as one step up to 180°, what a smooth density makes of it.
SHARES = np.unique(
    np.round(
        np.concatenate(
            [
                [0, 0.005, 0.01, 0.015],
                np.arange(0.02, 0.94, 0.02),
                np.arange(0.94, 0.995, 0.005),
                [0.995, 0.996, 0.997, 0.998, 0.999, 1.0],
            ]
        ),
        6,
    )
)


def read_element(folder: Path, z: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the cross sections in a0², (61,), and the quantiles of x = sin²(θ/2), (61, 201)."""
    numbers = np.array((folder / f"E{z:02d}.D64").read_text().split(), dtype=float)
    if numbers[0] != z or numbers.size != 1 + ENERGIES * (1 + QUANTILES):
        raise SystemExit(f"E{z:02d}.D64 is not a file of SRD 64 with 61 energies.")
    blocks = numbers[1:].reshape(ENERGIES, 1 + QUANTILES)
    return blocks[:, 0], blocks[:, 1:] ** 2


def screening(x: np.ndarray) -> np.ndarray:
    """Return the screening a of the Rutherford law that has the same median."""
    median = np.minimum(x[..., QUANTILES // 2], 0.5 / (1 + 0.5 / SCREENING_LIMIT))
    return 0.5 * median / (0.5 - median)


def flatten(x: np.ndarray, a: np.ndarray) -> np.ndarray:
    """Return y = x (1 + a) / (x + a), which is u itself for screened Rutherford scattering."""
    return x * (1 + a[..., None]) / (x + a[..., None])


def at_shares(y: np.ndarray) -> np.ndarray:
    """Return y at the probabilities that are kept, from its 201 equal steps."""
    own = np.linspace(0, 1, QUANTILES)
    kept = np.empty((*y.shape[:-1], SHARES.size))
    for at in np.ndindex(y.shape[:-1]):
        # A smooth density: u as a monotone cubic of y, continued through the last step.
        dense = np.linspace(0, 1, 2001)
        steps = np.union1d(y[at], y[at][-2] + (1 - y[at][-2]) * dense)
        kept[at] = np.interp(SHARES, PchipInterpolator(y[at], own)(steps), steps)
    return kept


def main() -> None:
    """Read the database and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="folder of SRD 64's files E01.D64 to E92.D64")
    folder = parser.parse_args().folder
    pairs = [read_element(folder, z) for z in range(1, ELEMENTS + 1)]
    sigma = np.stack([pair[0] for pair in pairs])[:, ::ENERGY_STEP]
    x = np.stack([pair[1] for pair in pairs])[:, ::ENERGY_STEP]
    a = screening(x)
    TARGET.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(
        TARGET,
        energy_kev=np.geomspace(0.05, 20, ENERGIES)[::ENERGY_STEP],
        share=SHARES,
        cross_section_a0=sigma.astype(np.float32),
        screening=a.astype(np.float32),
        flattened=np.round(65535 * at_shares(flatten(x, a))).astype(np.uint16),
        source=np.array("NIST SRD 64, doi:10.18434/T4NK50"),
    )
    print(f"{TARGET.name}: {TARGET.stat().st_size / 1e3:.0f} kB")


if __name__ == "__main__":
    main()
