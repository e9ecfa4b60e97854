from itertools import combinations

import numpy as np
import pytest
from scipy.stats import f, f_oneway, ttest_ind, tukey_hsd

from napari_npm.core.errors import NpmError
from napari_npm.core.statistics import anova, tukey_kramer
from napari_npm.core.unequal import games_howell, welch_anova


def samples(seed=0, sizes=(8, 15, 40), spreads=(0.01, 0.03, 0.1)):
    rng = np.random.default_rng(seed)
    return [
        rng.normal(0.2 + 0.03 * i, spread, n)
        for i, (n, spread) in enumerate(zip(sizes, spreads, strict=True))
    ]


def flat(parts):
    labels = np.repeat([f"S{i + 1}" for i in range(len(parts))], [p.size for p in parts])
    return np.concatenate(parts), labels


@pytest.mark.parametrize("seed", range(3))
def test_welch_by_its_formula(seed):
    parts = samples(seed)
    result = welch_anova(*flat(parts))
    weight = np.array([p.size / p.var(ddof=1) for p in parts])
    means = np.array([p.mean() for p in parts])
    middle = np.sum(weight * means) / weight.sum()
    lack = sum(
        (1 - w / weight.sum()) ** 2 / (p.size - 1) for w, p in zip(weight, parts, strict=True)
    )
    top = np.sum(weight * (means - middle) ** 2) / 2
    value = top / (1 + 2 * (3 - 2) / (9 - 1) * lack)
    assert result.f_value == pytest.approx(value)
    assert result.df_between == 2
    assert result.df_within == pytest.approx(8 / (3 * lack))
    assert result.p_value == pytest.approx(f.sf(value, 2, result.df_within))


def test_welch_of_two_samples_is_welchs_t_test():
    parts = samples(4)[:2]
    result = welch_anova(*flat(parts))
    expected = ttest_ind(*parts, equal_var=False)
    assert result.f_value == pytest.approx(expected.statistic**2)
    assert result.p_value == pytest.approx(expected.pvalue)
    assert result.df_within == pytest.approx(expected.df)


@pytest.mark.parametrize("confidence", [0.9, 0.99])
def test_games_howell_is_scipys(confidence):
    parts = samples(1)
    rows = games_howell(*flat(parts), confidence)
    result = tukey_hsd(*parts, equal_var=False)
    interval = result.confidence_interval(confidence)
    for row, (i, j) in zip(rows, combinations(range(3), 2), strict=True):
        assert (row.first, row.second) == (f"S{i + 1}", f"S{j + 1}")
        assert (row.first_mean, row.second_mean) == pytest.approx([parts[k].mean() for k in (i, j)])
        half = (interval.high[i, j] - interval.low[i, j]) / 2
        assert row.critical_range == pytest.approx(half, rel=1e-6)
        assert row.difference == pytest.approx(abs(result.statistic[i, j]))
        assert row.p_value == pytest.approx(result.pvalue[i, j], abs=1e-6)
        assert row.different == (row.p_value < 1 - confidence)
        spread = np.sqrt((parts[i].var(ddof=1) + parts[j].var(ddof=1)) / 2)
        freedom = parts[i].size + parts[j].size - 2
        assert row.hedges_g == pytest.approx(row.difference / spread * (1 - 3 / (4 * freedom - 1)))


def test_samples_alike_give_the_plain_tests_nearly():
    parts = samples(2, (200, 200, 200), (0.05, 0.05, 0.05))
    plain, other = tukey_kramer(*flat(parts)), games_howell(*flat(parts))
    for one, two in zip(plain, other, strict=True):
        assert one.critical_range == pytest.approx(two.critical_range, rel=0.1)
    assert welch_anova(*flat(parts)).f_value == pytest.approx(anova(*flat(parts)).f_value, rel=0.1)


def test_groups_are_the_tests_on_their_means():
    rng = np.random.default_rng(0)
    labels, groups = np.repeat([0, 1, 2], 40), np.tile(np.repeat(np.arange(4), 10), 3)
    values = rng.normal(size=120) + rng.normal(size=12)[labels * 4 + groups]
    means = values.reshape(3, 4, 10).mean(axis=2)
    result = welch_anova(values, labels, groups=groups)
    assert result.p_value == pytest.approx(f_oneway(*means, equal_var=False).pvalue)
    rows = games_howell(values, labels, groups=groups)
    assert rows[0].first_mean == pytest.approx(means[0].mean())
    plain = games_howell(means.ravel(), np.repeat([0, 1, 2], 4))
    assert [row.critical_range for row in rows] == pytest.approx([r.critical_range for r in plain])


@pytest.mark.parametrize(
    ("values", "labels", "says"),
    [
        ([1, 2, 3], [0, 0, 0], "two samples"),
        ([1, 2, 3], [0, 0, 1], "Sample 1 has one value only"),
        ([1, 1, 2, 3], [0, 0, 1, 1], "All values of sample 0 are equal"),
        ([1, np.nan, 2, 3], [0, 0, 1, 1], "NaN"),
    ],
)
def test_what_cannot_be_compared_is_refused(values, labels, says):
    for test in (welch_anova, games_howell):
        with pytest.raises(NpmError, match=says):
            test(values, labels)
    with pytest.raises(NpmError, match="confidence"):
        games_howell([1, 2, 3, 4], [0, 0, 1, 1], 1.0)
