"""The pattern that similar maps share (paper, SI section 4, and Fig. 7)."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .errors import NpmError

CONTOUR = 3e-6
"""The paper's level of the contour (Fig. 7), for maps of relevance that sum to 1."""
DECAY = 60.0
"""The paper's constant in the exponent."""


@dataclass(frozen=True)
class SharedPattern:
    """The pattern that k maps share.

    Attributes
    ----------
    pattern : ndarray of float32, (H, W)
        sR, in units of relevance of maps that sum to 1, times porosity: a mean pixel has
        relevance 1 / (H W), so sR lies between 0 and k, and its sum over pixels is at most k. It
        is a weight, no probability.
    sigma : ndarray of float32, (H, W)
        Standard deviation of relevance over the k maps, pixel by pixel.
    total : ndarray of float32, (H, W)
        Sum of relevance over the k maps, pixel by pixel; its sum over pixels is k.
    contour : ndarray of bool, (H, W)
        Where sR is above the level: the shared pore structural pattern.
    fraction : float
        Share of the area within the contour.
    level : float
        The contour's level.
    size : int
        k, the number of maps.
    """

    pattern: NDArray[np.float32]
    sigma: NDArray[np.float32]
    total: NDArray[np.float32]
    contour: NDArray[np.bool_]
    fraction: float
    level: float
    size: int

    @property
    def variation(self) -> float:
        """Median over pixels of the coefficient of variation c of relevance among the maps."""
        some = self.total > 0
        found = self.size * self.sigma[some] / self.total[some]
        return float(np.median(found)) if found.size else 0.0

    @property
    def skeleton(self) -> NDArray[np.bool_]:
        """The particle skeleton, (H, W): the low-intensity complement of the contour."""
        return ~self.contour


def shared_pattern(
    relevance: ArrayLike, porosity: ArrayLike, *, contour: float = CONTOUR, decay: float = DECAY
) -> SharedPattern:
    """Superimpose similar maps so that what they share stands out (SI section 4).

    At every pixel x, over the k maps m of the group::

        sR(x) = exp(-decay * sigma(x) / total(x)) * sum_m n_m(x) R_m(x)

    - R_m(x): relevance of map m, the characteristic pattern, scaled here so that
      sum_x R_m(x) = 1: on 384 x 384 px its mean is 6.78e-6. No unit.
    - n_m(x): equivalent porosity of map m, 0 to 1.
    - total(x) = sum_m R_m(x): the paper's "sum R", read as a sum over the maps of the group.
    - sigma(x): standard deviation of R_m(x) over the maps of the group (divided by k, not
      k - 1: it describes these maps, it estimates nothing).
    - decay: the paper's 60.

    The paper does not say over what sigma and the sums run. Over the pixels of a map sigma / sum
    would be of the order of 1e-5 and the exponential 0.999 or more everywhere, and the result one
    number rather than a map: only the reading over maps gives 60 anything to do. Then
    sigma / total = c / k with the coefficient of variation c of relevance among the maps, from 0
    (all alike) to sqrt(k - 1) (a single map has any), so the exponential exp(-decay c / k) does not
    depend on the unit of relevance, but strongly on k. Both factors grow with k: a pixel of mean
    relevance and porosity n reaches the paper's level of 3e-6 where
    k n exp(-60 c / k) > 0.44, with n = 0.17 and c = 0.7 from 21 maps on, with c = 1.5 from 35 on.
    So compare fractions of groups of one size only, and of maps of one size in pixels.

    Parameters
    ----------
    relevance : array_like, (k, H, W)
        Relevance maps of the group, not negative; each is scaled to sum 1.
    porosity : array_like, (k, H, W)
        The maps that they explain, 0 to 1.
    contour : float
        Level above which a pixel belongs to the shared pore structural pattern, in the unit of
        sR; the paper's is 3e-6.
    decay : float
        How strongly pixels are dimmed whose relevance differs among the maps; 0 for not at all.

    Returns
    -------
    SharedPattern

    Raises
    ------
    NpmError
        If there is no map, shapes differ, values are not finite or negative, or a map has no
        relevance at all.
    """
    maps, pores = _checked(relevance, porosity)
    if not (np.isfinite(contour) and contour > 0 and np.isfinite(decay) and decay >= 0):
        raise NpmError("Give a contour level above 0 and a decay of 0 or more.")
    count = len(maps)
    total = np.zeros(maps.shape[1:])
    weighted = np.zeros_like(total)
    scales = []
    # map by map: float64 copies of one map, not of the group
    for one, porous in zip(maps, pores, strict=True):
        amount = float(one.sum(dtype=np.float64))
        if not amount > 0:
            raise NpmError("A map without any relevance shares nothing: leave it out of the group.")
        scales.append(1 / amount)
        scaled = np.multiply(one, scales[-1], dtype=np.float64)
        total += scaled
        weighted += scaled * porous
    mean = total / count
    squares = np.zeros_like(total)
    for one, scale in zip(maps, scales, strict=True):
        squares += (np.multiply(one, scale, dtype=np.float64) - mean) ** 2
    sigma = np.sqrt(squares / count)
    # where no map has relevance there is nothing to share: 0, not 0 / 0
    unlike = np.divide(sigma, total, out=np.zeros_like(sigma), where=total > 0)
    pattern = np.exp(-decay * unlike) * weighted
    inside = pattern > contour
    return SharedPattern(
        pattern.astype(np.float32),
        sigma.astype(np.float32),
        total.astype(np.float32),
        inside,
        float(inside.mean()),
        float(contour),
        count,
    )


