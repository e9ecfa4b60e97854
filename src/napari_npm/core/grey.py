"""Grey levels of porosity maps: the one place where porosity is quantised."""

import numpy as np
from numpy.typing import NDArray

from .errors import NpmError


def grey_levels(porosity: NDArray[np.generic], levels: int = 256) -> NDArray[np.uint8]:
    """Quantise porosity to whole grey levels, ``round((levels - 1) n)``.

    Parameters
    ----------
    porosity : array
        Floats in [0, 1], or integers that already are grey levels 0 .. `levels` - 1; any shape.
    levels : int
        Number of grey levels, 2 to 256. The paper's maps have 8 bits (section 2.3).

    Returns
    -------
    array of uint8
        Grey levels, same shape. Halves go to the even level, as `numpy.rint` does.

    Raises
    ------
    NpmError
        For NaN or infinite values, values out of range, an empty array or a bad `levels`.
    """
    if not 2 <= levels <= 256:
        raise NpmError(f"Choose between 2 and 256 grey levels; {levels} cannot be used.")
    values = np.asarray(porosity)
    if values.size == 0:
        raise NpmError("The map is empty: give one with at least one pixel.")
    if values.dtype == bool or np.issubdtype(values.dtype, np.integer):
        if int(values.min()) < 0 or int(values.max()) > levels - 1:
            raise NpmError(
                f"Grey levels must lie between 0 and {levels - 1}; this map has "
                f"{int(values.min())} to {int(values.max())}."
            )
        return values.astype(np.uint8)
    if not np.issubdtype(values.dtype, np.floating):
        raise NpmError(f"A porosity map must hold real numbers, not {values.dtype}.")
    low, high = float(values.min()), float(values.max())
    # A NaN anywhere makes both of them NaN.
    if not (np.isfinite(low) and np.isfinite(high)):
        raise NpmError("The porosity map has NaN or infinite pixels: calibrate the image again.")
    if low < 0.0 or high > 1.0:
        raise NpmError(
            f"Porosity must lie between 0 and 1; this map has {low:.4g} to {high:.4g}. "
            "Calibrate the image first."
        )
    grey: NDArray[np.uint8] = np.rint(values * values.dtype.type(levels - 1)).astype(np.uint8)
    return grey
