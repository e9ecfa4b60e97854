import numpy as np
import pytest
from scipy.stats import f, f_oneway

from napari_npm.core.errors import NpmError
from napari_npm.core.nesting import false_alarms, nesting
from napari_npm.core.statistics import anova

LABELS = np.repeat([0, 1, 2], 250)
GROUPS = np.repeat(np.arange(15), 50)


def test_tiles_of_one_mosaic_mislead_and_specimen_means_do_not():
    # 3 samples of 5 mosaics of 50 tiles, intraclass correlation 0.2, no difference: the test on
    # tiles rejects in 81 % of studies instead of 10 %. Mean squares between samples are inflated by
    # 1 + 49 x 0.2 = 10.8, so with three samples about exp(-F(0.9) / 10.8) of them are too large.
    found = false_alarms(LABELS, GROUPS, 0.2, 0.9, trials=20_000)
    assert found.nominal == pytest.approx(0.1)
    assert found.tile == pytest.approx(0.812, abs=0.011)
    assert found.tile == pytest.approx(np.exp(-f.ppf(0.9, 2, 747) / 10.8), abs=0.02)
    assert found.specimen == pytest.approx(0.1, abs=0.008)


def test_independent_tiles_are_tested_rightly_both_ways():
    found = false_alarms(LABELS, GROUPS, 0.0, 0.95, trials=20_000)
    assert (found.tile, found.specimen) == pytest.approx((0.05, 0.05), abs=0.006)


def test_the_short_cut_is_the_simulation_of_every_tile():
    # Unequal numbers of specimens and of tiles.
    labels = np.repeat(["a", "b"], [30, 12])
    groups = np.repeat([1, 2, 3, 1, 2], [5, 15, 10, 4, 8])
    specimen = np.repeat(np.arange(5), [5, 15, 10, 4, 8])
    rng = np.random.default_rng(5)
    tile, mean = 0, 0
    for _ in range(1000):
        values = rng.normal(0, 0.6**0.5, 42) + rng.normal(0, 0.4**0.5, 5)[specimen]
        tile += f_oneway(values[:30], values[30:]).pvalue < 0.1
        mean += anova(values, labels, groups=groups).p_value < 0.1
    found = false_alarms(labels, groups, 0.4, 0.9, trials=20_000, seed=1)
    # Three standard errors of 1000 trials.
    assert found.tile == pytest.approx(tile / 1000, abs=0.045)
    assert found.specimen == pytest.approx(mean / 1000, abs=0.035)


def test_one_specimen_a_sample_leaves_no_test_on_means():
    found = false_alarms(LABELS, LABELS, 0.2, trials=1000)
    assert found.tile > 0.8
    assert np.isnan(found.specimen)


@pytest.mark.parametrize("share", [0.0, 0.2, 0.7])
def test_the_correlation_is_found_again(share):
    rng = np.random.default_rng(8)
    found = []
    sizes = np.arange(15) * 3 + 4
    groups = np.repeat(np.arange(15), sizes)
    for _ in range(200):
        values = (1 - share) ** 0.5 * rng.normal(size=groups.size)
        values += share**0.5 * rng.normal(size=15)[groups] + 7 * (groups // 5)
        found.append(nesting(values, groups // 5, groups).intraclass)
    assert np.mean(found) == pytest.approx(share, abs=0.05)


def test_by_hand():
    # Two specimens of two maps in each of two samples. Inside: squares 4 x 0.5 over 4; between:
    # 2 x (1 + 1) x 2 over 2.
    values = [0, 1, 2, 3, 10, 11, 12, 13]
    found = nesting(values, [0] * 4 + [1] * 4, [0, 0, 1, 1] * 2)
    inside, between = 0.5, 4.0
    variance = (between - inside) / 2
    assert found.intraclass == pytest.approx(variance / (variance + inside))
    assert found.design_effect == pytest.approx(1 + found.intraclass)
    assert found.effective_tiles == pytest.approx(8 / (1 + found.intraclass))
    assert (found.tiles, found.specimens) == (8, 4)


def test_unequal_numbers_of_tiles_by_hand():
    # Specimens of 1 and 3 maps, and of 2 and 2: each weighs as (8 - (10 / 4 + 8 / 4)) / 2 maps.
    values = np.array([0.0, 4, 5, 6, 1, 2, 7, 8])
    found = nesting(values, [0] * 4 + [1] * 4, [0, 1, 1, 1, 0, 0, 1, 1])
    inside = (2 + 0.5 + 0.5) / 4
    between = (3.75**2 + 3 * 1.25**2 + 4 * 3**2) / 2
    variance = (between - inside) / 1.75
    assert found.intraclass == pytest.approx(variance / (variance + inside))
    assert found.design_effect == pytest.approx(1 + (18 / 8 - 1) * found.intraclass)


def test_equal_tiles_of_a_specimen_count_once():
    values = np.repeat([1.0, 3.0, 2.0, 7.0], 6)
    found = nesting(values, np.repeat([0, 1], 12), np.repeat([0, 1, 0, 1], 6))
    assert found.intraclass == pytest.approx(1)
    assert found.effective_tiles == pytest.approx(4)


@pytest.mark.parametrize(
    ("values", "labels", "groups", "says"),
    [
        ([1, 2, 3, 4], [0, 0, 1, 1], [0, 0, 1, 1], "several specimens"),
        ([1, 2, 3, 4], [0, 0, 1, 1], [0, 1, 2, 3], "several specimens"),
        (np.full(8, 0.1), [0] * 4 + [1] * 4, [0, 0, 1, 1] * 2, "all alike"),
        ([1, np.nan], [0, 1], [0, 1], "NaN"),
    ],
)
def test_what_tells_nothing_is_refused(values, labels, groups, says):
    with pytest.raises(NpmError, match=says):
        nesting(values, labels, groups)


@pytest.mark.parametrize(
    ("labels", "groups", "options", "says"),
    [
        ([0, 0, 0], [0, 0, 1], {}, "two samples"),
        ([0, 1, 1], [0, 1, 2], {}, "No specimen has two"),
        ([0, 0, 1], [0, 0, 1], {"intraclass": 1.2}, "from 0 to 1"),
        ([0, 0, 1], [0, 0, 1], {"confidence": 90}, "confidence"),
        ([0, 0, 1], [0, 0, 1], {"trials": 0}, "one trial"),
    ],
)
def test_bad_simulations(labels, groups, options, says):
    with pytest.raises(NpmError, match=says):
        false_alarms(labels, groups, **({"intraclass": 0.2} | options))
