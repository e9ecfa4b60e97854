"""Doubts that the pixels themselves raise: blank, binary, saturated."""

import numpy as np

from ._grey import level_counts
from .sem_image import GreyPixels

# Share of pixels at the end of the format's range that is called saturation.
SATURATED_SHARE = 1e-3
# A clipped end short of the format's own (12 bits in 16, an offset) shows as a spike.
_SPIKE = 3.0


def grey_doubts(pixels: GreyPixels) -> list[str]:
    """Return a sentence for each reason not to trust the grey values.

    Saturation is looked for at the ends of the range that the image uses, since many files
    keep 8 or 12 bits in 16, or clip above black or below white.
    """
    counts = level_counts(pixels)
    levels = np.flatnonzero(counts)
    if len(levels) == 1:
        return [f"The image is blank: every pixel has the grey value {levels[0]}."]
    if len(levels) == 2:
        return ["The image has only two grey values: it looks like a mask, not a micrograph."]
    doubts = []
    ends = (("darkest", levels, 0), ("brightest", levels[::-1], np.iinfo(pixels.dtype).max))
    for name, ordered, limit in ends:
        end = int(ordered[0])
        share = counts[end] / pixels.size
        beside = counts[ordered[1:5]].max()
        if share > SATURATED_SHARE and (end == limit or counts[end] > _SPIKE * beside):
            doubts.append(
                f"The image is saturated: {100 * share:.2g} % of its pixels have the {name} grey "
                f"value {end}{_where(pixels, end, counts[end])}."
            )
    return doubts


def _where(pixels: GreyPixels, level: int, total: int) -> str:
    """Say so where most of these pixels lie at the bottom, as those of a data bar do."""
    last = max(pixels.shape[0] // 8, 1)
    below = np.count_nonzero(pixels[-last:] == level)
    return f", most of them in the last {last} rows (a data bar?)" if 2 * below > total else ""
