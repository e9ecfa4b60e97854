"""simulate: the response of the detector to porosity, by Monte Carlo (SI section 1, Fig. S1)."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_npm.core.errors import NpmError
from napari_npm.core.progress import Progress
from napari_npm.study.cautions import energy_warnings
from napari_npm.study.hashing import hash_value
from napari_npm.study.settings import SimulateParameters
from napari_npm.study.state import Record
from napari_npm.study.step import Item, Step, Stored
from napari_npm.study.study import Study

from . import _simulations

if TYPE_CHECKING:
    from napari_npm.core.materials import Material

SHIPPED = "shipped"
"""The one item of the default physics: its result comes with the package."""
TABLE = "response"
"""Name of the table of results: ``results/response.csv``."""
ELASTIC = {
    "mott": "Mott cross sections (NIST SRD 64)",
    "browning": "Browning's fit to Mott cross sections",
    "rutherford": "screened Rutherford cross sections",
}
"""The elastic models in words."""


class Simulate(Step[SimulateParameters]):
    """Simulate backscattering of binder filled with metal, one porosity after the other."""

    name = "simulate"
    title = "Simulate"
    summary = "Simulate how the signal of backscattered electrons rises with porosity."
    parallel = False
    choosing = ("detector", "points")
    Parameters = SimulateParameters

    def items(self, study: Study, parameters: SimulateParameters) -> Sequence[Item]:
        """One item a porosity; one for all where the curve comes with the package."""
        if is_shipped(parameters):
            from napari_npm.core.response import default_curve_text

            return [Item(SHIPPED, {"file": hash_value(default_curve_text())})]
        binder, metal = materials_of(parameters)
        engine = _simulations.engine_hash()
        return [
            Item(
                f"n={porosity:.5g}",
                {
                    "porosity": porosity,
                    "materials": [[one.weights, one.density] for one in (binder, metal)],
                    "engine": engine,
                },
            )
            for porosity in np.linspace(0, 1, parameters.points).tolist()
        ]

    def compute(
        self, study: Study, parameters: SimulateParameters, item: Item, progress: Progress
    ) -> Any:
        """Return the simulated point, from the user's cache where it was computed before."""
        if item.id == SHIPPED:
            return None
        from napari_npm.core import scattering
        from napari_npm.core.materials import Material

        binder, metal = materials_of(parameters)
        porosity = item.inputs["porosity"]
        options: dict[str, Any] = {
            "energy_kev": parameters.energy_kev,
            "elastic": parameters.elastic,
            "ionisation": parameters.ionisation,
            "tilt_deg": parameters.tilt_deg,
            "standard_error": parameters.standard_error,
            "seed": scattering.point_seed(parameters.seed, porosity),
        }
        target = Material.mixture(binder, metal, porosity)
        key = [item.inputs["engine"], target.weights, options]
        point = _simulations.kept(key)
        if point is None:
            point = scattering.backscatter(target, progress=progress, **options)
            _simulations.keep(key, point)
        return point

    def store(
        self, study: Study, parameters: SimulateParameters, item: Item, result: Any
    ) -> Stored:
        """Keep the point as a row."""
        if result is None:
            return Stored(hash_value(item.inputs))
        from napari_npm.core._curve_file import response_columns

        porosity = item.inputs["porosity"]
        binder, metal = materials_of(parameters)
        assert binder.density is not None and metal.density is not None  # noqa: PT018
        heavy, light = metal.density * porosity, binder.density * (1 - porosity)
        columns = response_columns(
            [porosity], [heavy / (heavy + light)], [result], parameters.threshold_kev
        )
        row = {name: values[0] for name, values in columns.items()}
        return Stored(hash_value(row), (row,))

    def finish_inputs(self, study: Study, parameters: SimulateParameters) -> Any:
        """Return the detector, for which the curve has to rise."""
        return parameters.detector

    def finish(
        self, study: Study, parameters: SimulateParameters, records: Sequence[Record]
    ) -> Sequence[Path]:
        """Write the response, once it is known to rise."""
        from napari_npm.core._curve_file import response_csv
        from napari_npm.core.response import default_curve_text, parse_response
        from napari_npm.io import write_text

        if records[0].item == SHIPPED:
            text = default_curve_text()
        else:
            rows = [record.rows[0] for record in records]
            columns = {name: [row[name] for row in rows] for name in rows[0]}
            text = response_csv(columns, notes_of(parameters))
        try:
            parse_response(text, TABLE, parameters.detector)
        except NpmError as error:
            raise NpmError(
                f"{error} The points were simulated with a standard error of"
                f" {parameters.standard_error:g}: lower it, or take fewer points."
            ) from error
        path = response_path(study)
        write_text(path, text)
        return [path]

    def warnings(self, study: Study, parameters: SimulateParameters) -> Sequence[str]:
        """Name a beam energy that is not that of the images."""
        return energy_warnings(study, parameters.energy_kev)


def is_shipped(parameters: SimulateParameters) -> bool:
    """Tell whether the curve that comes with the package is the one that is asked for."""
    return parameters.model_copy(update={"detector": "count"}) == SimulateParameters()


def materials_of(parameters: SimulateParameters) -> tuple["Material", "Material"]:
    """Return binder and metal.

    Raises
    ------
    NpmError
        If one cannot be read or has no density, or the metal is lighter than the binder.
    """
    from napari_npm.core.materials import material

    if parameters.detector == "threshold" and parameters.threshold_kev >= parameters.energy_kev:
        raise NpmError(
            f"The detector's threshold of {parameters.threshold_kev:g} keV is not below the beam's"
            f" {parameters.energy_kev:g} keV: lower threshold_kev."
        )
    found = {}
    for name in ("binder", "metal"):
        try:
            one = material(getattr(parameters, name), getattr(parameters, f"{name}_density"))
        except NpmError as error:
            raise NpmError(f"{name}: {error}") from error
        found[name] = one
        if one.density is None:
            raise NpmError(
                f"The density of the {name} {one.name!r} is not known: give it as {name}_density in"
                " g/cm³."
            )
    binder, metal = found["binder"], found["metal"]
    of_binder, of_metal = (
        float(one.atomic_numbers @ one.mass_fractions) for one in (binder, metal)
    )
    if of_metal <= of_binder:
        raise NpmError(
            f"{metal.name} is lighter than {binder.name} (mean atomic number {of_metal:.1f} against"
            f" {of_binder:.1f}), so the signal does not rise with porosity and a grey level has no"
            " porosity: choose a metal of heavier elements."
        )
    return binder, metal


def notes_of(parameters: SimulateParameters) -> dict[str, str]:
    """Return what the response file says of itself."""
    from napari_npm import __version__

    binder, metal = materials_of(parameters)
    return {
        "name": f"{binder.name} and {metal.name}, {parameters.energy_kev:g} kV",
        "source": f"napari-npm {__version__}, Monte Carlo with {ELASTIC[parameters.elastic]}"
        f" and Joy-Luo stopping ({parameters.ionisation} ionisation energies), standard error of"
        f" eta {parameters.standard_error:g}, seed {parameters.seed}",
        "material": f"{binder.name} at {binder.density:g} g/cm3 filled with {metal.name} at"
        f" {metal.density:g} g/cm3; homogeneous, beam of {parameters.energy_kev:g} keV at"
        f" {parameters.tilt_deg:g} degrees to the normal",
        "threshold_kev": f"{parameters.threshold_kev:g}",
    }


def response_path(study: Study) -> Path:
    """Return where the study's own response is, or would be, kept."""
    return study.results_folder / f"{TABLE}.csv"
