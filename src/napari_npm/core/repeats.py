"""The same training several times over: how far accuracy and answers depend on the seed."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import t as student

from .errors import NpmError
from .evaluation import Interval, accuracy_interval


@dataclass(frozen=True)
class SeedSpread:
    """Accuracies of several trainings that differ in their seed only.

    Attributes
    ----------
    accuracies : tuple of float
        One for each seed.
    mean, low, high : float
        Their mean, smallest and largest.
    sd : float
        Their standard deviation (n - 1); NaN for a single one.
    """

    accuracies: tuple[float, ...]
    mean: float
    sd: float
    low: float
    high: float


@dataclass(frozen=True)
class AnswerAgreement:
    """How often trainings say the same of a tile, rightly or not.

    Attributes
    ----------
    pairwise : float
        Share of tiles on which two of them agree, mean over all pairs.
    unanimous : float
        Share of tiles on which all agree.
    kappa : float
        Fleiss' kappa (1971, doi:10.1037/h0031619): 1 for full agreement, 0 for what answers of
        the same frequencies would reach by chance; NaN where all answers are of one class.
    """

    pairwise: float
    unanimous: float
    kappa: float


def seed_spread(accuracies: ArrayLike) -> SeedSpread:
    """Summarise the accuracies of several seeds.

    Parameters
    ----------
    accuracies : array-like, (k,)
        One for each seed.

    Returns
    -------
    SeedSpread

    Raises
    ------
    NpmError
        If there is none, or one is not a share.
    """
    values = np.asarray(accuracies, np.float64)
    if values.ndim != 1 or len(values) == 0 or not ((values >= 0) & (values <= 1)).all():
        raise NpmError("A spread needs at least one accuracy, each from 0 to 1.")
    sd = float(values.std(ddof=1)) if len(values) > 1 else float("nan")
    return SeedSpread(
        tuple(values.tolist()), float(values.mean()), sd, float(values.min()), float(values.max())
    )


def answer_agreement(predicted: ArrayLike) -> AnswerAgreement:
    """Say how far several trainings give the same answers.

    Parameters
    ----------
    predicted : array-like of int, (k, N)
        Class that each of k trainings gives each of N tiles.

    Returns
    -------
    AnswerAgreement

    Raises
    ------
    NpmError
        If there are fewer than two trainings or no tiles.
    """
    answers = np.asarray(predicted)
    if answers.ndim != 2 or len(answers) < 2 or answers.shape[1] == 0:
        raise NpmError("Agreement needs the answers of at least two trainings on the same tiles.")
    k = len(answers)
    votes = np.stack([(answers == label).sum(0) for label in np.unique(answers)], axis=1)
    pairs = (votes * (votes - 1)).sum(1) / (k * (k - 1))
    by_chance = float(((votes.sum(0) / votes.sum()) ** 2).sum())
    kappa = (pairs.mean() - by_chance) / (1 - by_chance) if by_chance < 1 else float("nan")
    return AnswerAgreement(float(pairs.mean()), float((votes.max(1) == k).mean()), float(kappa))


def repeated_interval(
    correct: Sequence[ArrayLike],
    groups: Sequence[Sequence[Hashable] | NDArray[Any]],
    *,
    labels: Sequence[ArrayLike],
    confidence: float = 0.95,
    resamples: int = 2000,
    seed: int = 0,
) -> Interval:
    """Return the accuracy of a control that was repeated, with the wider of two intervals.

    Repeats differ in what was dealt, and specimens in how they are: Student's interval on the mean
    of the repeats, and the bootstrap over specimens with the tiles of all repeats, are both found,
    and each limit is the outer one.

    Parameters
    ----------
    correct : sequence of array-like of bool
        For each repeat, whether each test tile was classified rightly.
    groups, labels : sequence of sequences
        For each repeat, specimen and true class of each test tile.
    confidence : float
        Between 0 and 1.
    resamples, seed : int
        Of the bootstrap.

    Returns
    -------
    Interval
        Of the mean over all tiles of all repeats.

    Raises
    ------
    NpmError
        If there are no tiles or lengths differ.
    """
    found = accuracy_interval(
        np.concatenate([np.asarray(one, bool) for one in correct]) if correct else [],
        [group for one in groups for group in one],
        labels=np.concatenate([np.asarray(one) for one in labels]) if labels else [],
        confidence=confidence,
        resamples=resamples,
        seed=seed,
    )
    k = len(correct)
    if k < 2:
        return found
    accuracies = np.array([np.asarray(one, bool).mean() for one in correct])
    half = float(student.ppf((1 + confidence) / 2, k - 1) * accuracies.std(ddof=1) / np.sqrt(k))
    middle = float(accuracies.mean())
    return Interval(
        found.value,
        min(found.low, max(0.0, middle - half)),
        max(found.high, min(1.0, middle + half)),
        f"the wider of Student's interval on {k} repeats and the {found.method}",
    )
