import json
import sys
from functools import partial

import pytest

from napari_npm.viewer import session as session_module
from napari_npm.viewer.jobs import Job
from napari_npm.viewer.trial import steps_of


def done(step):
    return {"event": "done", "step": step, "computed": 1, "skipped": 0, "seconds": 0.1}


def progress(number):
    return {"event": "progress", "step": "smooth", "done": number, "total": 4}


REFUSED = {"event": "error", "text": "smooth refuses this."}
BEFORE = [done(step) for step in ("simulate", "import", "mask", "calibrate")]


@pytest.fixture
def child(monkeypatch):
    """Return a function that makes every job a child process with these events."""

    def say(*events):
        lines = "\n".join(json.dumps(event) for event in events)
        command = (sys.executable, "-c", f"print({lines!r}, flush=True)")
        monkeypatch.setattr(session_module, "Job", partial(Job, command=command))

    return say


@pytest.mark.parametrize(
    ("events", "kept"),
    [
        ([*BEFORE, progress(0), REFUSED], False),
        ([*BEFORE, progress(0), progress(1), REFUSED], True),
        ([*BEFORE[:2], REFUSED], True),
        ([*BEFORE, {"event": "cancelled"}], True),
        ([*BEFORE, progress(4), done("smooth"), {"event": "finished"}], True),
    ],
    ids=["refused", "begun", "not its turn", "stopped", "done"],
)
def test_settings_that_a_job_refuses_are_not_kept(opened, dock, child, qtbot, events, kept):
    micf = dock("MicF")
    session, study = opened.session, opened.session.study
    before = study.parameters("smooth")
    micf.forms["smooth"].fields["sigma_px"].set_value(7)
    child(*events)
    with qtbot.waitSignal(session.job_ended, timeout=30_000):
        micf.run_steps("Smoothing", "run", "--until", "smooth")
        qtbot.waitUntil(lambda: session.job is not None, timeout=30_000)
        assert study.parameters("smooth").sigma_px == 7
    qtbot.waitUntil(lambda: not session._tasks, timeout=30_000)
    study.reload()
    assert study.parameters("smooth").sigma_px == (7 if kept else before.sigma_px)
    assert micf.forms["smooth"].values()["sigma_px"] == 7


def test_values_out_of_bounds_never_reach_the_study(opened, dock, qtbot):
    micf = dock("MicF")
    study = opened.session.study
    before = (study.folder / "study.toml").read_text()
    field = micf.forms["smooth"].fields["sigma_px"]
    field.setMinimum(-5)
    field.set_value(-1)
    micf.all_button.click()
    assert "sigma_px" in micf.status.text()
    assert opened.session.job is None
    assert micf.task is None
    assert (study.folder / "study.toml").read_text() == before


def test_steps_of_a_command_are_those_it_runs():
    assert steps_of(["faithfulness"]) == ("faithfulness",)
    assert steps_of(["run", "--until", "mask"]) == ("simulate", "import", "mask")
    assert steps_of(["run"])[-1] == "report"
