import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest
from sklearn.metrics import confusion_matrix

from napari_npm.core.errors import NpmError
from napari_npm.core.evaluation import (
    accuracy_interval,
    confusion,
    per_class_accuracy,
    split_by_group,
    split_tiles,
)


def specimens(per_class: int, tiles: int, spread: float, seed: int = 0):
    """Draw tiles (three classes) whose specimens differ in their true accuracy."""
    rng = np.random.default_rng(seed)
    labels = np.repeat(np.arange(3), per_class * tiles)
    groups = np.repeat(np.arange(3 * per_class), tiles)
    true = np.clip(0.8 + spread * rng.normal(size=3 * per_class), 0, 1)
    return rng.uniform(size=len(groups)) < true[groups], groups, labels


def test_bootstrap_has_the_width_that_theory_gives() -> None:
    correct, groups, labels = specimens(60, 25, 0.1)
    found = accuracy_interval(correct, groups, labels=labels, resamples=8000)
    means = correct.reshape(3, 60, 25).mean(2)
    # mean of equal specimens drawn by class: the variance of the mean of three means
    error = np.sqrt((means.var(1) / 60).sum()) / 3
    assert found.value == pytest.approx(correct.mean())
    assert found.low == pytest.approx(found.value - 1.96 * error, abs=0.1 * error)
    assert found.high == pytest.approx(found.value + 1.96 * error, abs=0.1 * error)
    # specimens that differ make the interval wider than tiles do
    tiles = binomtest(int(correct.sum()), len(correct)).proportion_ci(0.95, "wilson")
    assert found.high - found.low > 1.3 * (tiles.high - tiles.low)
    assert "180 specimens, drawn by class" in found.method


def test_interval_covers_the_truth_as_often_as_it_says() -> None:
    # 90 % intervals, 300 repetitions: the count inside has a deviation of 0.017
    inside = 0
    for seed in range(300):
        correct, groups, labels = specimens(12, 10, 0.08, seed)
        found = accuracy_interval(correct, groups, labels=labels, confidence=0.9, resamples=400)
        inside += found.low <= 0.8 <= found.high
    assert 0.83 < inside / 300 < 0.95


def test_one_specimen_a_class_gives_wilson_and_says_what_it_means() -> None:
    correct = np.array([True] * 46 + [False] * 4)
    labels = np.repeat([0, 1], 25)
    found = accuracy_interval(correct, labels, labels=labels)
    wilson = binomtest(46, 50).proportion_ci(0.95, "wilson")
    assert (found.low, found.high) == pytest.approx((wilson.low, wilson.high))
    assert "single specimen" in found.method
    # the same specimen name in two classes is two specimens
    assert accuracy_interval(correct, ["1"] * 50, labels=labels).low == found.low


def test_all_right_still_has_a_width() -> None:
    found = accuracy_interval(np.ones(400, bool), np.repeat(np.arange(8), 50))
    wilson = binomtest(8, 8).proportion_ci(0.95, "wilson")
    assert found.value == found.high == 1
    assert found.low == pytest.approx(wilson.low)
    assert "8 specimens once" in found.method


def test_interval_is_seeded_and_indifferent_to_order() -> None:
    correct, groups, labels = specimens(5, 7, 0.1)
    one = accuracy_interval(correct, groups, labels=labels, resamples=50, seed=3)
    order = np.random.default_rng(0).permutation(len(correct))
    again = accuracy_interval(
        correct[order], groups[order], labels=labels[order], resamples=50, seed=3
    )
    assert one == again
    assert one != accuracy_interval(correct, groups, labels=labels, resamples=50, seed=4)


@pytest.mark.parametrize(
    ("correct", "groups", "options"),
    [
        ([], [], {}),
        ([True], ["a", "b"], {}),
        ([True], ["a"], {"labels": [0, 1]}),
        ([True], ["a"], {"confidence": 1.0}),
    ],
)
def test_bad_interval_input_is_one_sentence(correct, groups, options) -> None:
    with pytest.raises(NpmError):
        accuracy_interval(correct, groups, **options)


