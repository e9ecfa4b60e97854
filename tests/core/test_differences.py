import hypothesis.extra.numpy as hnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import pdist, squareform

from napari_npm.core import Cancelled, NpmError, difference_matrix
from napari_npm.core import differences as module
from napari_npm.core._l1_sums import row_distances


def expected(maps, normalise=False):
    rows = np.asarray(maps, dtype=np.float32).reshape(len(maps), -1).astype(float)
    if normalise:
        rows /= rows.sum(axis=1, keepdims=True)
    return squareform(pdist(rows, "cityblock"))


def sparse_maps(count, shape=(40, 56), seed=0):
    rng = np.random.default_rng(seed)
    return (rng.exponential(1e-6, (count, *shape)) * (rng.random((count, *shape)) < 0.3)).astype(
        np.float32
    )


small_maps = hnp.arrays(
    np.float32,
    st.tuples(st.integers(1, 7), st.integers(1, 5), st.integers(1, 6)),
    elements=st.floats(0, 1000, width=32),
)


@pytest.mark.parametrize("normalise", [False, True])
@pytest.mark.parametrize("count", [1, 2, 3, 63, 64, 65, 131])
def test_equals_the_l1_distances_of_scipy(count, normalise):
    maps = sparse_maps(count)
    matrix = difference_matrix(maps, normalise=normalise)
    assert matrix.dtype == np.float64
    np.testing.assert_allclose(matrix, expected(maps, normalise), rtol=2e-7, atol=0)


@given(small_maps, st.integers(1, 4))
@settings(max_examples=40, deadline=None)
def test_equals_the_l1_distances_of_small_maps_too(maps, threads):
    np.testing.assert_allclose(
        difference_matrix(maps, threads=threads), expected(maps), rtol=1e-6, atol=1e-3
    )


@given(small_maps, st.randoms(use_true_random=False))
@settings(max_examples=40, deadline=None)
def test_is_a_metric_that_follows_the_order_of_the_maps(maps, random):
    matrix = difference_matrix(maps)
    slack = 1e-5 * (1 + matrix.max())
    np.testing.assert_array_equal(matrix, matrix.T)
    assert not np.diag(matrix).any()
    assert (matrix >= 0).all()
    assert (matrix[:, None] <= matrix[:, :, None] + matrix[None] + slack).all()
    order = random.sample(range(len(maps)), len(maps))
    np.testing.assert_allclose(
        difference_matrix(maps[order]), matrix[np.ix_(order, order)], rtol=1e-6, atol=slack
    )


def test_the_sums_of_a_full_map_are_within_two_parts_in_ten_million():
    rng = np.random.default_rng(1)
    maps = rng.random((6, 384, 384), dtype=np.float32)
    found = difference_matrix(maps)
    exact = expected(maps)
    apart = np.abs(found - exact)[np.triu_indices(6, 1)] / exact[np.triu_indices(6, 1)]
    assert apart.max() < 2e-7


def test_pieces_and_threads_do_not_change_the_result(monkeypatch):
    maps = sparse_maps(70, (37, 41))
    whole = difference_matrix(maps, threads=1)
    np.testing.assert_array_equal(difference_matrix(maps, threads=3), whole)
    for piece in (1, 4 * 70 * 41 * 5):
        monkeypatch.setattr(module, "_PIECE", piece)
        np.testing.assert_allclose(difference_matrix(maps, threads=2), whole, rtol=2e-7)


class Stored:
    """Maps that are read one at a time, as from a store on disk."""

    def __init__(self, maps):
        self.maps, self.read = maps, 0

    def __len__(self):
        return len(self.maps)

    def __getitem__(self, index):
        if not 0 <= index < len(self.maps):
            raise IndexError(index)
        self.read += 1
        return self.maps[index].tolist()


def test_any_source_of_maps_gives_the_same(tmp_path):
    maps = sparse_maps(12, (20, 30))
    wanted = difference_matrix(maps)
    stored = Stored(maps)
    file = np.memmap(tmp_path / "maps", dtype=np.float32, mode="w+", shape=maps.shape)
    file[:] = maps
    turned = np.ascontiguousarray(maps.transpose(2, 1, 0)).transpose(2, 1, 0)
    for source in (list(maps), tuple(maps), stored, file, turned, maps.astype(np.float64)):
        np.testing.assert_array_equal(difference_matrix(source), wanted)
    assert stored.read == len(maps)


