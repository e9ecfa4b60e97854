"""Correlation and characteristic length of a two-point correlation, and what limits them."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ._two_point import TwoPoint, by_unit
from .errors import NpmError

Floats = NDArray[np.float64]

# Fewer maps give no useful spread to resample.
_FEWEST_MAPS = 3
# The far part of the curve, taken as what it settles at: the last quarter of the distances.
_FAR = 0.75
_INTERVAL = (0.05, 0.95)
_NO_SPREAD = "no spread between maps: the error is the scatter in the last quarter of r"


@dataclass(frozen=True)
class Length:
    """A length read from a two-point correlation.

    Attributes
    ----------
    um : float
        The length in µm.
    px : int
        The same in pixels; lengths are whole pixels, the resolution of r.
    low_um, high_um : float or None
        90 % bootstrap interval over the maps (or specimens), in µm, widened to hold the length
        itself; None with fewer than three of them, or where all are alike.
    determined : bool
        False where the data do not fix the length: see `limit`.
    limit : str
        What limits the length, in words.
    """

    um: float
    px: int
    low_um: float | None
    high_um: float | None
    determined: bool
    limit: str


def correlation_length(
    correlation: TwoPoint,
    pixel_size_nm: float,
    *,
    tolerance: float = 0.0,
    resamples: int = 200,
    seed: int = 0,
    groups: Sequence[Hashable] | None = None,
) -> Length:
    """Find the distance beyond which P(dn | r) stays constant within its sampling error.

    The paper reads it as the decay length of the correlation function (section 3, Fig. 6). Here:

    1. P(dn | r) is taken in 16 groups of dn (0 alone, then growing widths), and its final value
       is its mean over the last quarter of the distances that have pairs.
    2. D(r), half the sum over the groups of the absolute difference to the final value, is the
       share of pairs whose dn would have to change (total-variation distance).
    3. The sampling error of D comes from a bootstrap over the maps: the same distance between
       resampled and original curves, at 95 % for all r at once (its median at each r times the
       95 % quantile of its largest ratio to that median).
    4. The length is the smallest r from which on D is within the error (or within `tolerance`,
       where that is larger) at every larger r.

    The interval is of the same reading of each resampled ensemble. A resample is off by the error
    of the ensemble and by its own, sqrt(2) as much, and is allowed that at 99 %: at 95 % as many
    resamples would not settle by chance as the interval leaves out.

    More maps make the error smaller and can make the length longer, because fainter correlation
    is seen; give a `tolerance` to compare ensembles of different sizes. With fewer than three
    maps, or identical maps, the error is twice the largest D within the last quarter itself.

    Parameters
    ----------
    correlation : TwoPoint
        From `two_point`.
    pixel_size_nm : float
        Pixel size in nm.
    tolerance : float
        Smallest change of P, as a share of the pairs, that counts as a change.
    resamples : int
        Bootstrap samples.
    seed : int
        Seed of the bootstrap.
    groups : sequence, (n_images,), optional
        Specimen of each map: whole specimens are drawn, as tiles of one are not independent.

    Returns
    -------
    Length
        Not determined where P still changes in the last quarter.

    Raises
    ------
    NpmError
        For fewer than 8 distances with pairs, a pixel size that is not above 0, groups that do not
        fit, no resamples, or a tolerance that is negative or NaN.
    """
    r, grouped = _usable(correlation, pixel_size_nm, groups, resamples)
    if not tolerance >= 0:
        raise NpmError(f"The tolerance is a share of the pairs, 0 or more, not {tolerance}.")
    far = r >= r[0] + _FAR * (r[-1] - r[0])
    departure = _departure(grouped.sum(axis=0), far)
    distance = np.abs(departure).sum(axis=1) / 2
    drawn = _departure(_resampled(grouped, resamples, seed), far)
    # Resamples of n units scatter too little, by sqrt((n - 1) / n).
    noise = np.abs(drawn - departure).sum(axis=-1) / 2 * np.sqrt(_scarcity(len(grouped)))
    usual = np.median(noise, axis=0) if noise.size else np.zeros(r.size)
    from_maps = bool(np.all(usual > 0))
    if from_maps:
        error = usual * np.quantile((noise / usual).max(axis=1), 0.95)
    else:
        error = np.full(r.size, 2 * distance[far].max())
    allowed = np.maximum(error, tolerance)
    first = int(_settled(distance, allowed))
    low = high = None
    if from_maps:
        wide = np.sqrt(2) * usual * np.quantile((noise / usual).max(axis=1), 0.99)
        again = np.abs(drawn).sum(axis=-1) / 2
        low, high = _interval(r, _settled(again, np.maximum(wide, tolerance)), first)
    if first == r.size or far[first]:
        limit = (
            f"the window: P(dn | r) still changes near r_max = {r[-1]} px, so larger maps or a"
            " larger r_max are needed"
        )
        return _length(int(r[min(first, r.size - 1)]), pixel_size_nm, False, limit, low, high)
    if not from_maps:
        limit = _NO_SPREAD
    elif first == 0:
        limit = "the pixel size: constant from one pixel on"
    elif tolerance > error[first - 1]:
        limit = f"the tolerance of {tolerance:g}"
    else:
        limit = f"the sampling error over {_units(grouped, groups)}: fainter decay is not seen"
    return _length(int(r[first]), pixel_size_nm, True, limit, low, high)


def characteristic_length(
    correlation: TwoPoint,
    pixel_size_nm: float,
    *,
    resamples: int = 200,
    seed: int = 0,
    groups: Sequence[Hashable] | None = None,
) -> Length:
    """Find the distance r >= 1 px at which P(dn = 0 | r) is lowest (section 3, Fig. 6c).

    The minimum is often flat. A distance cannot be told from the lowest one where its P(dn = 0)
    is higher by less than the sampling error of that difference: 95 % for all r at once, from a
    bootstrap over the maps; with fewer than three maps, or identical maps, twice the largest
    difference to the mean within the last quarter of the distances. The length is not determined
    where any distance in the last quarter cannot be told from the lowest.

    Parameters
    ----------
    correlation : TwoPoint
        From `two_point`.
    pixel_size_nm : float
        Pixel size in nm.
    resamples : int
        Bootstrap samples.
    seed : int
        Seed of the bootstrap.
    groups : sequence, (n_images,), optional
        Specimen of each map: whole specimens are drawn, as tiles of one are not independent.

    Returns
    -------
    Length
        With the interval of the position of the minimum.

    Raises
    ------
    NpmError
        For fewer than 8 distances with pairs, a pixel size that is not above 0, groups that do not
        fit, or no resamples.
    """
    r, grouped = _usable(correlation, pixel_size_nm, groups, resamples)
    far = r >= r[0] + _FAR * (r[-1] - r[0])
    same = _shares(grouped.sum(axis=0))[:, 0]
    lowest = int(np.argmin(same))
    higher = same - same[lowest]
    drawn = _shares(_resampled(grouped, resamples, seed))[..., 0]
    noise = drawn - drawn[:, [lowest]] - higher
    usual = noise.std(axis=0) if noise.size else np.zeros(r.size)
    low = high = None
    if usual.any():
        limit = f"the sampling error over {_units(grouped, groups)}"
        ratio = np.abs(noise) / np.where(usual > 0, usual, 1.0)
        error = usual * np.quantile(ratio.max(axis=1), 0.95)
        low, high = _interval(r, np.argmin(drawn, axis=1), lowest)
        if low == high:
            limit = f"the pixel size: all resamples of {_units(grouped, groups)} agree"
    else:
        limit = _NO_SPREAD
        error = np.full(r.size, 2 * np.abs(same[far] - same[far].mean()).max())
    determined = not np.any(far & (higher <= error))
    if far[lowest]:
        limit = (
            f"the window: P(dn = 0 | r) is lowest near r_max = {r[-1]} px, so larger maps or a"
            " larger r_max are needed"
        )
    elif not determined:
        limit = (
            f"the spread over {_units(grouped, groups)}: the minimum is flat and cannot be told"
            f" from P(dn = 0) near r_max = {r[-1]} px"
        )
    return _length(int(r[lowest]), pixel_size_nm, determined, limit, low, high)


def _settled(distance: Floats, allowed: Floats) -> NDArray[np.intp]:
    """Return the place from which on the distance is within what is allowed, (...)."""
    changing = distance > allowed
    last: NDArray[np.intp] = changing.shape[-1] - np.argmax(changing[..., ::-1], axis=-1)
    return np.where(changing.any(axis=-1), last, 0)


def _scarcity(n: int) -> float:
    return n / max(n - 1, 1)


def _interval(r: NDArray[np.int64], places: NDArray[np.intp], found: int) -> tuple[int, int]:
    """Return the 5 and 95 % quantiles of the resampled places, widened to hold the one found."""
    ordered = np.sort(places)
    low, high = (int(ordered[round(q * (ordered.size - 1))]) for q in _INTERVAL)
    last = r.size - 1
    return int(r[min(low, found, last)]), int(r[min(max(high, found), last)])


def _units(grouped: NDArray[np.int64], groups: Sequence[Hashable] | None) -> str:
    """Say over what the ensemble is resampled."""
    n, kind = len(grouped), "map" if groups is None else "specimen"
    return f"{n} {kind}{'s' if n != 1 else ''}"


def _length(
    px: int,
    pixel_size_nm: float,
    determined: bool,
    limit: str,
    low: int | None = None,
    high: int | None = None,
) -> Length:
    um = pixel_size_nm / 1000
    return Length(
        px * um,
        px,
        None if low is None else low * um,
        None if high is None else high * um,
        determined,
        limit,
    )


def _usable(
    correlation: TwoPoint,
    pixel_size_nm: float,
    groups: Sequence[Hashable] | None,
    resamples: int,
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the distances from 1 px on that have pairs, and each unit's grouped counts there."""
    if not (np.isfinite(pixel_size_nm) and pixel_size_nm > 0):
        raise NpmError("Give the pixel size in nm, above 0, to read lengths.")
    if resamples < 1:
        raise NpmError("Lengths need at least one bootstrap sample for their error.")
    held = (correlation.pairs > 0) & (correlation.r >= 1)
    if np.count_nonzero(held) < 8:
        raise NpmError(
            "Lengths need pixel pairs at 8 distances or more: use a larger r_max or larger regions."
        )
    return correlation.r[held], by_unit(correlation, groups)[:, held]


