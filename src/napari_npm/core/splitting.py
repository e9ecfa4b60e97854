"""Which tiles are learnt from and which test: by specimen, or by tile as the paper did."""

from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .errors import NpmError

PARTS = ("train", "validation", "test")


def split_by_group(
    labels: ArrayLike,
    groups: Sequence[Hashable] | NDArray[Any],
    *,
    test_fraction: float = 0.25,
    validation_fraction: float = 0.0,
    seed: int = 0,
    names: Sequence[str] | None = None,
) -> NDArray[np.str_]:
    """Assign whole specimens (or mosaics) to training, validation and test, class by class.

    Tiles of one specimen are alike: with some on both sides the test is too good.

    Parameters
    ----------
    labels : array-like of int, (N,)
        Class of each tile.
    groups : sequence, (N,)
        Specimen of each tile; the same name in two classes means two specimens.
    test_fraction, validation_fraction : float
        Share of each class's specimens, rounded, at least one where the share is above 0.
    names : sequence of str, optional
        What the classes are called, for messages.
    seed : int
        Of the draw; neither the order of the tiles nor other classes matter.

    Returns
    -------
    ndarray of str, (N,)
        "train", "validation" or "test"; every class is in every part asked for.

    Raises
    ------
    NpmError
        If a class has too few specimens for the parts, or the shares leave none to learn from.
    """
    classes = np.asarray(labels)
    if classes.ndim != 1 or len(classes) == 0 or len(groups) != len(classes):
        raise NpmError("A split needs at least one tile, and a class and a specimen for each.")
    shares = {"test": test_fraction, "validation": validation_fraction}
    if min(shares.values()) < 0 or sum(shares.values()) >= 1:
        raise NpmError(
            "The shares for test and validation must not be below 0 and must leave some for "
            "training: give less than 1 in all."
        )
    result = np.full(len(classes), "train", dtype="<U10")
    specimens = np.array([str(group) for group in groups])
    for label in np.unique(classes):
        own = np.unique(specimens[classes == label])
        parts = [part for part, share in shares.items() if share > 0]
        if len(own) < len(parts) + 1:
            without = "leave the validation part out, " * ("validation" in parts)
            raise NpmError(
                f"Sample {_name(label, names)} has {len(own)} specimen{'s' * (len(own) != 1)}, but "
                f"a split into {' and '.join(['train', *parts])} needs {len(parts) + 1}: add "
                f"specimens, {without}or split by tile."
            )
        order = np.random.default_rng([seed, int(label)]).permutation(len(own))
        counts = _counts(len(own), [shares[part] for part in parts])
        start = 0
        for part, count in zip(parts, counts, strict=True):
            chosen = own[order[start : start + count]]
            result[(classes == label) & np.isin(specimens, chosen)] = part
            start += count
    return result


def _name(label: int, names: Sequence[str] | None) -> str:
    return str(label) if names is None else names[int(label)]


def _counts(n: int, shares: list[float]) -> list[int]:
    """Round the shares of n to at least 1 each, leaving at least 1."""
    counts = [max(1, round(share * n)) for share in shares]
    while sum(counts) >= n:
        counts[int(np.argmax(counts))] -= 1
    return counts


def split_tiles(
    labels: ArrayLike,
    *,
    train_per_class: int = 750,
    seed: int = 0,
    names: Sequence[str] | None = None,
) -> NDArray[np.str_]:
    """Draw tiles for training at random in each class; all others test (paper, section 2.2).

    The paper's option: 750 of a sample's 1000 and more tiles. Neighbouring tiles of one specimen
    land on both sides, so the accuracy is too good; `split_by_group` is the fair one.

    Parameters
    ----------
    labels : array-like of int, (N,)
        Class of each tile.
    train_per_class : int
        Tiles of each class to learn from.
    names : sequence of str, optional
        What the classes are called, for messages.
    seed : int
        Of the draw.

    Returns
    -------
    ndarray of str, (N,)
        "train" or "test".

    Raises
    ------
    NpmError
        If a class has not more tiles than ``train_per_class``.
    """
    classes = np.asarray(labels)
    if classes.ndim != 1 or len(classes) == 0 or train_per_class < 1:
        raise NpmError("A split needs at least one tile, and at least one of each class to learn.")
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
    return result
