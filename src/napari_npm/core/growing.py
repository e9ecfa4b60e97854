"""Select a grain by a click: a region that grows with the tolerance and respects edges."""

import numba
import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import ndimage

from ._grey_image import grey_image
from .errors import NpmError

_LEVELS = 4096  # of cost over the image's range of grey
_WIDER = 1.25  # by how much a tolerance is varied to see how much its region changes
_FAR = np.uint16(65535)


class RegionGrower:
    """Grow regions from pixels of one image.

    A way from the seed costs as much as its dearest pixel; a pixel costs how far its smoothed grey
    is from that around the seed, plus a share of the gradient there, so that a region does not leak
    through a weak edge. The region of a tolerance is what can be reached at that cost, and the few
    pixels along its edge that are on its side in grey. The costs of a seed are worked out once;
    another tolerance is then only a threshold.

    Parameters
    ----------
    image : array_like, shape (H, W)
        Grey values.
    smooth_px : float
        Standard deviation in px of a smoothing beforehand, against noise; 0 for none.
    edge_weight : float
        How much a gradient of 1 grey level a pixel costs, in grey levels; 0 for none.

    Raises
    ------
    NpmError
        If the image is not a grey image or a number is negative.
    """

    def __init__(
        self, image: ArrayLike, *, smooth_px: float = 1.0, edge_weight: float = 2.0
    ) -> None:
        if not (smooth_px >= 0 and edge_weight >= 0):
            raise NpmError("The smoothing and the edge weight must be 0 or more.")
        grey = grey_image(image).astype(np.float32)
        self._grey = ndimage.gaussian_filter(grey, smooth_px) if smooth_px > 0 else grey
        self._step = float(np.ptp(self._grey)) / _LEVELS or 1.0
        self._edge = np.float32(edge_weight) * _gradient(self._grey)
        self._rim = max(1, round(3 * smooth_px)) if edge_weight > 0 else 0
        self._seed: tuple[int, int] | None = None
        self._cost = np.zeros((0, 0), dtype=np.uint16)

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of the image."""
        return self._grey.shape

    def region(self, seed: tuple[int, int], tolerance: float) -> NDArray[np.bool_]:
        """Return the region around a pixel.

        Parameters
        ----------
        seed : (int, int)
            Row and column.
        tolerance : float
            Largest cost in grey levels, 0 or more. The region of a larger tolerance contains that
            of a smaller one.

        Returns
        -------
        ndarray of bool, shape (H, W)
            Hangs together by pixel sides and holds the seed.

        Raises
        ------
        NpmError
            If the seed is outside the image or the tolerance negative.
        """
        if not tolerance >= 0:
            raise NpmError("The tolerance must be 0 or more.")
        steps = min(int(tolerance / self._step), int(_FAR) - 1)
        return np.asarray(self._costs(seed) <= np.uint16(steps), dtype=np.bool_)

    def suggest(self, seed: tuple[int, int]) -> float:
        """Suggest a tolerance from the noise around a pixel.

        Between three and six times the typical cost nearby, where the region changes least: after
        the grain is full and before it leaks.

        Parameters
        ----------
        seed : (int, int)
            Row and column.

        Returns
        -------
        float
            In grey levels.

        Raises
        ------
        NpmError
            If the seed is outside the image.
        """
        row, column = self._checked(seed)
        near = (slice(max(row - 5, 0), row + 6), slice(max(column - 5, 0), column + 6))
        costs = self._costs(seed)
        typical = max(float(np.median(costs[near])), 1.0)
        area = np.cumsum(np.bincount(costs.ravel(), minlength=int(_FAR) + 1))
        tries = np.unique(np.rint(typical * np.linspace(3, 6, 31))).astype(np.intp)
        tries = tries[tries * _WIDER < _FAR]
        if tries.size == 0:
            return float(_FAR) * self._step
        change = area[(tries * _WIDER).astype(np.intp)] - area[(tries / _WIDER).astype(np.intp)]
        return float(tries[np.argmin(change / area[tries])] * self._step)

    def _costs(self, seed: tuple[int, int]) -> NDArray[np.uint16]:
        row, column = self._checked(seed)
        if self._seed != (row, column):
            near = self._grey[max(row - 1, 0) : row + 2, max(column - 1, 0) : column + 2]
            level = np.float32(near.mean(dtype=np.float64))
            rim, way = _pixel_costs(self._grey, self._edge, level, np.float32(self._step))
            self._cost = _bottleneck(way, row, column)
            for _ in range(self._rim):
                self._cost = _one_further(self._cost, rim)
            self._seed = (row, column)
        return self._cost

    def _checked(self, seed: tuple[int, int]) -> tuple[int, int]:
        row, column = (int(at) for at in seed)
        rows, columns = self.shape
        if not (0 <= row < rows and 0 <= column < columns):
            raise NpmError(
                f"The seed (row {row}, column {column}) is outside the image of {rows} rows and "
                f"{columns} columns; choose a pixel of the image."
            )
        return row, column


def _gradient(grey: NDArray[np.float32]) -> NDArray[np.float32]:
    dy = ndimage.correlate1d(grey, [-0.5, 0.0, 0.5], axis=0)
    dx = ndimage.correlate1d(grey, [-0.5, 0.0, 0.5], axis=1)
    return np.asarray(np.hypot(dy, dx), dtype=np.float32)


@numba.njit(cache=True, nogil=True)
def _pixel_costs(
    grey: NDArray[np.float32], edge: NDArray[np.float32], level: np.float32, step: np.float32
) -> tuple[NDArray[np.uint16], NDArray[np.uint16]]:
    """Count the steps of cost of each pixel at the rim of a region and on a way through it.

    On its own side of the edge's crest, where grey curves away from the region's level, a pixel at
    the rim costs an eighth of what its grey differs.
    """
    rows, cols = grey.shape
    rim = np.empty(grey.shape, dtype=np.uint16)
    way = np.empty(grey.shape, dtype=np.uint16)
    most = np.float32(_FAR - 1)
    for y in range(rows):
        above, below = grey[max(y - 1, 0)], grey[min(y + 1, rows - 1)]
        for x in range(cols):
            here = grey[y, x]
            beside = grey[y, max(x - 1, 0)] + grey[y, min(x + 1, cols - 1)]
            curved = above[x] + below[x] + beside - 4 * here
            off = abs(here - level)
            near = off / 8 if (here - level) * curved > 0 else off
            rim[y, x] = np.uint16(min(np.ceil(near / step), most))
            way[y, x] = np.uint16(min(np.ceil((off + edge[y, x]) / step), most))
    return rim, way


@numba.njit(cache=True, nogil=True)
def _bottleneck(price: NDArray[np.uint16], row: int, column: int) -> NDArray[np.uint16]:
    """Least price of the dearest pixel on any way from the seed, which itself is free.

    Pixels are settled in the order of their cost, so the first way to one is the cheapest.
    """
    rows, columns = price.shape
    cost = np.full(price.shape, _FAR, dtype=np.uint16)
    first = np.full(int(price.max()) + 1, -1, dtype=np.int32)  # of a list of pixels a cost
    following = np.empty(price.size, dtype=np.int32)
    cost[row, column] = 0
    first[0] = row * columns + column
    following[first[0]] = -1
    level = 0
    while level < first.size:
        pixel = first[level]
        if pixel < 0:
            level += 1
            continue
        first[level] = following[pixel]
        y, x = pixel // columns, pixel % columns
        for k in range(4):
            j, i = y + (k == 0) - (k == 1), x + (k == 2) - (k == 3)
            if 0 <= j < rows and 0 <= i < columns and cost[j, i] == _FAR:
                at = max(level, int(price[j, i]))
                cost[j, i] = at
                following[j * columns + i] = first[at]
                first[at] = j * columns + i
    return cost


@numba.njit(cache=True, nogil=True)
def _one_further(cost: NDArray[np.uint16], rim: NDArray[np.uint16]) -> NDArray[np.uint16]:
    """Let each pixel also be reached from a neighbour for its cost at the rim."""
    rows, columns = cost.shape
    out = cost.copy()
    for y in range(rows):
        for x in range(columns):
            near = _FAR
            if y > 0:
                near = min(near, cost[y - 1, x])
            if y < rows - 1:
                near = min(near, cost[y + 1, x])
            if x > 0:
                near = min(near, cost[y, x - 1])
            if x < columns - 1:
                near = min(near, cost[y, x + 1])
            out[y, x] = min(cost[y, x], max(near, rim[y, x]))
    return out
