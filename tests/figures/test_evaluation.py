import numpy as np
import pytest

from napari_npm.core.errors import NpmError
from napari_npm.figures import Rated, accuracy_figure, jitter_figure, reliability_figure

RATED = [
    Rated("network", "network", 0.9, 0.8, 0.95, (0.88, 0.92)),
    Rated("histogram", "baseline", 0.6, 0.5, 0.7),
    Rated("texture", "baseline", 0.7, 0.6, 0.8),
    Rated("shifted", "control", 0.5),
]


def test_accuracies_stand_beside_every_seed_and_chance():
    panel = accuracy_figure(RATED, 1 / 3).axes[0]
    assert [text.get_text() for text in panel.get_yticklabels()] == [one.name for one in RATED]
    lines = [line.get_xydata().tolist() for line in panel.lines]
    assert [1 / 3, 0] in lines[0]
    assert lines[1] == [[0.8, 0], [0.95, 0]]
    assert lines[2] == [[0.9, 0]]
    np.testing.assert_array_equal(panel.lines[3].get_xdata(), [0.88, 0.92])
    marks = [line for line in panel.lines if line.get_marker() == "D"]
    assert [line.get_xdata()[0] for line in marks] == [0.9, 0.6, 0.7, 0.5]
    # a colour for each role, and a rule between them
    colours = [line.get_color() for line in marks]
    assert colours[1] == colours[2]
    assert len(set(colours)) == 3
    rules = [line for line in panel.lines if line.get_color() == "#d0d0d0"]
    assert [line.get_ydata()[0] for line in rules] == [0.5, 2.5]
    texts = [text.get_text() for text in panel.texts]
    assert texts == ["90.0 %", "60.0 %", "70.0 %", "50.0 %", "chance 33 %"]
    # the first stands on top
    low, high = panel.get_ylim()
    assert low > high


def test_reliability_shows_bins_answers_and_error():
    curves = {"MulF": ([0.5, 0.9], [0.4, 0.95], [10, 30])}
    panel, below = reliability_figure(curves, {"MulF": 0.0123}).axes
    np.testing.assert_array_equal(panel.lines[0].get_xydata(), [[0, 0], [1, 1]])
    np.testing.assert_array_equal(panel.lines[1].get_xydata(), [[0.5, 0.4], [0.9, 0.95]])
    np.testing.assert_allclose(below.lines[0].get_ydata(), [0.25, 0.75])
    assert panel.get_legend().get_texts()[0].get_text() == "MulF (ECE 0.012)"


def test_jitter_shows_means_and_ranges_of_the_seeds():
    shifts = [-0.1, 0.0, 0.1]
    values = [[0.5, 0.7], [0.9, 0.9], [0.4, 0.6]]
    curve = {"network": (shifts, values)}
    figure = jitter_figure(curve, {"network": ([0.8, 1.0, 1.2], values)}, 0.25)
    left, right = figure.axes
    np.testing.assert_allclose(left.lines[1].get_xydata(), [[-0.1, 0.6], [0, 0.9], [0.1, 0.5]])
    np.testing.assert_allclose(right.lines[1].get_xdata(), [0.8, 1.0, 1.2])
    assert [text.get_text() for text in right.get_xticklabels()] == ["0.8", "1", "1.2"]
    edge = left.collections[0].get_paths()[0].vertices
    assert edge[:, 1].min() == 0.4
    assert edge[:, 1].max() == 0.9
    assert left.lines[0].get_ydata()[0] == 0.25
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["network"]


def test_nothing_to_plot_is_said():
    for draw in (
        lambda: accuracy_figure([], 0.5),
        lambda: reliability_figure({}, {}),
        lambda: jitter_figure({}, {}, 0.5),
        lambda: jitter_figure({"a": ([0], [[1]])}, {}, 0.5),
    ):
        with pytest.raises(NpmError, match="nothing to plot"):
            draw()
