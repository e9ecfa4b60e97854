"""The alpha1-beta0 rules of deep Taylor decomposition as zennit hooks on a fused copy."""

import copy
from typing import Any, Literal

import torch
from torch import Tensor, nn

from ._ties import share_ties
from ._zennit import (
    Activation,
    AvgPool,
    BasicHook,
    BatchNorm,
    Composite,
    Linear,
    Norm,
    ParamMod,
    Pass,
    ZBox,
    ZPlus,
)
from .errors import NpmError
from .network import fused_copy

EPSILON = 1e-6  # zennit's own stabiliser, added to every denominator
EPSILON_DOUBLE = 1e-12  # the same for networks of double precision
LEAST_LOSS = 1e-5  # share of an image's relevance that a layer may lose before it is looked for


class _Spread(BasicHook):  # type: ignore[misc]  # zennit has no types
    """Places what a rule loses to its denominator, as the rule with all inputs lifted by epsilon.

    A unit that fires by its bias alone (all its inputs are zero, as inside unhydrated cement) has
    the relevance share 0/0. Lifted, it is w+ / sum(w+), the rule's limit for equal, vanishing
    inputs; a unit without positive weights shares by its inputs.
    """

    @property
    def _epsilon(self) -> float:
        double = self.stored_tensors["input"][0].dtype == torch.float64
        return EPSILON_DOUBLE if double else EPSILON

    def backward(self, module: nn.Module, grad_input: Any, grad_output: Any) -> tuple[Any, ...]:
        """Apply the rule, then add what it lost."""
        rule: Any = self.gradient_mapper
        divided: list[Tensor] = []  # R / (z + epsilon)

        def mapper(arriving: Tensor, outputs: list[Tensor]) -> Any:
            found = rule(arriving, outputs)
            divided.append((found if isinstance(found, Tensor) else found[0]).detach())
            return found

        self.gradient_mapper: Any = mapper
        try:
            ruled = super().backward(module, grad_input, grad_output)
        finally:
            self.gradient_mapper = rule
        arriving = grad_output[0]
        relevance = next(value for value in ruled if value is not None)
        before, after = _sums(arriving), _sums(relevance)
        losing = (before - after) > LEAST_LOSS * before.abs()
        if not losing.any():
            return tuple(ruled)
        # R epsilon / (z + epsilon) is lost
        left = self._epsilon * divided[0].abs() * arriving.sign()
        left *= losing.to(left).view(-1, *[1] * (left.ndim - 1))
        lifted = self.stored_tensors["input"][0].clamp(min=0) + self._epsilon
        spread = _by_positive_weights(module, lifted, left)
        self.stored_tensors["spread"] = _sums(left)
        return tuple(None if value is None else value + spread for value in ruled)


class _SpreadZPlus(_Spread, ZPlus):  # type: ignore[misc]  # zennit has no types
    pass


class _SpreadZBox(_Spread, ZBox):  # type: ignore[misc]  # zennit has no types
    pass


class _SpreadNorm(_Spread, Norm):  # type: ignore[misc]  # zennit has no types
    pass


def _by_positive_weights(module: nn.Module, inputs: Tensor, left: Tensor) -> Tensor:
    def positive(value: Tensor, name: str) -> Tensor:
        return torch.zeros_like(value) if name == "bias" else value.clamp(min=1e-12)

    lifted = inputs.detach().requires_grad_()
    with ParamMod(positive)(module) as changed, torch.enable_grad():
        reach = changed.forward(lifted)
    (factor,) = torch.autograd.grad(reach, lifted, left / reach.detach().clamp(min=1e-20))
    return (lifted * factor).detach()


def _sums(values: Tensor) -> Tensor:
    return values.double().flatten(1).sum(1)