def variation_within(
    size: int, pixels: int, porosity: float, *, contour: float = CONTOUR, decay: float = DECAY
) -> float:
    """Return how much relevance may differ among maps where a pixel is within the contour.

    For a pixel of mean relevance (1 / pixels in each map on average): the largest coefficient of
    variation c over the maps with ``size * porosity / pixels * exp(-decay * c / size) > contour``.
    Relevance maps of different places commonly have c near 1: a group for which this is far
    smaller shows nothing within the contour, however alike its maps are.

    Parameters
    ----------
    size : int
        Maps of the group, k.
    pixels : int
        Pixels of a map.
    porosity : float
        Porosity of the pixel, 0 to 1.
    contour, decay : float
        As in `shared_pattern`.

    Returns
    -------
    float
        0 where even equal maps do not reach the contour; infinite for a decay of 0 where they do.

    Raises
    ------
    NpmError
        If a value is out of range.
    """
    if size < 1 or pixels < 1 or not 0 <= porosity <= 1 or not contour > 0 or not decay >= 0:
        raise NpmError("Give at least one map and one pixel, a porosity of 0 to 1 and a level > 0.")
    alike = size * porosity / pixels
    if alike <= contour:
        return 0.0
    return float(size / decay * np.log(alike / contour)) if decay else float("inf")


def _checked(relevance: ArrayLike, porosity: ArrayLike) -> tuple[NDArray[Any], NDArray[Any]]:
    try:
        maps, pores = np.asarray(relevance), np.asarray(porosity)
    except ValueError:  # numpy makes no array of maps of different shapes
        raise NpmError("The maps of a group must have one size: cut all to one size.") from None
    if maps.ndim != 3 or maps.size == 0:
        raise NpmError("Give at least one relevance map, as maps x rows x columns.")
    if maps.shape != pores.shape:
        raise NpmError(
            f"Each relevance map needs its porosity map: {maps.shape} and {pores.shape} differ."
        )
    for one, porous in zip(maps, pores, strict=True):
        if not np.isfinite(one).all() or one.min() < 0:
            raise NpmError("Relevance must be 0 or more everywhere, without NaN.")
        if not np.isfinite(porous).all() or porous.min() < 0 or porous.max() > 1:
            raise NpmError("Porosity must lie between 0 and 1 everywhere, without NaN.")
    return maps, pores
