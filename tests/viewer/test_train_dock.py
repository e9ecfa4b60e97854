import numpy as np
import pandas as pd
import pytest

from napari_npm.core.progress import silent
from napari_npm.viewer.curves import Curves
from napari_npm.viewer.evaluate_results import Evaluated, estimate
from napari_npm.viewer.study_work import history_of
from napari_npm.viewer.train_results import (
    duration,
    epochs_text,
    read_learned,
    results_text,
    split_words,
)


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
    assert curves.models() == ("mulf", "micf")


def test_the_best_epoch_is_that_of_the_training():
    curves = Curves()
    figures = ((0.5, 2.0), (0.8, 1.0), (0.8, 0.9), (0.8, 0.9), (0.7, 0.1))
    for epoch, (share, loss) in enumerate(figures, start=1):
        curves.add("both", {"epoch": epoch, "validation_accuracy": share, "validation_loss": loss})
    curves.add("mulf", {"epoch": 1, "loss": 1.0, "accuracy": 0.5})
    assert curves.best("both") == 3
    assert curves.best("mulf") is None
    curves.kept = {"both": 2}
    assert curves.best("both") == 2


class Tables:
    models = ("mulf",)

    def __init__(self, **tables):
        self._tables = tables

    def table(self, name):
        return self._tables.get(name)


def test_results_show_accuracy_with_interval_calibration_and_confusion():
    accuracy = pd.DataFrame(
        [
            {
                "classifier": "network on MulF",
                "accuracy": 0.9,
                "low": 0.8,
                "high": 0.95,
                "calibration_error": 0.0432,
            },
            {"classifier": "porosity", "accuracy": 0.4, "low": 0.3, "high": 0.5},
        ]
    )
    confusion = pd.DataFrame([{"true": "S1", "predicted_S1": 11, "predicted_S2": 1}])
    text = results_text(Tables(accuracy=accuracy, confusion_mulf=confusion))
    for part in ("network on MulF", "0.900", "0.800–0.950", "0.043", "S2", "11", "–"):
        assert part in text
    without = results_text(Tables(accuracy=accuracy.drop(columns="calibration_error")))
    assert "calibr" not in without
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
    (tmp_path / "micf" / "card.json").write_text(
        '{"best_epoch": 2, "parameters": {"epochs": 9}}', encoding="utf-8"
    )
    text = epochs_text(Study, history, {"micf": 2})
    assert "MicF: 2 epochs, stopped early of 9; epoch 2 is kept, the best" in text
    assert "MulF: 2 epochs; the last is kept, for want of a validation part" in text


def test_a_split_is_told_in_words(study_folder):
    from napari_npm.study import Study, run

    with Study.open(study_folder()) as study:
        assert split_words(study) == ("", "")
        study.set_parameters("split", by="specimen", test_fraction=0.5)
        run(study, ["import", "split"])
        words, leak = split_words(study)
        assert leak == ""
        assert words.startswith("Split by specimen: of 4 specimens 2 learn, 2 test")
        assert words.endswith("nothing leaks.")
        assert "only one specimen of A, B tests" in words
        found = read_learned(silent, study)
        assert found.split == words
        assert found.history == {}


@pytest.mark.parametrize(
    ("seconds", "words"), [(0.2, "1 s"), (75, "75 s"), (600, "10 min"), (7200, "2.0 h")]
)
def test_a_duration_is_said_as_one_would(seconds, words):
    assert duration(seconds) == words


def test_the_time_of_an_evaluation_follows_from_the_last_training():
    last = Evaluated("", {"mulf": 60.0, "micf": 30.0}, {"mulf": 10, "micf": 10}, ("mulf", "micf"))
    values = {"seeds": 5, "controls": False, "shuffles": 3, "maps": None, "epochs": None}
    assert estimate(values, last) == (10, pytest.approx(450))
    assert estimate({**values, "controls": True}, last) == (16, pytest.approx(720))
    assert estimate({**values, "maps": ("micf",), "epochs": 20}, last) == (5, pytest.approx(300))
    assert estimate({**values, "maps": ("both",)}, last) == (5, pytest.approx(225))
    assert estimate(values, Evaluated(kinds=("mulf",))) == (5, 0.0)


def test_without_a_study_the_dock_says_what_training_needs(dock):
    train = dock("Train and predict")
    assert not train.learning.hint.isHidden()
    assert not train.learning.train_button.isEnabled()
    assert not train.evaluation.evaluate_button.isEnabled()
    assert "can be told once" in train.evaluation.time_note.text()


def test_the_button_says_what_it_will_do(dock):
    page = dock("Train and predict").evaluation
    assert page.evaluate_button.text() == "Evaluate with seeds"
    page.form.fields["controls"].setChecked(True)
    assert page.evaluate_button.text() == "Evaluate with seeds and controls"


def test_live_curves_are_drawn_from_the_jobs_progress(dock, qtbot):
    page = dock("Train and predict").learning
    for epoch, loss in ((1, 1.0), (2, 0.5), (3, 0.7)):
        metrics = {"epoch": epoch, "loss": loss, "accuracy": 1 - loss}
        held_out = {"validation_loss": 2 * loss, "validation_accuracy": 1 - loss}
        page.take("train", 500 * epoch, 2000, f"mulf: Epoch {epoch}", metrics)
        page.take("train", 500 * epoch, 2000, "mulf: Validated", {"epoch": epoch, **held_out})
        page.take("train", 500 * epoch, 2000, f"both: Epoch {epoch}", metrics)
    page.take("predict", 1, 1, "", {"loss": 9.0})
    qtbot.waitUntil(lambda: page.plot.figure is not None, timeout=30_000)
    qtbot.waitUntil(lambda: not page.plot._work.busy, timeout=30_000)
    upper, lower = page.plot.figure.axes
    shown = {line.get_label(): line for line in upper.lines}
    assert shown["MulF training"].get_ydata().tolist() == [1.0, 0.5, 0.7]
    assert shown["MulF validation"].get_ydata().tolist() == [2.0, 1.0, 1.4]
    assert shown["MulF + MicF training"].get_ydata().tolist() == [1.0, 0.5, 0.7]
    assert lower.lines[0].get_ydata().tolist() == pytest.approx([0.0, 0.5, 0.3])
    assert [text.get_text() for text in upper.texts] == ["best: 2"]
    pixels = page.plot.picture.pixmap().toImage()
    assert pixels.width() > 200
    assert not page.plot.picture.isHidden()


def test_a_job_keeps_the_last_curves_until_it_trains_itself(opened, dock, qtbot):
    page = dock("Train and predict").learning
    page.curves.add("mulf", {"epoch": 1, "loss": 2.0})
    opened.steps.box.setCurrentIndex(opened.steps.box.findData("split"))
    opened.steps.button.click()
    qtbot.waitUntil(lambda: page.session.job is not None, timeout=30_000)
    page.take("smooth", 1, 2, "", {})
    assert page.curves.loss == {"mulf loss": [(1, 2.0)]}
    page.take("train", 1, 2000, "mulf: Epoch 1", {"epoch": 1, "loss": 3.0})
    assert page.curves.loss == {"mulf loss": [(1, 3.0)]}
    page.take("train", 2, 2000, "mulf: Epoch 2", {"epoch": 2, "loss": 1.0})
    assert page.curves.loss == {"mulf loss": [(1, 3.0), (2, 1.0)]}
    qtbot.waitUntil(lambda: page.session.job is None, timeout=120_000)
    qtbot.waitUntil(lambda: "Split by specimen" in page.split_note.text(), timeout=30_000)
    assert np.isfinite(page.curves.loss["mulf loss"]).all()
