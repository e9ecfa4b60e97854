"""Values sorted by sample, and averaged over the specimens that they come from."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .errors import NpmError


@dataclass(frozen=True)
class GroupMeans:
    """Mean values of groups (specimens, mosaics), each group within one sample.

    Attributes
    ----------
    values : ndarray of float64, shape (G,)
        Mean of each group.
    labels, groups : ndarray, shape (G,)
        Sample and group that each mean belongs to.
    counts : ndarray of int, shape (G,)
        Number of values in each group.
    """

    values: NDArray[np.float64]
    labels: NDArray[np.generic]
    groups: NDArray[np.generic]
    counts: NDArray[np.intp]


def group_means(values: ArrayLike, labels: ArrayLike, groups: ArrayLike) -> GroupMeans:
    """Average values over the groups (specimens, mosaics) that they come from.

    Parameters
    ----------
    values : array_like, shape (N,)
        The descriptor of each map.
    labels : array_like, shape (N,)
        The sample of each map.
    groups : array_like, shape (N,)
        The group of each map. Groups of the same name in two samples are two groups.

    Returns
    -------
    GroupMeans
        Sorted by label, then group.

    Raises
    ------
    NpmError
        If the three differ in length, or values are not finite.
    """
    values, labels = checked(values, labels)
    names = np.asarray(groups)
    if names.shape != values.shape:
        raise NpmError(
            f"There are {values.size} values but {names.size} groups; give one group for each."
        )
    classes, label_of = np.unique(labels, return_inverse=True)
    kinds, kind_of = np.unique(names, return_inverse=True)
    pairs, pair_of, counts = np.unique(
        label_of * kinds.size + kind_of, return_inverse=True, return_counts=True
    )
    means = np.bincount(pair_of, weights=values, minlength=pairs.size) / counts
    return GroupMeans(means, classes[pairs // kinds.size], kinds[pairs % kinds.size], counts)


def by_sample(
    values: NDArray[np.float64], labels: NDArray[np.generic]
) -> tuple[NDArray[np.generic], list[NDArray[np.float64]]]:
    """Return the sorted labels and the values of each, of two samples or more."""
    classes = np.unique(labels)
    if classes.size < 2:
        raise NpmError("At least two samples are needed to compare; add another one.")
    return classes, [values[labels == label] for label in classes]


def checked(
    values: ArrayLike, labels: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.generic]]:
    """Return finite values and their labels as arrays of one length."""
    numbers, names = np.asarray(values, dtype=np.float64), np.asarray(labels)
    if numbers.ndim != 1 or names.shape != numbers.shape:
        raise NpmError(
            f"There are values of shape {numbers.shape} but labels of shape {names.shape}; "
            "give one value and one label for each map."
        )
    if not np.isfinite(numbers).all():
        raise NpmError("Some values are NaN or infinite; leave those maps out.")
    return numbers, names
