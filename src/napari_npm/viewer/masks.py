"""Keeps the mask of a study's image on disk: every stroke is saved at once, off the main thread."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import QObject, QTimer, Signal

from napari_npm.core.progress import Progress, silent

from .tasks import Task

_PAUSE_MS = 250


class MaskKeeper(QObject):
    """Saves a Labels layer to the study soon after each change.

    Edits within a quarter of a second are saved together. Changes are found by comparing with
    what was saved last, so that strokes, fills, polygons and undo all count and mere redrawing
    does not.
    """

    saved = Signal(str)
    failed = Signal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._layer: Any = None
        self._study: Any = None
        self._image_id = ""
        self._last: NDArray[np.uint8] | None = None
        self._task: Task | None = None
        self._again = False
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_PAUSE_MS)
        self._timer.timeout.connect(self._save)

    def watch(self, layer: Any, study: Any, image_id: str) -> None:
        """Keep this layer as the mask of an image from now on.

        Parameters
        ----------
        layer : napari.layers.Labels
            The mask layer, showing what is on disk.
        study : Study
            Where to save.
        image_id : str
            The image it belongs to.
        """
        self.flush()
        self._disconnect()
        self._layer, self._study, self._image_id = layer, study, image_id
        self._last = np.array(layer.data, dtype=np.uint8)
        for event in self._events():
            event.connect(self._touched)

    def release(self) -> None:
        """Save what is left and watch no more."""
        self.flush()
        self._disconnect()
        self._layer = self._study = self._last = None

    def flush(self) -> None:
        """Save at once what is not yet saved, before the layer's data are replaced."""
        if self._timer.isActive():
            self._timer.stop()
            self._save()

    def wait(self) -> None:
        """Save in this thread what is left; only for a window that closes."""
        if self._layer is not None:
            _write(silent, self._study, self._image_id, self._layer.data, self._last)

    def _events(self) -> list[Any]:
        events = self._layer.events
        return [events.paint, events.labels_update, events.set_data, events.data]

    def _disconnect(self) -> None:
        if self._layer is not None:
            for event in self._events():
                event.disconnect(self._touched)

    def _touched(self, event: Any = None) -> None:  # noqa: ARG002 - napari passes the event
        self._timer.start()

    def _save(self) -> None:
        if self._layer is None:
            return
        if self._task is not None:
            self._again = True
            return
        # Not copied here: a copy of a large mosaic's mask would hold the window up. Should a
        # stroke fall into the writing, it starts another saving.
        self._task = Task(
            _write, self._study, self._image_id, self._layer.data, self._last, parent=self
        )
        self._task.done.connect(self._written)
        self._task.failed.connect(self.failed)
        self._task.ended.connect(self._next)
        self._task.start()

    def _written(self, result: tuple[str, NDArray[np.uint8] | None]) -> None:
        image_id, labels = result
        if labels is None:
            return
        if image_id == self._image_id:
            self._last = labels
        self.saved.emit(image_id)

    def _next(self) -> None:
        self._task = None
        if self._again:
            self._again = False
            self._save()


def _write(
    report: Progress,
    study: Any,
    image_id: str,
    data: NDArray[Any],
    last: NDArray[np.uint8] | None,
) -> tuple[str, NDArray[np.uint8] | None]:
    """Save a mask if it differs from what was saved last; return what was saved."""
    report(0, 1, "saving the mask")
    labels = np.array(data, dtype=np.uint8)
    if last is not None and np.array_equal(last, labels):
        return image_id, None
    study.set_mask(image_id, labels)
    return image_id, labels
