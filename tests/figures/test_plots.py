import numpy as np
import pytest

from napari_npm.core.errors import NpmError
from napari_npm.figures import (
    confusion_figure,
    descriptor_scatter,
    response_figure,
    training_curves,
    volume_fractions,
)


def test_scatter_shows_every_map_and_the_means():
    porosity = {"S1": [0.2, 0.4, 0.3], "S2": [0.5, 0.7]}
    size = {"S1": [1e5, 3e5, np.nan], "S2": [2e5, 4e5]}
    panel = descriptor_scatter(porosity, size).axes[0]
    maps, mean, other, other_mean = (marks.get_offsets() for marks in panel.collections)
    np.testing.assert_allclose(maps, [[0.2, 0.1], [0.4, 0.3]])
    np.testing.assert_allclose(mean, [[0.3, 0.2]])
    np.testing.assert_allclose(other, [[0.5, 0.2], [0.7, 0.4]])
    np.testing.assert_allclose(other_mean, [[0.6, 0.3]])
    assert [text.get_text() for text in panel.get_legend().get_texts()] == ["S1", "S2"]


def test_a_sample_without_pores_has_no_mean():
    panel = descriptor_scatter({"S1": [0.1]}, {"S1": [np.nan]}).axes[0]
    assert all(len(marks.get_offsets()) == 0 for marks in panel.collections)


def test_bars_are_means_and_error_bars_one_standard_deviation_down_to_zero():
    table = np.array([[0.0, 1.0], [0.2, 0.8], [0.7, 0.3]])
    panel = volume_fractions({"S1": table, "S2": table[:1]}, [0.0, 0.2, 1.0]).axes[0]
    heights = [bar.get_height() for bar in panel.patches]
    np.testing.assert_allclose(heights, [0.3, 0.7, 0.0, 1.0])
    error = np.array(panel.collections[0].get_segments())
    spread = np.std([0.0, 0.2, 0.7], ddof=1)
    np.testing.assert_allclose(error[0, :, 1], [0.0, 0.3 + spread])
    np.testing.assert_allclose(error[1, :, 1], [0.7 - spread, 0.7 + spread])
    labels = [label.get_text() for label in panel.get_xticklabels()]
    assert labels == ["0–0.2", "0.2–1"]


def test_confusion_shows_counts_and_shares_of_the_true_sample():
    panel = confusion_figure(np.array([[3, 1], [0, 6]]), ["S1", "S2"], title="MulF").axes[0]
    np.testing.assert_allclose(panel.images[0].get_array(), [[0.75, 0.25], [0, 1]])
    texts = [text.get_text() for text in panel.texts]
    assert texts == ["3\n75.0 %", "1\n25.0 %", "0\n0.0 %", "6\n100.0 %"]
    assert panel.get_title() == "MulF: accuracy 90.0 %"
    assert panel.get_ylabel() == "True"
    assert panel.get_xlabel() == "Predicted"


def test_a_sample_that_was_not_tested_has_an_empty_row():
    panel = confusion_figure(np.array([[3, 1], [0, 0]]), ["S1", "S2"]).axes[0]
    np.testing.assert_allclose(panel.images[0].get_array()[1], 0)


def test_training_curves_start_at_the_first_epoch():
    loss = {"training": [1.0, 0.5, 0.2], "validation": [1.1, 0.7, 0.6]}
    figure = training_curves(loss, {"validation": [0.3, np.nan, 0.9]})
    above, below = figure.axes
    for line, values in zip(above.lines, loss.values(), strict=True):
        np.testing.assert_array_equal(line.get_xdata(), [1, 2, 3])
        np.testing.assert_array_equal(line.get_ydata(), values)
    # A name has the same colour in both panels.
    assert below.lines[0].get_color() == above.lines[1].get_color()


def test_response_shows_its_points():
    panel = response_figure({"Table": ([0.0, 0.5, 1.0], [0.14, 0.25, 0.38])}).axes[0]
    np.testing.assert_array_equal(panel.lines[0].get_ydata(), [0.14, 0.25, 0.38])


@pytest.mark.parametrize(
    "draw",
    [
        lambda: descriptor_scatter({}, {}),
        lambda: descriptor_scatter({"S1": [0.1]}, {"S2": [1.0]}),
        lambda: descriptor_scatter({"S1": [0.1]}, {"S1": [1.0, 2.0]}),
        lambda: volume_fractions({"S1": np.ones((2, 3))}, [0, 1]),
        lambda: confusion_figure(np.zeros((2, 2), int), ["S1", "S2"]),
        lambda: confusion_figure(np.ones((2, 2), int), ["S1"]),
        lambda: training_curves({}, {}),
        lambda: response_figure({}),
    ],
)
def test_what_cannot_be_plotted_is_refused(draw):
    with pytest.raises(NpmError):
        draw()
