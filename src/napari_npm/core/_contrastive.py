"""What speaks for a class rather than for others, followed from features in depth to the pixels."""

import torch
from torch import Tensor, nn

from ._explanation import LEAST_LOSS, Answer, Ask, InputRule, Undefined
from ._fused import LEAST_LOSS_BFLOAT16, FusedEngine
from ._fused_layers import Loss
from .network import fused_copy


class ContrastiveEngine(FusedEngine):
    """The contrastive rule, with the weights of one network.

    Half-way up, after three of seven blocks or two of four, each feature gets the positive part of
    activation times slope of the score less the mean of the others' (as LayerCAM, Jiang et al.
    2021, doi:10.1109/TIP.2021.3089943, on a contrast as Gu et al. 2018, arXiv:1812.02100); the
    alpha1-beta0 rule takes it on to the pixels. Biases and negative weights above the cut count,
    so that the map depends on the class, which alpha1-beta0 alone hardly does.

    Parameters
    ----------
    model, input_rule, undefined, dtype
        As for `FusedEngine`.
    """

    def __init__(
        self, model: nn.Module, input_rule: InputRule, undefined: Undefined, dtype: torch.dtype
    ) -> None:
        super().__init__(model, input_rule, undefined, dtype)
        network = fused_copy(model).requires_grad_(False).to(self.exact)
        blocks: list[nn.Module] = list(network.get_submodule("blocks").children())
        self.cut = len(blocks) // 2
        self.upper = nn.Sequential(*blocks[self.cut :], network.get_submodule("head"))

    def _explain(self, batch: Tensor, ask: Ask) -> Answer:
        kept = self._forward(batch, self.cut)
        features = (kept[-1].pooled if kept else batch).to(self.exact).detach().requires_grad_()
        with torch.enable_grad():
            logits = self.upper(features)
        starts = contrasts(ask(logits.detach()))
        least = LEAST_LOSS_BFLOAT16 if self.dtype == torch.bfloat16 else LEAST_LOSS
        losses = [Loss(self.epsilon, least, self.spread, len(batch)) for _ in starts]
        relevance = []
        for k, start in enumerate(starts):
            last = k == len(starts) - 1
            (slope,) = torch.autograd.grad(logits, features, start, retain_graph=not last)
            evidence = (features.detach() * slope).clamp(min=0)
            whole = evidence.sum((1, 2, 3), keepdim=True)
            # without any evidence for the class there is nothing to follow
            relevance.append((evidence / torch.where(whole > 0, whole, 1)).to(self.dtype))
        for number in reversed(range(len(kept))):
            relevance = self._back(number, kept.pop(), relevance, losses)
        outputs = (starts.double().cpu() * logits.detach().double().cpu()).sum(2)
        maps = torch.stack(relevance).to(self.exact)
        return Answer(maps, logits.detach(), outputs, torch.stack([loss.met for loss in losses]))


def contrasts(starts: Tensor) -> Tensor:
    """Return the weights of classes (K, n, classes) with the mean of the others taken off.

    Those that compare classes already, and so sum to 0, stay.
    """
    n_classes = starts.shape[2]
    alone = starts.sum(2, keepdim=True) > 0.5
    return torch.where(alone, starts - (1 - starts) / max(n_classes - 1, 1), starts)
