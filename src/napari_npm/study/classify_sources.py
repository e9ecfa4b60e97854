"""What is to be classified: images of the study or new files, as porosity maps with their facts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from napari_npm.core.errors import NpmError
from napari_npm.core.masking import Label

from .classify_settings import ClassifyParameters
from .folder import command
from .hashing import hash_file
from .references import GIVEN
from .settings import CalibrateParameters
from .study import Study

if TYPE_CHECKING:
    from napari_npm.core.response import ResponseCurve

_NO_MASK = (
    "It has no mask, so unhydrated cement counts as porosity by its grey value: a network that"
    " learnt from masked images may take it for a class."
)
_OUTSIDE = (
    "{share} of its pixels are outside the reference grey levels: they may not be those of this"
    " image."
)


@dataclass(frozen=True)
class Wanted:
    """An image to classify: one of the study by its id, or a file."""

    name: str
    path: Path
    of_study: bool


@dataclass(frozen=True)
class Source:
    """The porosity map of an image to classify, and how it came to be.

    Attributes
    ----------
    wanted : Wanted
        Which image.
    porosity : ndarray of float32, (H, W)
        The MulF map.
    pixel_size_nm : float
        Side of a pixel in nm.
    levels : mapping
        ``g_csh``, ``g_metal`` and where they come from; empty for a file that was a map.
    masked : bool
        Whether unhydrated cement was set to 0.
    notes : tuple of str
        What a reader must know of it.
    """

    wanted: Wanted
    porosity: NDArray[np.float32]
    pixel_size_nm: float
    levels: Mapping[str, Any]
    masked: bool
    notes: tuple[str, ...] = ()


def find_wanted(study: Study, images: Sequence[str | Path]) -> list[Wanted]:
    """Return the images that were named: ids of the study, files, and all images of folders.

    Raises
    ------
    NpmError
        If a name is neither, or none is given.
    """
    from napari_npm.io import find_images

    ids = {image.id for image in study.images}
    sources = {study.source(name).resolve(): name for name in ids}
    found: dict[Path, Wanted] = {}
    for one in images:
        path = Path(one)
        name = str(one) if str(one) in ids else sources.get(path.resolve(), "")
        if name:
            found[study.source(name).resolve()] = Wanted(name, study.source(name), True)
        elif path.is_dir():
            for file in find_images(path).images:
                found[file.resolve()] = Wanted(file.stem, file, False)
        elif path.exists():
            found[path.resolve()] = Wanted(path.stem, path, False)
        else:
            raise NpmError(f"{one} is neither an image of the study nor a file: check the name.")
    if not found:
        raise NpmError("Name at least one image of the study, or a file, to classify.")
    return _named_apart(list(found.values()))


def _named_apart(wanted: list[Wanted]) -> list[Wanted]:
    """Give files of one name different ones: each writes files of its own."""
    taken: set[str] = set()
    found = []
    for one in wanted:
        name, number = one.name, 2
        while name.casefold() in taken:
            name, number = f"{one.name}-{number}", number + 1
        taken.add(name.casefold())
        found.append(Wanted(name, one.path, one.of_study))
    return found


def read_source(
    study: Study, wanted: Wanted, parameters: ClassifyParameters, mask: Path | None = None
) -> Source:
    """Read an image and turn it into porosity.

    Parameters
    ----------
    study : Study
        Whose response curve, masks and reference levels are used.
    wanted : Wanted
        Which image.
    parameters : ClassifyParameters
        Levels and pixel size, where given; whether files are maps.
    mask : Path, optional
        Label image of a new file: 1 unhydrated cement, 2 and 3 the references.

    Raises
    ------
    NpmError
        If it cannot be read, its pixel size or reference levels are not known, or the mask does
        not fit.
    """
    from napari_npm.io import read_labels, read_sem

    if parameters.maps and not wanted.of_study:
        return _read_map(wanted, parameters, mask)
    if wanted.of_study:
        pixels, labels = study.read(wanted.name).pixels, study.mask(wanted.name)
        size: float | None = study.image(wanted.name).pixel_size_nm
        notes: tuple[str, ...] = study.image(wanted.name).warnings
        has_mask = study.mask_hash(wanted.name) is not None
    else:
        image = read_sem(wanted.path)
        pixels, size, notes = image.pixels, image.pixel_size_nm, image.warnings
        labels = np.zeros(pixels.shape, np.uint8)
        has_mask = mask is not None
        if mask is not None:
            labels = read_labels(mask, (pixels.shape[0], pixels.shape[1]))
    size = _pixel_size(wanted, size, parameters)
    levels = _levels(study, wanted, parameters, pixels, labels)
    from napari_npm.core.calibration import calibrate

    unhydrated = labels == Label.UNHYDRATED
    made = calibrate(
        pixels,
        levels["g_csh"],
        levels["g_metal"],
        unhydrated=unhydrated,
        curve=_curve(study),
    )
    if not has_mask:
        notes = (*notes, _NO_MASK)
    if made.clipped_fraction > 0.5:
        share = f"{made.clipped_fraction:.0%}"
        notes = (*notes, _OUTSIDE.format(share=share))
    return Source(wanted, made.porosity, size, levels, bool(unhydrated.any()), notes)


def file_hash(wanted: Wanted) -> str:
    """Return the SHA-256 of an image's file."""
    return hash_file(wanted.path)


