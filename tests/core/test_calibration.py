import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import ndimage

from napari_npm.core.calibration import (
    Level,
    ReferenceLevels,
    calibrate,
    pool_levels,
    reference_levels,
)
from napari_npm.core.errors import NpmError
from napari_npm.core.masking import Label
from napari_npm.core.response import ResponseCurve, default_curve

small = hnp.array_shapes(min_dims=2, max_dims=2, max_side=12)
byte_images = hnp.arrays(np.uint8, small)


def metal_mass_fraction(n):
    return 7.88 * n / (7.88 * n + 2.12 * (1 - n))


def brute_force(image, g_csh, g_metal, mask):
    """SI section 1, steps 1-4, one pixel at a time, the curve inverted by bisection."""
    curve = default_curve()
    out = np.zeros(image.shape)
    below = above = 0
    for at, grey in np.ndenumerate(image):
        if mask[at]:
            continue
        y = (float(grey) - g_csh) / (g_metal - g_csh)
        if y < 0:
            below += 1
        elif y > 1:
            above += 1
            out[at] = 1
        else:
            low, high = 0.0, 1.0
            for _ in range(60):
                middle = (low + high) / 2
                low, high = (middle, high) if curve.signal(middle) < y else (low, middle)
            out[at] = low
    return out, below, above


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int16, np.float32, np.uint32])
def test_against_steps_one_pixel_at_a_time(dtype):
    rng = np.random.default_rng(3)
    image = rng.integers(0, 256, (13, 9)).astype(dtype)
    mask = rng.random(image.shape) < 0.2
    result = calibrate(image, 60.25, 200.5, unhydrated=mask)
    porosity, below, above = brute_force(image, 60.25, 200.5, mask)
    assert result.porosity.dtype == np.float32
    assert np.abs(result.porosity - porosity).max() < 1e-6
    assert (result.below, result.above) == (below, above)
    assert result.unhydrated == mask.sum()
    assert result.clipped_fraction == pytest.approx((below + above) / (~mask).sum())
    assert (result.g_csh, result.g_metal) == (60.25, 200.5)


def test_whole_numbers_below_zero():
    image = np.array([[-150, -100, -65], [-30, -29, 20]], np.int16)
    result = calibrate(image, -100, -30)
    assert result.porosity == pytest.approx(calibrate(image.astype(float), -100, -30).porosity)
    assert (result.below, result.above) == (1, 2)


def test_ends_are_exact_and_not_counted():
    result = calibrate(np.array([[49, 50, 200, 201]], np.uint8), 50, 200)
    assert result.porosity.tolist() == [[0, 0, 1, 1]]
    assert (result.below, result.above) == (1, 1)


def test_true_porosity_comes_back_where_castaing_reads_low():
    n = np.array([[0.05, 0.2, 0.5, 0.8]])
    image = 40 + 180 * default_curve().signal(n)
    assert calibrate(image, 40, 220).porosity == pytest.approx(n, abs=1e-6)
    at = np.linspace(0, 1, 10_001)
    castaing = ResponseCurve("Castaing", "rule of mixtures", at, metal_mass_fraction(at))
    low = calibrate(image, 40, 220, curve=castaing).porosity
    assert low[0, 1] == pytest.approx(0.176, abs=4e-3)


def test_tabulated_values():
    # y(n) as published for these materials, to its last digit.
    table = {0.05: 0.147, 0.1: 0.266, 0.2: 0.443, 0.3: 0.574, 0.5: 0.759, 0.7: 0.876, 0.9: 0.967}
    image = 1000 + 50_000 * np.array([list(table.values())])
    porosity = calibrate(np.rint(image).astype(np.uint16), 1000, 51_000).porosity[0]
    # both were simulated: 0.002 in y, and dy/dn is 0.35 at the end
    assert porosity == pytest.approx(list(table), abs=0.012)


@settings(deadline=None)
@given(byte_images, st.floats(0, 120), st.floats(121, 255))
def test_rises_with_grey_and_stays_in_range(image, g_csh, g_metal):
    n = calibrate(image, g_csh, g_metal).porosity
    order = np.argsort(image, axis=None)
    assert np.all(np.diff(n.ravel()[order]) >= 0)
    assert n.min() >= 0
    assert n.max() <= 1


