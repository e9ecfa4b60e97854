"""The samples and images of a study."""

import os
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from napari_npm.core.errors import NpmError

from .folder import StudyFolder
from .hashing import hash_file
from .model import ImageEntry, Sample, StudyFile

if TYPE_CHECKING:
    from napari_npm.io import SemImage


class StudyImages(StudyFolder):
    """A study's samples and images; sources are referred to, never changed."""

    def _set(self, content: StudyFile) -> None:
        super()._set(content)
        self.__dict__.pop("_images_by_id", None)

    @property
    def samples(self) -> tuple[Sample, ...]:
        """The samples, in order; a sample's place is its class number."""
        return self._content.samples

    @property
    def images(self) -> tuple[ImageEntry, ...]:
        """All images, in order."""
        return self._content.images

    @cached_property
    def _images_by_id(self) -> dict[str, ImageEntry]:
        return {image.id: image for image in self.images}

    def image(self, image_id: str) -> ImageEntry:
        """Return the entry of an image by its id."""
        try:
            return self._images_by_id[image_id]
        except KeyError:
            raise NpmError(f"The study has no image {image_id!r}.") from None

    def source(self, image_id: str) -> Path:
        """Return the path of an image's source file."""
        return Path(os.path.normpath(self.folder / self.image(image_id).source))

    def read(self, image_id: str) -> "SemImage":
        """Read an image's source file.

        Raises
        ------
        NpmError
            If it is gone, or is not what was imported.
        """
        from napari_npm.io import read_sem

        path = self.source(image_id)
        if not path.exists():
            raise NpmError(f"{path} is gone: put it back, or import the image from where it is.")
        if hash_file(path) != self.image(image_id).sha256:
            raise NpmError(f"{path} has changed since it was imported: import it again.")
        found, entry = read_sem(path), self.image(image_id)
        if found.pixels.shape != (entry.height, entry.width):
            raise NpmError(
                f"{path} now reads as {found.pixels.shape[0]} x {found.pixels.shape[1]} px but was"
                f" {entry.height} x {entry.width} px: put back the text file that was beside it."
            )
        return found

    @property
    def pixel_size_nm(self) -> float:
        """Pixel size of the study's images in nm.

        Raises
        ------
        NpmError
            If there are no images.
        """
        if not self.images:
            raise NpmError(f"{self.folder} has no images: import some first.")
        return self.images[0].pixel_size_nm
