"""Deletion and insertion: what becomes of a class as blocks of a map are taken away or given."""

import copy
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import nn

from ._maps import Maps, read_batch
from .errors import NpmError
from .progress import Progress, silent

Fill = Literal["blur", "mean"]
Measure = Literal["probability", "logit"]


@dataclass(frozen=True)
class FlippingCurves:
    """How a class's output falls and rises as blocks of the maps are replaced and restored.

    Attributes
    ----------
    share : ndarray of float64, (S,)
        Share of the blocks that are replaced (deletion) or restored (insertion), from 0 to 1.
    deletion : ndarray of float64, (N, S)
        Output of the class as blocks are replaced, the most relevant first.
    insertion : ndarray of float64, (N, S)
        Output as blocks are restored in a map of which all are replaced, the most relevant first.
    random : ndarray of float64, (N, K, S)
        Deletion in K random orders. Read from the end it is insertion in a random order.
    target : ndarray of int64, (N,)
        The class followed: by default the one predicted for the undisturbed map.
    measure, fill : str
        What is followed, and what replaces a block.
    block_px : int
        Side of a block, px.
    """

    share: NDArray[np.float64]
    deletion: NDArray[np.float64]
    insertion: NDArray[np.float64]
    random: NDArray[np.float64]
    target: NDArray[np.int64]
    measure: str
    fill: str
    block_px: int

    @property
    def deletion_random(self) -> NDArray[np.float64]:
        """Mean deletion curve over the random orders, (N, S)."""
        return np.asarray(self.random.mean(axis=1))

    @property
    def insertion_random(self) -> NDArray[np.float64]:
        """Mean insertion curve over the random orders, (N, S)."""
        return self.deletion_random[:, ::-1]

    @property
    def deletion_gain(self) -> NDArray[np.float64]:
        """Area from the deletion curve up to that of random blocks, (N,); above 0 is faithful."""
        return self._area(self.deletion_random - self.deletion)

    @property
    def insertion_gain(self) -> NDArray[np.float64]:
        """Area from the curve of random blocks up to the insertion curve, (N,)."""
        return self._area(self.insertion - self.insertion_random)

    def _area(self, curves: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(np.trapezoid(curves, self.share, axis=1))


def deletion_insertion(
    model: nn.Module,
    images: Maps,
    relevance: ArrayLike,
    target: int | ArrayLike | None = None,
    *,
    block_px: int = 16,
    steps: int = 20,
    orders: int = 5,
    fill: Fill = "blur",
    blur_px: float = 20.0,
    measure: Measure = "probability",
    seed: int = 0,
    batch_size: int = 8,
    progress: Progress = silent,
) -> FlippingCurves:
    """Replace and restore blocks of maps by falling relevance, and in random orders.

    Pixel flipping of regions (Samek et al. 2017, doi:10.1109/TNNLS.2016.2599820) and its reverse,
    insertion (Petsiuk et al. 2018, arXiv:1806.07421). Blocks are ranked by their mean relevance,
    equals at random, so that a constant map ranks at chance. Where relevance tells what the
    network uses, deletion falls faster and insertion rises faster than with random blocks; the
    fill is the same for both, so that the area between them is a fair comparison even though the
    network never saw filled maps while it learned.

    Parameters
    ----------
    model : torch.nn.Module
        Gives logits (n, classes); it is left as it is.
    images : array-like, (N, H, W) or (N, C, H, W)
        Maps; anything with a length and integer indexing.
    relevance : array-like, (N, H, W)
        Their relevance, any unit and sign.
    target : int or array-like of int (N,), optional
        Class to follow; by default the one predicted for each undisturbed map.
    block_px : int
        Side of a block, px; the last row and column of blocks can be smaller.
    steps : int
        Steps from no block to all.
    orders : int
        Random orders to compare with.
    fill : {"blur", "mean"}
        What replaces a block. "blur", the map smoothed by a Gaussian, takes the texture and
        leaves the coarse porosity, without edges at the blocks. "mean", the map's mean, takes
        both, but the flat blocks with their edges are a texture of their own.
    blur_px : float
        Standard deviation of that Gaussian, px; wide enough to take what MicF maps show too.
    measure : {"probability", "logit"}
        What is followed: the class's probability, or its output, which does not saturate.
    seed : int
        Of the random orders; the order of each image depends on its place only.
    batch_size : int
        Disturbed maps at a time; memory grows with it, not with `steps`.
    progress : callable
        Called after each image.

    Returns
    -------
    FlippingCurves

    Raises
    ------
    NpmError
        If a parameter is out of bounds, the maps are none, unlike or NaN, relevance does not fit,
        or a target is not a class.
    """
    n = len(images)
    values = np.asarray(relevance, dtype=np.float64)
    _check(n, block_px, steps, orders, fill, blur_px, measure, batch_size)
    if len(values) != n or values.ndim != 3 or not np.isfinite(values).all():
        raise NpmError("Deletion needs one relevance map (H, W) without NaN for each image.")
    network = copy.deepcopy(model).eval()
    first = read_batch(images, [0])
    if values.shape[1:] != first.shape[2:]:
        raise NpmError("The relevance maps must have the size of the images.")
    blocks = _blocks(values.shape[1:], block_px)
    n_blocks = int(blocks.max()) + 1
    if n_blocks < steps:
        raise NpmError(
            f"The maps have {n_blocks} blocks of {block_px} px for {steps} steps: choose smaller"
            " blocks or fewer steps."
        )
    # symmetric, so that random deletion read from the end is insertion
    half = np.rint(np.arange(steps // 2 + 1) * n_blocks / steps).astype(np.int64)
    counts = np.concatenate([half, (n_blocks - half[::-1])[1 - steps % 2 :]])
    pixels = np.bincount(blocks.ravel())
    given = None if target is None else np.broadcast_to(np.asarray(target), (n,))
    curves = np.zeros((n, 2 + orders, steps + 1))
    followed = np.zeros(n, np.int64)
    for i in range(n):
        image = read_batch(images, [i])[0]
        if image.shape != first.shape[1:]:
            raise NpmError(f"Map {i} is not of the size of map 0: cut all maps to one size.")
        rng = np.random.default_rng([seed, i])
        mean = np.bincount(blocks.ravel(), values[i].ravel(), n_blocks) / pixels
        ranked = np.lexsort((rng.permutation(n_blocks), -mean))
        # inserting by falling relevance is deleting by rising relevance, read from the end
        ways = [ranked, ranked[::-1], *(rng.permutation(n_blocks) for _ in range(orders))]
        outputs = _Outputs(network, image, _filled(image, fill, blur_px), blocks, batch_size)
        whole = outputs.logits(np.zeros((1, n_blocks), dtype=bool))[0]
        followed[i] = _class(given, i, whole)
        curves[i] = outputs.curves(ways, counts, int(followed[i]), measure)
        progress(i + 1, n, "Deletion and insertion")
    return FlippingCurves(
        share=counts / n_blocks,
        deletion=curves[:, 0],
        insertion=curves[:, 1, ::-1],
        random=curves[:, 2:],
        target=followed,
        measure=measure,
        fill=fill,
        block_px=block_px,
    )


class _Outputs:
    """What the network says of one map with some of its blocks filled."""

    def __init__(
        self,
        network: nn.Module,
        image: NDArray[np.float32],
        filled: NDArray[np.float32],
        blocks: NDArray[np.int64],
        batch_size: int,
    ) -> None:
        parameter = next(network.parameters(), torch.zeros(0))
        self._place: dict[str, Any] = {"device": parameter.device, "dtype": parameter.dtype}
        self._network, self._batch_size = network, batch_size
        self._image, self._filled = (torch.as_tensor(one) for one in (image, filled))
        self._blocks = torch.as_tensor(blocks)

    def logits(self, replaced: NDArray[np.bool_]) -> NDArray[np.float64]:
        """Return logits (n, classes) for maps with the blocks (n, blocks) replaced."""
        found = []
        with torch.no_grad():
            for start in range(0, len(replaced), self._batch_size):
                part = torch.as_tensor(replaced[start : start + self._batch_size])
                where = part[:, self._blocks][:, None]
                batch = torch.where(where, self._filled, self._image)
                found.append(self._network(batch.to(**self._place)).double().cpu().numpy())
        return np.concatenate(found)

    def curves(
        self,
        orders: list[NDArray[np.int64]],
        counts: NDArray[np.int64],
        target: int,
        measure: Measure,
    ) -> NDArray[np.float64]:
        """Return the class's output (orders, S) with the first blocks of each order replaced."""
        n_blocks = len(orders[0])
        # all orders begin and end with the same maps
        masks = [np.zeros(n_blocks, bool), np.ones(n_blocks, bool)]
        for order in orders:
            rank = np.empty(n_blocks, np.int64)
            rank[order] = np.arange(n_blocks)
            masks += [rank < count for count in counts[1:-1]]
        logits = self.logits(np.array(masks))
        if measure == "probability":
            logits = np.exp(logits - logits.max(1, keepdims=True))
            logits /= logits.sum(1, keepdims=True)
        values = logits[:, target]
        found = np.empty((len(orders), len(counts)))
        found[:, 0], found[:, -1] = values[0], values[1]
        found[:, 1:-1] = values[2:].reshape(len(orders), -1)
        return found


def _blocks(shape: tuple[int, ...], block_px: int) -> NDArray[np.int64]:
    """Return the number of each pixel's block."""
    rows, columns = (np.arange(size) // block_px for size in shape)
    return np.asarray(rows[:, None] * (columns[-1] + 1) + columns, dtype=np.int64)


def _filled(image: NDArray[np.float32], fill: Fill, blur_px: float) -> NDArray[np.float32]:
    from scipy.ndimage import gaussian_filter

    if fill == "mean":
        return np.broadcast_to(image.mean((1, 2), keepdims=True), image.shape).copy()
    return np.asarray(gaussian_filter(image, blur_px, axes=(1, 2)), dtype=np.float32)


def _class(given: NDArray[Any] | None, i: int, logits: NDArray[np.float64]) -> int:
    if given is None:
        return int(logits.argmax())
    if given.dtype.kind not in "iu" or not 0 <= given[i] < len(logits):
        raise NpmError(
            f"The network tells {len(logits)} samples apart: follow a class from 0 to"
            f" {len(logits) - 1}."
        )
    return int(given[i])


def _check(
    n: int,
    block_px: int,
    steps: int,
    orders: int,
    fill: str,
    blur_px: float,
    measure: str,
    batch_size: int,
) -> None:
    if n == 0:
        raise NpmError("There are no maps to disturb: give at least one.")
    if block_px < 1 or steps < 2 or orders < 1 or batch_size < 1:
        raise NpmError(
            "Deletion needs blocks of at least 1 px, 2 steps, 1 random order and a batch of 1."
        )
    if fill not in get_args(Fill) or measure not in get_args(Measure):
        raise NpmError(
            f"Deletion fills by {' or '.join(get_args(Fill))} and follows"
            f" {' or '.join(get_args(Measure))}, not {fill!r} and {measure!r}."
        )
    if not 0 < blur_px < np.inf:
        raise NpmError(f"The blur must be above 0 px, not {blur_px}.")
