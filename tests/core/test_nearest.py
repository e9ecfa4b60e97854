import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.model_selection import LeaveOneGroupOut, cross_val_predict
from sklearn.neighbors import NearestCentroid

from napari_npm.core.errors import NpmError
from napari_npm.core.nearest import nearest_mean, nearest_mean_left_out


@settings(deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 4))
def test_nearest_mean_is_sklearns_nearest_centroid(seed, classes):
    rng = np.random.default_rng(seed)
    labels = np.concatenate([np.arange(classes), rng.integers(0, classes, 30)])
    values = labels * 0.1 + rng.normal(0, 0.1, labels.size)
    fit = np.concatenate([np.arange(classes), rng.choice(labels.size, 10)])
    evaluate = rng.choice(labels.size, 15, replace=False)
    for some, other in ((None, None), (fit, evaluate)):
        result = nearest_mean(values, labels, fit=some, evaluate=other)
        at = slice(None) if some is None else some
        to = slice(None) if other is None else other
        centroid = NearestCentroid().fit(values[at, None], labels[at])
        assert result.means == pytest.approx(centroid.centroids_[:, 0])
        assert np.array_equal(result.predicted, centroid.predict(values[to, None]))
        assert result.accuracy == pytest.approx(centroid.score(values[to, None], labels[to]))
        assert np.array_equal(result.evaluated, np.arange(labels.size)[to])


def test_nearest_mean_of_the_papers_sample_means():
    # Table 2: porosities 0.219, 0.170, 0.239 of S1-S3; one map of each at its mean, one between.
    values = np.array([0.219, 0.170, 0.239, 0.219, 0.170, 0.239, 0.230])
    labels = np.array(["S1", "S2", "S3", "S1", "S2", "S3", "S1"])
    result = nearest_mean(values, labels, fit=np.arange(6))
    assert result.predicted.tolist() == ["S1", "S2", "S3", "S1", "S2", "S3", "S3"]
    assert result.accuracy == pytest.approx(6 / 7)
    assert result.classes.tolist() == ["S1", "S2", "S3"]


def two_descriptors(seed=0, n=30):
    rng = np.random.default_rng(seed)
    labels = np.repeat(["S1", "S2", "S3"], n)
    # The second is a million times the first, as nm2 are to porosity.
    first = np.repeat([0.2, 0.17, 0.24], n) + rng.normal(0, 0.04, 3 * n)
    second = np.repeat([1.3e5, 0.4e5, 1.2e5], n) + rng.normal(0, 4e4, 3 * n)
    return np.column_stack([first, second]), labels, np.tile(np.arange(5), 3 * n // 5)


def test_two_descriptors_are_weighed_by_their_scatter_inside_the_samples():
    values, labels, _ = two_descriptors()
    result = nearest_mean(values, labels)
    inside = np.concatenate(
        [values[labels == s] - values[labels == s].mean(0) for s in ["S1", "S2", "S3"]]
    )
    scaled = values / inside.std(axis=0)
    centroid = NearestCentroid().fit(scaled, labels)
    assert np.array_equal(result.predicted, centroid.predict(scaled))
    assert result.means == pytest.approx(centroid.centroids_ * inside.std(axis=0))
    units = nearest_mean(values * [1e3, 1e-6], labels)
    assert np.array_equal(units.predicted, result.predicted)
    # Without the scaling only the large numbers count.
    assert not np.array_equal(result.predicted, nearest_mean(values[:, 1], labels).predicted)


def test_a_descriptor_without_scatter_does_no_harm():
    values, labels, _ = two_descriptors()
    values[:, 0] = 0.3
    both = nearest_mean(values, labels)
    assert np.array_equal(both.predicted, nearest_mean(values[:, 1], labels).predicted)


@pytest.mark.parametrize("columns", [0, 1])
def test_leaving_specimens_out_is_sklearns_cross_validation(columns):
    values, labels, groups = two_descriptors(3)
    groups = np.char.add(labels, groups.astype(str))
    one = values[:, columns]
    result = nearest_mean_left_out(one, labels, groups)
    expected = cross_val_predict(
        NearestCentroid(), one[:, None], labels, groups=groups, cv=LeaveOneGroupOut()
    )
    assert np.array_equal(result.predicted, expected)
    assert result.accuracy == np.mean(expected == labels)


def test_same_names_in_two_samples_are_two_specimens():
    values, labels, groups = two_descriptors(4)
    plain = nearest_mean_left_out(values, labels, groups)
    named = nearest_mean_left_out(values, labels, np.char.add(labels, groups.astype(str)))
    assert np.array_equal(plain.predicted, named.predicted)


def test_left_out_specimens_are_not_known_by_heart():
    # Specimens differ, samples do not: maps are told apart by their specimen's own mean, which
    # sits in the mean of its sample; left out, they are not.
    rng = np.random.default_rng(1)
    groups = np.repeat(np.arange(40), 10)
    labels = np.repeat([0, 1], 200)
    inside, outside = [], []
    for _ in range(20):
        values = rng.normal(size=40)[groups] + 0.01 * rng.normal(size=400)
        inside.append(nearest_mean(values, labels).accuracy)
        outside.append(nearest_mean_left_out(values, labels, groups).accuracy)
    assert np.mean(inside) > np.mean(outside) + 0.03
    assert np.mean(outside) < 0.53


def test_what_cannot_be_classified_is_refused():
    with pytest.raises(NpmError, match="no maps"):
        nearest_mean([1, 2, 3], [0, 1, 1], evaluate=[])
    with pytest.raises(NpmError, match="two samples"):
        nearest_mean([1, 2, 3], [0, 1, 1], fit=[1, 2])
    with pytest.raises(NpmError, match="NaN"):
        nearest_mean([[1, np.nan], [1, 2]], [0, 1])
    with pytest.raises(NpmError, match="one label"):
        nearest_mean([[1, 2]], [0, 1])
    with pytest.raises(NpmError, match="one specimen only"):
        nearest_mean_left_out([1, 2, 3, 4], [0, 0, 1, 1], [0, 0, 1, 2])
    with pytest.raises(NpmError, match="one group for each"):
        nearest_mean_left_out([1, 2], [0, 1], [0])
