"""Learn unhydrated cement (UC) from a few strokes and propose it on this and other images.

A pixel's features are its grey, and the grey and unevenness of the most even window that holds it,
at three sizes; extremely randomised trees (Geurts et al. 2006, doi:10.1007/s10994-006-6226-1) learn
from the pixels under the strokes. Other images are first laid over those by the grey of their even
phases, since brightness drifts. What pixels cannot tell, size and shape of the pieces may
(`core.pieces`).
"""

import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import ndimage

from ._brightness import Brightness
from ._forest import Forest
from ._pixel_features import NAMES, strip_features, strips
from ._stroke_samples import aligned, as_float, gather
from .errors import NpmError
from .masking import Stroke
from .pieces import filter_pieces
from .progress import Progress, silent

Float = NDArray[np.float32]

_FORMAT = 1
_TREES = 50
_LEAF_PX = 20  # pixels of strokes in a leaf of a tree: neighbours are much alike
_ARRAYS = ("feature", "threshold", "child", "value", "roots")


@dataclass(frozen=True, eq=False)
class PixelClassifier:
    """What was learnt from strokes; made by `train_pixel_classifier`.

    Attributes
    ----------
    unhydrated_px, other_px : int
        Pixels of either class that it was trained on.
    """

    _forest: Forest
    _brightness: Brightness
    unhydrated_px: int
    other_px: int

    def probability(
        self, image: ArrayLike, *, threads: int | None = None, progress: Progress = silent
    ) -> NDArray[np.float32]:
        """Tell for each pixel how likely it is unhydrated cement.

        Parameters
        ----------
        image : array_like, shape (H, W)
            Grey values of any integer or floating-point type.
        threads : int, optional
            Number of threads; all processors by default. The result does not depend on it.
        progress : Progress
            Called after each strip of rows.

        Returns
        -------
        ndarray of float32, shape (H, W)
            Between 0 and 1.

        Raises
        ------
        NpmError
            If the image is not a grey image.
        """
        grey = aligned(as_float(image), self._brightness)
        out = np.empty(grey.shape, dtype=np.float32)

        def work(item: tuple[int, NDArray[np.float32]]) -> None:
            first, strip = item
            features = strip_features(strip)
            shape = features.shape[1:]
            flat = self._forest.probability(features.reshape(len(NAMES), -1))
            out[first : first + shape[0]] = flat.reshape(shape)

        items = list(strips(grey))
        with ThreadPoolExecutor(threads or os.cpu_count()) as pool:
            jobs = [pool.submit(work, item) for item in items]
            for done, job in enumerate(jobs, start=1):
                job.result()
                progress(done, len(items), "looking for unhydrated cement")
        return out

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return everything as plain arrays, to be kept without pickle (`numpy.savez`)."""
        numbers = np.array([_FORMAT, self.unhydrated_px, self.other_px], dtype=np.int64)
        trees = {name: getattr(self._forest, name) for name in _ARRAYS}
        return {"numbers": numbers} | trees | self._brightness.to_arrays()

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, ArrayLike]) -> "PixelClassifier":
        """Take up what `to_arrays` returned.

        Raises
        ------
        NpmError
            If arrays are missing or damaged, or were written by another version.
        """
        wanted = ("numbers", *_ARRAYS, "brightness", "brightness_scale")
        missing = [name for name in wanted if name not in arrays]
        if missing:
            raise NpmError(
                f"The classifier lacks {', '.join(missing)}; train it anew from the strokes."
            )
        numbers = np.asarray(arrays["numbers"])
        if numbers.shape != (3,) or numbers[0] != _FORMAT:
            raise NpmError(
                "The classifier was made by another version of this program; train it anew from "
                "the strokes."
            )
        forest = Forest.checked(*(arrays[name] for name in _ARRAYS), features=len(NAMES))
        return cls(forest, Brightness.from_arrays(arrays), int(numbers[1]), int(numbers[2]))


def train_pixel_classifier(
    images: Sequence[ArrayLike], strokes: Sequence[ArrayLike], *, seed: int = 0
) -> PixelClassifier:
    """Learn from a few strokes on one or several images.

    Parameters
    ----------
    images : sequence of array_like, each (H, W)
        Grey values.
    strokes : sequence of array_like of int, each of its image's shape
        The values of `Stroke`, 0 where nothing was drawn. Some images may have no strokes.
    seed : int
        Seed of the forest and of the choice of pixels where there are more than enough.

    Returns
    -------
    PixelClassifier

    Raises
    ------
    NpmError
        If strokes of either class are missing, or shapes or values do not fit.
    """
    samples = gather(images, strokes).some(seed)
    counts = np.bincount(samples.kinds, minlength=3)
    from sklearn.ensemble import ExtraTreesClassifier

    trees = ExtraTreesClassifier(
        _TREES,
        min_samples_leaf=int(np.clip(counts[1:].min() // 10, 1, _LEAF_PX)),
        class_weight="balanced",
        random_state=seed,
    )
    trees.fit(samples.features, samples.kinds == Stroke.UNHYDRATED)
    forest = Forest.from_sklearn(trees)
    return PixelClassifier(forest, samples.brightness, int(counts[1]), int(counts[2]))


def propose_unhydrated(
    image: ArrayLike,
    classifier: PixelClassifier,
    *,
    probability: float = 0.5,
    smooth_px: float = 1.0,
    open_px: float = 1.0,
    fill_area_px: float = 100,
    min_area_px: float = 100,
    min_solidity: float = 0.0,
    max_elongation: float = np.inf,
    max_scatter: float = np.inf,
    threads: int | None = None,
    progress: Progress = silent,
) -> NDArray[np.bool_]:
    """Propose unhydrated cement, to be checked by eye.

    Parameters
    ----------
    image : array_like, shape (H, W)
        Grey values.
    classifier : PixelClassifier
        Trained on strokes of this or of other images of the same material.
    probability : float
        Smallest probability of a pixel, between 0 and 1.
    smooth_px : float
        Standard deviation in px of a smoothing of the probability; 0 for none.
    open_px, fill_area_px, min_area_px, min_solidity, max_elongation, max_scatter : float
        What pieces are kept: see `filter_pieces`.
    threads, progress
        As in `PixelClassifier.probability`.

    Returns
    -------
    ndarray of bool, shape (H, W)

    Raises
    ------
    NpmError
        If the image is not a grey image or a number is out of its range.
    """
    chance = classifier.probability(image, threads=threads, progress=progress)
    return select_unhydrated(
        chance,
        image,
        probability=probability,
        smooth_px=smooth_px,
        open_px=open_px,
        fill_area_px=fill_area_px,
        min_area_px=min_area_px,
        min_solidity=min_solidity,
        max_elongation=max_elongation,
        max_scatter=max_scatter,
    )


def select_unhydrated(
    chance: NDArray[np.float32],
    image: ArrayLike,
    *,
    probability: float = 0.5,
    smooth_px: float = 1.0,
    open_px: float = 1.0,
    fill_area_px: float = 100,
    min_area_px: float = 100,
    min_solidity: float = 0.0,
    max_elongation: float = np.inf,
    max_scatter: float = np.inf,
) -> NDArray[np.bool_]:
    """Propose unhydrated cement from probabilities at hand: `propose_unhydrated` without its wait.

    Parameters
    ----------
    chance : ndarray of float32, shape (H, W)
        What `PixelClassifier.probability` returned.
    image : array_like, shape (H, W)
        Grey values.
    probability, smooth_px, ...
        And all else as in `propose_unhydrated`, errors included.

    Returns
    -------
    ndarray of bool, shape (H, W)
    """
    if not (0 < probability < 1 and smooth_px >= 0):
        raise NpmError("The probability must be between 0 and 1, the smoothing 0 or more pixels.")
    if smooth_px > 0:
        chance = ndimage.gaussian_filter(chance, smooth_px, mode="reflect", truncate=3.0)
    return filter_pieces(
        chance >= probability,
        image,
        min_area_px=min_area_px,
        min_solidity=min_solidity,
        max_elongation=max_elongation,
        max_scatter=max_scatter,
        open_px=open_px,
        fill_area_px=fill_area_px,
    )
