"""Work on the current image in a generator thread worker, so that the window stays alive."""

import atexit
import threading
from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from qtpy.compat import isalive
from qtpy.QtCore import QObject, QThreadPool, Signal
from superqt.utils import GeneratorWorker

from napari_npm.core.errors import Cancelled

from . import NAPARIS_OWN
from .notify import sentence, show_error
from .turns import Turns

# To compile what masking needs takes ten seconds on a slow machine, once after installing.
_LAST_WAIT_MS = 60_000


def wait_for_tasks() -> None:
    """Wait for what still works in the background: it must not outlive Qt."""
    QThreadPool.globalInstance().waitForDone(_LAST_WAIT_MS)


# A script that closes its viewer without `napari.run` never tells that Qt quits; a worker that
# reports to a deleted object then aborts the interpreter.
atexit.register(wait_for_tasks)


@dataclass(frozen=True)
class Outcome:
    """How a task ended: a value, or the error that stopped it."""

    value: Any = None
    error: BaseException | None = None


class Task(QObject):
    """One piece of work in a worker thread that reports progress and can be stopped.

    The work is a function ``work(report, ...)`` that either returns a value or is a generator
    which yields between its parts and returns a value. ``report`` is a `Progress` callback that
    may be called from the worker thread; once the task is cancelled it raises `Cancelled`.

    Parameters
    ----------
    work : callable
        The function to run; it must not touch Qt or napari objects.
    *arguments, **keywords
        Passed to `work` after ``report``.
    parent : QObject, optional
        Qt parent, whose end cancels the task.
    """

    progress = Signal(int, int, str, object)
    done = Signal(object)
    failed = Signal(str)
    cancelled = Signal()
    ended = Signal()

    def __init__(
        self,
        work: Callable[..., Any],
        *arguments: Any,
        parent: QObject | None = None,
        **keywords: Any,
    ) -> None:
        super().__init__(parent)
        self._stop = threading.Event()
        self._worker = GeneratorWorker(self._steps, work, arguments, keywords)
        self._worker.returned.connect(self._finish)
        self._worker.aborted.connect(self._aborted)
        self._worker.warned.connect(self._warned)
        self._take: Callable[[Any], Any] | None = None
        self._turns = Turns(self)
        self.running = False

    def start(self) -> "Task":
        """Start the work and return at once."""
        self.running = True
        self._worker.start()
        return self

    def then(self, take: Callable[[Any], Any]) -> None:
        """Give the result to a function; a generator's parts run in turns, before the task ends.

        Parameters
        ----------
        take : callable
            Takes the result; see `Turns` for the parts. Not called once the widget that it is a
            method of is gone.
        """
        self._take = take
        self.done.connect(self._give)

    def _give(self, value: Any) -> None:
        assert self._take is not None
        owner = getattr(self._take, "__self__", self)
        if isinstance(owner, QObject) and not isalive(owner):
            return
        parts = self._take(value)
        if isinstance(parts, Iterator):
            self._turns.run(_while_alive(owner, parts))

    def cancel(self) -> None:
        """Ask the work to stop at its next item."""
        # Not worker.quit(): superqt drops the outcome of a quit worker that returns by itself.
        self._stop.set()

    def report(
        self,
        done: int,
        total: int,
        message: str = "",
        metrics: Mapping[str, float] | None = None,
    ) -> None:
        """Tell how far the work is; the `Progress` callback that the work is given.

        Raises
        ------
        Cancelled
            If the task was cancelled.
        """
        if self._stop.is_set():
            raise Cancelled
        self.progress.emit(done, total, message, dict(metrics or {}))

    def _steps(
        self, work: Callable[..., Any], arguments: tuple[Any, ...], keywords: dict[str, Any]
    ) -> Generator[None, None, Outcome]:
        yield
        try:
            result = work(self.report, *arguments, **keywords)
            while isinstance(result, Generator):
                if self._stop.is_set():
                    raise Cancelled
                try:
                    next(result)
                except StopIteration as end:
                    result = end.value
                else:
                    yield
        except Exception as error:
            # The error travels as a value: napari would show a raised one with a traceback.
            return Outcome(error=error)
        return Outcome(value=result)

    def _finish(self, outcome: Outcome) -> None:
        self.running = False
        if outcome.error is None:
            self.done.emit(outcome.value)
        elif isinstance(outcome.error, Cancelled):
            self.cancelled.emit()
        else:
            self.failed.emit(sentence(outcome.error))
        if self._turns.running:
            self._turns.ended.connect(self.ended)
        else:
            self.ended.emit()

    def _warned(self, warning: tuple[Any, ...]) -> None:
        text = str(warning[0])
        # Of the main thread, while this one had filters of its own.
        if not text.startswith(NAPARIS_OWN):
            show_error(text)

    def _aborted(self) -> None:
        self.running = False
        self.cancelled.emit()
        self.ended.emit()


def _while_alive(owner: Any, parts: Iterator[None]) -> Iterator[None]:
    for _ in parts:
        yield
        if isinstance(owner, QObject) and not isalive(owner):
            return


class Latest(QObject):
    """Runs work in a worker thread, one piece at a time; of those that wait only the newest.

    For previews that follow a slider: what was asked for meanwhile is asked for no more.
    """

    done = Signal(object)
    failed = Signal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._task: Task | None = None
        self._wanted: tuple[Callable[..., Any], tuple[Any, ...]] | None = None
        self._dropped = False

    @property
    def busy(self) -> bool:
        """Whether something runs or waits whose result is still wanted."""
        return self._wanted is not None or (self._task is not None and not self._dropped)

    def ask(self, work: Callable[..., Any], *arguments: Any) -> None:
        """Run ``work(report, *arguments)`` as soon as what runs now is over."""
        self._wanted = (work, arguments)
        if self._task is None:
            self._next()

    def drop(self) -> None:
        """Want no result of what runs or waits."""
        self._wanted = None
        self._dropped = True
        if self._task is not None:
            self._task.cancel()

    def _next(self) -> None:
        if self._wanted is None:
            return
        work, arguments = self._wanted
        self._wanted, self._dropped = None, False
        self._task = Task(work, *arguments, parent=self)
        self._task.done.connect(self._tell)
        self._task.failed.connect(self.failed)
        self._task.ended.connect(self._over)
        self._task.start()

    def _tell(self, value: Any) -> None:
        if not self._dropped:
            self.done.emit(value)

    def _over(self) -> None:
        self._task = None
        self._next()
