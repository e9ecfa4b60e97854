"""Rules that follow the plain gradient, for comparison: any torch network, biases and all."""

import copy
from typing import Literal

import numpy as np
import torch
from torch import Tensor, nn

from ._explanation import Answer, Ask

STEPS = 32  # nodes of the Gauss-Legendre sum of integrated gradients


class GradientEngine:
    """Gradient x input, or integrated gradients from a map of zeros.

    Parameters
    ----------
    model : torch.nn.Module
        Any differentiable network; left as it is.
    rule : {"gradient x input", "integrated gradients"}
        The second is the mean gradient on the way from zeros to the image, times the image
        (Sundararajan et al. 2017, arXiv:1703.01365): it sums to the output less that of zeros.
    """

    name = "torch"
    signed = True

    def __init__(
        self, model: nn.Module, rule: Literal["gradient x input", "integrated gradients"]
    ) -> None:
        self.network = copy.deepcopy(model).eval().requires_grad_(False)
        if rule == "gradient x input":
            self._nodes = [(1.0, 1.0)]
        else:
            nodes, weights = np.polynomial.legendre.leggauss(STEPS)
            self._nodes = [
                (float(node), float(weight))
                for node, weight in zip((nodes + 1) / 2, weights / 2, strict=True)
            ]

    def at_once(self, shape: tuple[int, ...]) -> int | None:  # noqa: ARG002 - any number
        """Return None: as many images as memory holds."""
        return None

    def __call__(self, batch: Tensor, ask: Ask) -> Answer:
        """Explain a batch (n, C, H, W)."""
        with torch.no_grad():
            logits = self.network(batch)
        starts = ask(logits)
        maps = torch.zeros(len(starts), *batch.shape, dtype=batch.dtype, device=batch.device)
        for node, weight in self._nodes:
            images = (node * batch.detach()).requires_grad_()
            with torch.enable_grad():
                found = self.network(images)
            for k, start in enumerate(starts):
                last = k == len(starts) - 1
                (slope,) = torch.autograd.grad(found, images, start, retain_graph=not last)
                maps[k] += weight * slope
        maps *= batch
        outputs = (starts.double() * logits.double()).sum(2).cpu()
        return Answer(maps, logits, outputs, torch.zeros_like(outputs))
