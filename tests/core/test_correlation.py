import hypothesis.extra.numpy as hnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import j0
from skimage.feature import graycomatrix

from napari_npm.core._pair_counts import count_pairs
from napari_npm.core.correlation import (
    characteristic_length,
    combine,
    correlation_length,
    from_counts,
    two_point,
)
from napari_npm.core.errors import Cancelled, NpmError

shapes = hnp.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=11)
grey_maps = hnp.arrays(np.uint8, shapes)


def brute_force(grey, mask, r_max):
    """Every unordered pair, one by one."""
    counts = np.zeros((r_max + 1, 256), dtype=np.int64)
    places = [(y, x) for y in range(grey.shape[0]) for x in range(grey.shape[1]) if mask[y, x]]
    for k, a in enumerate(places):
        for b in places[k:]:
            r = round(np.hypot(a[0] - b[0], a[1] - b[1]))
            if r <= r_max:
                counts[r, abs(int(grey[a]) - int(grey[b]))] += 1
    return counts


@st.composite
def masked_maps(draw):
    grey = draw(grey_maps)
    return grey, draw(hnp.arrays(bool, grey.shape)), draw(st.integers(1, 15))


@given(masked_maps(), st.sampled_from(["rows", "listed"]), st.integers(1, 4))
@settings(max_examples=60, deadline=None)
def test_every_method_counts_what_brute_force_counts(case, method, threads):
    grey, mask, r_max = case
    counts = count_pairs(grey, mask, r_max, method=method, threads=threads)
    np.testing.assert_array_equal(counts, brute_force(grey, mask, r_max))
    whole = count_pairs(grey, None, r_max, method=method, threads=threads)
    np.testing.assert_array_equal(whole, brute_force(grey, np.ones_like(mask), r_max))


@pytest.mark.parametrize("density", [0.05, 0.3, 0.7])
def test_methods_and_threads_agree_on_a_larger_map(density):
    rng = np.random.default_rng(5)
    grey = rng.integers(0, 256, (90, 130)).astype(np.uint8)
    mask = rng.random(grey.shape) < density
    expected = count_pairs(grey, mask, 60, method="rows", threads=1)
    for method in ("auto", "listed", "rows"):
        np.testing.assert_array_equal(
            count_pairs(grey, mask, 60, method=method, threads=3), expected
        )


def test_agrees_with_graycomatrix_displacement_by_displacement():
    rng = np.random.default_rng(1)
    grey = rng.integers(0, 256, (24, 31)).astype(np.uint8)
    r_max = 9
    expected = np.zeros((r_max + 1, 256), dtype=np.int64)
    expected[0, 0] = grey.size
    difference = np.abs(np.subtract.outer(np.arange(256), np.arange(256)))
    for dy in range(r_max + 1):
        for dx in range(-r_max, r_max + 1):
            r = round(np.hypot(dy, dx))
            if (dy > 0 or dx > 0) and r <= r_max:
                pairs = graycomatrix(grey, [np.hypot(dy, dx)], [np.arctan2(dy, dx)], 256)
                np.add.at(expected[r], difference, pairs[:, :, 0, 0])
    np.testing.assert_array_equal(two_point(grey, r_max=r_max).counts, expected)


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
    expected = brute_force(grey, np.ones(n.shape, dtype=bool), 5)
    assert found.levels == levels
    np.testing.assert_array_equal(found.counts, expected[:, :levels])
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


def checkerboards(n, cells, side, share, seed):
    """Random checkerboards: every cell is 1 with probability `share`."""
    cell = np.random.default_rng(seed).random((n, cells, cells)) < share
    return np.kron(cell, np.ones((side, side))).astype(np.uint8)


def test_random_checkerboard_follows_its_analytic_curve():
    side, cells, share = 6, 32, 0.3
    width = side * cells
    found = two_point(checkerboards(24, cells, side, share, 4), r_max=14, levels=2)
    offset = np.arange(-14, 15)
    # Share of the pairs, offset by that much along one axis, that lie in one column of cells.
    in_one = cells * np.maximum(side - np.abs(offset), 0) / (width - np.abs(offset))
    starts = width - np.abs(offset)
    r = np.rint(np.hypot(*np.meshgrid(offset, offset))).astype(int).ravel()
    weight = np.outer(starts, starts).ravel().astype(float)
    one_cell = np.outer(in_one, in_one).ravel()
    equal = one_cell + (1 - one_cell) * (share**2 + (1 - share) ** 2)
    expected = np.bincount(r, weight * equal)[:15] / np.bincount(r, weight)[:15]
    np.testing.assert_allclose(found.probability[:, 0], expected, atol=0.006)
    # Where no pair shares a cell any more the curve is constant: |dx| or |dy| >= 6 from r = 9 on.
    length = correlation_length(found, 52.0)
    assert length.determined
    assert 6 <= length.px <= 9
    assert length.um == pytest.approx(length.px * 0.052)


