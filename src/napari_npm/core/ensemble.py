"""The mean of a quantity over an ensemble of tiles, with an interval over specimens."""

from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ._resampling import drawn_means
from .errors import NpmError
from .evaluation import Interval


def ensemble_interval(
    values: ArrayLike,
    groups: Sequence[Hashable] | NDArray[Any],
    *,
    labels: Sequence[Hashable] | NDArray[Any] | None = None,
    confidence: float = 0.95,
    resamples: int = 2000,
    seed: int = 0,
) -> Interval:
    """Return the mean over tiles with an interval from a bootstrap over specimens.

    Tiles of one specimen are alike, so specimens are drawn (with replacement, as many as there
    are, in each sample by itself), each with all its tiles; the limits are percentiles of the
    mean. Where a sample has a single specimen, tiles are drawn instead, and the interval's words
    say so. Of few specimens the interval is too narrow: of two, its limits are the two means, which
    have the true mean between them in half of all cases.

    Parameters
    ----------
    values : array_like, (N,)
        The quantity on each tile; NaN leaves a tile out.
    groups : sequence, (N,)
        Specimen (or mosaic) of each tile.
    labels : sequence, (N,), optional
        Sample of each tile, to draw within samples.
    confidence : float
        Between 0 and 1.
    resamples : int
        Bootstrap draws.
    seed : int
        Of the draws.

    Returns
    -------
    Interval
        The mean, its limits, and how they were found, in words; NaN where no tile has a value.

    Raises
    ------
    NpmError
        If the lengths differ or the confidence is not between 0 and 1.
    """
    numbers = np.asarray(values, dtype=np.float64)
    n = numbers.size
    strata = [0] * n if labels is None else list(labels)
    if numbers.ndim != 1 or len(groups) != n or len(strata) != n:
        raise NpmError("Give one value, one specimen and one sample for each tile.")
    if not 0 < confidence < 1 or resamples < 1:
        raise NpmError("The confidence must be between 0 and 1, and the resamples at least 1.")
    known = np.isfinite(numbers)
    sums: dict[Hashable, dict[Hashable, list[float]]] = {}
    for stratum, group, value in zip(strata, list(groups), numbers, strict=True):
        if np.isfinite(value):
            sums.setdefault(stratum, {}).setdefault(group, []).append(float(value))
    if not known.any():
        return Interval(float("nan"), float("nan"), float("nan"), "no tile has a value")
    mean = float(numbers[known].mean())
    single = min(len(specimens) for specimens in sums.values()) < 2
    if int(known.sum()) < 2:
        return Interval(mean, float("nan"), float("nan"), "one tile: no interval")
    pools: dict[Hashable, list[tuple[float, int]]] = {}
    for stratum, tiles in sums.items():
        own = [[one] for some in tiles.values() for one in some] if single else tiles.values()
        pools[stratum] = [(sum(pool), len(pool)) for pool in own]
    tail = (1 - confidence) / 2
    low, high = np.quantile(drawn_means(pools, resamples, seed), [tail, 1 - tail])
    percent = f"{100 * confidence:g} %"
    count = sum(len(specimens) for specimens in sums.values())
    if single:
        how = (
            f"{percent} bootstrap over {int(known.sum())} tiles, as a sample has a single "
            "specimen: too narrow, for tiles of one specimen are alike"
        )
    else:
        how = f"{percent} bootstrap over {count} specimens"
        if count < 5 * len(sums):
            how += ", too narrow with so few"
    return Interval(mean, float(low), float(high), how)
