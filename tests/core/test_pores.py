import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from skimage.measure import label, regionprops

from napari_npm.core.descriptors import average_pore_size
from napari_npm.core.errors import NpmError
from napari_npm.core.pores import find_pores, pore_distribution
from napari_npm.core.smoothing import microscale


def textured(seed=0, size=96):
    noise = np.random.default_rng(seed).standard_normal((size, size))
    smooth = microscale(noise, 2.0)
    return ((smooth - smooth.min()) / np.ptp(smooth)).astype(np.float32)


@pytest.mark.parametrize(("connectivity", "order"), [(4, 1), (8, 2)])
def test_pores_are_skimages_regions_in_order(connectivity, order):
    image = textured(2)
    pores = find_pores(image, connectivity=connectivity)
    regions = regionprops(label(pores.split.high, connectivity=order))
    assert pores.areas.tolist() == [int(r.area) for r in regions]
    at_edge = [
        min(r.bbox[0], r.bbox[1]) == 0 or r.bbox[2] == 96 or r.bbox[3] == 96 for r in regions
    ]
    assert pores.cut.tolist() == at_edge
    assert 0 < sum(at_edge) < len(at_edge)
    cut = sum(r.area for r, edge in zip(regions, at_edge, strict=True) if edge)
    assert pores.cut_share == pytest.approx(cut / pores.split.high.sum())
    assert pores.average(20) == average_pore_size(image, 20, connectivity=connectivity)


def test_small_pores_are_left_out_of_all():
    pores = find_pores(textured(3), min_pixels=20)
    every = find_pores(textured(3))
    assert pores.areas.tolist() == [area for area in every.areas if area >= 20]
    assert pores.cut.tolist() == [
        cut for cut, area in zip(every.cut, every.areas, strict=True) if area >= 20
    ]


def test_flat_map_has_no_pores():
    pores = find_pores(np.full((5, 5), 0.4, np.float32))
    assert pores.areas.size == 0
    assert pores.cut_share == 0
    assert pores.split.flat


def test_distribution_by_hand():
    # Five pores of 1 px, two of 10 px, one of 75 px: 100 px in all.
    found = pore_distribution([1, 10, 1, 75, 1, 10, 1, 1], 10)
    assert found.pixels.tolist() == [1, 10, 75]
    assert found.count.tolist() == [5, 2, 1]
    assert found.area_nm2.tolist() == [100, 1000, 7500]
    assert np.pi / 4 * found.diameter_nm**2 == pytest.approx(found.area_nm2)
    assert found.number_share == pytest.approx([0.625, 0.25, 0.125])
    assert found.area_share == pytest.approx([0.05, 0.2, 0.75])
    assert found.number_finer == pytest.approx([0.625, 0.875, 1])
    assert found.area_finer == pytest.approx([0.05, 0.25, 1])
    assert found.mean_area_nm2 == pytest.approx(10000 / 8)
    assert found.area_weighted_mean_nm2 == pytest.approx(5 + 200 + 5625)
    one, ten, many = found.diameter_nm
    assert [found.diameter(share, by="number") for share in (0.5, 0.625, 0.7, 1.0)] == [
        one,
        one,
        ten,
        many,
    ]
    assert [found.diameter(share) for share in (0.05, 0.1, 0.25, 0.5)] == [one, ten, ten, many]


@given(st.lists(st.integers(1, 50), min_size=1, max_size=40), st.integers(1, 5))
def test_counts_stand_for_repeated_pores(areas, times):
    repeated = pore_distribution(areas * times, 52)
    counted = pore_distribution(areas, 52, counts=[times] * len(areas))
    for name in ("pixels", "count", "number_finer", "area_finer"):
        assert np.array_equal(getattr(repeated, name), getattr(counted, name))
    assert repeated.count.sum() == len(areas) * times
    assert repeated.number_finer[-1] == pytest.approx(1)
    assert repeated.area_finer[-1] == pytest.approx(1)
    assert np.all(repeated.area_finer <= repeated.number_finer + 1e-12)
    assert repeated.mean_area_nm2 == pytest.approx(np.mean(areas) * 52**2)


@given(st.lists(st.integers(1, 50), min_size=1, max_size=40), st.integers(1, 100))
def test_quantiles_are_pores_in_order_of_size(areas, percent):
    found = pore_distribution(areas, 52)
    enough = -(-percent * len(areas) // 100)  # in whole numbers, rounded up
    expected = sorted(areas)[enough - 1]
    assert found.diameter(percent / 100, by="number") == pytest.approx(
        2 * 52 * np.sqrt(expected / np.pi)
    )


def test_no_pores_have_no_distribution():
    found = pore_distribution([], 52)
    assert found.pixels.size == 0
    assert np.isnan([found.mean_area_nm2, found.area_weighted_mean_nm2, found.diameter(0.5)]).all()


def test_what_is_no_distribution_is_refused():
    with pytest.raises(NpmError, match="1 pixel or more"):
        pore_distribution([0, 3], 52)
    with pytest.raises(NpmError, match="pixel size"):
        pore_distribution([3], 0)
    with pytest.raises(NpmError, match="one each"):
        pore_distribution([3, 4], 52, counts=[1])
    with pytest.raises(NpmError, match="above 0"):
        pore_distribution([3], 52).diameter(0)
    with pytest.raises(NpmError, match="by number or by area"):
        pore_distribution([3], 52).diameter(0.5, by="weight")
