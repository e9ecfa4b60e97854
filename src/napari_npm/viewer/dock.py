"""What all docks share: a scrolling column, the current image, feedback, tasks and jobs."""

from collections.abc import Callable, Sequence
from functools import partial, wraps
from typing import Any

from qtpy.compat import isalive
from qtpy.QtCore import QEvent, QObject, Qt, QTimer
from qtpy.QtWidgets import (
    QFrame,
    QGroupBox,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)
from superqt import QCollapsible

from napari_npm.core.errors import NpmError

from . import notify
from .current import Current, current_image, current_subject
from .docking import lie_over
from .remembered import settings_of, take_settings
from .session import Session, plain, session_of
from .tasks import Task

_NARROWEST, _MARGIN = 310, 6
# A progress bar paints at once whenever it is set; a job may tell of a thousand items a second.
_PROGRESS_MS = 80


def guarded(slot: Callable[[Any], None]) -> Callable[..., None]:
    """Make a dock's method show what the user should know instead of raising it."""

    @wraps(slot)
    def call(self: "Dock", *_: Any) -> None:
        attempt(self, partial(slot, self))

    return call


def attempt(owner: Any, work: Callable[[], None]) -> None:
    """Do something for a dock or a part of one; show what the user should know, do not raise it."""
    try:
        work()
    except (NpmError, OSError) as error:
        owner.fail(error)


