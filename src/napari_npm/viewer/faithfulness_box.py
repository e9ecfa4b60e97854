"""Faithfulness group: whether the relevance can be believed, as a job, with its numbers."""

from dataclasses import dataclass, field
from functools import partial
from html import escape
from typing import Any

from qtpy.QtWidgets import QGroupBox, QVBoxLayout

from .curves import MODEL_COLOURS
from .dock import guarded
from .plots import Plot
from .study_work import table_text
from .tasks import Task

_SHOWN = ("tests", "tiles")
Curves = dict[str, dict[str, list[float]]]


@dataclass(frozen=True)
class Checked:
    """What the checks showed: HTML, for each model the curves of deletion, and what they follow."""

    text: str = ""
    curves: Curves = field(default_factory=dict)
    measure: str = "probability"


class FaithfulnessBox(QGroupBox):
    """Checks of the relevance maps over the study, and what they showed.

    Parameters
    ----------
    dock : StepDock
        The relevance dock.
    """

    def __init__(self, dock: Any) -> None:
        from napari_npm.study.settings import SETTINGS

        super().__init__("Can it be believed?")
        self.dock = dock
        self.session = dock.session
        self._shown_study: Any = self.session.study
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 8, 8, 8)
        layout.addWidget(
            dock.note(
                "Takes the most relevant pixels away and looks how fast the network changes its "
                "mind, against random pixels; makes the network random layer by layer; holds the "
                "maps of the classes, of several seeds and under small noise against each other."
            )
        )
        fields = SETTINGS["faithfulness"].model_fields
        self.form = dock.step_form(
            "faithfulness", folded=[name for name in fields if name not in _SHOWN]
        )
        layout.addWidget(self.form)
        self.check_button = dock.job_button(
            "Check faithfulness", self.check, "Run the checks over test tiles of the study"
        )
        layout.addWidget(self.check_button)
        self.plot = Plot(dock.viewer, "", 220)
        self.plot.hide()
        layout.addWidget(self.plot)
        self.results = dock.note()
        layout.addWidget(self.results)
        self.session.study_changed.connect(self.show_results)
        self.show_results()

    def refresh(self) -> None:
        """Follow the study."""
        if self.session.study is not self._shown_study:
            self._shown_study = self.session.study
            self._show(Checked())

    def fail(self, error: BaseException | str) -> None:
        """Tell what went wrong, in the dock."""
        self.dock.fail(error)

    @guarded
    def check(self) -> None:
        """Check as a job."""
        self.dock.run_steps("Checking faithfulness", "faithfulness")

    def show_results(self) -> None:
        """Read in the background what the checks showed, and show it."""
        study = self.session.study
        if study is not None:
            task = Task(read_faithfulness, study, parent=self.session)
            task.done.connect(self._show)
            self.session.start(task)

    def _show(self, found: Checked) -> None:
        self.results.setText(found.text)
        self.plot.setVisible(bool(found.curves))
        if found.curves:
            self.plot.draw(partial(draw_deletion, curves=found.curves, measure=found.measure))


def read_faithfulness(report: Any, study: Any) -> Checked:
    """Return what the checks showed; for worker threads."""
    from napari_npm.study.reporting.faithfulness import faithfulness

    report(0, 1, "")
    section = faithfulness(study)
    table = study.table("faithfulness_curves")
    curves: Curves = {}
    if table is not None and not table.empty:
        for model, rows in table.groupby("model", sort=False):
            names = ("share", "deletion", "deletion_random")
            curves[str(model)] = {name: rows[name].tolist() for name in names}
    return Checked("" if section is None else section_text(section), curves, _measure(study))


def _measure(study: Any) -> str:
    """Return what the last run followed: the form may say something else by now."""
    from napari_npm.study.provenance import read_provenance

    for line in reversed(read_provenance(study.folder)):
        if (line.get("step"), line.get("outcome")) == ("faithfulness", "done"):
            return str(line.get("parameters", {}).get("measure", "probability"))
    return "probability"


def section_text(section: Any) -> str:
    """Return a section of the report as HTML: its sentences, then its tables."""
    words = "".join(f"<p>{escape(str(one))}</p>" for one in section.paragraphs)
    tables = [
        f"<b>{escape(table.caption)}</b>" + table_text(table.columns, table.rows)
        for table in section.tables
    ]
    return words + "<br>".join(tables)


def draw_deletion(axes: Any, curves: Curves, measure: str = "probability") -> None:
    """Draw how fast the answers fall as blocks are taken away, by relevance and at random."""
    from napari_npm.study.wiring import MAP_NAMES

    for model, own in curves.items():
        colour = MODEL_COLOURS.get(model, "#CC79A7")
        name = MAP_NAMES.get(model, model)
        axes.plot(own["share"], own["deletion"], color=colour, label=f"{name}, by relevance")
        axes.plot(own["share"], own["deletion_random"], color=colour, ls="--", label="at random")
    axes.set_xlabel("share of the blocks taken away")
    axes.set_ylabel({"logit": "output of the class"}.get(measure, "probability of the class"))
    # Above the axes: curves that fall from corner to corner leave no room inside.
    place = {"loc": "lower center", "bbox_to_anchor": (0.5, 1.0), "ncols": 2}
    axes.legend(frameon=False, **place)
