import hypothesis.extra.numpy as hnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_npm.core.correlation import combine, from_counts, two_point
from napari_npm.core.errors import Cancelled, NpmError

shapes = hnp.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=11)
grey_maps = hnp.arrays(np.uint8, shapes)


@st.composite
def masked_maps(draw):
    grey = draw(grey_maps)
    return grey, draw(hnp.arrays(bool, grey.shape)), draw(st.integers(1, 15))


@given(masked_maps())
@settings(max_examples=30, deadline=None)
def test_probability_is_normalised_at_every_distance_that_has_pairs(case):
    grey, mask, r_max = case
    mask.flat[0] = True
    found = two_point(grey, mask, r_max)
    total = found.probability.sum(axis=1)
    np.testing.assert_allclose(total[found.pairs > 0], 1.0)
    assert not total[found.pairs == 0].any()
    assert found.probability[0, 0] == 1.0
    assert found.pairs[0] == mask.sum()
    assert np.isfinite(found.probability).all()
    np.testing.assert_array_equal(found.r, np.arange(r_max + 1))


@given(st.lists(masked_maps(), min_size=2, max_size=4), st.integers(1, 8))
@settings(max_examples=25, deadline=None)
def test_an_ensemble_is_the_sum_of_its_maps(cases, r_max):
    for _, mask, _ in cases:
        mask.flat[0] = True
    maps, masks = [grey for grey, _, _ in cases], [mask for _, mask, _ in cases]
    together = two_point(maps, masks, r_max)
    parts = [two_point(grey, mask, r_max) for grey, mask in zip(maps, masks, strict=True)]
    stack = np.array([part.counts for part in parts])
    for same in (combine(parts), from_counts(stack)):
        np.testing.assert_array_equal(same.counts, together.counts)
        np.testing.assert_array_equal(same.probability, together.probability)
        np.testing.assert_array_equal(same.grouped, together.grouped)
        assert same.n_images == together.n_images == len(maps)
    np.testing.assert_array_equal(together.counts, stack.sum(axis=0))
    # The groups hold every pair, and the first is dn = 0 alone.
    np.testing.assert_array_equal(together.grouped.sum(axis=2), stack.sum(axis=2))
    np.testing.assert_array_equal(together.grouped[:, :, 0], stack[:, :, 0])


def test_porosity_and_its_grey_levels_give_the_same():
    grey = np.random.default_rng(2).integers(0, 256, (3, 12, 13)).astype(np.uint8)
    expected = two_point(grey, r_max=6)
    same = two_point(grey / np.float32(255), r_max=6)
    np.testing.assert_array_equal(same.counts, expected.counts)


@pytest.mark.parametrize("levels", [2, 3, 16, 255])
def test_fewer_grey_levels(levels):
    n = np.random.default_rng(2).random((15, 14))
    found = two_point(n, r_max=5, levels=levels)
    grey = np.rint((levels - 1) * n).astype(np.uint8)
    assert found.levels == levels
    np.testing.assert_array_equal(found.counts, two_point(grey, r_max=5).counts[:, :levels])
    for engine in ("direct", "fft"):
        other = two_point(n, r_max=5, levels=levels, engine=engine)
        np.testing.assert_array_equal(found.counts, other.counts)
        np.testing.assert_array_equal(found.grouped, other.grouped)
    assert found.edges[0] == 0
    assert found.edges[1] == 1
    assert found.edges[-1] == levels


def test_independent_pixels_have_the_triangular_distribution():
    maps = np.random.default_rng(8).integers(0, 256, (4, 128, 128)).astype(np.uint8)
    found = two_point(maps, r_max=12)
    dn = np.arange(256)
    expected = np.where(dn == 0, 1, 2) * (256 - dn) / 256**2
    pairs = found.pairs[:, np.newaxis]
    error = np.sqrt(expected / np.maximum(pairs, 1))
    assert np.abs((found.probability - expected)[1:] / error[1:]).max() < 7


@pytest.mark.parametrize(
    ("images", "masks", "options"),
    [
        (np.full((4, 4), np.nan), None, {}),
        (np.full((4, 4), 1.5), None, {}),
        (np.zeros((4, 4)), np.zeros((4, 4), dtype=bool), {}),
        (np.zeros((4, 4)), np.ones((4, 5), dtype=bool), {}),
        (np.zeros((2, 4, 4)), np.ones((4, 4), dtype=bool), {}),
        (np.zeros((4, 4)), np.full((4, 4), np.nan), {}),
        (np.zeros((0, 4, 4)), None, {}),
        (np.zeros((1, 2, 4, 4)), None, {}),
        (np.zeros((4, 4)), None, {"r_max": 0}),
        (np.zeros((4, 4)), None, {"r_max": 2.5}),
        (np.zeros((4, 4)), None, {"levels": 1}),
        (np.zeros((4, 4)), None, {"r_max": np.nan}),
        (np.zeros((4, 4)), None, {"r_max": np.inf}),
        (np.zeros((4, 4)), None, {"r_max": 10**7}),
        (np.zeros((4, 4)), None, {"levels": 300}),
        (np.zeros((4, 4)), None, {"levels": 2.5}),
    ],
)
def test_bad_input_is_refused(images, masks, options):
    with pytest.raises(NpmError):
        two_point(images, masks, **options)


def test_bad_counts_are_refused():
    for bad in (np.zeros((3, 4), dtype=int), -np.ones((3, 4), dtype=int), np.ones((3, 4))):
        with pytest.raises(NpmError):
            from_counts(bad)
    with pytest.raises(NpmError, match="no two-point"):
        combine([])
    with pytest.raises(NpmError, match="same r_max"):
        combine([two_point(np.zeros((4, 4)), r_max=r) for r in (2, 3)])


def test_progress_is_told_after_each_map_and_can_stop_the_work():
    told = []

    def stop_at_two(done, total, message="", metrics=None):
        told.append((done, total))
        if done == 2:
            raise Cancelled

    with pytest.raises(Cancelled):
        two_point(np.zeros((3, 5, 5)), r_max=2, progress=stop_at_two)
    assert told == [(1, 3), (2, 3)]
