"""A small study from its images to the report by clicking, and the viewer as a program."""

import subprocess
import sys

import numpy as np
import pytest
from qtpy.QtCore import Qt

from napari_npm.study import Study, run
from napari_npm.study.runner import whole_run
from napari_npm.viewer.catalogue import STUDY_DOCK
from napari_npm.viewer.layers import Kind, Subject, find
from napari_npm.viewer.relevance_dock import RelevanceDock

# Runs the program itself; once the study's first image is on show it is ended, as by hand.
PROGRAM = """
import runpy, signal, sys
from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QApplication, QMainWindow
from napari_npm.viewer.session import Session

app = QApplication([])

def look():
    windows = [w for w in app.topLevelWidgets() if isinstance(w, QMainWindow) and w.isVisible()]
    sessions = app.findChildren(Session)
    if windows and sessions and sessions[0].image_id and sessions[0].states:
        print(windows[0].windowTitle(), "shows", sessions[0].image_id, flush=True)
        windows[0].close() if end == "close" else signal.raise_signal(signal.SIGINT)
    else:
        QTimer.singleShot(100, look)

QTimer.singleShot(100, look)
folder, end = sys.argv[1:]
# a shell that started the tests in the background had Ctrl+C ignored, and so would the program
signal.signal(signal.SIGINT, signal.default_int_handler)
sys.argv = ["napari_npm.viewer", folder]
runpy.run_module("napari_npm.viewer", run_name="__main__")
"""


def click(button, qtbot):
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def run_all(widget, qtbot, stop_at=None):
    """Click 'Run all that is left' and wait; return the job's end and the steps that reported."""
    steps, ends = [], []
    click(widget.run_button, qtbot)
    qtbot.waitUntil(lambda: widget.session.job is not None, timeout=30_000)
    job = widget.session.job
    job.progress.connect(lambda step, *_: steps.append(step))
    for name in ("finished", "cancelled", "failed"):
        getattr(job, name).connect(lambda *said, name=name: ends.append((name, *said)))
    if stop_at is not None:
        qtbot.waitUntil(lambda: stop_at in steps, timeout=120_000)
        click(widget.stop_button, qtbot)
    qtbot.waitUntil(lambda: widget.session.job is None, timeout=180_000)
    qtbot.wait(100)
    return ends, list(dict.fromkeys(steps))


def test_run_all_stopped_and_gone_on_ends_with_the_report(opened, dock, viewer, qtbot, settled):
    folder = opened.session.study.folder
    for step, name, value in (
        ("train", "epochs", 1),
        ("train", "maps", ("mulf",)),
        ("correlate", "r_max_px", 8),
        ("figures", "panels", 1),
        ("figures", "dpi", 60),
    ):
        opened.form_of(step).fields[name].set_value(value)
    ends, steps = run_all(opened, qtbot, stop_at="describe")
    assert ends == [("cancelled",)]
    assert opened.status.text() == "Stopped."
    assert "calibrate" in steps
    assert not (folder / "report.html").exists()

    ends, steps = run_all(opened, qtbot)
    assert ends == [("finished",)]
    assert opened.status.text() == "Done."
    assert steps[-1] == "report"
    assert "calibrate" not in steps
    assert "relevance" in (folder / "report.html").read_text(encoding="utf-8").lower()
    qtbot.waitUntil(lambda: "explain" in opened.session.states["A0"], timeout=30_000)

    relevance = dock("Relevance")
    qtbot.waitUntil(lambda: relevance.model_box.box.currentText() == "mulf", timeout=30_000)
    click(relevance.show_button, qtbot)
    settled(relevance)
    assert find(viewer, Kind.RELEVANCE, Subject("A0", None, "A0")).visible
    train = dock("Train and predict")
    qtbot.waitUntil(lambda: "network on MulF" in train.learning.results.text(), timeout=30_000)

    ends, steps = run_all(opened, qtbot)
    assert (ends, steps) == ([("finished",)], [])
    opened.window().close()
    with Study.open(folder) as study:
        assert study.models == ("mulf",)