def test_confusion_agrees_with_sklearn() -> None:
    rng = np.random.default_rng(0)
    true, predicted = rng.integers(0, 4, 100), rng.integers(0, 4, 100)
    counts = confusion(true, predicted, 4)
    np.testing.assert_array_equal(counts, confusion_matrix(true, predicted))
    for label, share in enumerate(per_class_accuracy(counts)):
        assert share == pytest.approx((predicted[true == label] == label).mean())
    assert np.isnan(per_class_accuracy(confusion([0], [0], 2))[1])
    with pytest.raises(NpmError, match="from 0 to 2"):
        confusion([0, 3], [0, 0], 3)
    with pytest.raises(NpmError, match="one predicted class"):
        confusion([0, 1], [0], 3)


@given(
    counts=st.lists(st.integers(3, 9), min_size=2, max_size=4),
    test=st.floats(0.05, 0.45),
    validation=st.floats(0.05, 0.45),
    seed=st.integers(0, 99),
)
def test_split_keeps_specimens_whole_and_classes_everywhere(counts, test, validation, seed):
    rng = np.random.default_rng(seed)
    labels = np.repeat(np.arange(len(counts)), np.array(counts) * 4)
    # names repeat in every class
    groups = np.concatenate([np.repeat(np.arange(count), 4) for count in counts])
    shuffled = rng.permutation(len(labels))
    labels, groups = labels[shuffled], groups[shuffled]
    parts = split_by_group(
        labels, groups, test_fraction=test, validation_fraction=validation, seed=seed
    )
    for label, count in enumerate(counts):
        own = [set(parts[(labels == label) & (groups == group)]) for group in range(count)]
        assert all(len(part) == 1 for part in own)
        assert set().union(*own) == {"train", "validation", "test"}
    again = split_by_group(
        labels[::-1], groups[::-1], test_fraction=test, validation_fraction=validation, seed=seed
    )
    np.testing.assert_array_equal(parts, again[::-1])


def test_split_has_the_shares_asked_for() -> None:
    labels, groups = np.repeat([0, 1], 40), np.tile(np.arange(20), 4)
    parts = split_by_group(labels, groups, test_fraction=0.25, validation_fraction=0.1, seed=1)
    assert [(parts == part).sum() for part in ("train", "validation", "test")] == [52, 8, 20]
    others = [split_by_group(labels, groups, seed=seed).tolist() for seed in range(5)]
    assert len({tuple(parts) for parts in others}) > 1
    assert set(split_by_group(labels, groups)) == {"train", "test"}


@pytest.mark.parametrize(
    ("labels", "groups", "options", "sentence"),
    [
        ([0, 0, 1], ["a", "b", "c"], {}, "Sample 1 has 1 specimen, .* needs 2"),
        ([0, 0], ["a", "b"], {"validation_fraction": 0.2}, "has 2 specimens, .* needs 3"),
        ([0, 0], ["a", "b"], {"test_fraction": 1.0}, "leave some for training"),
        ([0, 0], ["a"], {}, "a class and a specimen for each"),
    ],
)
def test_impossible_split_is_one_sentence(labels, groups, options, sentence) -> None:
    with pytest.raises(NpmError, match=sentence):
        split_by_group(labels, groups, **options)


def test_split_by_tiles_takes_750_of_each() -> None:
    labels = np.repeat([0, 1, 2], [1000, 1001, 760])
    parts = split_tiles(labels)
    assert [(parts[labels == c] == "train").sum() for c in range(3)] == [750] * 3
    assert [(parts[labels == c] == "test").sum() for c in range(3)] == [250, 251, 10]
    assert not np.array_equal(parts, split_tiles(labels, seed=1))
    with pytest.raises(NpmError, match="Sample 2 has 760 tiles"):
        split_tiles(labels, train_per_class=760)
