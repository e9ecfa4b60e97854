from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_npm.core.correlation import compare_correlations, from_counts, two_point
from napari_npm.core.errors import Cancelled, NpmError


def textures(n, grain, seed, *, side=40, levels=8):
    """Maps of square grains of that side, each of a random grey level."""
    cells = -(-side // grain)
    grey = np.random.default_rng(seed).integers(0, levels, (n, cells, cells))
    maps = np.kron(grey, np.ones((grain, grain), int))[:, :side, :side]
    return two_point(maps, r_max=10, levels=levels)


def by_hand(a, b, sides):
    """Total variation, mean over r in units of its mean, of every dealing of the maps."""
    counts = np.concatenate([a.grouped, b.grouped])[:, 1:].astype(float)
    found = []
    for chosen in sides:
        second = counts[list(chosen)].sum(axis=0)
        first = counts.sum(axis=0) - second
        p, q = (one / one.sum(axis=1, keepdims=True) for one in (first, second))
        found.append(np.abs(q - p).sum(axis=1) / 2)
    return np.array(found)


def test_all_relabellings_of_few_maps_give_the_exact_p():
    a, b = textures(3, 2, 0), textures(4, 3, 1)
    found = compare_correlations(a, b)
    sides = list(combinations(range(7), 4))
    distances = by_hand(a, b, sides)
    observed = sides.index((3, 4, 5, 6))
    relative = distances / distances.mean(axis=0)
    assert (found.permutations, found.exact, found.units) == (35, True, (3, 4))
    np.testing.assert_allclose(found.distance[1:], distances[observed], rtol=1e-9)
    mean = relative.mean(axis=1)
    assert found.p_overall == (mean >= mean[observed] - 1e-6).mean()
    largest = relative.max(axis=1)
    expected = [(largest >= one - 1e-6).mean() for one in relative[observed]]
    np.testing.assert_allclose(found.p_distance[1:], expected)
    np.testing.assert_allclose(found.difference, b.probability - a.probability)
    assert "below 0.029" in found.note


def test_different_samples_are_told_apart_and_where():
    # Beyond a grain's diagonal both are uncorrelated.
    a, b = textures(12, 2, 2), textures(12, 4, 3)
    found = compare_correlations(a, b, permutations=199, seed=5)
    assert (found.permutations, found.exact) == (200, False)
    assert found.p_overall == 1 / 200
    assert found.p_distance[2] == 1 / 200
    assert found.p_distance[9] > 0.05
    assert found.significant(0.05)[2, 0]
    assert not found.significant(0.05)[9].any()
    assert found.significant(1.0).shape == a.counts.shape
    again = compare_correlations(a, b, permutations=199, seed=5)
    np.testing.assert_array_equal(found.p_group, again.p_group)


def test_samples_that_are_alike_are_told_apart_as_often_as_the_level_says():
    p, low, cells = [], 0, 0
    for seed in range(60):
        a, b = textures(5, 2, 2 * seed, side=16), textures(5, 2, 2 * seed + 1, side=16)
        found = compare_correlations(a, b, permutations=49, seed=seed)
        p.append(found.p_overall)
        low += found.p_distance.min() <= 0.1
        cells += found.p_group.min() <= 0.1
    # Of 60 at a level of 0.1: 6 expected, 13 or more in one of 200 runs.
    assert sum(one <= 0.1 for one in p) <= 12
    assert low <= 12
    assert cells <= 12
    assert 0.35 < np.mean(p) < 0.65


def test_tiles_of_one_specimen_stay_together():
    # Tiles of a specimen are copies: as many maps again, but no more evidence.
    one, other = textures(3, 2, 7), textures(3, 3, 8)
    a = from_counts(np.repeat([g.reshape(11, -1) for g in counts_of(one)], 4, axis=0))
    b = from_counts(np.repeat([g.reshape(11, -1) for g in counts_of(other)], 4, axis=0))
    names = [name for name in "abc" for _ in range(4)]
    by_specimen = compare_correlations(a, b, groups=(names, names))
    single = compare_correlations(
        from_counts(np.array(counts_of(one))), from_counts(np.array(counts_of(other)))
    )
    assert (by_specimen.unit, by_specimen.units) == ("specimen", (3, 3))
    assert by_specimen.p_overall == single.p_overall == 0.1
    assert "as if independent" not in by_specimen.note
    assert compare_correlations(a, b, permutations=999).p_overall <= 0.002


def counts_of(found):
    return list(found.grouped)


def test_identical_maps_do_not_differ():
    a = textures(1, 2, 0)
    found = compare_correlations(a, a)
    assert found.p_overall == 1.0
    assert not found.difference.any()
    assert (found.p_group == 1).all()
    assert "no p-value can be below 1" in found.note


@given(st.integers(1, 4), st.integers(1, 4), st.integers(0, 9))
@settings(max_examples=15, deadline=None)
def test_exchanging_the_samples_turns_the_difference_round(n, m, seed):
    a, b = textures(n, 2, seed, side=12), textures(m, 3, seed + 1, side=12)
    there, back = compare_correlations(a, b), compare_correlations(b, a)
    np.testing.assert_array_equal(there.difference, -back.difference)
    np.testing.assert_allclose(there.p_group, back.p_group)
    assert there.p_overall == pytest.approx(back.p_overall)
    assert 1 / there.permutations <= there.p_overall <= 1
    assert (there.p_distance >= 1 / there.permutations - 1e-12).all()


def test_what_cannot_be_compared_is_refused():
    a, b = textures(2, 2, 0), two_point(np.zeros((12, 12)), r_max=9, levels=8)
    with pytest.raises(NpmError, match="same r_max"):
        compare_correlations(a, b)
    with pytest.raises(NpmError, match="2 maps but 1 specimens"):
        compare_correlations(a, a, groups=(["x"], ["x", "y"]))
    with pytest.raises(NpmError, match="at least one permutation"):
        compare_correlations(a, a, permutations=0)


def test_permutations_can_be_stopped():
    def stop(done, total, message="", metrics=None):
        raise Cancelled

    with pytest.raises(Cancelled):
        compare_correlations(textures(2, 2, 0), textures(2, 2, 1), progress=stop)
