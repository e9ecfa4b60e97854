"""What a network says of an image larger than a tile, and where it looked, without seams."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import nn

from ._seamless import ImageExplanation as ImageExplanation
from ._seamless import explain_image as explain_image
from ._windows import Crops, Windows, lay_windows
from .errors import NpmError
from .prediction import predict
from .progress import Progress, silent
from .tiling import TILE


@dataclass(frozen=True)
class ProbabilityMap:
    """What a network says of each window of an image.

    Attributes
    ----------
    probability : ndarray of float32, (C, rows, columns)
        Probability of each class in each window; they sum to 1.
    windows : Windows
        Where they are: `rows` and `columns` are their first pixels.
    """

    probability: NDArray[np.float32]
    windows: Windows

    @property
    def tile(self) -> int:
        """Side of a window, px."""
        return self.windows.tile

    @property
    def stride(self) -> int:
        """Distance of neighbouring windows, px."""
        return self.windows.stride

    @property
    def origins(self) -> tuple[tuple[int, int], ...]:
        """First row and column of each window, row by row."""
        return tuple(self.windows.origin(number) for number in range(len(self.windows)))

    @property
    def mean(self) -> NDArray[np.float64]:
        """Probability of each class (C,), the mean over the pixels."""
        return np.asarray((self.probability * self.windows.area).sum((1, 2)))

    @property
    def predicted(self) -> int:
        """The class that is most probable on average."""
        return int(self.mean.argmax())

    @property
    def shares(self) -> NDArray[np.float64]:
        """Share of the image (C,) whose windows hold each class for the most probable."""
        chosen, area = self.probability.argmax(0), self.windows.area
        return np.bincount(chosen.ravel(), area.ravel(), len(self.probability)).astype(np.float64)

    def full(self, *, step: int = 1) -> NDArray[np.float32]:
        """Return the probabilities of the pixels, blended over the windows that hold them.

        Parameters
        ----------
        step : int
            Give the mean of squares of this many pixels a side: the probabilities change little
            over less than a stride, and the pixels of a large image are many.

        Returns
        -------
        ndarray of float32, (C, ceil(H / step), ceil(W / step))
            Sums to 1 over the classes. Without overlap of the windows, what each says of its tile.
        """
        if step < 1:
            raise NpmError(f"The step must be 1 px or more, not {step}.")
        rows, columns = (self.windows.shares(axis, step).astype(np.float32) for axis in (0, 1))
        return np.stack([rows @ one @ columns.T for one in self.probability])


def predict_image(
    model: nn.Module,
    image: Any,
    *,
    tile: int = TILE,
    stride: int | None = None,
    batch_size: int = 8,
    progress: Progress = silent,
) -> ProbabilityMap:
    """Slide a window over an image and tell the probability of each class in it.

    Parameters
    ----------
    model : torch.nn.Module
        Gives logits (n, C) for tiles; it is left as it is.
    image : array, (H, W) or (channels, H, W)
        Porosity in [0, 1], at least one tile in size; anything that has a shape and slices like
        an array. Only a batch of tiles of it is in memory at a time.
    tile : int
        Side of the window in px: that of the tiles which the network learnt from.
    stride : int, optional
        Distance of neighbouring windows in px, half a tile by default; ``tile`` for tiles side by
        side. The last ones are shifted inwards, so that every pixel is covered.
    batch_size : int
        Windows at a time.
    progress : callable
        Called after each batch; may raise `Cancelled`.

    Returns
    -------
    ProbabilityMap

    Raises
    ------
    NpmError
        If the image is smaller than a tile, holds NaN, or does not fit the network.
    """
    windows = lay_windows(model, image, tile, max(tile // 2, 1) if stride is None else stride)
    found = predict(model, Crops(image, windows), batch_size=batch_size, progress=progress)
    grid = len(windows.rows), len(windows.columns)
    return ProbabilityMap(np.ascontiguousarray(found.T.reshape(-1, *grid)), windows)
