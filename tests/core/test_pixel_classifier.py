import numpy as np
import pytest
from scipy import ndimage
from skimage.draw import disk, line
from sklearn.ensemble import ExtraTreesClassifier, RandomForestClassifier

from napari_npm.core import (
    PhantomConfig,
    PixelClassifier,
    Stroke,
    propose_unhydrated,
    specimen,
    train_pixel_classifier,
)
from napari_npm.core._brightness import Brightness
from napari_npm.core._forest import Forest
from napari_npm.core._pixel_features import NAMES, RADII, STRIP, strip_features, strips
from napari_npm.core.errors import Cancelled, NpmError


def iou(a, b):
    return np.count_nonzero(a & b) / np.count_nonzero(a | b)


def features(grey):
    parts = [strip_features(strip) for _, strip in strips(grey.astype(np.float32))]
    return np.concatenate(parts, axis=1)


@pytest.fixture(scope="module")
def phantoms():
    """Two tiles of one specimen and one of another, brighter by several grey levels."""
    config = PhantomConfig(reference_every=0)
    first, second = specimen(config, 0, 0, n_tiles=2, seed=1)
    return first, second, specimen(config, 0, 5, n_tiles=1, seed=1)[0]


def drawn(phantom):
    """One stroke each as a user would draw it: in the largest grain, in C-S-H, in CH."""
    strokes = np.zeros(phantom.bse.shape, np.uint8)
    cement = phantom.labels == 1
    hydroxide = (phantom.porosity == 0) & ~cement
    for region, stroke in (
        (cement, Stroke.UNHYDRATED),
        (hydroxide, Stroke.OTHER),
        (~(cement | hydroxide), Stroke.OTHER),
    ):
        depth = ndimage.distance_transform_edt(region)
        row, column = np.unravel_index(np.argmax(depth), depth.shape)
        rows, columns = line(row, max(column - 20, 0), row, min(column + 20, depth.shape[1] - 1))
        thin = np.zeros(region.shape, bool)
        thin[rows, columns] = True
        strokes[ndimage.binary_dilation(thin, iterations=3) & (depth > 1)] = stroke
    return strokes


@pytest.fixture(scope="module")
def classifier(phantoms):
    return train_pixel_classifier([phantoms[0].bse], [drawn(phantoms[0])])


# --- features