def ring_fields(n, size, wavelength, seed):
    """Two-phase maps: Gaussian fields of one wavelength in all directions, cut at zero."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:size, :size]
    fields = np.zeros((n, size, size))
    for field in fields:
        for angle, phase in rng.random((60, 2)) * 2 * np.pi:
            k = 2 * np.pi / wavelength
            field += np.cos(k * (np.cos(angle) * x + np.sin(angle) * y) + phase)
    return (fields > 0).astype(np.uint8)


def test_characteristic_length_of_a_field_of_one_wavelength_is_analytic():
    # P(same phase | r) = 1/2 + arcsin(rho)/pi (Sheppard), lowest with rho = J0(k r): k r = 3.8317.
    wavelength = 20
    found = two_point(ring_fields(12, 160, wavelength, 3), r_max=40, levels=2)
    rho = j0(2 * np.pi * found.r / wavelength)
    np.testing.assert_allclose(found.probability[:, 0], 0.5 + np.arcsin(rho) / np.pi, atol=0.04)
    length = characteristic_length(found, 100.0)
    assert length.determined
    assert length.px == pytest.approx(3.8317 / (2 * np.pi) * wavelength, abs=1)
    assert length.um == pytest.approx(length.px * 0.1)
    assert length.low_um <= length.um <= length.high_um
    assert characteristic_length(found, 100.0) == length


def test_lengths_of_noise_are_one_pixel_and_undetermined():
    maps = np.random.default_rng(6).integers(0, 256, (8, 64, 64)).astype(np.uint8)
    found = two_point(maps, r_max=40)
    correlation = correlation_length(found, 52.0)
    assert (correlation.px, correlation.determined) == (1, True)
    assert "pixel size" in correlation.limit
    characteristic = characteristic_length(found, 52.0)
    assert not characteristic.determined
    assert "cannot be told" in characteristic.limit


def test_a_trend_across_the_map_has_no_length():
    rng = np.random.default_rng(7)
    ramp = np.linspace(0, 200, 80)
    maps = [(ramp + rng.integers(0, 40, (80, 80))).astype(np.uint8) for _ in range(6)]
    found = two_point(maps, r_max=60)
    assert not correlation_length(found, 52.0).determined
    assert "r_max" in correlation_length(found, 52.0).limit
    falling = characteristic_length(found, 52.0)
    assert not falling.determined
    assert "lowest near r_max" in falling.limit


def test_tolerance_shortens_the_correlation_length():
    found = two_point(checkerboards(24, 16, 6, 0.5, 1), r_max=30, levels=2)
    strict, loose = correlation_length(found, 52.0), correlation_length(found, 52.0, tolerance=0.2)
    assert 1 < loose.px < strict.px
    assert "tolerance" in loose.limit


@pytest.mark.parametrize("copies", [1, 5])
def test_without_spread_between_maps_the_scatter_far_away_is_the_error(copies):
    one = checkerboards(1, 24, 5, 0.4, 9)
    found = two_point(np.repeat(one, copies, axis=0), r_max=60, levels=2)
    length = correlation_length(found, 52.0)
    assert "scatter" in length.limit
    assert 3 <= length.px <= 10
    assert characteristic_length(found, 52.0).low_um is None


def test_lengths_refuse_what_they_cannot_read():
    found = two_point(np.arange(49).reshape(7, 7), r_max=4)
    for read in (correlation_length, characteristic_length):
        with pytest.raises(NpmError, match="larger r_max"):
            read(found, 52.0)
        with pytest.raises(NpmError, match="pixel size"):
            read(found, 0.0)


@pytest.mark.parametrize(
    ("images", "masks", "options"),
    [
        (np.full((4, 4), np.nan), None, {}),
        (np.full((4, 4), 1.5), None, {}),
        (np.zeros((4, 4)), np.zeros((4, 4), dtype=bool), {}),
        (np.zeros((4, 4)), np.ones((4, 5), dtype=bool), {}),
        (np.zeros((2, 4, 4)), np.ones((4, 4), dtype=bool), {}),
        (np.zeros((0, 4, 4)), None, {}),
        (np.zeros((1, 2, 4, 4)), None, {}),
        (np.zeros((4, 4)), None, {"r_max": 0}),
        (np.zeros((4, 4)), None, {"r_max": 2.5}),
        (np.zeros((4, 4)), None, {"levels": 1}),
        (np.zeros((4, 4)), None, {"levels": 300}),
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
