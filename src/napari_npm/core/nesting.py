"""How much less tiles of one specimen tell than independent ones would.

Tiles cut from one specimen resemble each other. A test that takes them for independent believes to
have more evidence than there is; how much too often it finds a difference is simulated here.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import f

from .errors import NpmError
from .groups import checked, group_means
from .statistics import check_confidence


@dataclass(frozen=True)
class Nesting:
    """How the scatter of maps divides between and inside specimens of one sample.

    Attributes
    ----------
    tiles, specimens : int
        Numbers of maps and of specimens.
    intraclass : float
        Intraclass correlation: share of the variance inside a sample that lies between its
        specimens, 0 (maps are as good as independent) to 1 (all maps of a specimen are equal).
    design_effect : float
        ``1 + (m - 1) intraclass`` with m maps a specimen (weighted by size): by how much the
        variance of a sample's mean exceeds that of as many independent maps.
    effective_tiles : float
        Number of independent maps that tell as much: tiles / design_effect.
    """

    tiles: int
    specimens: int
    intraclass: float
    design_effect: float
    effective_tiles: float


@dataclass(frozen=True)
class FalseAlarms:
    """How often the analysis of variance finds a difference where there is none.

    Attributes
    ----------
    nominal : float
        How often it should, 1 - confidence.
    tile, specimen : float
        How often the test on maps and that on specimen means did in the simulation.
    trials : int
        Number of simulated studies; a share s is known to ``sqrt(s (1 - s) / trials)``.
    """

    nominal: float
    tile: float
    specimen: float
    trials: int


def nesting(values: ArrayLike, labels: ArrayLike, groups: ArrayLike) -> Nesting:
    """Estimate how much maps of one specimen resemble each other (nested analysis of variance).

    Parameters
    ----------
    values : array_like, shape (N,)
        The descriptor of each map.
    labels : array_like, shape (N,)
        The sample of each map.
    groups : array_like, shape (N,)
        The specimen or mosaic of each map. The same name in two samples is two specimens.

    Returns
    -------
    Nesting
        Searle, Casella and McCulloch (1992), Variance Components, section 3.6; a negative estimate
        is set to 0.

    Raises
    ------
    NpmError
        If no sample has two specimens, no specimen has two maps, nothing scatters, lengths differ
        or values are not finite.
    """
    numbers, names = checked(values, labels)
    means = group_means(numbers, names, groups)
    counts = means.counts.astype(np.float64)
    n, g = numbers.size, counts.size
    _, sample_of = np.unique(means.labels, return_inverse=True)
    k = int(sample_of.max()) + 1 if g else 0
    if g == k or n == g:
        raise NpmError(
            "How much maps of one specimen resemble each other shows only where a sample has"
            " several specimens and a specimen several maps."
        )
    sizes = np.bincount(sample_of, weights=counts)
    centre = np.bincount(sample_of, weights=counts * means.values) / sizes
    between = float(np.sum(counts * (means.values - centre[sample_of]) ** 2)) / (g - k)
    total = sum(float(np.sum((numbers[names == one] - mean) ** 2))
                for one, mean in zip(np.unique(names), centre, strict=True))  # fmt: skip
    inside = max(total - between * (g - k), 0.0) / (n - g)
    if between + inside <= 1e-24 * float(np.max(numbers**2)):  # rounding
        raise NpmError("The maps of each sample are all alike: there is no scatter to divide.")
    share = float(np.sum(np.bincount(sample_of, weights=counts**2) / sizes))
    each = (n - share) / (g - k)
    variance = max(between - inside, 0.0) / each
    intraclass = variance / (variance + inside)
    heavy = float(np.sum(counts**2)) / n
    effect = 1 + (heavy - 1) * intraclass
    return Nesting(n, g, intraclass, effect, n / effect)


def false_alarms(
    labels: ArrayLike,
    groups: ArrayLike,
    intraclass: float,
    confidence: float = 0.9,
    *,
    trials: int = 10_000,
    seed: int = 0,
) -> FalseAlarms:
    """Simulate how often `anova` finds a difference between samples that do not differ.

    Values are normal, with the given intraclass correlation and with this study's samples,
    specimens and numbers of maps. Only the means of specimens and the scatter inside them matter
    to both tests, and their distributions are known, so no single map need be drawn.

    Parameters
    ----------
    labels : array_like, shape (N,)
        The sample of each map.
    groups : array_like, shape (N,)
        The specimen or mosaic of each map.
    intraclass : float
        Share of the variance that lies between specimens, 0 to 1.
    confidence : float
        Confidence level of the tests.
    trials : int
        Number of simulated studies.
    seed : int
        Seed of the draws.

    Returns
    -------
    FalseAlarms
        ``specimen`` is NaN where no sample has two specimens.

    Raises
    ------
    NpmError
        If there are fewer than two samples, no specimen has two maps, or a number is out of
        bounds.
    """
    check_confidence(confidence)
    if not 0 <= intraclass <= 1:
        raise NpmError(f"An intraclass correlation is from 0 to 1, not {intraclass}.")
    if trials < 1:
        raise NpmError(f"Simulate at least one trial, not {trials}.")
    names = np.asarray(labels)
    design = group_means(np.zeros(names.shape), names, groups)
    counts = design.counts.astype(np.float64)
    _, sample_of = np.unique(design.labels, return_inverse=True)
    n, g = int(counts.sum()), counts.size
    k = int(sample_of.max()) + 1 if g else 0
    if k < 2:
        raise NpmError("At least two samples are needed to compare; add another one.")
    if n == g:
        raise NpmError("No specimen has two maps, so both tests are one.")
    rng = np.random.default_rng(seed)
    spread = np.sqrt(intraclass + (1 - intraclass) / counts)
    means = rng.standard_normal((trials, g)) * spread
    inside = (1 - intraclass) * rng.chisquare(n - g, trials)
    tile = _alarms(means, counts, sample_of, inside, n - k, confidence)
    specimen = float("nan")
    if g > k:
        specimen = _alarms(means, np.ones(g), sample_of, np.zeros(trials), g - k, confidence)
    return FalseAlarms(1 - confidence, tile, specimen, trials)


def _alarms(
    means: NDArray[np.float64],
    weights: NDArray[np.float64],
    sample_of: NDArray[np.intp],
    inside: NDArray[np.float64],
    freedom: int,
    confidence: float,
) -> float:
    """Return how often F exceeds its limit, for weighted means of specimens."""
    belongs = np.equal.outer(sample_of, np.unique(sample_of)).astype(np.float64)
    sizes = weights @ belongs
    centre = (means * weights) @ belongs / sizes
    middle = (centre @ sizes / sizes.sum())[:, None]
    between = ((centre - middle) ** 2) @ sizes / (sizes.size - 1)
    within = (inside + ((means - centre[:, sample_of]) ** 2) @ weights) / freedom
    return float(np.mean(between > f.ppf(confidence, sizes.size - 1, freedom) * within))
