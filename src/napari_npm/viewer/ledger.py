"""What is done with one layer of labels off the main thread: history and saving, in order."""

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_npm.core.errors import NpmError
from napari_npm.core.progress import Progress, silent

Box = tuple[slice, slice]


@dataclass(frozen=True)
class Step:
    """What undo or redo changed, and how many edits there were when it was asked for."""

    box: Box
    values: NDArray[np.uint8]
    edits: int


@dataclass(frozen=True)
class Done:
    """What a ledger has done: the steps to be shown, whether labels were written, what failed."""

    steps: tuple[Step, ...]
    saved: bool
    error: Exception | None = None


class Ledger:
    """Edits of one image's labels: kept in its history and saved, one after the other.

    Whatever is to be done is queued at once by the main thread and run by `run` in a worker
    thread; a second `run` waits for the first, so work is never done out of order or twice.
    What the disk refuses is kept here, and saved by the first `run` that the disk lets.

    Parameters
    ----------
    name : str
        The image.
    labels : ndarray of uint8, (H, W)
        The labels as they are on disk. `seen` follows what the layer shows, in the main thread; a
        second copy follows in the worker thread.
    history : callable
        Returns the `MaskHistory`; called in the worker thread.
    save : callable, optional
        Called with the labels to save them; None where they have no place on disk.
    """

    def __init__(
        self,
        name: str,
        labels: NDArray[Any],
        history: Callable[[], Any],
        save: Callable[[NDArray[np.uint8]], None] | None = None,
    ) -> None:
        self.name = name
        self.seen = np.array(labels, dtype=np.uint8)
        self._labels = self.seen.copy()
        self._edits = 0
        self._make_history, self._save = history, save
        self._history: Any = None
        self._queue: deque[Callable[[], None]] = deque()
        self._lock = threading.Lock()
        self._unsaved = False
        self._steps: list[Step] = []
        self._saved = False
        self._waiting: list[Callable[[], None]] = []
        self._error: Exception | None = None
        self.can_undo = self.can_redo = False

    @property
    def idle(self) -> bool:
        """Whether nothing is left to do."""
        return not self._queue and not self._unsaved and not self._waiting

    @property
    def refused(self) -> bool:
        """Whether the disk refused something at the last `run`."""
        return self._error is not None

    def take(self, data: NDArray[Any], box: Box | None = None) -> bool:
        """Take note of what changed in the layer; return whether anything did.

        Parameters
        ----------
        data : ndarray, (H, W)
            The layer's data.
        box : (slice, slice), optional
            Where the changes lie; looked for where not given.
        """
        if data.shape != self.seen.shape:
            return False
        if box is None:
            box = changed_box(self.seen, data)
            if box is None:
                return False
        before, after = self.seen[box].copy(), np.array(data[box], dtype=np.uint8)
        if np.array_equal(before, after):
            return False
        self.seen[box] = after
        self._edits += 1
        self._queue.append(lambda: self._note(box, before, after))
        self._unsaved = self._save is not None
        self.can_undo, self.can_redo = True, False
        return True

    def shown(self, step: Step) -> None:
        """Take note that what undo or redo changed is shown now."""
        self.seen[step.box] = step.values
        if step.edits != self._edits:
            # A stroke ended while the undo was worked out: the layer says what holds.
            self._queue.append(self._follow)
            self._unsaved = self._save is not None

    def _follow(self) -> None:
        self._labels[:] = self.seen

    def undo(self) -> None:
        """Undo the last edit, once what is queued before it is done."""
        edits = self._edits
        self._queue.append(lambda: self._step("undo", edits))

    def redo(self) -> None:
        """Do the last undone edit again."""
        edits = self._edits
        self._queue.append(lambda: self._step("redo", edits))

    def then(self, work: Callable[[], None]) -> None:
        """Do something else once all is saved that was changed before."""

        def saved() -> None:
            self._waiting.append(work)
            self._write()

        self._queue.append(saved)

    def run(self, report: Progress = silent) -> Done:
        """Do all that is queued and save; `Done.error` tells what the disk refused."""
        report(0, 1, "")
        with self._lock:
            self._error = None
            if self._history is None:
                self._history = self._make_history()
            while self._queue:
                self._queue.popleft()()
            self._write()
            self.can_undo, self.can_redo = self._history.can_undo, self._history.can_redo
            done = Done(tuple(self._steps), self._saved, self._error)
            self._steps.clear()
            self._saved = False
            return done

    def _note(self, box: Box, before: NDArray[np.uint8], after: NDArray[np.uint8]) -> None:
        self._labels[box] = after
        try:
            self._history.push(before, after, (int(box[0].start), int(box[1].start)))
        except (NpmError, OSError) as error:
            self._error = error  # the history has the edit, though its file does not

    def _step(self, way: str, edits: int) -> None:
        labels = self._labels.copy()
        try:
            getattr(self._history, way)(labels, copy=False)
            box = self._history.changed
        except (NpmError, OSError) as error:
            # The step is made all the same; only the file of the history is as it was.
            self._error = error
            box = changed_box(self._labels, labels)
        if box is not None:
            self._labels = labels
            self._unsaved = self._save is not None
            self._steps.append(Step(box, labels[box].copy(), edits))

    def _write(self) -> None:
        if self._unsaved and self._save is not None:
            # Before it is saved: an edit that comes meanwhile is not saved by this.
            self._unsaved = False
            try:
                self._save(self._labels)
            except Exception as error:
                self._unsaved, self._error = True, error
                return
            self._saved = True
        try:
            while self._waiting:
                self._waiting[0]()
                del self._waiting[0]
                self._saved = True
        except (NpmError, OSError) as error:
            self._error = error


