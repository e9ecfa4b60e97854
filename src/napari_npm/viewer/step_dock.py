"""A dock for steps of the method: their forms, kept with the study, and their jobs."""

from collections.abc import Callable, Collection
from typing import Any

from qtpy.compat import isalive
from qtpy.QtWidgets import QPushButton

from napari_npm.core.errors import NpmError

from .accessible import name_inputs
from .catalogue import PLUGIN
from .dock import Dock
from .docking import frame_of
from .forms import Form
from .keys import bind_keys
from .remembered import form_changes, set_form
from .trial import Trial, keep_parameters, steps_of

_FORMS = "forms"


class StepDock(Dock):
    """Base of the docks that show forms of step parameters.

    The forms show the study's parameters when one is opened; running a step over the study keeps
    the values in the study first, so that command line and viewer do the same. Values that the
    job refuses are taken back there, and stay in the form to be corrected.
    """

    def __init__(self, napari_viewer: Any) -> None:
        self.forms: dict[str, Form] = {}
        self._shown_study: Any = None
        self._job_buttons: list[QPushButton] = []
        super().__init__(napari_viewer)
        name_inputs(self)
        self.session.parameters_kept.connect(self._take_parameters)
        self.session.job_started.connect(self._job_buttons_state)
        self.session.job_ended.connect(self._job_buttons_state)

    def _adopt(self) -> None:
        super()._adopt()
        if isalive(self):
            bind_keys(self.window(), self.viewer)
            frame = frame_of(self)
            if frame is not None:
                # Tabs have no room for the plugin's name behind that of the dock.
                frame.setWindowTitle(frame.windowTitle().removesuffix(f" ({PLUGIN})"))

    def settings(self) -> dict[str, Any]:
        """Return what is set in the dock, with the forms' values that the study does not hold."""
        study, forms = self.session.study, {}
        for step, form in self.forms.items():
            changes = form_changes(form, None if study is None else study.parameters(step))
            if changes:
                forms[step] = changes
        return {**super().settings(), **({_FORMS: forms} if forms else {})}

    def take_settings(self, settings: dict[str, Any]) -> None:
        """Set what `settings` returned."""
        super().take_settings(settings)
        forms = settings.get(_FORMS)
        for step, changes in forms.items() if isinstance(forms, dict) else ():
            if step in self.forms:
                set_form(self.forms[step], changes)

    def step_form(
        self,
        step: str,
        include: Collection[str] | None = None,
        folded: Collection[str] = (),
    ) -> Form:
        """Return a new form of a step's parameters, tied to the study."""
        from napari_npm.study.steps import STEPS

        form = Form(STEPS[step].Parameters, include, folded, step)
        self.forms[step] = form
        return form

    def job_button(self, text: str, slot: Callable[..., None], tip: str) -> QPushButton:
        """Return a button for study-wide work: enabled with a study and no running job."""
        button = self.button(text, slot, tip)
        self._job_buttons.append(button)
        return button

    def _refresh(self, event: Any = None) -> None:
        super()._refresh(event)
        study = self.session.study
        if study is not self._shown_study:
            self._shown_study = study
            if study is not None:
                for step, form in self.forms.items():
                    form.set_values(study.parameters(step))
        self._job_buttons_state()

    def _job_buttons_state(self) -> None:
        ready = self.session.study is not None and self.session.job is None
        for button in self._job_buttons:
            button.setEnabled(ready)

    def _take_parameters(self, steps: tuple[str, ...]) -> None:
        """Show what another dock has kept in the study."""
        for step in steps:
            if step in self.forms and self.session.study is not None:
                self.forms[step].set_values(self.session.study.parameters(step))

    def run_steps(
        self, title: str, *arguments: str, started: Callable[[Any], None] | None = None
    ) -> None:
        """Keep the forms' values in the study, then run a command on it as a job.

        Parameters
        ----------
        title : str
            What the job does.
        *arguments : str
            The command and its options, the study's folder left out: ``"run", "--until", "x"``.
        started : callable, optional
            Called with the job, to connect to its signals.
        """
        study = self.session.require_study()
        self.session.refuse_during_job()
        changes = {step: form.parameters() for step, form in self.forms.items()}

        def start(before: dict[str, Any]) -> None:
            self.task = None
            command, *options = arguments
            job = self.run_job([command], title, *options)
            Trial(self.session, before, steps_of(arguments)).follow(job)
            if started is not None:
                started(job)

        self._start_after = start
        self.run_task("Keeping the parameters…", keep_parameters, study, changes, done=self._kept)

    def _kept(self, result: Any) -> None:
        self.session.parameters_kept.emit(tuple(self.forms))
        try:
            self._start_after(result)
        except NpmError as error:
            self.idle()
            self.fail(error)

    def _task_over(self) -> None:
        self.task = None
        if self.session.job is None:
            self.idle()
