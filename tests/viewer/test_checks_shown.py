"""What the docks tell of evaluation and faithfulness: no window."""

from functools import partial

import pandas as pd
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from napari_npm.core.progress import silent
from napari_npm.study import Study
from napari_npm.study.provenance import write_provenance
from napari_npm.viewer.curves import Curves, draw_curves
from napari_npm.viewer.evaluate_results import COLUMNS, evaluation_rows
from napari_npm.viewer.faithfulness_box import draw_deletion, read_faithfulness
from napari_npm.viewer.plots import _figure
from napari_npm.viewer.table_model import TableModel

LINE = {
    "classifier": "network on MulF", "role": "network", "accuracy": 0.91, "low": 0.8, "high": 0.97,
    "sd": 0.02, "calibration_error": 0.05, "chance": 0.5, "interval": "bootstrap",
}  # fmt: skip


@pytest.fixture
def study(tmp_path):
    with Study.create(tmp_path / "study", name="Empty") as study:
        (study.folder / "results").mkdir(exist_ok=True)
        yield study


def test_what_has_no_interval_shows_none(study):
    shifted = {**LINE, "classifier": "brightness +0.1", "low": None, "high": None, "sd": None}
    pd.DataFrame([LINE, shifted]).to_csv(study.folder / "results" / "evaluation.csv", index=False)
    model = TableModel(COLUMNS)
    model.set_table(evaluation_rows(study))
    shown = [[model.data(model.index(row, column)) for column in range(5)] for row in range(2)]
    assert shown[0] == ["network on MulF", "0.910", "0.800–0.970", "0.020", "0.050"]
    assert shown[1] == ["brightness +0.1", "0.910", "–", "–", "0.050"]


@pytest.mark.parametrize(
    ("followed", "label"),
    [("logit", "output of the class"), ("probability", "probability of the class")],
)
def test_the_curves_name_what_they_follow(study, followed, label):
    about = {"step": "faithfulness", "started": 0.0, "seconds": 1.0}
    write_provenance(study.folder, **about, parameters={"measure": followed}, outcome="done")
    # Neither a run that was stopped nor what the form says now is what the curves show.
    write_provenance(study.folder, **about, parameters={"measure": "other"}, outcome="cancelled")
    curves = {"model": ["mulf"] * 3, "share": [0, 0.5, 1], "deletion": [4, 2, 0.1],
              "deletion_random": [4, 3, 0.1]}  # fmt: skip
    path = study.folder / "results" / "faithfulness_curves.csv"
    pd.DataFrame(curves).to_csv(path, index=False)
    found = read_faithfulness(silent, study)
    assert found.curves["mulf"]["deletion"] == [4, 2, 0.1]
    axes = Figure().subplots()
    draw_deletion(axes, found.curves, found.measure)
    assert axes.get_ylabel() == label
    assert [line.get_label() for line in axes.lines] == ["MulF, by relevance", "at random"]


def loss_and_accuracy(axes):
    """Draw the curves of two models whose loss falls and whose accuracy rises."""
    curves = Curves()
    for model in ("mulf", "micf"):
        for epoch, share in ((1, 0.0), (2, 0.5), (3, 1.0)):
            for part in ("train", "validation"):
                figures = {f"{part}_loss": 2 * (1 - share), f"{part}_accuracy": share}
                curves.add(model, {"epoch": epoch, **figures})
    draw_curves(axes, curves)


FALLING = {"share": [0, 0.5, 1], "deletion": [1, 0.5, 0], "deletion_random": [1, 1, 0]}


@pytest.mark.parametrize(
    "draw", [partial(draw_deletion, curves={"mulf": FALLING, "micf": FALLING}), loss_and_accuracy]
)
def test_a_legend_covers_no_curve(draw):
    """Curves that go from corner to corner leave no room for it inside."""
    figure = _figure(draw, (300, 240), 1.0, ("white", "black"))
    FigureCanvasAgg(figure).draw()
    axes = figure.axes[0]
    legend = axes.get_legend().get_window_extent()
    panel = axes.get_window_extent()
    assert legend.y0 >= panel.y1 - 1
    assert legend.height < figure.bbox.height / 2
    assert len(axes.lines) >= 4
