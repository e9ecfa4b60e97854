import subprocess
import sys

import hypothesis.extra.numpy as hnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_npm.core.errors import NpmError
from napari_npm.figures import overlay

HIGH = np.array([[True, True, False], [False, True, False]])
NPM = np.linspace(0, 1, 6, dtype=np.float32).reshape(2, 3)
RELEVANCE = np.array([[2.0, 0.0, 2.0], [0.0, 1.0, 1.0]], dtype=np.float32)
shape = (4, 5)


def test_relevance_is_red_on_hp_blue_on_lp_and_grey_elsewhere():
    picture = overlay.relevance_rgb(NPM, RELEVANCE, HIGH, peak=2.0, brightness=1.0)
    assert picture.dtype == np.float32
    np.testing.assert_allclose(picture[0, 0], overlay.RED)
    np.testing.assert_allclose(picture[0, 2], overlay.BLUE)
    np.testing.assert_allclose(picture[0, 1], NPM[0, 1])
    np.testing.assert_allclose(picture[1, 1], (NPM[1, 1] + np.array(overlay.RED)) / 2, rtol=1e-6)
    np.testing.assert_allclose(picture[1, 2], (NPM[1, 2] + np.array(overlay.BLUE)) / 2, rtol=1e-6)


def test_without_a_map_the_ground_is_black():
    picture = overlay.relevance_rgb(None, RELEVANCE, HIGH, peak=2.0)
    np.testing.assert_array_equal(picture[0, 1], 0)
    np.testing.assert_allclose(picture[1, 1], np.array(overlay.RED) / 2)


@given(
    hnp.arrays(np.float32, shape, elements=st.floats(0, 1, width=32)),
    hnp.arrays(np.float32, shape, elements=st.floats(0, 2.0**20, width=32)),
    hnp.arrays(bool, shape),
)
def test_pictures_stay_within_the_colours_that_a_screen_has(npm, relevance, high):
    for picture in (
        overlay.relevance_rgb(npm, relevance, high),
        overlay.boundary_rgb(npm, high, high),
        overlay.regions_rgb(npm, high),
        overlay.extracted_rgb(npm, high),
        overlay.combined_rgb(relevance[np.newaxis], high[np.newaxis]),
    ):
        assert picture.shape == (*shape, 3)
        assert picture.dtype == np.float32
        assert picture.min() >= 0
        assert picture.max() <= 1


def test_regions_are_green_on_the_dimmed_map():
    picture = overlay.regions_rgb(NPM, HIGH, opacity=1.0, brightness=0.5)
    np.testing.assert_allclose(picture[HIGH], np.broadcast_to(overlay.GREEN, (3, 3)), rtol=1e-6)
    np.testing.assert_allclose(picture[~HIGH], np.repeat(NPM[~HIGH] / 2, 3).reshape(3, 3))


def test_extracted_regions_show_the_map_inside_only():
    picture = overlay.extracted_rgb(NPM, HIGH)
    np.testing.assert_allclose(picture[HIGH], np.repeat(NPM[HIGH], 3).reshape(3, 3))
    np.testing.assert_allclose(picture[~HIGH], np.broadcast_to(overlay.OUTSIDE, (3, 3)))
    # The outside is a colour, so no porosity looks like it.
    assert len(set(overlay.OUTSIDE)) == 3


def test_boundary_features_take_the_colour_of_their_part():
    boundary = np.array([[True, False, True], [False, False, False]])
    picture = overlay.boundary_rgb(NPM, boundary, HIGH, brightness=1.0)
    np.testing.assert_allclose(picture[0, 0], overlay.RED)
    np.testing.assert_allclose(picture[0, 2], overlay.BLUE)
    np.testing.assert_allclose(picture[1], np.repeat(NPM[1], 3).reshape(3, 3))


def test_superposition_is_the_mean_of_each_part():
    relevance = np.array([[[1.0, 0.0]], [[1.0, 2.0]]])
    high = np.array([[[True, True]], [[False, False]]])
    both = overlay.combined_rgb(relevance, high, peak=1.0)
    red, blue = np.array(overlay.RED), np.array(overlay.BLUE)
    np.testing.assert_allclose(both[0, 0], np.clip(0.5 * red + 0.5 * blue, 0, 1), rtol=1e-6)
    np.testing.assert_allclose(both[0, 1], blue)
    np.testing.assert_allclose(overlay.combined_rgb(relevance, high, "high", peak=1.0)[0, 1], 0)
    np.testing.assert_allclose(
        overlay.combined_rgb(relevance, high, "low", peak=1.0)[0, 0], blue / 2, rtol=1e-6
    )


def test_the_peak_ignores_single_pixels_and_is_never_zero():
    relevance = np.ones((100, 100))
    relevance[0, 0] = 1e6
    assert overlay.relevance_peak(relevance) == 1.0
    assert overlay.relevance_peak(np.zeros((3, 3))) == 1.0
    alone = np.zeros((100, 100))
    alone[0, 0] = 5.0
    assert overlay.relevance_peak(alone) == 5.0


@pytest.mark.parametrize(
    "draw",
    [
        lambda: overlay.grey_rgb(np.zeros(3)),
        lambda: overlay.relevance_rgb(NPM[:, :2], RELEVANCE, HIGH),
        lambda: overlay.relevance_rgb(NPM, RELEVANCE, HIGH[:, :2]),
        lambda: overlay.regions_rgb(NPM, HIGH[np.newaxis]),
        lambda: overlay.combined_rgb(RELEVANCE, HIGH),
        lambda: overlay.combined_rgb(RELEVANCE[np.newaxis], HIGH[np.newaxis, :, :2]),
    ],
)
def test_shapes_that_do_not_fit_are_refused(draw):
    with pytest.raises(NpmError):
        draw()


def test_overlays_need_no_matplotlib():
    code = (
        "import sys, numpy as np\n"
        "from napari_npm.figures import regions_rgb\n"
        "regions_rgb(np.zeros((2, 2)), np.ones((2, 2), bool))\n"
        "sys.exit(any(m in sys.modules for m in ('matplotlib', 'torch', 'numba')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
