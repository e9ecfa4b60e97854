"""Write the response curve that comes with the package: the simulate step with its defaults.

    python tools/make_response.py [--check]

C-S-H with Field's metal at 5 kV, 21 porosities, each with the signals of all three detectors. The
standard error of η is a third of the step's default, at nine times the electrons (1.5 minutes on
two cores). The seed is fixed, so the same program writes the same numbers.
With --check nothing is written: it fails where the file is off by more than 5 standard errors.
"""

import sys
import time
from pathlib import Path

import numpy as np

from napari_npm.core._curve_file import parse_curve, response_columns, response_csv
from napari_npm.core.response import DEFAULT_CURVE, default_curve_text
from napari_npm.core.scattering import response_curve
from napari_npm.io import write_text
from napari_npm.study.settings import SimulateParameters
from napari_npm.study.steps.simulate import materials_of, notes_of

TARGET = Path(__file__).parents[1] / f"src/napari_npm/data/response/{DEFAULT_CURVE}.csv"


def main() -> None:
    """Simulate the curve, then write the file or hold it against the one there is."""
    parameters = SimulateParameters().model_copy(update={"standard_error": 1e-4})
    binder, metal = materials_of(parameters)
    start = time.perf_counter()
    response = response_curve(
        binder,
        metal,
        parameters.energy_kev,
        porosities=np.linspace(0, 1, parameters.points).tolist(),
        standard_error=parameters.standard_error,
        seed=parameters.seed,
        elastic=parameters.elastic,
        ionisation=parameters.ionisation,
        tilt_deg=parameters.tilt_deg,
    )
    seconds = time.perf_counter() - start
    assert binder.density is not None and metal.density is not None  # noqa: PT018
    n = np.array(response.porosity)
    share = metal.density * n / (metal.density * n + binder.density * (1 - n))
    columns = response_columns(
        response.porosity, share.tolist(), response.points, parameters.threshold_kev
    )
    electrons = sum(point.electrons for point in response.points)
    print(f"{electrons:,} electrons in {seconds:.1f} s")
    before = parse_curve(default_curve_text(), DEFAULT_CURVE)
    there = np.interp(n, before.porosity, before.signal)
    off = np.abs(there - columns["eta"]).max()
    print(f"largest difference of eta from the file before: {off:.5f}")
    if "--check" not in sys.argv:
        write_text(TARGET, response_csv(columns, notes_of(parameters)))
        print(f"wrote {TARGET}")
    elif off > 5 * np.sqrt(2) * parameters.standard_error:
        sys.exit("the file is old: run this without --check")


if __name__ == "__main__":
    main()
