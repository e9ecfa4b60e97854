"""The figures of a study's calibration: response, uncertainty and drift of the references."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_npm.core.errors import NpmError

from .references import NAMES
from .study import Study

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from napari_npm.core.response import ResponseCurve


def calibration_figures(study: Study) -> Iterator[tuple[str, str, Callable[[], "Figure"]]]:
    """Yield name, caption and drawing of each figure that a calibrated study allows."""
    from napari_npm import figures

    simulation: Any = study.parameters("simulate")

    def response() -> "Figure":
        curves = {
            name: (curve.porosity, curve.response, curve.error)
            for name, curve in curves_of(study).items()
        }
        return figures.detectors_figure(curves, chosen=simulation.detector)

    yield (
        "response",
        "Response curve (as Fig. S1) for each model of the detector; points with standard errors.",
        response,
    )

    def uncertainty() -> "Figure":
        table = study.table("uncertainty")
        assert table is not None
        by_sample = {
            str(sample): {name: part[name].to_numpy() for name in part.columns if name != "sample"}
            for sample, part in table.groupby("sample", sort=False)
        }
        return figures.uncertainty_figure(by_sample)

    yield (
        "uncertainty",
        (
            "Standard uncertainty of equivalent porosity and its parts, for the mean reference"
            " levels of each sample's images."
        ),
        uncertainty,
    )
    from .drift import drift_of

    found = drift_of(study)
    if not any(np.isfinite(values).any() for values in found.levels.values()):
        return

    def drift() -> "Figure":
        return figures.drift_figure(
            {NAMES[name]: values for name, values in found.levels.items()},
            {NAMES[name]: found.outliers(name) for name in found.levels},
            found.samples,
            order=found.order,
        )

    yield (
        "drift",
        (
            f"Grey levels of the references, image by image, {found.order}; dashed the median,"
            " ringed what lies more than 3.5 robust standard deviations from the trend around it."
        ),
        drift,
    )


def curves_of(study: Study) -> dict[str, "ResponseCurve"]:
    """Return the response for each detector that the study's file holds, the chosen one first."""
    from napari_npm.core.response import load_curve

    from .steps.calibrate import curve_of
    from .steps.simulate import response_path

    calibration: Any = study.parameters("calibrate")
    simulation: Any = study.parameters("simulate")
    found = {simulation.detector: curve_of(study, calibration)}
    path = calibration.curve or response_path(study)
    for detector in ("count", "energy", "threshold"):
        try:
            curve = load_curve(path, detector)
        except NpmError:
            continue  # a file of one's own may hold one detector only
        if all(curve.response != other.response for other in found.values()):
            found[detector] = curve
    return found
