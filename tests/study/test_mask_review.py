"""What a person says of masks: each word holds for the mask as it was, and for no other."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from napari_npm.core.errors import NpmError
from napari_npm.core.masking import Label
from napari_npm.study import Review, Study, review_masks, run, take_masks, undo_masks
from napari_npm.study.hashing import hash_file

SHAPE = (384, 384)


def mask(*values):
    """Return a mask with a square of each value."""
    labels = np.zeros(SHAPE, np.uint8)
    for value in values:
        labels[20 * value : 20 * value + 9, 40:90] = value
    return labels


@pytest.fixture
def study(fresh):
    """Return a study of phantoms without any mask."""
    shutil.rmtree(fresh / "masks")
    with Study.open(fresh) as one:
        yield one


@pytest.fixture
def name(study):
    return study.images[0].id


def again(study):
    """Return what another process would read of the study."""
    return Study.open(study.folder, write=False)


@pytest.mark.parametrize("state", [Review.ACCEPTED, Review.CORRECTED, Review.PROPOSED])
def test_a_word_is_kept_and_holds_for_that_mask_only(study, name, state):
    study.propose_mask(name, mask(1, 2))
    assert again(study).review(name) is Review.PROPOSED
    study.set_review(name, state)
    assert again(study).review(name) is state
    study.set_mask(name, mask(1, 3))
    assert again(study).review(name) is Review.CORRECTED
    # an undo brings the word back with the mask
    study.set_mask(name, mask(1, 2))
    assert study.review(name) is state
    assert set(study.reviews().values()) == {state, Review.NONE}


def test_the_last_word_counts(study, name):
    study.propose_mask(name, mask(1))
    for state in (Review.ACCEPTED, Review.PROPOSED, Review.CORRECTED, Review.ACCEPTED):
        study.set_review(name, state)
        assert study.review(name) is again(study).review(name) is state


def test_a_rejected_mask_loses_its_cement_and_keeps_its_references(study, name):
    study.propose_mask(name, mask(1, 2, 3))
    study.set_review(name, Review.REJECTED)
    assert np.array_equal(study.mask(name), mask(2, 3))
    assert again(study).review(name) is Review.REJECTED
    # the other process's log is read from its end: what came since is taken in
    other = again(study)
    assert study.undo_mask(name)
    assert np.array_equal(study.mask(name), mask(1, 2, 3))
    assert study.review(name) is other.review(name) is Review.PROPOSED
    assert study.redo_mask(name)
    assert study.review(name) is other.review(name) is Review.REJECTED
    assert not study.redo_mask(name)


def test_an_image_without_mask_can_be_rejected_but_not_accepted(study, name):
    for state in (Review.ACCEPTED, Review.CORRECTED, Review.PROPOSED):
        with pytest.raises(NpmError, match=f"{name} has no mask yet: propose one"):
            study.set_review(name, state)
    study.set_review(name, Review.NONE)
    assert study.review(name) is Review.NONE
    study.set_review(name, Review.REJECTED)
    assert study.review(name) is Review.REJECTED
    assert study.mask_path(name).exists()


def test_drawn_references_alone_still_wait_for_their_cement(study, name):
    for _ in range(2):
        study.set_mask(name, mask(2, 3))
    assert again(study).review(name) is Review.NONE
    assert (study.folder / "masks" / "review.jsonl").read_text().count("\n") == 1
    assert study.drawn_references(name) == (Label.CSH, Label.METAL)
    study.set_mask(name, mask(1, 2))
    assert study.review(name) is Review.CORRECTED
    # drawn cement that is taken back leaves the image as it was
    study.set_mask(name, mask(2))
    assert study.review(name) is Review.NONE
    assert study.drawn_references(name) == (Label.CSH,)


def test_cement_removed_from_a_proposal_is_a_correction(study, name):
    study.propose_mask(name, mask(1, 2))
    study.set_mask(name, mask(2))
    assert study.review(name) is Review.CORRECTED
    study.set_mask(name, mask(1))
    with pytest.raises(NpmError, match="has unhydrated cement marked"):
        study.set_review(name, Review.NONE)


def test_a_mask_given_free_keeps_its_references_in_the_next_proposal(study, name):
    study.set_mask(name, mask(1, 3))
    assert study.drawn_references(name) == ()
    study.set_review(name, Review.PROPOSED)
    assert study.drawn_references(name) == (Label.METAL,)
    study.set_review(name, Review.ACCEPTED)
    assert study.drawn_references(name) == (Label.METAL,)


def test_masks_from_files_count_as_corrected_and_can_be_undone(study, name, phantom_data):
    study.propose_mask(name, mask(1, 2))
    taken = take_masks(study, phantom_data / "masks")
    assert set(again(study).reviews().values()) == {Review.CORRECTED}
    # even where the file holds no cement, and after all of it was erased
    study.set_mask(taken[1], mask(2))
    assert study.review(taken[1]) is Review.CORRECTED
    assert undo_masks(study, ["*"]) == (name,)
    assert np.array_equal(study.mask(name), mask(1, 2))
    assert study.review(name) is Review.PROPOSED
    assert undo_masks(study, [name], redo=True) == (name,)
    # the same file once more changes no word about it
    study.set_review(name, Review.ACCEPTED)
    take_masks(study, phantom_data / "masks")
    assert study.review(name) is Review.ACCEPTED


def test_names_and_patterns(study):
    ids = [image.id for image in study.images]
    for image_id in ids[:4]:
        study.propose_mask(image_id, mask(1))
    review_masks(study, [ids[1]], Review.REJECTED)
    study.set_mask(ids[2], mask(1, 2))
    # a pattern changes no earlier word; a name does
    assert review_masks(study, ["*"], Review.ACCEPTED) == (ids[0], ids[3])
    assert review_masks(study, [ids[2], ids[0]], Review.ACCEPTED) == (ids[2], ids[0])
    assert review_masks(study, ["S1-*"], Review.PROPOSED) == tuple(ids[:3])
    with pytest.raises(NpmError, match="no image 'S9'"):
        review_masks(study, [ids[3], "S9"], Review.REJECTED)
    assert study.review(ids[3]) is Review.ACCEPTED


def test_masks_of_older_studies_count_as_before(quick):
    """The mask step wrote down its proposals itself; everything else was made by a person."""
    (quick.folder / "masks" / "review.jsonl").unlink()
    first, second, third = (image.id for image in quick.images[:3])
    path = quick.folder / "state" / "mask.jsonl"
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    for line in lines:
        if line.get("item") in (first, second):
            line["rows"][0]["proposal"] = hash_file(quick.mask_path(line["item"]))
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    quick.close()
    with Study.open(quick.folder) as study:
        study.set_mask(second, mask(2))  # all cement erased
        expected = {first: Review.PROPOSED, second: Review.CORRECTED, third: Review.CORRECTED}
        assert {key: study.review(key) for key in expected} == expected
        # and they do so after the step has written its records anew
        run(study, ["mask"], force=True, scheduler="synchronous")
        assert {key: study.review(key) for key in expected} == expected
        assert "proposal" not in study.state("mask").records[first].rows[0]


def test_a_study_that_is_read_only_is_not_changed(study, name):
    study.propose_mask(name, mask(1))
    reader = again(study)
    for call in (
        lambda: reader.set_review(name, Review.ACCEPTED),
        lambda: reader.set_review(name, Review.REJECTED),
        lambda: reader.set_strokes(name, mask(1)),
        lambda: reader.propose_mask(name, mask(2)),
        lambda: reader.undo_mask(name),
    ):
        with pytest.raises(NpmError, match="open for reading only"):
            call()
    assert reader.review(name) is Review.PROPOSED
    assert np.array_equal(reader.mask(name), mask(1))
    assert reader.strokes(name) is None


# breaks


@pytest.mark.parametrize("state", [Review.PROPOSED, Review.REJECTED])
def test_a_kill_before_the_mask_is_in_place_leaves_the_old_mask_and_its_state(
    study, name, state, monkeypatch
):
    """The word is written first; without its mask it is about nothing."""
    study.propose_mask(name, mask(1, 2))
    study.set_review(name, Review.ACCEPTED)

    real = Path.replace

    def killed(path, target):
        if target == study.mask_path(name):
            raise KeyboardInterrupt
        return real(path, target)

    monkeypatch.setattr(Path, "replace", killed)
    act = {
        Review.PROPOSED: lambda: study.propose_mask(name, mask(1, 3)),
        Review.REJECTED: lambda: study.set_review(name, Review.REJECTED),
    }[state]
    with pytest.raises(KeyboardInterrupt):
        act()
    monkeypatch.undo()
    words = (study.folder / "masks" / "review.jsonl").read_text().splitlines()
    assert json.loads(words[-1])["review"] == state
    assert np.array_equal(study.mask(name), mask(1, 2))
    assert again(study).review(name) is Review.ACCEPTED
    # the edit that the history has and the mask has not costs one empty undo
    act()
    assert again(study).review(name) is state


def test_a_proposal_killed_before_its_record_is_no_work_of_a_person(study, monkeypatch):
    """The mask is in place, the step's record is not: it is proposed anew later all the same."""
    from napari_npm.study.state import StepState

    study.set_parameters("mask", uc_low=70, uc_high=90, min_area_um2=0.1)

    def killed(*_):
        raise KeyboardInterrupt

    run(study, ["import"])
    monkeypatch.setattr(StepState, "add", killed)
    with pytest.raises(KeyboardInterrupt):
        run(study, ["mask"], scheduler="synchronous")
    monkeypatch.undo()
    (made,) = [key for key, state in study.reviews().items() if state is not Review.NONE]
    assert study.mask_path(made).exists()
    assert study.review(made) is Review.PROPOSED