def _read_map(wanted: Wanted, parameters: ClassifyParameters, mask: Path | None) -> Source:
    from napari_npm.io import read_labels, read_porosity

    porosity, size = read_porosity(wanted.path)
    masked = False
    if mask is not None:
        shape = (porosity.shape[0], porosity.shape[1])
        unhydrated = read_labels(mask, shape) == Label.UNHYDRATED
        porosity[unhydrated] = 0
        masked = bool(unhydrated.any())
    return Source(wanted, porosity, _pixel_size(wanted, size, parameters), {}, masked)


def _pixel_size(wanted: Wanted, size: float | None, parameters: ClassifyParameters) -> float:
    if size is None:
        size = parameters.pixel_size_nm
    if size is None:
        raise NpmError(
            f"{wanted.path.name} does not tell its pixel size: give it with --pixel-size-nm."
        )
    return float(size)


def _levels(
    study: Study,
    wanted: Wanted,
    parameters: ClassifyParameters,
    pixels: NDArray[Any],
    labels: NDArray[np.uint8],
) -> dict[str, Any]:
    """Return both reference levels and where each is from: given, measured, or the study's."""
    from napari_npm.core.calibration import reference_levels
    from napari_npm.core.response import check_levels

    found: dict[str, Any] = {}
    record = study.state("calibrate").records.get(wanted.name) if wanted.of_study else None
    measured = None if wanted.of_study else reference_levels(pixels, labels)
    stated = study.parameters("calibrate")
    assert isinstance(stated, CalibrateParameters)
    for name, given in (("csh", parameters.g_csh), ("metal", parameters.g_metal)):
        own = None if measured is None else getattr(measured, name)
        if given is not None:
            value, source = given, GIVEN
        elif record is not None:
            row = record.rows[0]
            value, source = row[f"g_{name}"], str(row[f"{name}_scope"])
        elif wanted.of_study:
            raise NpmError(
                f"{wanted.name} is not calibrated yet: run {command('calibrate', study.folder)}."
            )
        elif own is not None:
            value, source = own.mean, "mask"
        elif getattr(stated, f"g_{name}") is not None:
            value, source = getattr(stated, f"g_{name}"), "study"
        else:
            raise NpmError(
                f"The grey level g_{name} of {wanted.path.name} is not known: give it with"
                f" --g-{name}, or mark the reference in a mask (--unhydrated). The levels of other"
                " images do not hold for it, as brightness drifts."
            )
        found[f"g_{name}"] = float(value)
        found[f"{name}_from"] = source
    check_levels(found["g_csh"], found["g_metal"], wanted.name)
    return found


def _curve(study: Study) -> "ResponseCurve":
    from .steps.calibrate import curve_of
    from .steps.simulate import response_path

    parameters = study.parameters("calibrate")
    assert isinstance(parameters, CalibrateParameters)
    if parameters.curve is None and not response_path(study).exists():
        raise NpmError(
            f"The study has no response curve yet: run {command('simulate', study.folder)} first."
        )
    return curve_of(study, parameters)
