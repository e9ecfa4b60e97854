"""Undo and redo of a mask's edits, held against a plain list of whole masks."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_npm.core.errors import NpmError
from napari_npm.study import history as module
from napari_npm.study.history import MaskHistory

SHAPE = (24, 31)


def edited(labels, rng):
    """Return a mask with some rectangle or scatter of another label, at times unchanged."""
    after = labels.copy()
    row, column = rng.integers(0, SHAPE[0]), rng.integers(0, SHAPE[1])
    part = after[row : row + rng.integers(1, 9), column : column + rng.integers(1, 12)]
    part[rng.random(part.shape) < rng.choice([0.4, 1.0])] = rng.integers(0, 4)
    return after


@settings(max_examples=25)
@given(st.integers(0, 2**32 - 1))
def test_any_mix_of_edits_undo_and_redo_is_that_of_a_list_of_masks(tmp_path_factory, seed):
    rng = np.random.default_rng(seed)
    path = tmp_path_factory.mktemp("history") / "a.npz"
    history = MaskHistory(path, SHAPE)
    masks, at = [np.zeros(SHAPE, np.uint8)], 0
    for _ in range(25):
        current = masks[at]
        action = rng.choice(["push", "push", "undo", "redo", "open"])
        if action == "push":
            after = edited(current, rng)
            differs = not np.array_equal(after, current)
            assert history.push(current, after) is differs
            if differs:
                masks = [*masks[: at + 1], after]
                at += 1
        elif action == "open":
            history = MaskHistory(path, SHAPE)
        else:
            step = -1 if action == "undo" else 1
            found = getattr(history, action)(current)
            if 0 <= at + step < len(masks):
                assert np.array_equal(found, masks[at + step])
                outside = found != current
                outside[history.changed] = False
                assert not outside.any()
                at += step
            else:
                assert found is None
        assert history.can_undo is (at > 0)
        assert history.can_redo is (at < len(masks) - 1)


def test_a_part_with_its_corner_is_the_same_edit_as_the_whole(tmp_path, rng):
    before = rng.integers(0, 4, SHAPE).astype(np.uint8)
    after = before.copy()
    after[5:9, 20:30] = 2
    one, two = MaskHistory(tmp_path / "1.npz", SHAPE), MaskHistory(tmp_path / "2.npz", SHAPE)
    one.push(before, after)
    two.push(before[3:12, 18:31], after[3:12, 18:31], corner=(3, 18))
    assert one.changed == two.changed
    assert np.array_equal(two.undo(after), before)
    assert (tmp_path / "2.npz").stat().st_size == (tmp_path / "1.npz").stat().st_size


def test_the_mask_given_is_not_changed(tmp_path):
    history = MaskHistory(tmp_path / "a.npz", SHAPE)
    before, after = np.zeros(SHAPE, np.uint8), np.ones(SHAPE, np.uint8)
    history.push(before, after)
    kept = history.undo(after)
    assert after.all()
    # unless it is asked for, and then only the mask itself is
    assert history.redo(kept, copy=False) is kept
    assert np.array_equal(kept, after)
    assert history.undo(kept, copy=False) is kept
    assert np.array_equal(kept, before)


def test_a_mask_changed_by_something_else_ends_the_history(tmp_path):
    history = MaskHistory(tmp_path / "a.npz", SHAPE)
    before, after = np.zeros(SHAPE, np.uint8), np.ones(SHAPE, np.uint8)
    history.push(before, after)
    assert history.undo(np.full(SHAPE, 3, np.uint8)) is None
    assert not history.can_undo
    assert not (tmp_path / "a.npz").exists()


def test_a_mask_of_another_shape_has_nothing_to_undo(tmp_path):
    history = MaskHistory(tmp_path / "a.npz", SHAPE)
    history.push(np.zeros(SHAPE, np.uint8), np.ones(SHAPE, np.uint8))
    assert history.undo(np.ones((9, 9), np.uint8)) is None
    assert not history.can_undo


def test_an_edit_outside_the_changed_pixels_is_no_hindrance(tmp_path):
    history = MaskHistory(tmp_path / "a.npz", SHAPE)
    before = np.zeros(SHAPE, np.uint8)
    after = before.copy()
    after[2, 2:6] = after[6, 2:6] = 1
    history.push(before, after)
    other = after.copy()
    other[4, 3] = 3
    expected = before.copy()
    expected[4, 3] = 3
    assert np.array_equal(history.undo(other), expected)


def test_a_kill_between_the_history_and_the_mask_costs_no_edit(tmp_path):
    history = MaskHistory(tmp_path / "a.npz", SHAPE)
    first, second, third = (np.full(SHAPE, value, np.uint8) for value in range(3))
    history.push(first, second)
    history.push(second, third)
    # the last edit reached the history but not the mask
    history = MaskHistory(tmp_path / "a.npz", SHAPE)
    assert np.array_equal(history.undo(second), second)
    assert np.array_equal(history.undo(second), first)


def test_the_oldest_edits_go_by_number_and_by_size(tmp_path, monkeypatch, rng):
    monkeypatch.setattr(module, "LIMIT", 3)
    history = MaskHistory(tmp_path / "a.npz", SHAPE)
    masks = [rng.integers(0, 4, SHAPE).astype(np.uint8) for _ in range(6)]
    for before, after in pairwise(masks):
        history.push(before, after)
    current = masks[-1]
    for expected in masks[-2:-5:-1]:
        current = history.undo(current)
        assert np.array_equal(current, expected)
    assert history.undo(current) is None
    monkeypatch.setattr(module, "LIMIT_BYTES", 10)
    history.push(current, masks[-1])
    assert np.array_equal(MaskHistory(tmp_path / "a.npz", SHAPE).undo(masks[-1]), current)
    assert not MaskHistory(tmp_path / "a.npz", SHAPE).can_undo


def test_a_stroke_on_a_mosaic_is_kept_small(tmp_path):
    history = MaskHistory(tmp_path / "a.npz", (12_288, 12_288))
    rows, columns = np.ogrid[-20:21, -20:21]
    after = (rows**2 + columns**2 <= 400).astype(np.uint8)
    for number in range(20):
        history.push(np.zeros_like(after), after, corner=(500 * number, 9_000))
    assert (tmp_path / "a.npz").stat().st_size < 10_000


@pytest.mark.parametrize("damage", [b"", b"PK\x03\x04 torn", None])
def test_a_damaged_or_foreign_file_counts_as_no_history(tmp_path, damage):
    path = tmp_path / "a.npz"
    history = MaskHistory(path, SHAPE)
    history.push(np.zeros(SHAPE, np.uint8), np.ones(SHAPE, np.uint8))
    if damage is None:
        damage = bytearray(path.read_bytes())
        damage[-400] ^= 255
    path.write_bytes(damage)
    again = MaskHistory(path, SHAPE)
    assert not again.can_undo
    again.push(np.zeros(SHAPE, np.uint8), np.ones(SHAPE, np.uint8))
    assert MaskHistory(path, SHAPE).can_undo
    # of an image that has changed its size
    assert not MaskHistory(path, (9, 9)).can_undo


def test_nothing_pickled_is_ever_loaded(tmp_path):
    np.savez(tmp_path / "a.npz", shape=np.array([{}], dtype=object), allow_pickle=True)
    assert not MaskHistory(tmp_path / "a.npz", SHAPE).can_undo


def test_parts_that_are_no_edit_of_this_mask_are_refused(tmp_path):
    history = MaskHistory(tmp_path / "a.npz", SHAPE)
    part = np.zeros((5, 5), np.uint8)
    for corner in ((-1, 0), (20, 0), (0, 27)):
        with pytest.raises(ValueError, match="no edit of a mask"):
            history.push(part, part + 1, corner)
    with pytest.raises(ValueError, match="no edit of a mask"):
        history.push(part, part[:4])


def test_a_study_that_is_read_only_keeps_its_history(tmp_path):
    def refuse():
        raise NpmError("read only")

    before, after = np.zeros(SHAPE, np.uint8), np.ones(SHAPE, np.uint8)
    MaskHistory(tmp_path / "a.npz", SHAPE).push(before, after)
    kept = (tmp_path / "a.npz").read_bytes()
    history = MaskHistory(tmp_path / "a.npz", SHAPE, refuse)
    for call in (lambda: history.push(before, after), lambda: history.undo(after), history.clear):
        with pytest.raises(NpmError, match="read only"):
            call()
    assert history.can_undo
    assert (tmp_path / "a.npz").read_bytes() == kept
