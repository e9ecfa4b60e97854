"""The seven-block network that tells samples apart, and a copy of it with batch norm fused."""

import copy
import itertools
from dataclasses import asdict, dataclass
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from .errors import NpmError

Pooling = Literal["max", "average"]
Padding = Literal["zeros", "reflect", "replicate"]
Head = Literal["gap", "flatten"]


@dataclass(frozen=True)
class NetworkConfig:
    """How the network is built; the defaults are the paper's seven blocks (section 2.2, Fig. 2).

    The paper's text gives neither widths, pooling nor head: those defaults are this package's.

    Parameters
    ----------
    widths : tuple of int
        Output channels of each block; its length is the number of blocks.
    pooling : {"max", "average"}
        The 2x2 pooling after each block.
    padding : {"zeros", "reflect", "replicate"}
        What each 3x3 convolution sees beyond the edge. Zeros (as in the paper) make the middle
        of an image weigh more, replicate is nearly even.
    head : {"gap", "flatten"}
        Global average pooling, or all that the last block gives, before the linear layer.
    input_size : int
        Side of the square input in pixels; a network with head "gap" also takes other sizes.
    in_channels : int
        Maps that the network reads side by side, such as 2 for MulF and MicF. A description
        without it is of a network that reads one.

    Raises
    ------
    NpmError
        If a value is not one of those listed, or the input is too small for the blocks.
    """

    widths: tuple[int, ...] = (16, 32, 64, 128, 128, 128, 128)
    pooling: Pooling = "max"
    padding: Padding = "zeros"
    head: Head = "gap"
    input_size: int = 384
    in_channels: int = 1

    def __post_init__(self) -> None:
        object.__setattr__(self, "widths", tuple(int(width) for width in self.widths))
        if not self.widths or min(self.widths) < 1:
            raise NpmError(
                f"The network's widths are {self.widths}: give at least one block, "
                "each with a width of 1 or more."
            )
        if self.in_channels < 1:
            raise NpmError(f"The network reads {self.in_channels} maps at a time: give 1 or more.")
        for name, value, allowed in (
            ("pooling", self.pooling, ("max", "average")),
            ("padding", self.padding, ("zeros", "reflect", "replicate")),
            ("head", self.head, ("gap", "flatten")),
        ):
            if value not in allowed:
                raise NpmError(f"The network's {name} is {value!r}: choose {' or '.join(allowed)}.")
        if self.input_size % self.reduction:
            raise NpmError(
                f"The input size is {self.input_size} px: {len(self.widths)} blocks need a "
                f"multiple of {self.reduction} px."
            )

    @property
    def reduction(self) -> int:
        """Side of the square of input pixels that ends in one pixel after the last block."""
        return int(2 ** len(self.widths))

    def to_dict(self) -> dict[str, Any]:
        """Return the configuration as plain values that JSON can hold."""
        return {**asdict(self), "widths": list(self.widths)}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "NetworkConfig":
        """Build the configuration that `to_dict` wrote.

        Raises
        ------
        NpmError
            If a name is unknown or a value is not allowed.
        """
        try:
            return cls(**values)
        except (TypeError, ValueError) as error:
            raise NpmError(
                f"The network's description cannot be read ({error}): use the one that was "
                "stored with the weights."
            ) from error


