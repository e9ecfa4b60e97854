"""What a machine reads and writes: JSON lines, `cancel` on input, Ctrl-C."""

import io
import json
import os
import signal
import subprocess
import sys
import threading

import pytest

from napari_npm.cli.stop import Stop
from napari_npm.core.errors import Cancelled
from napari_npm.study import Study, run
from napari_npm.study.lock import LOCK_NAME, TOKEN_VARIABLE

SHAPES = {
    "start": {"step"},
    "progress": {"step", "done", "total", "message", "metrics"},
    "message": {"level", "text"},
    "done": {"step", "computed", "skipped", "seconds"},
    "error": {"text"},
    "cancelled": set(),
    "finished": set(),
}


def events(text):
    """Parse JSON lines; each must have the fields that its event promises, and no other."""
    found = [json.loads(line) for line in text.splitlines()]
    for event in found:
        assert set(event) - {"event"} == SHAPES[event["event"]]
    return found


def test_json_tells_start_progress_done_and_the_end(npm, study):
    found = events(npm("run", study, "--until", "calibrate", "--json"))
    assert npm.err == ""
    assert [one["event"] for one in found if one["event"] != "progress"] == [
        "start",
        "done",
        "done",  # import: up to date
        "start",
        "done",
        "start",
        "done",
        "finished",
    ]
    done = [one for one in found if one["event"] == "done"]
    assert [(one["step"], one["computed"], one["skipped"]) for one in done] == [
        ("simulate", 1, 0),
        ("import", 0, 4),
        ("mask", 4, 0),
        ("calibrate", 4, 0),
    ]
    shares = [one["done"] for one in found if one["event"] == "progress" and one["step"] == "mask"]
    assert shares == [0, 1, 2, 3, 4]
    totals = {one["total"] for one in found if one.get("step") == "mask" and "total" in one}
    assert totals == {4}


def test_json_tells_what_an_import_left_out(npm, data, tmp_path):
    (tmp_path / "bad.tif").write_bytes(b"")
    good = next((data / "images").rglob("*.tif"))
    text = npm("import", tmp_path / "s", good, tmp_path / "bad.tif", "--sample", "S1", "--json")
    messages = [one for one in events(text) if one["event"] == "message"]
    assert [(one["level"], "bad.tif" in one["text"]) for one in messages] == [("warning", True)]


def test_json_tells_an_error_and_so_does_the_exit(npm, study):
    found = events(npm("smooth", study, "--json", status=2))
    assert found[-1]["event"] == "error"
    assert found[-1]["text"] == npm.err.strip()
    assert "finished" not in [one["event"] for one in found]


def test_cancel_on_input_stops_and_a_later_run_goes_on(npm, study):
    words = ("run", study, "--until", "smooth", "--json")
    found = events(npm(*words, typed="hello\ncancel\n", status=130))
    assert found[-1] == {"event": "cancelled"}
    assert "run the same command again" in npm.err
    assert not (study / LOCK_NAME).exists()
    found = events(npm(*words))
    assert found[-1] == {"event": "finished"}


def test_other_lines_on_input_do_not_stop(monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.StringIO("cancelled\nstop\n"))
    before = set(threading.enumerate())
    stop = Stop()
    stop.on_input()
    for thread in set(threading.enumerate()) - before:
        thread.join(5)
    stop.check()


def test_the_first_interrupt_stops_at_the_next_item_the_second_at_once():
    stop = Stop()
    with stop.on_interrupt():
        stop.check()
        signal.raise_signal(signal.SIGINT)
        with pytest.raises(Cancelled):
            stop.check()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)


def test_a_command_leaves_interrupts_as_they_were(npm, study):
    before = signal.getsignal(signal.SIGINT)
    npm("mask", study)
    assert signal.getsignal(signal.SIGINT) is before


# in a process of its own, as the viewer's jobs run


def start(*words, **options):
    return subprocess.Popen(
        [sys.executable, "-m", "napari_npm", *map(str, words)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **options,
    )


@pytest.mark.parametrize("how", ["cancel", "interrupt"])
def test_a_running_process_stops_cleanly(study, how):
    with start("run", study, "--until", "describe", "--json", "--workers", "1") as process:
        for line in process.stdout:
            if json.loads(line)["event"] == "progress":
                break
        if how == "cancel":
            process.stdin.write("cancel\n")
            process.stdin.flush()
        else:
            process.send_signal(signal.SIGINT)
        rest, error = process.communicate(timeout=60)
    assert process.returncode == 130
    assert events(rest)[-1] == {"event": "cancelled"}
    assert error == "Stopped; run the same command again to go on.\n"
    assert not (study / LOCK_NAME).exists()


def test_a_child_works_under_its_parents_lock_and_ends_with_input_open(study):
    """A thread that still waits for input must not hinder the end of the process."""
    with Study.open(study) as parent:
        environment = {**os.environ, **parent.child_environment}
        assert TOKEN_VARIABLE in environment
        with start("mask", study, "--json", env=environment) as process:
            status = process.wait(timeout=60)
            text, error = process.stdout.read(), process.stderr.read()
        assert (status, error) == (0, "")
        assert events(text)[-1] == {"event": "finished"}
        parent.reload()
        assert len(parent.state("mask").records) == 4
        assert run(parent, ["mask"])[0].computed == 0
