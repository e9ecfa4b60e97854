"""Means over tiles when specimens are drawn again and again."""

from collections.abc import Hashable, Iterable, Mapping

import numpy as np
from numpy.typing import NDArray


def drawn_means(
    strata: Mapping[Hashable, Iterable[tuple[float, int]]], resamples: int, seed: int
) -> NDArray[np.float64]:
    """Return the mean of each resample, (resamples,).

    In each stratum as many specimens are drawn, with replacement, as it has.

    Parameters
    ----------
    strata : mapping
        For each class or sample, the sum over the tiles of each specimen and their number.
    resamples : int
        Draws.
    seed : int
        Of the draws; the order of strata and specimens does not matter.
    """
    rng = np.random.default_rng(seed)
    drawn = np.zeros((resamples, 2))
    for stratum in sorted(strata, key=str):
        specimens = np.array(sorted(strata[stratum]), dtype=np.float64)
        k = len(specimens)
        drawn += rng.multinomial(k, np.full(k, 1 / k), size=resamples) @ specimens
    means: NDArray[np.float64] = drawn[:, 0] / drawn[:, 1]
    return means
