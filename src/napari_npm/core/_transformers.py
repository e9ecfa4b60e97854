"""Folded power spectra of coded maps: by scipy in threads, or by torch on a device."""

import os
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray
from scipy import fft

from ._pair_spectra import Codes, Floats, Plan
from .errors import NpmError


class OnProcessor:
    """Transforms by scipy, one value of t at a time in each thread."""

    def __init__(self, plan: Plan, threads: int | None = None) -> None:
        self._plan = plan
        self._threads = max(1, threads or os.cpu_count() or 1)

    def zeros(self, *shape: int) -> Floats:
        """Return zeros of double precision."""
        return np.zeros(shape)

    def array(self, values: Floats) -> Floats:
        """Return the values."""
        return values

    def numpy(self, values: Floats) -> Floats:
        """Return the values."""
        return values

    def codes(self, codes: Codes) -> NDArray[np.intp]:
        """Return the codes as numpy looks them up fastest."""
        return codes.astype(np.intp)

    def spectra(
        self, codes: NDArray[np.intp], tables: NDArray[np.complex128], double: bool, sums: Floats
    ) -> Floats:
        """Return the folded power spectra of table[codes] for each table; add them to `sums`."""
        found = np.empty((len(tables), *self._plan.folded))
        kind = np.complex128 if double else np.complex64
        rows, columns = self._plan.size

        def one(k: int) -> None:
            values = np.take(tables[k].astype(kind), codes)
            # Along the rows first: those beyond the map are zero and need no transform.
            half = fft.fft(values, columns, axis=1, overwrite_x=True)
            full = fft.fft(half, rows, axis=0, overwrite_x=True)
            fold = _fold_quarter if self._plan.quarter else _fold_half
            fold(full, found[k], sums[k])

        if self._threads == 1 or len(tables) == 1:
            for k in range(len(tables)):
                one(k)
        else:
            with ThreadPoolExecutor(self._threads) as pool:
                list(pool.map(one, range(len(tables))))
        return found


class OnDevice:
    """Transforms by torch, in double precision wherever the device has it.

    Written for GPUs; seen to work on the processor only, where it is slower than `OnProcessor`.
    """

    def __init__(self, plan: Plan, device: str) -> None:
        import torch

        from ._devices import choose_device

        self._torch, self._plan = torch, plan
        self._device = choose_device(device)
        if self._device.type == "mps":
            raise NpmError("Apple GPUs have no double precision: correlate with the device cpu.")

    def zeros(self, *shape: int) -> Any:
        """Return zeros of double precision on the device."""
        return self._torch.zeros(shape, dtype=self._torch.float64, device=self._device)

    def array(self, values: Floats) -> Any:
        """Copy values to the device."""
        return self._torch.from_numpy(np.ascontiguousarray(values)).to(self._device)

    def numpy(self, values: Any) -> Floats:
        """Copy values from the device."""
        found: Floats = values.cpu().numpy()
        return found

    def codes(self, codes: Codes) -> Any:
        """Copy codes to the device."""
        return self._torch.from_numpy(codes.astype(np.int64)).to(self._device)

    def spectra(self, codes: Any, tables: NDArray[np.complex128], double: bool, sums: Any) -> Any:
        """Return the folded power spectra of table[codes] for each table; add them to `sums`."""
        kind = np.complex128 if double else np.complex64
        values = self.array(tables.astype(kind))[:, codes]
        full = self._torch.fft.fft2(values, s=self._plan.size)
        power = full.real.double() ** 2 + full.imag.double() ** 2
        rows, columns = self._plan.folded
        turned = self._torch.roll(power.flip(1), 1, 1)
        if self._plan.quarter:
            power = (power + turned) / 2
            turned = power
        turned = self._torch.roll(turned.flip(2), 1, 2)
        found = ((power + turned) / 2)[:, :rows, :columns]
        sums += found
        return found


@numba.njit(cache=True, nogil=True, boundscheck=False)
def _fold_quarter(full: NDArray[Any], found: Floats, sums: Floats) -> None:
    rows, columns = full.shape
    for y in range(found.shape[0]):
        opposite = (rows - y) % rows
        for x in range(found.shape[1]):
            across = (columns - x) % columns
            a, b = full[y, x], full[y, across]
            c, d = full[opposite, x], full[opposite, across]
            total = (
                np.float64(a.real) ** 2 + np.float64(a.imag) ** 2
                + np.float64(b.real) ** 2 + np.float64(b.imag) ** 2
                + np.float64(c.real) ** 2 + np.float64(c.imag) ** 2
                + np.float64(d.real) ** 2 + np.float64(d.imag) ** 2
            )  # fmt: skip
            found[y, x] = 0.25 * total
            sums[y, x] += 0.25 * total


@numba.njit(cache=True, nogil=True, boundscheck=False)
def _fold_half(full: NDArray[Any], found: Floats, sums: Floats) -> None:
    rows, columns = full.shape
    for y in range(found.shape[0]):
        opposite = (rows - y) % rows
        for x in range(found.shape[1]):
            a, b = full[y, x], full[opposite, (columns - x) % columns]
            total = (
                np.float64(a.real) ** 2 + np.float64(a.imag) ** 2
                + np.float64(b.real) ** 2 + np.float64(b.imag) ** 2
            )  # fmt: skip
            found[y, x] = 0.5 * total
            sums[y, x] += 0.5 * total
