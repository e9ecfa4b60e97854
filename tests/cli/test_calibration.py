"""Simulating and calibrating from the command line: what a user gets wrong is one sentence."""

import json

import numpy as np
import pytest

from napari_npm.core.masking import Label
from napari_npm.io import write_image, write_labels

SIZE = 384


@pytest.fixture
def folder(tmp_path, rng):
    """Return the function that makes a study of one image and its mask, up to the mask step."""
    from napari_npm.study import Study, add_images, run, take_masks

    def make(top=200, least=60, *, dtype=np.uint8, metal=50, swap=False, cut=0.0):
        factor = np.iinfo(dtype).max // 255
        grey = rng.uniform(*sorted((least, top)), (SIZE, SIZE))
        grey[:60], grey[-60:] = least, top
        grey = np.rint(factor * (grey + rng.normal(0, 2, grey.shape)))
        grey[-60:][rng.random((60, SIZE)) < cut] = np.iinfo(dtype).max
        labels = np.zeros((SIZE, SIZE), np.uint8)
        labels[:50], labels[-5:, :metal] = Label.CSH, Label.METAL
        if swap:
            labels[labels > 0] = 5 - labels[labels > 0]
        name = tmp_path / "a.tif"
        write_image(name, grey.clip(0, np.iinfo(dtype).max).astype(dtype), 52.0)
        write_labels(tmp_path / "masks" / "a.tif", labels, 52.0)
        with Study.create(tmp_path / "study") as study:
            add_images(study, "S1", [name])
            take_masks(study, tmp_path / "masks")
            run(study, ["simulate", "import", "mask"])
        return tmp_path / "study"

    return make


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_images_without_unhydrated_cement_of_8_and_16_bits(npm, folder, dtype):
    from napari_npm.study import Study

    place = folder(dtype=dtype)
    npm("calibrate", place, "--uncertainty-map")
    with Study.open(place) as study:
        (row,) = study.table("calibration").to_dict("records")
        assert study.stack("uncertainty").has(study.tiles)
    assert row["unhydrated_fraction"] == 0
    assert row["g_csh"] == pytest.approx(60 * (np.iinfo(dtype).max // 255), rel=0.01)
    assert 0.2 < row["porosity"] < 0.5
    assert 0 < row["porosity_uncertainty"] < 0.03


WRONG = {
    "inverted contrast": ({"least": 200, "top": 60}, [], "must be above G_CSH (199.99"),
    "phases swapped": ({"swap": True}, [], "check which region is marked as metal"),
    "few pixels": ({"metal": 19}, [], "of a has 95 pixels, fewer than min_reference_px = 100"),
    "saturated": ({"cut": 0.7}, [], "of the metal reference of a is saturated"),
    "given the wrong way round": ({}, ["--g-csh", "90", "--g-metal", "80"], "must be above G_CSH"),
}


@pytest.mark.parametrize("case", WRONG)
def test_bad_references_are_one_sentence(npm, folder, case):
    made, words, sentence = WRONG[case]
    npm("calibrate", folder(**made), *words, status=2)
    assert npm.err.count("\n") == 1
    assert sentence in npm.err
    assert npm.out == ""


def test_saturation_is_a_warning_for_people_and_programs(npm, folder):
    study = folder(cut=0.2)
    npm("calibrate", study)
    assert "metal reference of 1 of 1 image is saturated in more than 2.0% of its" in npm.err
    text = npm("calibrate", study, "--force", "--json")
    messages = [one for one in map(json.loads, text.splitlines()) if one["event"] == "message"]
    assert [one["level"] for one in messages] == ["warning"]
    npm("calibrate", study, "--max-saturated", "0.5")
    assert "saturated" not in npm.err


SIMULATIONS = {
    "unknown element": (["--metal", "Bi 50 Qq 50"], "Qq"),
    "unknown formula": (["--binder", "Ca(OH", "--binder-density", "2"], "Ca(OH"),
    "weights do not sum": (["--metal", "Bi 30 Sn 30", "--metal-density", "9"], "sum to 60"),
    "energy out of range": (["--energy-kev", "40"], "energy_kev"),
    "lighter metal": (["--metal", "epoxy"], "epoxy is lighter than C-S-H"),
    "no density": (["--metal", "Hg"], "give it as metal_density in g/cm³"),
}


@pytest.mark.parametrize("case", SIMULATIONS)
def test_bad_simulations_are_one_sentence(npm, study, case):
    words, sentence = SIMULATIONS[case]
    npm("simulate", study, *words, status=2)
    assert npm.err.count("\n") == 1
    assert sentence in npm.err


def test_simulate_runs_and_its_curve_is_used(npm, study):
    from napari_npm.study import Study

    words = ("--points", "3", "--standard-error", "0.02", "--energy-kev", "10")
    npm("simulate", study, *words)
    assert "3 done" in npm.err
    npm("run", study, "--until", "calibrate")
    before = Study.open(study, write=False).table("calibration")["porosity"]
    npm("simulate", study, "--reset")
    npm("calibrate", study)
    assert "4 done" in npm.err
    after = Study.open(study, write=False).table("calibration")["porosity"]
    assert (before != after).all()
