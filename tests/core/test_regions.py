import hypothesis.extra.numpy as hnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage.filters import threshold_isodata

from napari_npm.core.errors import NpmError
from napari_npm.core.regions import (
    boundary_features,
    characteristic_regions,
    isodata_split,
)

small = hnp.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=9)
grey_maps = hnp.arrays(np.uint8, small)
# Whole numbers: sums are exact, so "smallest set" can be checked without rounding.
whole_relevance = hnp.arrays(np.int64, small, elements=st.integers(0, 20)).filter(np.any)
# A threshold can only be told from a sum in float64 if the share itself is exact.
shares = st.integers(1, 64).map(lambda n: n / 64)


@pytest.mark.parametrize(
    "bad", [np.array([[0.0, np.nan]]), np.array([[0.0, 1.5]]), np.zeros((0, 3))]
)
def test_isodata_refuses_what_is_not_porosity(bad):
    with pytest.raises(NpmError):
        isodata_split(bad)


@given(grey_maps)
def test_isodata_agrees_with_skimage_root_by_root(grey):
    split = isodata_split(grey)
    if grey.min() == grey.max():
        assert split.flat
        assert split.roots == ()
        assert split.threshold == grey.flat[0]
        assert not split.high.any()
        return
    # skimage returns the mid-point of unit bins: the grey level itself.
    assert split.roots == tuple(int(t) for t in threshold_isodata(grey, return_all=True))
    assert split.threshold == threshold_isodata(grey)
    np.testing.assert_array_equal(split.high, grey > split.threshold)
    assert split.high.any()
    assert not split.high.all()


@given(grey_maps)
def test_isodata_does_not_depend_on_the_type_of_the_map(grey):
    split, same = isodata_split(grey), isodata_split(grey / np.float32(255))
    assert split.roots == same.roots
    np.testing.assert_array_equal(split.high, same.high)
    np.testing.assert_array_equal(split.high, grey / 255 > split.porosity)


def test_isodata_records_several_roots_and_uses_the_lowest():
    # Two thirds dark, then a bright pair: any level between 0 and the mean's half way is a root.
    grey = np.array([[0, 0, 100, 100, 101, 255, 255]], dtype=np.uint8)
    roots = [
        t for t in range(255) if np.floor((grey[grey <= t].mean() + grey[grey > t].mean()) / 2) == t
    ]
    split = isodata_split(grey)
    assert list(split.roots) == roots
    assert len(roots) > 1
    assert split.threshold == roots[0]


def test_isodata_finds_the_planted_pores():
    rng = np.random.default_rng(3)
    pores = rng.random((64, 64)) < 0.2
    n = np.clip(np.where(pores, 0.8, 0.2) + rng.normal(0, 0.05, pores.shape), 0, 1)
    split = isodata_split(n.astype(np.float32))
    np.testing.assert_array_equal(split.high, pores)
    assert 0.45 < split.porosity < 0.55


@given(whole_relevance, shares)
@settings(max_examples=200)
def test_regions_are_the_smallest_set_that_reaches_the_share(relevance, share):
    regions = characteristic_regions(relevance, share)
    total = relevance.sum()
    assert relevance[regions.mask].sum() >= share * total
    # Brute force: the best any k pixels can do is the k largest.
    largest = np.sort(relevance, axis=None)[::-1]
    needed = next(k for k in range(1, largest.size + 1) if largest[:k].sum() >= share * total)
    assert regions.mask.sum() == needed
    assert regions.area_fraction == needed / relevance.size
    assert regions.threshold == largest[needed - 1]
    assert regions.reached == pytest.approx(relevance[regions.mask].sum() / total)
    # Nothing outside beats anything inside, and equals are taken in reading order.
    outside = relevance[~regions.mask]
    assert outside.size == 0 or outside.max() <= regions.threshold
    tied = regions.mask.ravel()[relevance.ravel() == regions.threshold]
    assert not np.any(np.diff(tied.astype(int)) > 0)


@given(whole_relevance, shares, st.integers(-60, 60))
def test_regions_do_not_depend_on_the_unit(relevance, share, power):
    regions = characteristic_regions(relevance, share)
    scaled = characteristic_regions(relevance * 2.0**power, share)
    np.testing.assert_array_equal(scaled.mask, regions.mask)


