"""Spectral clustering of a difference matrix: planted clusters, the spectrum, bad input."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.cluster import SpectralClustering
from sklearn.metrics import adjusted_rand_score

from napari_npm.core import (
    NpmError,
    laplacian_spectrum,
    order,
    similar_clusters,
    similar_groups,
    spectral_groups,
)
from napari_npm.core.pattern_groups import spread_of_means


def clusters(sizes, seed=0, apart=6.0):
    rng = np.random.default_rng(seed)
    labels = np.repeat(np.arange(len(sizes)), sizes)
    points = rng.normal(size=(labels.size, 3)) + apart * np.eye(len(sizes), 3)[labels]
    return np.abs(points[:, None] - points[None]).sum(axis=2), labels


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 99))
def test_planted_clusters_are_found_in_any_sequence(seed):
    matrix, labels = clusters((14, 9, 11), seed, apart=14.0)
    shuffle = np.random.default_rng(seed).permutation(len(labels))
    found = spectral_groups(matrix[np.ix_(shuffle, shuffle)], 3, seed=seed)
    assert adjusted_rand_score(labels[shuffle], found) == 1.0
    assert np.bincount(found).tolist() == [14, 11, 9]  # the largest first


def test_their_number_is_read_from_the_gap():
    for sizes in ((20, 20), (15, 15, 15)):
        matrix, labels = clusters(sizes, apart=14.0)
        assert adjusted_rand_score(labels, spectral_groups(matrix)) == 1.0


def test_the_spectrum_is_that_of_the_graph():
    matrix, _ = clusters((12, 10), apart=30.0)
    values, vectors = laplacian_spectrum(matrix, neighbours=4)
    assert (values[:2] < 1e-9).all()
    assert values[2] > 0.01
    assert values.max() <= 2.0
    # the same graph, built by sorting each row by hand
    joined = np.zeros_like(matrix)
    for row, line in enumerate(matrix):
        near = sorted((value, col) for col, value in enumerate(line) if col != row)[:4]
        for _, col in near:
            joined[row, col] = joined[col, row] = 1
    degrees = joined.sum(axis=1)
    laplacian = np.eye(22) - joined / np.sqrt(np.outer(degrees, degrees))
    np.testing.assert_allclose(laplacian @ vectors, vectors * values, atol=1e-9)


def test_it_agrees_with_scikit_learn_on_the_same_graph():
    matrix, labels = clusters((25, 20, 15), seed=3, apart=3.5)
    values, vectors = laplacian_spectrum(matrix, neighbours=8)
    joined = vectors @ np.diag(1 - values) @ vectors.T  # scaled by degrees on both sides
    joined[np.abs(joined) < 1e-9] = 0
    affinity = (joined > 0).astype(float)
    model = SpectralClustering(3, affinity="precomputed", random_state=0, n_init=10)
    theirs = model.fit_predict(affinity)
    ours = spectral_groups(matrix, 3, neighbours=8)
    assert adjusted_rand_score(theirs, ours) > 0.9
    assert adjusted_rand_score(labels, ours) >= adjusted_rand_score(labels, theirs) - 0.1


def test_identical_maps_do_not_upset_it():
    found = spectral_groups(np.zeros((8, 8)), 2)
    assert found.shape == (8,)
    assert set(found.tolist()) <= {0, 1}
    assert spectral_groups(1.0 - np.eye(3)).shape == (3,)


def test_the_same_seed_gives_the_same():
    matrix, _ = clusters((10, 10, 10), apart=1.0)
    first, second = (spectral_groups(matrix, 4, seed=5) for _ in range(2))
    np.testing.assert_array_equal(first, second)


def test_numbers_that_do_not_fit_are_refused():
    matrix, _ = clusters((4, 4))
    for options, words in (
        ({"number": 1}, "2 to 8 clusters"),
        ({"number": 9}, "2 to 8 clusters"),
        ({"neighbours": 0}, "1 to 7 neighbours"),
        ({"neighbours": 8}, "1 to 7 neighbours"),
    ):
        with pytest.raises(NpmError, match=words):
            spectral_groups(matrix, **options)
    with pytest.raises(NpmError, match="There are 2 maps"):
        spectral_groups(np.zeros((2, 2)), 2)


def test_clusters_stand_one_after_another_in_the_sequence_of_an_order():
    matrix, truth = clusters((14, 9, 11), apart=14.0)
    shuffle = np.random.default_rng(1).permutation(34)
    matrix, truth = matrix[np.ix_(shuffle, shuffle)], truth[shuffle]
    path = order(matrix).permutation
    found = similar_clusters(matrix, path, 3)
    along = sorted(found, key=lambda group: group.start)
    assert [group.start for group in along] == [0, *(group.stop for group in along[:-1])]
    assert along[-1].stop == 34
    place = np.argsort(path)
    assert (np.diff([np.median(place[group.members]) for group in along]) > 0).all()
    for group in found:
        assert len(set(truth[group.members])) == 1
        assert (
            len(group.members)
            == group.stop - group.start
            == (truth == truth[group.members[0]]).sum()
        )
        assert (np.diff(place[group.members]) > 0).all()
        pairs = [matrix[a, b] for a, b in combinations(group.members, 2)]
        assert group.mean_difference == pytest.approx(np.mean(pairs))
        expected = matrix.sum() / (34 * 33) - np.mean(pairs)
        spread = spread_of_means(matrix, len(group.members))
        assert group.standing_out == pytest.approx(expected / spread)
        assert (group.stability, group.stability_other, group.stability_subsets) == (None,) * 3
    means = [group.mean_difference for group in found]
    assert means == sorted(means)
    assert similar_clusters(matrix, path)[0].members.tolist() == found[0].members.tolist()
    # windows of the order are the same where clusters are equally large and far apart
    even, _ = clusters((10, 10, 10), apart=30.0)
    line = order(even).permutation
    windows = similar_groups(even, line, 3, 10)
    both = [[set(one.members.tolist()) for one in some]
            for some in (windows, similar_clusters(even, line, 3))]  # fmt: skip
    assert both[0] == both[1]


def test_the_stability_of_clusters_is_their_overlap_with_the_best_match():
    matrix, _ = clusters((16, 12, 10), seed=2, apart=2.0)
    other, _ = clusters((16, 12, 10), seed=9, apart=1.0)
    draw = np.random.default_rng(0)
    subsets = [draw.permutation(38)[:30] for _ in range(3)]
    found = similar_clusters(
        matrix, np.arange(38), 4, seed=1, seeds=(7, 8), other=other, subsets=subsets
    )

    def best(members, labels, among):
        own = set(members.tolist()) & set(among.tolist())
        rest = [set(among[labels == label].tolist()) for label in set(labels.tolist())]
        return max(len(own & one) / len(own | one) for one in rest)

    everyone = np.arange(38)
    for group in found:
        seeds = [
            best(group.members, spectral_groups(matrix, 4, seed=seed), everyone) for seed in (7, 8)
        ]
        parts = [
            best(group.members, spectral_groups(matrix[np.ix_(part, part)], 4, seed=1), part)
            for part in subsets
        ]
        assert group.stability == pytest.approx(np.mean(seeds))
        assert group.stability_subsets == pytest.approx(np.mean(parts))
        assert group.stability_other == pytest.approx(
            best(group.members, spectral_groups(other, 4, seed=1), everyone)
        )
    assert min(group.stability_other for group in found) < 0.6
    assert min(group.stability_subsets for group in found) < 1


def test_a_map_alone_comes_last_and_is_not_told_to_be_alike():
    matrix, _ = clusters((6, 5))
    found = similar_clusters(matrix, np.arange(11), 11)
    assert [len(group.members) for group in found] == [1] * 11
    assert all(np.isnan(group.mean_difference) for group in found)
    sizes = [len(group.members) for group in similar_clusters(matrix, np.arange(11), 8)]
    assert sizes[0] > 1
    assert sizes[-1] == 1
    with pytest.raises(NpmError, match="must name each of the 11 maps"):
        similar_clusters(matrix, np.arange(10), 2)
    with pytest.raises(NpmError, match="2 to 11 clusters"):
        similar_clusters(matrix, np.arange(11), 12)
