"""The table of regions against scikit-image's, cleaning against its own pixels, intervals."""

import hypothesis.extra.numpy as hnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage.measure import label as sk_label
from skimage.measure import regionprops
from skimage.morphology import remove_small_holes, remove_small_objects

from napari_npm.core.errors import NpmError
from napari_npm.core.region_table import (
    clean_regions,
    count_features,
    held_share,
    region_table,
)

masks = hnp.arrays(bool, hnp.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=12))
connectivities = st.sampled_from([4, 8])


@st.composite
def maps(draw):
    mask = draw(masks)
    relevance = draw(hnp.arrays(np.int64, mask.shape, elements=st.integers(0, 20)))
    return mask, relevance, draw(hnp.arrays(bool, mask.shape))


@given(maps(), connectivities, st.integers(1, 4))
@settings(max_examples=60)
def test_the_table_agrees_with_scikit_image_region_by_region(data, connectivity, least):
    mask, relevance, high = data
    found = region_table(mask, relevance, high, min_area_px=least, connectivity=connectivity)
    labels = sk_label(mask, connectivity=connectivity // 4)
    expected = [one for one in regionprops(labels, relevance) if one.area >= least]
    assert len(found) == len(expected)
    total = relevance.sum()
    for k, one in enumerate(expected):
        where = found.labels == k + 1
        np.testing.assert_array_equal(where, labels == one.label)
        assert found.label[k] == k + 1
        assert found.area_px[k] == one.area
        assert (found.row[k], found.col[k]) == pytest.approx(one.centroid)
        share = relevance[where].sum() / total if total else 0.0
        assert found.relevance_share[k] == pytest.approx(share)
        assert found.high_fraction[k] == pytest.approx(high[where].mean())
        assert found.part[k] == ("HP" if high[where].mean() > 0.5 else "LP")
        assert found.diameter_um(1000)[k] == pytest.approx(one.equivalent_diameter_area)
    assert not found.labels[~mask].any()


def test_a_region_half_in_hp_is_lp():
    found = region_table([[True, True]], [[1.0, 1.0]], [[True, False]])
    assert found.part.tolist() == ["LP"]


def test_units_and_places_are_those_of_the_image():
    mask = np.zeros((20, 30), bool)
    mask[2:6, 10:14] = True
    found = region_table(mask, mask * 2.0)
    columns = found.columns(50.0, origin=(384, 768))
    assert columns["area_um2"].tolist() == pytest.approx([16 * 0.05**2])
    assert columns["diameter_um"].tolist() == pytest.approx([np.sqrt(4 / np.pi * 0.04)])
    assert (columns["row"][0], columns["col"][0]) == (3.5, 11.5)
    assert (columns["image_row"][0], columns["image_col"][0]) == (387.5, 779.5)
    assert columns["relevance_share"].tolist() == [1.0]
    assert columns["part"].tolist() == [""]
    assert np.isnan(columns["high_fraction"]).all()


@given(masks, st.integers(1, 6), st.integers(0, 5), connectivities)
@settings(max_examples=60)
def test_cleaning_agrees_with_scikit_image(mask, least, holes, connectivity):
    cleaned = clean_regions(mask, min_area_px=least, fill_holes_px=holes, connectivity=connectivity)
    # holes at the edge are open, and stay: the map goes on there
    framed = np.pad(mask, 1)
    framed[0], framed[-1], framed[:, 0], framed[:, -1] = False, False, False, False
    outside = connectivity // 4 % 2 + 1
    big = np.pad(framed, 40)  # the outside of the map is then never a small hole
    filled = remove_small_holes(big, max_size=holes, connectivity=outside) if holes else big
    expected = filled[41:-41, 41:-41] | mask
    if least > 1:
        expected = remove_small_objects(
            expected, max_size=least - 1, connectivity=connectivity // 4
        )
    np.testing.assert_array_equal(cleaned, expected)


def test_cleaning_with_its_defaults_changes_nothing_and_is_no_view():
    mask = np.eye(5, dtype=bool)
    cleaned = clean_regions(mask)
    np.testing.assert_array_equal(cleaned, mask)
    cleaned[:] = False
    assert mask.any()


def test_the_share_held_is_that_of_the_pixels_left():
    relevance = np.arange(12.0).reshape(3, 4)
    mask = relevance > 7
    assert held_share(relevance, mask) == pytest.approx((8 + 9 + 10 + 11) / 66)
    assert np.isnan(held_share(np.zeros((3, 4)), mask))
    assert region_table(mask, np.zeros((3, 4))).relevance_share.tolist() == [0.0]


def test_features_count_where_most_of_each_lies():
    mask = np.zeros((5, 9), bool)
    mask[0, :4] = mask[2, :4] = mask[4, :2] = mask[4, 6:] = True
    high = np.zeros_like(mask)
    high[0, :3] = high[2, :2] = high[4] = True
    # 3 of 4 in HP, a tie, and two wholly in HP
    assert count_features(mask, high) == (3, 1)
    assert count_features(np.zeros_like(mask), high) == (0, 0)
    diagonal = np.eye(4, dtype=bool)
    assert sum(count_features(diagonal, diagonal)) == 1
    assert sum(count_features(diagonal, diagonal, connectivity=4)) == 4


@pytest.mark.parametrize(
    "call",
    [
        lambda: region_table(np.ones((2, 2)), np.ones((2, 3))),
        lambda: region_table(np.ones((2, 2)), np.ones((2, 2)), np.ones((3, 2))),
        lambda: region_table(np.ones((2, 2)), np.full((2, 2), np.nan)),
        lambda: region_table(np.ones((2, 2)), -np.ones((2, 2))),
        lambda: region_table(np.ones((2, 2)), np.ones((2, 2)), min_area_px=0),
        lambda: region_table(np.ones((2, 2)), np.ones((2, 2)), connectivity=6),
        lambda: region_table(np.ones(4), np.ones(4)),
        lambda: clean_regions(np.ones((2, 2)), min_area_px=0),
        lambda: clean_regions(np.ones((2, 2)), fill_holes_px=-1),
        lambda: count_features(np.ones((2, 2)), np.ones((2, 3))),
        lambda: region_table(np.ones((2, 2)), np.ones((2, 2))).area_um2(0.0),
    ],
)
def test_what_does_not_fit_is_refused(call):
    with pytest.raises(NpmError):
        call()
