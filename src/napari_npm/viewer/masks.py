"""Keeps an image's mask and strokes: each edit in the history and on disk, off the main thread."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from qtpy.compat import isalive
from qtpy.QtCore import QObject, QTimer, Signal

from .ledger import Box, Done, Ledger, painted_box
from .tasks import Task

_PAUSE_MS = 250


class LabelKeeper(QObject):
    """Follows one Labels layer: notes each edit, saves it at once, undoes and redoes.

    Strokes, fills and polygons are noted one by one as napari tells of them; whatever else
    changes the data is found by comparing, a quarter of a second later.
    """

    edited = Signal()
    done = Signal(object, object)
    failed = Signal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.layer: Any = None
        self.ledger: Ledger | None = None
        self._running: set[Ledger] = set()
        self._again: set[Ledger] = set()
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_PAUSE_MS)
        self._timer.timeout.connect(self.flush)
        # napari may tell of a stroke just before it is in the data.
        self._box: Box | None = None
        # Comparing a large mosaic takes long: only when something else may have changed it.
        self._unsure = self._writing = False
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(0)
        self._soon.timeout.connect(self._note)

    def watch(self, layer: Any, ledger: Ledger | None = None) -> None:
        """Follow this layer from now on, whose data are what the ledger holds.

        Parameters
        ----------
        layer : napari.layers.Labels
            The layer.
        ledger : Ledger, optional
            A new one; the ledger so far where the layer was made again.
        """
        self._let_go()
        if ledger is not None:
            self.flush()
            self.ledger = ledger
        self.layer = layer
        layer.events.paint.connect(self._painted)
        for event in self._other_events():
            event.connect(self._touched)
        self._run(self.ledger)

    def _other_events(self) -> list[Any]:
        events = self.layer.events
        return [events.labels_update, events.set_data, events.data]

    def release(self) -> None:
        """Save what is left and follow no more."""
        self._let_go()
        self.flush()
        self.ledger = None

    def _let_go(self) -> None:
        self._unsure = True
        self.compare()
        if self.layer is not None:
            self.layer.events.paint.disconnect(self._painted)
            for event in self._other_events():
                event.disconnect(self._touched)
        self.layer = None

    def compare(self, box: Box | None = None) -> bool:
        """Take note of what changed in the layer, within a box where that is known."""
        if box is None and not self._unsure:
            return False
        self._unsure = self._unsure and box is not None
        found = (
            self.layer is not None
            and self.ledger is not None
            and self.ledger.take(np.asarray(self.layer.data), box)
        )
        if found:
            self.edited.emit()
        return found

    def flush(self) -> None:
        """Save at once what is not yet saved, before the layer's data are replaced."""
        self._timer.stop()
        self.compare()
        if self.ledger is not None and not self.ledger.idle:
            self._run(self.ledger)

    def wait(self) -> None:
        """Do in this thread what is left; only for a window that closes."""
        self._timer.stop()
        self._unsure = True
        self.compare()
        for ledger in {*self._running, *([] if self.ledger is None else [self.ledger])}:
            ledger.run()

    def ledger_of(self, name: str) -> Ledger | None:
        """Return the ledger of an image that may not be saved yet, for whoever reads it next."""
        at_work = [*self._running, *([] if self.ledger is None else [self.ledger])]
        return next((ledger for ledger in at_work if ledger.name == name), None)

    def order(self, what: Callable[[Ledger], None]) -> None:
        """Queue something behind the edits up to now."""
        if self.ledger is not None:
            self.compare()
            what(self.ledger)
            self._run(self.ledger)

    def write(self, box: Box, values: NDArray[Any]) -> None:
        """Change a part of the labels as one edit and show it."""
        if self.layer is not None:
            self.compare()
            self._show(box, values)
            self.compare(box)
            self._run(self.ledger)

    def _show(self, box: Box, values: NDArray[Any]) -> None:
        self._writing = True
        set_box(self.layer, box, values)
        self._writing = False

    def _painted(self, event: Any) -> None:
        if isalive(self):
            box = painted_box(getattr(event, "value", None))
            first = not self._soon.isActive()
            self._box = box if first else None
            self._unsure |= self._box is None
            self._soon.start()

    def _note(self) -> None:
        found = self.compare(self._box)
        if self._box is not None:
            # napari tells of a stroke twice; it is known already.
            self._unsure = False
            self._timer.stop()
        if found:
            self._run(self.ledger)

    def _touched(self, event: Any = None) -> None:  # noqa: ARG002 - napari passes the event
        if isalive(self) and not self._writing:
            self._unsure = True
            self._timer.start()

    def _run(self, ledger: Ledger | None) -> None:
        if ledger is None:
            return
        if ledger in self._running:
            self._again.add(ledger)
            return
        self._running.add(ledger)
        task = Task(ledger.run, parent=self)
        task.done.connect(lambda done: self._done(ledger, done))
        task.failed.connect(self.failed)
        task.ended.connect(lambda: self._over(ledger))
        task.start()

    def _done(self, ledger: Ledger, done: Done) -> None:
        if ledger is self.ledger and self.layer is not None:
            for step in done.steps:
                self._show(step.box, step.values)
                ledger.shown(step)
                self._again.add(ledger)
        self.done.emit(ledger, done)

    def _over(self, ledger: Ledger) -> None:
        self._running.discard(ledger)
        if ledger in self._again:
            self._again.discard(ledger)
            self._run(ledger)


