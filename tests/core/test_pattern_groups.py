"""Groups along an order: by brute force on few maps, and found again where they were planted."""

from itertools import combinations, pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_npm.core import NpmError, cut_order, group_size, similar_groups
from napari_npm.core.pattern_groups import best_match, spread_of_means


def differences(count, seed=0, families=None, noise=0.05):
    """Return differences of points: scattered, or in families far from each other."""
    rng = np.random.default_rng(seed)
    points = rng.normal(size=(count, 4))
    if families is not None:
        centres = rng.normal(size=(max(families) + 2, 4)) * 3
        near = [centres[f] + noise * points[i] if f >= 0 else 4 * points[i]
                for i, f in enumerate(families)]  # fmt: skip
        points = np.array(near)
    return np.abs(points[:, None] - points[None]).sum(axis=2)


def planted(size=8, number=3, rest=20, seed=0):
    """Return differences and an order in which families stand together, apart from the rest."""
    families = [-1] * 5 + [0] * size + [-1] * (rest - 10) + [1] * size + [2] * size + [-1] * 5
    matrix = differences(len(families), seed, families)
    shuffle = np.random.default_rng(seed + 1).permutation(len(families))
    order = np.argsort(shuffle)
    return matrix[np.ix_(shuffle, shuffle)], order, np.array(families)[shuffle]


def mean_of(matrix, members):
    return np.mean([matrix[a, b] for a, b in combinations(members, 2)])


