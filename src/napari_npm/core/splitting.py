"""Which tiles are learnt from and which test: by specimen, in folds, by tile, or as listed."""

from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .errors import NpmError
from .wording import several

PARTS = ("train", "validation", "test")
UNUSED = "unused"
_DRAWS = 64


def split_by_group(
    labels: ArrayLike,
    groups: Sequence[Hashable] | NDArray[Any],
    *,
    test_fraction: float = 0.25,
    validation_fraction: float = 0.0,
    seed: int = 0,
    names: Sequence[str] | None = None,
    unit: str = "specimen",
) -> NDArray[np.str_]:
    """Assign whole specimens (or mosaics) to training, validation and test, class by class.

    Tiles of one specimen are alike: with some on both sides the test is too good. Where the
    specimens of a class differ in their number of tiles, the best of 64 draws is taken: the one
    whose shares of tiles are nearest to those asked for, so that each part keeps the classes'
    shares of the whole.

    Parameters
    ----------
    labels : array-like of int, (N,)
        Class of each tile.
    groups : sequence, (N,)
        Specimen of each tile; the same name in two classes means two specimens.
    test_fraction, validation_fraction : float
        Share of each class's specimens, rounded, at least one where the share is above 0.
    seed : int
        Of the draw; neither the order of the tiles nor other classes matter.
    names : sequence of str, optional
        What the classes are called, for messages.
    unit : str
        What a group is called, for messages.

    Returns
    -------
    ndarray of str, (N,)
        "train", "validation" or "test"; every class is in every part asked for.

    Raises
    ------
    NpmError
        If a class has too few specimens for the parts, or the shares leave none to learn from.
    """
    classes, specimens = _checked(labels, groups)
    shares = {"test": test_fraction, "validation": validation_fraction}
    if min(shares.values()) < 0 or sum(shares.values()) >= 1:
        raise NpmError(
            "The shares for test and validation must not be below 0 and must leave some for "
            "training: give less than 1 in all."
        )
    result = np.full(len(classes), "train", dtype="<U10")
    parts = [part for part, share in shares.items() if share > 0]
    for label in np.unique(classes):
        own, tiles = np.unique(specimens[classes == label], return_counts=True)
        if len(own) < len(parts) + 1:
            raise NpmError(_too_few(_name(label, names), len(own), parts, unit))
        counts = _counts(len(own), [shares[part] for part in parts])
        held = np.repeat(np.arange(len(parts)), counts)
        place = np.append(held, np.full(len(own) - len(held), len(parts)))
        order = _drawn(seed, int(label), tiles, place)
        for number, part in enumerate(parts):
            chosen = own[order[place == number]]
            result[(classes == label) & np.isin(specimens, chosen)] = part
    return result


def split_k_fold(
    labels: ArrayLike,
    groups: Sequence[Hashable] | NDArray[Any],
    *,
    folds: int = 5,
    fold: int = 1,
    validation_fraction: float = 0.0,
    seed: int = 0,
    names: Sequence[str] | None = None,
    unit: str = "specimen",
) -> NDArray[np.str_]:
    """Return one fold of a cross-validation over specimens, class by class.

    Over all folds of one seed every specimen is tested exactly once. The draw takes the best of
    64, in which the folds are most alike in their number of tiles.

    Parameters
    ----------
    labels, groups : sequences, (N,)
        Class and specimen of each tile, as in `split_by_group`.
    folds : int
        How many, from 2 to the number of specimens of the smallest class.
    fold : int
        Which one tests, from 1 to ``folds``.
    validation_fraction : float
        Share of each class's specimens that choose the best epoch; they are taken from those
        that do not test.
    seed : int
        Of the draw: the same for all folds of one cross-validation.
    names, unit
        For messages, as in `split_by_group`.

    Returns
    -------
    ndarray of str, (N,)
        "train", "validation" or "test"; every class is in every part asked for.

    Raises
    ------
    NpmError
        If a class has fewer specimens than folds, none is left to learn from, or there is no
        such fold.
    """
    classes, specimens = _checked(labels, groups)
    if folds < 2 or not 1 <= fold <= folds:
        raise NpmError(
            f"There is no fold {fold} of {folds}: give 2 folds or more, and one from 1 to {folds}."
        )
    if not 0 <= validation_fraction < 1:
        raise NpmError("The share for validation must be 0 or more and below 1.")
    result = np.full(len(classes), "train", dtype="<U10")
    first = 0
    for label in np.unique(classes):
        own, tiles = np.unique(specimens[classes == label], return_counts=True)
        if len(own) < folds:
            raise NpmError(_too_many_folds(_name(label, names), len(own), folds, unit))
        # classes begin at different folds, so that the larger folds of one meet smaller of another
        place = (np.arange(len(own)) + first) % folds
        first += len(own)
        order = _drawn(seed, int(label), tiles, place)
        rest = np.roll(order, -int(np.flatnonzero(place == fold - 1)[0]))
        rest = rest[~np.isin(rest, order[place == fold - 1])]
        validating = 0
        if validation_fraction > 0:
            validating = max(1, round(validation_fraction * len(own)))
            if len(rest) < 2:
                raise NpmError(
                    f"Fold {fold} of {folds} tests {len(own) - len(rest)} of the {len(own)}"
                    f" {unit}s of sample {_name(label, names)}, which leaves too few to learn from"
                    " and to validate: take more folds, leave the validation part out, or add"
                    f" {unit}s."
                )
            validating = min(validating, len(rest) - 1)
        for part, some in (("test", order[place == fold - 1]), ("validation", rest[:validating])):
            result[(classes == label) & np.isin(specimens, own[some])] = part
    return result


