import hypothesis.extra.numpy as hnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage.feature import graycomatrix

from napari_npm.core import _pair_engines, _pair_spectra
from napari_npm.core._displacements import displacements
from napari_npm.core._pair_spectra import Plan, count_spectral
from napari_npm.core._transformers import OnDevice, OnProcessor
from napari_npm.core._two_point import group_edges
from napari_npm.core.correlation import two_point, two_point_by_direction
from napari_npm.core.errors import Cancelled, NpmError

ENGINES = ("direct", "sparse", "fft")
shapes = hnp.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=11)


def brute_force(grey, mask, r_max, sectors=1, *, periodic=False):
    """Every unordered pair, one by one, by sector, distance and difference."""
    counts = np.zeros((sectors, r_max + 1, 256), dtype=np.int64)
    places = [(y, x) for y in range(grey.shape[0]) for x in range(grey.shape[1]) if mask[y, x]]
    for k, a in enumerate(places):
        counts[:, 0, 0] += 1
        for b in places[k + 1 :]:
            dy, dx = b[0] - a[0], b[1] - a[1]
            if periodic:
                dy, dx = (
                    (d + n // 2) % n - n // 2 for d, n in zip((dy, dx), grey.shape, strict=True)
                )
            r = round(np.hypot(dy, dx))
            if r <= r_max:
                degrees = np.degrees(np.arctan2(dy, dx)) % 180
                sector = int(np.floor(round(degrees * sectors / 180, 9) + 0.5)) % sectors
                counts[sector, r, abs(int(grey[a]) - int(grey[b]))] += 1
    return counts


@st.composite
def ensembles(draw):
    """One to three maps of few or many levels, each with a mask, whole for some."""
    shape = draw(shapes)
    top = draw(st.sampled_from([1, 7, 255]))
    n = draw(st.integers(1, 3))
    maps = draw(hnp.arrays(np.uint8, (n, *shape), elements=st.integers(0, top)))
    masks = draw(hnp.arrays(bool, (n, *shape)))
    masks[0].flat[0] = True
    return maps, masks, draw(st.integers(1, 15)), draw(st.sampled_from([1, 2, 3, 4]))


def check(found, maps, masks, r_max, sectors, *, periodic=False):
    each = [
        brute_force(*one, r_max, sectors, periodic=periodic)
        for one in zip(maps, masks, strict=True)
    ]
    assert len(found) == sectors
    for k, one in enumerate(found):
        np.testing.assert_array_equal(one.counts, sum(each)[k])
        by_group = [np.add.reduceat(counts[k], one.edges[:-1], axis=1) for counts in each]
        np.testing.assert_array_equal(one.grouped, by_group)
        assert one.n_images == len(maps)


@pytest.mark.parametrize("engine", [*ENGINES, "auto"])
@given(case=ensembles(), threads=st.integers(1, 3))
@settings(max_examples=25, deadline=None)
def test_every_engine_counts_what_brute_force_counts(engine, case, threads):
    maps, masks, r_max, sectors = case
    options = {"sectors": sectors, "engine": engine, "threads": threads}
    check(two_point_by_direction(maps, masks, r_max, **options), maps, masks, r_max, sectors)
    whole = np.ones_like(masks)
    check(two_point_by_direction(maps, None, r_max, **options), maps, whole, r_max, sectors)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("shape", [(8, 10), (9, 7), (8, 9)])
@pytest.mark.parametrize("sectors", [1, 4])
def test_periodic_maps_count_pairs_across_their_edges(engine, shape, sectors):
    rng = np.random.default_rng(3)
    maps = rng.integers(0, 256, (2, *shape)).astype(np.uint8)
    masks = rng.random((2, *shape)) < 0.6
    r_max = (min(shape) - 1) // 2
    options = {"sectors": sectors, "engine": engine, "periodic": True}
    for inside in (masks, np.ones_like(masks)):
        found = two_point_by_direction(maps, inside, r_max, **options)
        check(found, maps, inside, r_max, sectors, periodic=True)
    found = two_point_by_direction(maps, None, r_max, **options)
    check(found, maps, np.ones_like(masks), r_max, sectors, periodic=True)
    with pytest.raises(NpmError, match="at most"):
        two_point(maps, None, r_max + 1, engine=engine, periodic=True)


def test_a_periodic_map_may_be_rolled():
    grey = np.random.default_rng(4).integers(0, 40, (24, 30)).astype(np.uint8)
    found = two_point(grey, r_max=9, periodic=True)
    rolled = two_point(np.roll(grey, (7, 11), (0, 1)), r_max=9, periodic=True)
    np.testing.assert_array_equal(found.counts, rolled.counts)
    assert not np.array_equal(found.counts, two_point(grey, r_max=9).counts)


def blobs(n, side, seed=5):
    """Smooth maps with a large part of one value, hard for single precision."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:side, :side] / side
    waves = [
        sum(np.sin(6 * (a * x + b * y) + c) for a, b, c in rng.uniform(-3, 3, (5, 3)))
        for _ in range(n)
    ]
    found = np.clip(128 + 40 * np.array(waves) + rng.normal(0, 4, (n, side, side)), 0, 255)
    found[:, : side // 3] = 0
    return found.astype(np.uint8)


@pytest.mark.parametrize("density", [None, 0.05, 0.3])
def test_engines_and_threads_agree_on_larger_maps(density):
    maps = blobs(9, 90)
    masks = None if density is None else np.random.default_rng(1).random(maps.shape) < density
    expected = two_point(maps, masks, 45, engine="direct", threads=1)
    for engine, threads in (("sparse", 3), ("fft", 1), ("fft", 3), ("auto", None)):
        found = two_point(maps, masks, 45, engine=engine, threads=threads)
        np.testing.assert_array_equal(found.counts, expected.counts)
        np.testing.assert_array_equal(found.grouped, expected.grouped)


def silent(done):
    """Hear nothing."""


def spectral(maps, masks, r_max, *, double, make=OnProcessor):
    where = displacements(maps[0].shape, r_max)
    pairs = list(zip(maps, masks, strict=True))
    return count_spectral(pairs, where, group_edges(256), make, silent, double=double)


def test_uncertain_counts_are_counted_again_in_double_precision(monkeypatch):
    maps = blobs(3, 48)
    expected = two_point(maps, r_max=20, engine="direct")
    precisions = []
    count = _pair_engines.count_spectral

    def watched(*args, double):
        precisions.append(double)
        return count(*args, double=double)

    monkeypatch.setattr(_pair_engines, "count_spectral", watched)
    monkeypatch.setattr(_pair_engines, "CHUNK", 2)
    # So near a whole number that only double precision passes.
    monkeypatch.setattr(_pair_spectra, "_NEAR", 1e-6)
    told = []
    found = two_point(
        maps, r_max=20, engine="fft", progress=lambda done, total, *_: told.append((done, total))
    )
    np.testing.assert_array_equal(found.counts, expected.counts)
    # The second chunk is of double precision at once.
    assert precisions == [False, True, True]
    assert told == [(1, 3), (2, 3), (1, 3), (2, 3), (3, 3)]
    # And where no precision is enough, pairs are compared one by one.
    monkeypatch.setattr(_pair_spectra, "_NEAR", 1e-30)
    found = two_point(maps, r_max=20, engine="fft")
    np.testing.assert_array_equal(found.counts, expected.counts)
    np.testing.assert_array_equal(found.grouped, expected.grouped)


@pytest.mark.parametrize(("place", "by"), [((3, 5), 1), ((9, 0), 1), ((12, 200), 1)])
def test_a_wrong_count_is_found_by_the_sum_of_squares(monkeypatch, place, by):
    """A whole number off is as near to a whole number as a right count."""
    maps, masks = blobs(1, 40), [None]
    assert spectral(maps, masks, 15, double=True) is not None
    certain = _pair_spectra._certain

    def wrong(values, grouped, pairs, squares, edges):
        r, dn = place
        values[r, dn] += by
        values[r, dn + 1] -= by
        return certain(values, grouped, pairs, squares, edges)

    monkeypatch.setattr(_pair_spectra, "_certain", wrong)
    assert spectral(maps, masks, 15, double=True) is None


@pytest.mark.parametrize("double", [False, True])
def test_little_memory_takes_the_transforms_in_turns(monkeypatch, double):
    maps = blobs(2, 40)
    masks = [None, maps[1] > 20]
    expected = spectral(maps, masks, 15, double=double)
    monkeypatch.setattr(_pair_spectra, "_MOST_BYTES", 300_000)
    found = spectral(maps, masks, 15, double=double)
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("sectors", [1, 3])
@pytest.mark.parametrize("double", [False, True])
def test_torch_transforms_as_scipy_does(sectors, double):
    rng = np.random.default_rng(6)
    shape, r_max = (21, 26), 9
    plan = Plan(shape, displacements(shape, r_max, sectors))
    codes = rng.integers(0, 20, shape).astype(np.uint16)
    tables = np.exp(1j * rng.random((3, 20)))
    one, other = OnProcessor(plan, 2), OnDevice(plan, "cpu")
    first, second = one.zeros(3, *plan.folded), other.zeros(3, *plan.folded)
    expected = one.spectra(one.codes(codes), tables, double, first)
    found = other.spectra(other.codes(codes), tables, double, second)
    limit = 1e-12 if double else 1e-5
    np.testing.assert_allclose(other.numpy(found), expected, rtol=limit, atol=limit * 500)
    np.testing.assert_array_equal(first, expected)
    np.testing.assert_array_equal(other.numpy(second), other.numpy(found))


def test_the_whole_way_through_torch():
    maps = blobs(2, 40)
    masks = [None, maps[1] > 20]
    found = spectral(maps, masks, 15, double=False, make=lambda plan: OnDevice(plan, "cpu"))
    expected = spectral(maps, masks, 15, double=True)
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_array_equal(one, other)


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
    for engine in ENGINES:
        np.testing.assert_array_equal(two_point(grey, r_max=r_max, engine=engine).counts, expected)


def chooser(n, r_max):
    """Return what chooses the engine in an ensemble of n maps."""
    settings = {"periodic": False, "engine": "auto", "device": "cpu", "threads": None}
    return _pair_engines.Ensemble(n, r_max, 256, 1, group_edges(256), told=silent, **settings)


def test_the_engine_is_chosen_by_mask_size_and_reach():
    large, small = np.zeros((2, 384, 384), np.uint8), np.zeros((30, 30), np.uint8)
    mask = np.random.default_rng(2).random((384, 384)) < 0.05
    ensemble = chooser(8, 200)
    assert ensemble._choose(large[0], mask) == "sparse"
    assert ensemble._choose(large[0], None) == "fft"
    assert ensemble._choose(large[0], np.ones_like(mask)) == "fft"
    assert chooser(1, 12)._choose(large[0], None) == "direct"
    assert chooser(1, 12)._choose(small, None) == "direct"


def test_sectors_find_the_direction_of_stripes():
    rows = np.random.default_rng(9).integers(0, 256, 60).astype(np.uint8)
    stripes = np.repeat(rows[:, np.newaxis], 60, axis=1)
    found = two_point_by_direction(stripes, r_max=20, sectors=4)
    along, across = found[0].probability[:, 0], found[2].probability[:, 0]
    # Side by side along a stripe pixels are alike, one under the other hardly ever.
    assert along[1] == 1.0
    assert across[1:].max() < 0.05
    np.testing.assert_array_equal(
        sum(one.counts for one in found)[1:], two_point(stripes, r_max=20).counts[1:]
    )


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"engine": "fastest"}, "choose auto, direct"),
        ({"engine": "direct", "device": "cuda"}, "device cpu only"),
        ({"device": "nonsense"}, "no device"),
    ],
)
def test_engines_and_devices_that_are_not_there_are_refused(options, words):
    with pytest.raises(NpmError, match=words):
        two_point(np.zeros((6, 6)), r_max=2, **options)


@pytest.mark.parametrize("sectors", [0, 37, 1.5, np.nan])
def test_bad_numbers_of_sectors_are_refused(sectors):
    with pytest.raises(NpmError, match="sectors"):
        two_point_by_direction(np.zeros((6, 6)), r_max=2, sectors=sectors)


@pytest.mark.parametrize("engine", ENGINES)
def test_maps_of_different_shapes_and_empty_masks_stand_in_one_ensemble(engine):
    rng = np.random.default_rng(11)
    maps = [rng.integers(0, 256, shape).astype(np.uint8) for shape in ((9, 8), (9, 8), (5, 12))]
    masks = [rng.random(one.shape) < 0.5 for one in maps]
    masks[1][:] = False
    masks[2][:] = False
    masks[2][4, 11] = True  # a single pixel has no pair but itself
    found = two_point(maps, masks, 30, engine=engine)
    check((found,), maps, masks, 30, 1)
    assert not found.grouped[1].any()
    assert found.grouped[2].sum() == 1


@pytest.mark.parametrize("engine", ENGINES)
def test_every_engine_can_be_stopped_after_a_map(engine):
    told = []

    def stop_at_two(done, total, message="", metrics=None):
        told.append((done, total))
        if done == 2:
            raise Cancelled

    with pytest.raises(Cancelled):
        two_point(np.zeros((3, 5, 5)), r_max=2, engine=engine, progress=stop_at_two)
    assert told == [(1, 3), (2, 3)]
