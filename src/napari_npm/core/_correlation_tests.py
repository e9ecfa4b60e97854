"""Whether two samples' two-point correlations differ: permutation of maps or specimens."""

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import comb

import numpy as np
from numpy.typing import NDArray

from ._two_point import TwoPoint, by_unit
from .errors import NpmError
from .progress import Progress, silent

Floats = NDArray[np.float64]

# Relabellings evaluated together: their counts are a few MB each hundred.
_TOGETHER = 100
# Where no p-value can be as small as this, it is noted: there are few units.
_SHARP = 0.01


@dataclass(frozen=True)
class CorrelationDifference:
    """Difference of two two-point correlations, P_b - P_a, and its significance.

    Attributes
    ----------
    r : array of int64, (r_max + 1,)
        Distance in px.
    difference : array of float64, (r_max + 1, levels)
        P_b(dn | r) - P_a(dn | r).
    distance : array of float64, (r_max + 1,)
        Share of the pairs whose dn would have to change: half the sum of the absolute differences
        of the groups of dn.
    p_overall : float
        Probability of a mean of `distance` over r (each r in units of its mean over relabellings)
        at least as large if the samples were alike.
    p_distance : array of float64, (r_max + 1,)
        The same for each r, controlled for looking at all r (family-wise, largest of all r).
    p_group : array of float64, (r_max + 1, groups)
        The same for the share of each group of dn at each r, controlled for all of them.
    edges : array of int64, (groups + 1,)
        Group k holds edges[k] <= dn < edges[k + 1].
    units : tuple of int
        Maps, or specimens, of a and of b.
    unit : str
        What was permuted: "map" or "specimen".
    permutations : int
        Relabellings compared, the observed one included.
    exact : bool
        Whether these are all that there are.
    note : str
        What a reader has to know of the p-values, in words; may be empty.
    """

    r: NDArray[np.int64]
    difference: Floats
    distance: Floats
    p_overall: float
    p_distance: Floats
    p_group: Floats
    edges: NDArray[np.int64]
    units: tuple[int, int]
    unit: str
    permutations: int
    exact: bool
    note: str

    def significant(self, level: float = 0.05) -> NDArray[np.bool_]:
        """Tell which cells (r_max + 1, levels) belong to a group with p at most `level`."""
        widths = np.diff(self.edges)
        marked: NDArray[np.bool_] = np.repeat(self.p_group <= level, widths, axis=1)
        return marked


