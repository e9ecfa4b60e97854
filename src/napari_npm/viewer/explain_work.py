"""Where a network looked on one image, for worker threads: no Qt, no napari."""

from collections.abc import Generator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_npm.core.errors import NpmError
from napari_npm.core.progress import Progress

from .classify_work import load_for
from .explain_ways import Work, tile_by_tile, without_seams
from .image_work import Origins
from .maps import CurrentMap


@dataclass(frozen=True, eq=False)
class Explained:
    """Where a network looked on one image.

    Attributes
    ----------
    relevance : ndarray of float32, (H, W)
        Each tile's sums to 1, or without seams a tile's area holds 1 on average.
    overlay : ndarray of uint8, (H, W, 3)
        It on the map: red on HP, blue on LP.
    peak : float
        Relevance that is shown in full colour.
    mean : float
        Mean relevance of a pixel.
    difference : ndarray of float32, (H, W), or None
        The class-difference map, signed.
    rows : tuple of dict
        What is known of each tile, by the names of the study's own table.
    classes : tuple of str
        Names of the classes.
    """

    relevance: NDArray[np.float32]
    overlay: NDArray[np.uint8]
    peak: float
    mean: float
    difference: NDArray[np.float32] | None
    rows: tuple[Mapping[str, Any], ...]
    classes: tuple[str, ...]


def explain_here(
    report: Progress,
    choice: Any,
    source: CurrentMap,
    maps: NDArray[Any],
    parameters: Any,
    study: Any = None,
) -> Generator[None, None, Explained]:
    """Explain the current image as the study's step explains all; a generator.

    Parameters
    ----------
    report : Progress
        Progress by tiles or windows.
    choice : ModelChoice
        The model.
    source : CurrentMap
        The map that the relevance is shown on.
    maps : ndarray, (H, W) or (channels, H, W)
        All that the model reads.
    parameters : ExplainParameters
        Of the step.
    study : Study, optional
        The open study: it knows the true sample, and the mean maps of the correction.

    Raises
    ------
    NpmError
        If image and model do not fit, or a class is not known.
    """
    report(0, 0, "loading the model")
    model, classes = load_for(choice, maps, source.subject.pixel_size_nm)
    target, against = asked(parameters, classes, source.subject.image_id, study)
    yield
    origins = source.origins
    image_id = source.subject.image_id
    work = Work(choice, model, maps, origins, parameters, target, against, study, image_id)
    seamless = parameters.stride_px is not None and len(origins) > 1
    made = without_seams if seamless else tile_by_tile
    relevance, difference, rows = yield from made(report, work)
    report(1, 1, "colouring")
    about = {
        "rule": parameters.rule,
        "average": parameters.average,
        "precision": parameters.precision,
        "padding": getattr(getattr(model, "config", None), "padding", "not known"),
        "correction": parameters.correction,
        "stride_px": parameters.stride_px if seamless else None,
    }
    names = classes or tuple(str(number) for number in range(1 + max(r["target"] for r in rows)))
    return Explained(
        relevance,
        *_shown(source.values, relevance, origins),
        difference,
        tuple({**about, **_named(row, names)} for row in rows),
        names,
    )


def asked(
    parameters: Any, classes: tuple[str, ...], image_id: str | None, study: Any
) -> tuple[int | None, Any]:
    """Return the class to explain (None: the predicted one) and what to compare it with.

    Raises
    ------
    NpmError
        If a class is not one of the model's, or the true one is not known.
    """
    target, against = parameters.target, parameters.against
    if target == "true":
        if study is None or image_id is None:
            raise NpmError("The true sample is known of a study's images only: choose another.")
        target = study.image(image_id).sample
    for name, words in ((target, ("predicted",)), (against, (None, "others"))):
        if name not in words and name not in classes:
            known = ", ".join([*(word for word in words if word), *classes])
            raise NpmError(f"The model does not know the sample {name!r}: choose one of {known}.")
    compared = against
    if against is not None and against != "others":
        if target == "predicted" or target == against:
            raise NpmError(
                f"To explain a difference from {against}, choose another sample as the target."
            )
        compared = classes.index(against)
    return None if target == "predicted" else classes.index(target), compared


def _named(row: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    words = {**dict(enumerate(names)), -1: "others"}
    named = {key: words.get(row[key]) for key in ("target", "against", "network_says")}
    return {**row, **named}


def overlay_of(
    values: NDArray[Any], relevance: NDArray[Any], origins: Origins, peak: float | None = None
) -> NDArray[np.uint8]:
    """Compose the overlay of relevance on a map: red on HP, blue on LP, grey below."""
    from napari_npm.core.progress import silent
    from napari_npm.figures.overlay import relevance_rgb

    from .image_work import split_image

    high = split_image(silent, values, origins).labels == 2
    return np.round(255 * relevance_rgb(values, relevance, high, peak=peak)).astype(np.uint8)


def _shown(
    values: NDArray[Any], relevance: NDArray[Any], origins: Origins
) -> tuple[NDArray[np.uint8], float, float]:
    """Return the overlay with what its colours mean: `Explained.peak` and `Explained.mean`."""
    from napari_npm.figures.overlay import relevance_peak

    peak, mean = relevance_peak(relevance), float(np.mean(relevance, dtype=np.float64))
    return overlay_of(values, relevance, origins, peak), peak, mean


def stored_relevance(report: Progress, study: Any, choice: Any, source: CurrentMap) -> Explained:
    """Return an image's relevance as the study has it, with what it was made by.

    Raises
    ------
    NpmError
        If it was not computed yet.
    """
    report(0, 2, "reading the relevance")
    image_id = source.subject.image_id
    relevance = study.stacked(image_id, f"relevance/{choice.name}")
    if relevance is None or not relevance.any():
        raise NpmError(f"{image_id} was not explained with {choice.name} yet: explain it first.")
    difference = study.stacked(image_id, f"difference/{choice.name}")
    record = study.state("explain").records.get(f"{choice.name}/{image_id}")
    report(1, 2, "colouring")
    return Explained(
        relevance,
        *_shown(source.values, relevance, source.origins),
        difference,
        () if record is None else tuple(record.rows),
        choice.classes(),
    )
