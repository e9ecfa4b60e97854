import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from napari_npm.core.baselines import (
    TEXTURE_NAMES,
    FeatureClassifier,
    histogram_baseline,
    histogram_features,
    texture_baseline,
    texture_features,
)
from napari_npm.core.errors import Cancelled, NpmError


def uniform_maps(n: int, seed: int, width: float) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % 2
    half = np.where(labels == 0, 0.2, width)[:, None, None]
    return (0.5 + half * rng.uniform(-1, 1, (n, 24, 24))).astype(np.float32), labels


def test_histogram_baseline_reads_the_histogram_and_nothing_else() -> None:
    maps, labels = uniform_maps(60, 0, 0.3)  # equal means, other spread
    new, truth = uniform_maps(40, 1, 0.3)
    assert histogram_baseline(maps, labels, new, truth).accuracy == 1
    # the same grey values in another order: rows sorted in one class only
    one, classes = uniform_maps(60, 2, 0.2)
    two, other = uniform_maps(200, 3, 0.2)
    one[classes == 1] = np.sort(one[classes == 1], axis=2)
    two[other == 1] = np.sort(two[other == 1], axis=2)
    chance = histogram_baseline(one, classes, two, other)
    assert chance.accuracy == pytest.approx(0.5, abs=0.12)
    assert chance.predicted.shape == (200,)
    assert chance.accuracy == (chance.predicted == other).mean()


def test_histogram_baseline_warns_nobody_and_says_what_is_missing(monkeypatch) -> None:
    from sklearn.linear_model import LogisticRegression

    maps, labels = uniform_maps(20, 0, 0.3)
    assert histogram_baseline(maps, labels, maps, labels).converged
    with pytest.raises(NpmError, match="at least two samples"):
        histogram_baseline(maps, np.zeros(20, int), maps, labels)
    with pytest.raises(NpmError, match="none to test"):
        histogram_baseline(maps, labels, maps[:0], labels[:0])
    with pytest.raises(NpmError, match="one label"):
        histogram_baseline(maps, labels[:3], maps, labels)
    monkeypatch.setattr(
        "sklearn.linear_model.LogisticRegression", lambda **_: LogisticRegression(max_iter=1)
    )
    assert not histogram_baseline(maps, labels, maps, labels).converged


def feature(image, name: str) -> float:
    return float(texture_features(image.astype(np.float32))[TEXTURE_NAMES.index(name)])


def test_co_occurrence_is_that_counted_by_hand() -> None:
    # columns of levels 0 and 3 in turn: neighbours in a row or on a diagonal differ by 3, those
    # in a column by 0; two columns apart all are equal
    stripes = np.tile([0.5 / 16, 3.5 / 16], (12, 6))
    assert feature(stripes, "contrast_1px") == pytest.approx(3 / 4 * 9)
    assert feature(stripes, "homogeneity_1px") == pytest.approx((1 + 3 / 10) / 4)
    assert feature(stripes, "correlation_1px") == pytest.approx(-1 / 2, abs=0.02)
    assert feature(stripes, "contrast_8px") == pytest.approx(0)
    assert feature(stripes, "homogeneity_8px") == pytest.approx(1)


def test_bands_variances_and_gradients_are_those_of_a_wave() -> None:
    x = np.arange(128)
    wave = 0.5 + 0.2 * np.tile(np.cos(2 * np.pi * x / 16), (128, 1))
    # a Gaussian of s px takes a wave of 16 px down to exp(-(2 pi s / 16)^2 / 2)
    kept = {s: np.exp(-((2 * np.pi * s / 16) ** 2) / 2) for s in (0, 1, 2, 4, 8)}
    for a, b in ((0, 1), (1, 2), (2, 4), (4, 8)):
        energy = 0.02 * (kept[a] - kept[b]) ** 2
        assert feature(wave, f"band_{a}_{b}px") == pytest.approx(np.log(energy), abs=0.05)
    # the variance inside a window of w columns, mean over all places
    for w in (3, 9):
        windows = np.lib.stride_tricks.sliding_window_view(wave[0], w)
        assert feature(wave, f"variance_{w}px") == pytest.approx(
            np.log(windows.var(1).mean()), abs=0.02
        )
    slope = np.abs(np.gradient(wave[0]))
    assert feature(wave, "gradient_mean") == pytest.approx(slope.mean(), rel=1e-4)
    assert feature(wave, "gradient_sd") == pytest.approx(slope.std(), rel=1e-4)