@settings(max_examples=30, deadline=None)
@given(
    count=st.integers(4, 11),
    number=st.integers(1, 3),
    size=st.integers(2, 4),
    seed=st.integers(0, 99),
)
def test_windows_have_the_lowest_sum_of_all_choices(count, number, size, seed):
    matrix = differences(count, seed)
    order = np.random.default_rng(seed).permutation(count)
    found = similar_groups(matrix, order, number, size)
    fit = min(number, count // size)
    assert len(found) == fit
    starts = range(count - size + 1)
    sums = {
        chosen: sum(mean_of(matrix, order[s : s + size]) for s in chosen)
        for chosen in combinations(starts, fit)
        if all(b - a >= size for a, b in pairwise(chosen))
    }
    assert sum(group.mean_difference for group in found) == pytest.approx(min(sums.values()))
    for group in found:
        assert group.members.tolist() == order[group.start : group.stop].tolist()
        assert group.stop - group.start == size
        assert group.mean_difference == pytest.approx(mean_of(matrix, group.members))
    means = [group.mean_difference for group in found]
    assert means == sorted(means)
    taken = np.concatenate([group.members for group in found])
    assert len(set(taken.tolist())) == taken.size


@pytest.mark.parametrize(("count", "size"), [(7, 2), (7, 3), (8, 5), (6, 6), (3, 2)])
def test_spread_of_means_is_that_of_all_draws(count, size):
    matrix = differences(count, seed=count)
    means = [mean_of(matrix, drawn) for drawn in combinations(range(count), size)]
    assert spread_of_means(matrix, size) == pytest.approx(np.std(means), abs=1e-9)


def test_standing_out_is_told_in_spreads():
    matrix = differences(9, seed=4)
    for group in similar_groups(matrix, np.arange(9), 2, 3):
        draws = [mean_of(matrix, drawn) for drawn in combinations(range(9), 3)]
        expected = (np.mean(draws) - group.mean_difference) / np.std(draws)
        assert group.standing_out == pytest.approx(expected)


@pytest.mark.parametrize("size", [5, 8, 12])
def test_the_size_of_planted_families_is_found(size):
    matrix, order, families = planted(size)
    assert group_size([(matrix, order)]) == size
    found = similar_groups(matrix, order)
    assert sorted(families[group.members[0]] for group in found) == [0, 1, 2]
    for group in found:
        assert len(set(families[group.members])) == 1
        assert group.stability is None
        assert group.stability_other is None


def test_one_size_serves_all_samples():
    small, large = planted(5, seed=1)[:2], planted(12, seed=2)[:2]
    assert group_size([small]) == 5
    assert group_size([small, small]) == 5
    assert 5 <= group_size([small, large]) <= 12


def test_sizes_end_where_the_number_of_groups_would_not_fit():
    matrix = differences(13, seed=3)
    assert 3 <= group_size([(matrix, np.arange(13))], 3) <= 4
    assert group_size([(matrix, np.arange(13))], 6) == 3
    assert group_size([(np.ones((3, 3)) - np.eye(3), [0, 1, 2])]) == 3


def test_stability_is_the_overlap_with_the_best_match():
    matrix, order, _ = planted(8)
    rolled = np.roll(order, 7)
    reverse = order[::-1]
    (alone,) = similar_groups(matrix, order, 1, 8, orders=[reverse])
    assert alone.stability == 1.0
    found = similar_groups(matrix, order, 3, 8, orders=[order, rolled, np.arange(len(order))])
    seeds = [similar_groups(matrix, one, 3, 8) for one in (order, rolled, np.arange(len(order)))]
    for group in found:
        own = set(group.members.tolist())
        matches = [
            max(len(own & set(g.members.tolist())) / len(own | set(g.members.tolist()))
                for g in groups)
            for groups in seeds
        ]  # fmt: skip
        assert matches[0] == 1.0
        assert group.stability == pytest.approx(np.mean(matches))
        assert 0 < group.stability < 1
    assert best_match(found[0], []) == 0.0


def test_stability_on_the_other_scale_is_that_of_its_own_matrix():
    matrix, order, families = planted(8)
    other = np.where(families[:, None] == families[None], 1.0, 5.0)
    other[np.ix_(families == 0, families == 0)] = 9.0  # no group any more
    np.fill_diagonal(other, 0.0)
    found = similar_groups(matrix, order, 3, 8, other=(other, order))
    by_family = {int(families[g.members[0]]): g.stability_other for g in found}
    assert by_family[0] < 0.3
    assert by_family[1] == by_family[2] == 1.0
    assert all(group.stability is None for group in found)


def test_stability_with_maps_left_out_counts_the_maps_that_stayed():
    matrix, order, families = planted(8)
    along = [int(k) for k in order]
    gone = {next(k for k in along if families[k] == 0), next(k for k in along if families[k] == 2)}
    part = [k for k in along if k not in gone]
    found = similar_groups(matrix, order, 3, 8, subsets=[part, part[::-1]])
    for group in found:
        family = int(families[group.members[0]])
        own = {k for k in group.members.tolist() if k not in gone}
        groups = similar_groups(matrix[np.ix_(part, part)], np.arange(len(part)), 3, 8)
        named = [{part[k] for k in one.members.tolist()} for one in groups]
        expected = max(len(own & one) / len(own | one) for one in named)
        assert group.stability_subsets == pytest.approx(expected)
        assert (group.stability_subsets == 1.0) == (family == 1)
    (whole,) = similar_groups(GOOD, np.arange(6), 1, 5, subsets=[[4, 1, 0, 2]])
    left = {k for k in whole.members.tolist() if k in (4, 1, 0, 2)}
    assert whole.stability_subsets == pytest.approx(len(left) / 4)
    for part in ([0, 0, 1], [0, 1, 6], [0, 1, -1]):
        with pytest.raises(NpmError, match="name each of its maps once"):
            similar_groups(GOOD, np.arange(6), subsets=[part])


def test_identical_maps_are_grouped_without_a_word_of_standing_out():
    (group,) = similar_groups(np.zeros((5, 5)), np.arange(5), 1)
    assert group.mean_difference == group.standing_out == 0.0
    matrix = 1.0 - np.eye(6)
    found = similar_groups(matrix, np.arange(6), 2, 3)
    assert [group.standing_out for group in found] == [0.0, 0.0]
    assert [group.start for group in found] == [0, 3]


@settings(max_examples=20, deadline=None)
@given(count=st.integers(3, 8), number=st.integers(1, 3), seed=st.integers(0, 99))
def test_cuts_have_the_lowest_sum_of_all(count, number, seed):
    matrix = differences(count, seed)
    order = np.random.default_rng(seed).permutation(count)

    def cost(cuts):
        edges = [0, *cuts, count]
        blocks = [order[a:b] for a, b in pairwise(edges)]
        return sum(matrix[np.ix_(block, block)].sum() / len(block) for block in blocks)

    labels = cut_order(matrix, order, number)
    along = labels[order]
    assert (np.diff(along) >= 0).all()
    assert set(along.tolist()) == set(range(number))
    best = min(cost(cuts) for cuts in combinations(range(1, count), number - 1))
    assert cost(np.flatnonzero(np.diff(along)) + 1) == pytest.approx(best)


def test_planted_families_are_cut_apart():
    families = np.repeat([0, 1, 2, 3], [4, 9, 6, 5])
    matrix = differences(24, families=families.tolist())
    np.testing.assert_array_equal(cut_order(matrix, np.arange(24), 4), families)


GOOD = differences(6)


@pytest.mark.parametrize(
    ("matrix", "order", "words"),
    [
        (np.zeros((2, 2)), [0, 1], "There are 2 maps"),
        (np.zeros((3, 4)), [0, 1, 2], "as many rows as columns"),
        (GOOD + np.eye(6), np.arange(6), "of a map with itself"),
        (np.where(np.eye(6) > 0, 0, np.nan), np.arange(6), "finite"),
        (-GOOD, np.arange(6), "0 or more"),
        (np.triu(GOOD), np.arange(6), "not symmetric"),
        (GOOD, [0, 1, 2, 3, 4, 4], "each of the 6 maps once"),
        (GOOD, np.arange(5), "each of the 6 maps once"),
    ],
)
def test_what_is_no_matrix_or_order_is_refused(matrix, order, words):
    for call in (lambda: similar_groups(matrix, order), lambda: cut_order(matrix, order, 2),
                 lambda: group_size([(matrix, order)])):  # fmt: skip
        with pytest.raises(NpmError, match=words):
            call()


def test_numbers_that_do_not_fit_are_refused():
    order = np.arange(6)
    for size in (1, 7, 2.5):
        with pytest.raises(NpmError, match="2 to 6 of these 6 maps"):
            similar_groups(GOOD, order, 3, size)
    for size in (1, 7):
        with pytest.raises(NpmError, match="Draw 2 to 6 maps"):
            spread_of_means(GOOD, size)
    for call in (
        lambda: similar_groups(GOOD, order, 0, 3),
        lambda: group_size([]),
        lambda: cut_order(GOOD, order, 7),
        lambda: cut_order(GOOD, order, 0),
        lambda: similar_groups(GOOD, order, orders=[np.zeros(6)]),
        lambda: similar_groups(GOOD, order, other=(GOOD[:5, :5], order[:5])),
    ):
        with pytest.raises(NpmError):
            call()
