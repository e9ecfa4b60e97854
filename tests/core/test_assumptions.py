import numpy as np
import pytest
from scipy.stats import levene, norm, shapiro

from napari_npm.core.assumptions import check_assumptions
from napari_npm.core.errors import NpmError


def test_the_tests_are_scipys_on_residuals():
    rng = np.random.default_rng(0)
    parts = [rng.normal(5 * i, 1 + i, 30 + i) for i in range(3)]
    labels = np.repeat(["c", "a", "b"], [30, 31, 32])
    found = check_assumptions(np.concatenate(parts), labels)
    assert found.values == 93
    assert found.brown_forsythe_p == pytest.approx(levene(*parts, center="median").pvalue)
    assert found.levene_p == pytest.approx(levene(*parts, center="mean").pvalue)
    assert found.brown_forsythe_p != found.levene_p
    residuals = np.concatenate([p - p.mean() for p in parts])
    assert found.shapiro_w == pytest.approx(shapiro(residuals).statistic)
    assert found.shapiro_p == pytest.approx(shapiro(residuals).pvalue)
    spreads = [p.std(ddof=1) for p in parts]
    assert (found.smallest_sd, found.largest_sd) == pytest.approx((min(spreads), max(spreads)))
    assert found.sd_ratio == pytest.approx(max(spreads) / min(spreads))


def test_shifted_samples_of_one_shape_are_told_to_be_equal_and_normal():
    shape = norm.ppf((np.arange(200) + 0.5) / 200)
    found = check_assumptions(np.concatenate([shape, shape + 9]), np.repeat([0, 1], 200))
    assert found.sd_ratio == pytest.approx(1)
    assert found.brown_forsythe_p == pytest.approx(1)
    assert found.shapiro_p > 0.99
    assert found.skewness == pytest.approx(0, abs=1e-9)
    assert abs(found.excess_kurtosis) < 0.2


def test_skewed_values_show():
    rng = np.random.default_rng(1)
    found = check_assumptions(rng.exponential(size=4000), np.tile([0, 1], 2000))
    assert found.skewness == pytest.approx(2, abs=0.3)
    assert found.excess_kurtosis == pytest.approx(6, abs=2.5)
    assert found.shapiro_p < 1e-6


def test_many_values_raise_no_warning():
    values = np.random.default_rng(2).normal(size=12_000)
    found = check_assumptions(values, np.tile([0, 1], 6000))
    assert found.values == 12_000
    assert found.shapiro_w > 0.99


def test_groups_are_averaged_first():
    rng = np.random.default_rng(3)
    values, labels = rng.normal(size=60), np.repeat([0, 1], 30)
    groups = np.tile(np.repeat(np.arange(5), 6), 2)
    means = values.reshape(10, 6).mean(axis=1)
    found = check_assumptions(values, labels, groups=groups)
    assert found == check_assumptions(means, np.repeat([0, 1], 5))


def test_constant_and_few_values():
    flat = check_assumptions(np.full(6, 0.1), np.repeat([0, 1], 3))
    assert flat.sd_ratio == 1
    assert np.isnan([flat.shapiro_p, flat.brown_forsythe_p, flat.skewness]).all()
    one_flat = check_assumptions([1, 1, 1, 1, 2, 3], np.repeat([0, 1], 3))
    assert one_flat.sd_ratio == np.inf
    single = check_assumptions([1, 2, 3, 9], [0, 0, 0, 1])
    assert np.isnan(single.brown_forsythe_p)
    pairs = check_assumptions([1, 2, 5, 9], [0, 0, 1, 1])
    assert np.isnan(pairs.brown_forsythe_p)
    with pytest.raises(NpmError, match="Fewer than three"):
        check_assumptions([1, 2], [0, 1])
    with pytest.raises(NpmError, match="two samples"):
        check_assumptions([1, 2, 3], [0, 0, 0])
