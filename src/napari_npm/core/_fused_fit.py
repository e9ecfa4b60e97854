"""Whether the fused engine fits a network: built as this package builds it, answering alike."""

import copy

import torch
from torch import Tensor, nn

from ._fused import FusedEngine
from ._ties import is_plain, pair
from .network import NanoporosityNet


def fits(model: nn.Module) -> bool:
    """Tell whether a network is built as `NanoporosityNet` builds it, so that `FusedEngine` fits.

    Batch norms may be missing (identities); anything else that was exchanged, hooks and other
    parametrisations do not fit.
    """
    if not isinstance(model, NanoporosityNet) or type(model).forward is not NanoporosityNet.forward:
        return False
    blocks, head = list(model.blocks.children()), list(model.head.children())
    plain = all(
        not module._forward_hooks and not module._forward_pre_hooks for module in model.modules()
    )
    return (
        plain
        and len(blocks) > 0
        and all(_is_block(block) for block in blocks)
        and len({type(list(block.children())[3]) for block in blocks}) == 1
        and len(head) == 3
        and (_is_global_mean(head[0]) or type(head[0]) is nn.Identity)
        and type(head[1]) is nn.Flatten
        and type(head[2]) is nn.Linear
    )


def answers_alike(engine: FusedEngine, model: nn.Module, sample: Tensor) -> bool:
    """Tell whether the engine's logits for one image (1, C, H, W) are the network's."""
    plain = copy.deepcopy(model).eval()
    with torch.no_grad():
        true, found = plain(sample), engine.logits(sample)
    return float((true - found).abs().max()) < 1e-3 * (float(true.abs().max()) + 1)


def _is_block(block: nn.Module) -> bool:
    if not isinstance(block, nn.Sequential) or len(block) != 4:
        return False
    conv, norm, activation, pooling = block.children()
    return (
        type(conv) is nn.Conv2d
        and (conv.kernel_size, conv.stride, conv.dilation) == ((3, 3), (1, 1), (1, 1))
        and (conv.padding, conv.groups) == ((1, 1), 1)
        and conv.padding_mode in ("zeros", "reflect", "replicate")
        and _is_norm(norm)
        and type(activation) is nn.ReLU
        and _is_pooling(pooling)
    )


def _is_norm(norm: nn.Module) -> bool:
    known = type(norm) is nn.BatchNorm2d and norm.running_mean is not None
    return known or type(norm) is nn.Identity


def _is_pooling(pooling: nn.Module) -> bool:
    if type(pooling) is nn.MaxPool2d:
        plain = is_plain(pooling)
    elif type(pooling) is nn.AvgPool2d:
        plain = pair(pooling.stride) == pair(pooling.kernel_size) and pair(pooling.padding) == (
            0,
            0,
        )
        plain = plain and not pooling.ceil_mode and pooling.divisor_override is None
    else:
        return False
    return plain and pair(pooling.kernel_size) == (2, 2)


def _is_global_mean(module: nn.Module) -> bool:
    return type(module) is nn.AdaptiveAvgPool2d and pair(module.output_size) == (1, 1)