class ZennitEngine:
    """Explains batches of one size with a fused copy of a network.

    Parameters
    ----------
    model : torch.nn.Module
        The network; left as it is.
    sample : Tensor
        (1, 1, H, W) one image on the network's device, to find the first layer that runs and to
        see that the fused copy answers like the network.
    input_rule : {"zplus", "zbox"}
        Rule of the first layer.
    undefined : {"spread", "drop"}
        What becomes of relevance at 0/0.
    """

    def __init__(
        self,
        model: nn.Module,
        sample: Tensor,
        input_rule: Literal["zplus", "zbox"],
        undefined: Literal["spread", "drop"],
    ) -> None:
        self.network = _checked_copy(model, sample)
        if undefined == "spread":
            share_ties(self.network)
        first, self.n_classes = _probe(self.network, sample)
        epsilon = EPSILON_DOUBLE if sample.dtype == torch.float64 else EPSILON
        spread = undefined == "spread"
        zplus, norm = (_SpreadZPlus, _SpreadNorm) if spread else (ZPlus, Norm)
        zbox = _SpreadZBox if spread else ZBox
        rules: dict[str, Any] = {}
        for name, module in self.network.named_modules():
            if name == first and input_rule == "zbox":
                rules[name] = zbox(low=0.0, high=1.0, stabilizer=epsilon, zero_params="bias")
            elif isinstance(module, Linear):
                rules[name] = zplus(stabilizer=epsilon, zero_params="bias")
            elif isinstance(module, AvgPool):
                rules[name] = norm(stabilizer=epsilon)
            elif isinstance(module, Activation | BatchNorm):
                # a batch norm that could not be fused scales each value: all goes to that value
                rules[name] = Pass()
        self._composite = Composite(module_map=lambda _ctx, name, _module: rules.get(name))

    def __call__(self, batch: Tensor, target: Tensor | None) -> tuple[Tensor, Tensor, Tensor]:
        """Return relevance (n, H, W) started from 1, logits (n, C) and the share met as 0/0 (n,).

        ``target`` (n,) holds classes; None takes the class predicted.
        """
        images = batch.detach().clone().requires_grad_()
        with self._composite.context(self.network) as network:
            logits = network(images)
            chosen = logits.argmax(1) if target is None else target.to(logits.device)
            start = torch.nn.functional.one_hot(chosen, logits.shape[1]).to(logits)
            (relevance,) = torch.autograd.grad(logits, images, start)
            met = torch.zeros(len(batch), dtype=torch.float64)
            for hook in self._composite.hook_refs:
                met += hook.stored_tensors.get("spread", torch.zeros(1)).cpu()
        return relevance[:, 0].detach(), logits.detach(), met


def _checked_copy(model: nn.Module, sample: Tensor) -> nn.Module:
    """Return the fused copy, or the plain one where a forward in disguise defeats the fusing."""
    plain, fused = copy.deepcopy(model).eval(), fused_copy(model)
    with torch.no_grad():
        true, found = plain(sample), fused(sample)
    scale = float(true.abs().max()) + 1.0
    same = true.shape == found.shape and float((true - found).abs().max()) < 1e-3 * scale
    return (fused if same else plain).requires_grad_(False)


def _probe(network: nn.Module, sample: Tensor) -> tuple[str, int]:
    """Name of the convolution or linear layer that runs first, and the number of classes."""
    order: list[str] = []
    handles = [
        module.register_forward_pre_hook(lambda *_, name=name: order.append(name))
        for name, module in network.named_modules()
        if isinstance(module, Linear)
    ]
    try:
        with torch.no_grad():
            logits = network(sample)
    finally:
        for handle in handles:
            handle.remove()
    if not order:
        raise NpmError(
            "The network has no convolution or linear layer that could be explained: use a "
            "network built of torch modules."
        )
    if logits.ndim != 2:
        raise NpmError(
            f"The network's output has {logits.ndim} dimensions: explaining needs one value a "
            "class, (images, classes)."
        )
    return order[0], int(logits.shape[1])