class MaskKeeper(QObject):
    """Keeps the mask and the strokes of one image, with one undo over both.

    Attributes
    ----------
    mask, strokes : LabelKeeper
        The two layers.
    saved : Signal
        Emitted with the image's name when its mask was written.
    strokes_saved : Signal
        The same for its strokes.
    stepped : Signal
        Emitted when something was done: undo and redo may have become possible.
    """

    saved = Signal(str)
    strokes_saved = Signal(str)
    failed = Signal(str)
    stepped = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.mask, self.strokes = LabelKeeper(self), LabelKeeper(self)
        self._done: list[LabelKeeper] = []
        self._undone: list[LabelKeeper] = []
        for keeper, saved in ((self.mask, self.saved), (self.strokes, self.strokes_saved)):
            keeper.failed.connect(self.failed)
            keeper.done.connect(lambda ledger, done, saved=saved: self._told(ledger, done, saved))
            keeper.edited.connect(lambda keeper=keeper: self._edited(keeper))

    @property
    def name(self) -> str:
        """The image that is kept; empty where none is."""
        return "" if self.mask.ledger is None else self.mask.ledger.name

    def watch(self, layer: Any, ledger: Ledger) -> None:
        """Keep another image from now on: this mask layer with this ledger."""
        self.strokes.release()
        self._done, self._undone = [], []
        self.mask.watch(layer, ledger)

    def release(self) -> None:
        """Save what is left and keep nothing more."""
        self.mask.release()
        self.strokes.release()

    def flush(self) -> None:
        """Save at once what is not yet saved."""
        self.mask.flush()
        self.strokes.flush()

    def wait(self) -> None:
        """Save in this thread; only for a window that closes."""
        self.mask.wait()
        self.strokes.wait()

    def ledgers_of(self, name: str) -> tuple[Ledger, ...]:
        """Return what may not be saved yet of an image."""
        found = (self.mask.ledger_of(name), self.strokes.ledger_of(name))
        return tuple(ledger for ledger in found if ledger is not None)

    @property
    def can_undo(self) -> bool:
        """Whether there is an edit to undo."""
        return bool(self._done) or any(one.can_undo for one in self._ledgers())

    @property
    def can_redo(self) -> bool:
        """Whether there is an undone edit to do again."""
        return bool(self._undone) or any(one.can_redo for one in self._ledgers())

    def _ledgers(self) -> list[Ledger]:
        return [one.ledger for one in (self.mask, self.strokes) if one.ledger is not None]

    def undo(self) -> None:
        """Undo the last edit of mask or strokes; those of an earlier session: the mask's first."""
        keeper = self._done.pop() if self._done else self._able("can_undo")
        if keeper is not None:
            self._undone.append(keeper)
            keeper.order(lambda ledger: ledger.undo())

    def redo(self) -> None:
        """Do the edit that was undone last again."""
        keeper = self._undone.pop() if self._undone else self._able("can_redo")
        if keeper is not None:
            self._done.append(keeper)
            keeper.order(lambda ledger: ledger.redo())

    def _able(self, what: str) -> LabelKeeper | None:
        for keeper in (self.mask, self.strokes):
            if keeper.ledger is not None and getattr(keeper.ledger, what):
                return keeper
        return None

    def _edited(self, keeper: LabelKeeper) -> None:
        self._done.append(keeper)
        self._undone.clear()
        self.stepped.emit()

    def _told(self, ledger: Ledger, done: Done, saved: Any) -> None:
        if done.saved:
            saved.emit(ledger.name)
        self.stepped.emit()


def set_box(layer: Any, box: Box, values: NDArray[Any]) -> None:
    """Change a part of a Labels layer and draw it, without an entry in napari's own history."""
    layer.data[box] = values
    layer.refresh(highlight=False, extent=False)
