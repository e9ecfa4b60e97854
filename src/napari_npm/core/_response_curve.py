"""A monotone response curve with its exact inverse, slope and error."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Self

import numpy as np
import scipy  # its parts are loaded when they are used
from numpy.typing import ArrayLike, NDArray

from .errors import NpmError

_SAMPLES = 4096  # segments of the table; PCHIP and its chords then differ by less than 1e-6
_APART = 1e-6  # least distance of a node of the table from a point: nearer ones would be rounding


@dataclass(frozen=True)
class ResponseCurve:
    """A strictly rising curve y(n) from (0, 0) to (1, 1), and its exact inverse.

    The points are joined by a monotone cubic (PCHIP, doi:10.1137/0717021), which is then sampled
    into one table of straight pieces that `signal` and `porosity_of` share: so the two undo each
    other to rounding.

    Parameters
    ----------
    name : str
        What the curve is of, for lists and reports.
    source : str
        Where its values come from.
    porosity : sequence of float
        Equivalent porosity n of the points, rising from 0 to 1.
    response : sequence of float
        Normalised signal y at these points, rising from 0 to 1.
    error : sequence of float, optional
        Standard error of y at these points, 0 at both ends where y is 0 and 1 by definition.

    Raises
    ------
    NpmError
        If the points do not rise strictly from (0, 0) to (1, 1), or an error is negative.
    """

    name: str
    source: str
    porosity: tuple[float, ...]
    response: tuple[float, ...]
    error: tuple[float, ...] | None = None
    _table: tuple[NDArray[np.float64], NDArray[np.float64]] = field(
        init=False, repr=False, compare=False
    )

    def __post_init__(self) -> None:
        n = _rising(self.porosity, "porosities", self.name)
        y = _rising(self.response, "responses", self.name)
        if n.size != y.size:
            raise NpmError(
                f"The response curve {self.name!r} has {n.size} porosities but {y.size} responses; "
                "give one response for each porosity."
            )
        if self.error is not None:
            object.__setattr__(self, "error", _errors(self.error, n.size, self.name))
        # The points themselves are kept in the table, so the curve passes through its data.
        nodes = np.linspace(0.0, 1.0, _SAMPLES + 1)
        near = np.abs(nodes - n[np.abs(nodes[:, None] - n).argmin(axis=1)]) < _APART
        at = np.union1d(nodes[~near], n)
        signal = np.clip(scipy.interpolate.PchipInterpolator(n, y)(at), 0.0, 1.0)
        signal[np.searchsorted(at, n)] = y  # to the last bit: the ends are 0 and 1
        signal[[0, -1]] = 0.0, 1.0  # which rounding may miss
        if np.any(np.diff(signal) <= 0):
            raise NpmError(
                f"The response curve {self.name!r} is flat somewhere, so grey levels there have "
                "no single porosity; give points that rise more evenly."
            )
        for array in (at, signal):
            array.setflags(write=False)
        object.__setattr__(self, "porosity", tuple(n.tolist()))
        object.__setattr__(self, "response", tuple(y.tolist()))
        object.__setattr__(self, "_table", (at, signal))

    @classmethod
    def from_signal(
        cls,
        name: str,
        source: str,
        porosity: ArrayLike,
        signal: ArrayLike,
        error: ArrayLike | None = None,
    ) -> Self:
        """Build a curve from what a detector gives: backscatter coefficients, or any signal.

        With y = (s - s0) / (s1 - s0) the standard errors of both ends enter that of every point:
        u(y)^2 = (u(s)^2 + (1 - y)^2 u(s0)^2 + y^2 u(s1)^2) / (s1 - s0)^2 between the ends.

        Parameters
        ----------
        name, source : str
            As in `ResponseCurve`.
        porosity : array_like, shape (M,)
            Equivalent porosity, rising from 0 to 1.
        signal : array_like, shape (M,)
            Signal s at these points, in any unit.
        error : array_like, shape (M,), optional
            Standard error of ``signal``; the points are independent of each other.

        Returns
        -------
        ResponseCurve

        Raises
        ------
        NpmError
            If metal gives no more signal than C-S-H, or the points do not rise.
        """
        n = np.asarray(porosity, dtype=np.float64)
        s = np.asarray(signal, dtype=np.float64)
        if s.ndim != 1 or s.size < 2 or not s[-1] > s[0]:
            raise NpmError(
                f"The signal of the response curve {name!r} does not rise from metal-free C-S-H "
                "to pure metal; fill the pores with a metal of higher atomic number."
            )
        y = (s - s[0]) / (s[-1] - s[0])
        if error is None:
            return cls(name, source, tuple(n), tuple(y))
        u = np.asarray(error, dtype=np.float64)
        if u.shape != s.shape:
            raise NpmError(
                f"The response curve {name!r} has {s.size} signals but {u.size} errors; give one "
                "for each."
            )
        through = np.sqrt(u**2 + ((1 - y) * u[0]) ** 2 + (y * u[-1]) ** 2) / (s[-1] - s[0])
        through[[0, -1]] = 0.0
        return cls(name, source, tuple(n), tuple(y), tuple(through))

    def signal(self, porosity: ArrayLike) -> NDArray[np.float64]:
        """Return the normalised signal y, in [0, 1], of equivalent porosities.

        Parameters
        ----------
        porosity : array_like
            Equivalent porosity n; values outside [0, 1] count as the nearer end.

        Returns
        -------
        ndarray of float64
            The same shape as ``porosity``.
        """
        at, signal = self._table
        return np.asarray(np.interp(np.asarray(porosity), at, signal), dtype=np.float64)

    def porosity_of(self, response: ArrayLike) -> NDArray[np.float64]:
        """Return the equivalent porosity n, in [0, 1], of normalised signals.

        Parameters
        ----------
        response : array_like
            Normalised signal y; below 0 gives 0 and above 1 gives 1 (SI section 1, step 3).

        Returns
        -------
        ndarray of float64
            The same shape as ``response``.
        """
        at, signal = self._table
        return np.asarray(np.interp(np.asarray(response), signal, at), dtype=np.float64)

    def slope(self, porosity: ArrayLike) -> NDArray[np.float64]:
        """Return dy/dn, above 0: what an error in y is divided by to give one in n.

        Parameters
        ----------
        porosity : array_like
            Equivalent porosity n; values outside [0, 1] count as the nearer end.

        Returns
        -------
        ndarray of float64
            The same shape as ``porosity``.
        """
        at, signal = self._table
        slope = np.gradient(signal, at)
        return np.asarray(np.interp(np.asarray(porosity), at, slope), dtype=np.float64)

    def signal_error(self, porosity: ArrayLike) -> NDArray[np.float64]:
        """Return the standard error of y, joined by straight lines; 0 where it is not known.

        Parameters
        ----------
        porosity : array_like
            Equivalent porosity n.

        Returns
        -------
        ndarray of float64
            The same shape as ``porosity``.
        """
        n = np.asarray(porosity, dtype=np.float64)
        if self.error is None:
            return np.zeros_like(n)
        return np.asarray(np.interp(n, self.porosity, self.error), dtype=np.float64)


def _errors(values: Sequence[float], size: int, name: str) -> tuple[float, ...]:
    errors = np.array(values, dtype=np.float64)
    if errors.shape == (size,) and np.all(errors >= 0) and np.isfinite(errors).all():
        return tuple(errors.tolist())
    raise NpmError(
        f"The response curve {name!r} needs one standard error for each point, 0 or larger."
    )


def _rising(values: Sequence[float], what: str, name: str) -> NDArray[np.float64]:
    array = np.array(values, dtype=np.float64)
    ends = array.ndim == 1 and array.size >= 2 and array[0] == 0 and array[-1] == 1
    if ends and np.all(np.diff(array) > 0):  # NaN fails the comparison too
        return array
    raise NpmError(
        f"The {what} of the response curve {name!r} do not rise steadily from 0 to 1; "
        "give points from metal-free C-S-H (0) to pure metal (1), each larger than the last."
    )