def test_integers_and_negative_values_are_compared_as_they_are():
    maps = np.array([[[1, -2]], [[4, 4]]])
    np.testing.assert_array_equal(difference_matrix(maps), [[0, 9], [9, 0]])


def test_maps_in_memory_are_neither_copied_nor_changed():
    import tracemalloc

    maps = sparse_maps(100, (384, 384))
    before = maps.copy()
    difference_matrix(maps[:2])
    tracemalloc.start()
    try:
        difference_matrix(maps, normalise=True)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 20e6
    np.testing.assert_array_equal(maps, before)


def test_normalised_maps_differ_by_pattern_only():
    maps = sparse_maps(4)
    scaled = maps * np.array([1, 8, 0.25, 64], dtype=np.float32)[:, None, None]
    np.testing.assert_allclose(
        difference_matrix(scaled, normalise=True),
        difference_matrix(maps, normalise=True),
        rtol=2e-7,
    )
    apart = np.zeros((2, 2, 2))
    apart[0, 0, 0], apart[1, 1, 1] = 3, 5
    np.testing.assert_allclose(difference_matrix(apart, normalise=True), [[0, 2], [2, 0]])


def test_identical_maps_do_not_differ():
    maps = np.repeat(sparse_maps(1), 5, axis=0)
    assert not difference_matrix(maps).any()
    assert not difference_matrix(maps, normalise=True).any()


def with_value(value):
    maps = sparse_maps(3)
    maps[1, 2, 3] = value
    return maps


@pytest.mark.parametrize(
    ("maps", "words"),
    [
        ([], "no relevance map"),
        (np.zeros((0, 4, 4)), "no relevance map"),
        (with_value(np.nan), "Map 1 holds values that are not numbers"),
        (with_value(-np.inf), "Map 1 holds values that are not numbers"),
        (np.full((2, 3, 3), 1e300), "Map 0 holds values that are not numbers"),
        (np.array([[[3e38, 3e38]], [[-3e38, 0]]]), "too large"),
        ([np.zeros((3, 4)), np.zeros((4, 3))], "Map 1 is 4 x 3 px and map 0 is 3 x 4 px"),
        (np.zeros((2, 3)), "shape"),
        (np.zeros((2, 2, 3, 3)), r"shape \(2, 3, 3\)"),
        (np.zeros((2, 0, 3)), "shape"),
    ],
)
def test_what_cannot_be_compared_is_refused(maps, words):
    with pytest.raises(NpmError, match=words):
        difference_matrix(maps)


def test_a_map_without_relevance_is_compared_but_not_normalised():
    maps = sparse_maps(3)
    maps[2] = 0
    assert difference_matrix(maps)[2, 0] == pytest.approx(maps[0].sum(dtype=float), rel=1e-6)
    with pytest.raises(NpmError, match="map 2 is not positive in sum"):
        difference_matrix(maps, normalise=True)


def test_reports_progress_and_can_be_cancelled(monkeypatch):
    monkeypatch.setattr(module, "_PIECE", 1)
    seen = []

    def progress(done, total, message="", metrics=None):
        seen.append((done, total))
        if len(seen) == stop:
            raise Cancelled

    stop = -1
    difference_matrix(sparse_maps(5, (8, 8)), progress=progress)
    assert seen == sorted(seen)
    assert seen[-1] == (10, 10)
    for stop in (2, 8):  # while reading, while comparing
        seen.clear()
        with pytest.raises(Cancelled):
            difference_matrix(sparse_maps(5, (8, 8)), progress=progress)
        assert len(seen) == stop


def test_rows_in_float64_are_summed_in_float64():
    rows = np.random.default_rng(2).random((70, 90))
    np.testing.assert_allclose(
        row_distances(rows), squareform(pdist(rows, "cityblock")), rtol=1e-14, atol=0
    )