@settings(deadline=None)
@given(byte_images, st.floats(0.01, 300), st.floats(-1e4, 1e4))
def test_same_for_any_contrast_and_brightness(image, contrast, brightness):
    plain = calibrate(image, 60, 190)
    changed = calibrate(
        contrast * image.astype(float) + brightness,
        contrast * 60 + brightness,
        contrast * 190 + brightness,
    )
    assert np.abs(plain.porosity - changed.porosity).max() < 1e-4


@settings(deadline=None)
@given(st.data(), byte_images)
def test_unhydrated_is_zero_and_changes_nothing_else(data, image):
    mask = data.draw(hnp.arrays(np.bool_, image.shape))
    plain = calibrate(image, 60, 190)
    masked = calibrate(image, 60, 190, unhydrated=mask)
    assert np.all(masked.porosity[mask] == 0)
    assert np.array_equal(masked.porosity[~mask], plain.porosity[~mask])
    assert masked.below == np.count_nonzero(image[~mask] < 60)
    assert masked.above == np.count_nonzero(image[~mask] > 190)


@settings(max_examples=20, deadline=None)
@given(hnp.arrays(np.uint16, small))
def test_table_path_equals_float_path(image):
    by_table = calibrate(image, 9000.3, 40_000.7)
    by_float = calibrate(image.astype(np.float64), 9000.3, 40_000.7)
    assert np.array_equal(by_table.porosity, by_float.porosity)
    assert (by_table.below, by_table.above) == (by_float.below, by_float.above)


def test_input_is_left_alone():
    image = np.full((3, 3), 100, np.uint8)
    image.setflags(write=False)
    calibrate(image, 60, 190, unhydrated=np.eye(3, dtype=bool))
    assert np.all(image == 100)


@pytest.mark.parametrize(
    ("image", "levels", "mask", "says"),
    [
        (np.zeros((2, 2)), (200, 60), None, "G_m"),
        (np.zeros((2, 2)), (60, 60), None, "G_m"),
        (np.zeros((2, 2)), (60, np.nan), None, "G_m"),
        (np.array([[1.0, np.nan]]), (60, 200), None, "NaN"),
        (np.zeros((0, 4), np.uint8), (60, 200), None, "empty"),
        (np.zeros((4, 4, 3), np.uint8), (60, 200), None, "colour"),
        (np.zeros((2, 2)), (60, 200), np.zeros((2, 3), bool), "shape"),
        (np.zeros((2, 2)), (60, 200), np.full((2, 2), 2), "bool"),
    ],
)
def test_bad_input(image, levels, mask, says):
    with pytest.raises(NpmError, match=says):
        calibrate(image, *levels, unhydrated=mask)


@pytest.mark.parametrize(("dtype", "factor"), [(np.uint8, 1), (np.uint16, 257)])
def test_reference_levels(dtype, factor):
    image = np.array([[10, 12, 255, 90], [14, 200, 0, 210]], dtype) * dtype(factor)
    labels = np.array([[2, 2, 3, 1], [2, 3, 0, 3]], np.uint8)
    levels = reference_levels(image, labels)
    assert levels.csh.mean == 12 * factor
    assert levels.csh.std == pytest.approx(factor * np.sqrt(8 / 3))
    assert (levels.csh.count, levels.csh.clipped) == (3, 0)
    assert levels.metal.mean == pytest.approx(665 / 3 * factor)
    assert (levels.metal.count, levels.metal.clipped) == (3, 1)
    assert levels.pair() == (levels.csh.mean, levels.metal.mean)


def test_missing_references():
    levels = reference_levels(np.ones((2, 2)), np.full((2, 2), Label.UNHYDRATED))
    assert levels == ReferenceLevels(None, None)
    with pytest.raises(NpmError, match="C-S-H reference"):
        levels.pair()
    with pytest.raises(NpmError, match="metal reference"):
        ReferenceLevels(Level(1, 0, 1), None).pair()
    with pytest.raises(NpmError, match="shape"):
        reference_levels(np.ones((2, 2)), np.ones((3, 2)))


def test_pooled_level_is_that_of_all_pixels():
    rng = np.random.default_rng(0)
    parts = [rng.integers(0, 256, size).astype(np.uint8) for size in (5, 40, 11)]
    each = [reference_levels(p[None], np.full((1, p.size), Label.CSH)).csh for p in parts]
    both = np.concatenate(parts)
    pooled = pool_levels([*each, None])
    assert pooled.mean == pytest.approx(both.mean())
    assert pooled.std == pytest.approx(both.std())
    assert pooled.count == 56
    assert pooled.clipped == np.count_nonzero((both == 0) | (both == 255))
    assert pool_levels([None]) is None


