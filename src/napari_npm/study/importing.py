"""Taking images into a study: what is refused is named with its reason, the rest goes on."""

import os
import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from napari_npm.core.errors import NpmError
from napari_npm.core.progress import Progress, silent
from napari_npm.core.tiling import TILE

from .hashing import hash_file
from .model import ImageEntry, Sample
from .study import Study

PIXEL_SIZE_TOLERANCE = 0.005


@dataclass(frozen=True)
class ImportReport:
    """What an import took in, and what it left out and why."""

    added: tuple[str, ...]
    """Ids of the new images."""
    skipped: tuple[tuple[Path, str], ...]
    """Files left out, each with its reason."""

    def __add__(self, other: "ImportReport") -> "ImportReport":
        return ImportReport(self.added + other.added, self.skipped + other.skipped)


def add_images(
    study: Study,
    sample: str,
    paths: Sequence[Path],
    *,
    label: str | None = None,
    specimen: str | None = None,
    pixel_size_nm: float | None = None,
    copy: bool = False,
    progress: Progress = silent,
) -> ImportReport:
    """Take image files into a sample of a study.

    A file that cannot be used is named in the report and the others are taken: unreadable or
    colour images, images smaller than a tile, without a pixel size, with another pixel size than
    the study's, or in the study already.

    Parameters
    ----------
    study : Study
        A writable study.
    sample : str
        Name of the sample; made if new.
    paths : sequence of Path
        Image files.
    label : str, optional
        What tells the sample apart, such as a dosage; the sample's name by default.
    specimen : str, optional
        The piece of material all of them were taken from. By default each image counts as a
        specimen (a mosaic) of its own.
    pixel_size_nm : float, optional
        Pixel size in nm for files that carry none; overrides what a file says.
    copy : bool
        Copy the files into the study's folder instead of referring to where they are.
    progress : Progress
        Called after each file; may raise `Cancelled`, which keeps what was taken until then.

    Returns
    -------
    ImportReport
        Ids of the images taken, and what was left out and why.
    """
    study.require_writable()
    known = {image.sha256: image.id for image in study.images}
    entries: list[ImageEntry] = []
    skipped: list[tuple[Path, str]] = []
    taken = {image.id for image in study.images}
    reference = study.images[0].pixel_size_nm if study.images else None
    try:
        for number, path in enumerate(paths, start=1):
            try:
                entry = _entry(study, sample, Path(path), specimen, pixel_size_nm, taken, copy)
                if entry.sha256 in known:
                    raise NpmError(f"is in the study already, as {known[entry.sha256]}.")
                reference = reference or entry.pixel_size_nm
                if abs(entry.pixel_size_nm / reference - 1) > PIXEL_SIZE_TOLERANCE:
                    raise NpmError(
                        f"has {entry.pixel_size_nm:g} nm a pixel but the study {reference:g}:"
                        " resample it, or put it into a study of its own."
                    )
            except NpmError as error:
                skipped.append((Path(path), str(error)))
            else:
                entries.append(entry)
                taken.add(entry.id)
                known[entry.sha256] = entry.id
            progress(number, len(paths), Path(path).name)
    finally:
        if entries:
            samples = _with_sample(study.samples, sample, label)
            study.save(samples=samples, images=(*study.images, *entries))
    return ImportReport(tuple(entry.id for entry in entries), tuple(skipped))


def add_folder(
    study: Study,
    folder: Path,
    *,
    sample: str | None = None,
    label: str | None = None,
    specimen: str | None = None,
    pixel_size_nm: float | None = None,
    copy: bool = False,
    progress: Progress = silent,
) -> ImportReport:
    """Take a folder of images into a study.

    With a sample's name, all images of the folder belong to it, and each subfolder is a specimen.
    Without one, each subfolder is a sample, and its subfolders are the specimens.

    Parameters
    ----------
    study, label, specimen, pixel_size_nm, copy, progress
        As for `add_images`.
    folder : Path
        The folder.
    sample : str, optional
        Name of the one sample that the folder holds.

    Returns
    -------
    ImportReport
        Ids of the images taken, and what was left out and why.

    Raises
    ------
    NpmError
        If the folder does not exist or holds no images.
    """
    from napari_npm.io import find_images

    folder = Path(folder)
    if not folder.is_dir():
        raise NpmError(f"{folder} is not a folder: name one that holds images.")
    groups: list[tuple[str, str | None, Path]] = []
    for one_sample, home in (
        [(sample, folder)] if sample else [(path.name, path) for path in _folders(folder)]
    ):
        groups.append((one_sample, specimen, home))
        groups.extend((one_sample, specimen or path.name, path) for path in _folders(home))
    found = [(name, piece, find_images(home, required=False)) for name, piece, home in groups]
    total = sum(len(listing.images) for _, _, listing in found)
    if not total:
        raise NpmError(
            f"{folder} holds no images: give a folder of images with --sample NAME, or a folder"
            " with one subfolder of images for each sample."
        )
    report = ImportReport((), ())
    before = 0
    for name, piece, listing in found:

        def inner(done: int, _: int, message: str = "", *__: object, base: int = before) -> None:
            progress(base + done, total, message)

        report += ImportReport((), tuple((path, "is not an image.") for path in listing.skipped))
        if listing.images:
            report += add_images(
                study,
                name,
                listing.images,
                label=label,
                specimen=piece,
                pixel_size_nm=pixel_size_nm,
                copy=copy,
                progress=inner,
            )
        before += len(listing.images)
    return report


