"""Train and predict dock: the network learns in a job; its curves and results show here."""

from typing import Any

from qtpy.QtWidgets import QVBoxLayout, QWidget

from .curves import Curves
from .dock import guarded
from .maps import current_map
from .model_box import ModelBox
from .network_work import Explained, look_at_image
from .plots import Plot
from .step_dock import StepDock
from .study_work import history_of, models_in_order, table_text, tiles_text
from .tasks import Task

# Okabe-Ito: blue tones for loss, red and yellow for accuracy; the dashes tell them apart too.
_LOSS = ("#56B4E9", "#009E73", "#0072B2", "#CC79A7")
_ACCURACY = ("#D55E00", "#E69F00", "#F0E442", "#999999")


class TrainDock(StepDock):
    """Train the network on the study, test it, and classify the current image."""

    def build(self) -> None:
        """Lay the dock out."""
        self._curves = Curves()
        self._new_job = True
        layout = self.group("Train on the study")
        self.hint = self.note(
            "Training needs a study with at least two samples: open or create one in the Study "
            "dock. A trained model can be used on any image below."
        )
        layout.addWidget(self.hint)
        self.train_form = self.step_form("train")
        layout.addWidget(self.train_form)
        split = QWidget()
        column = QVBoxLayout(split)
        column.setContentsMargins(0, 0, 0, 0)
        self.split_form = self.step_form("split")
        column.addWidget(self.split_form)
        layout.addWidget(self.folded("Training and test parts", split))
        self.train_button = self.job_button(
            "Train and test", self.train, "Run all that is left up to the test of the networks"
        )
        layout.addWidget(self.train_button)
        self.plot = Plot(
            self.viewer, "Loss and accuracy appear here while the network learns.", 200
        )
        layout.addWidget(self.plot)
        self.results = self.note()
        layout.addWidget(self.results)
        predict = self.group("Classify the current image")
        self.model_box = ModelBox(self._model_changed)
        predict.addWidget(self.model_box)
        self.predict_button = self.button(
            "Classify this image", self.predict, "Probability of each sample for this image"
        )
        predict.addWidget(self.predict_button)
        self.prediction = self.note()
        predict.addWidget(self.prediction)
        self.session.job_started.connect(self._job_started)
        self.session.job_ended.connect(self.show_results)

    def refresh(self) -> None:
        """Follow the study."""
        self.hint.setVisible(self.session.study is None)
        self.model_box.fill(self.session.study)
        if self.session.study is not None and not self.results.text():
            self.show_results()

    def _model_changed(self, index: int = -1) -> None:  # noqa: ARG002 - Qt passes it
        self.prediction.clear()

    @guarded
    def train(self) -> None:
        """Train and test as a job."""
        self.run_steps("Training and testing", "run", "--until", "predict")

    def _job_started(self) -> None:
        # Any job that trains shows its curves here, whichever dock started it. Until it does, the
        # curves of the last training stay.
        self._new_job = True
        self.session.job.progress.connect(self._learned)

    def _learned(self, step: str, done: int, total: int, text: str, metrics: Any) -> None:  # noqa: ARG002
        if step == "train" and self._new_job:
            self._new_job, self._curves = False, Curves()
        if step == "train" and self._curves.add(self._network(done, total), metrics):
            self.plot.draw(self._draw)

    def _network(self, done: int, total: int) -> str:
        """Name the network that learns: each is a thousandth part of the progress, in turn."""
        maps = self.train_form.values()["maps"]
        if total != 1000 * len(maps):
            return ""
        return str(maps[min(max(done - 1, 0) // 1000, len(maps) - 1)])

    def _draw(self, axes: Any) -> None:
        for number, (name, points) in enumerate(self._curves.loss.items()):
            style = {"color": _LOSS[number % len(_LOSS)], "marker": "o", "ms": 3, "lw": 1}
            axes.plot(*zip(*points, strict=True), label=name, **style)
        axes.xaxis.get_major_locator().set_params(integer=True)
        axes.set_xlabel("epoch")
        axes.set_ylabel("loss")
        axes.set_ylim(bottom=0)
        if self._curves.accuracy:
            right = axes.twinx()
            for number, (name, points) in enumerate(self._curves.accuracy.items()):
                style = {"color": _ACCURACY[number % len(_ACCURACY)], "marker": "s", "ms": 3}
                right.plot(*zip(*points, strict=True), ls="--", lw=1, label=name, **style)
            right.set_ylim(0, 1.02)
            right.set_ylabel("accuracy (dashed)")
            handles, names = axes.get_legend_handles_labels()
            more, others = right.get_legend_handles_labels()
            place = {"loc": "lower center", "bbox_to_anchor": (0.5, 1.0), "ncols": 2}
            axes.legend(handles + more, names + others, frameon=False, **place)
        else:
            axes.legend(frameon=False)

    # results

    def show_results(self) -> None:
        """Read the tables of the last test in the background and show them."""
        study = self.session.study
        if study is not None:
            task = Task(read_results, study, parent=self.session)
            task.done.connect(self._show_results)
            self.session.start(task)

    def _show_results(self, found: tuple[str, dict[str, list[dict[str, float]]]]) -> None:
        text, history = found
        self.results.setText(text)
        if self.session.job is not None or not history:
            return
        self._curves = Curves()
        for name, epochs in history.items():
            for figures in epochs:
                self._curves.add(name, figures)
        self.plot.draw(self._draw)

    # the current image

    @guarded
    def predict(self) -> None:
        """Classify the current image in the background."""
        choice = self.model_box.choice()
        source = current_map(self.viewer, choice.kind, self.session.study)
        self.run_task(
            "Classifying…",
            _classify,
            choice.load,
            source.values,
            source.origins,
            done=self._predicted,
        )

    def _predicted(self, found: Explained) -> None:
        rows = [
            (name, f"{100 * share:.1f} %")
            for name, share in zip(found.classes, found.probability, strict=False)
        ]
        self.prediction.setText(table_text(("sample", "probability"), rows))
        self.say(f"Mean over {tiles_text(found.tiles)}.")


def _classify(report: Any, load: Any, values: Any, origins: Any) -> Any:
    return look_at_image(report, load, values, origins, None, relevance=False)


def read_results(report: Any, study: Any) -> tuple[str, dict[str, list[dict[str, float]]]]:
    """Return a study's accuracies and confusion matrices as HTML, and its models' histories."""
    report(0, 1, "")
    return results_text(study), history_of(study)


def results_text(study: Any) -> str:
    """Return accuracies and confusion matrices as HTML; empty where not made yet."""
    accuracy = study.table("accuracy")
    if accuracy is None:
        return ""
    rows = [
        (row["classifier"], f"{row['accuracy']:.3f}", f"{row['low']:.3f}–{row['high']:.3f}")
        for row in accuracy.to_dict("records")
    ]
    parts = ["<b>Accuracy on the test part</b>" + table_text(("", "accuracy", "interval"), rows)]
    for model in models_in_order(study):
        confusion = study.table(f"confusion_{model}")
        if confusion is not None:
            columns = [str(name).removeprefix("predicted_") for name in confusion.columns]
            columns[0] = "true \\ predicted"
            parts.append(
                f"<b>Confusion, {model}</b>" + table_text(columns, confusion.to_numpy().tolist())
            )
    return "<br>".join(parts)
