"""Evaluate page: several seeds, baselines and controls as a job, and what they mean."""

from typing import Any

from qtpy.QtWidgets import QLabel

from .data_table import DataTable
from .dock import guarded
from .evaluate_results import COLUMNS, Evaluated, estimate, read_evaluated
from .parts import Part
from .tasks import Task
from .train_results import duration

_SHOWN = ("seeds", "controls")


class EvaluatePage(Part):
    """What a referee will ask: the spread over seeds, baselines, controls."""

    def build(self) -> None:
        """Lay the page out."""
        from napari_npm.study.settings import SETTINGS

        self.evaluated = Evaluated()
        self._shown_study: Any = self.session.study
        layout = self.group("What a referee will ask")
        layout.addWidget(
            self.dock.note(
                "Trains the networks again from other seeds and holds them against simple "
                "baselines; with controls also on shuffled labels and on changed brightness."
            )
        )
        fields = SETTINGS["evaluate"].model_fields
        self.form = self.dock.step_form(
            "evaluate", folded=[name for name in fields if name not in _SHOWN]
        )
        layout.addWidget(self.form)
        self.time_note = QLabel()
        self.time_note.setWordWrap(True)
        layout.addWidget(self.time_note)
        self.evaluate_button = self.dock.job_button(
            "Evaluate with seeds and controls",
            self.evaluate,
            "Run the evaluation over the study; it can be stopped, and goes on where it was",
        )
        layout.addWidget(self.evaluate_button)
        self.table = DataTable(COLUMNS, "evaluation", even=False)
        self.table.setFixedHeight(230)
        self.table.said.connect(self.dock.say)
        self.table.hide()
        layout.addWidget(self.table)
        self.results = self.dock.note()
        layout.addWidget(self.results)
        self.form.changed.connect(self._tell)
        self.session.study_changed.connect(self.show_results)
        self._tell()
        self.show_results()

    def refresh(self) -> None:
        """Follow the study."""
        if self.session.study is not self._shown_study:
            self._shown_study = self.session.study
            self._show(Evaluated())

    @guarded
    def evaluate(self) -> None:
        """Evaluate as a job."""
        self.dock.run_steps("Evaluating with seeds and controls", "evaluate")

    def show_results(self) -> None:
        """Read the last evaluation in the background and show it."""
        study = self.session.study
        if study is not None:
            task = Task(read_evaluated, study, parent=self.session)
            task.done.connect(self._show)
            self.session.start(task)

    def _show(self, evaluated: Evaluated) -> None:
        self.evaluated = evaluated
        self.table.show_table(evaluated.rows)
        self.table.setVisible(bool(evaluated.rows))
        self.results.setText(evaluated.text)
        self._tell()

    def _tell(self) -> None:
        """Say what will be done and how long it will take, before it starts."""
        controls = bool(self.form.values()["controls"])
        self.evaluate_button.setText(
            "Evaluate with seeds and controls" if controls else "Evaluate with seeds"
        )
        count, seconds = estimate(self.form.values(), self.evaluated)
        if not seconds:
            self.time_note.setText(
                f"{count} trainings; how long they take can be told once the study was trained."
                if count
                else "How long it takes can be told once the study was trained."
            )
            return
        self.time_note.setText(
            f"{count} trainings: about {duration(seconds)} on this machine, as long as the last "
            "ones took. It can be stopped at any time and goes on from there."
        )
