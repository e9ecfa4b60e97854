"""Whether a descriptor tells single maps apart: the nearest mean (paper, section 2.4)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .errors import NpmError


@dataclass(frozen=True)
class NearestMean:
    """Maps classified by the sample whose mean descriptor is nearest.

    Attributes
    ----------
    accuracy : float
        Share of the evaluated maps assigned to their own sample; the paper's mismatch is
        1 - accuracy.
    predicted : ndarray, shape (E,)
        Label assigned to each evaluated map.
    evaluated : ndarray of int, shape (E,)
        Indices of the evaluated maps.
    classes : ndarray, shape (C,)
        The labels, sorted.
    means : ndarray of float64, shape (C,) or (C, D)
        Mean of the fitted maps of each label.
    """

    accuracy: float
    predicted: NDArray[np.generic]
    evaluated: NDArray[np.intp]
    classes: NDArray[np.generic]
    means: NDArray[np.float64]


def nearest_mean(
    values: ArrayLike,
    labels: ArrayLike,
    *,
    fit: ArrayLike | None = None,
    evaluate: ArrayLike | None = None,
) -> NearestMean:
    """Assign each map to the sample with the nearest mean descriptor (section 2.4).

    By default means are taken over all maps, and the same maps are assigned, as in the paper.
    That flatters the accuracy a little; give indices to fit on training maps and evaluate on
    test maps, for a fair comparison with a network, or use `nearest_mean_left_out`.

    Parameters
    ----------
    values : array_like, shape (N,) or (N, D)
        The descriptor of each map, or several. Of several, each is divided by its standard
        deviation inside the samples (of the fitted maps), so that their units do not matter.
    labels : array_like, shape (N,)
        The sample of each map.
    fit, evaluate : array_like of int, optional
        Indices of the maps that give the means, and of those assigned; all if not given.

    Returns
    -------
    NearestMean
        Midway between two means the sample that sorts first is chosen.

    Raises
    ------
    NpmError
        If there are fewer than two samples among the fitted maps, values and labels differ in
        length, or values are not finite.
    """
    table, names = _checked(values, labels)
    every = np.arange(len(table))
    fitted = every if fit is None else every[np.asarray(fit, dtype=np.intp)]
    evaluated = every if evaluate is None else every[np.asarray(evaluate, dtype=np.intp)]
    if fitted.size == 0 or evaluated.size == 0:
        raise NpmError("There are no maps to fit or to evaluate; choose at least one of each.")
    classes, class_of = np.unique(names[fitted], return_inverse=True)
    if classes.size < 2:
        raise NpmError("At least two samples are needed to compare; add another one.")
    known = table[fitted]
    means = np.stack([known[class_of == k].mean(axis=0) for k in range(classes.size)])
    scale = np.sqrt(np.mean((known - means[class_of]) ** 2, axis=0))
    # A descriptor without scatter inside the samples keeps its own unit; one alone needs none.
    scale = np.where(scale > 0, scale, 1.0) if table.shape[1] > 1 else np.ones(1)
    away = (table[evaluated, None] - means) / scale
    predicted = classes[(away**2).sum(axis=2).argmin(axis=1)]
    accuracy = float(np.mean(predicted == names[evaluated]))
    flat = np.ndim(values) == 1
    return NearestMean(accuracy, predicted, evaluated, classes, means[:, 0] if flat else means)


def nearest_mean_left_out(values: ArrayLike, labels: ArrayLike, groups: ArrayLike) -> NearestMean:
    """Assign the maps of each specimen by means over all other specimens.

    What is to be expected of material that was not measured before; `nearest_mean` on all maps
    counts maps that took part in the means.

    Parameters
    ----------
    values : array_like, shape (N,) or (N, D)
        The descriptor of each map, or several; as `nearest_mean`.
    labels : array_like, shape (N,)
        The sample of each map.
    groups : array_like, shape (N,)
        The specimen or mosaic of each map. The same name in two samples is two specimens.

    Returns
    -------
    NearestMean
        Over all maps; ``means`` are those of all maps.

    Raises
    ------
    NpmError
        If a sample has one specimen only, or as `nearest_mean`.
    """
    table, names = _checked(values, labels)
    kinds = np.asarray(groups)
    if kinds.shape != names.shape:
        raise NpmError(
            f"There are {len(table)} values but {kinds.size} groups; give one group for each."
        )
    whole = nearest_mean(values, labels)
    _, label_of = np.unique(names, return_inverse=True)
    _, kind_of = np.unique(kinds, return_inverse=True)
    specimen = label_of * (int(kind_of.max()) + 1) + kind_of
    for label in whole.classes:
        if np.unique(specimen[names == label]).size < 2:
            raise NpmError(
                f"Sample {label} has one specimen only, so none can be left out; add another."
            )
    predicted = names.copy()
    for one in np.unique(specimen):
        out = np.flatnonzero(specimen == one)
        rest = np.flatnonzero(specimen != one)
        predicted[out] = nearest_mean(values, labels, fit=rest, evaluate=out).predicted
    accuracy = float(np.mean(predicted == names))
    return NearestMean(accuracy, predicted, whole.evaluated, whole.classes, whole.means)


def _checked(
    values: ArrayLike, labels: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.generic]]:
    table, names = np.asarray(values, dtype=np.float64), np.asarray(labels)
    if table.ndim == 1:
        table = table[:, None]
    if table.ndim != 2 or names.shape != table.shape[:1]:
        raise NpmError(
            f"There are values of shape {table.shape} but labels of shape {names.shape}; "
            "give one value (or one row of values) and one label for each map."
        )
    if not np.isfinite(table).all():
        raise NpmError("Some values are NaN or infinite; leave those maps out.")
    return table, names