def test_regions_of_all_relevance_leave_out_the_zeros():
    relevance = np.array([[0.0, 1.0], [3.0, 0.0]], dtype=np.float32)
    np.testing.assert_array_equal(characteristic_regions(relevance, 1.0).mask, relevance > 0)


@pytest.mark.parametrize("share", [0.0, -0.1, 1.01, float("nan")])
def test_impossible_shares_are_refused(share):
    with pytest.raises(NpmError, match="share of relevance"):
        characteristic_regions(np.ones((2, 2)), share)


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (np.zeros((3, 3)), "all zero"),
        (np.full((3, 3), np.nan), "NaN"),
        (np.array([[1.0, -0.5], [0.0, 0.0]]), "negative"),
        (-np.ones((2, 2)), "negative"),
        (np.ones(4), "rows and columns"),
    ],
)
def test_what_is_not_relevance_is_refused(bad, message):
    with pytest.raises(NpmError, match=message):
        characteristic_regions(bad)
    with pytest.raises(NpmError, match=message):
        boundary_features(bad)


def test_negative_dust_of_rounding_is_no_relevance():
    relevance = np.array([[1.0, -1e-8], [1.0, 0.0]])
    assert characteristic_regions(relevance, 1.0).mask.sum() == 2


def test_gradient_of_a_ramp_is_its_slope():
    relevance = np.add.outer(3.0 * np.arange(8), 4.0 * np.arange(8))
    features = boundary_features(relevance, threshold=4.9 / relevance.sum())
    np.testing.assert_allclose(features.gradient, 5.0 / relevance.sum())
    assert features.mask.all()
    assert features.area_fraction == 1.0
    assert not boundary_features(relevance, threshold=5.1 / relevance.sum()).mask.any()


def test_boundary_of_a_step_is_two_pixels_wide_and_split_between_hp_and_lp():
    relevance = np.ones((6, 8))
    relevance[:, 5:] = 3.0
    high = np.zeros((6, 8), dtype=bool)
    high[:4, 5:] = True
    features = boundary_features(relevance, threshold=0.9 / relevance.sum(), high=high)
    expected = np.zeros((6, 8), dtype=bool)
    expected[:, 4:6] = True
    np.testing.assert_array_equal(features.mask, expected)
    assert features.area_fraction == 12 / 48
    assert features.high_fraction == pytest.approx(4 / 12)
    assert features.low_fraction == pytest.approx(8 / 12)


@given(
    hnp.arrays(np.int64, (5, 7), elements=st.integers(0, 9)).filter(np.any),
    st.integers(-40, 40),
    st.floats(0.05, 5),
)
def test_boundary_does_not_depend_on_the_unit(relevance, power, multiple):
    features = boundary_features(relevance, mean_multiple=multiple)
    scaled = boundary_features(relevance * 2.0**power, mean_multiple=multiple)
    np.testing.assert_array_equal(features.mask, scaled.mask)
    assert features.threshold == pytest.approx(multiple / 35)
    assert features.mask.sum() == (features.gradient > features.threshold).sum()


def test_the_papers_threshold_is_2_2_means_of_a_tile():
    relevance = np.ones((384, 384), dtype=np.float32)
    assert 1.5e-5 / boundary_features(relevance, mean_multiple=1).threshold == pytest.approx(
        2.2, abs=0.02
    )


def test_no_boundary_has_no_split():
    features = boundary_features(np.ones((4, 4)), high=np.ones((4, 4), dtype=bool))
    assert features.area_fraction == 0
    assert np.isnan(features.high_fraction)
    assert np.isnan(features.low_fraction)
    assert np.isnan(boundary_features(np.eye(4), 0.0).high_fraction)


def test_boundary_refuses_what_does_not_fit():
    with pytest.raises(NpmError, match="shape"):
        boundary_features(np.ones((4, 4)), high=np.ones((4, 5), dtype=bool))
    with pytest.raises(NpmError, match="2x2"):
        boundary_features(np.ones((1, 4)))
    with pytest.raises(NpmError, match="threshold"):
        boundary_features(np.ones((4, 4)), -1.0)
