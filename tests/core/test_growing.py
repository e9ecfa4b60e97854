import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import ndimage
from skimage.draw import disk
from skimage.segmentation import flood

from napari_npm.core import PhantomConfig, RegionGrower, specimen
from napari_npm.core.errors import NpmError

images = hnp.arrays(np.uint8, (7, 9), elements=st.integers(0, 40))
seeds = st.tuples(st.integers(0, 6), st.integers(0, 8))


def iou(a, b):
    return np.count_nonzero(a & b) / np.count_nonzero(a | b)


def in_one_piece(region):
    return ndimage.label(region)[1] == 1


@settings(deadline=None, max_examples=60)
@given(images, seeds, st.integers(0, 40))
def test_without_edges_it_is_a_flood_from_the_mean_around_the_seed(image, seed, tolerance):
    row, column = seed
    around = image[max(row - 1, 0) : row + 2, max(column - 1, 0) : column + 2].mean()
    apart = np.abs(image - around)
    apart[seed] = 0
    # Costs are whole steps of 1/4096 of the range: keep away from where that could matter.
    step = np.ptp(image) / 4096
    if np.any(np.abs(apart - tolerance) <= step):
        tolerance += 0.17
    grown = RegionGrower(image, smooth_px=0, edge_weight=0).region(seed, tolerance)
    assert np.array_equal(grown, flood(apart <= tolerance, seed, connectivity=1))


def brute_force(image, seed, tolerance, edge_weight):
    """Reach what is cheap enough, then one pixel more on the near side of an edge."""
    grey = np.pad(image.astype(float), 1, mode="symmetric")
    dy = (grey[2:, 1:-1] - grey[:-2, 1:-1]) / 2
    dx = (grey[1:-1, 2:] - grey[1:-1, :-2]) / 2
    row, column = seed
    around = image[max(row - 1, 0) : row + 2, max(column - 1, 0) : column + 2].mean()
    apart = np.abs(image - around)
    price = apart + edge_weight * np.hypot(dy, dx)
    price[seed] = 0
    curved = ndimage.laplace(image.astype(float), mode="reflect")
    rim = np.where((image - around) * curved > 0, apart / 8, apart)
    step = (np.ptp(image) / 4096) or 1.0
    safe = min(np.abs(price - tolerance).min(), np.abs(rim - tolerance).min()) > 3 * step
    safe &= np.abs((image - around) * curved)[apart > 0].min(initial=1) > 1e-3
    region = flood(price <= tolerance, seed, connectivity=1)
    region |= ndimage.binary_dilation(region) & (rim <= tolerance)
    return safe, region


@settings(deadline=None, max_examples=100)
@given(images, seeds, st.integers(0, 60))
def test_edges_cost_and_are_reached_from_the_inside(image, seed, tolerance):
    tolerance += 0.1234
    safe, expected = brute_force(image, seed, tolerance, 1.5)
    if safe:
        grower = RegionGrower(image, smooth_px=0, edge_weight=1.5)
        assert np.array_equal(grower.region(seed, tolerance), expected)


@settings(deadline=None, max_examples=40)
@given(images, seeds, st.lists(st.floats(0, 90), min_size=2, max_size=2))
def test_a_larger_tolerance_only_adds(image, seed, tolerances):
    grower = RegionGrower(image)
    less, more = (grower.region(seed, t) for t in sorted(tolerances))
    for region in (less, more):
        assert region[seed]
        assert in_one_piece(region)
    assert np.all(more[less])


def test_another_seed_is_worked_out_anew():
    image = np.zeros((20, 20))
    image[:, 10:] = 100
    grower = RegionGrower(image)
    left, right = grower.region((10, 2), 5), grower.region((10, 17), 5)
    assert not (left & right).any()
    assert np.array_equal(grower.region((10, 2), 5), left)


def test_an_edge_stops_what_grey_alone_lets_through():
    # A ramp of ten grey levels over two pixels, then even again.
    image = np.repeat([[100.0] * 20 + [105.0] + [110.0] * 20], 30, axis=0)
    open_ended = RegionGrower(image, smooth_px=0, edge_weight=0).region((15, 5), 11)
    stopped = RegionGrower(image, smooth_px=0, edge_weight=3).region((15, 5), 11)
    assert open_ended.all()
    assert not stopped[:, 23:].any()
    assert stopped[:, :20].all()


def test_suggested_tolerance_selects_most_grains_of_a_phantom():
    phantom = specimen(PhantomConfig(), 0, 0, n_tiles=2, seed=0)[1]
    cement = phantom.labels == 1
    grains, count = ndimage.label(cement)
    depth = ndimage.distance_transform_edt(cement)
    grower = RegionGrower(phantom.bse)
    found = []
    for number in range(1, count + 1):
        inside = np.where(grains == number, depth, 0)
        if inside.max() < 8:
            continue
        seed = np.unravel_index(np.argmax(inside), inside.shape)
        found.append(iou(grower.region(seed, grower.suggest(seed)), grains == number))
    assert len(found) >= 4
    assert np.median(found) > 0.85


def test_suggestion_grows_with_the_noise():
    rng = np.random.default_rng(0)
    image = np.full((80, 80), 140.0)
    image[disk((40, 40), 25)] = 60
    noise = rng.standard_normal(image.shape)
    quiet, loud = (RegionGrower(image + s * noise) for s in (1.0, 5.0))
    assert 3 * quiet.suggest((40, 40)) < loud.suggest((40, 40))
    for grower in (quiet, loud):
        truth = image == 60
        assert iou(grower.region((40, 40), grower.suggest((40, 40))), truth) > 0.9


@pytest.mark.parametrize("dtype", [np.uint16, np.float32, np.float64])
def test_any_scale_of_grey(dtype):
    image = np.random.default_rng(1).integers(0, 30, (40, 40)).astype(np.uint8)
    image[10:30, 10:30] += 100
    scaled = image.astype(dtype) * dtype(200)
    region = RegionGrower(image).region((20, 20), 45)
    assert np.array_equal(RegionGrower(scaled).region((20, 20), 9000), region)


def test_constant_image_is_one_region():
    grower = RegionGrower(np.full((6, 5), 7, np.uint8))
    assert grower.region((2, 2), 0).all()
    assert grower.suggest((2, 2)) >= 0


@pytest.mark.parametrize("seed", [(-1, 0), (4, 0), (0, 5)])
def test_seed_outside(seed):
    grower = RegionGrower(np.ones((4, 5)))
    with pytest.raises(NpmError, match="outside the image"):
        grower.region(seed, 1)
    with pytest.raises(NpmError, match="outside the image"):
        grower.suggest(seed)


@pytest.mark.parametrize(
    ("image", "options", "says"),
    [
        (np.ones((4, 5, 3)), {}, "colour"),
        (np.full((4, 5), np.nan), {}, "NaN"),
        (np.ones((4, 5)), {"smooth_px": -1}, "0 or more"),
        (np.ones((4, 5)), {"edge_weight": np.nan}, "0 or more"),
    ],
)
def test_bad_images(image, options, says):
    with pytest.raises(NpmError, match=says):
        RegionGrower(image, **options)


@pytest.mark.parametrize("tolerance", [-1, np.nan])
def test_bad_tolerance(tolerance):
    with pytest.raises(NpmError, match="0 or more"):
        RegionGrower(np.ones((4, 5))).region((0, 0), tolerance)
