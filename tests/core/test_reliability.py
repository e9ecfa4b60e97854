import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_npm.core.errors import NpmError
from napari_npm.core.evaluation import expected_calibration_error
from napari_npm.core.reliability import reliability


def two_classes(confidences, right):
    """Return probabilities of two classes, the first predicted, and labels."""
    first = np.asarray(confidences, float)
    return np.stack([first, 1 - first], 1), np.where(right, 0, 1)


def test_error_is_the_one_worked_out_by_hand() -> None:
    # five bins of 0.2; in (0.4, 0.6]: 0.55, 0.6, one of two right; in (0.6, 0.8]: 0.7 right;
    # in (0.8, 1]: 0.9, 0.9, 0.99, two of three right
    shares, labels = two_classes([0.55, 0.6, 0.7, 0.9, 0.9, 0.99], [1, 0, 1, 1, 0, 1])
    found = reliability(shares, labels, bins=5)
    np.testing.assert_array_equal(found.tiles, [0, 0, 2, 1, 3])
    np.testing.assert_allclose(found.confidence, [np.nan, np.nan, 0.575, 0.7, 0.93])
    np.testing.assert_allclose(found.accuracy, [np.nan, np.nan, 0.5, 1, 2 / 3])
    by_hand = (2 * abs(0.5 - 0.575) + 1 * abs(1 - 0.7) + 3 * abs(2 / 3 - 0.93)) / 6
    assert found.error == pytest.approx(by_hand)
    assert expected_calibration_error(shares, labels, bins=5) == found.error
    np.testing.assert_allclose(found.edges, [0, 0.2, 0.4, 0.6, 0.8, 1])


def test_a_bin_holds_its_upper_limit() -> None:
    shares, labels = two_classes([0.5, 0.75, 0.75001, 1.0], [1, 1, 1, 1])
    np.testing.assert_array_equal(reliability(shares, labels, bins=4).tiles, [0, 1, 1, 2])


def test_always_sure_and_never_right_is_the_worst() -> None:
    shares, labels = two_classes([1.0, 1.0], [0, 0])
    assert expected_calibration_error(shares, labels) == 1
    assert expected_calibration_error(shares, 1 - labels) == 0
    # rounding of float32 lifts a sum above 1: it still has a bin
    assert expected_calibration_error([[1.0000001, 0.0]], [0]) == pytest.approx(0, abs=1e-6)


def test_predictions_drawn_from_their_own_probabilities_are_calibrated() -> None:
    rng = np.random.default_rng(0)
    shares = rng.dirichlet([0.5, 0.5, 0.5], 40_000)
    labels = (rng.uniform(size=(40_000, 1)) > np.cumsum(shares, 1)).sum(1)
    assert expected_calibration_error(shares, labels) < 0.01
    # the same answers said more surely are not
    sharp = shares**3 / (shares**3).sum(1, keepdims=True)
    assert expected_calibration_error(sharp, labels) > 0.08


@given(n=st.integers(1, 60), bins=st.integers(1, 20), seed=st.integers(0, 99))
def test_error_is_bounded_and_indifferent_to_order(n, bins, seed) -> None:
    rng = np.random.default_rng(seed)
    shares, labels = rng.dirichlet([1, 1, 1], n), rng.integers(0, 3, n)
    found = reliability(shares, labels, bins=bins)
    assert found.tiles.sum() == n
    # bins can only hide: the error is never below that of a single bin
    gap = abs((shares.argmax(1) == labels).mean() - shares.max(1).mean())
    assert gap - 1e-12 <= found.error <= 1
    assert reliability(shares[::-1], labels[::-1], bins=bins).error == pytest.approx(found.error)


@pytest.mark.parametrize(
    ("shares", "labels", "options"),
    [
        (np.zeros((0, 3)), np.zeros(0, int), {}),
        ([[0.5, 0.5]], [0, 1], {}),
        ([[0.5, 0.6]], [0], {}),
        ([[1.5, -0.5]], [0], {}),
        ([[np.nan, 0.5]], [0], {}),
        ([[0.5, 0.5]], [2], {}),
        ([[0.5, 0.5]], [0.0], {}),
        ([[0.5, 0.5]], [0], {"bins": 0}),
    ],
)
def test_what_is_no_probability_is_refused(shares, labels, options) -> None:
    with pytest.raises(NpmError):
        expected_calibration_error(shares, labels, **options)
