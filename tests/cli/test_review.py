"""Judging masks and bringing strokes from the command line."""

import json

import numpy as np
import pytest

from napari_npm.core.masking import Label, Stroke
from napari_npm.io import read_labels, write_labels
from napari_npm.study import Review, Study


@pytest.fixture
def strokes(data, tmp_path):
    """Return a folder with strokes on one image, named like it."""
    (path,) = (data / "masks").glob("S1-0.tif")
    cement = read_labels(path) == Label.UNHYDRATED
    drawn = np.zeros(cement.shape, np.uint8)
    drawn[::40][cement[::40]] = Stroke.UNHYDRATED
    drawn[::40][~cement[::40]] = Stroke.OTHER
    write_labels(tmp_path / "strokes" / "S1-0.tif", drawn)
    return tmp_path / "strokes"


@pytest.fixture
def proposed(npm, data, strokes, tmp_path):
    """Return a study whose masks were proposed from strokes that the command line brought."""
    npm("import", tmp_path / "s", data / "images")
    npm("mask", tmp_path / "s", "--strokes", strokes)
    assert "took strokes on 1 image" in npm.err
    assert "4 of 4 masks were proposed by the program and nobody has looked" in npm.err
    return tmp_path / "s"


def states(folder):
    return [str(state) for state in Study.open(folder, write=False).reviews().values()]


def test_proposals_from_strokes_are_judged_and_listed(npm, proposed):
    ids = [image.id for image in Study.open(proposed, write=False).images]
    text = npm("review", proposed)
    assert [line.split() for line in text.splitlines()[:4]] == [["proposed", name] for name in ids]
    assert text.splitlines()[4] == "masks: 4 proposed and not looked at"
    text = npm("review", proposed, "--accept", f"{ids[0]}, {ids[1]}", "--reject", ids[2])
    assert f"accept: {ids[0]}, {ids[1]}\nreject: {ids[2]}\n" in text
    assert "masks: 1 proposed and not looked at, 2 accepted, 1 rejected" in text
    assert states(proposed) == ["accepted", "accepted", "rejected", "proposed"]
    assert npm("review", proposed, "--list", "rejected").split()[:2] == ["rejected", ids[2]]
    # a pattern takes what is left, and no mask is proposed anew once it was judged
    npm("review", proposed, "--correct", "*")
    assert states(proposed)[3] == "corrected"
    npm("mask", proposed, "--probability", "0.9")
    assert "nobody has looked" not in npm.err
    assert "masks: 2 accepted, 1 corrected or made by hand, 1 rejected" in npm("info", proposed)
    npm("review", proposed, "--again", ids[0])
    assert states(proposed)[0] == "proposed"


def test_json_tells_the_same(npm, proposed):
    ids = [image.id for image in Study.open(proposed, write=False).images]
    facts = json.loads(npm("review", proposed, "--accept", ids[0], "--json"))
    assert facts == {
        "changed": {"accept": [ids[0]]},
        "masks": {"none": 0, "proposed": 3, "accepted": 1, "corrected": 0, "rejected": 0},
        "images": dict(zip(ids, ["accepted", "proposed", "proposed", "proposed"], strict=True)),
    }
    assert json.loads(npm("info", proposed, "--json"))["masks"] == facts["masks"]
    listed = json.loads(npm("review", proposed, "--list", "accepted", "--json"))
    assert listed["images"] == {ids[0]: "accepted"}
    assert listed["changed"] == {}


def test_a_rejection_and_a_mask_from_a_file_can_be_undone(npm, proposed, data):
    first = Study.open(proposed, write=False).images[0].id
    before = Study.open(proposed, write=False).mask(first)
    npm("review", proposed, "--reject", first)
    npm("mask", proposed, "--from", data / "masks")
    assert states(proposed) == ["corrected"] * 4
    for words, state in (("--undo", "rejected"), ("--undo", "proposed"), ("--redo", "rejected")):
        assert f"{words[2:]}: {first}\n" in npm("review", proposed, words, first)
        assert states(proposed)[0] == state
    npm("review", proposed, "--undo", first)
    assert np.array_equal(Study.open(proposed, write=False).mask(first), before)
    assert "undo: nothing" in npm("review", proposed, "--undo", first)


def test_strokes_that_nothing_is_proposed_from_are_told_of(npm, proposed, strokes):
    npm("review", proposed, "--accept", "*")
    npm("mask", proposed, "--strokes", strokes)
    assert "nothing is proposed from the strokes: give images free with" in npm.err
    ids = [image.id for image in Study.open(proposed, write=False).images]
    npm("review", proposed, "--again", ids[0])
    npm("mask", proposed, "--strokes", strokes)
    assert "nothing is proposed" not in npm.err


def test_listing_needs_no_lock(npm, proposed):
    with Study.open(proposed):
        assert "4 proposed" in npm("review", proposed)
        npm("review", proposed, "--accept", "*", status=2)
    assert "is open in another program" in npm.err


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["review", "{study}", "--accept", "S9"], "The study has no image 'S9': give names as"),
        (["review", "{study}", "--undo", "x*"], "The study has no image 'x*'"),
        (["mask", "{study}", "--strokes", "{empty}"], "holds no label image named like an image"),
        (["mask", "{study}", "--proposal", "strokes"], "There are no strokes to propose from"),
        (["mask", "{study}", "--probability", "1"], "probability: Input should be less than 1"),
    ],
)
def test_what_a_user_gets_wrong_is_one_sentence(npm, study, tmp_path, words, sentence):
    (tmp_path / "empty").mkdir()
    npm(*(word.format(study=study, empty=tmp_path / "empty") for word in words), status=2)
    assert npm.err.count("\n") == 1
    assert sentence in npm.err
    assert Study.open(study, write=False).reviews()["S1-0"] is Review.CORRECTED


def test_a_mask_that_is_not_there_is_not_accepted(npm, data, tmp_path):
    npm("import", tmp_path / "s", data / "images")
    npm("review", tmp_path / "s", "--accept", "S1-0", status=2)
    assert "S1-0 has no mask yet: propose one with `napari-npm mask`" in npm.err
    assert "accept: nothing" in npm("review", tmp_path / "s", "--accept", "*")
