"""What was changed or damaged since a step ran is never mixed with what is new."""

from pathlib import Path

import numpy as np
import pytest

from napari_npm.core.errors import Cancelled, NpmError
from napari_npm.io import read_labels
from napari_npm.study import Study, run
from napari_npm.study.arrays import read_arrays
from napari_npm.study.folder import command
from napari_npm.study.history import MaskHistory
from napari_npm.study.runner import is_current
from napari_npm.study.steps import _simulations
from napari_npm.study.strokes import classifier_path, learnt

STEPS = ["simulate", "import", "mask", "calibrate"]
POINTS = {"points": 3, "standard_error": 0.02}


@pytest.fixture
def study(fresh, tmp_path, monkeypatch):
    monkeypatch.setattr(_simulations, "cache_folder", lambda: tmp_path / "cache")
    with Study.open(fresh) as one:
        run(one, STEPS, scheduler="synchronous")
        yield one


def stop(step, done, total, *_):
    if done == 1:
        raise Cancelled


def refused(study):
    with pytest.raises(NpmError, match="calibrate needs simulate with its present settings first"):
        run(study, ["calibrate"])
    return True


@pytest.mark.parametrize("stopped", [False, True])
def test_the_curve_of_other_settings_is_not_calibrated_with(study, stopped):
    before = study.table("calibration")
    study.set_parameters("simulate", energy_kev=15, **POINTS)
    if stopped:
        with pytest.raises(Cancelled):
            run(study, ["simulate"], progress=stop)
    assert not is_current(study, "simulate")
    assert refused(study)
    run(study, ["simulate", "calibrate"], scheduler="synchronous")
    assert is_current(study, "simulate")
    assert (study.table("calibration")["porosity"] != before["porosity"]).all()


def test_neither_is_one_that_could_not_be_finished(study, monkeypatch):
    study.set_parameters("simulate", energy_kev=15, **POINTS)

    def refuse(*_):
        raise NpmError("The disk is full: make room.")

    with monkeypatch.context() as patch:
        patch.setattr("napari_npm.io.write_text", refuse)
        with pytest.raises(NpmError, match="disk is full"):
            run(study, ["simulate"])
    assert refused(study)


def test_a_curve_of_ones_own_needs_no_simulation(study, tmp_path):
    own = tmp_path / "own.csv"
    own.write_bytes((study.results_folder / "response.csv").read_bytes())
    study.set_parameters("simulate", energy_kev=15, **POINTS)
    study.set_parameters("calibrate", curve=own)
    run(study, ["calibrate"], scheduler="synchronous")


def test_other_errors_of_a_curve_calibrate_anew(study, tmp_path):
    own = tmp_path / "own.csv"
    header = "porosity,eta,eta_error\n"
    found = []
    for error in (0.001, 0.01):
        own.write_text(header + f"0,0.13,{error}\n0.5,0.33,{error}\n1,0.41,{error}\n")
        study.set_parameters("calibrate", curve=own)
        (outcome,) = run(study, ["calibrate"], scheduler="synchronous")
        assert outcome.computed == len(study.images)
        found.append(study.table("calibration"))
    before, after = found
    assert after["porosity"].tolist() == before["porosity"].tolist()
    assert (after["porosity_uncertainty"] > before["porosity_uncertainty"]).all()


def test_a_damaged_curve_of_the_study_says_how_to_make_it_anew(study):
    path = study.results_folder / "response.csv"
    path.write_bytes(path.read_bytes()[:400] + b"\xff\0")
    with pytest.raises(NpmError, match=r"response.csv is damaged: .* `napari-npm simulate --force"):
        run(study, ["calibrate"])
    run(study, ["simulate"], force=True)
    run(study, ["calibrate"])


def test_a_mask_changed_since_it_was_measured_is_not_calibrated_with(study):
    name = study.images[0].id
    labels = study.mask(name)
    labels[:40] = 1
    study.set_mask(name, labels)
    with pytest.raises(NpmError, match=f"mask of {name} was changed after the mask step"):
        run(study, ["calibrate"], force=True, scheduler="synchronous")
    *_, outcome = run(study, STEPS, scheduler="synchronous")
    assert outcome.computed == 1


def test_uncertainty_maps_of_other_levels_do_not_stay(study):
    study.set_parameters("calibrate", uncertainty_map=True)
    run(study, ["calibrate"], scheduler="synchronous")
    assert study.stack("uncertainty").has(study.tiles)
    study.set_parameters("calibrate", uncertainty_map=False, g_csh=30)
    run(study, ["calibrate"], scheduler="synchronous")
    assert not study.stack("uncertainty").path.exists()
    assert study.stack("mulf").has(study.tiles)


def test_a_damaged_mask_is_a_sentence_that_names_it(study):
    name = study.images[0].id
    path = study.mask_path(name)
    path.write_bytes(path.read_bytes()[:30])
    with pytest.raises(NpmError, match=f"mask of {name} cannot be read .*: delete .*{name}"):
        run(study, ["mask"], scheduler="synchronous")
    with pytest.raises(NpmError, match="damaged or truncated"):
        read_labels(path)


def damaged(whole, rng):
    """Return bytes with a few of them changed, or cut off."""
    content = bytearray(whole)
    for place in rng.integers(0, len(content), rng.integers(1, 5)):
        content[place] = rng.integers(256)
    return bytes(content[: rng.integers(len(content))] if rng.random() < 0.3 else content)


def changed(whole, at, value):
    """Return a zip file with one byte of every entry of its directory changed."""
    first, *entries = whole.split(b"PK\x01\x02")
    return b"PK\x01\x02".join(
        [first, *(e[: at - 4] + bytes([value]) + e[at - 3 :] for e in entries)]
    )


def test_whatever_is_wrong_with_a_file_of_arrays_is_known(fresh, tmp_path):
    rng = np.random.default_rng(0)
    before, after = np.zeros((40, 40), np.uint8), np.ones((40, 40), np.uint8)
    file = tmp_path / "edits.npz"
    MaskHistory(file, (40, 40)).push(before, after)
    whole = file.read_bytes()
    # each once raised an error of its own: unknown compression, encryption, a version to come,
    # and a header that ends within a bracket
    special = [changed(whole, at, value) for at, value in ((10, 99), (8, 64), (6, 240))]
    special.append(whole.replace(b"'shape': (2,)", b"'shape': ((((", 1))
    assert all(one != whole for one in special)
    with Study.open(fresh, write=False) as study:
        kept = classifier_path(study)
        for content in [*special, *(damaged(whole, rng) for _ in range(300))]:
            file.write_bytes(content)
            found = MaskHistory(file, (40, 40)).undo(after)
            assert found is None or np.array_equal(found, before)
            kept.write_bytes(content)
            with pytest.raises(NpmError, match="is damaged or of another version: delete it"):
                learnt(study)
    for content in special:
        file.write_bytes(content)
        with pytest.raises(ValueError, match="is damaged"):
            read_arrays(file)


def test_a_command_can_be_typed_as_it_is_told():
    assert command("run", Path("/data/a-1")) == "`napari-npm run /data/a-1`"
    assert command("mask", Path("/my data/é")) == '`napari-npm mask "/my data/é"`'
    assert command("run", Path("/a&b")) == '`napari-npm run "/a&b"`'
