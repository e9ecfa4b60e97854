"""Elastic scattering of electrons by atoms: how often, and through what angles.

Deflections are written as x = sin²(θ/2) = (1 - cos θ) / 2, from 0 (forward) to 1 (backward).
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ._mott import (
    mott_cross_section,
    mott_deflection,
    mott_share,
    screened_deflection,
    screened_share,
)
from .errors import NpmError

Array = NDArray[np.float64]


class ElasticModel(ABC):
    """A cross section and a distribution of deflections, for every element and energy."""

    @abstractmethod
    def cross_section(self, z: int, energy_kev: ArrayLike) -> Array:
        """Return the total elastic cross section in cm² at energies in keV."""

    @abstractmethod
    def deflection(self, z: int, energy_kev: float, u: ArrayLike) -> Array:
        """Return x below which a share ``u`` of the deflections at an energy in keV lies."""

    @abstractmethod
    def cumulative(self, z: int, energy_kev: float, x: ArrayLike) -> Array:
        """Return the share of deflections at an energy in keV that are below ``x``."""


class Rutherford(ElasticModel):
    """Screened Rutherford scattering: see D. C. Joy, Monte Carlo Modeling (1995), section 3.2.

    Far from the truth for heavy elements; kept because published engines can be held against it.
    """

    def cross_section(self, z: int, energy_kev: ArrayLike) -> Array:
        """Return the total elastic cross section in cm² at energies in keV."""
        e = np.asarray(energy_kev, dtype=np.float64)
        alpha = _screening(z, e)
        relativity = ((e + 511.0) / (e + 1022.0)) ** 2
        return np.asarray(5.21e-21 * (z / e) ** 2 * 4 * np.pi / (alpha * (1 + alpha)) * relativity)

    def deflection(self, z: int, energy_kev: float, u: ArrayLike) -> Array:
        """Return x below which a share ``u`` of the deflections at an energy in keV lies."""
        return screened_deflection(_screening(z, np.float64(energy_kev)), u)

    def cumulative(self, z: int, energy_kev: float, x: ArrayLike) -> Array:
        """Return the share of deflections at an energy in keV that are below ``x``."""
        return screened_share(_screening(z, np.float64(energy_kev)), x)


class Browning(ElasticModel):
    """A fit to Mott scattering: R. Browning et al., J. Appl. Phys. 76 (1994) 2016.

    Valid from 0.1 to 30 keV (doi:10.1063/1.357669).
    """

    def cross_section(self, z: int, energy_kev: ArrayLike) -> Array:
        """Return the total elastic cross section in cm² at energies in keV."""
        e = np.asarray(energy_kev, dtype=np.float64)
        power = z**1.7
        lessened = e + 0.005 * power * np.sqrt(e) + 0.0007 * z**2 / np.sqrt(e)
        return np.asarray(3.0e-18 * power / lessened)

    def deflection(self, z: int, energy_kev: float, u: ArrayLike) -> Array:
        """Return x below which a share ``u`` of the deflections at an energy in keV lies."""
        # The two parts' shares add to u at the root of p (1 + a) x / (x + a) + (1 - p) x = u.
        p, a = self._parts(z, energy_kev)
        u = np.asarray(u, dtype=np.float64)
        half = 0.5 * (p * (1 + a) + (1 - p) * a - u)
        root = np.sqrt(half * half + (1 - p) * a * u)
        # Of the two forms of the root the one that does not cancel.
        with np.errstate(invalid="ignore", divide="ignore"):
            x = np.where(half > 0, a * u / (half + root), (root - half) / (1 - p))
        return np.clip(x, 0.0, 1.0)

    def cumulative(self, z: int, energy_kev: float, x: ArrayLike) -> Array:
        """Return the share of deflections at an energy in keV that are below ``x``."""
        p, a = self._parts(z, energy_kev)
        return np.asarray(p * screened_share(a, x) + (1 - p) * np.asarray(x, dtype=np.float64))

    @staticmethod
    def _parts(z: int, energy_kev: float) -> tuple[np.float64, np.float64]:
        """Return the share of screened scattering (the rest is isotropic) and its screening."""
        e = np.float64(energy_kev)
        ratio = 300.0 * e ** (1 - z / 2000) / z + z**3 / (3e5 * e)
        return ratio / (1 + ratio), 7e-3 / e


class Mott(ElasticModel):
    """Mott cross sections of NIST SRD 64, from the compact table of this package."""

    def cross_section(self, z: int, energy_kev: ArrayLike) -> Array:
        """Return the total elastic cross section in cm² at energies in keV."""
        return mott_cross_section(z, energy_kev)

    def deflection(self, z: int, energy_kev: float, u: ArrayLike) -> Array:
        """Return x below which a share ``u`` of the deflections at an energy in keV lies."""
        return mott_deflection(z, energy_kev, u)

    def cumulative(self, z: int, energy_kev: float, x: ArrayLike) -> Array:
        """Return the share of deflections at an energy in keV that are below ``x``."""
        return mott_share(z, energy_kev, x)


ELASTIC: Mapping[str, ElasticModel] = MappingProxyType(
    {"mott": Mott(), "browning": Browning(), "rutherford": Rutherford()}
)


def elastic_model(name: str) -> ElasticModel:
    """Return the elastic model of a name; `NpmError` if there is none."""
    if name not in ELASTIC:
        raise NpmError(f"There is no elastic model {name!r}; choose one of {', '.join(ELASTIC)}.")
    return ELASTIC[name]


def _screening(z: int, energy: Array | np.float64) -> Array:
    return np.asarray(3.4e-3 * z**0.67 / energy)
