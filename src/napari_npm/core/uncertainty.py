"""How well equivalent porosity is known: from references, curve and physics, to first order.

The parts, each one standard deviation: the two reference levels (their standard errors, see
`reference_levels`), the statistical error of the response curve, and the model error of y, by which
curves of different elastic cross sections differ. All pixels share them, so they do not average
out over a map. Not in it: noise of the pixels, shading within an image, and what "homogeneous"
leaves out. The parts are independent of each other and add in squares (GUM, JCGM 100:2008, 5.1.2).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ._levels import checked_image, checked_mask
from .response import ResponseCurve, check_levels, default_curve

MODEL_ERROR = 0.01
"""Largest change of y by Browning's cross sections or other ionisation potentials, at 5 keV."""


@dataclass(frozen=True)
class PorosityUncertainty:
    """Equivalent porosity of grey levels and what its uncertainty is made of.

    Attributes
    ----------
    grey, porosity : ndarray of float64
        Grey levels and their n.
    csh, metal, curve, model : ndarray of float64
        Standard uncertainty of n that comes from G_CSH, from G_m, from the statistical error of
        the curve and from the model error of y.
    """

    grey: NDArray[np.float64]
    porosity: NDArray[np.float64]
    csh: NDArray[np.float64]
    metal: NDArray[np.float64]
    curve: NDArray[np.float64]
    model: NDArray[np.float64]

    @property
    def total(self) -> NDArray[np.float64]:
        """Standard uncertainty of n from all parts."""
        return np.sqrt(self.csh**2 + self.metal**2 + self.curve**2 + self.model**2)


@dataclass(frozen=True)
class MeanPorosity:
    """Mean porosity of a map, its uncertainty, and what drift would do to it.

    Attributes
    ----------
    porosity : float
        Mean n.
    csh, metal, curve, model : float
        Standard uncertainty of the mean from each part, as in `PorosityUncertainty`.
    drift : float
        Change of the mean when all grey levels of the image, but not the references, rise by 1 %
        of G_m - G_CSH (brightness).
    gain : float
        Change of the mean when they are multiplied by 1.01 (contrast).
    """

    porosity: float
    csh: float
    metal: float
    curve: float
    model: float
    drift: float
    gain: float

    @property
    def total(self) -> float:
        """Standard uncertainty of the mean from all parts."""
        return float(np.linalg.norm([self.csh, self.metal, self.curve, self.model]))


def porosity_uncertainty(
    grey: ArrayLike,
    g_csh: float,
    g_metal: float,
    *,
    csh_error: float = 0.0,
    metal_error: float = 0.0,
    model_error: float = MODEL_ERROR,
    curve: ResponseCurve | None = None,
) -> PorosityUncertainty:
    """Return the standard uncertainty of n of grey levels, part by part.

    With y = (g - G_CSH) / (G_m - G_CSH) an error u(G_CSH) changes n by (1 - y) u / (G_m - G_CSH)
    over dy/dn, and one of G_m by y u / (G_m - G_CSH) over dy/dn; errors in y are divided by
    dy/dn alone. The model error is taken to be the same from end to end: at the ends, where n is 0
    and 1 by definition, it overstates.

    Parameters
    ----------
    grey : array_like
        Grey levels of any shape; beyond the references the uncertainty is that at the reference.
    g_csh, g_metal : float
        Grey level of metal-free C-S-H and of metal.
    csh_error, metal_error : float
        Their standard errors, in grey levels.
    model_error : float
        Standard uncertainty of y from the choice of the physical model.
    curve : ResponseCurve, optional
        The response curve; `default_curve` if not given.

    Returns
    -------
    PorosityUncertainty
        Arrays of the shape of ``grey``.

    Raises
    ------
    NpmError
        If G_m is not above G_CSH.
    """
    check_levels(g_csh, g_metal)
    curve = curve or default_curve()
    levels = np.asarray(grey, dtype=np.float64)
    y = np.clip((levels - g_csh) / (g_metal - g_csh), 0.0, 1.0)
    n = curve.porosity_of(y)
    per_y = 1 / curve.slope(n)
    return PorosityUncertainty(
        grey=levels,
        porosity=n,
        csh=per_y * (1 - y) * (csh_error / (g_metal - g_csh)),
        metal=per_y * y * (metal_error / (g_metal - g_csh)),
        curve=per_y * curve.signal_error(n),
        model=per_y * model_error,
    )


