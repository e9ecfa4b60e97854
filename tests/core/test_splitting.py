"""Splits: specimens whole, folds that test each once, shares kept, lists followed to the letter."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_npm.core import NpmError
from napari_npm.core.listed_split import check_parts, split_as_listed
from napari_npm.core.splitting import split_by_group, split_k_fold, split_tiles


def uneven(seed, classes=3, specimens=8):
    """Return labels and specimens of classes whose specimens have 1 to 30 tiles."""
    rng = np.random.default_rng(seed)
    labels, groups = [], []
    for label in range(classes):
        for group, n in enumerate(rng.integers(1, 31, specimens)):
            labels += [label] * int(n)
            groups += [f"p{group}"] * int(n)
    return np.array(labels), np.array(groups)


@given(
    counts=st.lists(st.integers(4, 9), min_size=2, max_size=4),
    folds=st.integers(2, 3),
    validation=st.sampled_from([0.0, 0.2]),
    seed=st.integers(0, 99),
)
def test_folds_test_every_specimen_once(counts, folds, validation, seed):
    labels = np.repeat(np.arange(len(counts)), np.array(counts) * 3)
    groups = np.concatenate([np.repeat(np.arange(count), 3) for count in counts])
    tested = np.zeros(len(labels), int)
    options = {"folds": folds, "validation_fraction": validation, "seed": seed}
    for fold in range(1, folds + 1):
        parts = split_k_fold(labels, groups, fold=fold, **options)
        tested += parts == "test"
        wanted = {"train", "test"} | ({"validation"} if validation else set())
        for label, count in enumerate(counts):
            own = [set(parts[(labels == label) & (groups == group)]) for group in range(count)]
            assert all(len(part) == 1 for part in own)
            assert set().union(*own) == wanted
            held = sum(part == {"test"} for part in own)
            assert count // folds <= held <= -(-count // folds)
    assert (tested == 1).all()


def test_folds_are_alike_in_size_although_classes_do_not_divide_evenly() -> None:
    # five specimens a class in two folds: 3 and 2 in one class, 2 and 3 in the next
    labels, groups = np.repeat([0, 1], 5), np.tile(np.arange(5), 2)
    sizes = [(split_k_fold(labels, groups, folds=2, fold=f) == "test").sum() for f in (1, 2)]
    assert sizes == [5, 5]


def test_each_fold_validates_on_other_specimens() -> None:
    labels, groups = np.repeat([0, 1], 4), np.tile(np.arange(4), 2)
    options = {"folds": 4, "validation_fraction": 0.25, "seed": 2}
    parts = [split_k_fold(labels, groups, fold=fold, **options) for fold in (1, 2, 3, 4)]
    assert (sum((one == "validation").astype(int) for one in parts) == 1).all()
    greedy = split_k_fold(labels, groups, folds=4, validation_fraction=0.9)
    assert [(greedy[labels == label] == "train").sum() for label in (0, 1)] == [1, 1]


def test_fold_draw_is_seeded_and_indifferent_to_the_order_of_tiles() -> None:
    labels, groups = uneven(1)
    one = split_k_fold(labels, groups, folds=4, fold=2, seed=3)
    again = split_k_fold(labels[::-1], groups[::-1], folds=4, fold=2, seed=3)
    np.testing.assert_array_equal(one, again[::-1])
    assert not np.array_equal(one, split_k_fold(labels, groups, folds=4, fold=2, seed=4))


@pytest.mark.parametrize("seed", range(5))
def test_shares_of_tiles_are_kept_where_specimens_differ_in_size(seed) -> None:
    labels, groups = uneven(seed)
    whole = np.bincount(labels) / len(labels)
    parts = split_by_group(labels, groups, test_fraction=0.25, seed=seed)
    for label in range(3):
        own = labels == label
        assert (parts[own] == "test").mean() == pytest.approx(0.25, abs=0.04)
    test = np.bincount(labels[parts == "test"]) / (parts == "test").sum()
    np.testing.assert_allclose(test, whole, atol=0.04)
    # what one draw gives: the best of many must beat the usual one
    rng = np.random.default_rng(seed)
    names, tiles = np.unique(groups[labels == 0], return_counts=True)
    usual = [abs(tiles[rng.permutation(len(names))[:2]].sum() / tiles.sum() - 0.25)
             for _ in range(200)]  # fmt: skip
    assert abs((parts[labels == 0] == "test").mean() - 0.25) <= np.median(usual)
    sizes = [
        (split_k_fold(labels, groups, folds=4, fold=f, seed=seed) == "test").mean()
        for f in range(1, 5)
    ]
    assert np.ptp(sizes) < 0.12


def test_validation_by_tile_is_taken_from_the_tiles_to_learn_from() -> None:
    labels = np.repeat([0, 1], [1000, 900])
    parts = split_tiles(labels, validation_fraction=0.2)
    counts = [[(parts[labels == c] == p).sum() for p in ("train", "validation", "test")]
              for c in (0, 1)]  # fmt: skip
    assert counts == [[600, 150, 250], [600, 150, 150]]
    held = split_tiles(labels) == "test"
    np.testing.assert_array_equal(held, parts == "test")


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda a, b: split_k_fold(a, b, folds=4), "Sample 1 has 3 specimens, too few for 4 folds"),
        (lambda a, b: split_k_fold(a, b, folds=3, fold=4), "There is no fold 4 of 3"),
        (lambda a, b: split_k_fold(a, b, folds=1), "2 folds or more"),
        (lambda a, b: split_k_fold(a, b, folds=3, fold=0), "no fold 0"),
        (lambda a, b: split_k_fold(a, b, folds=3, validation_fraction=1.0), "below 1"),
        (
            lambda a, _: split_k_fold(a[:4], np.arange(4) % 2, folds=2, validation_fraction=0.5),
            "Fold 1 of 2 tests 1 of the 2 specimens of sample 0, which leaves too few",
        ),
        (
            lambda a, _: split_by_group(a, np.zeros(len(a))),
            "has 1 specimen, .* how that one was imaged.*split by tile",
        ),
        (
            lambda a, _: split_by_group(a, np.zeros(len(a)), unit="image"),
            "has 1 image, .*add images",
        ),
        (
            lambda a, _: split_k_fold(a, np.zeros(len(a)), folds=2),
            "has 1 specimen, .* how that one was imaged",
        ),
        (lambda a, _: split_tiles(a, train_per_class=1, validation_fraction=0.1), "leave none to"),
        (lambda a, _: split_tiles(a, train_per_class=2, validation_fraction=1), "below 1"),
    ],
)
def test_what_cannot_be_split_is_one_sentence(call, sentence) -> None:
    labels, groups = np.repeat([0, 1], [10, 6]), np.r_[np.arange(10) // 2, np.arange(6) // 2]
    with pytest.raises(NpmError, match=sentence) as caught:
        call(labels, groups)
    assert str(caught.value).endswith(".")


# lists

TILES = ["a@0,0", "a@0,384", "b@0,0"]


def test_a_list_is_followed() -> None:
    listed = [("b@0,0", "test"), ("a@0,384", "unused"), ("a@0,0", "train"), ("a@0,0", "train")]
    assert split_as_listed(listed, TILES).tolist() == ["train", "unused", "test"]
    images = split_as_listed([("a", "train"), ("b", "validation")], ["a", "a", "b"], unit="image")
    assert images.tolist() == ["train", "train", "validation"]


@pytest.mark.parametrize(
    ("listed", "sentence"),
    [
        ([("c@0,0", "train")], "names tile c@0,0 that this study does not have"),
        ([("c", "test"), ("d", "test"), ("e", "test"), ("f", "test")], "tiles c, d, e and 1 more"),
        ([("a@0,0", "train")], "does not name tiles a@0,384, b@0,0 of this study: add them"),
        ([("a@0,0", "train"), ("a@0,384", "test")], "does not name tile b@0,0 .* add it, as"),
        ([("a@0,0", "train"), ("a@0,0", "test")], "a@0,0 twice, as train and as test"),
        ([("a@0,0", "learn")], "into learn: give train, validation, test or unused"),
        ([("a@0,0", "")], "into no part"),
    ],
)
def test_a_wrong_list_is_one_sentence(listed, sentence) -> None:
    with pytest.raises(NpmError, match=sentence):
        split_as_listed(listed, TILES)


@pytest.mark.parametrize(
    ("parts", "sentence"),
    [
        (["train", "test", "train", "train"], "Sample S2 has no tile in the test part"),
        (["test", "test", "train", "test"], "Sample S1 has no tile in the train part"),
        (["train", "test", "unused", "unused"], "Sample S2 has no tile in the train part"),
        (["train", "train", "train", "train"], "Sample S1 and S2 have no tile in the test part"),
    ],
)
def test_a_class_without_a_part_is_one_sentence(parts, sentence) -> None:
    with pytest.raises(NpmError, match=sentence):
        check_parts(parts, [0, 0, 1, 1], ["S1", "S2"])


def test_a_validation_part_needs_every_class_only_where_there_is_one() -> None:
    labels = [0, 0, 0, 1, 1, 1]
    check_parts(["train", "test", "train"] * 2, labels, ["S1", "S2"])
    check_parts(["train", "test", "validation"] * 2, labels, ["S1", "S2"])
    with pytest.raises(NpmError, match="Sample S2 has no tile in the validation part"):
        check_parts(
            ["train", "test", "validation", "train", "test", "unused"], labels, ["S1", "S2"]
        )
    with pytest.raises(NpmError, match="Sample S3 has no tile"):
        check_parts(["train", "test", "train"] * 2, labels, ["S1", "S2", "S3"])
