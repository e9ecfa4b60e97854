"""Which files of a folder are images."""

import re
from dataclasses import dataclass
from pathlib import Path

from napari_npm.core.errors import NpmError

from ._sidecar import sidecars_of

IMAGE_SUFFIXES = (".tif", ".tiff", ".png", ".bmp", ".jpg", ".jpeg")
_SYSTEM_FILES = ("thumbs.db", "desktop.ini")


@dataclass(frozen=True)
class FolderImages:
    """Images of a folder in natural order, and the files that are none."""

    images: tuple[Path, ...]
    skipped: tuple[Path, ...]


def find_images(folder: str | Path, *, required: bool = True) -> FolderImages:
    """List the images of a folder (not of its subfolders) by their suffix.

    Names are sorted as people count: ``a2.tif`` before ``a10.tif``. Text files that belong to
    an image, hidden files and those of the operating system are in neither list.

    Parameters
    ----------
    folder : str or Path
        The folder to look in.
    required : bool
        Whether a folder without images is an error.

    Returns
    -------
    FolderImages
        ``images`` and ``skipped``.

    Raises
    ------
    NpmError
        If there is no such folder, or no image in it.
    """
    folder = Path(folder)
    try:
        entries = sorted(folder.iterdir(), key=natural_key)
    except FileNotFoundError as error:
        raise NpmError(f"There is no folder {folder}: check the name.") from error
    except NotADirectoryError as error:
        raise NpmError(f"{folder} is a file: name the folder that holds the images.") from error
    except OSError as error:
        raise NpmError(f"{folder} cannot be opened: {(error.strerror or '').lower()}.") from error
    files = [
        entry
        for entry in entries
        if entry.is_file()
        and not entry.name.startswith(".")
        and entry.name.lower() not in _SYSTEM_FILES
    ]
    images = tuple(file for file in files if file.suffix.lower() in IMAGE_SUFFIXES)
    if required and not images:
        raise NpmError(
            f"{folder} holds no image (TIFF, PNG, BMP or JPEG): name the folder that does."
        )
    belonging = {sidecar for image in images for sidecar in sidecars_of(image)} | set(images)
    return FolderImages(images, tuple(file for file in files if file not in belonging))


def natural_key(path: Path) -> tuple[tuple[int, int, str], ...]:
    """Return a sort key that takes runs of digits as numbers."""
    parts = re.findall(r"([0-9]+)|([^0-9]+)", path.name)
    key = [(0, int(digits), "") if digits else (1, 0, other.lower()) for digits, other in parts]
    return (*key, (2, 0, path.name))
