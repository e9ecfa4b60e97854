"""What a network says about maps."""

import copy
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ._ahead import ahead
from ._allocator import freed_memory_kept
from ._maps import Maps, read_batch, read_map
from ._memory import Portion
from .errors import NpmError
from .network import NanoporosityNet
from .progress import Progress, silent


def predict(
    model: nn.Module, maps: Maps, *, batch_size: int = 8, progress: Progress = silent
) -> NDArray[np.float32]:
    """Return the network's probability of each class for each map.

    Parameters
    ----------
    model : torch.nn.Module
        Gives logits (n, K) for (n, C, H, W); it is left as it is.
    maps : array-like, (N, H, W) or (N, C, H, W)
        Anything with a length and integer indexing.
    batch_size : int
        Maps at a time; fewer where memory runs out.
    progress : callable
        Called after each batch.

    Returns
    -------
    ndarray of float32, (N, K)
        Each row sums to 1.

    Raises
    ------
    NpmError
        If there are no maps, one holds NaN, the size does not fit, or memory runs out with one map.
    """
    if len(maps) == 0:
        raise NpmError("There are no maps to classify: give at least one.")
    if batch_size < 1:
        raise NpmError(f"The batch size is {batch_size}: give 1 or more.")
    first = read_map(maps, 0)
    if isinstance(model, NanoporosityNet):
        model.check_map(first.shape)
    copied = copy.deepcopy(model).eval()
    copied.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return probabilities(copied, maps, batch_size, progress)


def probabilities(
    model: nn.Module,
    maps: Maps,
    batch_size: int,
    progress: Progress,
    portion: Portion | None = None,
) -> NDArray[np.float32]:
    """Return what `predict` does, of a network already in eval mode."""
    n = len(maps)
    parameter = next(model.parameters(), torch.zeros(0))
    portion = Portion(batch_size) if portion is None else portion
    parts = [range(start, min(start + batch_size, n)) for start in range(0, n, batch_size)]
    rows = []
    with torch.no_grad(), freed_memory_kept():
        for part, images in zip(parts, ahead(partial(read_batch, maps), parts), strict=True):
            tensor = torch.as_tensor(images).to(parameter.device, parameter.dtype)
            logits = portion.work(partial(_in_portions, model, tensor), len(tensor))
            rows.append(torch.softmax(logits, 1).float().cpu().numpy())
            progress(part.stop, n, "Predict")
    return np.concatenate(rows)


def _in_portions(model: nn.Module, images: Tensor, size: int) -> Tensor:
    return torch.cat([model(some) for some in torch.split(images, size)])
