"""Slow first times, taken in a worker thread so that the first click does not wait for them."""

import numpy as np

from napari_npm.core.progress import Progress


def warm_up(report: Progress) -> None:
    """Import pandas, and let napari compile its drawing of labels (a second on first use)."""
    import pint

    from .layers import mask_colours, mask_features

    report(0, 2, "pandas")
    mask_features()
    # pint, which holds napari's units, reads its definitions on the first use.
    str(pint.get_application_registry().micrometer)
    report(1, 2, "labels")
    mask_colours().map(np.arange(4, dtype=np.uint8).reshape(2, 2))
