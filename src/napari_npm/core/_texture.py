"""Simple features of texture: co-occurrence, energy by octave, local variance, gradient."""

from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, uniform_filter

from .errors import NpmError

LEVELS = 16
DISTANCES = (1, 2, 4, 8)
ANGLES = (0.0, np.pi / 4, np.pi / 2, 3 * np.pi / 4)
OCTAVES = (0.0, 1.0, 2.0, 4.0, 8.0)
WINDOWS = (3, 9)
# below the variance of a map whose values are whole grey levels
FLOOR = 1e-7

TEXTURE_NAMES = (
    *(f"{name}_{d}px" for name in ("contrast", "homogeneity", "correlation") for d in DISTANCES),
    *(f"band_{a:g}_{b:g}px" for a, b in pairwise(OCTAVES)),
    *(f"variance_{window}px" for window in WINDOWS),
    "gradient_mean",
    "gradient_sd",
)
"""Names of the features that `texture_features` gives, in order."""


def texture_features(image: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return simple measures of a map's texture; its mean is in none of them.

    Contrast, homogeneity and correlation of the grey-level co-occurrence (Haralick et al. 1973,
    doi:10.1109/TSMC.1973.4309314) of 16 levels at 1, 2, 4 and 8 px, mean over four directions;
    logarithms of the variance between Gaussians of 0, 1, 2, 4 and 8 px (energy by octave), of the
    mean variance inside windows of 3 and 9 px; mean and standard deviation of the gradient.

    Parameters
    ----------
    image : ndarray of float32, (H, W)
        Porosity map; values beyond 0 and 1 count as 0 and 1 in the co-occurrence.

    Returns
    -------
    ndarray of float64, (20,)
        The features, in the order of `TEXTURE_NAMES`.

    Raises
    ------
    NpmError
        If a side of the map is shorter than 9 px.
    """
    from skimage import feature

    if min(image.shape) <= max(*DISTANCES, *WINDOWS) - 1:
        raise NpmError(
            f"A map of {image.shape[0]} x {image.shape[1]} px is too small for texture: "
            f"use maps of at least {max(*DISTANCES, *WINDOWS)} px a side."
        )
    levels = np.clip(image * LEVELS, 0, LEVELS - 1).astype(np.uint8)
    skimage: Any = feature  # its functions have no types
    counts = skimage.graycomatrix(levels, DISTANCES, ANGLES, LEVELS, symmetric=True, normed=True)
    rows = [
        skimage.graycoprops(counts, name).mean(1)
        for name in ("contrast", "homogeneity", "correlation")
    ]
    smooth = [image if not s else gaussian_filter(image, s, mode="reflect") for s in OCTAVES]
    bands = [np.var(a - b) for a, b in pairwise(smooth)]
    local, exact = [], image.astype(np.float64)
    for window in WINDOWS:
        mean = uniform_filter(exact, window, mode="reflect")
        square = uniform_filter(exact * exact, window, mode="reflect")
        local.append(float(np.maximum(square - mean * mean, 0).mean()))
    gradient = np.hypot(*np.gradient(image))
    return np.concatenate(
        [
            *rows,
            np.log(np.array([*bands, *local], np.float64) + FLOOR),
            [float(gradient.mean()), float(gradient.std())],
        ]
    )
