import hypothesis.extra.numpy as hnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter
from sklearn.metrics import average_precision_score, roc_auc_score

from napari_npm.core.band_energy import band_energy
from napari_npm.core.errors import NpmError
from napari_npm.core.localisation import (
    average_precision,
    localisation,
    pointing_accuracy,
    roc_auc,
)

some_places = hnp.arrays(bool, (6, 6)).filter(lambda a: a.any() and not a.all())
# few distinct values, of either sign, so that there are ties, and both zeros
tied = st.sampled_from([-2.0, -0.5, -0.0, 0.0, 1e-30, 0.5, 3.0])
tied_maps = st.one_of(
    hnp.arrays(np.float32, (6, 6), elements=tied.map(np.float32)),
    hnp.arrays(np.float64, (6, 6), elements=tied),
    hnp.arrays(np.uint8, (6, 6), elements=st.integers(0, 5)),
)
any_maps = hnp.arrays(np.float32, (6, 6), elements=st.floats(-(2.0**99), 2.0**99, width=32))


@given(st.one_of(tied_maps, any_maps), some_places)
def test_auc_and_average_precision_agree_with_sklearn(relevance, places):
    truth, values = places.ravel(), relevance.astype(np.float64).ravel()
    auc, precision = roc_auc_score(truth, values), average_precision_score(truth, values)
    assert roc_auc(relevance, places) == pytest.approx(auc, abs=1e-12)
    assert average_precision(relevance, places) == pytest.approx(precision, abs=1e-12)
    found = localisation(relevance, places)
    assert found.auc == roc_auc(relevance, places)
    assert found.average_precision == average_precision(relevance, places)
    assert found.pointing == pointing_accuracy(relevance, places)
    assert found.prevalence == places.mean()


@given(tied_maps, some_places, hnp.arrays(bool, (6, 6)))
def test_what_does_not_count_is_left_out(relevance, places, within):
    inside = places[within]
    if not inside.any() or inside.all():
        with pytest.raises(NpmError, match="some of the map"):
            localisation(relevance, places, within)
        return
    found = localisation(relevance, places, within)
    alone = localisation(relevance[within], inside)
    assert found == alone
    assert roc_auc(relevance, places, within) == alone.auc
    assert average_precision(relevance, places, within) == alone.average_precision
    assert pointing_accuracy(relevance, places, within) == alone.pointing


def test_a_perfect_a_blind_and_an_inverse_map():
    places = np.zeros((20, 20), dtype=bool)
    places[1:5] = True
    perfect = localisation(places.astype(np.float32), places)
    assert (perfect.auc, perfect.average_precision, perfect.pointing) == (1, 1, 1)
    assert perfect.top_precision == 1
    blind = localisation(np.ones((20, 20)), places)
    assert blind.auc == 0.5
    assert blind.average_precision == blind.pointing == blind.top_precision == blind.prevalence
    inverse = localisation(-1.0 * places, places)
    assert (inverse.auc, inverse.pointing, inverse.top_precision) == (0, 0, 0)
    assert inverse.average_precision == pytest.approx(places.mean())


def test_random_maps_score_at_chance(rng):
    places = gaussian_filter(rng.normal(size=(384, 384)), 8) > 0.02
    found = localisation(rng.random((384, 384), np.float32), places)
    # 20 standard errors of the mean of independent pixels
    assert found.auc == pytest.approx(0.5, abs=0.02)
    assert found.average_precision == pytest.approx(found.prevalence, abs=0.02)
    assert found.top_precision == pytest.approx(found.prevalence, abs=0.2)


def test_top_precision_looks_at_one_pixel_in_a_hundred():
    places = np.zeros((20, 20), dtype=bool)
    places[0, :10] = True
    relevance = np.zeros((20, 20))
    relevance[0, 0], relevance[5, :3] = 2.0, 1.0
    # 4 of 400 pixels: one inside and three outside
    assert localisation(relevance, places).top_precision == 0.25
    relevance[5, :3] = 0
    # one inside, and three of 399 equals of which 9 are inside
    assert localisation(relevance, places).top_precision == pytest.approx((1 + 3 * 9 / 399) / 4)


def test_pointing_counts_maps_hits_within_a_tolerance_and_shared_maxima():
    places = np.zeros((3, 9, 9), dtype=bool)
    places[:, 4, 4] = True
    relevance = np.zeros((3, 9, 9))
    relevance[0, 4, 4] = 1.0
    relevance[1, 4, 7] = 1.0
    relevance[2, 4, 4] = relevance[2, 0, 0] = 1.0
    assert pointing_accuracy(relevance, places) == pytest.approx((1 + 0 + 0.5) / 3)
    assert pointing_accuracy(relevance, places, tolerance_px=2.9) == pytest.approx(1.5 / 3)
    assert pointing_accuracy(relevance, places, tolerance_px=3) == pytest.approx(2.5 / 3)
    assert localisation(relevance[1], places[1], tolerance_px=3).pointing == 1
    assert pointing_accuracy(relevance[1], places[1]) == 0
    within = np.ones((3, 9, 9), bool)
    within[2, 0, 0] = False
    assert pointing_accuracy(relevance, places, within) == pytest.approx(2 / 3)


