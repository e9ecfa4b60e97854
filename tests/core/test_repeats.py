import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import ttest_1samp
from sklearn.metrics import cohen_kappa_score

from napari_npm.core.errors import NpmError
from napari_npm.core.evaluation import accuracy_interval
from napari_npm.core.repeats import answer_agreement, repeated_interval, seed_spread


def test_spread_is_mean_deviation_and_range() -> None:
    found = seed_spread([0.9, 0.8, 0.94])
    assert found.mean == pytest.approx(0.88)
    assert found.sd == pytest.approx(np.std([0.9, 0.8, 0.94], ddof=1))
    assert (found.low, found.high, found.accuracies) == (0.8, 0.94, (0.9, 0.8, 0.94))
    alone = seed_spread([0.7])
    assert alone.mean == alone.low == alone.high == 0.7
    assert math.isnan(alone.sd)
    for bad in ([], [1.2], [np.nan]):
        with pytest.raises(NpmError, match="at least one accuracy"):
            seed_spread(bad)


def test_agreement_of_three_answers_is_that_counted_by_hand() -> None:
    found = answer_agreement([[0, 0, 1, 2], [0, 1, 1, 0], [0, 1, 1, 1]])
    # tile by tile, of three pairs: 3, 1, 3, 0 agree
    assert found.pairwise == pytest.approx(7 / 12)
    assert found.unanimous == pytest.approx(2 / 4)
    # answers: five 0, six 1, one 2 of twelve
    chance = (25 + 36 + 1) / 144
    assert found.kappa == pytest.approx((7 / 12 - chance) / (1 - chance))


@given(seed=st.integers(0, 99))
def test_kappa_of_two_is_near_that_of_cohen_and_bounded(seed) -> None:
    rng = np.random.default_rng(seed)
    one = rng.integers(0, 3, 400)
    two = np.where(rng.uniform(size=400) < 0.6, one, rng.integers(0, 3, 400))
    found = answer_agreement([one, two])
    assert found.kappa == pytest.approx(cohen_kappa_score(one, two), abs=0.01)
    assert found.pairwise == found.unanimous == pytest.approx((one == two).mean())
    assert answer_agreement([one, one]).kappa == pytest.approx(1)


def test_agreement_on_one_class_only_has_no_kappa() -> None:
    found = answer_agreement([[1, 1], [1, 1]])
    assert (found.pairwise, found.unanimous) == (1, 1)
    assert math.isnan(found.kappa)
    with pytest.raises(NpmError, match="at least two trainings"):
        answer_agreement([[0, 1]])


def repeats(k: int, between: float, seed: int = 0):
    """Return k repeats on six specimens of two classes, differing by repeat."""
    rng = np.random.default_rng(seed)
    labels, groups = np.repeat([0, 1], 60), np.repeat(np.arange(6), 20)
    shares = np.clip(0.5 + between * rng.normal(size=k), 0, 1)
    return [rng.uniform(size=120) < one for one in shares], [groups] * k, [labels] * k


def test_repeats_that_differ_widen_the_interval_to_that_of_student() -> None:
    correct, groups, labels = repeats(4, 0.2)
    found = repeated_interval(correct, groups, labels=labels)
    student = ttest_1samp([one.mean() for one in correct], 0).confidence_interval(0.95)
    assert (found.low, found.high) == pytest.approx((student.low, student.high))
    assert found.value == pytest.approx(np.mean(correct))
    assert "Student's interval on 4 repeats" in found.method


def test_repeats_alike_keep_the_width_of_the_specimens() -> None:
    correct, groups, labels = repeats(1, 0)
    found = repeated_interval(correct * 5, groups * 5, labels=labels * 5)
    alone = accuracy_interval(correct[0], groups[0], labels=labels[0])
    assert (found.low, found.high) == pytest.approx((alone.low, alone.high))
    assert repeated_interval(correct, groups, labels=labels) == alone
    with pytest.raises(NpmError, match="at least one tile"):
        repeated_interval([], [], labels=[])
