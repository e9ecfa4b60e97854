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

from napari_npm.core._mott import mott_screening, screened_deflection, screened_share

TARGET = Path(__file__).parents[1] / "src" / "napari_npm" / "data" / "mott" / "srd64.npz"
ELEMENTS, ENERGIES, QUANTILES = 92, 61, 201

# Probabilities that are kept of the tables' steps of 0.5 %: all where deflections are large, fewer
# where they are small; and in the last step, which leads up to 180°, what a smooth density gives.
SHARES = np.unique(
    np.round(
        np.concatenate(
            [
                [0, 0.005, 0.01],
                np.arange(0.02, 0.6, 0.02),
                np.arange(0.6, 0.9, 0.01),
                np.arange(0.9, 0.995, 0.005),
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


def at_shares(x: np.ndarray) -> np.ndarray:
    """Return x at the probabilities that are kept, from its 201 equal steps."""
    own = np.linspace(0, 1, QUANTILES)
    a = mott_screening(x[:, QUANTILES // 2])
    kept = np.empty((ENERGIES, SHARES.size))
    for at in range(ENERGIES):
        y = screened_share(a[at], x[at])
        # A smooth density: u as a monotone cubic of y, continued through the last step.
        steps = np.union1d(y, np.linspace(y[-2], 1, 1001))
        smooth = np.interp(SHARES, PchipInterpolator(y, own)(steps), steps)
        kept[at] = screened_deflection(a[at], smooth)
    return kept


def differences(x: np.ndarray) -> np.ndarray:
    """Return sin(θ/2) as 16-bit integers, differenced over energies and shares to pack well."""
    levels = np.round(65535 * np.sqrt(x)).astype(np.int32)
    steps = np.diff(np.diff(levels, axis=1, prepend=0), axis=2, prepend=0)
    assert np.abs(steps).max() < 2**15
    return steps.astype(np.int16)


def main() -> None:
    """Read the database and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="folder of SRD 64's files E01.D64 to E92.D64")
    folder = parser.parse_args().folder
    pairs = [read_element(folder, z) for z in range(1, ELEMENTS + 1)]
    TARGET.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(
        TARGET,
        energy_kev=np.geomspace(0.05, 20, ENERGIES),
        share=SHARES,
        cross_section_a0=np.stack([sigma for sigma, _ in pairs]).astype(np.float32),
        sine_half=differences(np.stack([at_shares(x) for _, x in pairs])),
        source=np.array("NIST SRD 64, doi:10.18434/T4NK50"),
    )
    print(f"{TARGET.name}: {TARGET.stat().st_size / 1e3:.0f} kB")


if __name__ == "__main__":
    main()