def test_features_against_scipy():
    grey = np.random.default_rng(0).normal(100, 20, (STRIP + 13, 50)).astype(np.float32)
    got = features(grey)
    assert got.shape == (len(NAMES), *grey.shape)
    smooth = ndimage.gaussian_filter(grey.astype(float), 1.0, mode="reflect", truncate=3.0)
    np.testing.assert_allclose(got[0], smooth, rtol=1e-5)
    for k, radius in enumerate(RADII):
        # Brute force: mean and scatter in every window, then the most even of 25 around a pixel.
        padded = np.pad(grey.astype(float), 2 * radius, mode="symmetric")
        windows = np.lib.stride_tricks.sliding_window_view(padded, (2 * radius + 1,) * 2)
        mean, scatter = windows.mean((2, 3)), windows.std((2, 3))
        steps = [0, radius - radius // 2, radius, radius + radius // 2, 2 * radius]
        rows, cols = grey.shape
        every = [(y, x) for y in steps for x in steps]
        cuts = [np.s_[y : y + rows, x : x + cols] for y, x in every]
        candidates = np.stack([scatter[cut] for cut in cuts])
        best = np.argmin(candidates, axis=0)
        wanted = np.take_along_axis(np.stack([mean[cut] for cut in cuts]), best[None], 0)[0]
        np.testing.assert_allclose(got[2 + 2 * k], candidates.min(axis=0), rtol=1e-4)
        np.testing.assert_allclose(got[1 + 2 * k], wanted, rtol=1e-4)


def test_features_do_not_depend_on_the_strips():
    grey = np.random.default_rng(1).normal(100, 20, (3 * STRIP, 40)).astype(np.float32)
    whole = features(grey)
    moved = features(grey[17:])
    reach = 2 * max(RADII)  # the cut edge is mirrored, which pixels this near to it notice
    assert np.array_equal(moved[:, reach:], whole[:, 17 + reach :])


def test_a_grain_is_even_up_to_its_edge():
    grey = np.random.default_rng(2).normal(0, 2, (60, 60)) + 100
    grain = np.zeros(grey.shape, bool)
    grain[disk((30, 30), 18)] = True
    grey[grain] -= 40
    unevenness = features(grey)[2]
    assert np.percentile(unevenness[grain], 90) < 3
    assert ndimage.generic_filter(grey, np.std, 5)[grain].max() > 12  # what a plain window sees


# --- trees


@pytest.mark.parametrize("kind", [RandomForestClassifier, ExtraTreesClassifier])
@pytest.mark.parametrize("options", [{}, {"max_depth": 3, "class_weight": "balanced"}])
def test_forest_is_exactly_that_of_scikit_learn(kind, options):
    rng = np.random.default_rng(0)
    x = np.round(rng.normal(size=(300, 5)), 1).astype(np.float32)  # with ties
    y = x[:, 0] * x[:, 1] + rng.normal(size=300) > 0.5
    trees = kind(13, random_state=3, **options).fit(x, y)
    asked = np.round(rng.normal(size=(1000, 5)), 2).astype(np.float32)
    got = Forest.from_sklearn(trees).probability(np.ascontiguousarray(asked.T))
    assert np.array_equal(got, trees.predict_proba(asked)[:, 1])


def test_thresholds_between_two_floats():
    # 0.1f is above 0.1: a threshold of 0.1 (float64) must not let it pass as equal.
    x = np.array([[0.0], [0.2]], np.float32)
    trees = RandomForestClassifier(1, bootstrap=False).fit(x, [0, 1])
    asked = trees.estimators_[0].tree_.threshold[0]
    near = np.float32(asked)
    values = np.array([np.nextafter(near, s * np.float32(np.inf)) for s in (-1, 1)] + [near])
    got = Forest.from_sklearn(trees).probability(values[None].astype(np.float32))
    assert np.array_equal(got, trees.predict_proba(values[:, None])[:, 1])


# --- learning


def test_three_strokes_find_the_cement(phantoms, classifier):
    for phantom, least in zip(phantoms, (0.9, 0.88, 0.84), strict=True):
        found = propose_unhydrated(phantom.bse, classifier)
        assert iou(found, phantom.labels == 1) > least


def test_probability_is_the_same_for_any_threads(phantoms, classifier):
    image = phantoms[1].bse
    one = classifier.probability(image, threads=1)
    assert one.dtype == np.float32
    assert one.shape == image.shape
    assert np.all((one >= 0) & (one <= 1))
    assert np.array_equal(one, classifier.probability(image, threads=3))


def test_training_is_repeatable(phantoms, classifier):
    again = train_pixel_classifier([phantoms[0].bse], [drawn(phantoms[0])], seed=0)
    other = train_pixel_classifier([phantoms[0].bse], [drawn(phantoms[0])], seed=1)
    image = phantoms[0].bse[:100]
    assert np.array_equal(again.probability(image), classifier.probability(image))
    assert not np.array_equal(other.probability(image), classifier.probability(image))


def test_brightness_of_other_images_does_not_matter(phantoms, classifier):
    for image in (phantoms[0].bse, phantoms[1].bse):
        found = propose_unhydrated(image, classifier)
        brighter = propose_unhydrated(image + np.uint8(12), classifier)
        assert iou(found, brighter) > 0.97


def test_offset_of_even_phases(phantoms):
    first, second, other = (p.bse.astype(np.float32) for p in phantoms)
    measure = Brightness.of(first, 3.0)
    assert measure.offset(first) == 0
    assert measure.offset(first + 7) == pytest.approx(7, abs=0.13)
    assert measure.offset(second - 9) == pytest.approx(measure.offset(second) - 9, abs=0.3)
    drift = phantoms[2].g_csh - phantoms[0].g_csh
    assert abs(drift) > 2.5
    assert measure.offset(other) == pytest.approx(drift, abs=1.5)
    assert measure.offset(first + 60) == pytest.approx(60, abs=0.13)
    assert measure.offset(first * 1000) == 0  # another kind of image
    rough = np.random.default_rng(0).normal(100, 60, (90, 90)).astype(np.float32)
    assert measure.offset(rough) == 0  # nothing is even


def test_an_image_without_cement(classifier):
    # Calcium hydroxide must not be taken for it because it is the darkest even phase left.
    config = PhantomConfig(reference_every=0, unhydrated_fraction=0.0)
    for phantom in specimen(config, 0, 0, n_tiles=3, seed=1):
        assert np.mean(propose_unhydrated(phantom.bse, classifier)) < 0.02


def test_strokes_on_several_images_of_any_brightness(phantoms, classifier):
    first, second = phantoms[:2]
    nothing = np.zeros(first.bse.shape, np.uint8)
    cement = drawn(first)
    cement[cement == Stroke.OTHER] = 0
    others = drawn(second)
    others[others == Stroke.UNHYDRATED] = 0
    images = [second.bse + np.uint8(20), first.bse, phantoms[2].bse]
    both = train_pixel_classifier(images, [others, cement, nothing])
    assert both.unhydrated_px == np.count_nonzero(cement)
    assert both.other_px == np.count_nonzero(others)
    assert iou(propose_unhydrated(first.bse, both), first.labels == 1) > 0.85


def test_strokes_of_cement_tell_how_bright_an_image_is(rng):
    """A darker image without CH: its cement is as dark as the CH of the other."""
    gel = ndimage.gaussian_filter(rng.normal(0, 1, (2, 192, 192)), (0, 2, 2))
    bright, dark = rng.normal(140 + 25 * gel / gel.std(), 2.0) - np.array([0, 8])[:, None, None]
    strokes = np.zeros((2, 192, 192), np.uint8)
    cement = [np.zeros((192, 192), bool), np.zeros((192, 192), bool)]
    for image, number, centre, grey in (
        (bright, 0, (60, 60), 100),
        (bright, None, (130, 130), 92),
        (dark, 1, (60, 60), 92),
    ):
        where = disk(centre, 30)
        image[where] = rng.normal(grey, 2.0, where[0].size)
        if number is not None:
            cement[number][where] = True
    for drawn_on, kinds in zip(strokes, ((1, 2), (1,)), strict=True):
        drawn_on[5:9, 20:170] = Stroke.OTHER
        for at, kind in zip((60, 130), kinds, strict=False):
            drawn_on[at - 3 : at + 3, at - 15 : at + 15] = kind
    learnt = train_pixel_classifier([bright, dark], strokes)
    assert iou(propose_unhydrated(bright, learnt), cement[0]) > 0.9


def test_arrays_keep_everything(tmp_path, phantoms, classifier):
    np.savez(tmp_path / "classifier.npz", **classifier.to_arrays())
    with np.load(tmp_path / "classifier.npz", allow_pickle=False) as stored:
        again = PixelClassifier.from_arrays(stored)
    image = phantoms[2].bse
    assert np.array_equal(again.probability(image), classifier.probability(image))
    assert (again.unhydrated_px, again.other_px) == (classifier.unhydrated_px, classifier.other_px)


def damaged(name, change):
    def damage(arrays):
        arrays[name] = change(np.array(arrays[name]))

    return damage


def put(array, at, value):
    array[at] = value
    return array


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (lambda arrays: arrays.pop("child"), "lacks child"),
        (damaged("numbers", lambda a: put(a, 0, 99)), "another version"),
        (damaged("child", lambda a: put(a, 0, -4)), "damaged"),
        (damaged("child", lambda a: put(a, 0, a.size)), "damaged"),
        (damaged("child", lambda a: put(a, 5, 1)), "damaged"),  # a circle
        (damaged("feature", lambda a: put(a, 0, 7)), "damaged"),
        (damaged("roots", lambda a: a + 10_000), "damaged"),
        (damaged("value", lambda a: a[:-1]), "damaged"),
        (damaged("value", lambda a: put(a, 3, np.nan)), "damaged"),
        (damaged("brightness", lambda a: a[:0]), "damaged"),
        (damaged("brightness_scale", lambda a: put(a, 1, 0)), "damaged"),
    ],
)
def test_damaged_arrays(classifier, damage, says):
    arrays = {name: array.copy() for name, array in classifier.to_arrays().items()}
    damage(arrays)
    with pytest.raises(NpmError, match=says):
        PixelClassifier.from_arrays(arrays)


