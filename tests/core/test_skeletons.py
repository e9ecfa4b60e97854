"""Connectedness and compactness of a phase, on shapes whose measures are known."""

from collections import deque

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from napari_npm.core import NpmError, skeleton

disc = np.hypot(*np.mgrid[-50:51, -50:51]) <= 40


def pieces_of(mask, connectivity):
    """Return the areas of the pieces, by flooding."""
    steps = [(0, 1), (1, 0), (0, -1), (-1, 0)]
    if connectivity == 8:
        steps += [(1, 1), (1, -1), (-1, 1), (-1, -1)]
    left = set(zip(*np.nonzero(mask), strict=True))
    found = []
    while left:
        queue, piece = deque([left.pop()]), set()
        while queue:
            row, col = queue.popleft()
            piece.add((row, col))
            for dr, dc in steps:
                near = (row + dr, col + dc)
                if near in left:
                    left.remove(near)
                    queue.append(near)
        found.append(piece)
    return found


@settings(max_examples=60, deadline=None)
@given(arrays(bool, st.tuples(st.integers(1, 9), st.integers(1, 9))), st.sampled_from([4, 8]))
def test_pieces_holes_and_percolation_by_flooding(mask, connectivity):
    found = skeleton(mask, connectivity=connectivity)
    pieces = pieces_of(mask, connectivity)
    assert found.pieces == len(pieces)
    assert found.area_fraction == mask.mean()
    if not pieces:
        assert np.isnan([found.largest_share, found.connected_pairs, found.isoperimetric_ratio,
                         found.contact_compactness]).all()  # fmt: skip
        assert found.euler_number == 0
        return
    areas = np.array([len(piece) for piece in pieces])
    assert found.largest_share == pytest.approx(areas.max() / areas.sum())
    assert found.connected_pairs == pytest.approx((areas**2).sum() / areas.sum() ** 2)
    outside = pieces_of(~np.pad(mask, 1), 12 - connectivity)
    assert found.euler_number == len(pieces) - (len(outside) - 1)
    rows, cols = mask.shape

    def spans(axis, last):
        return any({0, last} <= {place[axis] for place in piece} for piece in pieces)

    assert found.percolates_down == spans(0, rows - 1)
    assert found.percolates_across == spans(1, cols - 1)
    assert 0 < found.contact_compactness <= 1 + 1e-9 or areas.max() <= 3


def test_a_disc_is_compact_and_a_square_less():
    round_ = skeleton(disc)
    assert round_.isoperimetric_ratio == pytest.approx(1, abs=0.03)
    square = np.zeros((90, 90), bool)
    square[5:85, 5:85] = True
    flat = skeleton(square)
    # Crofton's formula in four directions: sides along rows and columns come out shorter
    crofton = np.pi / 8 * (4 + 8 / np.sqrt(2)) / 4
    assert flat.isoperimetric_ratio == pytest.approx(np.pi / 4 / crofton**2, abs=0.02)
    assert flat.contact_compactness == pytest.approx(1.0)
    assert 0.9 < round_.contact_compactness < 1
    assert round_.pieces == round_.euler_number == 1
    assert round_.largest_share == round_.connected_pairs == 1.0


def test_the_edge_of_the_map_is_an_outline():
    assert skeleton(np.ones((80, 80), bool)).isoperimetric_ratio == pytest.approx(
        skeleton(np.pad(np.ones((80, 80), bool), 5)).isoperimetric_ratio
    )


def test_holes_and_ragged_outlines_are_less_compact():
    holed = disc.copy()
    holed[::6, ::6] = False
    assert skeleton(holed).isoperimetric_ratio < 0.6 * skeleton(disc).isoperimetric_ratio
    assert skeleton(holed).contact_compactness < skeleton(disc).contact_compactness
    assert skeleton(holed).euler_number < -50
    line = np.ones((1, 100), bool)
    assert skeleton(line).contact_compactness == pytest.approx(99 / (2 * 100 - 2 * 10))
    assert skeleton(line).isoperimetric_ratio < 0.1


def test_two_equal_pieces_are_half_connected():
    two = np.zeros((5, 9), bool)
    two[:, :3] = two[:, 6:] = True
    found = skeleton(two)
    assert (found.pieces, found.largest_share, found.connected_pairs) == (2, 0.5, 0.5)
    assert found.percolates_down
    assert not found.percolates_across


def test_corners_join_only_where_asked_for():
    diagonal = np.eye(6, dtype=bool)
    assert skeleton(diagonal).pieces == 6
    assert not skeleton(diagonal).percolates_down
    joined = skeleton(diagonal, connectivity=8)
    assert (joined.pieces, joined.percolates_down, joined.percolates_across) == (1, True, True)
    assert skeleton(np.ones((1, 1), bool)).contact_compactness == 1.0


@pytest.mark.parametrize("mask", [np.ones(3), np.ones((0, 3)), np.ones((2, 3, 4))])
def test_what_is_no_mask_is_refused(mask):
    with pytest.raises(NpmError, match="one mask with rows and columns"):
        skeleton(mask)
    with pytest.raises(NpmError, match="4 or 8"):
        skeleton(np.ones((3, 3)), connectivity=6)
