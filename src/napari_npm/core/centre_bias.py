"""Centre bias of relevance maps: measured, and divided out as by the flat field of a camera.

A network that pads with zeros sees less at the edge of a tile, so the middle gets more relevance
whatever it shows (the paper says so of its maps). The mean map over many tiles shows this and
nothing of the single tiles; dividing by it evens it out. It is a correction: say where it was used.
"""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.ndimage import gaussian_filter

from ._maps import Maps
from .errors import NpmError

LEAST_MAPS = 4
"""Fewest maps with relevance that a field is made of: fewer would divide out what they show."""
FLOOR = 0.1
"""Least value of a field before it is scaled: below it division would raise noise over tenfold."""
_ROUNDING = 1e-6  # relative size of negative relevance that rounding alone can leave behind


def mean_field(
    relevance: Maps, *, sigma_px: float = 16.0, symmetric: bool = False
) -> NDArray[np.float64]:
    """Return the share of relevance that each place of a tile gets whatever the tile shows.

    The mean of the maps, each scaled to sum 1, smoothed in two parts: the profiles of its rows
    and of its columns, which fall steeply within few pixels of the edge and have little noise,
    are taken out first, as they are; what is left is smoothed with a Gaussian.

    Parameters
    ----------
    relevance : array-like, (N, H, W)
        Relevance at least 0, any unit; read one map at a time. Take maps of other tiles than
        those to be corrected, or of very many: a field divides out what its own maps share. Take
        maps of all classes in like numbers: the field of one class does not quite fit another.
    sigma_px : float
        Standard deviation of the Gaussian, px; 0 leaves the mean map as it is.
    symmetric : bool
        Average over the turns and flips of the tile (eight of a square, else four). The field of
        a network that was trained with turned and flipped tiles is nearly so, and the average has
        far less noise where there are few maps.

    Returns
    -------
    ndarray of float64, (H, W)
        Above 0, with a mean of 1; 1 everywhere means no bias.

    Raises
    ------
    NpmError
        If fewer than four maps have any relevance, their shapes differ, or they hold NaN or
        negative values.
    """
    total: NDArray[np.float64] | None = None
    used = 0
    for values in _each(relevance):
        amount = values.sum()
        if total is None:
            total = np.zeros_like(values)
        if amount > 0:
            total += values / amount
            used += 1
    if total is None or used < LEAST_MAPS:
        raise NpmError(
            f"The mean field needs at least {LEAST_MAPS} maps with relevance, and there are {used}:"
            " explain more tiles, or leave the centre bias as it is."
        )
    return smooth_field(total, sigma_px=sigma_px, symmetric=symmetric)


def smooth_field(
    mean: NDArray[np.float64], *, sigma_px: float = 16.0, symmetric: bool = False
) -> NDArray[np.float64]:
    """Make the field of a mean map (H, W) of any scale, as `mean_field` does.

    Parameters
    ----------
    mean : array, (H, W)
        Mean or sum of maps of equal weight.
    sigma_px, symmetric
        As for `mean_field`.

    Returns
    -------
    ndarray of float64, (H, W)
        Above 0, with a mean of 1.

    Raises
    ------
    NpmError
        If the width of the Gaussian is not a number of 0 or more.
    """
    if not (np.isfinite(sigma_px) and sigma_px >= 0):
        raise NpmError(f"The field is smoothed over 0 px or more, not {sigma_px}.")
    field = mean / mean.mean()
    if symmetric:
        field = _symmetric(field)
    if sigma_px > 0:
        edges = np.outer(field.mean(1), field.mean(0))
        # where a whole row or column has nothing there is no profile to take out
        safe = np.where(edges > 0, edges, 1.0)
        field = edges * gaussian_filter(field / safe, sigma_px, mode="reflect")
    field = np.maximum(field, FLOOR)
    return np.asarray(field / field.mean())


def flat_field(relevance: Maps, field: ArrayLike) -> NDArray[np.float32]:
    """Divide relevance maps by a field, and scale each to sum 1 again.

    Parameters
    ----------
    relevance : array-like, (N, H, W)
        Relevance at least 0, any unit.
    field : array, (H, W)
        What `mean_field` returns, of the same network and rule; its scale does not matter.

    Returns
    -------
    ndarray of float32, (N, H, W)
        Each map sums to 1; a map without relevance stays all zeros.

    Raises
    ------
    NpmError
        If shapes differ, the field is not above 0 everywhere, or maps hold NaN or negative values.
    """
    divisor = np.asarray(field, dtype=np.float64)
    if divisor.ndim != 2 or not np.isfinite(divisor).all() or divisor.min() <= 0:
        raise NpmError("The field must be one map of values above 0: take what mean_field returns.")
    flat = np.zeros((len(relevance), *divisor.shape), np.float32)
    for number, values in enumerate(_each(relevance)):
        if values.shape != divisor.shape:
            raise NpmError(
                f"The maps are {_size(values)} px but the field is {_size(divisor)} px: fit a field"
                " on maps of the same size."
            )
        even = values / divisor
        amount = even.sum()
        if amount > 0:
            flat[number] = even / amount
    return flat


