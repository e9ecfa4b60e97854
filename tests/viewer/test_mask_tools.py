import numpy as np
import pytest

from napari_npm.core.errors import NpmError
from napari_npm.core.masking import Label
from napari_npm.core.progress import silent
from napari_npm.viewer.ledger import Ledger, changed_box, free_ledger, painted_box
from napari_npm.viewer.mask_layers import hatched, outlined
from napari_npm.viewer.mask_learning import count_strokes
from napari_npm.viewer.mask_tools import edit_to, filled_polygon, with_proposal, without_unhydrated


def made(before, edit):
    after = before.copy()
    if edit.box is not None:
        after[edit.box] = edit.values
    return after


def test_a_proposal_keeps_references_and_hand_drawn_cement_and_replaces_the_last_one():
    before = np.array([[0, 1, 1, 2, 3, 0]], np.uint8)
    taken = np.array([[0, 1, 0, 1, 0, 0]], np.uint8)
    proposed = np.array([[1, 0, 0, 1, 1, 3]], np.uint8)
    after = made(before, with_proposal(silent, before, proposed, taken))
    assert after.tolist() == [[1, 0, 1, 2, 3, 3]]
    assert made(before, with_proposal(silent, before, proposed, None)).tolist() == [
        [1, 1, 1, 2, 3, 3]
    ]
    assert made(before, without_unhydrated(silent, before)).tolist() == [[0, 0, 0, 2, 3, 0]]


def test_an_edit_is_the_smallest_box_and_counts_pixels():
    before = np.zeros((6, 7), np.uint8)
    after = before.copy()
    after[2, 3] = after[4, 5] = Label.CSH
    edit = edit_to(before, after)
    assert edit.box == np.s_[2:5, 3:6]
    assert edit.pixels == 2
    assert edit_to(after, after).box is None
    with pytest.raises(NpmError, match="6 x 7"):
        edit_to(before, after[1:])


def test_a_polygon_is_filled_within_the_image():
    corners = np.array([[-5.0, -5.0], [-5.0, 3.2], [4.2, 3.2], [4.2, -5.0]])
    box, inside = filled_polygon(corners, (10, 10))
    assert box == np.s_[0:5, 0:4]
    assert inside.all()
    assert filled_polygon(corners - 20, (10, 10)) is None


def test_outline_and_hatching_lie_inside_the_region():
    region = np.zeros((60, 60), bool)
    region[5:50, 10:55] = True
    line, hatch = outlined(region, 2), hatched(region, 1)
    assert line[5:7, 10:55].all()
    assert not line[7:48, 12:53].any()
    assert not line[~region].any()
    assert not hatch[~region].any()
    assert 0.08 < hatch[10:45, 15:50].mean() < 0.2  # 1 of 8 diagonals


def test_strokes_are_counted_by_kind_and_touch():
    drawn = np.zeros((20, 20), np.uint8)
    drawn[2, 2:5] = drawn[3, 5] = 1
    drawn[10, 10] = drawn[11, 10] = 2
    drawn[12, 10] = 1
    assert count_strokes(drawn) == 3


def test_edits_undo_and_saving_keep_their_order():
    saved = []
    shown = np.zeros((8, 8), np.uint8)
    kept = free_ledger("x", shown)
    ledger = Ledger("x", shown, kept._make_history, lambda labels: saved.append(labels.copy()))
    shown[1, 1] = 1
    assert ledger.take(shown)
    shown[5, 5] = 2
    assert ledger.take(shown, np.s_[5:6, 5:6])
    assert not ledger.take(shown)
    ledger.undo()
    done = ledger.run()
    assert done.saved
    assert [step.box for step in done.steps] == [np.s_[5:6, 5:6]]
    assert (saved[-1][1, 1], saved[-1][5, 5]) == (1, 0)
    assert (ledger.can_undo, ledger.can_redo) == (True, True)
    assert not ledger.run().saved


def test_a_stroke_that_ends_during_an_undo_is_what_holds():
    saved = []
    shown = np.zeros((8, 8), np.uint8)
    kept = free_ledger("x", shown)
    ledger = Ledger("x", shown, kept._make_history, lambda labels: saved.append(labels.copy()))
    shown[1, 1] = 1
    ledger.take(shown)
    ledger.undo()
    step = ledger.run().steps[0]
    shown[1, 2] = 3
    ledger.take(shown, np.s_[1:2, 1:3])  # the box of the stroke holds what is being undone
    shown[step.box] = step.values
    ledger.shown(step)
    ledger.run()
    assert np.array_equal(saved[-1], shown)
    assert (shown[1, 1], shown[1, 2]) == (0, 3)


def test_what_cannot_be_saved_is_saved_later():
    refuse = [True]

    def save(labels):
        if refuse:
            raise OSError("disk full")

    shown = np.zeros((4, 4), np.uint8)
    ledger = Ledger("x", shown, free_ledger("x", shown)._make_history, save)
    shown[1, 1] = 1
    ledger.take(shown)
    assert str(ledger.run().error) == "disk full"
    assert ledger.refused
    assert not ledger.idle
    refuse.clear()
    done = ledger.run()
    assert done.saved
    assert done.error is None
    assert ledger.idle
    assert not ledger.refused


def test_the_box_of_a_stroke_is_found_in_what_napari_tells():
    atom = ((np.array([3, 4]), np.array([7, 2])), None, None)
    assert painted_box([atom]) == np.s_[3:5, 2:8]
    assert painted_box(None) is None
    assert changed_box(np.zeros((3, 3)), np.zeros((3, 3))) is None
