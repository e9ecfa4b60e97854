"""Controls of a classifier: labels shuffled among specimens, maps shifted in brightness."""

from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ._maps import Maps, read_map
from .errors import NpmError

DRAWS = 200


def shuffle_labels(
    labels: ArrayLike,
    groups: Sequence[Hashable] | NDArray[Any],
    learnt: ArrayLike,
    *,
    trained: ArrayLike | None = None,
    seed: int = 0,
) -> NDArray[np.int64]:
    """Deal the labels out anew among the specimens that a network learns from.

    Whole specimens take a label, not tiles. Tiles of a specimen are alike, so a network could
    recognise specimens that also stand in the test; with tiles shuffled one by one there is nothing
    to recognise and the control would pass whatever leaks. A specimen with tiles in the test too
    therefore carries its new label there, and other test specimens keep their own: a split without
    leaks lets the network be right by chance only, one with leaks more often.

    Of 200 random deals that keep the number of specimens of each label, the one is taken in which
    the new labels tell least of the old ones: else, with few specimens, a deal often keeps most
    labels, or exchanges two of them, and says nothing. The labels' names being dealt at random too,
    the expected accuracy is still that of chance.

    Parameters
    ----------
    labels : array-like of int, (N,)
        True class of each tile.
    groups : sequence, (N,)
        Specimen of each tile; the same name in two classes means two specimens.
    learnt : array-like of bool, (N,)
        Whether each tile is learnt from (or chooses the best epoch).
    trained : array-like of bool, (N,), optional
        Whether each tile is trained on, where that is not all that is learnt from: every class
        keeps a specimen among these.
    seed : int
        Of the deals; neither the order of the tiles nor their number matters.

    Returns
    -------
    ndarray of int64, (N,)
        The new class of each tile.

    Raises
    ------
    NpmError
        If the lengths differ, or a class has fewer than two specimens to learn from: dealing one
        specimen for another only exchanges the names of the classes. Or if every deal leaves a
        class without training tiles.
    """
    classes, mask = np.asarray(labels), np.asarray(learnt, dtype=bool)
    used_for_training = mask if trained is None else np.asarray(trained, dtype=bool)
    if (
        classes.ndim != 1
        or len(groups) != len(classes)
        or not classes.shape == mask.shape == used_for_training.shape
    ):
        raise NpmError("Shuffling needs a class, a specimen and a part for each tile.")
    specimens = list(zip(classes.tolist(), map(str, groups), strict=True))
    dealt = sorted({one for one, used in zip(specimens, mask.tolist(), strict=True) if used})
    old = np.array([label for label, _ in dealt], np.int64)
    present, counts = np.unique(old, return_counts=True)
    if len(present) < 2 or counts.min() < 2:
        raise NpmError(
            "Labels can be shuffled only among at least two specimens of each of two samples: with"
            " one, shuffling would only exchange the names of the samples."
        )
    rng = np.random.default_rng(seed)
    deals = rng.permuted(np.tile(old, (DRAWS, 1)), axis=1)
    training = {
        one for one, used in zip(specimens, used_for_training.tolist(), strict=True) if used
    }
    inside = deals[:, [one in training for one in dealt]]
    deals = deals[(inside[:, :, None] == present).any(1).all(1)]
    if not len(deals):
        raise NpmError(
            "Labels cannot be shuffled so that every sample keeps training tiles: split anew, with"
            " more specimens for training."
        )
    best = deals[np.argmin(_association(old, deals, present))]
    new = dict(zip(dealt, best.tolist(), strict=True))
    return np.array([new.get(one, one[0]) for one in specimens], np.int64)


def _association(
    old: NDArray[np.int64], deals: NDArray[np.int64], present: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return chi squared of each deal with the old labels, rounded so that equal ones tie."""
    rows = (old[:, None] == present).astype(np.float64)
    counts = np.einsum("na,dnb->dab", rows, (deals[..., None] == present).astype(np.float64))
    expected = np.outer(rows.sum(0), rows.sum(0)) / len(old)
    found: NDArray[np.float64] = ((counts - expected) ** 2 / expected).sum((1, 2)).round(9)
    return found


class ShiftedMaps:
    """Maps with brightness and contrast changed: n becomes clip(gain n + offset, 0, 1).

    A network that reads brightness is wrong on them, one that reads structure is not.

    Parameters
    ----------
    maps : array-like, (N, H, W) or (N, C, H, W)
        Anything with a length and integer indexing; read one at a time.
    gain : float
        Factor of the porosity, above 0.
    offset : float
        Added to it.
    keep_zero : bool
        Leave pixels of exactly 0 as they are: unhydrated cement is set to 0 whatever the
        brightness of the image.

    Raises
    ------
    NpmError
        If the gain is not above 0 or a value is not finite.
    """

    def __init__(
        self, maps: Maps, *, gain: float = 1.0, offset: float = 0.0, keep_zero: bool = False
    ) -> None:
        if not (np.isfinite(gain) and gain > 0 and np.isfinite(offset)):
            raise NpmError(f"Maps cannot be shifted by {gain} n + {offset}: give a gain above 0.")
        self._maps, self._keep_zero = maps, keep_zero
        self.gain, self.offset = float(gain), float(offset)

    def __len__(self) -> int:
        return len(self._maps)

    def __getitem__(self, index: int) -> NDArray[np.float32]:
        image = read_map(self._maps, index)
        shifted: NDArray[np.float32] = np.clip(
            np.float32(self.gain) * image + np.float32(self.offset), 0, 1
        )
        return np.where(image == 0, image, shifted) if self._keep_zero else shifted
