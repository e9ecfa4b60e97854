"""Published fits of the backscatter coefficient of elements, for docs/make_physics.py."""

import numpy as np


def hunger_kuchler(z: np.ndarray, kev: float) -> np.ndarray:
    """H.-J. Hunger and L. Küchler, phys. stat. sol. (a) 56 (1979) K45; 4 to 40 keV."""
    log = np.log(z)
    polynomial = 0.1904 - 0.2236 * log + 0.1292 * log**2 - 0.01491 * log**3
    return kev ** (0.1382 - 0.9211 / np.sqrt(z)) * polynomial


def love_scott(z: np.ndarray, kev: float) -> np.ndarray:
    """G. Love and V. D. Scott, J. Phys. D 11 (1978) 1369."""
    at20 = 1e-4 * (-52.3791 + 150.48371 * z - 1.67373 * z**2 + 0.00716 * z**3)
    slope = 1e-4 * (-1112.8 + 30.289 * z - 0.15498 * z**2)
    return at20 * (1 + slope * np.log(kev / 20))


def reuter(z: np.ndarray, kev: float) -> np.ndarray:  # noqa: ARG001 - the same at every energy
    """W. Reuter, 6th International Conference on X-ray Optics and Microanalysis (1972) 121."""
    return -0.0254 + 0.016 * z - 1.86e-4 * z**2 + 8.3e-7 * z**3


FORMULAS = {"Hunger-Küchler": hunger_kuchler, "Love-Scott": love_scott, "Reuter": reuter}
