"""Slow first times, taken in a worker thread so that the first click does not wait for them."""

from functools import cache

import numpy as np

from napari_npm.core.progress import Progress


def warm_up(report: Progress) -> None:
    """Import pandas, and let napari compile its drawing of labels (a second on first use).

    Only what is safe beside the main thread: pint's registry, for one, is not.
    """
    from .layer_styles import mask_colours, mask_features

    report(0, 2, "pandas")
    mask_features()
    report(1, 2, "labels")
    mask_colours().map(np.arange(4, dtype=np.uint8).reshape(2, 2))


def warm_up_masking(report: Progress) -> None:
    """Load what the first grain and the first strokes need: seconds, once in a process."""
    report(0, 1, "masking")
    _mask_a_little()


@cache
def _mask_a_little() -> None:
    from napari_npm.core.growing import RegionGrower
    from napari_npm.core.pixel_classifier import propose_unhydrated, train_pixel_classifier

    image = np.full((64, 64), 60, np.uint8)
    image[:, 32:] = 120
    grower = RegionGrower(image)
    grower.region((5, 5), grower.suggest((5, 5)))
    strokes = np.zeros_like(image)
    strokes[10:20, 5:15], strokes[10:20, 45:55] = 1, 2
    propose_unhydrated(image, train_pixel_classifier([image], [strokes]), min_solidity=0.1)
