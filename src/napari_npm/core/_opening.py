"""The opening of a region by a small disc."""

import numba
import numpy as np
from numpy.typing import NDArray


@numba.njit(cache=True, nogil=True)
def disc_opening(
    region: NDArray[np.bool_], dy: NDArray[np.int64], dx: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Open by the given offsets from a centre; outside the image everything fits."""
    rows, cols = region.shape
    out = np.zeros(region.shape, dtype=np.bool_)
    for y in range(rows):
        for x in range(cols):
            fits = region[y, x]
            k = 0
            while fits and k < dy.size:
                j, i = y + dy[k], x + dx[k]
                fits = not (0 <= j < rows and 0 <= i < cols) or region[j, i]
                k += 1
            if fits:
                for k in range(dy.size):
                    j, i = y + dy[k], x + dx[k]
                    if 0 <= j < rows and 0 <= i < cols:
                        out[j, i] = True
    return out