def test_relevance_and_regions_follow_from_image_to_image(
    dock, study_folder, viewer, qtbot, settled
):
    folder, subject = study_folder(), Subject("", None, "any")
    with Study.open(folder) as study:
        study.set_parameters("train", epochs=1, maps=("mulf",))
        run(study, whole_run("explain"), scheduler="synchronous")
    opened = dock(STUDY_DOCK)
    opened.window().show()  # a dock that is not seen does not follow
    opened.open(folder)
    session = opened.session
    qtbot.waitUntil(lambda: session.image_id == "A0" and bool(session.states), timeout=30_000)
    qtbot.waitUntil(lambda: not session.arrangement.restoring, timeout=30_000)
    study = session.study

    def shown(kind, image_id):
        layer = find(viewer, kind, subject)
        return layer is not None and layer.name.endswith(image_id)

    relevance = dock("Relevance")
    qtbot.waitUntil(lambda: shown(Kind.RELEVANCE, "A0"), timeout=60_000)
    regions = dock("Characteristic regions")
    opened.window().addDockWidget(Qt.DockWidgetArea.LeftDockWidgetArea, regions.parent())
    regions.parent().show()
    relevance.parent().raise_()
    qtbot.waitUntil(lambda: relevance.isVisible() and regions.isVisible(), timeout=10_000)
    click(regions.find_button, qtbot)
    qtbot.waitUntil(lambda: shown(Kind.REGIONS, "A0"), timeout=60_000)
    mask = find(viewer, Kind.MASK, subject)
    mask.visible = True
    click(opened.next_button, qtbot)
    qtbot.waitUntil(lambda: shown(Kind.RELEVANCE, "A1"), timeout=60_000)
    values = find(viewer, Kind.RELEVANCE, subject).metadata["napari_npm"]["values"]
    assert np.array_equal(values, study.stacked("A1", "relevance/mulf"))
    assert mask.visible
    qtbot.waitUntil(lambda: shown(Kind.REGIONS, "A1"), timeout=60_000)
    # A button that is pressed while relevance is brought along waits for that.
    relevance._follow()
    assert relevance.task is not None
    click(relevance.explain_button, qtbot)
    qtbot.waitUntil(lambda: "made" in relevance.status.text(), timeout=60_000)
    find(viewer, Kind.RELEVANCE, subject).visible = False
    click(opened.previous_button, qtbot)
    qtbot.waitUntil(lambda: shown(Kind.RELEVANCE, "A0"), timeout=60_000)
    assert not find(viewer, Kind.RELEVANCE, subject).visible
    relevance.follow_box.setChecked(False)
    click(opened.next_button, qtbot)
    qtbot.waitUntil(lambda: opened.session.image_id == "A1", timeout=30_000)
    qtbot.wait(500)
    assert find(viewer, Kind.RELEVANCE, subject) is None


@pytest.mark.parametrize(("end", "code"), [("close", 0), ("interrupt", 130)])
def test_the_program_opens_a_study_and_gives_it_back(study_folder, end, code):
    folder = study_folder()
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(folder), end],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    assert not (folder / ".lock.json").exists()
    assert done.stdout.strip() == "napari-npm shows A0"
    with Study.open(folder) as study:
        assert len(study.images) == 4


@pytest.mark.parametrize("arguments", [[], ["not a study"]])
def test_the_program_without_a_study_says_so(arguments, tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "napari_npm", "open", *arguments],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        timeout=120,
        check=False,
    )
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


def test_five_clicks_lead_from_nothing_to_relevance_on_the_sample(
    dock, viewer, monkeypatch, tmp_path, qtbot, settled
):
    monkeypatch.setattr("platformdirs.user_documents_path", lambda: tmp_path)
    study = dock(STUDY_DOCK)  # the first, in the menu
    click(study.sample_button, qtbot)
    box = study.next_box
    qtbot.waitUntil(lambda: "porosity maps" in box.words.text(), timeout=120_000)
    click(box.act_button, qtbot)
    qtbot.waitUntil(lambda: study.session.job is not None, timeout=30_000)
    qtbot.waitUntil(lambda: study.session.job is None, timeout=250_000)
    qtbot.waitUntil(lambda: "Train the networks" in box.words.text(), timeout=60_000)
    click(study.dock_buttons.buttons["Relevance"], qtbot)
    (relevance,) = study.window().findChildren(RelevanceDock)
    click(relevance.explain_button, qtbot)
    settled(relevance)
    layer = find(viewer, Kind.RELEVANCE, Subject("", None, study.session.image_id))
    assert layer.visible
    assert relevance.model_box.box.currentText() == "sample model"
