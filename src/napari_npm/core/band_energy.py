"""A plain map that relevance must beat: the local energy of a band of length scales."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .errors import NpmError


def band_energy(
    porosity: ArrayLike,
    fine_px: float = 1.0,
    coarse_px: float = 3.0,
    window_px: float = 8.0,
    *,
    valid: NDArray[np.bool_] | None = None,
) -> NDArray[np.float32]:
    """Local energy of a band of length scales: the plain map that relevance must beat.

    The difference of two Gaussian-smoothed maps keeps structures between the two widths; its
    square, smoothed, says how strong they are around each pixel. Every smoothing is over the
    valid pixels only, ``G(x m) / G(m)``, so that dense grains do not leak into what is around
    them. A change of the material can raise or lower the energy of a band: an AUC far below 0.5
    then tells as much as one far above it.

    Parameters
    ----------
    porosity : array-like, (H, W) or (N, H, W)
        Porosity maps.
    fine_px, coarse_px : float
        Standard deviations of the two Gaussians, px; 0 for fine_px means the map itself.
    window_px : float
        Standard deviation of the window in which the energy is averaged, px; 0 for none.
    valid : array of bool, same shape, optional
        Pixels that take part, such as all but unhydrated cement; all by default.

    Returns
    -------
    ndarray of float32
        Energy in porosity squared, the same shape; 0 where not valid.

    Raises
    ------
    NpmError
        If the widths are not ``0 <= fine_px < coarse_px``, shapes differ, or a valid pixel is NaN.
    """
    maps = np.asarray(porosity, dtype=np.float32)
    if maps.ndim not in (2, 3) or maps.size == 0:
        raise NpmError("Give one map (H, W) or several (N, H, W) for the energy of a band.")
    if not 0 <= fine_px < coarse_px < np.inf or not 0 <= window_px < np.inf:
        raise NpmError(
            f"A band from {fine_px} to {coarse_px} px in a window of {window_px} px does not"
            " exist: the fine width must be 0 or more and below the coarse one."
        )
    mask = np.ones(maps.shape, bool) if valid is None else np.asarray(valid, dtype=bool)
    if mask.shape != maps.shape:
        raise NpmError("The mask of valid pixels must have the shape of the porosity map.")
    clean = np.where(mask, maps, np.float32(0))
    if not np.isfinite(clean).all():
        raise NpmError("The map holds NaN or infinite values; calibrate the image again.")
    if mask.any():
        # the same band, with less to lose to rounding where the normalisation is uneven
        clean -= np.where(mask, clean.mean(where=mask), np.float32(0))
    weights = mask.astype(np.float32)
    band = _smooth(clean, weights, fine_px) - _smooth(clean, weights, coarse_px)
    energy = _smooth(np.where(mask, band * band, np.float32(0)), weights, window_px)
    return np.where(mask, np.maximum(energy, 0), np.float32(0)).astype(np.float32)


def _smooth(
    values: NDArray[np.float32], weights: NDArray[np.float32], sigma_px: float
) -> NDArray[np.float32]:
    """Average of the valid pixels around each; `values` are 0 elsewhere."""
    from scipy.ndimage import gaussian_filter

    if sigma_px == 0:
        return values
    axes = (-2, -1)
    held = gaussian_filter(weights, sigma_px, axes=axes)
    smoothed = gaussian_filter(values, sigma_px, axes=axes)
    return np.asarray(smoothed / np.where(held > 0, held, 1), dtype=np.float32)
