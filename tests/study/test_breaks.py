"""Breaks: a run that was stopped, killed or refused by the disk goes on to the same results.

Results are compared by content: every chunk of every stack, every mask, model and table.
"""

import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import time

import pandas as pd
import pytest

from napari_npm.core.errors import Cancelled, NpmError
from napari_npm.study import Study, run
from napari_npm.study.hashing import hash_file
from napari_npm.study.provenance import read_provenance
from napari_npm.study.runner import whole_run
from napari_npm.study.state import StepState

QUICK = ("simulate", "import", "mask", "calibrate", "smooth", "describe", "split", "threshold")
LONG = whole_run("correlate")


class StopAfter:
    """Progress that stops at a given call, counted over all steps."""

    def __init__(self, calls):
        self.left = calls

    def __call__(self, *_):
        self.left -= 1
        if self.left < 0:
            raise Cancelled


def test_stopped_at_every_item_ends_the_same(fresh, quick_study, assert_same):
    stops = 0
    for _ in range(200):
        with Study.open(fresh) as study:
            try:
                # the first report of a step comes before its first item
                run(study, QUICK, progress=StopAfter(1), scheduler="synchronous")
            except Cancelled:
                stops += 1
            else:
                break
    items = sum(len(StepState(fresh / "state" / f"{step}.jsonl").records) for step in QUICK)
    assert stops >= items - len(QUICK)
    assert_same(fresh, quick_study, QUICK)
    outcomes = [line["outcome"] for line in read_provenance(fresh)]
    assert outcomes.count("cancelled") == stops
    assert outcomes.count("done") == len(QUICK)


def test_stopped_at_random_through_training_ends_the_same(fresh, finished_study, rng, assert_same):
    with Study.open(fresh) as study:
        study.set_parameters("train", maps=("mulf",))
        stops = 0
        for _ in range(100):
            try:
                run(study, LONG, progress=StopAfter(rng.integers(2, 25)), scheduler="synchronous")
            except Cancelled:
                stops += 1
                study.reload()
            else:
                break
    assert stops > 5
    assert_same(fresh, finished_study)


def start(folder, *arguments):
    """Start the command line in a process of its own."""
    code = "from napari_npm.cli import main; main()"
    words = [sys.executable, "-c", code, *arguments[:1], str(folder), *arguments[1:]]
    return subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def test_killed_at_random_ends_the_same(fresh, quick_study, rng, assert_same):
    killed = 0
    for _ in range(3):
        lines = sum(path.stat().st_size for path in fresh.glob("state/*.jsonl"))
        process = start(fresh, "run", "--until", "split")
        # once it has begun to write, it is killed some milliseconds later
        while process.poll() is None:
            time.sleep(0.01)
            if sum(path.stat().st_size for path in fresh.glob("state/*.jsonl")) > lines:
                time.sleep(float(rng.uniform(0, 0.2)))
                break
        process.send_signal(signal.SIGKILL)
        killed += process.wait() == -signal.SIGKILL
    assert killed > 1
    with Study.open(fresh) as study:
        run(study, QUICK)
    assert_same(fresh, quick_study, QUICK)


def test_killed_in_training_goes_on_from_the_checkpoint(quick_study, finished_study, tmp_path):
    folder = tmp_path / "study"
    shutil.copytree(quick_study, folder)
    with Study.open(folder) as study:
        study.set_parameters("train", maps=("mulf",))
    process = start(folder, "train")
    checkpoint = folder / "models" / "mulf" / "checkpoint.safetensors"
    while process.poll() is None and not checkpoint.exists():
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    assert checkpoint.exists()
    seen = []
    with Study.open(folder) as study:
        run(study, ["train"], progress=lambda *about: seen.append(about[3]))
    assert "mulf: Epoch 2 of 2" in seen
    assert "mulf: Epoch 1 of 2" not in seen
    assert not checkpoint.exists()
    weights = "models/mulf/weights.safetensors"
    assert hash_file(folder / weights) == hash_file(finished_study / weights)
    history = pd.read_csv(folder / "models" / "mulf" / "history.csv").drop(columns="seconds")
    reference = pd.read_csv(finished_study / "models" / "mulf" / "history.csv")
    pd.testing.assert_frame_equal(history, reference.drop(columns="seconds"))


