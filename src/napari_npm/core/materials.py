"""What the beam hits: compositions by mass, from formulas, weights or mixtures by volume."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from ._elements import ATOMIC_WEIGHTS, atomic_number
from ._formula import count_atoms, read_weights
from .errors import NpmError

_SUM_TOLERANCE = 0.005  # weights may be off by rounding, not by a forgotten element


@dataclass(frozen=True)
class Material:
    """A homogeneous material.

    Parameters
    ----------
    name : str
        What it is called in reports.
    weights : tuple of (str, float)
        Chemical symbols and mass fractions, by rising atomic number; they sum to 1.
    density : float or None
        In g/cm³. Backscattering does not depend on it; mixing by volume does.
    """

    name: str
    weights: tuple[tuple[str, float], ...]
    density: float | None = None

    def __post_init__(self) -> None:
        if self.density is not None and not (math.isfinite(self.density) and self.density > 0):
            raise NpmError(
                f"The density of {self.name!r} is {self.density:g}; give a positive one in g/cm³."
            )

    @property
    def atomic_numbers(self) -> NDArray[np.int64]:
        """The atomic numbers of its elements, rising."""
        return np.array([atomic_number(symbol) for symbol, _ in self.weights], dtype=np.int64)

    @property
    def mass_fractions(self) -> NDArray[np.float64]:
        """The mass fractions of its elements, in the order of `atomic_numbers`."""
        return np.array([weight for _, weight in self.weights], dtype=np.float64)

    @classmethod
    def from_formula(
        cls, formula: str, *, density: float | None = None, name: str | None = None
    ) -> "Material":
        """Return the material of a chemical formula.

        Parameters
        ----------
        formula : str
            Such as ``"(CaO)1.7(SiO2)(H2O)4"`` or ``"CaSO4·2H2O"``: brackets may be nested, numbers
            may be decimal, and a raised dot (or ``*``) sets parts side by side.
        density : float, optional
            In g/cm³.
        name : str, optional
            The formula if left out.

        Returns
        -------
        Material
            Its mass fractions, with IUPAC's standard atomic weights.

        Raises
        ------
        NpmError
            If the formula cannot be read or holds an unknown element.
        """
        atoms = count_atoms(formula)
        masses = {
            symbol: count * ATOMIC_WEIGHTS[atomic_number(symbol)] for symbol, count in atoms.items()
        }
        return _of_masses(name or formula.strip(), masses, density)

    @classmethod
    def from_weights(
        cls, weights: Mapping[str, float], *, density: float | None = None, name: str | None = None
    ) -> "Material":
        """Return the material with given mass fractions.

        Parameters
        ----------
        weights : mapping of str to float
            Mass fraction of each element, as fractions that sum to 1 or as per cent.
        density : float, optional
            In g/cm³.
        name : str, optional
            The weights in per cent if left out.

        Returns
        -------
        Material
            The weights scaled to sum exactly to 1.

        Raises
        ------
        NpmError
            If an element is unknown, a weight is negative, or the sum is neither 1 nor 100
            within 0.5 %.
        """
        for symbol, weight in weights.items():
            atomic_number(symbol)
            if not (math.isfinite(weight) and weight >= 0):
                raise NpmError(
                    f"The weight of {symbol} is {weight:g}; give 0 or a positive number."
                )
        total = sum(weights.values())
        if not any(abs(total / whole - 1) <= _SUM_TOLERANCE for whole in (1.0, 100.0)):
            raise NpmError(
                f"The weights sum to {total:g}; they must sum to 1 (fractions) or 100 (per cent)."
            )
        if name is None:
            name = " ".join(f"{s} {100 * w / total:.4g}" for s, w in weights.items() if w > 0)
        return _of_masses(name, weights, density)

    @staticmethod
    def mixture(binder: "Material", metal: "Material", n: float) -> "Material":
        """Return the mixture of a binder and a metal that fills a volume fraction of it.

        The metal's mass fraction is w = ρm n / (ρm n + ρb (1 - n)).

        Parameters
        ----------
        binder, metal : Material
            Both with their densities.
        n : float
            Volume fraction of metal, the equivalent porosity, from 0 to 1.

        Returns
        -------
        Material
            With its density.

        Raises
        ------
        NpmError
            If a density is missing or ``n`` is outside [0, 1].
        """
        if not 0 <= n <= 1:
            raise NpmError(f"The volume fraction of metal is {n:g}; give a number from 0 to 1.")
        heavy, light = _density(metal) * n, _density(binder) * (1 - n)
        if n in (0, 1):
            return metal if n else binder
        density = heavy + light
        share = heavy / density
        masses = {symbol: (1 - share) * weight for symbol, weight in binder.weights}
        for symbol, weight in metal.weights:
            masses[symbol] = masses.get(symbol, 0.0) + share * weight
        return _of_masses(f"{binder.name} with {100 * n:.4g} vol% {metal.name}", masses, density)


def material(text: str, density: float | None = None) -> Material:
    """Return the material that a user named.

    Parameters
    ----------
    text : str
        A name in `MATERIALS` (in any case), a formula such as ``"(CaO)1.7(SiO2)(H2O)4"``, or mass
        fractions such as ``"Bi 32.5 In 51 Sn 16.5"``. The names come first: ``"C3S"`` is the
        clinker phase, not a compound of carbon and sulphur.
    density : float, optional
        In g/cm³, in place of the ready-made material's own.

    Returns
    -------
    Material
        With the density where it is known.

    Raises
    ------
    NpmError
        If the text is none of the three.
    """
    known = MATERIALS.get(text.strip().lower().replace(" ", "-").replace("'", ""))
    if known is not None:
        return known if density is None else replace(known, density=density)
    weights = read_weights(text)
    if weights is not None:
        return Material.from_weights(weights, density=density)
    try:
        return Material.from_formula(text, density=density)
    except NpmError as error:
        raise NpmError(
            f"{str(error).rstrip('.')}; or name a material: {', '.join(MATERIALS)}."
        ) from error


def _density(part: Material) -> float:
    if part.density is None:
        raise NpmError(f"{part.name!r} has no density; give one in g/cm³ to mix it by volume.")
    return part.density


def _of_masses(name: str, masses: Mapping[str, float], density: float | None) -> Material:
    """Return the material of masses in any unit, with zeros left out."""
    total = sum(masses.values())
    present = sorted((s for s, mass in masses.items() if mass > 0), key=atomic_number)
    return Material(name, tuple((s, masses[s] / total) for s in present), density)


def _ready(name: str, formula: str, density: float) -> Material:
    return Material.from_formula(formula, density=density, name=name)


# Composition and density as in the paper that this method follows; molar ratio C/S 1.7.
CSH = _ready("C-S-H", "(CaO)1.7(SiO2)(H2O)4", 2.12)
FIELDS_METAL = Material.from_weights(
    {"Bi": 32.5, "In": 51.0, "Sn": 16.5}, density=7.88, name="Field's metal"
)
# The eutectic sold as Cerrobend or alloy 158; suppliers give 0.339 lb/in³.
WOODS_METAL = Material.from_weights(
    {"Bi": 50.0, "Pb": 26.7, "Sn": 13.3, "Cd": 10.0}, density=9.38, name="Wood's metal"
)
GALLIUM = _ready("gallium", "Ga", 5.91)  # CRC Handbook, solid at 25 °C
# Clinker and hydrates: H. F. W. Taylor, Cement Chemistry (doi:10.1680/cc.25929).
C3S = _ready("C3S", "Ca3SiO5", 3.15)
C2S = _ready("C2S", "Ca2SiO4", 3.28)
CH = _ready("CH", "Ca(OH)2", 2.24)
QUARTZ = _ready("quartz", "SiO2", 2.65)  # CRC Handbook
CALCITE = _ready("calcite", "CaCO3", 2.71)  # CRC Handbook
# Bisphenol A diglycidyl ether, the resin before hardening; data sheets give 1.16.
EPOXY = _ready("epoxy", "C21H24O4", 1.16)

MATERIALS: Mapping[str, Material] = MappingProxyType(
    {
        "csh": CSH,
        "fields-metal": FIELDS_METAL,
        "woods-metal": WOODS_METAL,
        "gallium": GALLIUM,
        "c3s": C3S,
        "c2s": C2S,
        "ch": CH,
        "quartz": QUARTZ,
        "calcite": CALCITE,
        "epoxy": EPOXY,
    }
)