def take_masks(study: Study, folder: Path, *, truth: bool = False) -> tuple[str, ...]:
    """Take label images from a folder as masks: the file named like an image is its mask.

    Parameters
    ----------
    study : Study
        A writable study.
    folder : Path
        Folder of label images (`Label` values); names are those of the images or their ids.
    truth : bool
        Take them as known places of modification instead.

    Returns
    -------
    tuple of str
        Ids of the images that got one.

    Raises
    ------
    NpmError
        If the folder holds none for this study, or one does not fit its image.
    """
    from napari_npm.io import read_labels

    by_stem = {path.stem: path for path in sorted(Path(folder).glob("*.tif*"))}
    taken = []
    for image in study.images:
        path = by_stem.get(image.id) or by_stem.get(Path(image.source).stem)
        if path is not None:
            (study.set_truth if truth else study.set_mask)(image.id, read_labels(path))
            taken.append(image.id)
    if not taken:
        raise NpmError(f"{folder} holds no label image named like an image of the study.")
    return tuple(taken)


def _folders(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.is_dir() and path.name[0] != ".")


def _with_sample(samples: tuple[Sample, ...], name: str, label: str | None) -> tuple[Sample, ...]:
    if any(sample.name == name for sample in samples):
        return tuple(
            Sample(name=name, label=label) if sample.name == name and label else sample
            for sample in samples
        )
    return (*samples, Sample(name=name, label=label or name))


def _entry(
    study: Study,
    sample: str,
    path: Path,
    specimen: str | None,
    pixel_size_nm: float | None,
    taken: set[str],
    copy: bool,
) -> ImageEntry:
    from napari_npm.io import read_sem, writing

    image = read_sem(path)
    height, width = image.pixels.shape
    if min(height, width) < TILE:
        raise NpmError(f"is {height} x {width} px, smaller than a tile of {TILE} x {TILE} px.")
    size = pixel_size_nm or image.pixel_size_nm
    if size is None:
        raise NpmError("carries no pixel size: give it with --pixel-size-nm.")
    image_id = _free_name(path.stem, sample, taken)
    source = path.resolve()
    if copy:
        source = study.folder / "images" / f"{image_id}{path.suffix.lower()}"
        with writing(source):
            shutil.copyfile(path, source)
    return ImageEntry(
        id=image_id,
        sample=sample,
        specimen=specimen or image_id,
        source=_relative(source, study.folder),
        sha256=hash_file(source),
        height=height,
        width=width,
        pixel_size_nm=size,
        kv=image.kv,
        detector=image.detector,
        date=str(image.date) if image.date else None,
        warnings=tuple(image.warnings),
    )


def _free_name(stem: str, sample: str, taken: set[str]) -> str:
    """Return an id made from the file's name that is a safe file name and not yet taken."""
    plain = re.sub(r"[^A-Za-z0-9._-]+", "_", stem).strip("._") or "image"
    candidates = [plain, re.sub(r"[^A-Za-z0-9._-]+", "_", f"{sample}-{plain}")]
    for candidate in candidates:
        if candidate not in taken:
            return candidate
    number = 2
    while f"{candidates[1]}-{number}" in taken:
        number += 1
    return f"{candidates[1]}-{number}"


def _relative(source: Path, folder: Path) -> str:
    try:
        return Path(os.path.relpath(source, folder)).as_posix()
    except ValueError:
        # another drive on Windows has no relative path
        return source.as_posix()
