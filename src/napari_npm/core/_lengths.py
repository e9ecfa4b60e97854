"""Correlation and characteristic length of a two-point correlation, and what limits them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ._two_point import TwoPoint
from .errors import NpmError

Floats = NDArray[np.float64]

# Fewer maps give no useful spread to resample.
_FEWEST_MAPS = 3
# The far part of the curve, taken as what it settles at: the last quarter of the distances.
_FAR = 0.75
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
        90 % bootstrap interval over the maps, in µm; None where it is not given.
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

    Returns
    -------
    Length
        Without an interval. Not determined where P still changes in the last quarter.

    Raises
    ------
    NpmError
        For fewer than 8 distances with pairs, or a pixel size that is not above 0.
    """
    r, grouped = _usable(correlation, pixel_size_nm)
    far = r >= r[0] + _FAR * (r[-1] - r[0])
    departure = _departure(grouped.sum(axis=0), far)
    distance = np.abs(departure).sum(axis=1) / 2
    drawn = _resampled(grouped, resamples, seed)
    noise = np.abs(_departure(drawn, far) - departure).sum(axis=-1) / 2
    usual = np.median(noise, axis=0) if noise.size else np.zeros(r.size)
    from_maps = bool(np.all(usual > 0))
    if from_maps:
        error = usual * np.quantile((noise / usual).max(axis=1), 0.95)
    else:
        error = np.full(r.size, 2 * distance[far].max())
    changing = np.flatnonzero(distance > np.maximum(error, tolerance))
    first = 0 if changing.size == 0 else int(changing[-1]) + 1
    if first == r.size or far[first]:
        limit = f"P(dn | r) still changes near r_max = {r[-1]} px: larger maps or r_max are needed"
        return _length(int(r[min(first, r.size - 1)]), pixel_size_nm, False, limit)
    if not from_maps:
        limit = _NO_SPREAD
    elif first == 0:
        limit = "the pixel size: constant from one pixel on"
    elif tolerance > error[first - 1]:
        limit = f"the tolerance of {tolerance:g}"
    else:
        limit = f"the sampling error over {correlation.n_images} maps: fainter decay is not seen"
    return _length(int(r[first]), pixel_size_nm, True, limit)


def characteristic_length(
    correlation: TwoPoint, pixel_size_nm: float, *, resamples: int = 200, seed: int = 0
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

    Returns
    -------
    Length
        With the 5-95 % bootstrap interval of the position of the minimum from three maps on.

    Raises
    ------
    NpmError
        For fewer than 8 distances with pairs, or a pixel size that is not above 0.
    """
    r, grouped = _usable(correlation, pixel_size_nm)
    far = r >= r[0] + _FAR * (r[-1] - r[0])
    same = _shares(grouped.sum(axis=0))[:, 0]
    lowest = int(np.argmin(same))
    higher = same - same[lowest]
    drawn = _shares(_resampled(grouped, resamples, seed))[..., 0]
    noise = drawn - drawn[:, [lowest]] - higher
    usual = noise.std(axis=0) if noise.size else np.zeros(r.size)
    low = high = None
    if usual.any():
        limit = f"the sampling error over {correlation.n_images} maps"
        ratio = np.abs(noise) / np.where(usual > 0, usual, 1.0)
        error = usual * np.quantile(ratio.max(axis=1), 0.95)
        places = np.sort(np.argmin(drawn, axis=1))
        low, high = (int(r[places[round(q * (places.size - 1))]]) for q in (0.05, 0.95))
    else:
        limit = _NO_SPREAD
        error = np.full(r.size, 2 * np.abs(same[far] - same[far].mean()).max())
    determined = not np.any(far & (higher <= error))
    if far[lowest]:
        limit = f"P(dn = 0 | r) is lowest near r_max = {r[-1]} px: larger maps or r_max are needed"
    elif not determined:
        limit = f"flat minimum: it cannot be told from P(dn = 0) near r_max = {r[-1]} px"
    return _length(int(r[lowest]), pixel_size_nm, determined, limit, low, high)


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
    correlation: TwoPoint, pixel_size_nm: float
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the distances from 1 px on that have pairs, and the grouped counts there."""
    if not (np.isfinite(pixel_size_nm) and pixel_size_nm > 0):
        raise NpmError("Give the pixel size in nm, above 0, to read lengths.")
    held = (correlation.pairs > 0) & (correlation.r >= 1)
    if np.count_nonzero(held) < 8:
        raise NpmError("Lengths need pixel pairs at 8 distances or more: use a larger r_max.")
    return correlation.r[held], correlation.grouped[:, held]


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