class Dock(QWidget):
    """Base of the docks: content scrolls, the lower edge tells what goes on.

    Parameters
    ----------
    napari_viewer : napari.Viewer
        The viewer, given by napari.
    """

    follows_image = True
    # Paths of attributes, such as "calibration.live.live_box", whose widgets a study remembers.
    remembered: tuple[str, ...] = ()

    def __init__(self, napari_viewer: Any) -> None:
        super().__init__()
        # Behind napari's proxy: layers taken through it would not compare equal to themselves.
        self.viewer = plain(napari_viewer)
        self.session: Session = session_of(napari_viewer)
        self.task: Task | None = None
        self._followed: Any = None
        self.folds: dict[str, QCollapsible] = {}
        self._build_frame()
        self.build()
        self.column.addStretch()
        # The main window is known only once napari has docked this widget.
        QTimer.singleShot(0, self._adopt)
        self.session.study_changed.connect(self._refresh)
        self.session.image_changed.connect(self._refresh)
        self.session.said.connect(self.say)
        self.viewer.layers.selection.events.active.connect(self._refresh)
        self.viewer.layers.events.removed.connect(self._refresh)
        self._refresh()

    def build(self) -> None:
        """Fill `column`; overridden by each dock."""

    def refresh(self) -> None:
        """Follow the current image or study; overridden where there is something to follow."""

    def _build_frame(self) -> None:
        self.setMinimumWidth(_NARROWEST)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(_MARGIN, _MARGIN, _MARGIN, _MARGIN)
        self.heading = QLabel()
        self.heading.setWordWrap(True)
        self.heading.setVisible(self.follows_image)
        outer.addWidget(self.heading)
        content = QWidget()
        self.column = QVBoxLayout(content)
        self.column.setContentsMargins(0, 0, 4, 0)
        self.scroll = QScrollArea()
        self.scroll.setWidgetResizable(True)
        self.scroll.setFrameShape(QFrame.Shape.NoFrame)
        self.scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.scroll.setWidget(content)
        outer.addWidget(self.scroll, stretch=1)
        content.installEventFilter(self)
        self._news = (0, 0, "")
        self._news_timer = QTimer(self)
        self._news_timer.setSingleShot(True)
        self._news_timer.setInterval(_PROGRESS_MS)
        self._news_timer.timeout.connect(self._draw_progress)
        self.bar = QProgressBar()
        self.bar.setTextVisible(True)
        self.stop_button = QPushButton("Stop")
        self.stop_button.setToolTip("Stop at the next item; what is finished is kept")
        self.stop_button.clicked.connect(self.stop)
        row = QHBoxLayout()
        row.addWidget(self.bar, stretch=1)
        row.addWidget(self.stop_button)
        self.bar.hide()
        self.stop_button.hide()
        outer.addLayout(row)
        self.status = QLabel()
        self.status.setWordWrap(True)
        self.status.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        outer.addWidget(self.status)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        """Keep the dock as wide as its content, so that nothing is cut off at the side."""
        if event.type() == QEvent.Type.LayoutRequest and watched is self.scroll.widget():
            bar = self.scroll.verticalScrollBar().sizeHint().width()
            content = self.scroll.widget().minimumSizeHint().width()
            self.setMinimumWidth(max(_NARROWEST, content + bar + 2 * _MARGIN))
        return False

    def _adopt(self) -> None:
        if isalive(self) and isalive(self.session):
            self.session.adopt(self.window())
            others = [dock for dock in self.window().findChildren(Dock) if dock is not self]
            self.session.arrangement.welcome(self, alone=not lie_over(self, others))

    def settings(self) -> dict[str, Any]:
        """Return what is set in the dock, as plain values: what a study remembers of it."""
        return settings_of(self)

    def take_settings(self, settings: dict[str, Any]) -> None:
        """Set what `settings` returned; the dock may be newer, or the values changed by hand."""
        take_settings(self, settings)

    def _refresh(self, event: Any = None) -> None:  # noqa: ARG002 - napari passes the event
        # Each layer that changes with the image would refresh all docks; its end does so once.
        if not isalive(self) or self.session.changing:
            return
        if self.follows_image:
            subject = current_subject(self.viewer)
            if subject is None:
                text = "No image open: drop a BSE image on the window or open a study."
            else:
                size = subject.pixel_size_nm
                said = "no pixel size" if size is None else f"{size:.4g} nm/px"
                text = f"<b>{subject.name}</b> · {said}"
            self.heading.setText(text)
        self.refresh()

    # building blocks

    def group(self, title: str) -> QVBoxLayout:
        """Add a titled group and return its layout."""
        box = QGroupBox(title)
        layout = QVBoxLayout(box)
        layout.setContentsMargins(8, 8, 8, 8)
        self.column.addWidget(box)
        return layout

    def folded(self, title: str, content: QWidget) -> QCollapsible:
        """Return a group that is folded away until it is wanted."""
        box = QCollapsible(title)
        box.setDuration(0)
        box.layout().setContentsMargins(0, 0, 0, 0)
        box.addWidget(content)
        self.folds[title] = box
        return box

    def button(self, text: str, slot: Callable[..., None], tip: str) -> QPushButton:
        """Return a button that calls a `guarded` method."""
        button = QPushButton(text)
        button.setToolTip(tip)
        button.setObjectName(text)
        button.clicked.connect(slot)
        return button

    def row(self, layout: QVBoxLayout, *widgets: QWidget) -> None:
        """Add widgets side by side."""
        row = QHBoxLayout()
        for widget in widgets:
            row.addWidget(widget)
        layout.addLayout(row)

    def note(self, text: str = "") -> QLabel:
        """Return a label for results or explanations."""
        label = QLabel(text)
        label.setWordWrap(True)
        label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        return label

    # feedback

    def say(self, text: str) -> None:
        """Tell what happened."""
        self.status.setText(text)

    def fail(self, error: BaseException | str) -> None:
        """Tell what went wrong, here and as a notification."""
        self.status.setText(notify.show_error(error))

    def current(self) -> Current:
        """Return the image to work on; `NpmError` where there is none."""
        return current_image(self.viewer)

    # work on the current image

    def run_task(
        self, text: str, work: Callable[..., Any], *arguments: Any, done: Callable[[Any], None]
    ) -> Task:
        """Run work on the current image in a worker thread with progress and a stop button.

        Raises
        ------
        NpmError
            If this dock's previous work still runs.
        """
        if self.task is not None:
            raise NpmError("The previous work of this panel is still running: stop it first.")
        task = Task(work, *arguments, parent=self.session)
        self.task = task
        task.progress.connect(self.show_progress)
        task.then(done)
        task.failed.connect(self.say)
        task.cancelled.connect(self._stopped)
        task.ended.connect(self._task_over)
        self.busy(text)
        return self.session.start(task)

    def busy(self, text: str) -> None:
        """Show that work goes on."""
        self._news_timer.stop()
        self.say(text)
        self.bar.setRange(0, 0)
        self.bar.show()
        self.stop_button.setEnabled(True)
        self.stop_button.show()

    def idle(self) -> None:
        """Show that no work goes on."""
        self._news_timer.stop()
        self.bar.hide()
        self.stop_button.hide()

    def show_progress(self, done: int, total: int, text: str, metrics: Any) -> None:  # noqa: ARG002
        """Show soon how far work is; of a burst of news only the last is drawn."""
        self._news = done, total, text
        if not self._news_timer.isActive():
            self._news_timer.start()

    def _draw_progress(self) -> None:
        done, total, text = self._news
        self.bar.setRange(0, max(total, 0))
        self.bar.setValue(done)
        if text:
            self.say(text)

    def stop(self) -> None:
        """Stop the running work at its next item."""
        self.stop_button.setEnabled(False)
        if self.task is not None:
            self.task.cancel()
        if self.session.job is not None:
            self.session.job.cancel()
        self.say("Stopping at the next item…")

    def _stopped(self) -> None:
        self.say("Stopped.")

    def _task_over(self) -> None:
        self.task = None
        self.idle()

    # study-wide work

    def run_job(self, steps: Sequence[str], title: str, *options: str) -> Any:
        """Run steps over the study in a child process with progress here."""
        study = self.session.require_study()
        arguments = [*steps, str(study.folder), *options]
        job = self.session.run_job(arguments, title)
        self.follow(job)
        job.failed.connect(self.say)
        job.cancelled.connect(self._stopped)
        job.finished.connect(self._job_finished)
        job.ended.connect(self.idle)
        self.busy(f"{title}…")
        return job

    def follow(self, job: Any) -> bool:
        """Show a job's progress here, whichever dock started it; tell whether that is new."""
        if job is self._followed:
            return False
        self._followed = job
        job.progress.connect(self._job_progress)
        return True

    def _job_progress(self, step: str, done: int, total: int, text: str, metrics: Any) -> None:
        self.show_progress(done, total, f"{step}: {text}" if text else step, metrics)

    def _job_finished(self) -> None:
        self.say("Done.")