def changed_box(before: NDArray[Any], after: NDArray[Any]) -> Box | None:
    """Return the rows and columns within which two arrays differ, None where they do not."""
    differs = before != after
    rows, columns = (np.flatnonzero(differs.any(axis=axis)) for axis in (1, 0))
    if rows.size == 0:
        return None
    return np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def painted_box(item: Any) -> Box | None:
    """Return the rows and columns of a stroke from what napari's paint event holds."""
    try:
        low, high = [np.inf, np.inf], [-1, -1]
        for atom in item:
            key = getattr(atom, "slice_key", None)
            for axis, at in enumerate((atom[0] if key is None else key)[-2:]):
                first, last = (at.start, at.stop - 1) if isinstance(at, slice) else _ends(at)
                low[axis], high[axis] = min(low[axis], first), max(high[axis], last)
        if max(high) < 0:
            return None
        return np.s_[int(low[0]) : int(high[0]) + 1, int(low[1]) : int(high[1]) + 1]
    except (TypeError, IndexError, ValueError, AttributeError):
        return None  # another napari says it otherwise: then it is looked for


def _ends(at: Any) -> tuple[int, int]:
    places = np.asarray(at)
    return int(places.min()), int(places.max())


def study_ledger(study: Any, image_id: str, labels: NDArray[Any]) -> Ledger:
    """Return the ledger of a mask in a study."""
    return Ledger(
        image_id,
        labels,
        lambda: study.mask_history(image_id),
        lambda array: study.set_mask(image_id, array),
    )


def strokes_ledger(study: Any, image_id: str, labels: NDArray[Any]) -> Ledger:
    """Return the ledger of the strokes on an image of a study."""
    from napari_npm.study.history import MaskHistory

    path = study.strokes_path(image_id)
    return Ledger(
        image_id,
        labels,
        lambda: MaskHistory(
            path.parent / "history" / f"{image_id}.npz", labels.shape, study.require_writable
        ),
        lambda array: study.set_strokes(image_id, array),
    )


def free_ledger(name: str, labels: NDArray[Any]) -> Ledger:
    """Return the ledger of labels that have no place on disk: their history is kept in memory."""
    from napari_npm.study.history import MaskHistory

    return Ledger(name, labels, lambda: MaskHistory(None, labels.shape))
