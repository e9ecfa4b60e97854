"""The pixels under strokes: what there is to learn from."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ._brightness import Brightness
from ._grey_image import grey_image
from ._pixel_features import STRIP, strip_features, strips
from .errors import NpmError
from .masking import Stroke

Float = NDArray[np.float32]

_MOST_PIXELS = 20_000  # of one class; more teach nothing new and cost training time
_NAMES = {
    Stroke.UNHYDRATED: "unhydrated cement",
    Stroke.OTHER: "what is not unhydrated cement",
}


@dataclass(frozen=True, eq=False)
class Samples:
    """Features, (pixels, features), and `Stroke` of pixels, and the brightness they refer to."""

    features: Float
    kinds: NDArray[np.uint8]
    brightness: Brightness

    def some(self, seed: int) -> "Samples":
        """Choose at most so many pixels of either class as are worth learning from."""
        rng = np.random.default_rng(seed)
        parts = []
        for stroke in Stroke:
            every = np.flatnonzero(self.kinds == stroke)
            if every.size > _MOST_PIXELS:
                every = np.sort(rng.choice(every, _MOST_PIXELS, replace=False))
            parts.append(every)
        chosen = np.concatenate(parts)
        return Samples(self.features[chosen], self.kinds[chosen], self.brightness)


def gather(images: Sequence[ArrayLike], strokes: Sequence[ArrayLike]) -> Samples:
    """Collect what lies under the strokes, with one image in memory at a time.

    Raises
    ------
    NpmError
        If strokes of either class are missing, or shapes or values do not fit.
    """
    if len(images) != len(strokes):
        raise NpmError("Give one image of strokes for each image.")
    numbers = range(len(images))
    has_cement = [bool(np.any(np.asarray(strokes[k]) == Stroke.UNHYDRATED)) for k in numbers]
    brightness, cement = None, 0.0
    features, kinds = [], []
    # The first image with strokes of unhydrated cement gives the measure of brightness.
    for number in sorted(numbers, key=lambda k: not has_cement[k]):
        grey = as_float(images[number])
        marks = _strokes_of(strokes[number], grey.shape)
        if not marks.any():
            continue
        shown = grey[marks == Stroke.UNHYDRATED]
        if brightness is None:
            cement = float(np.median(shown)) if shown.size else 0.0
            values, classes = _under(grey, marks)
            scatter = values[classes == Stroke.UNHYDRATED, -1]
            brightness = Brightness.of(grey, float(np.median(scatter)) if scatter.size else 0.0)
        else:
            # Even phases alone may mislead; cement that somebody has shown does not.
            near = float(np.median(shown)) - cement if shown.size else None
            grey -= np.float32(brightness.offset(grey, near))
            brightness = brightness.with_image(grey)
            values, classes = _under(grey, marks)
        features.append(values)
        kinds.append(classes)
    every = np.concatenate([np.zeros(0, dtype=np.uint8), *kinds])
    for stroke, name in _NAMES.items():
        if not np.any(every == stroke):
            raise NpmError(f"There are no strokes of {name}; draw a few of them as well.")
    assert brightness is not None  # there are strokes
    return Samples(np.concatenate(features), every, brightness)


def as_float(image: ArrayLike) -> Float:
    """Return a checked grey image as float32."""
    return grey_image(image).astype(np.float32)


def aligned(grey: Float, brightness: Brightness) -> Float:
    """Lay an image over the training images."""
    return grey - np.float32(brightness.offset(grey))


def _under(grey: Float, marks: NDArray[np.uint8]) -> tuple[Float, NDArray[np.uint8]]:
    samples, classes = [], []
    for first, strip in strips(grey):
        rows = marks[first : first + STRIP]
        if rows.any():
            samples.append(strip_features(strip)[:, rows > 0].T)
            classes.append(rows[rows > 0])
    return np.concatenate(samples), np.concatenate(classes)


def _strokes_of(strokes: ArrayLike, shape: tuple[int, ...]) -> NDArray[np.uint8]:
    marks = np.asarray(strokes)
    if marks.shape != shape:
        raise NpmError(
            f"The strokes have shape {marks.shape} but the image {shape}; use those drawn on this "
            "image."
        )
    if not np.isin(marks, (0, *Stroke)).all():
        raise NpmError("Strokes must be 0 (none), 1 (unhydrated cement) or 2 (other).")
    return marks.astype(np.uint8)