class NanoporosityNet(nn.Module):
    """Seven blocks of 3x3 convolution (no bias), batch norm, ReLU and 2x2 pooling; linear head.

    Parameters
    ----------
    n_classes : int
        Number of samples to tell apart, at least 2.
    config : NetworkConfig, optional
        How it is built.

    Notes
    -----
    Input (N, C, H, W) float32 porosity in [0, 1]; output (N, n_classes) logits. Weights are drawn
    from torch's global generator, as in any torch module; `training.train` seeds it in a fork.

    Raises
    ------
    NpmError
        If there are fewer than two classes.
    """

    def __init__(self, n_classes: int = 3, config: NetworkConfig | None = None) -> None:
        super().__init__()
        config = NetworkConfig() if config is None else config
        if n_classes < 2:
            raise NpmError(f"A network needs at least 2 samples to tell apart, not {n_classes}.")
        self.n_classes = int(n_classes)
        self.config = config
        channels = (config.in_channels, *config.widths)
        blocks = []
        for i, width in enumerate(config.widths):
            pool = nn.MaxPool2d(2) if config.pooling == "max" else nn.AvgPool2d(2)
            conv = nn.Conv2d(
                channels[i], width, 3, padding=1, bias=False, padding_mode=config.padding
            )
            blocks.append(nn.Sequential(conv, nn.BatchNorm2d(width), nn.ReLU(), pool))
        self.blocks = nn.Sequential(*blocks)
        last = config.widths[-1]
        if config.head == "gap":
            pool_head: nn.Module = nn.AdaptiveAvgPool2d(1)
        else:
            pool_head = nn.Identity()
            last *= (config.input_size // config.reduction) ** 2
        self.head = nn.Sequential(pool_head, nn.Flatten(), nn.Linear(last, self.n_classes))

    def forward(self, images: Tensor) -> Tensor:
        """Return logits (N, n_classes) of images (N, C, H, W)."""
        logits: Tensor = self.head(self.blocks(images))
        return logits

    def check_map(self, shape: tuple[int, ...]) -> None:
        """Raise NpmError with one sentence if maps (H, W) or (C, H, W) do not fit the network."""
        channels = shape[0] if len(shape) == 3 else 1
        if channels != self.config.in_channels:
            raise NpmError(
                f"The maps have {channels} channel(s), but this network reads "
                f"{self.config.in_channels}: give it the kinds of map that it was trained on."
            )
        self.check_size(*shape[-2:])

    def check_size(self, height: int, width: int) -> None:
        """Raise NpmError with one sentence if images of this size do not fit the network."""
        size, least = self.config.input_size, self.config.reduction
        if self.config.head == "flatten" and (height, width) != (size, size):
            raise NpmError(
                f"The images are {height} x {width} px, but this network takes {size} x {size} px: "
                "cut tiles of that size."
            )
        if min(height, width) < least:
            raise NpmError(
                f"The images are {height} x {width} px, but this network needs at least "
                f"{least} x {least} px: use larger tiles."
            )


def fused_copy(model: nn.Module) -> nn.Module:
    """Copy a network for inference with each batch norm fused into its convolution.

    Parameters
    ----------
    model : torch.nn.Module
        Any network; it is left as it is, in mode, weights and buffers.

    Returns
    -------
    torch.nn.Module
        A deep copy in eval mode: batch norms that directly follow a convolution are folded into
        it and replaced by identities, and activations do not work in place. The outputs are those
        of ``model.eval()`` within rounding. A batch norm without its own convolution stays.
    """
    fused = copy.deepcopy(model).eval()
    for module in fused.modules():
        if hasattr(module, "inplace"):
            module.inplace = False  # type: ignore[assignment]  # torch types it as a tensor
    modules = dict(fused.named_modules())
    for conv_name, norm_name in _conv_norm_pairs(fused):
        norm = modules[norm_name]
        if getattr(norm, "running_mean", None) is None:
            continue  # it normalises by the batch even in eval mode: there is nothing to fold in
        _replace(fused, conv_name, fuse_conv_bn_eval(modules[conv_name], norm))
        _replace(fused, norm_name, nn.Identity())
    return fused


def _replace(root: nn.Module, name: str, module: nn.Module) -> None:
    parent, _, child = name.rpartition(".")
    setattr(root.get_submodule(parent), child, module)


def _conv_norm_pairs(model: nn.Module) -> list[tuple[str, str]]:
    """Names of convolutions and of the batch norms that take their output and nothing else."""
    try:
        graph = torch.fx.symbolic_trace(model).graph
    except Exception:
        # torch.fx raises many types for a forward that depends on data; a Sequential needs no trace
        return _sequential_pairs(model)
    modules = dict(model.named_modules())
    called = [node.target for node in graph.nodes if node.op == "call_module"]
    pairs = []
    for node in graph.nodes:
        if node.op != "call_module" or not isinstance(modules[str(node.target)], _NORMS):
            continue
        source = node.args[0] if node.args else None
        if not isinstance(source, torch.fx.Node) or source.op != "call_module":
            continue
        alone = len(source.users) == 1
        once = called.count(source.target) == 1 and called.count(node.target) == 1
        if alone and once and isinstance(modules[str(source.target)], _CONVS):
            pairs.append((str(source.target), str(node.target)))
    return pairs


def _sequential_pairs(model: nn.Module) -> list[tuple[str, str]]:
    pairs = []
    for name, module in model.named_modules():
        if not isinstance(module, nn.Sequential):
            continue
        prefix = f"{name}." if name else ""
        children = list(module.named_children())
        for (first, conv), (second, norm) in itertools.pairwise(children):
            if isinstance(conv, _CONVS) and isinstance(norm, _NORMS):
                pairs.append((prefix + first, prefix + second))
    return pairs


_CONVS = (nn.Conv1d, nn.Conv2d, nn.Conv3d)
_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)
