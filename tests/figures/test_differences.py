"""The class-difference map: its colours, and the figure that sets it beside relevance."""

import dataclasses

import numpy as np
import pytest

from napari_npm.core.errors import NpmError
from napari_npm.figures import (
    difference_peak,
    difference_rgb,
    difference_rows,
    explained,
    montage,
    overlay,
    relevance_peak,
    relevance_rgb,
    save_figure,
)

NPM = np.linspace(0, 1, 6, dtype=np.float32).reshape(2, 3)
DIFFERENCE = np.array([[2.0, 0.0, -2.0], [1.0, -1.0, 4.0]], dtype=np.float32)


def item(seed, name="S1", target="S1"):
    rng = np.random.default_rng(seed)
    one = explained(name, rng.random((24, 32)).astype(np.float32), rng.random((24, 32)) ** 3)
    return dataclasses.replace(one, difference=rng.normal(size=(24, 32)), target=target)


def test_for_the_class_is_orange_against_it_violet_and_neither_is_grey():
    picture = difference_rgb(NPM, DIFFERENCE, peak=2.0, brightness=1.0)
    assert picture.dtype == np.float32
    np.testing.assert_allclose(picture[0, 0], overlay.ORANGE, rtol=1e-6)
    np.testing.assert_allclose(picture[0, 2], overlay.VIOLET, rtol=1e-6)
    np.testing.assert_allclose(picture[0, 1], NPM[0, 1])
    np.testing.assert_allclose(picture[1, 0], (NPM[1, 0] + np.array(overlay.ORANGE)) / 2, rtol=1e-6)
    np.testing.assert_allclose(picture[1, 1], (NPM[1, 1] + np.array(overlay.VIOLET)) / 2, rtol=1e-6)
    np.testing.assert_allclose(picture[1, 2], overlay.ORANGE, rtol=1e-6)  # beyond the peak


def test_both_signs_share_one_peak():
    assert difference_peak(-DIFFERENCE) == difference_peak(DIFFERENCE)
    assert difference_peak(np.zeros((3, 3))) == 1.0
    full = difference_rgb(None, DIFFERENCE)
    turned = difference_rgb(None, -DIFFERENCE)
    np.testing.assert_allclose(full[0, 0], turned[0, 2])


@pytest.mark.parametrize("matrix", ["protanopia", "deuteranopia", "tritanopia"])
def test_the_two_signs_stay_apart_for_every_colour_vision(matrix):
    # Machado et al. 2009 (doi:10.1109/TVCG.2009.113), severity 1, on linear RGB
    seen = {
        "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216],
                       [-0.003882, -0.048116, 1.051998]],
        "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413],
                         [-0.011820, 0.042940, 0.968881]],
        "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602],
                       [0.004733, 0.691367, 0.303900]],
    }  # fmt: skip
    from skimage.color import deltaE_ciede2000, rgb2lab

    def as_seen(colour):
        linear = np.clip(np.array(seen[matrix]) @ np.asarray(colour) ** 2.2, 0, 1)
        return rgb2lab((linear ** (1 / 2.2))[None, None])[0, 0]

    assert deltaE_ciede2000(as_seen(overlay.ORANGE), as_seen(overlay.VIOLET)) > 30


def test_rows_show_relevance_and_difference_on_one_scale_each():
    items = [item(0), item(1, "S2", "S1")]
    figure = difference_rows(items, 52.0)
    panels = figure.axes[:6]
    peak = relevance_peak(np.stack([one.relevance for one in items]))
    most = difference_peak(np.stack([one.difference for one in items]))
    for row, one in enumerate(items):
        shown = [np.asarray(panel.images[0].get_array()) for panel in panels[3 * row : 3 * row + 3]]
        expected = relevance_rgb(one.npm, one.relevance, one.high, peak=peak)
        np.testing.assert_array_equal(shown[1], expected)
        np.testing.assert_array_equal(shown[2], difference_rgb(one.npm, one.difference, peak=most))
    assert panels[0].get_ylabel() == "S1"
    assert panels[3].get_ylabel() == "S2, taken for S1"
    labels = [axes.get_xlabel() for axes in figure.axes[6:] if axes.get_xlabel()]
    for label, start in zip(labels, ("Relevance in LP", "Relevance in HP", "Class less others"),
                            strict=True):  # fmt: skip
        assert label.startswith(start)


@pytest.mark.parametrize("width_mm", [85.0, 175.0])
def test_rows_can_be_drawn_at_any_width(tmp_path, width_mm):
    figure = difference_rows([item(0), item(1, "S2")], 52.0)
    assert save_figure(figure, tmp_path / "rows.png", width_mm=width_mm, dpi=60).is_file()


def test_maps_without_a_difference_are_refused():
    with pytest.raises(NpmError):
        difference_rows([])
    with pytest.raises(NpmError):
        difference_rows([item(0), dataclasses.replace(item(1), difference=None)])


@pytest.mark.parametrize(("count", "columns"), [(25, 5), (12, 4), (9, 3), (2, 2), (1, 1), (26, 6)])
def test_a_montage_is_about_square(count, columns):
    figure = montage([NPM] * count)
    assert figure.axes[0].get_gridspec().ncols == columns
    assert len(figure.axes) - columns < count <= len(figure.axes)
