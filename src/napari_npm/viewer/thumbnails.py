"""Small pictures of a study's images, read in the background as they come into view."""

from collections.abc import Generator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import QObject, Signal
from qtpy.QtGui import QIcon, QImage, QPixmap

from napari_npm.core.errors import NpmError
from napari_npm.core.progress import Progress

from .tasks import Task

SIZE = 36
# So many are read between two looks at what has come into view meanwhile.
_BATCH = 6
_FINER = 6

Found = list[tuple[str, NDArray[np.uint8] | None]]


def read_pictures(
    report: Progress, study: Any, image_ids: tuple[str, ...], size: int
) -> Generator[None, None, Found]:
    """Return a small grey picture of each image, None where it cannot be read; a generator."""
    found: Found = []
    for number, image_id in enumerate(image_ids):
        report(number, len(image_ids), image_id)
        try:
            found.append((image_id, small(study.read(image_id).pixels, size)))
        except (NpmError, OSError):
            found.append((image_id, None))
        yield
    return found


def small(pixels: NDArray[Any], size: int) -> NDArray[np.uint8]:
    """Return an image's middle square as a small picture, stretched from black to white.

    Parameters
    ----------
    pixels : ndarray, (H, W)
        Grey values.
    size : int
        Greatest height and width, px.
    """
    side = min(pixels.shape)
    top, left = ((length - side) // 2 for length in pixels.shape)
    # Of a mosaic every so many pixels: the means of all would take long and look the same.
    skip = max(1, side // (_FINER * size))
    part = pixels[top : top + side : skip, left : left + side : skip]
    block = max(1, part.shape[0] // size)
    kept = min(part.shape) // block
    blocks = part[: kept * block, : kept * block].reshape(kept, block, kept, block)
    values = blocks.mean(axis=(1, 3), dtype=np.float32)
    low, high = np.quantile(values, (0.01, 0.99))
    scaled = (values - low) / max(float(high - low), 1e-6)
    return np.ascontiguousarray(np.round(255 * scaled.clip(0, 1)).astype(np.uint8))


class Thumbnails(QObject):
    """Pictures by image, for one study at a time.

    Attributes
    ----------
    missing : set of str
        Images whose files could not be read.
    """

    changed = Signal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._study: Any = None
        self._icons: dict[str, QIcon] = {}
        self._wanted: list[str] = []
        self._task: Task | None = None
        self.missing: set[str] = set()

    def follow(self, study: Any) -> None:
        """Show pictures of this study's images, or of none."""
        if study is self._study:
            return
        self._study = study
        self._icons.clear()
        self._wanted.clear()
        self.missing.clear()
        if self._task is not None:
            self._task.cancel()

    def icon(self, image_id: str) -> QIcon | None:
        """Return an image's picture; one that is not there yet is read soon."""
        icon = self._icons.get(image_id)
        if icon is None and image_id not in self.missing and self._study is not None:
            if image_id in self._wanted:
                self._wanted.remove(image_id)
            self._wanted.append(image_id)
            self._read_next()
        return icon

    def _read_next(self) -> None:
        if self._task is not None or not self._wanted or self._study is None:
            return
        # The last asked for are in view; others may have been scrolled away since.
        batch = tuple(reversed(self._wanted[-_BATCH:]))
        self._task = Task(read_pictures, self._study, batch, 2 * SIZE, parent=self)
        study = self._study
        self._task.done.connect(lambda found: self._take(study, found))
        self._task.ended.connect(self._over)
        self._task.start()

    def _take(self, study: Any, found: Found) -> None:
        if study is not self._study:
            return
        for image_id, picture in found:
            if image_id in self._wanted:
                self._wanted.remove(image_id)
            if picture is None:
                self.missing.add(image_id)
            else:
                self._icons[image_id] = _icon(picture)
            self.changed.emit(image_id)

    def _over(self) -> None:
        self._task = None
        self._read_next()


def _icon(picture: NDArray[np.uint8]) -> QIcon:
    rows, columns = picture.shape
    image = QImage(picture.data, columns, rows, columns, QImage.Format.Format_Grayscale8)
    return QIcon(QPixmap.fromImage(image.copy()))
