"""Exact counts of pixel pairs by Fourier transforms of the characteristic function.

With z_t = m exp(i pi t g / s) on a map g of grey levels 0 .. s inside a mask m, the real part of
the autocorrelation of z_t at a displacement d is sum_dn N(dn | d) cos(pi t dn / s): the DCT-I of
the counts wanted. So the power spectra of all maps are added up for every t = 0 .. s; ONE inverse
transform per t, sums over the bins of displacement and an inverse DCT-I along t give the counts.
For the counts of each map by groups of dn the order is turned round: its spectra are combined to
one a group before the inverse, so that 16 small inverse transforms a map are enough.

Transforms are of single precision first (but for the lowest t, whose spectra have a high peak),
sums of double. Single precision errs most, by some 1e-8 of the count, where a large part of the
map has one value: at dn = 0, which is therefore taken from the number of pairs, known exactly from
t = 0 in double precision. Rounded counts are believed only if every one was within 0.1 of a whole
number and if, at every bin, sum dn^2 N equals sum (g - g')^2, found in double precision from the
autocorrelations of m, g and g^2; so an error could only hide if several cancelled exactly in a sum
of squares. Else the maps are counted again in double precision, and if that should ever fail, one
pair at a time.
"""

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from ._displacements import Displacements
from ._pair_counts import Counts, Grey, Mask

Floats = NDArray[np.float64]
Codes = NDArray[np.uint16]

# Sums of spectra held at once; more values of t are taken in turns.
_MOST_BYTES = 256 * 2**20
# Values of t whose spectra of one map are combined to groups in one product of matrices.
_TOGETHER = 16
# Spectra of lower t are always of double precision.
_LOWEST = 16
# Largest distance of a count from a whole number that is believed; where dn = 0, whose number is
# known otherwise, the largest share by which it may be off.
_NEAR, _NEAR_SHARE = 0.1, 1e-6


class Transformer(Protocol):
    """Where the transforms are computed: scipy on the processor, or torch on a device."""

    def zeros(self, *shape: int) -> Any:
        """Return zeros of double precision where the work is done."""

    def array(self, values: Floats) -> Any:
        """Bring values there."""

    def numpy(self, values: Any) -> Floats:
        """Bring values back."""

    def spectra(self, codes: Any, tables: NDArray[np.complex128], double: bool, sums: Any) -> Any:
        """Return folded power spectra (n, rows, columns) of table[codes]; add them to `sums`."""

    def codes(self, codes: Codes) -> Any:
        """Bring the codes of a map there."""


