"""What transport reads: range, optical depth and deflections of one material at one beam energy."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ._elastic import ElasticModel, elastic_model
from ._elements import ATOMIC_WEIGHTS
from ._stopping import joy_luo
from .materials import Material

AVOGADRO = 6.02214076e23
END_KEV = 0.05  # electrons are followed down to this energy

# The table of deflections has a column for each range of a number t drawn evenly from 64 to 65599:
# 64 columns an octave, so large deflections, which are rare, are resolved as well as small ones.
# Column 0 is the largest; which one t is in shows in the bits of t as a single-precision number.
FIRST = 64
DRAWS = 65536
_EDGES = np.append(np.ldexp(np.arange(64, 128), np.arange(10)[:, None]).ravel(), [65536, 65600])
WIDTHS = np.diff(_EDGES).astype(np.int64)
COLUMNS = WIDTHS.size
NODES = 32  # 16 would do: eta and the mean energy then change by less than 1e-4 and 4e-4
_ENERGIES = 2000
_POINTS = 1024

# Deflections x where the distributions of the atoms are added: fine near forward and backward.
_X = np.unique(np.concatenate([[0.0], np.geomspace(1e-7, 1.0, 1200), np.linspace(0.0, 1.0, 301)]))

Array = NDArray[np.float64]


@dataclass(frozen=True)
class TransportTables:
    """Tables over the optical depth τ, the collisions to come before the electron is stopped.

    Parameters
    ----------
    full_range : float
        Path in g/cm² from the beam's energy to 50 eV; the unit of lengths.
    optical_depth : float
        τ at the beam's energy.
    ranges : ndarray of float32, (points + 2,)
        Range left at equal steps of τ from 0; the last is there to be read, not used.
    deflections : ndarray of float32, ((nodes + 2) * COLUMNS,)
        At equal steps of τ from 0, the mean of x = sin²(θ/2) over each column's share of
        probability, ``WIDTHS / DRAWS``, from the largest down.
    energies : ndarray of float32, (points + 1,)
        Energy over the beam's at equal steps of range from 0.
    """

    full_range: float
    optical_depth: float
    ranges: NDArray[np.float32]
    deflections: NDArray[np.float32]
    energies: NDArray[np.float32]


def make_tables(
    material: Material,
    energy_kev: float,
    elastic: str = "mott",
    ionisation: str = "joy",
    *,
    k: float | None = None,
    nodes: int = NODES,
) -> TransportTables:
    """Return the tables of a material.

    Parameters
    ----------
    material : Material
        What is hit.
    energy_kev : float
        Energy of the beam in keV.
    elastic, ionisation : str
        Models: see `napari_npm.core.scattering.backscatter`.
    k : float, optional
        One value for all elements in Joy and Luo's formula, in place of their own.
    nodes : int
        Steps of τ at which deflections are tabulated.

    Returns
    -------
    TransportTables
        Deflections of all atoms in one table, in proportion to how often each atom is hit.
    """
    model = elastic_model(elastic)
    energy = np.geomspace(END_KEV, energy_kev, _ENERGIES)
    stopping = joy_luo(material, energy, ionisation, k)
    rate = sum(_rates(model, material, energy))
    ranges, depths = _integral(1 / stopping, energy), _integral(rate / stopping, energy)
    tau = np.linspace(0.0, depths[-1], _POINTS + 1)
    left = np.interp(tau, depths, ranges / ranges[-1])
    shares = np.linspace(0.0, 1.0, _POINTS * 4 + 1)
    at_nodes = np.interp(np.linspace(0.0, depths[-1], nodes + 1), depths, energy)
    rows = [_deflections(model, material, float(e)) for e in at_nodes]
    return TransportTables(
        full_range=float(ranges[-1]),
        optical_depth=float(depths[-1]),
        ranges=np.append(left, left[-1]).astype(np.float32),
        deflections=np.concatenate([*rows, rows[-1]]).astype(np.float32),
        energies=np.interp(shares, ranges / ranges[-1], energy / energy_kev).astype(np.float32),
    )


def _rates(model: ElasticModel, material: Material, energy: Array) -> list[Array]:
    """Return the collisions per g/cm² with each element of a material."""
    return [
        weight * AVOGADRO / ATOMIC_WEIGHTS[z] * model.cross_section(int(z), energy)
        for z, weight in zip(material.atomic_numbers, material.mass_fractions, strict=True)
    ]


def _integral(values: Array, energy: Array) -> Array:
    """Return the integral over energy from its first value to each, by trapezes in ln E."""
    slope = values * energy
    pieces = 0.5 * (slope[1:] + slope[:-1]) * np.diff(np.log(energy))
    return np.concatenate([[0.0], np.cumsum(pieces)])


def _deflections(model: ElasticModel, material: Material, energy_kev: float) -> Array:
    """Return the mean deflection in each column."""
    rates = np.array(_rates(model, material, np.array([energy_kev])))[:, 0]
    below = np.zeros_like(_X)
    for z, rate in zip(material.atomic_numbers, rates / rates.sum(), strict=True):
        below += rate * model.cumulative(int(z), energy_kev, _X)
    below = np.maximum.accumulate(below) / below[-1]
    total = np.concatenate([[0.0], np.cumsum(0.5 * (_X[1:] + _X[:-1]) * np.diff(below))])
    edges = np.interp(1.0 - (_EDGES - FIRST) / DRAWS, below, total)
    means: Array = -np.diff(edges) * DRAWS / WIDTHS
    return means
