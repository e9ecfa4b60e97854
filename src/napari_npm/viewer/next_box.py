"""The next sensible thing to do in the study, in words, with a button that does it."""

from collections.abc import Callable
from typing import Any

from qtpy.QtCore import QTimer, QUrl
from qtpy.QtGui import QDesktopServices
from qtpy.QtWidgets import QGroupBox, QHBoxLayout, QLabel, QPushButton, QVBoxLayout

from napari_npm.core.progress import Progress

from .catalogue import MASK_DOCK, open_dock
from .tasks import Latest

_WAIT_MS = 300


def find_next(report: Progress, study: Any, reviews: dict[str, Any]) -> Any:
    """Return the `Suggestion` for a study."""
    from napari_npm.study.suggesting import suggest

    report(0, 1, "")
    return suggest(study, reviews or None)


class NextBox(QGroupBox):
    """Follows a session: what is left to do is looked up in the background after each change.

    Parameters
    ----------
    session : Session
        The viewer's.
    add : callable
        Asks for images and takes them into the study.
    run : callable
        ``run(step)`` runs what is left up to a step.
    """

    def __init__(self, session: Any, add: Callable[[], None], run: Callable[[str], None]) -> None:
        super().__init__()
        self._session, self._add, self._run = session, add, run
        self.suggestion: Any = None
        self.words = QLabel()
        self.words.setWordWrap(True)
        self.act_button = QPushButton("Run")
        self.act_button.clicked.connect(self.act)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 6, 8, 6)
        layout.addWidget(self.words)
        row = QHBoxLayout()
        row.addStretch()
        row.addWidget(self.act_button)
        layout.addLayout(row)
        self._latest = Latest(self)
        self._latest.done.connect(self._found)
        self._latest.failed.connect(self._not_found)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_WAIT_MS)
        self._timer.timeout.connect(self._look)
        session.states_changed.connect(self._timer.start)
        session.reviews_changed.connect(self._timer.start)
        session.parameters_kept.connect(self._timer.start)
        session.job_started.connect(self.refresh)
        session.job_ended.connect(self.refresh)
        self.hide()

    def refresh(self) -> None:
        """Follow the study and the running job."""
        session = self._session
        if session.study is None:
            self._latest.drop()
            self.suggestion = None
            self.hide()
        elif session.job is not None:
            self._say("Now", f"{session.job.title}; the images can be looked at meanwhile.")
        elif self.suggestion is not None:
            self._show()
        else:
            self._timer.start()

    def _look(self) -> None:
        if self._session.study is not None and self._session.job is None:
            self._latest.ask(find_next, self._session.study, dict(self._session.reviews))

    def _found(self, suggestion: Any) -> None:
        if self._session.study is not None:
            self.suggestion = suggestion
            self.refresh()

    def _not_found(self, error: str) -> None:
        self.suggestion = None
        self._say("Next", error)

    def _show(self) -> None:
        from napari_npm.study.suggesting import Act

        self._say("Next", self.suggestion.words)
        words, tip = {
            Act.ADD: ("Add images…", "Choose a folder of images"),
            Act.MASK: (f"Open {MASK_DOCK}", "Open the dock in which masks are made"),
            Act.REVIEW: (f"Open {MASK_DOCK}", "Open the dock in which masks are judged"),
            Act.RUN: ("Run", "Run what is left up to here as a job; it can be stopped"),
            Act.READ: ("Open the report", "Open report.html in the browser"),
        }[self.suggestion.act]
        self.act_button.setText(words)
        self.act_button.setToolTip(tip)
        self.act_button.show()

    def _say(self, title: str, words: str) -> None:
        self.setTitle(title)
        self.words.setText(words)
        self.act_button.hide()
        self.show()

    def act(self) -> None:
        """Do what is suggested."""
        from napari_npm.study.suggesting import Act

        session, suggestion = self._session, self.suggestion
        if suggestion is None or session.study is None:
            return
        if suggestion.act is Act.ADD:
            self._add()
        elif suggestion.act is Act.RUN:
            self._run(suggestion.step)
        elif suggestion.act is Act.READ:
            report = session.study.folder / "report.html"
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(report)))
        else:
            open_dock(session.viewer, MASK_DOCK).show_page(0)
            self._show_proposed()

    def _show_proposed(self) -> None:
        """Show the first image whose mask is proposed, unless one is on show already."""
        session = self._session
        waiting = [
            image.id
            for image in session.study.images
            if image.id in session.reviews and session.reviews[image.id].value == "proposed"
        ]
        if waiting and session.image_id not in waiting:
            session.show(waiting[0])
