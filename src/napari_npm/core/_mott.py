"""Mott scattering of every element: a compact table derived from NIST SRD 64.

At each energy the table keeps the total cross section and quantiles of x = sin²(θ/2). Between
quantiles y = x (1 + a) / (x + a) is linear in the share u, with a such that the median of y is
1/2: screened Rutherford scattering has y = u, so y stays near the straight line, whereas steps
straight in x or the angle inflate the rare large angles. Between energies ln σ, ln a and y at
equal u are linear in ln E. Above 20 keV, where SRD 64 ends, σ and a go on as for screened
Rutherford scattering and y stays as it is; below 50 eV the values at 50 eV are used.
"""

from functools import cache
from importlib import resources
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]

_BOHR_CM = 5.29177210903e-9
_REST_KEV = 510.99895


_SCREENING_LIMIT = 10.0  # near a median at right angles, where y and x become the same


class _Table(NamedTuple):
    energy_kev: Array  # (energies,)
    share: Array  # (shares,) from 0 to 1
    cross_section: Array  # (92, energies) in cm²
    screening: Array  # (92, energies): a
    flattened: Array  # (92, energies, shares): y


@cache
def _table() -> _Table:
    path = resources.files("napari_npm") / "data" / "mott" / "srd64.npz"
    with path.open("rb") as stream, np.load(stream, allow_pickle=False) as held:
        energy, share = held["energy_kev"], held["share"]
        sigma = held["cross_section_a0"] * _BOHR_CM**2
        levels = held["sine_half"].cumsum(axis=2, dtype=np.int32).cumsum(axis=1, dtype=np.int32)
    x = (levels / 65535.0) ** 2
    a = mott_screening(x[..., np.searchsorted(share, 0.5)])
    return _Table(energy, share, sigma, a, screened_share(a[..., None], x))


def mott_screening(median: ArrayLike) -> Array:
    """Return the screening a of the Rutherford law that has a given median of x."""
    half = np.minimum(median, 0.5 / (1 + 0.5 / _SCREENING_LIMIT))
    return np.asarray(0.5 * half / (0.5 - half))


def mott_energies_kev() -> Array:
    """Return the energies of the table in keV, rising."""
    return _table().energy_kev.copy()


def mott_shares() -> Array:
    """Return the cumulative probabilities that the table holds deflections at, from 0 to 1."""
    return _table().share.copy()


def mott_cross_section(z: int, energy_kev: ArrayLike) -> Array:
    """Return the total elastic cross section of an element in cm² at energies in keV."""
    table = _table()
    energy = np.asarray(energy_kev, dtype=np.float64)
    top = table.energy_kev[-1]
    inside = np.log(np.clip(energy, table.energy_kev[0], top))
    log = np.interp(inside, np.log(table.energy_kev), np.log(table.cross_section[z - 1]))
    beyond = _momentum2(top) / _momentum2(np.maximum(energy, top))
    faster = (np.maximum(energy, top) + _REST_KEV) / (top + _REST_KEV)
    return np.asarray(np.exp(log) * beyond * faster**2)


def mott_deflection(z: int, energy_kev: float, u: ArrayLike) -> Array:
    """Return x = sin²(θ/2) below which a share ``u`` of the deflections of an element lies."""
    a, y = _at(z, energy_kev)
    return screened_deflection(a, np.interp(np.asarray(u), _table().share, y))


def mott_share(z: int, energy_kev: float, x: ArrayLike) -> Array:
    """Return the share of deflections of an element below x = sin²(θ/2): undoes the above."""
    a, y = _at(z, energy_kev)
    return np.asarray(np.interp(screened_share(a, x), y, _table().share))


def screened_deflection(a: ArrayLike, y: ArrayLike) -> Array:
    """Return x below which a share y of screened Rutherford scattering lies."""
    a, y = np.asarray(a, dtype=np.float64), np.asarray(y, dtype=np.float64)
    return np.asarray(a * y / (1 + a - y))


def screened_share(a: ArrayLike, x: ArrayLike) -> Array:
    """Return the share of screened Rutherford scattering below x: undoes the above."""
    a, x = np.asarray(a, dtype=np.float64), np.asarray(x, dtype=np.float64)
    return np.asarray(x * (1 + a) / (x + a))


def _at(z: int, energy_kev: float) -> tuple[float, Array]:
    """Return the screening and the quantiles of y at an energy."""
    table = _table()
    nodes = table.energy_kev
    energy = min(max(float(energy_kev), nodes[0]), nodes[-1])
    low = min(int(np.searchsorted(nodes, energy, side="right")) - 1, nodes.size - 2)
    part = np.log(energy / nodes[low]) / np.log(nodes[low + 1] / nodes[low])
    a = table.screening[z - 1, low : low + 2]
    y = table.flattened[z - 1, low : low + 2]
    screening = a[0] ** (1 - part) * a[1] ** part
    if energy_kev > energy:
        screening *= _momentum2(energy) / _momentum2(energy_kev)
    return float(screening), (1 - part) * y[0] + part * y[1]


def _momentum2(energy_kev: ArrayLike) -> Array:
    """Return the squared momentum of an electron times c², in keV²."""
    energy = np.asarray(energy_kev, dtype=np.float64)
    return np.asarray(energy * (energy + 2 * _REST_KEV))
