"""Max pooling that shares what it hands back among equal winners."""

from typing import Any

import torch
from torch import Tensor, nn

# A flat area's activations are alike but for rounding, which differs between ways to convolve.
CLOSE = {torch.float32: 1e-6, torch.float64: 1e-14}


class _SharedMax(torch.autograd.Function):
    """Max pooling of windows that do not overlap; equal winners share the gradient."""

    @staticmethod
    def forward(ctx: Any, images: Tensor, size: tuple[int, int]) -> Tensor:
        pooled = torch.nn.functional.max_pool2d(images, size)
        ctx.save_for_backward(images, pooled)
        ctx.size = size
        return pooled

    @staticmethod
    def backward(ctx: Any, arriving: Tensor) -> tuple[Tensor, None]:
        images, pooled = ctx.saved_tensors
        height, width = (n * k for n, k in zip(pooled.shape[2:], ctx.size, strict=True))
        inside = images[:, :, :height, :width]
        winners = weigh_winners(inside.clone(), _enlarged(pooled, ctx.size), pooled)
        shares = arriving / torch.nn.functional.avg_pool2d(winners, ctx.size)
        shares /= ctx.size[0] * ctx.size[1]
        handed = torch.zeros_like(images)
        handed[:, :, :height, :width] = winners * _enlarged(shares, ctx.size)
        return handed, None


def weigh_winners(values: Tensor, largest: Tensor, pooled: Tensor) -> Tensor:
    """Turn values (n, C, H, W) into 1 where they equal their window's largest and 0 elsewhere.

    What differs by rounding counts as equal, and over twice that the weight falls to 0, so that
    rounding never moves much relevance. ``pooled`` gives the scale of an image's activations.
    """
    close = CLOSE.get(values.dtype)
    if close is None:
        return values.ge_(largest)
    rounding = (close * pooled.abs().amax((1, 2, 3), keepdim=True)).clamp_(min=1e-30)
    return values.sub_(largest).mul_(0.5 / rounding).add_(1.5).clamp_(0, 1)


def _enlarged(values: Tensor, size: tuple[int, int]) -> Tensor:
    return values.repeat_interleave(size[0], 2).repeat_interleave(size[1], 3)


class SharedMaxPool(nn.Module):
    """`torch.nn.MaxPool2d` without overlap, whose equal winners share the gradient.

    torch gives all to the first of equal winners, which draws a grid on maps where a whole area
    has one value, as inside unhydrated cement.
    """

    def __init__(self, size: tuple[int, int]) -> None:
        super().__init__()
        self.size = size

    def forward(self, images: Tensor) -> Tensor:
        """Return the largest value of each window."""
        pooled: Tensor = _SharedMax.apply(images, self.size)  # type: ignore[no-untyped-call]
        return pooled


def share_ties(network: nn.Module) -> None:
    """Replace the max poolings of a network whose windows do not overlap, in place."""
    for name, module in list(network.named_modules()):
        if isinstance(module, nn.MaxPool2d) and is_plain(module):
            parent, _, child = name.rpartition(".")
            size = pair(module.kernel_size)
            setattr(network.get_submodule(parent), child, SharedMaxPool(size))


def is_plain(module: nn.MaxPool2d) -> bool:
    """Tell whether a max pooling's windows lie side by side, nothing added or left out."""
    return (
        pair(module.kernel_size) == pair(module.stride)
        and pair(module.padding) == (0, 0)
        and pair(module.dilation) == (1, 1)
        and not module.ceil_mode
        and not module.return_indices
    )


def pair(value: Any) -> tuple[int, int]:
    """Return rows and columns of a size that torch also takes as one number."""
    return (value, value) if isinstance(value, int) else (value[0], value[1])