def compare_correlations(
    a: TwoPoint,
    b: TwoPoint,
    *,
    permutations: int = 999,
    seed: int = 0,
    groups: tuple[Sequence[Hashable], Sequence[Hashable]] | None = None,
    progress: Progress = silent,
) -> CorrelationDifference:
    """Compare two ensembles: P_b - P_a, with p-values by permutation (Fig. 6b, d).

    If both samples were alike, it would not matter which map belongs to which: maps (or specimens)
    are dealt to the two samples anew, as many to each as before, and every p-value is the share of
    the relabellings, the observed one included, with a statistic at least as large. So a p-value
    is never 0, and at least 1 / (number of relabellings). Where there are no more relabellings
    than `permutations` + 1, all are taken and the test is exact. Over many r and dn the largest
    statistic of each relabelling is compared (Westfall and Young 1993, single step): each r in
    units of its mean, each group in units of its root mean square over all relabellings.

    Tiles of one specimen are not independent, and their permutation finds differences between
    specimens, not between samples: give `groups` wherever specimens are known.

    Parameters
    ----------
    a, b : TwoPoint
        With the same r_max and levels.
    permutations : int
        Random relabellings.
    seed : int
        Of the relabellings.
    groups : pair of sequences, (a.n_images,) and (b.n_images,), optional
        Specimen of each map; whole specimens are permuted. Equal names in both sequences are
        different specimens.
    progress : Progress
        Called after each hundred relabellings.

    Returns
    -------
    CorrelationDifference

    Raises
    ------
    NpmError
        For ensembles that differ in r_max or levels, or groups that do not fit.
    Cancelled
        If `progress` raises it.
    """
    if a.counts.shape != b.counts.shape:
        raise NpmError("Compare only correlations with the same r_max and number of levels.")
    if permutations < 1:
        raise NpmError("Compare with at least one permutation.")
    sides = [by_unit(one, None if groups is None else groups[k]) for k, one in enumerate((a, b))]
    units = (len(sides[0]), len(sides[1]))
    held = (a.r >= 1) & (a.pairs > 0) & (b.pairs > 0)
    counts = np.concatenate(sides)[:, held].astype(np.float64)
    shape = counts.shape[1:]
    labels, exact = _relabellings(units, permutations, seed)
    flat, whole = counts.reshape(len(counts), -1), counts.sum(axis=0)
    # All that is held of each relabelling: 13 kB at r_max = 200, 1.3 GB with 100,000 of them.
    changes = np.empty((len(labels), *shape), dtype=np.float32)
    distance, squares = np.empty((len(labels), shape[0])), np.zeros(shape)
    parts = [slice(start, start + _TOGETHER) for start in range(0, len(labels), _TOGETHER)]
    for part in parts:
        second = (labels[part].astype(np.float64) @ flat).reshape(len(labels[part]), *shape)
        changes[part] = _shares(second) - _shares(whole - second)
        distance[part] = np.abs(changes[part]).sum(axis=2, dtype=np.float64) / 2
        squares += (changes[part].astype(np.float64) ** 2).sum(axis=0)
        progress(min(part.stop, len(labels)), len(labels), "Permutations")
    relative = distance / _unit(distance.mean(axis=0))
    spread = _unit(np.sqrt(squares / len(labels)))
    largest = [(np.abs(changes[part]) / spread).max(axis=(1, 2), initial=0.0) for part in parts]
    p_distance, p_group = np.ones(a.r.size), np.ones((a.r.size, shape[1]))
    p_distance[held] = _p(relative.max(axis=1, initial=0.0), relative[0])
    p_group[held] = _p(np.concatenate(largest), np.abs(changes[0]) / spread)
    mean = relative.mean(axis=1) if relative.size else np.zeros(len(labels))
    seen = np.zeros(a.r.size)
    second = counts[labels[0]].sum(axis=0)
    seen[held] = np.abs(_shares(second) - _shares(whole - second)).sum(axis=1) / 2
    unit = "map" if groups is None else "specimen"
    return CorrelationDifference(
        a.r,
        b.probability - a.probability,
        seen,
        float(_p(mean, mean[0])),
        p_distance,
        p_group,
        a.edges,
        units,
        unit,
        len(labels),
        exact,
        _note(units, unit, len(labels), exact=exact),
    )


def _relabellings(
    units: tuple[int, int], permutations: int, seed: int
) -> tuple[NDArray[np.bool_], bool]:
    """Return which units belong to b, (relabellings, units); the observed one first."""
    n = sum(units)
    observed = np.arange(n) >= units[0]
    exact = comb(n, units[1]) <= permutations + 1
    rows: Iterator[NDArray[np.bool_]]
    if exact:
        rows = (np.isin(np.arange(n), chosen) for chosen in combinations(range(n), units[1]))
        found = [row for row in rows if not np.array_equal(row, observed)]
    else:
        generator = np.random.default_rng(seed)
        found = [generator.permutation(observed) for _ in range(permutations)]
    return np.array([observed, *found]), exact


def _p(found: Floats, observed: Floats | float) -> Floats:
    """Return the share of the relabellings at least as large; sums differ by rounding alone."""
    smaller = np.searchsorted(np.sort(found), np.asarray(observed) * (1 - 1e-6))
    return np.asarray((len(found) - smaller) / len(found), dtype=np.float64)


def _shares(counts: Floats) -> Floats:
    shares: Floats = counts / np.maximum(counts.sum(axis=-1, keepdims=True), 1.0)
    return shares


def _unit(values: Floats) -> Floats:
    """Return the values, 1 in place of 0: what never changes is compared as it is."""
    return np.where(values > 0, values, 1.0)


def _note(units: tuple[int, int], unit: str, n: int, *, exact: bool) -> str:
    said = []
    if unit == "map":
        said.append(
            "Maps were permuted as if independent; tiles of one specimen are not, which makes"
            " p-values too small."
        )
    # With as many on either side, exchanging the samples gives the same differences.
    least = (2 if exact and units[0] == units[1] else 1) / n
    if least > _SHARP:
        said.append(
            f"With {units[0]} and {units[1]} {unit}s no p-value can be below {least:.2g}: more"
            f" {unit}s are needed for a sharper statement."
        )
    return " ".join(said)
