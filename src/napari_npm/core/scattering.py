"""How many electrons a material sends back: Monte Carlo of a bulk target under an electron beam.

The target is homogeneous and fills the half space under the surface; lengths are mass depths, so
densities do not matter. Electrons are followed one by one from collision to collision, slowing
down continuously between them, until they leave or are down to 50 eV. Valid where the material is
mixed on a scale well below the depth that electrons sample.
"""

import os
from collections.abc import Sequence
from functools import partial

import numpy as np

from ._backscatter import Backscatter as Backscatter
from ._backscatter import Signal as Signal
from ._backscatter import SimulatedResponse as SimulatedResponse
from ._electrons import BATCH, run_electrons, run_to_error
from ._tables import make_tables
from .errors import NpmError
from .materials import Material
from .progress import Progress, silent

ENERGY_KEV = (1.0, 30.0)
"""Energies of the beam that the models hold for."""

_FEWEST = 1000
_FINEST = 1e-5
_STEEPEST_DEG = 80.0
_CONTRAST = 0.01  # least rise of the coefficient from binder to metal that a curve is made of


def backscatter(
    material: Material,
    energy_kev: float = 5.0,
    *,
    standard_error: float | None = None,
    electrons: int | None = None,
    seed: int = 0,
    elastic: str = "mott",
    ionisation: str = "joy",
    tilt_deg: float = 0.0,
    threads: int | None = None,
    progress: Progress = silent,
) -> Backscatter:
    """Simulate a bulk target under an electron beam.

    Parameters
    ----------
    material : Material
        The target.
    energy_kev : float
        Energy of the beam, 1 to 30 keV.
    standard_error : float, optional
        Standard error of η to be reached; 5e-4 if neither this nor ``electrons`` is given.
    electrons : int, optional
        Electrons of the beam, at least 1000.
    seed : int
        The same seed gives the same result to the last bit, with any number of threads.
    elastic : {"mott", "browning", "rutherford"}
        Elastic scattering: tables of NIST SRD 64; the fit of Browning et al. 1994
        (doi:10.1063/1.357669); screened Rutherford, which is wrong for heavy elements.
    ionisation : {"joy", "berger-seltzer", "sternheimer"}
        Mean ionisation potentials in the stopping power of Joy and Luo
        (doi:10.1002/sca.4950110404).
    tilt_deg : float
        Angle between the beam and the surface's normal, 0 to 80 degrees.
    threads : int, optional
        Threads to use; as many as there are cores by default.
    progress : Progress
        Called after each batch of 65,536 electrons.

    Returns
    -------
    Backscatter

    Raises
    ------
    NpmError
        If an argument is out of its range.
    """
    _check(energy_kev, standard_error, electrons, seed, tilt_deg, threads)
    tables = make_tables(material, energy_kev, elastic, ionisation)
    run = partial(run_electrons, tables, seed, tilt_deg, threads or os.cpu_count() or 1, progress)
    counts = run_to_error(run, standard_error or 5e-4) if electrons is None else run(0, electrons)
    counts.spectrum.setflags(write=False)
    back = max(int(counts.spectrum.sum()), 1)
    return Backscatter(
        material, energy_kev, tilt_deg, elastic, ionisation, seed, counts.electrons,
        counts.collisions, counts.spectrum, 1e6 * tables.full_range * counts.depth / back,
    )  # fmt: skip