def edge_profile(
    relevance: Maps, n_bins: int = 4, *, distances: Sequence[float] | None = None
) -> NDArray[np.float64]:
    """Return the mean relevance by distance from the nearest edge of the tile; 1 is flat.

    Parameters
    ----------
    relevance : array-like, (N, H, W)
        Relevance at least 0, any unit; maps without any are left out.
    n_bins : int
        Number of bins of equal width, from the edge to the middle.
    distances : sequence of float, optional
        Bounds of the bins instead, px, ascending: (0, 4, 48) is the outer four pixels, and those
        from the fifth to the 48th. The outermost pixels have the distance 0.

    Returns
    -------
    ndarray of float64, (bins,)
        Mean over the bin's pixels and the maps, in units of each map's own mean.

    Raises
    ------
    NpmError
        If no map has relevance, a bin holds no pixel, shapes differ, or maps hold NaN or negative
        values.
    """
    sums: NDArray[np.float64] | None = None
    used = 0
    for values in _each(relevance):
        if sums is None:
            place, counts = _bins(values.shape, n_bins, distances)
            sums = np.zeros(len(counts))
        mean = values.mean()
        if mean > 0:
            sums += np.bincount(place.ravel(), values.ravel() / mean, len(counts) + 1)[:-1]
            used += 1
    if sums is None or not used:
        raise NpmError("No map has any relevance: there is no profile to show.")
    return np.asarray(sums / counts / used)


def _bins(
    shape: tuple[int, ...], n_bins: int, distances: Sequence[float] | None
) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Return the bin of each pixel (the number of bins where it is in none) and bins' pixels."""
    rows, columns = (np.minimum(np.arange(side), np.arange(side)[::-1]) for side in shape)
    distance = np.minimum(rows[:, None], columns[None, :])
    if distances is None:
        if n_bins < 1:
            raise NpmError(f"A profile needs at least one bin, not {n_bins}.")
        bounds = np.linspace(0, distance.max() + 1, n_bins + 1)
    else:
        bounds = np.asarray(distances, dtype=np.float64)
        if bounds.ndim != 1 or len(bounds) < 2 or (np.diff(bounds) <= 0).any():
            raise NpmError("Give the bounds of the bins as distances in px, ascending.")
    n = len(bounds) - 1
    place = np.searchsorted(bounds, distance, side="right") - 1
    place[(place < 0) | (place >= n)] = n
    counts = np.bincount(place.ravel(), minlength=n + 1)[:n].astype(np.float64)
    if (counts == 0).any():
        raise NpmError(
            f"A bin of the profile holds no pixel of maps of {shape[0]} x {shape[1]} px: take"
            " fewer or wider bins."
        )
    return place, counts


def _symmetric(field: NDArray[np.float64]) -> NDArray[np.float64]:
    field = (field + field[::-1]) / 2
    field = (field + field[:, ::-1]) / 2
    return (field + field.T) / 2 if field.shape[0] == field.shape[1] else field


def _each(relevance: Maps) -> Iterator[NDArray[np.float64]]:
    """Yield the maps as float64, checked, without the negative dust of rounding."""
    shape: tuple[int, ...] | None = None
    for number in range(len(relevance)):
        values = np.asarray(relevance[number], dtype=np.float64)
        if values.ndim != 2 or values.size == 0:
            raise NpmError(
                f"Relevance map {number} has the shape {values.shape}: give maps (N, rows,"
                " columns)."
            )
        shape = shape or values.shape
        if values.shape != shape:
            raise NpmError(
                f"Relevance map {number} is {_size(values)} px and map 0 is {shape[0]} x"
                f" {shape[1]} px: take maps of one size at a time."
            )
        if not np.isfinite(values).all():
            raise NpmError(f"Relevance map {number} holds NaN or infinity: explain it again.")
        if values.min() < -_ROUNDING * max(values.max(), 0.0):
            raise NpmError(
                f"Relevance map {number} holds negative values: the centre bias is that of maps of"
                " at least 0, such as those of alpha1-beta0."
            )
        yield np.maximum(values, 0.0)


def _size(values: NDArray[np.float64]) -> str:
    return " x ".join(map(str, values.shape))