def _resampled(grouped: NDArray[np.int64], resamples: int, seed: int) -> Floats:
    """Draw ensembles with replacement and sum their counts, (resamples, r, groups)."""
    n_maps, *rest = grouped.shape
    if n_maps < _FEWEST_MAPS:
        return np.zeros((0, *rest))
    generator = np.random.default_rng(seed)
    times = generator.multinomial(n_maps, np.full(n_maps, 1 / n_maps), size=resamples)
    # Counts stay far below 2^53, so sums in float64 are exact, and much faster than in integers.
    drawn: Floats = times.astype(np.float64) @ grouped.reshape(n_maps, -1).astype(np.float64)
    return drawn.reshape(resamples, *rest)


def _shares(counts: NDArray[np.generic]) -> Floats:
    """Normalise counts (..., r, groups) over the groups; a distance without pairs stays zero."""
    values = np.asarray(counts, dtype=np.float64)
    shares: Floats = values / np.maximum(values.sum(axis=-1, keepdims=True), 1.0)
    return shares


def _departure(counts: NDArray[np.generic], far: NDArray[np.bool_]) -> Floats:
    """Difference of P(group | r) to its mean over the pairs at far distances."""
    final = np.asarray(counts, dtype=np.float64)[..., far, :].sum(axis=-2, keepdims=True)
    return _shares(counts) - _shares(final)
