"""Slow first times, taken in a worker thread so that the first click does not wait for them."""

import warnings

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
    with warnings.catch_warnings():
        # napari's own random colours are slightly out of gamut, which nobody needs to read.
        warnings.simplefilter("ignore")
        mask_colours().map(np.arange(4, dtype=np.uint8).reshape(2, 2))
