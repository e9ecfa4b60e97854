import pandas as pd
import pytest

from napari_npm.viewer.curves import Curves
from napari_npm.viewer.study_work import history_of
from napari_npm.viewer.train_dock import results_text


def test_within_an_epoch_the_last_figures_count():
    curves = Curves()
    assert curves.add("mulf", {"epoch": 1, "loss": 2.0, "accuracy": 0.1})
    assert curves.add("mulf", {"epoch": 1, "loss": 1.5, "accuracy": 0.2})
    assert curves.add("mulf", {"epoch": 2, "loss": 1.0, "validation_loss": 1.2})
    assert curves.add("micf", {"epoch": 1, "loss": 3.0})
    assert not curves.add("micf", {"learning_rate": 1e-3})
    assert curves.loss == {
        "mulf loss": [(1, 1.5), (2, 1.0)],
        "mulf validation loss": [(2, 1.2)],
        "micf loss": [(1, 3.0)],
    }
    assert curves.accuracy == {"mulf accuracy": [(1, 0.2)]}


class Tables:
    models = ("mulf",)

    def __init__(self, **tables):
        self._tables = tables

    def table(self, name):
        return self._tables.get(name)


def test_results_show_accuracy_with_interval_and_confusion():
    accuracy = pd.DataFrame(
        [{"classifier": "network on mulf", "accuracy": 0.9, "low": 0.8, "high": 0.95}]
    )
    confusion = pd.DataFrame([{"true": "S1", "predicted_S1": 11, "predicted_S2": 1}])
    text = results_text(Tables(accuracy=accuracy, confusion_mulf=confusion))
    for part in ("network on mulf", "0.900", "0.800–0.950", "S2", "11"):
        assert part in text
    assert results_text(Tables()) == ""


def test_the_curves_of_an_earlier_training_are_read_with_mulf_first(tmp_path):
    for name in ("micf", "mulf"):
        (tmp_path / name).mkdir()
        table = pd.DataFrame({"epoch": [1, 2], "loss": [2.0, 1.0], "validation_loss": [None, 3.0]})
        table.to_csv(tmp_path / name / "history.csv", index=False)

    class Study:
        models, models_folder = ("gone", "micf", "mulf"), tmp_path

    history = history_of(Study)
    assert list(history) == ["mulf", "micf"]
    assert history["micf"] == [
        {"epoch": 1, "loss": 2.0},
        {"epoch": 2, "loss": 1.0, "validation_loss": 3.0},
    ]


def test_without_a_study_the_dock_says_what_training_needs(dock):
    train = dock("Train and predict")
    assert not train.hint.isHidden()
    assert not train.train_button.isEnabled()


def test_live_curves_are_drawn_from_the_jobs_progress(dock, qtbot):
    train = dock("Train and predict")
    for epoch, loss in ((1, 1.0), (2, 0.5)):
        metrics = {"epoch": epoch, "loss": loss, "accuracy": 1 - loss}
        train._learned("train", 500 * epoch, 2000, f"Epoch {epoch}", metrics)
    train._learned("predict", 1, 1, "", {"loss": 9.0})
    qtbot.waitUntil(lambda: train.plot.figure is not None, timeout=30_000)
    qtbot.waitUntil(lambda: len(train.plot.figure.axes) == 2, timeout=10_000)
    left, right = train.plot.figure.axes
    assert left.lines[0].get_ydata().tolist() == [1.0, 0.5]
    assert right.lines[0].get_ydata().tolist() == [0.0, 0.5]
    assert left.lines[0].get_label() == "mulf loss"


def test_a_job_keeps_the_last_curves_until_it_trains_itself(opened, dock, qtbot):
    train = dock("Train and predict")
    train._curves.add("mulf", {"epoch": 1, "loss": 2.0})
    opened.step_box.setCurrentIndex(opened.step_box.findData("split"))
    opened.step_button.click()
    qtbot.waitUntil(lambda: train.session.job is not None, timeout=30_000)
    train._learned("smooth", 1, 2, "", {})
    assert train._curves.loss == {"mulf loss": [(1, 2.0)]}
    train._learned("train", 1, 2000, "", {"epoch": 1, "loss": 3.0})
    assert train._curves.loss == {"mulf loss": [(1, 3.0)]}
    train._learned("train", 2, 2000, "", {"epoch": 2, "loss": 1.0})
    assert train._curves.loss == {"mulf loss": [(1, 3.0), (2, 1.0)]}
    qtbot.waitUntil(lambda: train.session.job is None, timeout=120_000)


@pytest.mark.parametrize(
    ("done", "total", "name"), [(1, 2000, "mulf"), (1000, 2000, "mulf"), (1001, 2000, "micf")]
)
def test_networks_learn_in_turn(dock, done, total, name):
    assert dock("Train and predict")._network(done, total) == name
    assert dock("Train and predict")._network(done, 1000) == ""
