"""Taking images into a study: what is refused is named with its reason, the rest goes on."""

import math
import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from napari_npm.core.errors import NpmError
from napari_npm.core.progress import Progress, silent

from .entries import (
    NoPixelSizeError,
    checked_sample,
    copy_image,
    entry_of,
    free_name,
    relative_source,
)
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

    renewed: tuple[str, ...] = ()
    """Ids of images that are in the study and whose file was lost or has changed."""

    sizeless: tuple[Path, ...] = ()
    """Those of the files left out that carry no pixel size: with one they can be taken."""

    def __add__(self, other: "ImportReport") -> "ImportReport":
        return ImportReport(
            self.added + other.added,
            self.skipped + other.skipped,
            self.renewed + other.renewed,
            self.sizeless + other.sizeless,
        )


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
    the study's, or in the study already. A file whose content the study knows but has lost, or
    that has changed where it lies, takes its old place.

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

    Raises
    ------
    NpmError
        If the sample's name cannot be used, or the disk refuses; what was taken is kept.
    """
    study.require_writable()
    checked_sample(sample, study.samples)
    if pixel_size_nm is not None and not 0 < pixel_size_nm < math.inf:
        raise NpmError(f"A pixel is {pixel_size_nm:g} nm wide: give a number above zero.")
    images = {image.id: image for image in study.images}
    report = ImportReport((), ())
    try:
        for number, path in enumerate(map(Path, paths), start=1):
            try:
                entry = entry_of(path, sample, pixel_size_nm)
                known = _known(study, images, entry)
                _check_pixel_size(images, entry)
            except NpmError as error:
                sizeless = (path,) if isinstance(error, NoPixelSizeError) else ()
                report += ImportReport((), ((path, str(error)),), (), sizeless)
            else:
                taken = {name.casefold() for name in images}
                image_id = known or free_name(path.stem, sample, taken)
                source = path.resolve()
                if copy:
                    source = copy_image(path, study.folder / "images", image_id)
                images[image_id] = entry.model_copy(
                    update={
                        "id": image_id,
                        "specimen": specimen or (images[known].specimen if known else image_id),
                        "source": relative_source(source, study.folder),
                    }
                )
                new = ((), (image_id,)) if known else ((image_id,), ())
                report += ImportReport(new[0], (), new[1])
            progress(number, len(paths), path.name)
    finally:
        if report.added or report.renewed:
            samples = _with_sample(study.samples, sample, label)
            study.save(samples=samples, images=tuple(images.values()))
    return report


def _known(study: Study, images: Mapping[str, ImageEntry], entry: ImageEntry) -> str | None:
    """Return the id of the image whose source was lost, or changed, and comes again."""
    for image in images.values():
        source = Path(os.path.normpath(study.folder / image.source))
        if image.sha256 == entry.sha256:
            if source.exists() and hash_file(source) == image.sha256:
                raise NpmError(f"is in the study already, as {image.id}.")
            return image.id
        if source == Path(entry.source):
            return image.id
    return None


def _check_pixel_size(images: Mapping[str, ImageEntry], entry: ImageEntry) -> None:
    reference = next((image.pixel_size_nm for image in images.values()), entry.pixel_size_nm)
    if abs(entry.pixel_size_nm / reference - 1) > PIXEL_SIZE_TOLERANCE:
        raise NpmError(
            f"has {entry.pixel_size_nm:g} nm a pixel but the study {reference:g}:"
            " resample it, or put it into a study of its own."
        )


def add_folder(
    study: Study,
    folder: Path,
    *,
    sample: str | None = None,
    label: str | None = None,
    specimen: str | None = None,
    pixel_size_nm: float | None = None,
    copy: bool = False,
    only: Collection[Path] | None = None,
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
    only : collection of Path, optional
        Take these of its images alone, as those that an earlier report names.

    Returns
    -------
    ImportReport
        Ids of the images taken, and what was left out and why.

    Raises
    ------
    NpmError
        If the folder does not exist or holds no images.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise NpmError(f"{folder} is not a folder: name one that holds images.")
    groups: list[tuple[str, str | None, Path]] = []
    for one_sample, home in (
        [(sample, folder)] if sample else [(path.name, path) for path in _folders(folder)]
    ):
        groups.append((one_sample, specimen, home))
        groups.extend((one_sample, specimen or path.name, path) for path in _folders(home))
    found = [(name, piece, _listed(home, only)) for name, piece, home in groups]
    total = sum(len(images) for _, _, (images, _) in found)
    if not total:
        raise NpmError(
            f"{folder} holds no images: give a folder of images with --sample NAME, or a folder"
            " with one subfolder of images for each sample."
        )
    report = ImportReport((), ())
    if only is None:
        report += ImportReport((), tuple(_out_of_place(folder, sample, groups)))
    before = 0
    for name, piece, (images, others) in found:

        def inner(
            done: int,
            total: int,  # noqa: ARG001 - of this group only
            message: str = "",
            metrics: Mapping[str, float] | None = None,
            *,
            base: int = before,
            all_files: int = total,
        ) -> None:
            progress(base + done, all_files, message, metrics)

        report += ImportReport((), tuple((path, "is not an image.") for path in others))
        if images:
            report += add_images(
                study,
                name,
                images,
                label=label,
                specimen=piece,
                pixel_size_nm=pixel_size_nm,
                copy=copy,
                progress=inner,
            )
        before += len(images)
    return report


def _listed(
    folder: Path, only: Collection[Path] | None
) -> tuple[tuple[Path, ...], tuple[Path, ...]]:
    """Return the images of a folder and its other files; with `only`, these of its images."""
    from napari_npm.io import find_images

    listing = find_images(folder, required=False)
    if only is None:
        return tuple(listing.images), tuple(listing.skipped)
    return tuple(path for path in listing.images if path in only), ()


def _folders(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.is_dir() and path.name[0] != ".")


def _out_of_place(
    folder: Path, sample: str | None, groups: Sequence[tuple[str, str | None, Path]]
) -> Iterator[tuple[Path, str]]:
    """Yield what lies where no image is looked for: it must not go unnoticed."""
    from napari_npm.io import find_images

    if not sample:
        listing = find_images(folder, required=False)
        for path in (*listing.images, *listing.skipped):
            yield path, "lies beside the folders of the samples: move it into one."
    homes = {home for _, _, home in groups}
    for _, _, home in groups:
        for path in _folders(home):
            if path not in homes:
                yield path, "is a folder inside a specimen's: move its images into that one."


def _with_sample(samples: tuple[Sample, ...], name: str, label: str | None) -> tuple[Sample, ...]:
    if any(sample.name == name for sample in samples):
        return tuple(
            Sample(name=name, label=label) if sample.name == name and label else sample
            for sample in samples
        )
    return (*samples, Sample(name=name, label=label or name))
