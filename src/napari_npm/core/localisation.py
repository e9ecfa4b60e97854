"""How well a map finds known places: ROC AUC, average precision, pointing."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .errors import NpmError

TOP_SHARE = 0.01
"""Share of a map's pixels whose place `Localisation.top_precision` looks at."""


@dataclass(frozen=True)
class Localisation:
    """How well one map finds known places.

    Attributes
    ----------
    auc : float
        Area under the ROC curve, see `roc_auc`; 0.5 is chance.
    average_precision : float
        See `average_precision`; `prevalence` is chance.
    pointing : float
        1 where the map's maximum lies in the places, 0 where it does not; the share of the
        maxima inside where several pixels share it. See `pointing_accuracy`.
    top_precision : float
        Share of the most relevant 1 % of the pixels that lies in the places; `prevalence` is
        chance.
    prevalence : float
        Share of the pixels that counted which lie in the places.
    """

    auc: float
    average_precision: float
    pointing: float
    top_precision: float
    prevalence: float


def localisation(
    relevance: NDArray[np.generic],
    places: NDArray[np.bool_],
    within: NDArray[np.bool_] | None = None,
    *,
    tolerance_px: float = 0.0,
) -> Localisation:
    """Hold a map against known places by every measure at once (the pixels are sorted once).

    Parameters
    ----------
    relevance : array, any shape; (H, W) with a tolerance
        Relevance, any unit, any sign.
    places : array of bool, same shape
        True inside the known places.
    within : array of bool, same shape, optional
        Pixels that count, such as all but unhydrated cement; all by default. Where the places
        leave out what a map cannot point at anyway, counting it would flatter the map.
    tolerance_px : float
        How far from the places a maximum may lie for `pointing`, px.

    Returns
    -------
    Localisation

    Raises
    ------
    NpmError
        For different shapes, NaN, or places that cover all or nothing of what counts.
    """
    values, inside, counted = _checked(relevance, places, within)
    ranking = _rank(values, inside)
    near = _near(np.asarray(places, dtype=bool), tolerance_px)
    return Localisation(
        auc=_auc(ranking),
        average_precision=_average_precision(ranking),
        pointing=_pointing(values, near.ravel()[counted]),
        top_precision=_top(ranking, TOP_SHARE),
        prevalence=float(inside.mean()),
    )


def roc_auc(
    relevance: NDArray[np.generic],
    places: NDArray[np.bool_],
    within: NDArray[np.bool_] | None = None,
) -> float:
    """Area under the ROC curve of relevance as a detector of known places.

    The chance that a pixel inside the places has more relevance than one outside, equals counted
    half (Mann-Whitney; exact with ties). 0.5 is chance. For phantoms, whose places are known.

    Parameters
    ----------
    relevance, places, within
        As for `localisation`.

    Returns
    -------
    float
        Between 0 and 1.

    Raises
    ------
    NpmError
        For different shapes, NaN, or places that cover all or nothing.
    """
    values, inside, _ = _checked(relevance, places, within)
    return _auc(_rank(values, inside))


def average_precision(
    relevance: NDArray[np.generic],
    places: NDArray[np.bool_],
    within: NDArray[np.bool_] | None = None,
) -> float:
    """Average precision of relevance as a detector of known places.

    With the pixels taken from the most relevant downwards, equals together,
    ``AP = sum_n (R_n - R_(n-1)) P_n`` of recall R and precision P after each value, as
    `sklearn.metrics.average_precision_score`. Chance is the share of the map that the places
    cover, so read it against that.

    Parameters
    ----------
    relevance, places, within
        As for `localisation`.

    Returns
    -------
    float
        Above 0, at most 1.

    Raises
    ------
    NpmError
        For different shapes, NaN, or places that cover all or nothing.
    """
    values, inside, _ = _checked(relevance, places, within)
    return _average_precision(_rank(values, inside))