def test_pooled_error_holds_the_scatter_between_images():
    """An image whose level is taken from others is known only to how much they differ."""
    rng = np.random.default_rng(2)
    off = []
    errors = []
    for _ in range(300):
        true = rng.normal(100, 3, 8)
        pooled = pool_levels([Level(one, 5, 400, error=0.2) for one in true[:7]])
        off.append(true[7] - pooled.mean)
        errors.append(pooled.error)
    assert np.sqrt(np.mean(np.square(errors))) == pytest.approx(np.std(off), rel=0.12)
    alone = pool_levels([Level(90, 5, 400, error=0.2), None])
    assert alone.error == 0.2
    same = pool_levels([Level(90, 5, 400, error=0.2)] * 4)
    assert same.error == pytest.approx(0.1)


@pytest.mark.parametrize("blur", [0, 2, 5])
def test_error_of_a_level_respects_neighbours_that_are_alike(blur):
    """Against the scatter of the mean over many images with the same noise."""
    rng = np.random.default_rng(3)
    labels = np.zeros((192, 192), np.uint8)
    labels[10:170, 5:150] = Label.CSH
    means, errors = [], []
    for _ in range(60):
        noise = rng.normal(0, 10, labels.shape)
        image = 100 + (ndimage.gaussian_filter(noise, blur) if blur else noise)
        level = reference_levels(image, labels).csh
        means.append(level.mean)
        errors.append(level.error)
        naive = level.std / np.sqrt(level.count)
    true = np.std(means)
    assert 0.85 * true < np.mean(errors) < 1.4 * true
    assert (np.mean(errors) > 3 * naive) == (blur > 1)


def test_error_of_a_small_reference_is_not_made_small():
    image = np.random.default_rng(4).normal(100, 10, (64, 64))
    labels = np.zeros(image.shape, np.uint8)
    labels[10:20, 10:20] = Label.METAL
    level = reference_levels(image, labels).metal
    assert level.error == level.std
    labels[10:30, 10:30] = Label.METAL
    level = reference_levels(image, labels).metal
    assert level.error == pytest.approx(level.std * 16 / 20)


@pytest.mark.parametrize(
    ("dtype", "top", "share"),
    [(np.uint8, 255, 0.5), (np.uint16, 4095, 0.5), (np.uint16, 65535, 0.5), (np.uint16, 3000, 0)],
)
def test_saturated_pixels_are_counted_for_converters_of_fewer_bits(dtype, top, share):
    image = np.full((20, 20), 90, dtype)
    image[:10] = top
    level = reference_levels(image, np.full(image.shape, Label.METAL)).metal
    assert level.clipped_fraction == share


def test_a_reference_on_unhydrated_cement_is_refused():
    labels = np.zeros((5, 5), np.uint8)
    labels[0], labels[1] = Label.CSH, Label.METAL
    unhydrated = np.zeros(labels.shape, bool)
    unhydrated[2:] = True
    image = np.arange(25.0).reshape(5, 5)
    kept_apart = reference_levels(image, labels, unhydrated)
    assert kept_apart == reference_levels(image, labels)
    unhydrated[1, :2] = True
    with pytest.raises(NpmError, match="metal reference overlaps unhydrated cement in 2 pixels"):
        reference_levels(image, labels, unhydrated)


@settings(deadline=None)
@given(hnp.arrays(np.uint8, small), st.integers(1, 200), st.integers(0, 9000))
def test_same_for_any_contrast_of_whole_numbers(image, contrast, brightness):
    """Exactly: 16-bit images go through the table, with other grey levels in it."""
    plain = calibrate(image, 60, 190)
    wide = image.astype(np.uint16) * np.uint16(contrast) + np.uint16(brightness)
    changed = calibrate(wide, contrast * 60 + brightness, contrast * 190 + brightness)
    np.testing.assert_allclose(plain.porosity, changed.porosity, atol=1e-6)
    assert (plain.below, plain.above) == (changed.below, changed.above)


@settings(deadline=None)
@given(st.floats(-1000, 1000), st.floats(1, 1000))
def test_references_read_zero_and_one(g_csh, span):
    ends = calibrate(np.array([[g_csh, g_csh + span]]), g_csh, g_csh + span).porosity
    assert ends.tolist() == [[0, 1]]
