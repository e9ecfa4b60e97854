"""What becomes of relevance when the network's layers are drawn anew."""

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import nn

from ._likeness import Explain, Likeness, Prepared, average, relevance_of, stack
from ._maps import Maps, read_batch
from .errors import NpmError
from .progress import Progress, silent

Mode = Literal["cascading", "independent"]
_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)


@dataclass(frozen=True)
class Randomisation:
    """How alike the maps stay when layers are drawn anew.

    Attributes
    ----------
    layers : tuple of str
        The L layers, the one next to the output first.
    mode : str
        "cascading": each layer with all above it; "independent": each layer alone.
    likeness : Likeness
        Maps of the changed against those of the trained network, arrays (L, N).
    """

    layers: tuple[str, ...]
    mode: str
    likeness: Likeness


def parameter_randomisation(
    model: nn.Module,
    images: Maps,
    explainer: Callable[[nn.Module], Explain],
    target: int | ArrayLike | None = None,
    *,
    mode: Mode = "cascading",
    draws: int = 1,
    share: float = 0.7,
    seed: int = 0,
    batch_size: int = 8,
    progress: Progress = silent,
) -> Randomisation:
    """Draw the network's layers anew, one after the other, and compare the maps.

    The sanity check of Adebayo et al. 2018 (arXiv:1810.03292): a map that does not change when a
    layer loses what it learned cannot tell what that layer learned. Weights are drawn as when the
    layer was made (``reset_parameters``; a layer without it has its weights shuffled). A batch
    norm belongs to the layer before it: it starts anew too, and its statistics are measured again
    on the images, without which the layers above would see values far from any they know and fire
    by their biases alone.

    Parameters
    ----------
    model : torch.nn.Module
        Gives logits (n, classes); it is left as it is, in weights, buffers and mode.
    images : array-like, (N, H, W) or (N, C, H, W)
        Maps; anything with a length and integer indexing.
    explainer : callable
        Given a network, returns what explains its images, as
        ``lambda network: Explainer(network, rule="epsilon-plus")``.
    target : int or array-like of int (N,), optional
        Class to explain; by default the one that the trained network predicts for each image.
    mode : {"cascading", "independent"}
        From the output downwards, each layer with all above it; or each layer alone.
    draws : int
        Random draws to average over.
    share : float
        Share of the relevance that the compared regions hold.
    seed : int
        Of the draws.
    batch_size : int
        Images at a time where batch norms are measured.
    progress : callable
        Called after each layer.

    Returns
    -------
    Randomisation

    Raises
    ------
    NpmError
        If there are no images, the network has no layer with weights, or a parameter is out of
        bounds.
    """
    if mode not in get_args(Mode):
        raise NpmError(f"Layers are drawn anew {' or '.join(get_args(Mode))}, not {mode!r}.")
    if len(images) == 0 or draws < 1 or batch_size < 1:
        raise NpmError("Drawing layers anew needs at least one image and one draw.")
    trained = copy.deepcopy(model).eval()
    groups = _layers(trained, _batch(trained, images, [0]))[::-1]
    if not groups:
        raise NpmError("The network has no layer with weights that could be drawn anew.")
    if target is None:
        target = _predicted(trained, images)
    kept = Prepared(relevance_of(explainer(trained)(images, target)), share)
    total, done = draws * len(groups), 0
    found: list[list[Likeness]] = []
    for draw in range(draws):
        network, by_layer = copy.deepcopy(trained), []
        for number, group in enumerate(groups):
            if mode == "independent":
                network = copy.deepcopy(trained)
            # a layer's new weights are the same in both modes
            _draw_anew(network, group, seed=_torch_seed(seed, draw, number))
            drawn = [group] if mode == "independent" else groups[: number + 1]
            names = [name for one in drawn for name in one]
            _measure_norms(network, names, images, batch_size)
            maps = relevance_of(explainer(copy.deepcopy(network))(images, target))
            by_layer.append(kept.like(Prepared(maps, share)))
            done += 1
            progress(done, total, f"Layer {group[0]} drawn anew")
        found.append(by_layer)
    each = [average([by_layer[number] for by_layer in found]) for number in range(len(groups))]
    return Randomisation(tuple(group[0] for group in groups), mode, stack(each))


def _torch_seed(*parts: int) -> int:
    """Return a seed for torch from whole numbers."""
    return int(np.random.SeedSequence(parts).generate_state(1, np.uint64)[0] >> np.uint64(1))


def _batch(network: nn.Module, images: Maps, indices: Sequence[int]) -> torch.Tensor:
    parameter = next(network.parameters(), torch.zeros(0))
    return torch.as_tensor(read_batch(images, indices)).to(parameter.device, parameter.dtype)


def _predicted(network: nn.Module, images: Maps) -> NDArray[np.int64]:
    with torch.no_grad():
        found = [int(network(_batch(network, images, [i])).argmax()) for i in range(len(images))]
    return np.array(found, np.int64)


def _layers(network: nn.Module, sample: torch.Tensor) -> list[list[str]]:
    """Return names of the modules with weights, in the order in which they run, norms joined."""
    order: list[str] = []
    modules = {
        name: module
        for name, module in network.named_modules()
        if next(module.parameters(recurse=False), None) is not None
    }
    handles = [
        module.register_forward_pre_hook(lambda *_, name=name: order.append(name))
        for name, module in modules.items()
    ]
    try:
        with torch.no_grad():
            network(sample)
    finally:
        for handle in handles:
            handle.remove()
    groups: list[list[str]] = []
    for name in dict.fromkeys(order):
        if groups and isinstance(modules[name], _NORMS):
            groups[-1].append(name)
        else:
            groups.append([name])
    return groups


def _draw_anew(network: nn.Module, names: list[str], seed: int) -> None:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        for name in names:
            module: Any = network.get_submodule(name)
            place = next(module.parameters()).device
            module.cpu()  # the same weights on every device
            if hasattr(module, "reset_parameters"):
                module.reset_parameters()
            else:
                with torch.no_grad():
                    for parameter in module.parameters(recurse=False):
                        flat = parameter.flatten()
                        parameter.copy_(flat[torch.randperm(len(flat))].view_as(parameter))
            module.to(place)


def _measure_norms(network: nn.Module, names: list[str], images: Maps, batch_size: int) -> None:
    """Measure the statistics of the batch norms among drawn layers on the images."""
    norms = [
        norm
        for norm in (network.get_submodule(name) for name in names)
        if isinstance(norm, _NORMS) and norm.running_mean is not None
    ]
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # torch's sign for a plain mean
        norm.train()
    try:
        if norms:
            with torch.no_grad():
                for start in range(0, len(images), batch_size):
                    stop = min(start + batch_size, len(images))
                    network(_batch(network, images, range(start, stop)))
    except ValueError:
        # one value a channel has no variance: such a norm keeps mean 0 and variance 1
        pass
    finally:
        for norm, momentum in zip(norms, momenta, strict=True):
            norm.momentum = momentum
            norm.eval()
