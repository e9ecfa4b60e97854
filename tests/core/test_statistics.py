from itertools import combinations

import numpy as np
import pytest
from scipy.optimize import brentq
from scipy.stats import f_oneway, norm, studentized_range, tukey_hsd

from napari_npm.core.errors import NpmError
from napari_npm.core.statistics import anova, critical_range, tukey_kramer

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


def test_bad_confidence_and_groups():
    with pytest.raises(NpmError, match="confidence"):
        tukey_kramer([1, 2, 3], [0, 1, 1], 90)
    with pytest.raises(NpmError, match="one group for each"):
        anova([1, 2, 3], [0, 1, 1], groups=[1, 2])


@pytest.mark.parametrize(
    "numbers", [(-1, 5, 5, 3, 12), (np.nan, 5, 5, 3, 12), (1, 0, 5, 3, 12), (1, 5, 5, 1, 12),
                (1, 5, 5, 3, 0)],
)  # fmt: skip
def test_a_critical_range_of_impossible_numbers_is_refused(numbers):
    with pytest.raises(NpmError, match="needs a mean square"):
        critical_range(*numbers)


def test_effect_sizes():
    parts = samples((20, 30, 10))
    values, labels = flat(parts)
    result = anova(values, labels)
    whole = np.sum((values - values.mean()) ** 2)
    inside = sum(np.sum((p - p.mean()) ** 2) for p in parts)
    assert result.eta_squared == pytest.approx(1 - inside / whole)
    mse = inside / 57
    assert result.omega_squared == pytest.approx((whole - inside - 2 * mse) / (whole + mse))
    rows = tukey_kramer(values, labels)
    d = abs(parts[0].mean() - parts[1].mean()) / np.sqrt(mse)
    assert rows[0].hedges_g == pytest.approx(d * (1 - 3 / (4 * 57 - 1)))
    # Means as unlike as chance makes them explain nothing.
    assert anova([1, 2, 3, 1, 2, 3], [0, 0, 0, 1, 1, 1]).omega_squared == 0


def accuracy_of_nearest_mean(means, sd):
    """Return the share assigned rightly, for normal values of equal spread."""
    edges = np.concatenate([[-np.inf], (means[1:] + means[:-1]) / 2, [np.inf]])
    return np.mean(norm.cdf((edges[1:] - means) / sd) - norm.cdf((edges[:-1] - means) / sd))


# Paper, Table 2 (means of S1-S3, their differences, CR-TK at 90 %) and section 3 (the share
# of maps that the nearest mean assigns rightly). Two means and their difference are rounded, so
# that these agree to one and a half last digits.
TABLE_2 = [
    ((0.219, 0.170, 0.239), (0.050, 0.019, 0.069), 0.028, 0.0015, 0.547),
    ((131348, 43298, 123591), (88050, 7757, 80293), 26634, 1.5, 0.605),
]


@pytest.mark.parametrize(("means", "differences", "critical", "digit", "share"), TABLE_2)
@pytest.mark.parametrize("n", [4, 18, 1000])
def test_the_papers_table_is_reproduced(means, differences, critical, digit, share, n):
    # A data set of these means and of the MSE that the critical range implies for n values each.
    freedom = 3 * n - 3
    mse = n * (critical / studentized_range.ppf(0.9, 3, freedom)) ** 2
    assert critical_range(mse, n, n, 3, freedom, 0.9) == pytest.approx(critical)
    shape = np.linspace(-1, 1, n)
    shape *= np.sqrt(mse / shape.var(ddof=1))
    values = np.concatenate([mean + shape for mean in means])
    rows = tukey_kramer(values, np.repeat(["S1", "S2", "S3"], n), 0.9)
    assert [(row.first, row.second) for row in rows] == [("S1", "S2"), ("S1", "S3"), ("S2", "S3")]
    assert [row.critical_range for row in rows] == pytest.approx([critical] * 3)
    assert [row.difference for row in rows] == pytest.approx(differences, abs=digit)
    assert [row.different for row in rows] == [True, False, True]
    assert [row.p_value < 0.1 for row in rows] == [True, False, True]


def test_the_papers_critical_ranges_fit_some_eighteen_values_a_sample_and_not_a_thousand():
    implied = []
    for means, _, critical, _, share in TABLE_2:
        means = np.sort(means)
        scatter = brentq(
            lambda sd, m=means, s=share: accuracy_of_nearest_mean(m, sd) - s,
            np.ptp(means) / 10,
            np.ptp(means) * 5,
        )
        n = 20.0
        for _ in range(4):  # the quantile hardly depends on n
            n *= (critical_range(scatter**2, n, n, 3, 3 * n - 3) / critical) ** 2
        implied.append(n)
        # A thousand maps with this scatter would resolve a seventh of the difference.
        assert critical_range(scatter**2, 1000, 1000, 3, 2997) < critical / 7
    assert implied == pytest.approx([19.0, 16.5], abs=0.1)
