from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import f_oneway, tukey_hsd
from sklearn.neighbors import NearestCentroid

from napari_npm.core.errors import NpmError
from napari_npm.core.statistics import anova, nearest_mean, tukey_kramer

SIZES = [(20, 20, 20), (5, 40, 17), (3, 9), (4, 8, 2, 30)]


def samples(sizes, seed=0):
    rng = np.random.default_rng(seed)
    return [rng.normal(0.2 + 0.02 * i, 0.03, n) for i, n in enumerate(sizes)]


def flat(parts):
    labels = np.repeat([f"S{i + 1}" for i in range(len(parts))], [p.size for p in parts])
    order = np.random.default_rng(9).permutation(labels.size)
    return np.concatenate(parts)[order], labels[order]


@pytest.mark.parametrize("sizes", SIZES)
@pytest.mark.parametrize("confidence", [0.9, 0.95])
def test_critical_range_is_half_of_scipys_interval(sizes, confidence):
    parts = samples(sizes)
    rows = tukey_kramer(*flat(parts), confidence)
    result = tukey_hsd(*parts)
    interval = result.confidence_interval(confidence)
    pairs = list(combinations(range(len(parts)), 2))
    assert [(r.first, r.second) for r in rows] == [(f"S{i + 1}", f"S{j + 1}") for i, j in pairs]
    for row, (i, j) in zip(rows, pairs, strict=True):
        half = (interval.high[i, j] - interval.low[i, j]) / 2
        assert row.critical_range == pytest.approx(half, rel=1e-6)
        assert row.first_mean == pytest.approx(parts[i].mean())
        assert row.second_mean == pytest.approx(parts[j].mean())
        assert row.difference == pytest.approx(abs(result.statistic[i, j]))
        assert row.p_value == pytest.approx(result.pvalue[i, j], abs=1e-6)
        assert row.different == (interval.low[i, j] > 0 or interval.high[i, j] < 0)
        assert row.different == (row.p_value < 1 - confidence)


def test_textbook_table():
    # q(0.95; 3, 12) = 3.77 in printed tables of the studentized range.
    parts = [np.array([1.0, 2, 3, 4, 5]) + shift for shift in (0, 2, 9)]
    rows = tukey_kramer(*flat(parts), 0.95)
    assert [r.critical_range for r in rows] == pytest.approx(
        [3.77 * np.sqrt(2.5 / 5)] * 3, rel=1e-3
    )
    assert [r.different for r in rows] == [False, True, True]
    assert rows[0].conclusion == "2 <= 2.668, means are not different"
    assert rows[1].conclusion == "9 > 2.668, means are different"


@pytest.mark.parametrize("sizes", SIZES)
def test_anova_is_scipys(sizes):
    parts = samples(sizes)
    result = anova(*flat(parts))
    expected = f_oneway(*parts)
    assert result.f_value == pytest.approx(expected.statistic)
    assert result.p_value == pytest.approx(expected.pvalue)
    assert (result.df_between, result.df_within) == (len(sizes) - 1, sum(sizes) - len(sizes))
    # MSE is the pooled variance.
    pooled = sum((p.size - 1) * p.var(ddof=1) for p in parts) / result.df_within
    assert result.mean_square_within == pytest.approx(pooled)


def test_samples_without_scatter():
    same = ([1, 1, 1, 1], ["a", "a", "b", "b"])
    apart = ([1, 1, 2, 2], ["a", "a", "b", "b"])
    assert (anova(*same).f_value, anova(*same).p_value) == (0, 1)
    assert (anova(*apart).f_value, anova(*apart).p_value) == (np.inf, 0)
    assert not tukey_kramer(*same)[0].different
    assert tukey_kramer(*apart)[0].different
    lengths = np.repeat(["a", "b"], [3, 7])
    assert not tukey_kramer(np.full(10, 0.1), lengths)[0].different
    constant = np.repeat([0.1, 0.3], 3)  # means of 0.1 round, so its scatter must not be summed
    assert anova(constant, np.repeat([0, 1], 3)).mean_square_within == 0


def test_groups_are_the_test_on_their_means():
    rng = np.random.default_rng(1)
    labels = np.repeat([0, 1, 2], 60)
    groups = np.tile(np.repeat(np.arange(5), 12), 3)
    values = rng.normal(size=180) + rng.normal(size=15)[labels * 5 + groups]
    means = np.array(
        [[values[(labels == a) & (groups == b)].mean() for b in range(5)] for a in range(3)]
    )
    result = anova(values, labels, groups=groups)
    assert result.p_value == pytest.approx(f_oneway(*means).pvalue)
    assert result.df_within == 12
    interval = tukey_hsd(*means).confidence_interval(0.9)
    rows = tukey_kramer(values, labels, groups=groups)
    half = (interval.high - interval.low)[[0, 0, 1], [1, 2, 2]] / 2
    assert [row.critical_range for row in rows] == pytest.approx(list(half), rel=1e-6)


def test_tiles_of_one_mosaic_mislead_and_specimen_means_do_not():
    # No true difference, intraclass correlation 0.2: a nominal 10 % test by tiles rejects in most
    # trials, by specimen means in about 10 %.
    rng = np.random.default_rng(4)
    labels = np.repeat([0, 1, 2], 250)
    groups = np.repeat(np.arange(15), 50)
    tiles, specimens, trials = 0, 0, 400
    for _ in range(trials):
        values = rng.normal(0, 0.8**0.5, 750) + rng.normal(0, 0.2**0.5, 15)[groups]
        tiles += anova(values, labels).p_value < 0.1
        specimens += anova(values, labels, groups=groups).p_value < 0.1
    assert tiles / trials > 0.7
    # Five standard errors of a share of 0.1 in 400 trials.
    assert specimens / trials == pytest.approx(0.1, abs=0.075)


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


@pytest.mark.parametrize(
    ("values", "labels", "says"),
    [
        ([1, 2, 3], [0, 0, 0], "two samples"),
        ([1, 2], [0, 1], "one value only"),
        ([1, 2, 3], [0, 1], "one label"),
        ([1, np.nan, 3], [0, 1, 1], "NaN"),
        ([[1, 2]], [[0, 1]], "one value"),
    ],
)
def test_bad_tests(values, labels, says):
    with pytest.raises(NpmError, match=says):
        tukey_kramer(values, labels)
    with pytest.raises(NpmError, match=says):
        anova(values, labels)


def test_bad_confidence_groups_and_indices():
    with pytest.raises(NpmError, match="confidence"):
        tukey_kramer([1, 2, 3], [0, 1, 1], 90)
    with pytest.raises(NpmError, match="one group for each"):
        anova([1, 2, 3], [0, 1, 1], groups=[1, 2])
    with pytest.raises(NpmError, match="no maps"):
        nearest_mean([1, 2, 3], [0, 1, 1], evaluate=[])
    with pytest.raises(NpmError, match="two samples"):
        nearest_mean([1, 2, 3], [0, 1, 1], fit=[1, 2])