def test_progress_and_cancel(phantoms, classifier):
    seen = []

    def stop(done, total, message="", metrics=None):
        seen.append((done, total))
        if done == 2:
            raise Cancelled

    with pytest.raises(Cancelled):
        classifier.probability(phantoms[0].bse, progress=stop)
    assert seen == [(1, 6), (2, 6)]


@pytest.mark.parametrize("dtype", [np.uint16, np.float32, np.float64])
def test_any_type_of_image(phantoms, classifier, dtype):
    image = phantoms[0].bse.astype(dtype) * dtype(100)
    scaled = train_pixel_classifier([image], [drawn(phantoms[0])])
    found = propose_unhydrated(image, scaled)
    assert iou(found, propose_unhydrated(phantoms[0].bse, classifier)) > 0.98


@pytest.mark.parametrize("level", [0, 200])
def test_constant_images(classifier, level):
    image = np.full((70, 30), level, np.uint8)
    assert np.ptp(classifier.probability(image)) == 0
    strokes = np.zeros(image.shape, np.uint8)
    strokes[2:5, 2:20], strokes[20:25, 2:20] = Stroke.UNHYDRATED, Stroke.OTHER
    assert np.all(train_pixel_classifier([image], [strokes]).probability(image) == 0.5)


SMALL = np.random.default_rng(0).integers(0, 255, (20, 30)).astype(np.uint8)
MARKS = np.zeros((20, 30), np.uint8)
MARKS[3:6, 3:12], MARKS[12:16, 3:12] = Stroke.UNHYDRATED, Stroke.OTHER


