"""Train page: the split in words, the form, the live curves and the results."""

from copy import deepcopy
from functools import partial
from typing import Any

from qtpy.QtWidgets import QLabel, QVBoxLayout, QWidget

from .curves import Curves, draw_curves
from .dock import guarded
from .parts import Part
from .plots import Plot
from .tasks import Task
from .train_results import Learned, read_learned

# What a beginner chooses; the rest is folded away.
_SHOWN = ("maps", "epochs", "patience", "augment")
_SPLIT_SHOWN = ("by", "test_fraction", "validation_fraction")


class TrainPage(Part):
    """Learning over the study as a job, and what came of it."""

    def build(self) -> None:
        """Lay the page out."""
        from napari_npm.study.settings import SETTINGS

        self.curves = Curves()
        self.learned = Learned()
        self._new_job = True
        layout = self.group("Train on the study")
        self.hint = self.dock.note(
            "Training needs a study with at least two samples: open or create one in the Study "
            "dock. A trained model can be used on any image: see the Classify page."
        )
        layout.addWidget(self.hint)
        self.split_note = self.dock.note()
        layout.addWidget(self.split_note)
        self.leak_note = QLabel()
        self.leak_note.setWordWrap(True)
        self.leak_note.setStyleSheet("color: #E69F00")
        layout.addWidget(self.leak_note)
        split = QWidget()
        column = QVBoxLayout(split)
        column.setContentsMargins(0, 0, 0, 0)
        fields = SETTINGS["split"].model_fields
        self.split_form = self.dock.step_form(
            "split", folded=[name for name in fields if name not in _SPLIT_SHOWN]
        )
        column.addWidget(self.split_form)
        layout.addWidget(self.dock.folded("How the study is split", split))
        fields = SETTINGS["train"].model_fields
        self.form = self.dock.step_form(
            "train", folded=[name for name in fields if name not in _SHOWN]
        )
        layout.addWidget(self.form)
        self.train_button = self.dock.job_button(
            "Train and test", self.train, "Run all that is left up to the test of the networks"
        )
        layout.addWidget(self.train_button)
        self.plot = Plot(
            self.viewer, "Loss and accuracy appear here while the network learns.", 300
        )
        layout.addWidget(self.plot)
        self.results = self.dock.note()
        layout.addWidget(self.results)
        self.session.job_started.connect(self._job_started)
        self.session.study_changed.connect(self.show_results)
        self._shown_study: Any = self.session.study
        self.show_results()

    def refresh(self) -> None:
        """Follow the study."""
        study = self.session.study
        self.hint.setVisible(study is None)
        for note in (self.split_note, self.leak_note):
            note.setVisible(bool(note.text()))
        if study is not self._shown_study:
            self._shown_study = study
            self._show(Learned())

    def fail(self, error: BaseException | str) -> None:
        """Tell what went wrong."""
        self.dock.fail(error)

    @guarded
    def train(self) -> None:
        """Train and test as a job."""
        self.dock.run_steps("Training and testing", "run", "--until", "predict")

    # curves

    def _job_started(self) -> None:
        # Any job that trains shows its curves here, whichever dock started it. Until it does, the
        # curves of the last training stay.
        self._new_job = True
        self.session.job.progress.connect(self.take)

    def take(self, step: str, done: int, total: int, text: str, metrics: Any) -> None:  # noqa: ARG002
        """Take a job's news: figures of an epoch are drawn."""
        if step != "train":
            return
        if self._new_job:
            self._new_job, self.curves = False, Curves()
        # The runner puts the item, here the model, before the message.
        if self.curves.add(text.partition(":")[0], metrics):
            self._draw()

    def _draw(self) -> None:
        # A copy: drawn in a worker thread while more figures come in.
        self.plot.draw(partial(draw_curves, curves=deepcopy(self.curves)))

    # results

    def show_results(self) -> None:
        """Read in the background what the study knows of its networks, and show it."""
        study = self.session.study
        if study is not None:
            task = Task(read_learned, study, parent=self.session)
            task.done.connect(self._take_learned)
            self.session.start(task)

    def _take_learned(self, learned: Learned) -> None:
        if self.session.study is None:
            return
        self._show(learned)
        if self.session.job is not None or not learned.history:
            return
        self.curves = Curves()
        for name, epochs in learned.history.items():
            for figures in epochs:
                self.curves.add(name, figures)
        self.curves.kept = dict(learned.best)
        self._draw()

    def _show(self, learned: Learned) -> None:
        self.learned = learned
        self.results.setText(learned.text)
        self.split_note.setText(learned.split)
        self.leak_note.setText(learned.leak)
        for note in (self.split_note, self.leak_note):
            note.setVisible(bool(note.text()))
