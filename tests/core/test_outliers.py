"""Outliers among values in a row: from the median, and from the trend around them."""

import numpy as np
import pytest

from napari_npm.core.outliers import OUTLIER, robust_z, running_z


def test_robust_z_of_a_normal_sample_is_the_plain_one():
    values = np.random.default_rng(9).normal(50, 4, 20_000)
    assert robust_z(values) == pytest.approx((values - 50) / 4, abs=0.12)


def test_robust_z_is_not_moved_by_what_it_looks_for():
    values = np.array([100, 101, 99, 100.5, 99.5, 100, np.nan, 160.0])
    z = robust_z(values)
    assert np.isnan(z[6])
    assert (np.abs(z) > 3.5).tolist() == [False] * 7 + [True]
    # median 100, absolute deviations 0 0 .5 .5 1 1 60: their median is 0.5
    assert z[1] == pytest.approx(0.67449 * 1 / 0.5, rel=1e-5)


def test_robust_z_where_most_values_are_equal():
    assert robust_z([5.0, 5, 5, 5]).tolist() == [0, 0, 0, 0]
    # the mean absolute deviation takes over: 1 over 5 values
    assert robust_z([5.0, 5, 5, 5, 10])[4] == pytest.approx(5 / (1 / 0.797885))
    assert np.isnan(robust_z([np.nan, np.nan])).all()


def standing_out(values):
    return np.flatnonzero(np.abs(running_z(values)) > OUTLIER).tolist()


@pytest.mark.parametrize("at", [0, 1, 5, 10, 29])
@pytest.mark.parametrize("slope", [0.0, 2.0, -2.0])
def test_a_jump_on_a_trend_stands_out_wherever_it_is(at, slope):
    noise = np.random.default_rng(3).uniform(-1, 1, 30)
    values = 80 + slope * np.arange(30) + noise
    assert standing_out(values) == []
    values[at] += 9
    assert standing_out(values) == [at]
    if slope:
        assert not (np.abs(robust_z(values)) > OUTLIER).any()


def test_a_pure_trend_and_constant_levels_have_no_outlier():
    steps = np.arange(40)
    for values in (np.full(12, 70.1), 60 + 0.1 * steps, 60 - 0.7 * steps):
        assert running_z(values).tolist() == [0] * len(values)
    # a warming curve bends, but slowly against nine images
    noise = np.random.default_rng(5).normal(0, 0.5, 40)
    assert standing_out(60 + 20 * np.exp(-steps / 20) + noise) == []


def test_a_jump_on_levels_without_noise_stands_out():
    values = 60 + 0.1 * np.arange(20)
    values[7] += 0.5
    assert standing_out(values) == [7]


def test_noise_alone_stands_out_no_more_often_than_from_the_median():
    rng = np.random.default_rng(11)
    sets = rng.normal(0, 1, (300, 20))
    running, plain = (
        np.mean([np.abs(way(values)) > OUTLIER for values in sets]) for way in (running_z, robust_z)
    )
    assert running < max(0.015, 2 * plain)
    # by the same scale as the noise
    assert np.median([np.std(running_z(values)) for values in sets]) == pytest.approx(1, abs=0.2)


def test_few_values_are_held_against_their_median():
    for values in ([60.0, 61, 75], [60.0, 61, 59, 60, 75, 60, 61, np.nan, 60]):
        np.testing.assert_array_equal(running_z(values), robust_z(values))
    assert standing_out([60.0, 60, 61]) == []
    nine = [60.0, 62, 64, 66, 68, 70, 72, 74, 76]
    assert not np.array_equal(running_z(nine), robust_z(nine))


def test_images_without_a_level_are_passed_over():
    values = 80 + 2 * np.arange(24) + np.random.default_rng(1).uniform(-1, 1, 24)
    values[13] += 12
    gaps = np.insert(values, [3, 3, 20], np.nan)
    z = running_z(gaps)
    assert np.isnan(z[[3, 4, 22]]).all()
    np.testing.assert_array_equal(z[np.isfinite(gaps)], running_z(values))
    assert np.flatnonzero(np.abs(z) > OUTLIER).tolist() == [15]


def test_a_line_half_of_whose_values_are_wrong_is_siegels():
    # against a plain loop over all pairs, at the middle of one window
    values = np.random.default_rng(2).normal(0, 1, 9)
    values[:4] += 50
    slopes = [
        np.median([(values[i] - values[j]) / (i - j) for j in range(9) if j != i]) for i in range(9)
    ]
    slope = np.median(slopes)
    level = np.median([values[i] - slope * i for i in range(9)])
    residual = values - (level + slope * np.arange(9))
    assert running_z(values) == pytest.approx(0.8 * robust_z(residual))
