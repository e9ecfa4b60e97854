"""One step of training after another: forward, gradients, AdamW."""

import copy
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ._augment import Indices, evenly
from ._batches import MapStore, batches
from ._devices import autocast
from ._distributed import Team
from ._memory import Portion
from .network import NanoporosityNet


class Learner:
    """A network that learns: its optimizer, and the gradients of a step.

    The gradient of a step is that of its whole batch, in however many portions and by however many
    processes it is worked out; only batch norm sees no more than a portion at a time.

    Parameters
    ----------
    model : NanoporosityNet
        Taken over: moved to the device.
    labels : ndarray of int, (N,)
        Class of each training map.
    settings : dict
        As in `TrainingState`.
    device : torch.device
        Where it learns.
    team : Team
        The processes that share the steps.
    portion : Portion
        How many maps are worked on at a time.
    compiled : bool
        Whether to use torch.compile.
    """

    def __init__(
        self,
        model: NanoporosityNet,
        labels: NDArray[np.int64],
        settings: dict[str, Any],
        device: torch.device,
        team: Team,
        portion: Portion,
        compiled: bool = False,
    ) -> None:
        self.labels, self.device, self.team, self.portion = labels, device, team, portion
        self.precision: str = settings["precision"]
        # channels_last: 1.7 times as fast on a CPU
        self.model: NanoporosityNet = model.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.named = dict(self.model.named_parameters())
        self.optimizer = torch.optim.AdamW(
            [
                {
                    "params": [p for p in self.named.values() if p.ndim > 1],
                    "weight_decay": settings["weight_decay"],
                },
                {"params": [p for p in self.named.values() if p.ndim <= 1], "weight_decay": 0.0},
            ],
            lr=settings["learning_rate"],
        )
        # float16 has no room for small gradients: they are scaled up before the backward pass
        self.scaler = torch.amp.GradScaler(device.type, enabled=self.precision == "float16")
        counts = np.bincount(labels, minlength=settings["n_classes"])
        self.weights = (len(labels) / (len(counts) * counts)).astype(np.float32)
        self._loss = nn.CrossEntropyLoss(
            weight=torch.as_tensor(self.weights, device=device), reduction="sum"
        )
        self.notes: list[str] = []
        self._forward: Callable[[Tensor], Tensor] = self.model
        if compiled:
            self._compile()

    def _compile(self) -> None:
        try:
            # a tiny function shows whether there is a compiler at all
            torch.compile(lambda values: 2 * values + 1)(torch.ones(8, device=self.device))
        except Exception as error:
            # torch raises many types here, of its own and of the compilers that it calls
            reason = str(error).strip().splitlines() or [type(error).__name__]
            self.notes.append(
                f"torch.compile does not work here ({reason[0]}): trained without it; install a"
                " C++ compiler, or set compile to no."
            )
        else:
            self._forward = torch.compile(self.model)

    def step(
        self, images: NDArray[np.float32], mine: Indices, batch: Indices, rate: float
    ) -> tuple[float, int]:
        """Take one step; return the loss of the batch and how many maps were told rightly.

        Parameters
        ----------
        images : ndarray, (n, C, H, W)
            This process's share of the batch.
        mine, batch : ndarray of int
            Indices of the share and of the whole batch.
        rate : float
            Learning rate.

        Raises
        ------
        NpmError
            If memory runs out with one map, or another process is gone.
        FloatingPointError
            If the loss is not a number.
        """
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        whole = float(self.weights[self.labels[batch]].sum())
        target = self.labels[mine]
        done = self.portion.work(
            lambda size: self._gradients(images, target, whole, size), len(images)
        )
        if self.team.size > 1:
            done = self._added(done)
        loss, right = (float(value) for value in done)
        if not math.isfinite(loss):
            raise FloatingPointError
        self.scaler.step(self.optimizer)
        self.scaler.update()
        return loss, round(right)

    def _gradients(
        self, images: NDArray[np.float32], target: NDArray[np.int64], whole: float, size: int
    ) -> Tensor:
        self.optimizer.zero_grad(set_to_none=True)
        # a process that has no map in this step needs a scale as well
        self.scaler.scale(torch.zeros(1, device=self.device))
        done = torch.zeros(2, device=self.device)
        for part in evenly(np.arange(len(images)), size) if len(images) else ():
            wanted = torch.as_tensor(target[part], device=self.device)
            with autocast(self.device, self.precision):
                logits = self._forward(self.to_device(images[part[0] : part[-1] + 1]))
            loss = self._loss(logits.float(), wanted) / whole
            self.scaler.scale(loss).backward()
            right = (logits.detach().argmax(1) == wanted).sum()
            done += torch.stack([loss.detach(), right.to(loss.dtype)])
        return done

    def _added(self, done: Tensor) -> Tensor:
        """Put the sum of all processes' gradients in place; return the sum of what they did."""
        parameters = list(self.named.values())
        for parameter in parameters:
            if parameter.grad is None:
                parameter.grad = torch.zeros_like(parameter)
        grads = [parameter.grad for parameter in parameters if parameter.grad is not None]
        total = self.team.add(torch.cat([done, *(grad.reshape(-1) for grad in grads)]))
        start = len(done)
        for grad in grads:
            grad.copy_(total[start : start + grad.numel()].view(grad.shape))
            start += grad.numel()
        return total[: len(done)]

    def to_device(self, images: NDArray[np.float32]) -> Tensor:
        """Return images where and as the network reads them."""
        tensor = torch.from_numpy(images)
        if self.device.type == "cuda":
            tensor = tensor.pin_memory()
        return tensor.to(self.device, non_blocking=True, memory_format=torch.channels_last)

    def estimated(self, store: MapStore, indices: Indices, most: int) -> NanoporosityNet:
        """Copy the network and average its batch-norm statistics over training maps."""
        mine: Indices = self.team.share(indices)
        return self.portion.work(lambda size: self._estimated(store, mine, size), most)

    def _estimated(self, store: MapStore, mine: Indices, most: int) -> NanoporosityNet:
        copied = copy.deepcopy(self.model)
        norms = [module for module in copied.modules() if isinstance(module, nn.BatchNorm2d)]
        for norm in norms:
            norm.reset_running_stats()
            norm.momentum = None  # the mean over all batches
        copied.train()
        parts = evenly(mine, most) if len(mine) else []
        with torch.no_grad():
            for images, _ in batches(store, parts):
                copied(self.to_device(images))
        if self.team.size > 1:
            self._average(norms, len(parts))
        return copied.eval()

    def _average(self, norms: list[nn.BatchNorm2d], n_batches: int) -> None:
        """Make statistics those of all processes' batches."""
        found = [part for norm in norms for part in (norm.running_mean, norm.running_var)]
        kept = [part for part in found if part is not None]
        mine = torch.cat([torch.ones(1, device=self.device), *kept]) * n_batches
        total = self.team.add(mine.cpu().double())
        start = 1
        for part in kept:
            part.copy_(total[start : start + part.numel()] / total[0])
            start += part.numel()

    def moments(self) -> dict[str, Tensor]:
        """Return what the optimizer remembers, by name."""
        found = {
            f"{name}/{key}": value
            for name, parameter in self.named.items()
            for key, value in self.optimizer.state[parameter].items()
        }
        if self.scaler.is_enabled():
            known = self.scaler.state_dict()
            found["scaler/scale"] = torch.tensor(float(known["scale"]))
            found["scaler/growth"] = torch.tensor(int(known["_growth_tracker"]))
        return found

    def restore(self, weights: dict[str, Tensor], moments: dict[str, Tensor]) -> None:
        """Take over weights and what the optimizer remembered; RuntimeError or KeyError else."""
        self.model.load_state_dict(weights)
        for name, parameter in self.named.items():
            kept = {
                key.rpartition("/")[2]: value.clone()
                for key, value in moments.items()
                if key.rpartition("/")[0] == name
            }
            for key in ("exp_avg", "exp_avg_sq"):
                kept[key] = torch.empty_like(parameter).copy_(kept[key])
            self.optimizer.state[parameter] = kept
        if self.scaler.is_enabled():
            self.scaler.load_state_dict(
                {
                    **self.scaler.state_dict(),
                    "scale": float(moments["scaler/scale"]),
                    "_growth_tracker": int(moments["scaler/growth"]),
                }
            )
