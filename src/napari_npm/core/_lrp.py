"""Rules of relevance propagation as zennit hooks on a fused copy: alpha1-beta0, epsilon-plus."""

import copy
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any, Literal

import torch
from torch import Tensor, nn

from ._explanation import EPSILON, EPSILON_DOUBLE, LEAST_LOSS, Answer, Ask, InputRule, Undefined
from ._memory import is_out_of_memory
from ._ties import share_ties
from ._zennit import (
    Activation,
    AvgPool,
    BasicHook,
    BatchNorm,
    Composite,
    Epsilon,
    Linear,
    Norm,
    ParamMod,
    Pass,
    ZBox,
    ZPlus,
)
from .errors import NpmError
from .network import fused_copy


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
    """Explains batches with a fused copy of any network.

    Parameters
    ----------
    model : torch.nn.Module
        The network; left as it is.
    sample : Tensor
        (1, C, H, W) one image on the network's device, to find the first layer that runs and to
        see that the fused copy answers like the network.
    input_rule : {"zplus", "zbox"}
        Rule of the first layer.
    undefined : {"spread", "drop"}
        What becomes of relevance at 0/0.
    rule : {"alpha1-beta0", "epsilon-plus"}
        The second has the epsilon rule on linear layers, which gives both signs; it drops 0/0.
    """

    name = "zennit"

    def __init__(
        self,
        model: nn.Module,
        sample: Tensor,
        input_rule: InputRule,
        undefined: Undefined,
        rule: Literal["alpha1-beta0", "epsilon-plus"] = "alpha1-beta0",
    ) -> None:
        self.signed = rule == "epsilon-plus"
        spread = undefined == "spread" and not self.signed
        self.network = _checked_copy(model, sample)
        if spread:
            share_ties(self.network)
        first, self._head = _probe(self.network, sample)
        epsilon = EPSILON_DOUBLE if sample.dtype == torch.float64 else EPSILON
        zplus, norm = (_SpreadZPlus, _SpreadNorm) if spread else (ZPlus, Norm)
        zbox = _SpreadZBox if spread else ZBox
        rules: dict[str, Any] = {}
        for name, module in self.network.named_modules():
            if name == first and input_rule == "zbox":
                rules[name] = zbox(low=0.0, high=1.0, stabilizer=epsilon, zero_params="bias")
            elif self.signed and isinstance(module, nn.Linear):
                rules[name] = Epsilon(epsilon=epsilon, zero_params="bias")
            elif isinstance(module, Linear):
                rules[name] = zplus(stabilizer=epsilon, zero_params="bias")
            elif isinstance(module, AvgPool):
                rules[name] = norm(stabilizer=epsilon)
            elif isinstance(module, Activation | BatchNorm):
                # a batch norm that could not be fused scales each value: all goes to that value
                rules[name] = Pass()
        self._composite = Composite(module_map=lambda _ctx, name, _module: rules.get(name))

    def at_once(self, shape: tuple[int, ...]) -> int | None:  # noqa: ARG002 - any number
        """Return None: as many images as memory holds."""
        return None

    def __call__(self, batch: Tensor, ask: Ask) -> Answer:
        """Explain a batch (n, C, H, W).

        Raises
        ------
        NpmError
            If classes are to be compared and the network does not end with a linear layer.
        """
        images = batch.detach().clone().requires_grad_()
        maps, met = [], []
        with self._composite.context(self.network) as network, torch.enable_grad():
            logits = network(images)
            starts = ask(logits.detach())
            outputs = (starts.double() * logits.detach().double()).sum(2)
            for k, start in enumerate(starts):
                single = bool(((start == 0) | (start == 1)).all() and (start.sum(1) == 1).all())
                # the rules read the weights on the way back too
                with nullcontext(start) if single else self._compared(start) as rows:
                    found = logits if single else network(images)
                    # of a signed rule the output's sign matters
                    first = rows * outputs[k, :, None].to(rows) if self.signed else rows
                    for hook in self._composite.hook_refs:
                        hook.stored_tensors.pop("spread", None)
                    more = single and k < len(starts) - 1
                    maps.append(torch.autograd.grad(found, images, first, retain_graph=more)[0])
                lost = [hook.stored_tensors.get("spread") for hook in self._composite.hook_refs]
                zeros = torch.zeros(len(batch), dtype=torch.float64)
                met.append(sum((part.cpu() for part in lost if part is not None), zeros))
        return Answer(torch.stack(maps), logits.detach(), outputs.cpu(), torch.stack(met))

    @contextmanager
    def _compared(self, weights: Tensor) -> Iterator[Tensor]:
        """Give the copy an output for each row of class weights (n, classes), and say whose."""
        if self._head is None:
            raise NpmError(
                "Two classes can be compared only in a network whose last module is linear: "
                "explain one class at a time."
            )
        rows, which = torch.unique(weights, dim=0, return_inverse=True)
        head = self._head
        weight, bias = head.weight, head.bias
        try:
            head.weight = nn.Parameter(rows @ weight, requires_grad=False)
            if bias is not None:
                head.bias = nn.Parameter(rows @ bias, requires_grad=False)
            yield torch.nn.functional.one_hot(which, len(rows)).to(weights)
        finally:
            head.weight, head.bias = weight, bias


def _checked_copy(model: nn.Module, sample: Tensor) -> nn.Module:
    """Return the fused copy, or the plain one where a forward in disguise defeats the fusing."""
    plain, fused = copy.deepcopy(model).eval(), fused_copy(model)
    with torch.no_grad():
        try:
            true = plain(sample)
        except RuntimeError as error:
            if is_out_of_memory(error):
                raise
            raise NpmError(
                f"The network cannot read maps of {' x '.join(map(str, sample.shape[1:]))} "
                "(channels, rows, columns): give it what it was trained on."
            ) from error
        found = fused(sample)
    scale = float(true.abs().max()) + 1.0
    same = true.shape == found.shape and float((true - found).abs().max()) < 1e-3 * scale
    return (fused if same else plain).requires_grad_(False)


def _probe(network: nn.Module, sample: Tensor) -> tuple[str, nn.Linear | None]:
    """Name of the convolution or linear layer that runs first, and the linear layer that is last.

    The second is None where the network's output is not what one linear layer gave.
    """
    order: list[str] = []
    given: list[Tensor] = []

    def note(name: str, output: Any) -> None:
        order.append(name)
        given.append(output)

    handles = [
        module.register_forward_hook(lambda _m, _i, output, name=name: note(name, output))
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
    if not isinstance(logits, Tensor) or logits.ndim != 2:
        raise NpmError(
            "The network's output is not one value a class, (images, classes): explaining needs "
            "that."
        )
    last = network.get_submodule(order[-1])
    alone = isinstance(last, nn.Linear) and order.count(order[-1]) == 1
    same = given[-1].shape == logits.shape and torch.equal(given[-1], logits)
    return order[0], last if isinstance(last, nn.Linear) and alone and same else None
