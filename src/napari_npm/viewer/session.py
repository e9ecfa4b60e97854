"""What one viewer is working on: its study, the current image, the running job.

Qt's own object tree is the registry. A session is a child of the QApplication and belongs to one
viewer; the docks of that viewer find it there, and it ends with the viewer's window. So there is
one session a viewer, two viewers never share one, and the package holds no global state.
"""

import weakref
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from qtpy.QtCore import QEvent, QObject, Signal
from qtpy.QtWidgets import QApplication, QMainWindow

from napari_npm.core.errors import NpmError

from . import notify
from .arrangement import Arrangement
from .jobs import Job
from .masks import MaskKeeper
from .showing import Showing
from .study_work import image_states, open_study, reload_study, review_of
from .tasks import Task, wait_for_tasks
from .warm_up import warm_up


def plain(viewer: Any) -> Any:
    """Return the viewer behind napari's plugin proxy, so that identities can be compared."""
    return getattr(viewer, "__wrapped__", viewer)


def session_of(viewer: Any) -> "Session":
    """Return the viewer's session, made on first use."""
    app = QApplication.instance()
    for session in app.findChildren(Session):
        if session.viewer is plain(viewer) and not session.closed:
            return session
    return Session(viewer, app)


class Session(QObject):
    """The study, current image and job of one viewer.

    Attributes
    ----------
    study : Study or None
        The open study.
    image_id : str
        The study's current image; empty where none is shown.
    states : dict
        For each image id the names of the steps done.
    reviews : dict
        For each image id how far its mask is, a `Review`.
    listed : tuple of str
        The images that are listed, in their order; empty where no list tells.
    job : Job or None
        The running job; a study has one at a time.
    """

    study_changed = Signal()
    image_changed = Signal()
    states_changed = Signal()
    reviews_changed = Signal()
    job_started = Signal()
    job_ended = Signal()
    parameters_kept = Signal(object)
    said = Signal(str)

    def __init__(self, viewer: Any, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._viewer = weakref.ref(plain(viewer))
        self._window: QMainWindow | None = None
        self.closed = False
        self.study: Any = None
        self.image_id = ""
        self.states: dict[str, frozenset[str]] = {}
        self.reviews: dict[str, Any] = {}
        self.listed: tuple[str, ...] = ()
        self.job: Job | None = None
        self._tasks: set[Task] = set()
        self.keeper = MaskKeeper(self)
        self._showing = Showing(self)
        self.arrangement = Arrangement(self)
        self.keeper.failed.connect(self._complain)
        self.keeper.saved.connect(self.refresh_review)
        self.keeper.saved_after_all.connect(self._tell)
        QApplication.instance().aboutToQuit.connect(wait_for_tasks)
        self.start(Task(warm_up, parent=self))

    @property
    def viewer(self) -> Any:
        """The viewer, or None once it is gone."""
        return self._viewer()

    def adopt(self, window: Any) -> None:
        """End with this main window, and ask before it closes on a running job."""
        if isinstance(window, QMainWindow) and window is not self._window:
            self._window = window
            window.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        """Ask before the window closes on a running job or an unsaved mask; end with it."""
        if watched is self._window and event.type() == QEvent.Type.Close:
            if not self._may_close():
                event.ignore()
                return True
            self.close()
        return False

    def _may_close(self) -> bool:
        from . import dialogs

        if self.job is not None and not dialogs.ask_about_job(self._window, self.job):
            return False
        left = [] if self.study is None else self.keeper.wait()
        return not left or dialogs.ask_about_unsaved(self._window, left)

    def close(self) -> None:
        """Stop the job, save the mask, give the study back."""
        if self.closed:
            return
        self.closed = True
        if self._window is not None:
            self._window.removeEventFilter(self)
            self._window = None
            self.arrangement.keep_sizes()
        if self.job is not None:
            self.job.cancel()
            if not self.job.wait(3000):
                self.job.kill()
                self.job.wait(2000)
        self.close_study()
        self.deleteLater()

    # work

    def start(self, task: Task) -> Task:
        """Start a task and keep it alive until it ends; failures are shown."""
        self._tasks.add(task)
        task.failed.connect(self._complain)
        task.ended.connect(self._task_ended)
        return task.start()

    def _task_ended(self) -> None:
        self._tasks.discard(self.sender())

    def _tell(self, text: str) -> None:
        if not self.closed:
            notify.show_message(text)

    def _complain(self, text: str) -> None:
        if not self.closed:
            notify.show_error(text)

    def refuse_during_job(self) -> None:
        """Raise `NpmError` if a job runs."""
        if self.job is not None:
            raise NpmError(f"{self.job.title} is still running: wait for it or stop it first.")

    def require_study(self) -> Any:
        """Return the open study.

        Raises
        ------
        NpmError
            If none is open.
        """
        if self.study is None:
            raise NpmError("No study is open: open or create one in the NPM study dock first.")
        return self.study

    # study

    def open(self, folder: Path, *, make: Any = None) -> Task:
        """Open a study in the background, or make one.

        Parameters
        ----------
        folder : Path
            The study's folder.
        make : callable, optional
            ``make(report, folder)`` returns a new open study instead.
        """
        self.close_study()
        task = Task(open_study, folder, make, parent=self)
        task.done.connect(self._opened)
        return self.start(task)

    def _opened(self, study: Any) -> None:
        if self.closed:
            study.close()
            return
        self.study, self.image_id = study, ""
        self.study_changed.emit()
        self.refresh_states()
        self.arrangement.restore(study)

    def close_study(self) -> None:
        """Give the study back, with how its window looks; its layers stay as they are.

        Raises
        ------
        NpmError
            If something drawn cannot be saved, unless the window closes.
        """
        if self.study is None:
            return
        left = self.keeper.wait()
        if left and not self.closed:
            raise NpmError(
                f"The study stays open because {' and '.join(left)} cannot be saved: make its"
                " folder writable."
            )
        self.arrangement.keep()
        self._showing.stop()
        self.keeper.release()
        self.study.close()
        self.study, self.image_id, self.states, self.reviews = None, "", {}, {}
        if not self.closed:
            self.study_changed.emit()

    def refresh_states(self) -> None:
        """Find out in the background what is done for each image."""
        if self.study is not None:
            task = Task(image_states, self.study, parent=self)
            task.done.connect(self._take_states)
            self.start(task)

    def _take_states(self, found: tuple[dict[str, frozenset[str]], dict[str, Any]]) -> None:
        self.states, self.reviews = found
        self.states_changed.emit()
        self.reviews_changed.emit()

    def refresh_review(self, image_id: str) -> None:
        """Find out in the background how far the mask of one image is."""
        if self.study is not None:
            task = Task(review_of, self.study, image_id, parent=self)
            task.done.connect(self._take_review)
            self.start(task)

    def _take_review(self, found: tuple[str, Any]) -> None:
        if found[0] in self.states:
            self.reviews.update([found])
            self.reviews_changed.emit()

    # images

    def show(self, image_id: str) -> Task:
        """Show an image of the study with its mask and maps, read by the task returned."""
        self.require_study()
        return self._showing.show(image_id)

    @property
    def changing(self) -> bool:
        """Whether the layers are being replaced by those of another image."""
        return self._showing.changing

    def shown(self, image_id: str) -> None:
        """Take note of the image that is shown now."""
        self.image_id = image_id
        self.image_changed.emit()

    def step_image(self, by: int) -> None:
        """Show the next (1) or previous (-1) of the images listed."""
        ids = list(self.listed) or [image.id for image in self.require_study().images]
        if ids:
            place = ids.index(self.image_id) + by if self.image_id in ids else 0
            self.show(ids[min(max(place, 0), len(ids) - 1)])

    # jobs

    def run_job(self, arguments: Sequence[str], title: str) -> Job:
        """Start a command of this package on the open study as a job.

        Raises
        ------
        NpmError
            If no study is open or a job runs already.
        """
        study = self.require_study()
        self.refuse_during_job()
        self.keeper.flush()
        job = Job(arguments, title=title, environment=study.child_environment, parent=self)
        job.failed.connect(self._complain)
        job.message.connect(self._job_said)
        job.ended.connect(self._job_over)
        self.job = job
        self.job_started.emit()
        return job.start()

    def _job_said(self, level: str, text: str) -> None:
        if level in ("warning", "error"):
            self._complain(text)
        else:
            self.said.emit(text)

    def _job_over(self) -> None:
        self.job = None
        if self.closed or self.study is None:
            return
        task = Task(reload_study, self.study, parent=self)
        task.done.connect(self._reloaded)
        self.start(task)
        self.job_ended.emit()

    def _reloaded(self, _: Any) -> None:
        self.study_changed.emit()
        self.refresh_states()
        if self.study is not None and self.image_id:
            self.show(self.image_id)
