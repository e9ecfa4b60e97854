"""Means over tiles: intervals over specimens, against a brute-force bootstrap."""

from itertools import product

import numpy as np
import pytest

from napari_npm.core.ensemble import ensemble_interval
from napari_npm.core.errors import NpmError


def test_the_interval_is_that_of_all_draws_of_specimens():
    # one sample, three specimens of different sizes: all 27 draws can be listed
    tiles = {"a": [0.1, 0.2], "b": [0.6], "c": [0.3, 0.5, 0.4]}
    values = [one for own in tiles.values() for one in own]
    groups = [name for name, own in tiles.items() for _ in own]
    draws = product(tiles.values(), repeat=3)
    means = [np.mean(np.concatenate(drawn)) for drawn in draws]
    low, high = np.quantile(means, [0.05, 0.95], method="inverted_cdf")
    found = ensemble_interval(values, groups, confidence=0.9, resamples=20_000)
    assert found.value == pytest.approx(np.mean(values))
    assert found.low == pytest.approx(low)
    assert found.high == pytest.approx(high)
    assert "3 specimens" in found.method
    assert "too narrow" in found.method


def test_samples_are_drawn_each_by_itself():
    # samples far apart, specimens within them alike: drawn together the mean would scatter
    values = [0.0, 0.0, 1.0, 1.0]
    together = ensemble_interval(values, [0, 1, 2, 3])
    apart = ensemble_interval(values, [0, 1, 0, 1], labels=["x", "x", "y", "y"])
    assert (apart.low, apart.high) == (0.5, 0.5)
    assert together.low < 0.3 < 0.7 < together.high


def test_specimens_of_one_name_in_two_samples_are_two():
    values = [0.0, 1.0, 2.0, 3.0]
    found = ensemble_interval(values, ["p", "q", "p", "q"], labels=["x", "x", "y", "y"])
    assert "4 specimens" in found.method


def test_tiles_of_one_specimen_hang_together():
    rng = np.random.default_rng(0)
    offsets = rng.normal(0, 1, 12)
    values = np.repeat(offsets, 20) + rng.normal(0, 0.01, 240)
    specimens = np.repeat(np.arange(12), 20)
    by_specimen = ensemble_interval(values, specimens)
    by_tile = ensemble_interval(values, np.arange(240))
    assert by_specimen.high - by_specimen.low > 3 * (by_tile.high - by_tile.low)
    assert "too narrow" not in by_specimen.method


def test_a_single_specimen_is_drawn_by_tile_and_said_so():
    found = ensemble_interval([0.1, 0.2, 0.3], ["a", "a", "a"])
    assert found.low < 0.2 < found.high
    assert "single specimen" in found.method
    # one sample with one specimen is enough for that
    mixed = ensemble_interval([0.1, 0.2, 0.3], ["a", "b", "a"], labels=["x", "x", "y"])
    assert "single specimen" in mixed.method


def test_the_order_of_tiles_does_not_matter():
    rng = np.random.default_rng(1)
    values, groups = rng.random(30), np.repeat(np.arange(6), 5)
    order = rng.permutation(30)
    assert ensemble_interval(values, groups) == ensemble_interval(values[order], groups[order])
    assert ensemble_interval(values, groups, seed=1) != ensemble_interval(values, groups)


def test_tiles_without_a_value_are_left_out():
    full = ensemble_interval([0.1, 0.2, 0.4], [0, 1, 2])
    assert ensemble_interval([0.1, np.nan, 0.2, 0.4], [0, 0, 1, 2]) == full
    none = ensemble_interval([np.nan, np.nan], [0, 1])
    assert np.isnan([none.value, none.low, none.high]).all()
    one = ensemble_interval([0.5, np.nan], [0, 1])
    assert one.value == 0.5
    assert np.isnan(one.low)


@pytest.mark.parametrize(
    "call",
    [
        lambda: ensemble_interval([1.0], [0, 1]),
        lambda: ensemble_interval([1.0], [0], labels=[]),
        lambda: ensemble_interval([1.0, 2.0], [0, 1], confidence=1.0),
        lambda: ensemble_interval([1.0, 2.0], [0, 1], resamples=0),
    ],
)
def test_what_does_not_fit_is_refused(call):
    with pytest.raises(NpmError):
        call()


@pytest.mark.parametrize(("confidence", "z"), [(0.5, 0.674), (0.95, 1.96)])
def test_limits_of_many_specimens_are_those_of_the_normal_distribution(confidence, z):
    values = np.random.default_rng(2).normal(size=400)
    found = ensemble_interval(values, np.arange(400), confidence=confidence, resamples=4000)
    error = values.std() / np.sqrt(400)
    assert found.high - found.value == pytest.approx(z * error, rel=0.1)
    assert found.value - found.low == pytest.approx(z * error, rel=0.1)