class Plan:
    """Sizes of the transforms of maps of one shape, and the way back to bins.

    Where both sizes are even and all angles count together, spectra are folded to a quarter (the
    mean over both mirror images): a cosine transform a quarter as large takes them back.
    """

    def __init__(self, shape: tuple[int, int], where: Displacements) -> None:
        self.shape, self.where = shape, where
        padded = [
            side if where.periodic else 2 * fft.next_fast_len((side + far + 1) // 2)
            for side, far in zip(shape, where.reach, strict=True)
        ]
        self.size = (padded[0], padded[1])
        self.quarter = where.sectors == 1 and not (padded[0] % 2 or padded[1] % 2)
        rows = padded[0] // 2 + 1 if self.quarter else padded[0]
        self.folded = (rows, padded[1] // 2 + 1)
        across = where.reach[1]
        bins = where.bins
        if self.quarter:
            bins = bins[:, across:].copy()
            # (dy, -dx) counts in the same bin; on the axes it is the same displacement or its
            # opposite.
            weight = np.full(bins.shape, 2.0)
            weight[0], weight[:, 0] = 1.0, 1.0
        else:
            weight = np.ones(bins.shape)
        self._take = np.nonzero(bins >= 0)
        self._bins, self._weight = bins[self._take], weight[self._take]
        self._places = (self._take[0], self._take[1] - (0 if self.quarter else across))

    def sums(self, spectra: Floats) -> Floats:
        """Return the sum of the autocorrelation over each bin, (n, bins)."""
        found = np.empty((len(spectra), self.where.n_bins))
        for k, spectrum in enumerate(spectra):
            if self.quarter:
                values = fft.dctn(spectrum, type=1) / (self.size[0] * self.size[1])
            else:
                values = fft.irfft2(spectrum, self.size)
            taken = values[self._places] * self._weight
            found[k] = np.bincount(self._bins, taken, minlength=self.where.n_bins)
        return found


def count_spectral(
    maps: Sequence[tuple[Grey, Mask | None]],
    where: Displacements,
    edges: NDArray[np.int64],
    make: Callable[[Plan], Transformer],
    after_map: Callable[[bool], None],
    *,
    double: bool = False,
) -> tuple[Counts, Counts] | None:
    """Count the pairs of several maps of one shape.

    Parameters
    ----------
    maps : sequence of (grey, mask)
        Grey levels (H, W), uint8, and the mask, bool, or None for the whole map.
    where : Displacements
        Of maps of this shape.
    edges : array of int64, (groups + 1,)
        Groups of dn of the counts map by map.
    make : callable
        Returns the transformer of a plan.
    after_map : callable
        Called after each map of each turn; told whether it is the map's last.
    double : bool
        Double precision throughout.

    Returns
    -------
    counts : array of int64, (bins, 256)
    grouped : array of int64, (n, bins, groups)
        None instead of both where the counts are not certain.
    """
    plan = Plan(maps[0][0].shape, where)
    low = min(_extreme(one, np.min, 255) for one in maps)
    span = max(max(_extreme(one, np.max, 0) for one in maps) - low, 1)
    there = make(plan)
    cosines, grouping = _inverse(span, edges)
    turn = max(1, _MOST_BYTES // (8 * plan.folded[0] * plan.folded[1]))
    along = np.empty((span + 1, where.n_bins))
    grouped = np.zeros((len(maps), where.n_bins, edges.size - 1))
    pairs = np.zeros((len(maps), where.n_bins))
    moment = there.zeros(1, *plan.folded)
    for first in range(0, span + 1, turn):
        last = min(first + turn, span + 1)
        sums = there.zeros(last - first, *plan.folded)
        for k, (grey, mask) in enumerate(maps):
            codes = grey.astype(np.int64) - low
            if mask is not None:
                codes[~mask] = span + 1
            held = there.codes(codes.astype(np.uint16))
            of_groups = there.zeros(edges.size - 1, plan.folded[0] * plan.folded[1])
            for begin, end in _parts(first, last):
                precise = double or end <= _LOWEST
                found = there.spectra(
                    held, _tables(span, begin, end), precise, sums[begin - first : end - first]
                )
                of_groups += there.array(grouping[:, begin:end]) @ found.reshape(end - begin, -1)
                if begin == 0:
                    pairs[k] = plan.sums(there.numpy(found))[0]
                    plus, minus = _moment_tables(span)
                    there.spectra(held, plus, True, moment)
                    moment -= found
                    moment -= there.spectra(held, minus, True, there.zeros(1, *plan.folded))
            back = there.numpy(of_groups).reshape(-1, *plan.folded)
            grouped[k] += plan.sums(back).T
            after_map(last == span + 1)
        along[first:last] = plan.sums(there.numpy(sums))
    squares = plan.sums(there.numpy(moment))[0] * span**2
    return _certain((cosines @ along).T, grouped, pairs, squares, edges)


def _certain(
    values: Floats, grouped: Floats, pairs: Floats, squares: Floats, edges: NDArray[np.int64]
) -> tuple[Counts, Counts] | None:
    """Round to counts (bins, 256) and counts by map and group; None where they are not certain.

    `pairs` (n, bins) are the pairs of each map, `squares` (bins,) the sum of (g - g')^2 of all.
    """
    known: Counts = np.rint(pairs).astype(np.int64)
    by_map, near = _rounded(grouped, known)
    some, all_near = _rounded(values, known.sum(axis=0))
    counts: Counts = np.zeros((len(values), 256), dtype=np.int64)
    counts[:, : some.shape[1]] = some
    certain = (
        near
        and all_near
        and bool(np.abs(pairs - known).max() < _NEAR)
        and np.array_equal(counts @ np.arange(256, dtype=np.int64) ** 2, np.rint(squares))
        and np.array_equal(by_map.sum(axis=0), _by_group(counts, edges))
    )
    return (counts, by_map) if certain else None


def _rounded(values: Floats, pairs: Counts) -> tuple[Counts, bool]:
    """Round values (..., dn or group) so that they sum to the pairs; tell if they were near."""
    found: Counts = np.rint(values).astype(np.int64)
    found[..., 0] = pairs - found[..., 1:].sum(axis=-1)
    off = np.abs(values - found)
    same = _NEAR + _NEAR_SHARE * found[..., 0]
    near = off[..., 1:].max(initial=0.0) < _NEAR and bool(np.all(off[..., 0] < same))
    return found, bool(near and found.min() >= 0)


def _by_group(counts: Counts, edges: NDArray[np.int64]) -> Counts:
    grouped: Counts = np.add.reduceat(counts[:, : edges[-1]], edges[:-1], axis=1)
    return grouped


def _extreme(one: tuple[Grey, Mask | None], choose: Callable[..., Any], empty: int) -> int:
    grey, mask = one
    inside = grey if mask is None else grey[mask]
    return int(choose(inside)) if inside.size else empty


def _parts(first: int, last: int) -> list[tuple[int, int]]:
    """Cut the values of t into parts, t = 0 by itself."""
    inner = {1, *range(_TOGETHER, last, _TOGETHER)}
    cuts = [first, *sorted(cut for cut in inner if first < cut < last), last]
    return list(pairwise(cuts))


def _tables(span: int, begin: int, end: int) -> NDArray[np.complex128]:
    """Return exp(i pi t g / span) for t = begin .. end - 1; 0 outside the mask."""
    turns = np.multiply.outer(np.arange(begin, end), np.arange(span + 2)) % (2 * span)
    tables = np.exp(1j * np.pi * turns / span)
    tables[:, -1] = 0
    return tables


def _moment_tables(span: int) -> tuple[NDArray[np.complex128], NDArray[np.complex128]]:
    """Return m + q and q + i sqrt(2) h with h = g / span and q = h^2.

    The autocorrelation of the first, less that of m and that of the second, sums (h - h')^2: for
    real a and b the real part of the autocorrelation of a + i b is the sum of those of a and b.
    """
    h = np.append(np.arange(span + 1), 0) / span
    inside = np.append(np.ones(span + 1), 0)
    both = np.stack([inside + h**2, h**2 + 1j * np.sqrt(2) * h])[:, np.newaxis]
    return both[0], both[1]


def _inverse(span: int, edges: NDArray[np.int64]) -> tuple[Floats, Floats]:
    """Return the inverse DCT-I as a matrix (dn, t), and its rows added up by group of dn."""
    t = np.arange(span + 1)
    twice = np.where((t > 0) & (t < span), 2.0, 1.0)
    turns = np.multiply.outer(t, t) % (2 * span)
    cosines = np.cos(np.pi * turns / span) * np.multiply.outer(twice, twice) / (2 * span)
    full = np.zeros((edges[-1], span + 1))
    full[: span + 1] = cosines
    return cosines, np.add.reduceat(full, edges[:-1], axis=0)
