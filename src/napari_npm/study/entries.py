"""The entry of an image in a study: made from its file, named, and copied where asked."""

import os
import re
import shutil
from collections.abc import Collection
from pathlib import Path

from napari_npm.core.errors import NpmError
from napari_npm.core.tiling import TILE

from .hashing import hash_file
from .model import ImageEntry, Sample


class NoPixelSizeError(NpmError):
    """A file does not tell how wide its pixels are, and nobody else did."""


def entry_of(path: Path, sample: str, pixel_size_nm: float | None) -> ImageEntry:
    """Read an image file and return its entry, with no id and specimen yet.

    Raises
    ------
    NpmError
        If it cannot be read or is smaller than a tile.
    NoPixelSizeError
        If it has no pixel size.
    """
    from napari_npm.io import read_sem

    image = read_sem(path)
    height, width = image.pixels.shape
    if min(height, width) < TILE:
        raise NpmError(f"is {height} x {width} px, smaller than a tile of {TILE} x {TILE} px.")
    size = pixel_size_nm or image.pixel_size_nm
    if size is None:
        raise NoPixelSizeError("carries no pixel size.")
    return ImageEntry(
        id="",
        sample=sample,
        specimen="",
        source=str(path.resolve()),
        sha256=hash_file(path),
        height=height,
        width=width,
        pixel_size_nm=size,
        kv=image.kv,
        detector=image.detector,
        date=str(image.date) if image.date else None,
        warnings=tuple(image.warnings),
    )


def checked_sample(name: str, samples: Collection[Sample]) -> str:
    """Return a sample's name if it can be part of a file's name on every system.

    Raises
    ------
    NpmError
        If it cannot, or differs from another sample's only in capital letters.
    """
    if not name.strip() or re.search(r'[\x00-\x1f\\/:*?"<>|]', name):
        raise NpmError(
            f"The sample's name {name!r} cannot be part of a file's name: leave out"
            ' \\ / : * ? " < > | and put such text into its label.'
        )
    for other in samples:
        if other.name != name and other.name.casefold() == name.casefold():
            raise NpmError(f"There is a sample {other.name!r} already: write {name!r} like it.")
    return name


def free_name(stem: str, sample: str, taken: Collection[str]) -> str:
    """Return an id made from the file's name that is a safe file name and not yet taken.

    ``taken`` holds the ids in use, casefolded: Windows and macOS do not tell a.tif from A.tif.
    """
    plain = re.sub(r"[^A-Za-z0-9._-]+", "_", stem).strip("._") or "image"
    candidates = [plain, re.sub(r"[^A-Za-z0-9._-]+", "_", f"{sample}-{plain}")]
    for candidate in candidates:
        if candidate.casefold() not in taken:
            return candidate
    number = 2
    while f"{candidates[1]}-{number}".casefold() in taken:
        number += 1
    return f"{candidates[1]}-{number}"


def copy_image(path: Path, folder: Path, image_id: str) -> Path:
    """Copy an image, and the text files that belong to it, under the name of its id.

    Raises
    ------
    NpmError
        If the disk is full or refuses.
    """
    from napari_npm.io import atomic_path, sidecars_of

    # its text files first: without them the image reads differently
    for file in (*sidecars_of(path), path):
        target = folder / f"{image_id}{file.name[len(path.stem) :]}"
        with atomic_path(target) as temporary:
            shutil.copyfile(file, temporary)
    return target


def relative_source(source: Path, folder: Path) -> str:
    """Return a source's path as `study.toml` holds it: relative, with forward slashes."""
    try:
        return Path(os.path.relpath(source, folder)).as_posix()
    except ValueError:
        # another drive on Windows has no relative path
        return source.as_posix()
