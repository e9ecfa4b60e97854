"""Counting the pairs of an ensemble of maps: which engine counts which map."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from ._displacements import Displacements, displacements
from ._pair_counts import Counts, Grey, Mask, count_direct, count_sparse
from ._pair_spectra import Plan, Transformer, count_spectral
from .errors import NpmError

ENGINES = ("auto", "direct", "sparse", "fft")

# Processor time in ns, measured on 384x384 maps to r = 200 px (one thread, EPYC with AVX-512;
# only their ratios matter): a pair of a whole map, a place of a masked one whether inside or not,
# and a listed pair; a point of a transform and its share of the logarithm of the size.
_WHOLE_NS, _MASKED_NS, _LISTED_NS = 0.26, 0.8, 2.2
_FORWARD_NS, _BACK_NS = 0.4, 6.0
# Maps whose spectra are added up before they are taken back: so many that the way back costs
# little, so few that rounding errors of single precision stay small and progress is told.
CHUNK = 8
_CHUNK_BYTES = 2**28

Load = Callable[[int], tuple[Grey, Mask | None]]


class Ensemble:
    """Counts of an ensemble, filled map by map.

    Parameters
    ----------
    n : int
        Maps.
    r_max, levels, sectors : int
        As in `two_point`.
    edges : array of int64, (groups + 1,)
        Groups of dn.
    periodic, engine, device, threads
        As in `two_point`.
    told : callable
        Called with the number of maps done.
    """

    def __init__(
        self,
        n: int,
        r_max: int,
        levels: int,
        sectors: int,
        edges: NDArray[np.int64],
        *,
        periodic: bool,
        engine: str,
        device: str,
        threads: int | None,
        told: Callable[[int], None],
    ) -> None:
        if engine not in ENGINES:
            raise NpmError(f"There is no engine {engine!r}: choose {', '.join(ENGINES)}.")
        if device != "cpu" and engine not in ("auto", "fft"):
            raise NpmError(f"The engine {engine} runs on the device cpu only; fft runs on others.")
        self._n, self._r_max, self._levels, self._sectors = n, r_max, levels, sectors
        self._edges, self._periodic, self._engine = edges, periodic, engine
        self._device, self._threads, self._told = device, threads, told
        self._places: dict[tuple[int, int], Displacements] = {}
        self._waiting: list[tuple[int, Grey, Mask | None]] = []
        self._done, self._double = 0, False
        self.counts = np.zeros((sectors, r_max + 1, levels), dtype=np.int64)
        """Pairs by sector, distance and dn."""
        self.grouped = np.zeros((sectors, n, r_max + 1, edges.size - 1), dtype=np.int64)
        """The same map by map in groups of dn."""

    def count(self, load: Load) -> None:
        """Count all maps; `load` returns the grey levels and the mask of one."""
        for k in range(self._n):
            grey, mask = load(k)
            engine = self._choose(grey, mask)
            if engine == "fft":
                if self._waiting and self._waiting[0][1].shape != grey.shape:
                    self._flush()
                self._waiting.append((k, grey, mask))
                full = len(self._waiting) * grey.size > _CHUNK_BYTES
                if full or len(self._waiting) == CHUNK:
                    self._flush()
            else:
                self._one_by_one(k, grey, mask, engine)
                self._tell()
        self._flush()

    def _tell(self) -> None:
        self._done += 1
        self._told(self._done)

    def _where(self, shape: Any) -> Displacements:
        if shape not in self._places:
            if len(self._places) > CHUNK:
                self._places.clear()
            self._places[shape] = displacements(
                shape, self._r_max, self._sectors, periodic=self._periodic
            )
        return self._places[shape]

    def _choose(self, grey: Grey, mask: Mask | None) -> str:
        if self._engine != "auto":
            return self._engine
        if self._device != "cpu":
            return "fft"
        where = self._where(grey.shape)
        pairs = where.pairs((grey.shape[0], grey.shape[1]))
        density = 1.0 if mask is None else float(np.count_nonzero(mask)) / mask.size
        points = Plan((grey.shape[0], grey.shape[1]), where).size
        area = points[0] * points[1]
        alike = min(self._n, CHUNK)
        costs = {
            "direct": pairs * (_WHOLE_NS if mask is None else _MASKED_NS),
            "sparse": pairs * density**2 * _LISTED_NS,
            "fft": area * self._levels * (_FORWARD_NS * np.log2(area) + _BACK_NS / alike),
        }
        return min(costs, key=costs.__getitem__)

    def _one_by_one(self, k: int, grey: Grey, mask: Mask | None, engine: str) -> None:
        whole = mask is None or bool(mask.all())
        inside = grey.size if mask is None else int(np.count_nonzero(mask))
        if inside and mask is not None and not whole and not self._periodic:
            grey, mask = _cropped(grey, mask)
        if inside == 0:
            return
        count = count_sparse if engine == "sparse" else count_direct
        where = self._where(grey.shape)
        found = count(grey, None if whole else mask, where, self._threads)
        self._add([k], found, self._group(found)[np.newaxis], [inside])

    def _flush(self) -> None:
        """Count the maps that wait for the transforms."""
        waiting, self._waiting = self._waiting, []
        if not waiting:
            return
        maps = [(grey, mask) for _, grey, mask in waiting]
        where = self._where(maps[0][0].shape)

        def make(plan: Plan) -> Transformer:
            from ._transformers import OnDevice, OnProcessor

            if self._device == "cpu":
                return OnProcessor(plan, self._threads)
            return OnDevice(plan, self._device)

        for double in (False, True)[self._double :]:
            start = self._done
            # The products of matrices are small: BLAS's own threads would mostly wait.
            with threadpool_limits(1, "blas"):
                found = count_spectral(maps, where, self._edges, make, self._after, double=double)
            if found is not None:
                numbers = [k for k, _, _ in waiting]
                insides = [g.size if m is None else int(np.count_nonzero(m)) for g, m in maps]
                self._add(numbers, *found, insides)
                return
            # Not certain in single precision: neither will the next maps be.
            self._double, self._done = True, start
        for k, grey, mask in waiting:
            self._one_by_one(k, grey, mask, "direct")
            self._tell()

    def _after(self, last: bool) -> None:
        self._done += int(last)
        self._told(self._done)

    def _group(self, found: Counts) -> Counts:
        grouped: Counts = np.add.reduceat(found[:, : self._levels], self._edges[:-1], axis=-1)
        return grouped

    def _add(self, maps: list[int], found: Counts, grouped: Counts, insides: list[int]) -> None:
        """Add counts by bin, and every pixel with itself in row 0 of each sector."""
        self.counts += found[:, : self._levels].reshape(self.counts.shape)
        self.counts[:, 0, 0] += sum(insides)
        for k, one, inside in zip(maps, grouped, insides, strict=True):
            self.grouped[:, k] = one.reshape(self._sectors, self._r_max + 1, -1)
            self.grouped[:, k, 0, 0] += inside


def _cropped(grey: Grey, mask: Mask) -> tuple[Grey, Mask]:
    """Cut the map to the rows and columns that the mask reaches."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    part = (slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1))
    return grey[part], mask[part]
