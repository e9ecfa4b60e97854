"""The live map: shows what the levels in hand would give, the newest ones only."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from qtpy.compat import isalive
from qtpy.QtCore import QObject, Signal

from .calibrate_live import preview
from .current import Current, current_subject
from .layers import Kind, find, kind_of, put, subject_of
from .tasks import Task


@dataclass(frozen=True)
class Wanted:
    """What is to be shown.

    Attributes
    ----------
    image : Current
        The image.
    unhydrated : ndarray of bool or None
        Where unhydrated cement is.
    g_csh, g_metal : float
        The reference levels.
    curve : ResponseCurve
        The response curve.
    clipped : bool
        Whether to show also what is clipped.
    """

    image: Current
    unhydrated: NDArray[np.bool_] | None
    g_csh: float
    g_metal: float
    curve: Any
    clipped: bool


class Preview(QObject):
    """Keeps the preview layer of the current image up to date, computed off the main thread.

    While one map is computed only the last of the wishes that arrive is remembered, so that a
    drag never runs behind the mouse.

    Attributes
    ----------
    closed : Signal
        Emitted with the `Kind` of a layer that the user has removed.
    drawn : Signal
        Emitted when the layer shows a new map.
    """

    closed = Signal(object)
    drawn = Signal()

    def __init__(self, viewer: Any, session: Any, parent: QObject) -> None:
        super().__init__(parent)
        self._viewer, self._session = viewer, session
        self._wanted: Wanted | None = None
        self._running: Wanted | None = None
        self._layers: list[Any] = []
        self._kept: list[Any] = []
        viewer.layers.events.removed.connect(self._removed)

    def show(self, wanted: Wanted) -> None:
        """Show this soon, in place of what was wanted before."""
        self._wanted = wanted
        if self._running is None:
            self._next()

    def hide(self) -> None:
        """Take the layers away."""
        self._wanted = None
        self._kept = []
        layers, self._layers = self._layers, []
        for layer in layers:
            if layer in self._viewer.layers:
                self._viewer.layers.remove(layer)

    def _next(self) -> None:
        wanted, self._wanted = self._wanted, None
        self._running = wanted
        if wanted is None:
            return
        task = Task(
            preview,
            wanted.image.pixels,
            wanted.unhydrated,
            wanted.g_csh,
            wanted.g_metal,
            wanted.curve,
            wanted.clipped,
            self._kept,
            parent=self._session,
        )
        task.done.connect(self._computed)
        task.ended.connect(self._next)
        self._session.start(task)

    def _computed(self, found: tuple[NDArray[np.float32], NDArray[np.uint8] | None]) -> None:
        wanted = self._running
        viewer = self._viewer
        # Since it was wanted the image may be another one, or gone.
        if wanted is None or not self._session_alive() or wanted.image.layer not in viewer.layers:
            return
        if current_subject(viewer) != wanted.image.subject:
            return
        porosity, ends = found
        shown = [self._put(Kind.PREVIEW, wanted, porosity)]
        if ends is not None:
            shown.append(self._put(Kind.CLIPPED, wanted, ends))
        self._layers, before = shown, self._layers
        for layer in before:
            if layer not in shown and layer in viewer.layers:
                viewer.layers.remove(layer)
        self.drawn.emit()

    def _session_alive(self) -> bool:
        return isalive(self) and not self._session.closed

    def _put(self, kind: Kind, wanted: Wanted, data: NDArray[Any]) -> Any:
        viewer, subject = self._viewer, wanted.image.subject
        layer = find(viewer, kind, subject)
        if layer is not None and subject_of(layer) == subject:
            layer.data = data
        else:
            active = viewer.layers.selection.active
            layer = put(viewer, kind, subject, data)
            below = wanted.image.layer if kind is Kind.PREVIEW else self._layer_of(subject)
            place = viewer.layers.index(below) + 1
            if viewer.layers.index(layer) != place:
                viewer.layers.move(viewer.layers.index(layer), place)
            # The user's tool goes on working on its own layer.
            viewer.layers.selection.active = active
        if not layer.visible:
            layer.visible = True
        return layer

    def _layer_of(self, subject: Any) -> Any:
        return find(self._viewer, Kind.PREVIEW, subject)

    def _removed(self, event: Any) -> None:
        if isalive(self) and event.value in self._layers:
            self._layers.remove(event.value)
            self.closed.emit(kind_of(event.value))
