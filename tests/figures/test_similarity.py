import io

import numpy as np
import pytest

from napari_npm.core import total_gradient
from napari_npm.core.errors import NpmError
from napari_npm.figures import (
    Shared,
    group_maps_figure,
    matrix_figure,
    shared_patterns_figure,
)

RNG = np.random.default_rng(3)
POINTS = RNG.normal(size=(12, 3))
MATRIX = np.abs(POINTS[:, None] - POINTS[None]).sum(axis=2)
ORDER = np.argsort(POINTS[:, 0])


def panels_of(figure):
    return [axes for axes in figure.axes if axes.images]


def test_matrix_and_gradient_stand_before_and_after():
    panels = panels_of(matrix_figure(MATRIX, ORDER, [(2, 5), (7, 11)]))
    assert [panel.get_title(loc="left") for panel in panels] == list("abcd")
    shown = [np.asarray(panel.images[0].get_array()) for panel in panels]
    np.testing.assert_allclose(shown[0], MATRIX, rtol=1e-6)
    np.testing.assert_allclose(shown[2], MATRIX[np.ix_(ORDER, ORDER)], rtol=1e-6)
    step = abs(MATRIX[3, 4] - MATRIX[2, 4]) + abs(MATRIX[2, 5] - MATRIX[2, 4])
    assert shown[1][2, 4] == pytest.approx(step, rel=1e-5)
    # the gradient's pixels add up to what was minimised
    assert shown[1].sum() == pytest.approx(total_gradient(MATRIX), rel=1e-5)
    assert shown[3].sum() == pytest.approx(total_gradient(MATRIX, ORDER), rel=1e-5)
    assert panels[0].images[0].get_clim() == panels[2].images[0].get_clim()
    assert panels[1].images[0].get_clim() == panels[3].images[0].get_clim()
    low, high = panels[0].images[0].get_clim()
    assert 0 < low < high == pytest.approx(MATRIX.max())


def test_groups_are_numbered_rectangles_around_their_cells():
    panels = panels_of(matrix_figure(MATRIX, ORDER, [(2, 5), (7, 11)]))
    boxes = [patch.get_bbox().extents for patch in panels[2].patches]
    np.testing.assert_allclose(boxes, [[2.5, 2.5, 5.5, 5.5], [7.5, 7.5, 11.5, 11.5]])
    assert [text.get_text() for text in panels[2].texts] == ["1", "2"]
    assert not panels[0].patches
    # cell k, counted from 1, is centred at k
    np.testing.assert_allclose(panels[2].images[0].get_extent(), [0.5, 12.5, 12.5, 0.5])


@pytest.mark.parametrize(("count", "width_mm"), [(30, 175), (100, 175), (5, 120), (5, 85)])
def test_no_label_of_a_matrix_is_cut_off(count, width_mm):
    points = np.random.default_rng(0).random((count, count)) + 1
    matrix = (points + points.T) * (1 - np.eye(count))
    figure = matrix_figure(matrix, np.arange(count), [(0, 2)], width_mm=width_mm)
    figure.canvas.draw()
    boxes = [axes.get_tightbbox() for axes in figure.axes]
    assert min(min(box.x0, box.y0) for box in boxes) >= 0
    assert max(box.x1 for box in boxes) <= figure.bbox.width
    assert max(box.y1 for box in boxes) <= figure.bbox.height


def test_a_thousand_maps_are_one_image():
    points = RNG.random(1000).astype(np.float32)
    figure = matrix_figure(np.abs(points[:, None] - points), np.argsort(points), [(10, 40)])
    buffer = io.BytesIO()
    figure.savefig(buffer, format="svg")
    assert len(buffer.getvalue()) < 20e6
    assert all(len(panel.images) == 1 and not panel.collections for panel in panels_of(figure))


def test_equal_maps_are_drawn():
    matrix_figure(np.zeros((4, 4)), np.arange(4)).canvas.draw()


@pytest.mark.parametrize(
    ("matrix", "order"),
    [(np.zeros((1, 1)), [0]), (np.zeros((3, 2)), [0, 1, 2]), (MATRIX, np.arange(5))],
)
def test_what_is_no_matrix_is_refused(matrix, order):
    with pytest.raises(NpmError):
        matrix_figure(matrix, np.asarray(order))


def hill(height):
    rows, cols = np.mgrid[-16:16, -16:16]
    return (height * np.exp(-np.hypot(rows, cols) / 5)).astype(np.float32)


def test_shared_patterns_have_one_scale_a_contour_and_a_scale_bar():
    patterns = {
        "S1": [Shared(hill(8e-6), 0.446), Shared(hill(5e-6), 0.2)],
        "S2": [Shared(hill(2e-6), 0.0)],
        "S3": [],
    }
    figure = shared_patterns_figure(patterns, 3e-6, 52.0)
    panels = panels_of(figure)
    assert [panel.get_ylabel() for panel in panels] == ["S1", "", "S2"]
    assert panels[0].get_title() == "Group 1: 44.6 % shared"
    assert len({panel.images[0].get_clim() for panel in panels}) == 1
    ratio = np.asarray(panels[0].images[0].get_array()) / hill(8e-6)
    np.testing.assert_allclose(ratio, 1e6)
    lines = [sum(len(one.get_paths()) for one in panel.collections) for panel in panels]
    assert lines == [1, 1, 0]
    (line,) = (one for one in panels[0].collections[0].get_paths())
    radius = 5 * np.log(8 / 3)  # where the hill falls to the level
    np.testing.assert_allclose(np.hypot(*(line.vertices - 16).T), radius, atol=0.3)
    bars = [len(panel.artists) for panel in panels]
    assert bars == [1, 0, 1]
    label = figure.axes[-1].get_ylabel()
    assert "sR" in label
    assert "10⁻⁶" in label
    figure.canvas.draw()


def test_patterns_of_nothing_are_drawn_and_no_pattern_is_refused():
    figure = shared_patterns_figure({"S1": [Shared(np.zeros((8, 8), np.float32), 0.0)]}, 3e-6)
    figure.canvas.draw()
    for none in ({}, {"S1": []}):
        with pytest.raises(NpmError, match="run compare"):
            shared_patterns_figure(none, 3e-6)


def test_maps_of_groups_stand_in_rows():
    pictures = [[RNG.random((8, 8, 3)) for _ in range(count)] for count in (4, 2)]
    panels = panels_of(group_maps_figure(pictures, 52.0, names=["first", "second"]))
    assert len(panels) == 6
    assert panels[0].get_ylabel() == "first"
    assert panels[4].get_ylabel() == "second"
    np.testing.assert_array_equal(panels[5].images[0].get_array(), pictures[1][1])
    assert [len(panel.artists) for panel in panels] == [0, 0, 0, 1, 0, 1]
    grey = panels_of(group_maps_figure([[np.zeros((4, 4))]]))
    assert grey[0].get_ylabel() == "Group 1"
    for none in ([], [[]]):
        with pytest.raises(NpmError):
            group_maps_figure(none)


def test_figures_are_drawn_anew_at_another_width():
    figure = matrix_figure(MATRIX, ORDER)
    wide = figure.redraw(85.0)
    assert wide.get_size_inches()[0] * 25.4 == pytest.approx(85.0)