@pytest.mark.parametrize("measure", [localisation, roc_auc, average_precision, pointing_accuracy])
@pytest.mark.parametrize(
    ("relevance", "places"),
    [
        (np.ones((2, 2)), np.ones((2, 2), dtype=bool)),
        (np.ones((2, 2)), np.zeros((2, 2), dtype=bool)),
        (np.ones((2, 2)), np.array([[True, False, True]])),
        (np.full((1, 2), np.nan), np.array([[True, False]])),
    ],
)
def test_what_cannot_be_ranked_is_refused(measure, relevance, places):
    with pytest.raises(NpmError):
        measure(relevance, places)
    with pytest.raises(NpmError):
        measure(np.eye(2), np.eye(2) > 0, np.ones((2, 3), bool))


def test_pointing_refuses_what_is_no_map_or_distance():
    places = np.eye(3) > 0
    with pytest.raises(NpmError, match="tolerance"):
        pointing_accuracy(np.eye(3), places, tolerance_px=-1)
    with pytest.raises(NpmError, match="one map"):
        pointing_accuracy(np.ones(3), np.ones(3, bool))
    with pytest.raises(NpmError, match="shape"):
        pointing_accuracy(np.ones((2, 3, 3)), np.ones((3, 2, 3), bool))


def test_band_energy_is_the_smoothed_square_of_a_difference_of_gaussians(rng):
    image = rng.random((40, 50))
    band = gaussian_filter(image, 1) - gaussian_filter(image, 3)
    expected = gaussian_filter(band**2, 5)
    found = band_energy(np.stack([image, image[::-1]]), 1, 3, 5)
    np.testing.assert_allclose(found[0], expected, rtol=1e-3)
    np.testing.assert_allclose(found[1], found[0][::-1], rtol=1e-3)
    assert found.dtype == np.float32


def test_band_energy_finds_where_texture_is_fine(rng):
    places = np.zeros((128, 128), dtype=bool)
    places[30:90, 40:100] = True
    noise = rng.normal(size=(128, 128))
    fine, coarse = gaussian_filter(noise, 1.5), gaussian_filter(noise, 6)
    image = np.where(places, fine / fine.std(), coarse / coarse.std())
    assert roc_auc(band_energy(image, 1, 4, 6), places) > 0.95


def test_grains_do_not_leak_into_the_energy_around_them(rng):
    image = 0.3 + 0.02 * rng.normal(size=(64, 64))
    valid = np.ones((64, 64), dtype=bool)
    valid[20:40, 20:40] = False
    dense, porous = np.where(valid, image, 0.0), np.where(valid, image, 5.0)
    found = band_energy(dense, valid=valid)
    np.testing.assert_array_equal(found, band_energy(porous, valid=valid))
    np.testing.assert_array_equal(found[~valid], 0)
    ring = np.zeros_like(valid)
    ring[18:42, 18:42] = True
    edge, rest = found[ring & valid].mean(), found[valid & ~ring].mean()
    assert 0.5 < edge / rest < 2
    leaking = band_energy(dense)
    assert leaking[ring & valid].mean() > 10 * rest


def test_band_energy_of_a_flat_map_is_zero_and_of_no_valid_pixel_too():
    flat = np.full((16, 16), 0.4)
    assert band_energy(flat).max() < 1e-12
    np.testing.assert_array_equal(band_energy(flat, valid=np.zeros((16, 16), bool)), 0)
    valid = np.ones((16, 16), bool)
    valid[0, 0] = False
    flat[0, 0] = np.nan
    assert np.isfinite(band_energy(flat, valid=valid)).all()


@pytest.mark.parametrize(
    ("image", "options"),
    [
        (np.ones(4), {}),
        (np.full((4, 4), np.nan), {}),
        (np.ones((4, 4)), {"fine_px": 3.0, "coarse_px": 3.0}),
        (np.ones((4, 4)), {"fine_px": -1.0}),
        (np.ones((4, 4)), {"window_px": -1.0}),
        (np.ones((4, 4)), {"valid": np.ones((4, 5), bool)}),
    ],
)
def test_band_energy_refuses_what_has_no_band(image, options):
    with pytest.raises(NpmError):
        band_energy(image, **options)
