"""The alpha1-beta0 decomposition of this package's own network without hooks or graphs.

The same sums as zennit's rules: one forward pass that keeps what is needed, then a layer at a time
one pass with positive weights and one adjoint. Several outputs of an image share all but the last.
"""

from contextlib import AbstractContextManager, nullcontext
from typing import Any, cast

import torch
from torch import Tensor, nn

from ._explanation import EPSILON, EPSILON_DOUBLE, LEAST_LOSS, Answer, Ask, InputRule, Undefined
from ._fused_layers import (
    LEAST_REACH,
    LEAST_WEIGHT,
    Convolution,
    Kept,
    Loss,
    averaged,
    enlarged,
    pool,
    winners,
)
from .network import NanoporosityNet, fused_copy

LEAST_LOSS_BFLOAT16 = 2e-3  # rounding alone moves the sums by less
CACHED = 2**24  # bytes of the first block's activations that a CPU works on fast


class FusedEngine:
    """Explains batches with the weights of one network.

    Parameters
    ----------
    model : NanoporosityNet
        A network for which `fits` is true; left as it is.
    input_rule : {"zplus", "zbox"}
        Rule of the first layer.
    undefined : {"spread", "drop"}
        What becomes of relevance at 0/0.
    dtype : torch.dtype
        Precision of the convolutions.
    """

    name = "fused"
    signed = False

    def __init__(
        self, model: nn.Module, input_rule: InputRule, undefined: Undefined, dtype: torch.dtype
    ) -> None:
        network = cast("NanoporosityNet", fused_copy(model).requires_grad_(False))
        blocks: list[Any] = list(network.blocks)
        head: Any = network.head
        linear: nn.Linear = head[2]
        self.device = linear.weight.device
        self.dtype = dtype
        self.box = input_rule == "zbox"
        self.spread = undefined == "spread"
        self.maximum = isinstance(blocks[0][3], nn.MaxPool2d)
        self.gap = isinstance(head[0], nn.AdaptiveAvgPool2d)
        self.exact = torch.float64 if dtype == torch.float64 else torch.float32
        self.weight = linear.weight.to(self.exact)
        self.bias = None if linear.bias is None else linear.bias.to(self.exact)
        self.epsilon = EPSILON_DOUBLE if dtype == torch.float64 else EPSILON
        fast = self.device.type == "cpu" or dtype == torch.bfloat16
        self.layout = torch.channels_last if fast else torch.contiguous_format
        # Among near winners of a max pooling rounding decides, so that the forward pass rounds as
        # the network itself does: in the layout of its own, with its own channels. bfloat16 is
        # rough in any case.
        self.alike = self.maximum and dtype != torch.bfloat16
        self.forwards = torch.contiguous_format if self.alike else self.layout
        self.plain: list[Convolution] = []
        self.positive: list[Convolution] = []
        self.lifted: list[Convolution] = []
        for number, block in enumerate(blocks):
            self._read(block[0], number == 0)

    def _read(self, conv: nn.Conv2d, first: bool) -> None:
        weight = conv.weight.to(self.dtype)
        bias = weight.new_zeros(len(weight)) if conv.bias is None else conv.bias.to(self.dtype)
        epsilon = torch.full_like(bias, self.epsilon)
        plain, positive = weight, weight.clamp(min=0)
        lifted = weight.clamp(min=LEAST_WEIGHT)
        if first:
            # the inputs' two parts: positive and negative, or above the box's floor and below its
            # ceiling; twice the channels also lets one channel lie channels last
            if not self.alike:
                plain = torch.cat([weight, torch.zeros_like(weight) if self.box else -weight], 1)
            positive = torch.cat([positive, (-weight).clamp(min=0)], 1)
            lifted = torch.cat([lifted, torch.zeros_like(lifted)], 1)
        mode = conv.padding_mode
        self.plain.append(Convolution(plain, mode, self.forwards, bias))
        self.positive.append(Convolution(positive, mode, self.layout, epsilon))
        self.lifted.append(Convolution(lifted, mode, self.layout))

    def at_once(self, shape: tuple[int, ...]) -> int | None:
        """Return how many images (C, H, W) are best worked on together; None for any number."""
        if self.device.type != "cpu":
            return None
        size = len(self.plain[0].weight) * shape[-2] * shape[-1] * self.weight.element_size()
        return int(max(CACHED // size, 1))

    @torch.no_grad()
    def __call__(self, batch: Tensor, ask: Ask) -> Answer:
        """Explain a batch (n, C, H, W)."""
        with self._exact():
            return self._explain(batch, ask)

    def logits(self, batch: Tensor) -> Tensor:
        """Return the network's outputs (n, classes)."""
        with torch.no_grad(), self._exact():
            return self._head(self._features(self._forward(batch)[-1].pooled))

    def _exact(self) -> AbstractContextManager[None]:
        """Keep CUDA from rounding float32 to 10 bits, which conservation would show."""
        if self.device.type != "cuda" or self.dtype == torch.bfloat16:
            return nullcontext()
        return torch.backends.cudnn.flags(enabled=True, allow_tf32=False)

    def _explain(self, batch: Tensor, ask: Ask) -> Answer:
        kept = self._forward(batch)
        features = self._features(kept[-1].pooled)
        logits = self._head(features)
        starts = ask(logits)
        losses = [
            Loss(
                self.epsilon,
                LEAST_LOSS_BFLOAT16 if self.dtype == torch.bfloat16 else LEAST_LOSS,
                self.spread,
                len(batch),
            )
            for _ in starts
        ]
        relevance = [
            self._start(features, start @ self.weight, kept[-1].pooled, loss)
            for start, loss in zip(starts, losses, strict=True)
        ]
        for number in reversed(range(len(kept))):
            relevance = self._back(number, kept.pop(), relevance, losses)
        outputs = (starts.double().cpu() * logits.double().cpu()).sum(2)
        maps = torch.stack(relevance).to(self.exact)
        return Answer(maps, logits, outputs, torch.stack([loss.met for loss in losses]))

    def _forward(self, batch: Tensor, blocks: int | None = None) -> list[Kept]:
        images = batch.to(self.exact)
        if self.box:
            parts = torch.cat([images, 1 - images], 1)
        else:
            parts = torch.cat([images.clamp(min=0), (-images).clamp(min=0)], 1)
        inputs = parts.to(self.dtype).contiguous(memory_format=self.layout)
        seen = images.to(self.dtype) if self.alike else inputs
        kept = []
        for convolution in self.plain[:blocks]:
            given = convolution(seen.contiguous(memory_format=self.forwards)).relu_()
            pooled, weights = pool(
                given.contiguous(memory_format=self.layout), self.maximum, self.spread
            )
            kept.append(Kept(inputs, weights, pooled))
            inputs = seen = pooled
        return kept

    def _features(self, last: Tensor) -> Tensor:
        last = last.to(self.exact)
        return last.mean((2, 3)) if self.gap else last.flatten(1)

    def _head(self, features: Tensor) -> Tensor:
        return torch.nn.functional.linear(features, self.weight, self.bias)

    def _start(self, features: Tensor, weight: Tensor, last: Tensor, loss: Loss) -> Tensor:
        """Relevance at the last block's outputs, of 1 at an output with weights (n, features)."""
        shape = (*features.shape, 1, 1)
        positive = weight.clamp(min=0)
        divided = 1 / ((features * positive).sum(1, keepdim=True) + self.epsilon)
        relevance = (features * positive * divided).view(shape)
        losing = loss.left(relevance)
        if losing is not None:
            left = self.epsilon * divided * losing[:, :, 0, 0]
            shares = (features + self.epsilon) * weight.clamp(min=LEAST_WEIGHT)
            relevance = relevance + (
                left * shares / shares.sum(1, keepdim=True).clamp(min=LEAST_REACH)
            ).view(shape)
            loss.found(left.view(-1, 1, 1, 1))
        if not self.gap:
            return relevance.reshape(last.shape).to(last)
        places = last.shape[2] * last.shape[3]
        factor, rest = averaged(features.view(shape), relevance, places, loss)
        relevance = last * factor
        if rest is not None:
            relevance = relevance + rest
        return relevance.to(last)

    def _back(
        self, number: int, kept: Kept, relevance: list[Tensor], losses: list[Loss]
    ) -> list[Tensor]:
        """Hand relevance (n, out, H // 2, W // 2) of a block's outputs to its inputs."""
        sums = self.positive[number](kept.inputs)
        weights = kept.weights
        many = winners(weights) if self.maximum else None
        weights.div_(sums)
        height, width = (2 * side for side in kept.pooled.shape[2:])
        found = []
        for k, (arriving, loss) in enumerate(zip(relevance, losses, strict=True)):
            if many is None:
                factor, rest = averaged(kept.pooled, arriving, 4, loss)
            else:
                factor, rest = arriving / many, None
            divided = weights if k == len(losses) - 1 else weights.clone()
            inside = divided[:, :, :height, :width]
            inside.mul_(enlarged(factor))
            if rest is not None:
                inside += enlarged(rest) / sums[:, :, :height, :width]
            found.append(self._to_inputs(number, kept.inputs, divided, loss))
        return found

    def _to_inputs(self, number: int, inputs: Tensor, divided: Tensor, loss: Loss) -> Tensor:
        """Hand R / (z + epsilon) of a convolution to its inputs, and what is lost to z = 0 too."""
        positive, lifted = self.positive[number], self.lifted[number]
        if number > 0:
            relevance = inputs * positive.adjoint(divided)
        else:
            first, second = inputs.chunk(2, 1)
            if self.box or bool(second.any()):
                one, two = (inputs * positive.adjoint(divided)).chunk(2, 1)
                relevance = one + two
            else:
                relevance = first * positive.adjoint(divided, first.shape[1])
            inputs = first
        losing = loss.left(relevance)
        if losing is None:
            return relevance
        left = self.epsilon * divided * losing
        loss.found(left)
        raised = inputs + self.epsilon
        seen = raised if number > 0 else torch.cat([raised, torch.zeros_like(raised)], 1)
        left /= lifted(seen).clamp_(min=LEAST_REACH)
        return relevance + raised * lifted.adjoint(left, raised.shape[1])