def mean_porosity(
    grey: ArrayLike,
    counts: ArrayLike,
    g_csh: float,
    g_metal: float,
    *,
    unhydrated: int = 0,
    csh_error: float = 0.0,
    metal_error: float = 0.0,
    model_error: float = MODEL_ERROR,
    curve: ResponseCurve | None = None,
) -> MeanPorosity:
    """Return the mean porosity of a map from its grey histogram, and how well it is known.

    Parameters
    ----------
    grey, counts : array_like, shape (K,)
        Grey levels outside unhydrated cement, and how many pixels have each.
    g_csh, g_metal : float
        Grey level of metal-free C-S-H and of metal.
    unhydrated : int
        Pixels of unhydrated cement, which count with n = 0.
    csh_error, metal_error, model_error, curve
        As in `porosity_uncertainty`.

    Returns
    -------
    MeanPorosity
        Errors of one part are taken to have the same sign at all grey levels.

    Raises
    ------
    NpmError
        If G_m is not above G_CSH.
    """
    curve = curve or default_curve()
    known = porosity_uncertainty(
        grey,
        g_csh,
        g_metal,
        csh_error=csh_error,
        metal_error=metal_error,
        model_error=model_error,
        curve=curve,
    )
    weight = np.asarray(counts, dtype=np.float64)
    pixels = max(float(weight.sum()) + unhydrated, 1.0)

    def mean(values: NDArray[np.float64]) -> float:
        return float(np.dot(weight, values)) / pixels

    def moved(levels: NDArray[np.float64]) -> float:
        return mean(curve.porosity_of((levels - g_csh) / (g_metal - g_csh)) - known.porosity)

    # a pixel beyond a reference stays at 0 or 1 when the reference moves a little
    inside = (known.grey > g_csh) & (known.grey < g_metal)
    return MeanPorosity(
        porosity=mean(known.porosity),
        csh=mean(known.csh * inside),
        metal=mean(known.metal * inside),
        curve=mean(known.curve * inside),
        model=mean(known.model * inside),
        drift=moved(known.grey + 0.01 * (g_metal - g_csh)),
        gain=moved(known.grey * 1.01),
    )


def uncertainty_map(
    image: ArrayLike,
    g_csh: float,
    g_metal: float,
    *,
    unhydrated: ArrayLike | None = None,
    csh_error: float = 0.0,
    metal_error: float = 0.0,
    model_error: float = MODEL_ERROR,
    curve: ResponseCurve | None = None,
) -> NDArray[np.float32]:
    """Return the standard uncertainty of n of every pixel.

    Parameters
    ----------
    image : array_like, shape (H, W)
        Grey values, integer or floating point.
    g_csh, g_metal : float
        Grey level of metal-free C-S-H and of metal.
    unhydrated : array_like of bool, shape (H, W), optional
        True on unhydrated cement, whose n is 0 by definition: 0 there.
    csh_error, metal_error, model_error, curve
        As in `porosity_uncertainty`.

    Returns
    -------
    ndarray of float32, shape (H, W)

    Raises
    ------
    NpmError
        As `calibrate` does.
    """
    image = checked_image(image)
    # what differs: each grey level once
    levels, place = np.unique(image, return_inverse=True)
    known = porosity_uncertainty(
        levels,
        g_csh,
        g_metal,
        csh_error=csh_error,
        metal_error=metal_error,
        model_error=model_error,
        curve=curve,
    )
    found = known.total.astype(np.float32)[place.reshape(image.shape)]
    if unhydrated is not None:
        found[checked_mask(unhydrated, image.shape)] = 0
    return np.asarray(found, dtype=np.float32)


def grey_histogram_of(
    image: NDArray[np.generic], left_out: NDArray[np.bool_] | None = None
) -> tuple[NDArray[np.generic], NDArray[np.intp]]:
    """Return the grey levels of an image and the pixels of each, some pixels left out."""
    kept = image.ravel() if left_out is None else image[~left_out]
    if kept.dtype not in (np.uint8, np.uint16):
        return np.unique(kept, return_counts=True)
    counts = np.bincount(kept)
    levels = np.flatnonzero(counts)
    return levels, counts[levels]
