"""Follows one layer of labels: each edit in the history and on disk, off the main thread."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from qtpy.compat import isalive
from qtpy.QtCore import QObject, QTimer, Signal

from .ledger import Box, Done, Ledger, painted_box
from .refusals import Refusals
from .tasks import Task

_PAUSE_MS = 250


class LabelKeeper(QObject):
    """Follows one Labels layer: notes each edit, saves it at once, undoes and redoes.

    Strokes, fills and polygons are noted one by one as napari tells of them; whatever else
    changes the data is found by comparing, a quarter of a second later. What the disk refuses is
    kept and tried again, also after another layer is followed.

    Parameters
    ----------
    what : str
        What the labels are, as messages name them.
    parent : QObject, optional
        Qt parent.
    """

    edited = Signal()
    done = Signal(object, object)
    failed = Signal(str)

    def __init__(self, what: str, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.layer: Any = None
        self.ledger: Ledger | None = None
        self._running: set[Ledger] = set()
        self._again: set[Ledger] = set()
        self.refusals = Refusals(what, self)
        self.refusals.again.connect(self._run)
        self.refusals.refused.connect(self.failed)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_PAUSE_MS)
        self._timer.timeout.connect(self._settle)
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
            self._settle()
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
        self._settle()
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
        self.refusals.tell_again(self.ledger)
        self._settle()

    def _settle(self) -> None:
        self._timer.stop()
        self.compare()
        if self.ledger is not None and not self.ledger.idle:
            self._run(self.ledger)

    def wait(self) -> list[str]:
        """Do in this thread what is left, before a study is closed.

        Returns
        -------
        list of str
            What could not be saved, as messages name it.
        """
        self._timer.stop()
        self._unsure = True
        self.compare()
        done = {ledger: ledger.run() for ledger in self._ledgers()}
        for ledger, one in done.items():
            self._done(ledger, one)
        left = sorted(ledger.name for ledger, one in done.items() if one.error is not None)
        return [f"the {self.refusals.what} of {name}" for name in left]

    def _ledgers(self) -> set[Ledger]:
        current = [] if self.ledger is None else [self.ledger]
        return {*self._running, *self.refusals.ledgers, *current}

    def ledger_of(self, name: str) -> Ledger | None:
        """Return the ledger of an image that may not be saved yet, for whoever reads it next."""
        return next((ledger for ledger in self._ledgers() if ledger.name == name), None)

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
        followed = ledger is self.ledger and self.layer is not None
        for step in done.steps:
            if followed:
                self._show(step.box, step.values)
                self._again.add(ledger)
            ledger.shown(step)
        self.refusals.take(ledger, done)
        self.done.emit(ledger, done)

    def _over(self, ledger: Ledger) -> None:
        self._running.discard(ledger)
        if ledger in self._again:
            self._again.discard(ledger)
            self._run(ledger)


def set_box(layer: Any, box: Box, values: NDArray[Any]) -> None:
    """Change a part of a Labels layer and draw it, without an entry in napari's own history."""
    layer.data[box] = values
    layer.refresh(highlight=False, extent=False)
