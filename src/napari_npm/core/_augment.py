"""What a training map goes through at random: turns, flips, brightness and contrast."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Indices = NDArray[np.int64]


@dataclass(frozen=True)
class Plan:
    """What an epoch does, drawn before it begins.

    Attributes
    ----------
    batches : list of ndarray
        Maps of each step, by index.
    elements : ndarray of int, (N,)
        Each map's turn or flip (`turned`).
    gains, offsets : ndarray of float32, (N,)
        Each map's contrast and brightness (`jittered`); None without jitter.
    """

    batches: list[Indices]
    elements: NDArray[np.int64]
    gains: NDArray[np.float32] | None = None
    offsets: NDArray[np.float32] | None = None

    def applied(self, index: int, image: NDArray[Any]) -> NDArray[np.float32]:
        """Return a map as the epoch shows it."""
        shown = turned(image, int(self.elements[index])).astype(np.float32)
        if self.gains is None or self.offsets is None:
            return shown
        return jittered(shown, self.gains[index], self.offsets[index])


def turned(image: NDArray[Any], element: int) -> NDArray[Any]:
    """Return one of the eight turns and flips of a square (D4), exactly, as a view.

    The last two axes are turned; channels before them stay.
    """
    image = np.rot90(image, element % 4, axes=(-2, -1))
    return image[..., ::-1] if element >= 4 else image


def jittered(
    image: NDArray[np.float32], gain: np.float32, offset: np.float32
) -> NDArray[np.float32]:
    """Return porosity n as clip(gain n + offset, 0, 1), all channels alike.

    This is what another setting of the microscope's brightness and contrast, or reference levels
    a little off, do to a calibrated map. Pixels of exactly 0 stay: unhydrated cement is set to 0
    by its mask, not by its grey level, and would otherwise tell the network what was added.
    """
    changed: NDArray[np.float32] = np.clip(gain * image + offset, np.float32(0), np.float32(1))
    changed[image == 0] = 0
    return changed


def epoch_plan(
    n: int,
    batch_size: int,
    seed: int,
    epoch: int,
    *,
    augment: bool = False,
    square: bool = True,
    brightness: float = 0.0,
    contrast: float = 0.0,
) -> Plan:
    """Draw an epoch's batches, nearly equal in size, and what happens to each map.

    All depends on ``seed`` and ``epoch`` alone, so an epoch can be repeated without those before.
    The order does not depend on the augmentation, nor the turns on the jitter.

    Parameters
    ----------
    n, batch_size : int
        Number of maps, and the most of one step; no batch is left with a single map while the
        others are full.
    seed, epoch : int
        What the random numbers depend on.
    augment, square : bool
        Whether maps are turned and flipped, and whether a quarter turn keeps their shape.
    brightness, contrast : float
        Greatest offset, and greatest relative change of the gain; uniform between.
    """
    rng = np.random.default_rng([seed, epoch])
    order = rng.permutation(n)
    elements = rng.integers(0, 8, n) if augment else np.zeros(n, np.int64)
    if not square:
        elements = elements // 2 * 2  # a quarter turn would swap rows and columns
    gains = offsets = None
    if brightness or contrast:
        gains = (1 + contrast * rng.uniform(-1, 1, n)).astype(np.float32)
        offsets = (brightness * rng.uniform(-1, 1, n)).astype(np.float32)
    return Plan(evenly(order, batch_size), elements, gains, offsets)


def evenly(indices: Indices, most: int) -> list[Indices]:
    """Split indices into as few parts as there can be, of nearly equal size."""
    return np.array_split(indices, -(-len(indices) // most))
