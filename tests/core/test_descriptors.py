from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from skimage.filters import threshold_isodata
from skimage.measure import label, regionprops

from napari_npm.core.descriptors import (
    average_pore_size,
    grey_histogram,
    porosity,
    porosity_fractions,
)
from napari_npm.core.errors import NpmError
from napari_npm.core.smoothing import microscale

unit = st.floats(0, 1, width=32)
shapes = hnp.array_shapes(min_dims=3, max_dims=3, max_side=8)
stacks = hnp.arrays(np.float32, shapes, elements=unit)


class Lazy:
    """Like a zarr array: len() and items only."""

    def __init__(self, maps):
        self.maps = maps

    def __len__(self):
        return len(self.maps)

    def __getitem__(self, index):
        return self.maps[index]


def textured(seed=0, size=96):
    noise = np.random.default_rng(seed).standard_normal((size, size))
    smooth = microscale(noise, 2.0)
    return ((smooth - smooth.min()) / np.ptp(smooth)).astype(np.float32)


@settings(deadline=None)
@given(stacks)
def test_porosity_is_the_mean(maps):
    expected = maps.astype(np.float64).reshape(len(maps), -1).mean(axis=1)
    assert porosity(maps) == pytest.approx(expected, abs=1e-12)
    assert porosity(Lazy(maps)) == pytest.approx(expected, abs=1e-12)


def test_one_map_is_a_stack_of_one():
    image = textured()
    assert porosity(image).shape == (1,)
    assert porosity_fractions(image).shape == (1, 5)
    assert grey_histogram(image, 16).shape == (1, 16)


def test_pore_size_by_hand():
    # A square of 4 pores' pixels, one of 2, and one that touches the square by a corner only.
    image = np.full((8, 8), 0.1)
    image[1:3, 1:3] = 0.9
    image[3, 3] = 0.9
    image[6, 5:7] = 0.9
    corner = average_pore_size(image, 52)
    assert corner.count == 2
    assert corner.mean_area_nm2 == pytest.approx(3.5 * 52**2)
    assert np.pi / 4 * corner.equivalent_diameter_nm**2 == pytest.approx(3.5 * 2704)
    sides = average_pore_size(image, 52, connectivity=4)
    assert (sides.count, sides.mean_area_nm2) == (3, pytest.approx(7 / 3 * 2704))
    large = average_pore_size(image, 52, min_pixels=3)
    assert (large.count, large.mean_area_nm2) == (1, pytest.approx(5 * 2704))
    none = average_pore_size(image, 52, min_pixels=6)
    assert (none.count, none.mean_area_nm2, none.equivalent_diameter_nm) == (0, 0, 0)


@pytest.mark.parametrize(("connectivity", "order"), [(4, 1), (8, 2)])
def test_pore_size_against_skimage(connectivity, order):
    image = textured(5)
    grey = np.rint(image * 255).astype(np.uint8)
    threshold = threshold_isodata(grey)
    areas = [r.area for r in regionprops(label(grey > threshold, connectivity=order))]
    size = average_pore_size(image, 20, connectivity=connectivity)
    assert size.threshold == threshold
    assert size.threshold in size.roots
    assert size.count == len(areas) > 5
    assert size.mean_area_nm2 == pytest.approx(np.mean(areas) * 400)


def test_flat_map_has_no_pores():
    size = average_pore_size(np.full((9, 9), 0.3), 52)
    assert (size.count, size.mean_area_nm2, size.equivalent_diameter_nm) == (0, 0, 0)
    assert size.roots == ()


@settings(deadline=None)
@given(stacks, st.lists(st.floats(0.01, 0.99), max_size=5, unique=True))
def test_fractions_against_numpy_and_sum_to_one(maps, inner):
    edges = [0.0, *sorted(inner), 1.0]
    fractions = porosity_fractions(Lazy(maps), edges)
    assert fractions.sum(axis=1) == pytest.approx(np.ones(len(maps)))
    for row, each in zip(fractions, maps, strict=True):
        lower = np.float32(edges)
        lower[-1] = 2
        counts = [np.count_nonzero((each >= a) & (each < b)) for a, b in pairwise(lower)]
        assert row == pytest.approx(np.array(counts) / each.size)


def test_edge_belongs_to_the_upper_bin_in_any_precision():
    values = np.array([[0.0, 0.2, 0.7, 1.0]])
    for dtype in (np.float32, np.float64):
        fractions = porosity_fractions(values.astype(dtype), [0, 0.2, 0.7, 1])
        assert fractions.tolist() == [[0.25, 0.25, 0.5]]


@settings(deadline=None)
@given(stacks, st.sampled_from([2, 16, 256]))
def test_histogram_counts_rounded_levels(maps, bins):
    histogram = grey_histogram(maps, bins)
    assert histogram.sum(axis=1) == pytest.approx(np.ones(len(maps)))
    levels = np.rint(maps * np.float32(bins - 1))
    for k in (0, 1, bins // 2, bins - 1):
        share = (levels == k).mean(axis=(1, 2))
        assert histogram[:, k] == pytest.approx(share)


def test_no_maps():
    nothing = np.zeros((0, 4, 4), np.float32)
    assert porosity(nothing).shape == (0,)
    assert porosity_fractions(nothing).shape == (0, 5)
    assert grey_histogram(nothing, 8).shape == (0, 8)


@pytest.mark.parametrize(
    "image",
    [
        np.array([[0.5, np.nan]]),
        np.array([[0.5, 1.2]]),
        np.array([[-0.1, 0.2]]),
        np.array([[3, 200]], np.uint8),
        np.zeros((0, 3)),
    ],
)
@pytest.mark.parametrize("function", [porosity, porosity_fractions, grey_histogram])
def test_bad_maps(function, image):
    with pytest.raises(NpmError, match="calibrate"):
        function(image)
    with pytest.raises(NpmError, match="calibrate"):
        average_pore_size(image, 52)


@pytest.mark.parametrize("edges", [[0, 1, 0.5], [0.1, 1], [0, 0.9], [0], [0, np.nan, 1]])
def test_bad_edges(edges):
    with pytest.raises(NpmError, match="edges"):
        porosity_fractions(np.zeros((2, 2)), edges)


@pytest.mark.parametrize("options", [{"pixel_size_nm": 0}, {"connectivity": 6}, {"min_pixels": 0}])
def test_bad_pore_parameters(options):
    with pytest.raises(NpmError, match="must"):
        average_pore_size(np.zeros((2, 2)), **({"pixel_size_nm": 52} | options))
