import sys

import pytest

from napari_npm.viewer.jobs import Job, Lines, parse

CHILD = """
import json, os, sys, time
def say(**event): print(json.dumps(event), flush=True)
mode = sys.argv[1]
assert sys.argv[2:] == ["STUDY", "--json"], sys.argv
say(event="start", step="train")
say(event="message", level="warning", text="odd \u00b5m " + os.environ.get("EXTRA", ""))
if mode == "good":
    say(event="progress", step="train", done=1, total=2, message="Epoch 1", metrics={"loss": 0.5})
    print("stray output")
    say(event="done", step="train", computed=2, skipped=1, seconds=0.25)
    say(event="finished")
elif mode == "user":
    say(event="error", text="Mark some metal first."); sys.exit(2)
elif mode == "crash":
    raise RuntimeError("boom")
elif mode == "wait":
    for line in sys.stdin:
        if line.strip() == "cancel":
            say(event="cancelled"); sys.exit(130)
elif mode == "deaf":
    while True: time.sleep(0.1)
"""


@pytest.fixture
def start(tmp_path, qtbot):
    child = tmp_path / "child.py"
    child.write_text(CHILD, encoding="utf-8")
    jobs = []

    def make(mode):
        job = Job([mode, "STUDY"], environment={"EXTRA": "x"}, command=(sys.executable, str(child)))
        job.seen = []
        for name in ("started", "progress", "message", "step_done", "failed"):
            getattr(job, name).connect(lambda *args, name=name: job.seen.append((name, *args)))
        job.finished.connect(lambda: job.seen.append(("finished",)))
        job.cancelled.connect(lambda: job.seen.append(("cancelled",)))
        jobs.append(job)
        return job

    yield make
    for job in jobs:
        if job.running:
            job.kill()
            job.wait(5000)


def test_events_become_signals(start, qtbot):
    job = start("good")
    with qtbot.waitSignal(job.ended, timeout=20_000):
        job.start()
    assert job.seen == [
        ("started", "train"),
        ("message", "warning", "odd \u00b5m x"),
        ("progress", "train", 1, 2, "Epoch 1", {"loss": 0.5}),
        ("step_done", "train", 2, 1, 0.25),
        ("finished",),
    ]
    assert not job.running


def test_a_user_error_is_the_childs_sentence(start, qtbot):
    job = start("user")
    with qtbot.waitSignal(job.ended, timeout=20_000):
        job.start()
    assert job.seen[-1] == ("failed", "Mark some metal first.")


def test_a_crash_says_its_last_words_in_one_sentence(start, qtbot):
    job = start("crash")
    with qtbot.waitSignal(job.ended, timeout=20_000):
        job.start()
    name, text = job.seen[-1]
    assert name == "failed"
    assert "RuntimeError: boom" in text
    assert "\n" not in text


def test_cancel_is_asked_on_stdin(start, qtbot):
    job = start("wait")
    with qtbot.waitSignal(job.started, timeout=20_000):
        job.start()
    with qtbot.waitSignal(job.ended, timeout=20_000):
        job.cancel()
    assert job.cancelling
    assert job.seen[-1] == ("cancelled",)


def test_a_job_that_does_not_listen_can_be_killed(start, qtbot):
    job = start("deaf")
    with qtbot.waitSignal(job.started, timeout=20_000):
        job.start()
    with qtbot.waitSignal(job.ended, timeout=20_000):
        job.kill()
    assert job.seen[-1] == ("cancelled",)


def test_a_program_that_is_not_there_is_named(qtbot):
    job, said = Job(["x"], command=("/no/such/program",)), []
    job.failed.connect(said.append)
    with qtbot.waitSignal(job.ended, timeout=20_000):
        job.start()
    assert "could not be started" in said[0]


def test_lines_are_whole_however_they_arrive():
    lines = Lines()
    data = '{"a": "µ"}\r\nrest\n'.encode()
    got = [line for place in range(len(data)) for line in lines.feed(data[place : place + 1])]
    assert got == ['{"a": "µ"}', "rest"]


@pytest.mark.parametrize("line", ["", "noise", "[1]", '{"no": "event"}', '{"event": '])
def test_what_is_no_event_is_passed_over(line):
    assert parse(line) is None
