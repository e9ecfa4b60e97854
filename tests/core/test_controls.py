import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_npm.core.controls import ShiftedMaps, shuffle_labels
from napari_npm.core.errors import NpmError


def tiles(specimens, per_specimen=4):
    """Return classes and specimens of tiles; names repeat in every class."""
    labels = np.repeat(np.arange(len(specimens)), np.array(specimens) * per_specimen)
    names = [np.repeat(np.arange(count), per_specimen) for count in specimens]
    return labels, np.concatenate(names)


def by_specimen(labels, groups, values):
    found = {}
    for label, group, value in zip(labels.tolist(), groups.tolist(), values.tolist(), strict=True):
        found.setdefault((label, group), set()).add(value)
    return found


@given(
    specimens=st.lists(st.integers(2, 7), min_size=2, max_size=4),
    seed=st.integers(0, 999),
)
def test_whole_specimens_are_dealt_and_the_class_sizes_kept(specimens, seed) -> None:
    labels, groups = tiles(specimens)
    new = shuffle_labels(labels, groups, np.ones(len(labels), bool), seed=seed)
    dealt = by_specimen(labels, groups, new)
    assert all(len(one) == 1 for one in dealt.values())
    names = [one.pop() for one in dealt.values()]
    assert np.bincount(names, minlength=len(specimens)).tolist() == specimens
    order = np.random.default_rng(seed).permutation(len(labels))
    again = shuffle_labels(labels[order], groups[order], np.ones(len(labels), bool), seed=seed)
    np.testing.assert_array_equal(again, new[order])


def test_the_new_labels_tell_nothing_of_the_old_ones() -> None:
    labels, groups = tiles([3, 3, 3])
    for seed in range(20):
        new = shuffle_labels(labels, groups, np.ones(len(labels), bool), seed=seed)
        for label in range(3):  # one specimen of each sample in each new class
            assert sorted(set(new[labels == label].tolist())) == [0, 1, 2]


def test_chance_is_what_a_perfect_reader_of_the_true_class_reaches() -> None:
    # one specimen of each class is kept for the test; a reader that learnt "true class -> most
    # frequent new label" is right as often as one who guesses
    labels, groups = tiles([4, 4, 4])
    learnt = groups > 0
    right = []
    for seed in range(200):
        new = shuffle_labels(labels, groups, learnt, seed=seed)
        np.testing.assert_array_equal(new[~learnt], labels[~learnt])
        rng = np.random.default_rng(seed)
        for label in range(3):
            counts = np.bincount(new[learnt & (labels == label)], minlength=3)
            best = np.flatnonzero(counts == counts.max())
            right.append(rng.choice(best) == label)
    assert np.mean(right) == pytest.approx(1 / 3, abs=4 * np.sqrt(2 / 9 / 600))


def test_a_specimen_on_both_sides_carries_its_new_label_into_the_test() -> None:
    # a split by tile: what recognises specimens is right, and the control fails, as it should
    labels, groups = tiles([3, 3], per_specimen=6)
    learnt = np.arange(len(labels)) % 2 == 0
    new = shuffle_labels(labels, groups, learnt, seed=1)
    memory = {
        (label, group): value
        for label, group, value in zip(labels[learnt], groups[learnt], new[learnt], strict=True)
    }
    recalled = [
        memory[key] == value
        for key, value in zip(
            zip(labels[~learnt], groups[~learnt], strict=True), new[~learnt], strict=True
        )
    ]
    assert all(recalled)
    assert not np.array_equal(new[~learnt], labels[~learnt])


@pytest.mark.parametrize(
    ("labels", "groups", "learnt"),
    [
        ([0, 0, 1], ["a", "b", "a"], [True, True, True]),
        ([0, 0, 0], ["a", "b", "c"], [True, True, True]),
        ([0, 0, 1, 1], ["a", "b", "c", "d"], [True, True, True, False]),
    ],
)
def test_one_specimen_of_a_class_cannot_be_shuffled(labels, groups, learnt) -> None:
    with pytest.raises(NpmError, match="only exchange the names"):
        shuffle_labels(labels, groups, learnt)


@pytest.mark.parametrize("seed", range(20))
def test_every_class_keeps_tiles_to_train_on(seed) -> None:
    labels, groups = tiles([3, 3, 3])
    learnt = np.ones(len(labels), bool)
    trained = groups == 0  # the other two specimens of a class choose the best epoch
    new = shuffle_labels(labels, groups, learnt, trained=trained, seed=seed)
    assert set(new[trained].tolist()) == {0, 1, 2}


def test_too_few_specimens_to_train_on_are_told() -> None:
    labels, groups = tiles([2, 2])
    trained = (labels == 0) & (groups == 0)
    with pytest.raises(NpmError, match="keeps training tiles"):
        shuffle_labels(labels, groups, np.ones(len(labels), bool), trained=trained)


def test_shuffling_needs_a_specimen_for_each_tile() -> None:
    with pytest.raises(NpmError, match="for each tile"):
        shuffle_labels([0, 1], ["a"], [True, True])


def test_shifted_maps_are_clipped_and_keep_what_is_masked() -> None:
    maps = np.array([[[0.0, 0.2], [0.5, 0.9]]], np.float32)
    shifted = ShiftedMaps(maps, gain=1.2, offset=0.1)
    assert len(shifted) == 1
    np.testing.assert_allclose(shifted[0], [[0.1, 0.34], [0.7, 1.0]], rtol=1e-6)
    kept = ShiftedMaps(maps, gain=1.2, offset=0.1, keep_zero=True)[0]
    np.testing.assert_allclose(kept, [[0.0, 0.34], [0.7, 1.0]], rtol=1e-6)
    np.testing.assert_allclose(ShiftedMaps(maps, offset=-0.3)[0], [[0, 0], [0.2, 0.6]], atol=1e-6)
    np.testing.assert_array_equal(ShiftedMaps(maps)[0], maps[0])
    assert kept.dtype == np.float32
    two = ShiftedMaps(np.stack([maps, maps], 1), offset=0.1)[0]
    assert two.shape == (2, 2, 2)
    for bad in ({"gain": 0.0}, {"offset": np.nan}):
        with pytest.raises(NpmError, match="gain above 0"):
            ShiftedMaps(maps, **bad)
