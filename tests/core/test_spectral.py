"""Spectral clustering of a difference matrix: planted clusters, the spectrum, bad input."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.cluster import SpectralClustering
from sklearn.metrics import adjusted_rand_score

from napari_npm.core import NpmError, laplacian_spectrum, spectral_groups


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