def test_texture_does_not_read_the_mean_and_takes_what_has_no_texture() -> None:
    rng = np.random.default_rng(0)
    noise = 0.25 + 0.2 * rng.uniform(-1, 1, (48, 48))
    # a shift by whole levels leaves every feature as it is
    np.testing.assert_allclose(
        texture_features((noise + 4 / 16).astype(np.float32)),
        texture_features(noise.astype(np.float32)),
        rtol=1e-3,
        atol=1e-4,
    )
    flat = texture_features(np.full((48, 48), 0.3, np.float32))
    assert np.isfinite(flat).all()
    assert len(flat) == len(TEXTURE_NAMES) == 20
    with pytest.raises(NpmError, match=r"8 x 48 px is too small .* at least 9 px"):
        texture_features(np.zeros((8, 48), np.float32))


def textures(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw maps of one histogram (ranks) and two lengths of correlation."""
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % 2
    maps = [gaussian_filter(rng.normal(size=(48, 48)), 1.0 + label) for label in labels]
    ranks = [one.ravel().argsort().argsort().reshape(48, 48) for one in maps]
    return (np.array(ranks) / 48**2).astype(np.float32), labels


def test_texture_baseline_sees_what_the_histogram_cannot() -> None:
    maps, labels = textures(30, 0)
    new, truth = textures(40, 1)
    found = texture_baseline(maps, labels, new, truth)
    assert found.accuracy == 1
    np.testing.assert_array_equal(found.predicted, truth)
    assert found.converged
    assert histogram_baseline(maps, labels, new, truth).accuracy == pytest.approx(0.5, abs=0.2)


def test_histogram_features_are_shares_of_all_pixels() -> None:
    shares = histogram_features(bins=4)(np.array([[-1, 0.1, 0.26], [0.5, 0.99, 7]], np.float32))
    np.testing.assert_allclose(shares, [2 / 6, 1 / 6, 1 / 6, 2 / 6])


def test_classifier_keeps_class_numbers_and_can_be_cancelled() -> None:
    maps, labels = textures(12, 0)
    names = np.where(labels == 0, 4, 9)
    seen = []
    classifier = FeatureClassifier(
        texture_features, maps, names, lambda done, total, *_: seen.append((done, total))
    )
    assert set(classifier.predict(maps)) == {4, 9}
    assert seen == [(number, 12) for number in range(1, 13)]

    def stop(*_: object) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        classifier.predict(maps, stop)


def test_a_feature_counts_whatever_its_unit() -> None:
    rng = np.random.default_rng(0)
    labels = np.arange(40) % 2
    maps = (labels[:, None, None] + rng.normal(0, 0.2, (40, 4, 4))).astype(np.float32)

    def features(image):
        return np.array([1e-5 * image.mean()])

    classifier = FeatureClassifier(features, maps[:30], labels[:30])
    np.testing.assert_array_equal(classifier.predict(maps[30:]), labels[30:])


def test_baselines_refuse_what_they_cannot_read() -> None:
    maps, labels = textures(6, 0)
    broken = maps.copy()
    broken[2, 0, 0] = np.nan
    with pytest.raises(NpmError, match=r"Map 2 .*NaN"):
        texture_baseline(broken, labels, maps, labels)
    with pytest.raises(NpmError, match="one label"):
        texture_baseline(maps, labels, maps, labels[:2])
    with pytest.raises(NpmError, match="one channel"):
        histogram_baseline(np.stack([maps, maps], 1), labels, maps, labels)
    with pytest.raises(NpmError, match="none to learn"):
        texture_baseline(maps[:0], labels[:0], maps, labels)
