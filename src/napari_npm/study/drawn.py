"""Label images of a study beside its masks: strokes to learn from, and known truth."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_npm.core.errors import NpmError
from napari_npm.core.masking import Stroke

from .hashing import hash_file
from .images import StudyImages


class StudyDrawn(StudyImages):
    """What was drawn on a study's images, each a label image of the image's size."""

    # strokes

    def strokes_path(self, image_id: str) -> Path:
        """Return where the strokes on an image are, or would be, kept."""
        return self.folder / "masks" / "strokes" / f"{self.image(image_id).id}.tif"

    def strokes(self, image_id: str) -> NDArray[np.uint8] | None:
        """Return the strokes drawn on an image, `Stroke` values, or None where there are none.

        Raises
        ------
        NpmError
            If their file is damaged or does not fit the image.
        """
        from napari_npm.io import read_labels

        path, image = self.strokes_path(image_id), self.image(image_id)
        if not path.exists():
            return None
        try:
            strokes = read_labels(path, (image.height, image.width), values=Stroke)
        except NpmError as error:
            raise NpmError(
                f"The strokes of {image_id} cannot be used ({str(error).rstrip('.')}): delete"
                f" {path} and draw them again."
            ) from error
        return _checked_strokes(image_id, strokes)

    def set_strokes(self, image_id: str, strokes: NDArray[Any] | None) -> None:
        """Keep the strokes drawn on an image, at once and atomically; None or zeros remove them.

        Parameters
        ----------
        image_id : str
            The image.
        strokes : ndarray of int, shape (H, W), or None
            `Stroke` values: 1 on unhydrated cement, 2 on what is none, 0 where nothing is drawn.

        Raises
        ------
        NpmError
            If their shape is not the image's, they hold other values, or the disk refuses.
        """
        self.require_writable()
        path = self.strokes_path(image_id)
        if strokes is None or not np.any(strokes):
            path.unlink(missing_ok=True)
            return
        self._write_labels(path, image_id, _checked_strokes(image_id, np.asarray(strokes)))

    @property
    def stroked_images(self) -> tuple[str, ...]:
        """Ids of the images with strokes, in order."""
        return tuple(i.id for i in self.images if self.strokes_path(i.id).exists())

    # known truth

    def truth_path(self, image_id: str) -> Path:
        """Return where an image's known places of modification are, or would be, kept."""
        return self.folder / "truth" / f"{self.image(image_id).id}.tif"

    def truth(self, image_id: str) -> NDArray[np.bool_] | None:
        """Return the known places of modification (phantoms), or None where unknown."""
        from napari_npm.io import read_labels

        path = self.truth_path(image_id)
        return read_labels(path) > 0 if path.exists() else None

    def set_truth(self, image_id: str, places: NDArray[Any]) -> None:
        """Keep the known places of modification of an image."""
        self._write_labels(self.truth_path(image_id), image_id, np.asarray(places) > 0)

    def _write_labels(
        self,
        path: Path,
        image_id: str,
        labels: NDArray[Any],
        note: Callable[[str], None] | None = None,
    ) -> None:
        """Write a label image; ``note`` is told its hash before it takes the place of the old."""
        from napari_npm.io import write_labels

        self.require_writable()
        image = self.image(image_id)
        if labels.shape != (image.height, image.width):
            raise NpmError(
                f"The mask of {image_id} is {labels.shape[0]} x {labels.shape[1]} px but its"
                f" image {image.height} x {image.width} px: make one of the image's size."
            )
        write_labels(
            path,
            labels.astype(np.uint8),
            image.pixel_size_nm,
            before=None if note is None else lambda file: note(hash_file(file)),
        )


def _checked_strokes(image_id: str, strokes: NDArray[Any]) -> NDArray[np.uint8]:
    if strokes.dtype.kind not in "iub" or strokes.min() < 0 or strokes.max() > max(Stroke):
        raise NpmError(
            f"The strokes of {image_id} hold other values than 0 (nothing), 1 (unhydrated cement)"
            " and 2 (not unhydrated cement): draw them again, or save them with these values."
        )
    return strokes.astype(np.uint8, copy=False)
