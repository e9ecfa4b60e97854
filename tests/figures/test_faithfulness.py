import numpy as np
import pytest

from napari_npm.core.errors import NpmError
from napari_npm.figures import (
    Band,
    deletion_figure,
    likeness_matrices,
    noise_figure,
    randomisation_figure,
    save_figure,
)


def band(*values, width=0.1):
    value = np.array(values)
    return Band(value, value - width, value + width)


def test_deletion_shows_both_curves_and_the_area_between_them():
    share = [0.0, 0.5, 1.0]
    down = {"by relevance": band(1.0, 0.4, 0.3), "at random": band(1.0, 0.7, 0.3)}
    up = {"by relevance": band(0.3, 0.9, 1.0), "at random": band(0.3, 0.6, 1.0)}
    figure = deletion_figure(share, down, up)
    left, right = figure.axes
    np.testing.assert_allclose(left.lines[0].get_xydata(), [[0, 1], [50, 0.4], [100, 0.3]])
    np.testing.assert_allclose(right.lines[1].get_ydata(), [0.3, 0.6, 1.0])
    assert left.get_xlabel() == "Blocks replaced (%)"
    assert right.get_xlabel() == "Blocks restored (%)"
    assert left.get_ylabel() == "Probability of the class"
    assert left.get_ylim()[0] == 0
    # two intervals and the area between the curves
    assert len(left.collections) == 3
    top = left.collections[2].get_paths()[0].vertices
    assert {tuple(point) for point in top} >= {(50, 0.4), (50, 0.7)}
    assert [text.get_text() for text in left.get_legend().get_texts()] == list(down)
    assert deletion_figure(share, down, up, measure="logit").axes[0].get_ylabel().startswith("Out")


def test_layers_start_from_the_trained_network_and_go_to_the_input():
    layers = ["linear", "block 1"]
    modes = {
        "cascading": {"pearson": band(0.9, 0.2), "iou": band(0.5, -0.1)},
        "independent": {"pearson": band(0.9, 0.8)},
    }
    left, right = randomisation_figure(layers, modes).axes
    np.testing.assert_allclose(left.lines[0].get_ydata(), [1, 0.9, 0.2])
    np.testing.assert_allclose(right.lines[0].get_ydata(), [1, 0.9, 0.8])
    ticks = [label.get_text() for label in left.get_xticklabels()]
    assert ticks == ["as trained", "linear", "block 1"]
    assert (left.get_title(), right.get_title()) == ("cascading", "independent")
    names = [text.get_text() for text in left.get_legend().get_texts()]
    assert names == ["correlation", "overlap of regions"]
    # what goes below 0, with its interval, is in sight
    assert left.get_ylim()[0] < -0.2


def test_matrices_show_every_pair_and_what_is_not_defined():
    matrix = np.array([[1.0, 0.8], [0.8, np.nan]])
    figure = likeness_matrices({"pearson": matrix, "iou": matrix}, ["S1", "S2"])
    panel = figure.axes[0]
    assert [text.get_text() for text in panel.texts] == ["1.00", "0.80", "0.80", "–"]
    assert [label.get_text() for label in panel.get_xticklabels()] == ["S1", "S2"]
    assert panel.get_title() == "Correlation"
    assert figure.axes[1].get_title() == "Overlap of regions"
    assert panel.images[0].get_clim() == (0, 1)


def test_noise_starts_from_none_and_intervals_may_be_missing():
    missing = Band(np.array([0.9, 0.7]), np.full(2, np.nan), np.full(2, np.nan))
    panel = noise_figure([0.01, 0.02], {"pearson": missing}).axes[0]
    np.testing.assert_allclose(panel.lines[0].get_xydata(), [[0, 1], [0.01, 0.9], [0.02, 0.7]])
    assert len(panel.collections) == 0
    assert panel.get_ylim()[0] == 0
    assert len(noise_figure([0.01, 0.02], {"pearson": band(0.9, 0.7)}).axes[0].collections) == 1


def test_figures_of_nothing_are_refused():
    for draw in (
        lambda: deletion_figure([0, 1], {}, {}),
        lambda: randomisation_figure([], {}),
        lambda: likeness_matrices({}, []),
        lambda: likeness_matrices({"iou": np.eye(3)}, ["S1"]),
        lambda: noise_figure([0.1], {}),
    ):
        with pytest.raises(NpmError):
            draw()


def test_a_figure_can_be_saved_at_another_width(tmp_path):
    figure = noise_figure([0.01], {"pearson": band(0.9)})
    save_figure(figure, tmp_path / "noise.png", width_mm=60)
    assert (tmp_path / "noise.png").stat().st_size > 1000