def response_curve(
    binder: Material,
    metal: Material,
    energy_kev: float = 5.0,
    *,
    porosities: Sequence[float] | None = None,
    standard_error: float | None = None,
    electrons: int | None = None,
    seed: int = 0,
    elastic: str = "mott",
    ionisation: str = "joy",
    tilt_deg: float = 0.0,
    threads: int | None = None,
    progress: Progress = silent,
) -> SimulatedResponse:
    """Simulate a binder whose pores hold more and more metal.

    Parameters
    ----------
    binder, metal : Material
        With their densities.
    porosities : sequence of float, optional
        Volume fractions of metal, rising from 0 to 1; 0, 0.05, ... 1 by default.
    energy_kev, standard_error, electrons, seed, elastic, ionisation, tilt_deg, threads
        As in `backscatter`; each point has random numbers of its own (see `point_seed`).
    progress : Progress
        Called after each point.

    Returns
    -------
    SimulatedResponse

    Raises
    ------
    NpmError
        If an argument is out of its range, or the metal sends back no more electrons than the
        binder, so that brightness would not tell how much metal there is.
    """
    n = np.linspace(0.0, 1.0, 21) if porosities is None else np.asarray(porosities, dtype=float)
    if n.ndim != 1 or n.size < 2 or n[0] != 0 or n[-1] != 1 or not np.all(np.diff(n) > 0):
        raise NpmError(
            "The porosities of a response curve must rise from 0 (binder alone) to 1 (metal alone)."
        )
    _check(energy_kev, standard_error, electrons, seed, tilt_deg, threads)
    one = partial(
        backscatter, energy_kev=energy_kev, elastic=elastic, ionisation=ionisation,
        tilt_deg=tilt_deg, threads=threads,
    )  # fmt: skip
    mixtures = [Material.mixture(binder, metal, float(value)) for value in n]
    ends = [one(end, electrons=BATCH, seed=seed).coefficient for end in (binder, metal)]
    if ends[1] - ends[0] < _CONTRAST:
        raise NpmError(
            f"{metal.name} sends back {100 * ends[1]:.1f} % of the electrons and {binder.name} "
            f"{100 * ends[0]:.1f} %, so brightness does not rise with the metal in the pores; take "
            "a metal of higher mean atomic number."
        )
    points = []
    for i, (value, mixture) in enumerate(zip(n, mixtures, strict=True)):
        points.append(
            one(
                mixture,
                standard_error=standard_error,
                electrons=electrons,
                seed=point_seed(seed, float(value)),
            )
        )
        progress(i + 1, n.size, f"n = {value:g}", {"eta": points[-1].coefficient})
    return SimulatedResponse(binder, metal, tuple(n.tolist()), tuple(points))


def point_seed(seed: int, porosity: float) -> int:
    """Return the seed of one point of a response curve, whatever other points there are.

    Parameters
    ----------
    seed : int
        Of the curve.
    porosity : float
        Volume fraction of metal.

    Returns
    -------
    int
        For `backscatter`, so that the points' errors are independent.
    """
    return int(np.random.SeedSequence([seed, round(porosity * 1e9)]).generate_state(1)[0])


def _check(
    energy_kev: float,
    standard_error: float | None,
    electrons: int | None,
    seed: int,
    tilt_deg: float,
    threads: int | None,
) -> None:
    """Raise `NpmError` for an argument out of its range."""
    low, high = ENERGY_KEV
    if not low <= energy_kev <= high:
        raise NpmError(
            f"The beam's energy is {energy_kev:g} keV; give one from {low:g} to {high:g} keV."
        )
    if standard_error is not None and electrons is not None:
        raise NpmError("Give the standard error to be reached or the electrons, not both.")
    if electrons is not None and not electrons >= _FEWEST:
        raise NpmError(
            f"{electrons} electrons are too few to tell anything; give {_FEWEST} or more."
        )
    if standard_error is not None and not _FINEST <= standard_error <= 0.05:
        raise NpmError(
            f"The standard error is {standard_error:g}; give one from {_FINEST:g} to 0.05."
        )
    if seed < 0:
        raise NpmError(f"The seed is {seed}; give a whole number from 0.")
    if not 0 <= tilt_deg <= _STEEPEST_DEG:
        raise NpmError(
            f"The beam is tilted by {tilt_deg:g} degrees; give an angle from 0 to "
            f"{_STEEPEST_DEG:g} degrees."
        )
    if threads is not None and threads < 1:
        raise NpmError(f"The number of threads is {threads}; give 1 or more.")