def split_tiles(
    labels: ArrayLike,
    *,
    train_per_class: int = 750,
    validation_fraction: float = 0.0,
    seed: int = 0,
    names: Sequence[str] | None = None,
) -> NDArray[np.str_]:
    """Draw tiles for training at random in each class; all others test (paper, section 2.2).

    The paper's option: 750 of a sample's 1000 and more tiles. Neighbouring tiles of one specimen
    land on both sides, so the accuracy is too good; `split_by_group` is the fair one.

    Parameters
    ----------
    labels, names
        As in `split_by_group`.
    train_per_class : int
        Tiles of each class to learn from.
    validation_fraction : float
        Share of those tiles that choose the best epoch instead.
    seed : int
        Of the draw.

    Returns
    -------
    ndarray of str, (N,)
        "train", "validation" or "test".

    Raises
    ------
    NpmError
        If a class has not more tiles than ``train_per_class``, or none is left to learn from.
    """
    classes = np.asarray(labels)
    if classes.ndim != 1 or len(classes) == 0 or train_per_class < 1:
        raise NpmError("A split needs at least one tile, and at least one of each class to learn.")
    if not 0 <= validation_fraction < 1:
        raise NpmError("The share for validation must be 0 or more and below 1.")
    validating = 0
    if validation_fraction > 0:
        validating = max(1, round(validation_fraction * train_per_class))
    if validating >= train_per_class:
        raise NpmError(
            f"{validating} of {train_per_class} tiles of each sample for validation leave none to"
            " learn from: take more tiles for training, or a smaller share for validation."
        )
    result = np.full(len(classes), "test", dtype="<U10")
    for label in np.unique(classes):
        own = np.flatnonzero(classes == label)
        if len(own) <= train_per_class:
            raise NpmError(
                f"Sample {_name(label, names)} has {len(own)} tiles, and {train_per_class} for "
                "training leave none to test: take fewer for training."
            )
        drawn = np.random.default_rng([seed, int(label)]).permutation(len(own))[:train_per_class]
        result[own[drawn]] = "train"
        result[own[drawn[:validating]]] = "validation"
    return result


def _checked(labels: ArrayLike, groups: Any) -> tuple[NDArray[Any], NDArray[np.str_]]:
    classes = np.asarray(labels)
    if classes.ndim != 1 or len(classes) == 0 or len(groups) != len(classes):
        raise NpmError("A split needs at least one tile, and a class and a specimen for each.")
    return classes, np.array([str(group) for group in groups])


def _drawn(
    seed: int, label: int, tiles: NDArray[np.int64], place: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Return an order of the specimens: the i-th goes to ``place[i]``.

    Of some random ones that in which the places' tiles are nearest to what equal specimens would
    give; the first one where all are alike.
    """
    rng = np.random.default_rng([seed, label])
    orders = [rng.permutation(len(tiles)) for _ in range(_DRAWS)]
    wanted = np.bincount(place) * tiles.mean()
    apart = [np.abs(np.bincount(place, tiles[order]) - wanted).sum() for order in orders]
    return orders[int(np.argmin(np.round(apart, 6)))]


def _counts(n: int, shares: list[float]) -> list[int]:
    """Round the shares of n to at least 1 each, leaving at least 1."""
    counts = [max(1, round(share * n)) for share in shares]
    while sum(counts) >= n:
        counts[int(np.argmax(counts))] -= 1
    return counts


def _name(label: int, names: Sequence[str] | None) -> str:
    return str(label) if names is None else names[int(label)]


def _too_few(name: str, n: int, parts: Sequence[str], unit: str) -> str:
    without = "leave the validation part out, " * ("validation" in parts)
    why = ""
    if n == 1:
        why = (
            f"tested on the {unit} that it learnt from, a network may know how that one was imaged"
            " rather than the material; "
        )
    return (
        f"Sample {name} has {several(n, unit)}, but a split into"
        f" {' and '.join(['train', *parts])} needs {len(parts) + 1}: {why}add {unit}s, {without}or"
        " split by tile, which is stated on every result."
    )


def _too_many_folds(name: str, n: int, folds: int, unit: str) -> str:
    if n < 2:
        return _too_few(name, n, ["test"], unit)
    return (
        f"Sample {name} has {several(n, unit)}, too few for {folds} folds: take {n} folds or"
        f" fewer, or add {unit}s."
    )
