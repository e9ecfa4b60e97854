import hypothesis.extra.numpy as hnp
import numpy as np
import pytest
from hypothesis import given

from napari_npm.core.errors import NpmError
from napari_npm.core.grey import grey_levels

small = hnp.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=9)


@given(hnp.arrays(np.uint8, small))
def test_grey_levels_survive_the_round_trip_through_porosity(grey):
    np.testing.assert_array_equal(grey_levels(grey / np.float32(255)), grey)
    np.testing.assert_array_equal(grey_levels(grey / 255.0), grey)


def test_fewer_levels_are_rounded_to_the_nearest():
    n = np.array([[0.0, 0.1, 0.2, 0.5, 0.9, 1.0]], dtype=np.float32)
    np.testing.assert_array_equal(grey_levels(n, 4), [[0, 0, 1, 2, 3, 3]])


@pytest.mark.parametrize(
    "bad",
    [
        np.array([[0.0, np.nan]]),
        np.array([[0.0, np.inf]]),
        np.array([[0.0, 1.5]]),
        np.array([[-0.1, 0.5]]),
        np.array([[0, 256]]),
        np.array([[-1, 2]]),
        np.zeros((0, 3)),
        np.zeros((2, 2), dtype=complex),
    ],
)
def test_what_is_not_porosity_is_refused(bad):
    with pytest.raises(NpmError):
        grey_levels(bad)


@pytest.mark.parametrize("levels", [1, 257])
def test_impossible_numbers_of_levels_are_refused(levels):
    with pytest.raises(NpmError, match="between 2 and 256"):
        grey_levels(np.zeros((2, 2)), levels)
