"""A small study from its images to the report by clicking, and the viewer as a program."""

import subprocess
import sys

import pytest
from qtpy.QtCore import Qt

from napari_npm.study import Study
from napari_npm.viewer.layers import Kind, Subject, find

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
