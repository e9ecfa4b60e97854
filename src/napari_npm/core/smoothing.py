"""From MulF to MicF maps: smoothing that leaves microscale features only (paper, section 2.1)."""

from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.ndimage import gaussian_filter

from .errors import NpmError

#: How a map goes on beyond its edge, in the terms of `scipy.ndimage`: "reflect" repeats the edge
#: pixel (d c b a | a b c d), "mirror" does not (d c b | a b c d), "nearest" holds it, "wrap" is
#: periodic. Padding with zeros is not offered: it would make the edges look dense.
EdgeMode = Literal["reflect", "mirror", "nearest", "wrap"]


def microscale(
    maps: ArrayLike, sigma_px: float = 10.0, *, edge: EdgeMode = "reflect", truncate: float = 4.0
) -> NDArray[np.float32]:
    """Smooth porosity maps with a Gaussian (paper, section 2.1).

    Parameters
    ----------
    maps : array_like, shape (H, W) or (N, H, W)
        Equivalent porosity; each map is smoothed by itself.
    sigma_px : float
        Standard deviation in px; 10 in the paper (520 nm). 0 changes nothing.
    edge : {"reflect", "mirror", "nearest", "wrap"}
        How a map goes on beyond its edge. "reflect" and "wrap" keep its mean.
    truncate : float
        Where the Gaussian is cut off, in standard deviations.

    Returns
    -------
    ndarray of float32
        The same shape; never outside the range of the input.

    Raises
    ------
    NpmError
        If a parameter is out of bounds, or the maps are empty or hold NaN.
    """
    array = np.asarray(maps)
    if array.ndim not in (2, 3) or array.size == 0:
        raise NpmError(
            f"Give a map (H, W) or maps (N, H, W) with pixels, not an array of {array.shape}."
        )
    if not (np.isfinite(sigma_px) and sigma_px >= 0):
        raise NpmError(f"The standard deviation must be 0 or more pixels, not {sigma_px}.")
    if not (np.isfinite(truncate) and truncate > 0):
        raise NpmError(f"The Gaussian must be cut off above 0 standard deviations, not {truncate}.")
    if edge not in get_args(EdgeMode):
        raise NpmError(f"The edge must be one of {', '.join(get_args(EdgeMode))}, not {edge!r}.")
    array = array.astype(np.float32)
    if not np.isfinite(array).all():
        raise NpmError("The map holds NaN or infinite values; calibrate the image again.")
    if sigma_px == 0:
        return array
    low, high = array.min(axis=(-2, -1)), array.max(axis=(-2, -1))
    smooth = gaussian_filter(array, sigma_px, mode=edge, truncate=truncate, axes=(-2, -1))
    # Rounding to float32 could leave a flat map of 1 at 1 + 1e-7, which is no porosity.
    return np.asarray(
        np.clip(smooth, low[..., None, None], high[..., None, None]), dtype=np.float32
    )


def sigma_in_px(sigma_um: float, pixel_size_nm: float) -> float:
    """Convert a standard deviation from µm to pixels.

    Parameters
    ----------
    sigma_um : float
        Standard deviation in µm; 0.52 in the paper.
    pixel_size_nm : float
        Side of a pixel in nm.

    Returns
    -------
    float
        Standard deviation in pixels.

    Raises
    ------
    NpmError
        If the standard deviation is negative or the pixel size not above 0.
    """
    if not (np.isfinite(sigma_um) and sigma_um >= 0):
        raise NpmError(f"The standard deviation must be 0 µm or more, not {sigma_um}.")
    if not (np.isfinite(pixel_size_nm) and pixel_size_nm > 0):
        raise NpmError(f"The pixel size must be above 0 nm, not {pixel_size_nm}.")
    return 1000.0 * sigma_um / pixel_size_nm
