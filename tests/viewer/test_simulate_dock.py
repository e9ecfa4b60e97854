import numpy as np
import pytest
from qtpy.QtCore import QPoint, Qt

from napari_npm.core.response import ResponseCurve, default_curve, load_curve
from napari_npm.study import Study
from napari_npm.viewer.simulate_work import Signals, default_signals, difference

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """Keep simulated points of the tests apart from the user's."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def shown(dock, tmp_path, qtbot, cache):
    """The dock on an empty study, in a window on the screen."""
    Study.create(tmp_path / "study", name="simulate").close()
    widget = dock("Simulate")
    widget.session.open(tmp_path / "study")
    qtbot.waitUntil(lambda: widget.session.study is not None, timeout=30_000)
    widget.window().resize(1280, 800)
    widget.window().show()
    qtbot.waitExposed(widget.window())
    qtbot.waitUntil(lambda: "nothing has to be computed" in widget.result.text(), timeout=20_000)
    yield widget
    if widget.session.job is not None:
        widget.session.job.kill()  # else the window would ask whether it may close
        qtbot.waitUntil(lambda: widget.session.job is None, timeout=20_000)


def type_in(field, text, qtbot):
    edit = field.lineEdit()
    edit.selectAll()
    qtbot.keyClicks(edit, text)
    qtbot.keyClick(edit, Qt.Key.Key_Return)


def quick(widget):
    """Ask for three rough points."""
    for name, value in (("points", 3), ("standard_error", 0.01), ("energy_kev", 3)):
        widget.form.fields[name].set_value(value)


def test_the_sentence_says_what_differs():
    same = difference(default_curve(), default_curve())
    y = float(default_curve().signal(0.2))
    assert f"y(0.2) = {y:.3f}, by default {y:.3f}" in same
    assert "n = 0.200 is n = 0.200 here" in same
    straight = ResponseCurve("straight", "test", (0.0, 1.0), (0.0, 1.0))
    text = difference(straight, default_curve())
    assert "y(0.2) = 0.200" in text
    assert f"is n = {y:.3f} here" in text


def test_signals_are_normalised_between_their_ends():
    signals = Signals(
        np.array([0, 0.5, 1]), np.array([0.1, 0.2, 0.5]), np.array([0.01, 0.02, 0.04])
    )
    assert signals.whole
    found = signals.normalised()
    assert found.signal.tolist() == pytest.approx([0, 0.25, 1])
    assert found.error.tolist() == pytest.approx([0.025, 0.05, 0.1])
    part = Signals(signals.porosity[:2], signals.signal[:2], signals.error[:2])
    assert not part.whole
    default = default_signals("energy")
    assert default.signal[0] == pytest.approx(0.0789, abs=2e-3)


def test_without_a_study_the_dock_says_what_it_is_for(dock, qtbot):
    widget = dock("Simulate")
    assert not widget.hint.isHidden()
    assert not widget.simulate_button.isEnabled()
    assert "C-S-H" in widget.materials.text()
    qtbot.waitUntil(lambda: widget.chart._default is not None, timeout=20_000)
    assert widget.chart.points == 0


def test_materials_are_chosen_typed_or_refused_in_words(shown, qtbot):
    fields = shown.form.fields
    assert "Field's metal" in shown.materials.text()
    assert fields["metal_density"].field.value() == pytest.approx(7.88)
    assert fields["metal_density"].value() is None
    choices = [fields["metal"].itemText(row) for row in range(fields["metal"].count())]
    assert choices == ["fields-metal", "woods-metal", "gallium"]
    type_in(fields["metal"], "Bi 50 Pb 50", qtbot)
    assert "density of the metal" in shown.materials.text()
    fields["metal_density"].box.click()
    fields["metal_density"].field.set_value(10.5)
    assert "Pb 50.0, Bi 50.0 % by mass; 10.5" in shown.materials.text()
    type_in(fields["metal"], "Xx 5", qtbot)
    assert shown.materials.text().startswith("⚠")
    type_in(fields["binder"], "gallium", qtbot)
    type_in(fields["metal"], "quartz", qtbot)
    fields["metal_density"].box.click()
    assert "lighter" in shown.materials.text()


def test_points_appear_and_the_study_calibrates_with_them(shown, qtbot):
    quick(shown)
    qtbot.mouseClick(shown.simulate_button, LEFT)
    qtbot.waitUntil(lambda: "Calibrate uses this curve" in shown.result.text(), timeout=120_000)
    assert shown.chart.points == 3
    study = shown.session.study
    curve = load_curve(study.results_folder / "response.csv")
    assert curve.porosity == (0.0, 0.5, 1.0)
    assert f"y(0.2) = {float(curve.signal(0.2)):.3f}" in shown.result.text()
    place = QPoint(8, shown.normalised_box.height() // 2)
    qtbot.mouseClick(shown.normalised_box, LEFT, pos=place)
    shown.chart.grab()
    assert shown.chart.y_range == pytest.approx((0, 1.08))
    # Other parameters: what was found is not theirs.
    shown.form.fields["seed"].set_value(1)
    qtbot.waitUntil(lambda: "0 of 3 points" in shown.result.text(), timeout=20_000)
    assert shown.chart.points == 0


def test_a_stopped_simulation_keeps_its_points(shown, qtbot):
    quick(shown)
    shown.form.fields["points"].set_value(101)
    shown.form.fields["standard_error"].set_value(0.002)
    qtbot.mouseClick(shown.simulate_button, LEFT)
    qtbot.waitUntil(lambda: shown.session.job is not None, timeout=20_000)
    qtbot.waitUntil(
        lambda: "of 101 points" in shown.result.text() and shown.chart.points > 0, timeout=120_000
    )
    assert shown.session.job is not None  # shown while it runs
    qtbot.mouseClick(shown.stop_button, LEFT)
    qtbot.waitUntil(lambda: shown.session.job is None, timeout=60_000)
    qtbot.waitUntil(lambda: "of 101 points" in shown.result.text(), timeout=20_000)
    assert not (shown.session.study.results_folder / "response.csv").exists()
