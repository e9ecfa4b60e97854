"""Settings kept for a job are taken back if the job refuses them."""

from collections.abc import Mapping, Sequence
from typing import Any

from qtpy.QtCore import QObject

from .tasks import Task


class Trial(QObject):
    """Follows a job and puts the settings of the step that it refused back in the study.

    As at the command line: work that was begun goes on later with the settings it was begun with,
    and so does work that was stopped or that never came to its turn.

    Parameters
    ----------
    session : Session
        Whose job it is.
    before : mapping
        For each step of the forms its parameters before they were kept.
    steps : sequence of str
        The steps the job runs, in their order.
    """

    def __init__(self, session: Any, before: Mapping[str, Any], steps: Sequence[str]) -> None:
        super().__init__(session)
        self._session, self._study = session, session.study
        self._before, self._left = dict(before), list(steps)
        self._begun: set[str] = set()
        self._step = ""

    def follow(self, job: Any) -> None:
        """Learn from a job's signals what it did."""
        job.progress.connect(self._progress)
        job.step_done.connect(self._done)
        job.failed.connect(self._failed)
        job.finished.connect(self.deleteLater)
        job.cancelled.connect(self.deleteLater)

    def _progress(self, step: str, done: int, *_: Any) -> None:
        if done:
            self._begun.add(step)

    def _done(self, step: str, *_: Any) -> None:
        if step in self._left:
            self._left.remove(step)

    def _failed(self, _: str) -> None:
        self._step = self._left[0] if self._left else ""
        if self._step in self._before and self._step not in self._begun:
            # The session reads the study again first: what the job wrote must not be lost.
            self._session.study_changed.connect(self._put_back)
        else:
            self.deleteLater()

    def _put_back(self) -> None:
        self._session.study_changed.disconnect(self._put_back)
        if self._session.study is self._study and self._session.job is None:
            changes = {self._step: self._before[self._step]}
            self._session.start(Task(keep_parameters, self._study, changes, parent=self._session))
        self.deleteLater()


def steps_of(arguments: Sequence[str]) -> tuple[str, ...]:
    """Return the steps that a command runs, in their order."""
    from napari_npm.study.runner import whole_run

    command, *options = arguments
    if command != "run":
        return (command,)
    return whole_run(options[options.index("--until") + 1] if "--until" in options else None)


def keep_parameters(report: Any, study: Any, changes: Mapping[str, Any]) -> dict[str, Any]:
    """Write changed step parameters to the study, and return what they were before."""
    report(0, 1, "keeping the parameters")
    before = {step: study.parameters(step) for step in changes}
    for step, parameters in changes.items():
        study.set_parameters(step, **parameters.model_dump())
    return before
