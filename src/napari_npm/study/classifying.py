"""What a trained network says of new images and whole mosaics, and where it looked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_npm.core.errors import NpmError
from napari_npm.core.progress import Progress, silent

from .classify_models import Model, load, view_of
from .classify_settings import ClassifyParameters
from .classify_sources import Source, Wanted, find_wanted, read_source
from .settings import ExplainParameters
from .study import Study

if TYPE_CHECKING:
    from napari_npm.core.sliding import ImageExplanation, ProbabilityMap

PIXEL_SIZE_TOLERANCE = 0.01
LEAST_WINDOWS = 16
"""Fewest windows of an image whose mean map the centre bias is divided out by."""
_EXPLAINED = ("rule", "engine", "input_rule", "undefined", "average", "precision", "difference")


@dataclass(frozen=True)
class Classified:
    """What a network says of one image.

    Attributes
    ----------
    source : Source
        The image: its porosity map, pixel size, levels and notes.
    model : Model
        The network.
    probability : ProbabilityMap
        Of each class, window by window.
    explanation : ImageExplanation or None
        Where it looked, if that was asked for.
    notes : tuple of str
        What a reader must know of this answer.
    """

    source: Source
    model: Model
    probability: "ProbabilityMap"
    explanation: "ImageExplanation | None"
    notes: tuple[str, ...]

    @property
    def chosen(self) -> str:
        """The class that is most probable on average over the image."""
        return self.model.classes[self.probability.predicted]

    def row(self) -> dict[str, Any]:
        """Return the line of the table of results."""
        mean, shares = self.probability.mean, self.probability.shares
        levels = self.source.levels
        return {
            "image": self.source.wanted.name,
            "model": self.model.name,
            "predicted": self.chosen,
            **{f"p_{name}": float(p) for name, p in zip(self.model.classes, mean, strict=True)},
            **{
                f"area_{name}": float(p) for name, p in zip(self.model.classes, shares, strict=True)
            },
            "windows": len(self.probability.windows),
            "stride_px": self.probability.stride,
            "rows_px": self.source.porosity.shape[0],
            "columns_px": self.source.porosity.shape[1],
            "pixel_size_nm": self.source.pixel_size_nm,
            "porosity": float(self.source.porosity.mean(dtype=np.float64)),
            "g_csh": levels.get("g_csh"),
            "g_metal": levels.get("g_metal"),
            "masked": self.source.masked,
            "notes": " ".join(self.notes),
        }


def classify(
    study: Study,
    model: Model,
    source: Source,
    parameters: ClassifyParameters | None = None,
    *,
    progress: Progress = silent,
) -> Classified:
    """Slide a network over an image, and explain what it says if that is asked for.

    Reads the study and writes nothing; `core.sliding` says how windows are blended.

    Parameters
    ----------
    study : Study
        Whose smoothing and explain settings are used.
    model : Model
        See `load`.
    source : Source
        See `read_source`; from arrays build one with a porosity map and its pixel size.
    parameters : ClassifyParameters, optional
        Stride, relevance, class to explain.
    progress : Progress
        Told of each batch of windows; may raise `Cancelled`.

    Returns
    -------
    Classified

    Raises
    ------
    NpmError
        If the image has another pixel size than the model's, is smaller than a tile, holds NaN, or
        the class to explain is none of the model's.
    """
    from napari_npm.core.sliding import explain_image, predict_image

    parameters = parameters or ClassifyParameters()
    name = source.wanted.name
    notes = list(source.notes)
    notes += _pixel_size_note(model, source, parameters.any_pixel_size)
    if np.ptp(source.porosity) == 0:
        notes.append("Its map holds one value only: what a network says of it means nothing.")
    target = None
    if parameters.target is not None:
        if parameters.target not in model.classes:
            raise NpmError(
                f"The model {model.name} does not know the class {parameters.target!r}: choose one"
                f" of {', '.join(model.classes)}."
            )
        target = model.classes.index(parameters.target)
    view = view_of(study, model, source)
    tile = model.network.config.input_size
    batch, stride = parameters.batch_size, parameters.stride_px
    options: dict[str, Any] = {"tile": tile, "stride": stride, "batch_size": batch}
    try:
        probability = predict_image(model.network, view, progress=progress, **options)
        explanation = None
        if parameters.relevance:
            explain = study.parameters("explain")
            assert isinstance(explain, ExplainParameters)
            bias = parameters.centre_bias
            if bias == "crops" and len(probability.windows) < LEAST_WINDOWS:
                bias = "none"
                notes.append(
                    "It is too small to find the centre bias of its relevance, which is left in."
                )
            if stride == tile and len(probability.windows) > 1:
                notes.append(
                    "Its windows lie side by side, so the relevance has seams between them: choose"
                    " a smaller stride, or none for half a window, to blend them."
                )
            explanation = explain_image(
                model.network,
                view,
                probability.predicted if target is None else target,
                centre_bias=bias,
                progress=progress,
                **options,
                **{one: getattr(explain, one) for one in _EXPLAINED},
            )
    except NpmError as error:
        raise NpmError(f"{name}: {error}") from error
    if probability.mean.max() < 0.5 * (1 + 1 / len(model.classes)):
        notes.append("No class is much more probable than the others: take it for undecided.")
    return Classified(source, model, probability, explanation, tuple(notes))


def classify_images(
    study: Study,
    images: Sequence[str | Path],
    parameters: ClassifyParameters | None = None,
    *,
    unhydrated: Path | None = None,
    out: Path | None = None,
    progress: Progress = silent,
) -> tuple[list[tuple[Classified, list[Path]]], list[tuple[Wanted, str]]]:
    """Classify images of a study and new files, and write what was found.

    Parameters
    ----------
    study : Study
        Open for reading is enough.
    images : sequence of str or Path
        Ids of the study's images, files, or folders of files.
    parameters : ClassifyParameters, optional
        Model, levels, pixel size, stride, relevance.
    unhydrated : Path, optional
        Masks of the new files: a label image if there is one file, else a folder of label images
        named like the files. 1 is unhydrated cement, 2 and 3 are the references.
    out : Path, optional
        Folder to write to; ``classified/<model>`` in the study by default.
    progress : Progress
        Told of each batch; images done before `Cancelled` are kept.

    Returns
    -------
    done : list of (Classified, list of Path)
        Each image with the files written for it.
    left_out : list of (Wanted, str)
        Images that could not be classified, and why.

    Raises
    ------
    NpmError
        If a name is unknown, the model cannot be used, or the disk refuses.
    """
    from .classify_files import write_classified

    parameters = parameters or ClassifyParameters()
    wanted = find_wanted(study, images)
    model = load(study, parameters.model)
    masks = _masks(wanted, unhydrated)
    folder = out if out is not None else study.folder / "classified" / model.name
    done: list[tuple[Classified, list[Path]]] = []
    left_out = []
    for number, one in enumerate(wanted, 1):
        place = f" ({number} of {len(wanted)})" if len(wanted) > 1 else ""
        told = _named(progress, one.name + place)
        try:
            source = read_source(study, one, parameters, masks.get(one.name))
            found = classify(study, model, source, parameters, progress=told)
        except NpmError as error:
            left_out.append((one, str(error)))
            continue
        done.append((found, write_classified(study, found, parameters, folder)))
    return done, left_out


def _named(progress: Progress, name: str) -> Progress:
    def told(
        done: int, total: int, message: str = "", metrics: Mapping[str, float] | None = None
    ) -> None:
        progress(done, total, f"{name}: {message}", metrics)

    return told


def _pixel_size_note(model: Model, source: Source, anyway: bool) -> list[str]:
    own, size = model.pixel_size_nm, source.pixel_size_nm
    if own is None or abs(size / own - 1) <= PIXEL_SIZE_TOLERANCE:
        return []
    told = f"{size:g} nm a pixel, but the model {model.name} learnt from {own:g} nm"
    if not anyway:
        raise NpmError(
            f"{source.wanted.name} has {told}: rescale it, or take it all the same with"
            " --any-pixel-size, which is stated on the result."
        )
    return [f"It has {told}: the same texture looks like another one at another scale."]


def _masks(wanted: Sequence[Wanted], unhydrated: Path | None) -> dict[str, Path]:
    """Return the mask of each new file that has one."""
    files = [one for one in wanted if not one.of_study]
    if unhydrated is None:
        return {}
    if not unhydrated.exists():
        raise NpmError(f"There is no mask {unhydrated}: check the name.")
    if not unhydrated.is_dir():
        if len(files) != 1:
            raise NpmError(
                f"{unhydrated} is the mask of one file, and {len(files)} new files are given: name"
                " a folder of masks that are called like the files."
            )
        return {files[0].name: unhydrated}
    from napari_npm.io import find_images

    masks = {path.stem: path for path in find_images(unhydrated).images}
    missing = [one.path.name for one in files if one.path.stem not in masks]
    if missing:
        raise NpmError(f"{unhydrated} holds no mask called like {', '.join(missing)}.")
    return {one.name: masks[one.path.stem] for one in files}