@pytest.mark.parametrize(
    ("images", "strokes", "says"),
    [
        ([SMALL], [np.where(MARKS == 1, 1, 0)], "no strokes of what is not unhydrated cement"),
        ([SMALL], [np.where(MARKS == 2, 2, 0)], "no strokes of unhydrated cement; draw a few"),
        ([SMALL], [np.zeros_like(MARKS)], "no strokes of unhydrated cement"),
        ([], [], "no strokes"),
        ([SMALL], [MARKS[:-1]], "shape"),
        ([SMALL], [MARKS * 2], "must be 0"),
        ([SMALL, SMALL], [MARKS], "one image of strokes for each"),
        ([np.full((20, 30), np.nan)], [MARKS], "NaN"),
        ([np.zeros((20, 30, 3))], [MARKS], "colour"),
    ],
)
def test_bad_strokes(images, strokes, says):
    with pytest.raises(NpmError, match=says):
        train_pixel_classifier(images, strokes)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"probability": 0}, "between 0 and 1"),
        ({"probability": 1.5}, "between 0 and 1"),
        ({"smooth_px": -1}, "0 or more"),
        ({"min_area_px": -1}, "0 or more"),
    ],
)
def test_bad_options(classifier, options, says):
    with pytest.raises(NpmError, match=says):
        propose_unhydrated(SMALL, classifier, **options)


def test_few_pixels_are_enough_to_learn_from():
    image = np.where(np.arange(60)[:, None] < 30, 80, 140) + np.zeros((60, 60), np.uint8)
    strokes = np.zeros(image.shape, np.uint8)
    strokes[10, 10:13], strokes[50, 10:13] = Stroke.UNHYDRATED, Stroke.OTHER
    found = propose_unhydrated(image, train_pixel_classifier([image], [strokes]))
    assert iou(found, image == 80) > 0.95