@pytest.mark.parametrize(
    "torn", [b'{"image": "S1-0", "mask": "', b"\xff\xfe\n", b"[1]\n", b'{"review": "great"}\n']
)
def test_torn_and_foreign_lines_count_as_nothing(study, name, torn):
    study.propose_mask(name, mask(1))
    study.set_review(name, Review.ACCEPTED)
    with (study.folder / "masks" / "review.jsonl").open("ab") as file:
        file.write(torn)
    other = study.images[1].id
    study.propose_mask(other, mask(1))
    for one in (study, again(study)):
        assert one.review(name) is Review.ACCEPTED
        assert one.review(other) is Review.PROPOSED


def test_a_log_that_was_put_back_is_read_anew(study, name):
    study.propose_mask(name, mask(1))
    path = study.folder / "masks" / "review.jsonl"
    old = path.read_bytes()
    study.set_review(name, Review.ACCEPTED)
    assert study.review(name) is Review.ACCEPTED
    path.write_bytes(old)
    assert study.review(name) is Review.PROPOSED


def test_a_line_that_another_process_is_still_writing_is_read_when_it_is_whole(study, name):
    study.propose_mask(name, mask(1))
    path = study.folder / "masks" / "review.jsonl"
    line = path.read_bytes().replace(b"proposed", b"accepted")
    with path.open("ab") as file:
        file.write(line[:30])
        file.flush()
        assert study.review(name) is Review.PROPOSED
        file.write(line[30:])
    assert study.review(name) is Review.ACCEPTED