def pointing_accuracy(
    relevance: NDArray[np.generic],
    places: NDArray[np.bool_],
    within: NDArray[np.bool_] | None = None,
    *,
    tolerance_px: float = 0.0,
) -> float:
    """Share of maps whose maximum lies in the known places: the pointing game.

    Zhang et al. 2018 (doi:10.1007/s11263-017-1059-x) count a hit where the maximum lies inside
    an object or within a tolerance of it (15 px there), over all maps. Where k pixels share the
    maximum, each counts 1/k. Chance is the share of the pixels that are within the tolerance of
    the places, which for wide-spread places is far from 0.

    Parameters
    ----------
    relevance : array, (H, W) or (N, H, W)
        One map or several; any unit, any sign.
    places : array of bool, same shape
        True inside the known places of each map.
    within : array of bool, same shape, optional
        Pixels that count; all by default.
    tolerance_px : float
        How far from the places a maximum may lie, px.

    Returns
    -------
    float
        Between 0 and 1.

    Raises
    ------
    NpmError
        For different shapes, NaN, a tolerance below 0, or places that cover all or nothing of
        what counts in a map.
    """
    shape = np.shape(relevance)
    if len(shape) not in (2, 3) or 0 in shape:
        raise NpmError("Give one map (H, W) or several (N, H, W) to point with.")
    if np.shape(places) != shape or (within is not None and np.shape(within) != shape):
        raise NpmError("The masks must have the shape of the relevance maps.")
    stacked = (-1, *shape[-2:])
    maps, known = np.reshape(relevance, stacked), np.reshape(places, stacked)
    counting = [None] * len(maps) if within is None else list(np.reshape(within, stacked))
    hits = []
    for one, inside, mask in zip(maps, known, counting, strict=True):
        values, _, counted = _checked(one, inside, mask)
        near = _near(np.asarray(inside, dtype=bool), tolerance_px)
        hits.append(_pointing(values, near.ravel()[counted]))
    return float(np.mean(hits))


@dataclass(frozen=True)
class _Ranking:
    """Pixels from the most relevant downwards: what was met after each distinct value."""

    positives: NDArray[np.int64]
    pixels: NDArray[np.int64]


def _checked(
    relevance: NDArray[np.generic],
    places: NDArray[np.bool_],
    within: NDArray[np.bool_] | None,
) -> tuple[NDArray[Any], NDArray[np.bool_], Any]:
    """Return relevance and places where it counts, flat, and the index of what counts."""
    values, inside = np.asarray(relevance), np.asarray(places, dtype=bool)
    if values.shape != inside.shape:
        raise NpmError("The mask of the places must have the shape of the relevance map.")
    counted: Any = slice(None)
    if within is not None:
        if np.shape(within) != values.shape:
            raise NpmError("The mask of what counts must have the shape of the relevance map.")
        counted = np.asarray(within, dtype=bool).ravel()
    values, inside = values.ravel()[counted], inside.ravel()[counted]
    if not np.isfinite(values).all():
        raise NpmError("The relevance map has NaN or infinite pixels: explain the image again.")
    if not inside.any() or inside.all():
        raise NpmError("The places must cover some of the map, and not all of it.")
    return values, inside, counted


def _rank(values: NDArray[Any], inside: NDArray[np.bool_]) -> _Ranking:
    if values.dtype in (np.float32, np.float16):
        # The bits of a float in the order of its value, with the place as the lowest bit: one
        # sort of whole numbers, half the time of an argsort and what follows it.
        bits = (values.astype(np.float32) + np.float32(0)).view(np.uint32)
        negative = bits >> np.uint32(31) > 0
        ordered = np.where(negative, ~bits, bits | np.uint32(1 << 31))
        keys = np.sort((ordered.astype(np.uint64) << np.uint64(1)) | inside)[::-1]
        falling, met = keys >> np.uint64(1), (keys & np.uint64(1)).astype(np.int64)
    else:
        order = np.argsort(values)[::-1]
        falling, met = values[order], inside[order].astype(np.int64)
    last = np.append(np.flatnonzero(falling[1:] != falling[:-1]), falling.size - 1)
    return _Ranking(np.cumsum(met)[last], (last + 1).astype(np.int64))


def _auc(ranking: _Ranking) -> float:
    hits = np.concatenate(([0], ranking.positives)).astype(np.float64)
    misses = np.concatenate(([0], ranking.pixels - ranking.positives)).astype(np.float64)
    area = float((np.diff(misses) * (hits[1:] + hits[:-1])).sum()) / 2
    return area / float(hits[-1] * misses[-1])


def _average_precision(ranking: _Ranking) -> float:
    gained = np.diff(ranking.positives, prepend=0)
    return float((gained * (ranking.positives / ranking.pixels)).sum() / ranking.positives[-1])


def _top(ranking: _Ranking, share: float) -> float:
    """Share of the most relevant pixels inside; of equals at the limit, as many as expected."""
    count = max(1, round(share * int(ranking.pixels[-1])))
    hits = np.interp(count, np.append(0, ranking.pixels), np.append(0, ranking.positives))
    return float(hits) / count


def _pointing(values: NDArray[Any], near: NDArray[np.bool_]) -> float:
    return float(near[values == values.max()].mean())


def _near(places: NDArray[np.bool_], tolerance_px: float) -> NDArray[np.bool_]:
    """Return the places with all pixels within a distance of them."""
    if not 0 <= tolerance_px < np.inf:
        raise NpmError(f"The tolerance must be 0 or more pixels, not {tolerance_px}.")
    if tolerance_px == 0:
        return places
    from scipy.ndimage import distance_transform_edt

    return np.asarray(distance_transform_edt(~places) <= tolerance_px)
