"""Leaks: whatever a held-back tile shares with another part is found, and nothing else."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_npm.core import NpmError
from napari_npm.core.leakage import find_leaks, find_twins, pixel_key, same_pixels
from napari_npm.core.tiling import tile_origins

PARTS = ("train", "validation", "test", "unused")


def turned(image):
    """Return the eight turns and flips of an image."""
    return [np.rot90(one, k) for one in (image, image.T) for k in range(4)]


def kinds(leaks):
    return {leak.kind: leak.tiles.tolist() for leak in leaks}


def test_a_clean_split_leaks_nothing() -> None:
    parts = ["train", "train", "test", "test"]
    places = [("a", 0, 0), ("a", 0, 384), ("b", 0, 0), ("b", 0, 384)]
    found = find_leaks(
        parts, specimens=["p", "p", "q", "q"], images="aabb", places=places, twins=[0, 1, 2, 3]
    )
    assert found == ()


def test_each_kind_is_found_by_itself() -> None:
    parts = ["train", "test", "test", "validation", "unused"]
    assert kinds(find_leaks(parts, specimens=["p", "p", "q", "r", "p"])) == {"specimen": [1]}
    assert kinds(find_leaks(parts, images=["a", "b", "b", "b", "a"])) == {"image": [1, 2, 3]}
    assert kinds(find_leaks(parts, twins=[0, 1, 2, 0, 1])) == {"duplicate": [3]}
    places = [("a", 0, 0), ("a", 383, 383), ("a", 0, 384), ("b", 0, 0), ("a", 1, 1)]
    # 1 shares its corner with 0; 1 and 2 are of one part, 3 of another image, 4 is unused
    assert kinds(find_leaks(parts, places=places)) == {"overlap": [1]}
    assert find_leaks(parts, places=places)[0].partners.tolist() == [0]


def test_partners_are_of_training_where_there_is_one() -> None:
    parts = ["validation", "test", "train", "test"]
    (leak,) = find_leaks(parts, images=["a"] * 4)
    assert dict(zip(leak.tiles.tolist(), leak.partners.tolist(), strict=True)) == {0: 2, 1: 2, 3: 2}
    (leak,) = find_leaks(["validation", "test", "train"], images=["a", "a", "b"])
    assert dict(zip(leak.tiles.tolist(), leak.partners.tolist(), strict=True)) == {0: 1, 1: 0}


@given(
    parts=st.lists(st.sampled_from(PARTS), min_size=1, max_size=14),
    seed=st.integers(0, 999),
    tile=st.integers(1, 6),
)
def test_leaks_are_those_of_a_plain_search(parts, seed, tile):
    rng = np.random.default_rng(seed)
    n = len(parts)
    groups = rng.integers(0, 4, n)
    places = [("ab"[rng.integers(2)], int(r), int(c)) for r, c in rng.integers(0, 12, (n, 2))]

    def shared(together):
        return [
            i
            for i in range(n)
            if parts[i] in ("validation", "test")
            and any(
                parts[j] not in ("unused", parts[i]) and together(i, j) for j in range(n) if j != i
            )
        ]

    def overlap(i, j):
        (one, r, c), (other, s, d) = places[i], places[j]
        return one == other and abs(r - s) < tile and abs(c - d) < tile

    expected = {"image": shared(lambda i, j: groups[i] == groups[j]), "overlap": shared(overlap)}
    found = find_leaks(parts, images=groups, places=places, tile=tile)
    assert kinds(found) == {kind: tiles for kind, tiles in expected.items() if tiles}
    for leak in found:
        for i, j in zip(leak.tiles, leak.partners, strict=True):
            assert parts[i] != parts[j]
            assert groups[i] == groups[j] if leak.kind == "image" else overlap(i, j)


def test_overlap_is_exactly_what_the_import_lays() -> None:
    for overlap, edge, leaks in ((0, "drop", False), (1, "drop", True), (0, "shift", True)):
        origins = tile_origins((800, 800), overlap=overlap, edge=edge)
        places = [("a", *origin) for origin in origins]
        parts = ["train", *["test"] * (len(origins) - 1)]
        touching = [i for i, (r, c) in enumerate(origins) if i and r < 384 and c < 384]
        found = kinds(find_leaks(parts, places=places)).get("overlap", [])
        assert found == touching
        assert bool(kinds(find_leaks(np.array(["train", "test"] * 8)[: len(origins)],
                                     places=places))) == leaks  # fmt: skip


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.uint32, np.float32, np.float64])
def test_turns_have_one_key_and_other_pixels_another(dtype) -> None:
    rng = np.random.default_rng(0)
    image = rng.integers(0, 200, (48, 48)).astype(dtype)
    keys = {pixel_key(one) for one in turned(image)}
    assert len(keys) == 1
    assert all(same_pixels(image, one) for one in turned(image))
    changed = image.copy()
    changed[5, 7] += 1
    shuffled = rng.permutation(image.ravel()).reshape(image.shape)
    assert not {pixel_key(changed), pixel_key(shuffled)} & keys
    assert not same_pixels(image, changed)


def test_twins_are_compared_pixel_by_pixel_where_keys_agree() -> None:
    rng = np.random.default_rng(1)
    a, b = rng.integers(0, 255, (2, 16, 16), dtype=np.uint8)
    tiles = [a, b, a.T, np.rot90(b, 3), rng.permutation(a), a[:, ::-1]]
    asked = []

    def read(number):
        asked.append(number)
        return tiles[number]

    assert find_twins([pixel_key(one) for one in tiles], read).tolist() == [0, 1, 0, 1, 4, 0]
    assert 4 not in asked
    # one key for all: the pixels decide; no key: no twin
    assert find_twins(["x"] * 6, read).tolist() == [0, 1, 0, 1, 4, 0]
    assert find_twins([""] * 6, read).tolist() == [0, 1, 2, 3, 4, 5]


def test_lists_of_other_lengths_are_one_sentence() -> None:
    with pytest.raises(NpmError, match="a part, and a place, for each tile"):
        find_leaks(["train", "test"], places=[("a", 0, 0)])
    with pytest.raises(NpmError, match="for each tile"):
        find_leaks(["train", "test"], specimens=["a", "b", "c"])
