"""What the simulation of backscattering gives: coefficients, spectra, signals of detectors."""

import math
from dataclasses import dataclass, field
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from ._curve_file import Detector
from ._response_curve import ResponseCurve
from .errors import NpmError
from .materials import Material


@dataclass(frozen=True)
class Signal:
    """What a detector gives for each electron of the beam.

    Attributes
    ----------
    value : float
        1 if every electron came back and gave its full weight.
    standard_error : float
        Of ``value``.
    """

    value: float
    standard_error: float


@dataclass(frozen=True, eq=False)
class Backscatter:
    """Electrons that a material sent back.

    Attributes
    ----------
    material : Material
        The target.
    energy_kev, tilt_deg : float
        Energy of the beam, and its angle to the surface's normal.
    elastic, ionisation : str
        Models, as given to `backscatter`.
    seed, electrons : int
        Seed, and electrons of the beam.
    collisions : int
        Collisions that were computed.
    spectrum : ndarray of int64, shape (500,)
        Backscattered electrons in equal bins of their energy over the beam's, from 0 to 1.
    mean_depth : float
        Mean over backscattered electrons of the greatest depth each reached, in µg/cm².
    """

    material: Material
    energy_kev: float
    tilt_deg: float
    elastic: str
    ionisation: str
    seed: int
    electrons: int
    collisions: int
    spectrum: NDArray[np.int64] = field(repr=False)
    mean_depth: float

    @property
    def coefficient(self) -> float:
        """Backscatter coefficient η: the share of the beam that left with more than 50 eV."""
        return int(self.spectrum.sum()) / self.electrons

    @property
    def standard_error(self) -> float:
        """Standard error of `coefficient`."""
        return math.sqrt(self.coefficient * (1 - self.coefficient) / self.electrons)

    @property
    def mean_energy(self) -> float:
        """Mean energy of the backscattered electrons over the beam's."""
        return self.signal("energy").value / self.coefficient if self.spectrum.any() else 0.0

    def signal(self, detector: Detector = "count", threshold_kev: float = 1.0) -> Signal:
        """Return what a detector gives.

        Parameters
        ----------
        detector : {"count", "energy", "threshold"}
            ``count``: every electron counts alike, the signal is η. ``energy``: each counts by
            its energy over the beam's, as in a solid-state detector without a dead layer.
            ``threshold``: by its energy above a threshold, over the beam's, and below it not at
            all.
        threshold_kev : float
            Energy lost in the dead layer, in keV; for ``threshold`` only.

        Returns
        -------
        Signal
            For each electron of the beam. The bins of the spectrum put it off by less than 1e-5.

        Raises
        ------
        NpmError
            If there is no such detector, or the threshold is not below the beam's energy.
        """
        edges = np.linspace(0.0, 1.0, self.spectrum.size + 1)
        if detector == "count":
            weights = np.ones(self.spectrum.size)
        elif detector in get_args(Detector):
            cut = 0.0 if detector == "energy" else threshold_kev / self.energy_kev
            if not 0 <= cut < 1:
                raise NpmError(
                    f"The detector's threshold is {threshold_kev:g} keV; give 0 keV or more, "
                    f"below the beam's {self.energy_kev:g} keV."
                )
            # the mean over each bin, also over the one that the threshold cuts
            above = 0.5 * np.maximum(edges - cut, 0.0) ** 2
            weights = np.diff(above) * self.spectrum.size
        else:
            raise NpmError(
                f"There is no detector {detector!r}; choose from {', '.join(get_args(Detector))}."
            )
        value = float(self.spectrum @ weights) / self.electrons
        square = float(self.spectrum @ weights**2) / self.electrons
        return Signal(value, math.sqrt(max(square - value**2, 0.0) / self.electrons))


@dataclass(frozen=True, eq=False)
class SimulatedResponse:
    """Backscattering of a binder whose pores hold more and more metal.

    Attributes
    ----------
    binder, metal : Material
        What was mixed.
    porosity : tuple of float
        Volume fractions of metal, rising from 0 to 1.
    points : tuple of Backscatter
        One for each.
    """

    binder: Material
    metal: Material
    porosity: tuple[float, ...]
    points: tuple[Backscatter, ...]

    def curve(
        self, detector: Detector = "count", threshold_kev: float = 1.0, name: str | None = None
    ) -> ResponseCurve:
        """Return the normalised response of a detector, with its standard errors.

        Parameters
        ----------
        detector, threshold_kev
            As in `Backscatter.signal`.
        name : str, optional
            The materials and the voltage if left out.

        Returns
        -------
        ResponseCurve

        Raises
        ------
        NpmError
            If the signal does not rise from each point to the next.
        """
        first = self.points[0]
        signals = [point.signal(detector, threshold_kev) for point in self.points]
        values = [signal.value for signal in signals]
        for i, rise in enumerate(np.diff(values)):
            if rise <= 0:
                raise NpmError(
                    f"The signal of {self.binder.name} with {self.metal.name} does not rise from "
                    f"n = {self.porosity[i]:g} to {self.porosity[i + 1]:g}: ask for a smaller "
                    "standard error or fewer points, or take a metal of higher atomic number."
                )
        return ResponseCurve.from_signal(
            name or f"{self.binder.name} and {self.metal.name}, {first.energy_kev:g} kV",
            f"Monte Carlo, {first.elastic} scattering, {first.ionisation} ionisation potentials",
            self.porosity,
            values,
            [signal.standard_error for signal in signals],
        )
