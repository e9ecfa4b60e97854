"""What a pair of reference levels makes of an image, for worker threads: no Qt, no napari."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_npm.core.calibration import Calibration, calibrate
from napari_npm.core.errors import NpmError
from napari_npm.core.masking import Label
from napari_npm.core.progress import Progress
from napari_npm.core.response import ResponseCurve, default_curve, load_curve, lookup_table
from napari_npm.core.uncertainty import MeanPorosity, mean_porosity, porosity_uncertainty

from .calibrate_grey import Grey, Place, Sources, grey_of, levels_of

_STEPS = (1 << 16) - 1
_NAMES = {"g_csh": ("reference C-S-H", "G_CSH"), "g_metal": ("reference metal", "G_m")}


@dataclass(frozen=True)
class Measured:
    """What the page shows of an image.

    Attributes
    ----------
    grey : Grey
        Its grey levels.
    curve : ResponseCurve
        The response curve in use.
    warnings : tuple of str
        What is wrong with the references that are marked on it.
    """

    grey: Grey
    curve: ResponseCurve
    warnings: tuple[str, ...]


def measure(
    report: Progress,
    image: NDArray[Any],
    labels: NDArray[Any] | None,
    parameters: Any,
    place: Place | None = None,
) -> Measured:
    """Measure an image and read the response curve."""
    from napari_npm.core.references import check_references

    grey = grey_of(report, image, labels, parameters, place)
    curve = curve_of(parameters, place)
    warnings: tuple[str, ...] = ()
    if labels is not None and labels.shape == image.shape:
        warnings = check_references(
            image,
            labels == Label.CSH,
            labels == Label.METAL,
            grey.unhydrated,
            min_px=parameters.min_reference_px,
        )
    return Measured(grey, curve, warnings)


def curve_of(parameters: Any, place: Place | None = None) -> ResponseCurve:
    """Return the response curve that a calibration uses: given, the study's, or the default."""
    if place is not None:
        from napari_npm.study.steps.calibrate import curve_of as curve_of_study
        from napari_npm.study.steps.simulate import response_path

        if parameters.curve is not None or response_path(place.study).exists():
            return curve_of_study(place.study, parameters)
    return default_curve() if parameters.curve is None else load_curve(parameters.curve)


def calibrate_image(
    report: Progress,
    image: NDArray[Any],
    labels: NDArray[Any] | None,
    parameters: Any,
    place: Place | None = None,
) -> Calibration:
    """Calibrate one image as the calibrate step does.

    Returns
    -------
    Calibration
        The MulF map and its counts.

    Raises
    ------
    NpmError
        If a level is neither given nor marked, or G_m is not above G_CSH.
    """
    report(0, 1, "calibrating")
    grey = grey_of(report, image, labels, parameters, place)
    sources = levels_of(grey, parameters.g_csh, parameters.g_metal)
    if labels is None and len(sources) < 2:
        raise NpmError(
            "There is no mask to take G_CSH and G_m from: mark both references, or drag the two "
            "lines of the histogram."
        )
    for name, (what, symbol) in _NAMES.items():
        if name not in sources:
            why = f"No {what} is marked in the mask: mark some, or drag the line {symbol}."
            raise NpmError(grey.problems[0] if grey.problems else why)
    return calibrate(
        image,
        sources["g_csh"][0].mean,
        sources["g_metal"][0].mean,
        unhydrated=grey.unhydrated,
        curve=curve_of(parameters, place),
    )


@dataclass(frozen=True)
class Reading:
    """What a pair of reference levels means for an image.

    Attributes
    ----------
    mean : MeanPorosity
        Mean porosity of the map with its uncertainty and what drift does to it.
    below, above : float
        Shares of the pixels outside unhydrated cement that are set to 0 and to 1.
    """

    mean: MeanPorosity
    below: float
    above: float


def read(grey: Grey, sources: Sources, curve: ResponseCurve, model_error: float) -> Reading:
    """Compute from the histogram alone what a calibration would give; takes about a millisecond.

    Raises
    ------
    NpmError
        If G_m is not above G_CSH.
    """
    csh, metal = sources["g_csh"][0], sources["g_metal"][0]
    weights = grey.pixels_at
    outside = int(weights.sum())
    mean = mean_porosity(
        grey.grouped,
        grey.pixels_in,
        csh.mean,
        metal.mean,
        unhydrated=grey.size - outside,
        csh_error=csh.error,
        metal_error=metal.error,
        model_error=model_error,
        curve=curve,
    )
    return Reading(
        mean,
        float(weights[grey.values < csh.mean].sum()) / max(outside, 1),
        float(weights[grey.values > metal.mean].sum()) / max(outside, 1),
    )


def porosity_at(level: float, sources: Sources, curve: ResponseCurve, model_error: float) -> str:
    """Say the porosity of one grey level with its standard uncertainty."""
    csh, metal = sources["g_csh"][0], sources["g_metal"][0]
    if level < csh.mean:
        return "n = 0 (darker than G_CSH)"
    if level > metal.mean:
        return "n = 1 (brighter than G_m)"
    known = porosity_uncertainty(
        level,
        csh.mean,
        metal.mean,
        csh_error=csh.error,
        metal_error=metal.error,
        model_error=model_error,
        curve=curve,
    )
    return f"n = {float(known.porosity):.3f} ± {float(known.total):.3f}"


def preview(
    report: Progress,
    image: NDArray[Any],
    unhydrated: NDArray[np.bool_] | None,
    g_csh: float,
    g_metal: float,
    curve: ResponseCurve,
    clipped: bool,
    kept: list[Any] | None = None,
) -> tuple[NDArray[np.float32], NDArray[np.uint8] | None]:
    """Return the map of an image, and where it is clipped if that is wanted.

    All is looked up in tables. Grey values of floating point are first put on 65536 steps, which
    are kept for the next call in ``kept``.

    Returns
    -------
    porosity : ndarray of float32, (H, W)
        The map.
    ends : ndarray of uint8, (H, W), or None
        1 below G_CSH, 2 above G_m, 0 elsewhere.

    Raises
    ------
    NpmError
        If G_m is not above G_CSH, or the image holds what is no number.
    """
    report(0, 1, "")
    kept = [] if kept is None else kept
    if not kept or kept[0] is not image:
        kept[:] = [image, *_stepped(image)]
    index, low, step, last = kept[1:]
    csh, metal = (g_csh - low) / step, (g_metal - low) / step
    porosity = np.take(lookup_table(csh, metal, curve, 0, last), index)
    if unhydrated is not None:
        porosity[unhydrated] = 0
    if not clipped:
        return porosity, None
    steps = np.arange(last + 1)
    ends = np.take((steps < csh).astype(np.uint8) + 2 * (steps > metal).astype(np.uint8), index)
    if unhydrated is not None:
        ends[unhydrated] = 0
    return porosity, ends


def _stepped(image: NDArray[Any]) -> tuple[NDArray[np.integer[Any]], float, float, int]:
    """Return grey values as whole steps, with the lowest value, the step and the last step."""
    if image.dtype in (np.uint8, np.uint16):
        return image, 0.0, 1.0, int(np.iinfo(image.dtype).max)
    low, high = image.min(), image.max()
    if not np.isfinite([low, high]).all():
        raise NpmError("The image holds values that are no numbers: export it again without NaN.")
    span = float(high) - float(low)
    whole = image.dtype.kind != "f" and span <= _STEPS
    step = 1.0 if whole else (span / _STEPS or 1.0)
    index = ((image - low) / step + (0.0 if whole else 0.5)).astype(np.uint16)
    return index, float(low), step, _STEPS
