"""Plain classifiers to hold a network against: by the grey histogram, by simple texture."""

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ._maps import Maps, read_map
from ._texture import TEXTURE_NAMES as TEXTURE_NAMES
from ._texture import texture_features as texture_features
from .errors import NpmError
from .progress import Progress, silent

Features = Callable[[NDArray[np.float32]], NDArray[np.float64]]


@dataclass(frozen=True)
class Baseline:
    """A plain classifier to hold the network against.

    Attributes
    ----------
    accuracy : float
        On the test maps.
    predicted : ndarray of int64, (n_test,)
        Class of each test map.
    converged : bool
        Whether the fit came to its end.
    """

    accuracy: float
    predicted: NDArray[np.int64]
    converged: bool


class FeatureClassifier:
    """Logistic regression on a few features of each map, fitted and ready to classify others.

    L2 with C = 1, each feature standardised on the training maps.

    Parameters
    ----------
    features : callable
        Turns a map (H, W) into its features (F,).
    maps : array-like, (N, H, W)
        Maps to learn from; anything with a length and integer indexing.
    labels : array-like of int, (N,)
        Their classes.
    progress : callable
        Called after each map; may raise `Cancelled`.

    Attributes
    ----------
    converged : bool
        Whether the fit came to its end.

    Raises
    ------
    NpmError
        If there are no maps, fewer than two classes to learn, or a map holds NaN or has several
        channels.
    """

    def __init__(
        self, features: Features, maps: Maps, labels: ArrayLike, progress: Progress = silent
    ) -> None:
        from sklearn.exceptions import ConvergenceWarning
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler

        classes = _checked(maps, labels, "learn from")
        if len(np.unique(classes)) < 2:
            raise NpmError("All maps are of one sample: give maps of at least two samples.")
        self._features = features
        self._fitted: Any = make_pipeline(StandardScaler(), LogisticRegression(max_iter=2000))
        rows = self._rows(maps, "Learn", progress)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always", ConvergenceWarning)
            self._fitted.fit(rows, classes)
        self.converged = not any(issubclass(one.category, ConvergenceWarning) for one in caught)

    def predict(self, maps: Maps, progress: Progress = silent) -> NDArray[np.int64]:
        """Return the class of each map (N, H, W), as an array (N,)."""
        found: NDArray[np.int64] = self._fitted.predict(self._rows(maps, "Classify", progress))
        return found.astype(np.int64)

    def _rows(self, maps: Maps, what: str, progress: Progress) -> NDArray[np.float64]:
        rows = []
        for index in range(len(maps)):
            image = read_map(maps, index)
            if image.ndim != 2:
                raise NpmError("A baseline reads maps of one channel: give MulF or MicF maps.")
            rows.append(self._features(image))
            progress(index + 1, len(maps), what)
        return np.array(rows)


def histogram_features(
    *, bins: int = 64, low: float = 0.0, high: float = 1.0
) -> Callable[[NDArray[np.float32]], NDArray[np.float64]]:
    """Return what turns a map into the shares of ``bins`` equal bins from ``low`` to ``high``.

    Values beyond count in the outer bins.

    Parameters
    ----------
    bins : int
        Number of bins.
    low, high : float
        Range of the values.

    Returns
    -------
    callable
        Takes a map (H, W), returns shares (bins,) that sum to 1.
    """

    def features(image: NDArray[np.float32]) -> NDArray[np.float64]:
        place = np.clip((image - low) / (high - low) * bins, 0, bins - 1).astype(np.int64)
        shares: NDArray[np.float64] = np.bincount(place.ravel(), minlength=bins) / image.size
        return shares

    return features


def histogram_baseline(
    train_maps: Maps,
    train_labels: ArrayLike,
    test_maps: Maps,
    test_labels: ArrayLike,
    *,
    bins: int = 64,
    low: float = 0.0,
    high: float = 1.0,
    progress: Progress = silent,
) -> Baseline:
    """Classify maps by their grey histogram alone: what a network that reads brightness reaches.

    Logistic regression on `histogram_features`; see `FeatureClassifier`.

    Parameters
    ----------
    train_maps, test_maps : array-like, (N, H, W)
        Maps; anything with a length and integer indexing.
    train_labels, test_labels : array-like of int, (N,)
        Their classes.
    bins : int
        Number of bins.
    low, high : float
        Range of the values.
    progress : callable
        Called after each map; may raise `Cancelled`.

    Returns
    -------
    Baseline
        Accuracy and predicted classes of the test maps.

    Raises
    ------
    NpmError
        If there are no maps, fewer than two classes to learn, or a map holds NaN.
    """
    features = histogram_features(bins=bins, low=low, high=high)
    return _tested(features, train_maps, train_labels, test_maps, test_labels, progress)


def texture_baseline(
    train_maps: Maps,
    train_labels: ArrayLike,
    test_maps: Maps,
    test_labels: ArrayLike,
    *,
    progress: Progress = silent,
) -> Baseline:
    """Classify maps by a few textbook measures of texture: what needs no network to be seen.

    Logistic regression on `texture_features`; see `FeatureClassifier`.

    Parameters
    ----------
    train_maps, train_labels, test_maps, test_labels, progress
        As for `histogram_baseline`.

    Returns
    -------
    Baseline
        Accuracy and predicted classes of the test maps.

    Raises
    ------
    NpmError
        As `histogram_baseline`, or if a map is too small.
    """
    return _tested(texture_features, train_maps, train_labels, test_maps, test_labels, progress)


def _tested(
    features: Features,
    train_maps: Maps,
    train_labels: ArrayLike,
    test_maps: Maps,
    test_labels: ArrayLike,
    progress: Progress,
) -> Baseline:
    tested = _checked(test_maps, test_labels, "test")
    classifier = FeatureClassifier(features, train_maps, train_labels, progress)
    predicted = classifier.predict(test_maps, progress)
    return Baseline(float((predicted == tested).mean()), predicted, classifier.converged)


def _checked(maps: Maps, labels: ArrayLike, purpose: str) -> NDArray[np.generic]:
    classes = np.asarray(labels)
    if len(maps) == 0:
        raise NpmError(f"A baseline needs maps to learn from and to test: none to {purpose}.")
    if len(classes) != len(maps):
        raise NpmError("A baseline needs one label for each map.")
    return classes
