"""Shared patterns: the formula pixel by pixel, its limits, and what the contour implies."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_npm.core import NpmError, shared_pattern, variation_within


def some(count=4, shape=(6, 5), seed=0):
    rng = np.random.default_rng(seed)
    relevance = rng.gamma(1.0, size=(count, *shape)).astype(np.float32)
    return relevance, rng.random((count, *shape)).astype(np.float32)


def test_the_formula_pixel_by_pixel():
    relevance, porosity = some()
    found = shared_pattern(relevance, porosity, contour=0.01, decay=7.0)
    sums = [float(one.sum(dtype=float)) for one in relevance]
    for row in range(6):
        for col in range(5):
            values = [float(one[row, col]) / total
                      for one, total in zip(relevance, sums, strict=True)]  # fmt: skip
            mean = sum(values) / 4
            sigma = math.sqrt(sum((value - mean) ** 2 for value in values) / 4)
            weighted = sum(
                value * float(n) for value, n in zip(values, porosity[:, row, col], strict=True)
            )
            expected = math.exp(-7 * sigma / sum(values)) * weighted
            assert found.pattern[row, col] == pytest.approx(expected, rel=1e-5)
            assert found.sigma[row, col] == pytest.approx(sigma, rel=1e-5)
            assert found.total[row, col] == pytest.approx(sum(values), rel=1e-5)
            assert found.contour[row, col] == (expected > 0.01)
    assert found.fraction == found.contour.mean()
    assert (found.skeleton == ~found.contour).all()
    assert 0 < found.fraction < 1
    assert (found.size, found.level) == (4, 0.01)


@settings(max_examples=40, deadline=None)
@given(
    count=st.integers(1, 6), seed=st.integers(0, 999), decay=st.sampled_from([0.0, 1.0, 60.0])
)  # fmt: skip
def test_limits_and_invariants(count, seed, decay):
    relevance, porosity = some(count, seed=seed)
    found = shared_pattern(relevance, porosity, decay=decay)
    assert found.total.sum() == pytest.approx(count, rel=1e-5)
    assert (found.pattern >= 0).all()
    assert (found.pattern <= found.total * (1 + 1e-6)).all()
    # sigma / total lies between 0 and sqrt(k - 1) / k
    assert (found.sigma <= found.total * (math.sqrt(count - 1) / count + 1e-6)).all()
    # neither the unit of relevance nor the sequence of the maps counts
    factors = np.random.default_rng(seed).uniform(0.1, 9.0, count)
    scaled = shared_pattern(relevance * factors[:, None, None], porosity, decay=decay)
    np.testing.assert_allclose(scaled.pattern, found.pattern, rtol=1e-4, atol=1e-12)
    turned = shared_pattern(relevance[::-1], porosity[::-1], decay=decay)
    np.testing.assert_allclose(turned.pattern, found.pattern, rtol=1e-5)
    weaker = shared_pattern(relevance, porosity, decay=decay + 1)
    assert (weaker.pattern <= found.pattern * (1 + 1e-6)).all()


def test_equal_maps_are_not_dimmed():
    relevance, porosity = some(1)
    maps = np.repeat(relevance, 5, axis=0)
    found = shared_pattern(maps, np.repeat(porosity, 5, axis=0))
    assert found.sigma.max() < 1e-9
    expected = 5 * porosity[0] * relevance[0] / relevance.sum(dtype=float)
    np.testing.assert_allclose(found.pattern, expected, rtol=1e-5)


def test_a_single_map_with_relevance_is_dimmed_most():
    relevance = np.zeros((4, 2, 2))
    relevance[:, 0, 0] = 1.0
    relevance[2, 1, 1] = 1.0
    found = shared_pattern(relevance, np.ones_like(relevance), decay=60)
    share = 0.5 * math.exp(-60 * math.sqrt(3) / 4)
    assert found.pattern[1, 1] == pytest.approx(share, rel=1e-6)
    assert found.pattern[0, 1] == found.pattern[1, 0] == 0.0
    assert not found.contour[0, 1]


def test_the_papers_level_lies_near_half_the_mean_relevance():
    side, n = 384, 0.17
    for count, inside in ((2, False), (3, True)):
        flat = np.ones((count, side, side), np.float32)
        found = shared_pattern(flat, np.full_like(flat, n))
        assert found.total.mean() / count == pytest.approx(6.78e-6, rel=1e-3)
        assert found.fraction == float(inside)
        assert (variation_within(count, side**2, n) > 0) == inside


@pytest.mark.parametrize(("c", "fewest"), [(0.7, 21), (1.5, 35)])
def test_from_how_many_maps_on_a_mean_pixel_is_within_the_papers_level(c, fewest):
    limits = [variation_within(count, 384**2, 0.17) for count in (fewest - 1, fewest)]
    assert limits[0] < c < limits[1]


@pytest.mark.parametrize(("count", "decay"), [(20, 60.0), (8, 10.0), (30, 5.0)])
def test_how_much_maps_may_differ_within_the_contour(count, decay):
    """Half of the maps have relevance 1 + c and half 1 - c at the left, the reverse right."""
    limit = variation_within(count, 8, 0.5, contour=0.4, decay=decay)
    assert limit > 0
    for change, inside in ((0.99, True), (1.01, False)):
        c = limit * change
        if c >= 1:
            continue
        left = np.where(np.arange(count) % 2 == 0, 1 + c, 1 - c)
        maps = np.concatenate(
            [np.repeat(left, 4).reshape(-1, 4, 1), np.repeat(2 - left, 4).reshape(-1, 4, 1)], 2
        )
        found = shared_pattern(maps, np.full_like(maps, 0.5), contour=0.4, decay=decay)
        assert found.contour.all() == inside


def test_variation_within_has_its_ends():
    assert variation_within(1, 384**2, 0.17) == 0.0
    assert variation_within(10, 384**2, 0.17, decay=0) == math.inf
    assert variation_within(20, 384**2, 0.17) == pytest.approx(20 / 60 * math.log(7.685), rel=1e-3)


ONE = np.ones((2, 3, 3))


@pytest.mark.parametrize(
    ("relevance", "porosity", "words"),
    [
        (np.ones((0, 3, 3)), np.ones((0, 3, 3)), "at least one"),
        (np.ones((3, 3)), np.ones((3, 3)), "at least one"),
        (ONE, np.ones((2, 3, 4)), "differ"),
        ([np.ones((3, 3)), np.ones((3, 4))], ONE, "one size"),
        (ONE, [np.ones((3, 3)), np.ones((2, 3))], "one size"),
        (-ONE, ONE, "0 or more"),
        (ONE * np.nan, ONE, "0 or more"),
        (ONE, 1.1 * ONE, "between 0 and 1"),
        (ONE, np.nan * ONE, "between 0 and 1"),
        (ONE * np.array([1, 0])[:, None, None], ONE, "without any relevance"),
    ],
)
def test_maps_that_share_nothing_are_refused(relevance, porosity, words):
    with pytest.raises(NpmError, match=words):
        shared_pattern(relevance, porosity)


def test_settings_out_of_range_are_refused():
    for options in ({"contour": 0.0}, {"contour": math.nan}, {"decay": -1.0}):
        with pytest.raises(NpmError, match="contour level above 0"):
            shared_pattern(ONE, ONE, **options)
    for args in ((0, 9, 0.5), (1, 0, 0.5), (1, 9, 1.5)):
        with pytest.raises(NpmError):
            variation_within(*args)