def test_a_torn_last_line_costs_one_item(quick, quick_study, assert_same, computed):
    path = quick.folder / "state" / "smooth.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:3]) + lines[3][:-20])
    quick.reload()
    with pytest.raises(Cancelled):
        run(quick, ["smooth"], progress=StopAfter(1), scheduler="synchronous")
    # the torn line has not swallowed the one after it
    assert len(StepState(path).records) == 4
    quick.reload()
    assert computed(quick, QUICK) == {"smooth": 2}
    assert_same(quick.folder, quick_study, QUICK)
    assert all(json.loads(line) for line in path.read_bytes().splitlines())


def test_a_break_while_results_are_replaced_is_not_taken_for_done(
    quick, quick_study, monkeypatch, assert_same, computed
):
    """New tiles are on disk, their line is not, and the old parameters come back."""
    quick.set_parameters("smooth", sigma_px=3)

    def killed(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(StepState, "add", killed)
    with pytest.raises(KeyboardInterrupt):
        run(quick, ["smooth"], scheduler="synchronous")
    monkeypatch.undo()
    quick.close()
    with Study.open(quick.folder) as study:
        study.reset_parameters("smooth")
        assert computed(study, QUICK) == {"smooth": 1}
    assert_same(quick.folder, quick_study, QUICK)


@pytest.mark.parametrize(
    ("number", "words"),
    [(errno.ENOSPC, "the disk is full: free some space"), (errno.EROFS, "the disk is read-only")],
)
def test_a_disk_that_refuses_at_any_write_is_a_sentence(
    fresh, quick_study, monkeypatch, number, words, assert_same
):
    """Every write ends in fsync: there the disk refuses, and tears what was written last."""
    real = os.fsync
    refused = []
    step = 13 if number == errno.ENOSPC else 60
    for room in range(0, 400, step):
        left = room

        def fsync(file):
            nonlocal left
            left -= 1
            if left < 0:
                size = os.fstat(file).st_size
                if size > 5 and not os.path.isdir(f"/proc/self/fd/{file}"):  # noqa: PTH112
                    os.ftruncate(file, size - 5)
                raise OSError(number, os.strerror(number))
            real(file)

        monkeypatch.setattr(os, "fsync", fsync)
        try:
            with Study.open(fresh) as study:
                run(study, QUICK, scheduler="synchronous")
        except NpmError as error:
            refused.append(str(error))
        else:
            break
        finally:
            monkeypatch.undo()
    assert len(refused) > 1
    assert all(words in sentence for sentence in refused)
    assert_same(fresh, quick_study, QUICK)


def test_a_full_disk_under_a_stack_is_a_sentence(
    quick, quick_study, monkeypatch, assert_same, computed
):
    import zarr.storage._local as local

    def full(path, value, exclusive=False):
        path.parent.mkdir(parents=True, exist_ok=True)
        raise OSError(errno.ENOSPC, "No space left on device", str(path))

    shutil.rmtree(quick.folder / "maps" / "micf.zarr" / "c")
    monkeypatch.setattr(local, "_put", full)
    with pytest.raises(NpmError, match=r"micf\.zarr was not written because the disk is full"):
        run(quick, ["smooth"])
    monkeypatch.undo()
    assert computed(quick, QUICK) == {"smooth": 6}
    assert_same(quick.folder, quick_study, QUICK)


def test_a_source_that_goes_midway_stops_the_run_and_keeps_the_rest(
    fresh, quick_study, assert_same, computed
):
    with Study.open(fresh) as study:
        aside = []

        def remove(step, done, *_):
            if (step, done) == ("mask", 2):
                for image in study.images:
                    if image.id not in study.state("mask").records:
                        source = study.source(image.id)
                        aside.append((source.rename(source.with_suffix(".aside")), source))

        with pytest.raises(NpmError, match=r"is gone: put it back"):
            run(study, QUICK, progress=remove, scheduler="synchronous")
        assert len(study.state("mask").records) == 2
        for now, before in aside:
            now.rename(before)
        assert computed(study, QUICK)["mask"] == 4
    assert_same(fresh, quick_study, QUICK)


def test_a_study_that_runs_is_not_opened_elsewhere(fresh):
    refused = []

    def intrude(*_):
        with pytest.raises(NpmError, match="is open in another program") as error:
            Study.open(fresh)
        refused.append(error)

    with Study.open(fresh) as study:
        run(study, ["import"], progress=intrude)
    assert len(refused) == 7
