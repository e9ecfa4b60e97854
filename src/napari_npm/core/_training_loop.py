"""The training loop from one epoch to the next."""

import copy
import math
import time
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ._batches import MapStore, batches, epoch_plan
from ._maps import Maps
from ._training_state import EpochRecord, TrainingState
from .errors import NpmError
from .network import NanoporosityNet, NetworkConfig
from .prediction import probabilities
from .progress import Progress


class Loop:
    """The training between two epochs: network, optimizer, history and best network."""

    def __init__(
        self,
        store: MapStore,
        labels: NDArray[np.int64],
        held_out: tuple[Maps, NDArray[np.int64]] | None,
        model: NanoporosityNet,
        settings: dict[str, Any],
        device: torch.device,
        progress: Progress,
    ) -> None:
        self.store, self.labels, self.held_out = store, labels, held_out
        self.settings, self.device, self.progress = settings, device, progress
        # channels_last: 1.7 times as fast on a CPU
        self.model: NanoporosityNet = model.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.named = dict(self.model.named_parameters())
        decaying = [p for p in self.named.values() if p.ndim > 1]
        others = [p for p in self.named.values() if p.ndim <= 1]
        self.optimizer = torch.optim.AdamW(
            [
                {"params": decaying, "weight_decay": settings["weight_decay"]},
                {"params": others, "weight_decay": 0.0},
            ],
            lr=settings["learning_rate"],
        )
        counts = np.bincount(labels, minlength=settings["n_classes"])
        weights = torch.as_tensor(len(labels) / (len(counts) * counts), dtype=torch.float32)
        self.loss = nn.CrossEntropyLoss(weight=weights.to(device))
        self.epoch = 0
        self.history: tuple[EpochRecord, ...] = ()
        self.best: dict[str, Tensor] = {}
        self.best_epoch: int | None = None
        rng = np.random.default_rng([settings["seed"], 0, 1])
        n = min(len(labels), settings["norm_images"])
        self.norm_plan = _even(np.sort(rng.permutation(len(labels))[:n]), settings["batch_size"])

    def run_epoch(self) -> EpochRecord:
        """Train one epoch; the state before it is lost only when it is complete."""
        began = time.perf_counter()
        total_epochs, epoch = self.settings["epochs"], self.epoch + 1
        height, width = self.store.shape[-2:]
        n = len(self.store)
        plan, elements = epoch_plan(
            n,
            self.settings["batch_size"],
            self.settings["seed"],
            epoch,
            self.settings["augment"],
            height == width,
        )
        self.model.train()
        loss_sum, right, seen, rate = 0.0, 0, 0, 0.0
        for number, (images, indices) in enumerate(batches(self.store, plan, elements)):
            steps_done = self.epoch * len(plan) + number
            rate = self._set_rate(steps_done / (total_epochs * len(plan)))
            target = torch.as_tensor(self.labels[indices], device=self.device)
            self.optimizer.zero_grad(set_to_none=True)
            logits = self.model(self._to_device(images))
            loss = self.loss(logits, target)
            loss.backward()
            self.optimizer.step()
            seen += len(indices)
            loss_sum += float(loss.detach()) * len(indices)
            right += int((logits.detach().argmax(1) == target).sum())
            self.progress(
                steps_done + 1,
                total_epochs * len(plan),
                f"Epoch {epoch} of {total_epochs}",
                {"epoch": epoch, "loss": loss_sum / seen, "accuracy": right / seen},
            )
        if not math.isfinite(loss_sum):
            raise NpmError(
                f"The training diverged in epoch {epoch} (loss is not a number): use a smaller "
                "learning rate."
            )
        validation_loss, validation_accuracy = None, None
        tested: dict[str, Tensor] = {}
        if self.held_out is not None:
            validation_loss, validation_accuracy, tested = self._validate(epoch)
        record = EpochRecord(
            epoch=epoch,
            loss=loss_sum / n,
            accuracy=right / n,
            validation_loss=validation_loss,
            validation_accuracy=validation_accuracy,
            learning_rate=rate,
            seconds=time.perf_counter() - began,
        )
        if tested and (
            self.best_epoch is None or _better(record, self.history[self.best_epoch - 1])
        ):
            self.best, self.best_epoch = tested, epoch
        self.history = (*self.history, record)
        self.epoch = epoch
        return record

    def _validate(self, epoch: int) -> tuple[float, float, dict[str, Tensor]]:
        assert self.held_out is not None
        maps, labels = self.held_out
        tested = self._with_norms_estimated(self.model)
        progress = self._standing(f"Validating epoch {epoch}", epoch)
        found = probabilities(tested, maps, self.settings["batch_size"], progress)
        chosen = np.take_along_axis(found.astype(float), labels[:, None], 1)[:, 0]
        loss = -np.log(np.maximum(chosen, 1e-12))
        right = found.argmax(1) == labels
        present = np.unique(labels)  # every class weighs the same
        return (
            float(np.mean([loss[labels == c].mean() for c in present])),
            float(np.mean([right[labels == c].mean() for c in present])),
            _snapshot(tested.state_dict()),
        )

    def _standing(self, what: str, epoch: int) -> Progress:
        """Let the progress be told, and cancel, without moving on."""
        steps = -(-len(self.store) // self.settings["batch_size"])

        def tell(
            done: int,
            total: int,
            message: str = "",  # noqa: ARG001 - part of the protocol
            metrics: Mapping[str, float] | None = None,
        ) -> None:
            self.progress(
                epoch * steps,
                self.settings["epochs"] * steps,
                f"{what}: {done} of {total}",
                metrics,
            )

        return tell

    def _with_norms_estimated(self, model: NanoporosityNet) -> NanoporosityNet:
        """Copy the network and average its batch-norm statistics over training maps."""
        copied = copy.deepcopy(model)
        norms = [module for module in copied.modules() if isinstance(module, nn.BatchNorm2d)]
        for norm in norms:
            norm.reset_running_stats()
            norm.momentum = None  # the mean over all batches
        copied.train()
        with torch.no_grad():
            for images, _ in batches(self.store, self.norm_plan, None):
                copied(self._to_device(images))
        for norm, original in zip(
            norms, (m for m in model.modules() if isinstance(m, nn.BatchNorm2d)), strict=True
        ):
            norm.momentum = original.momentum
        return copied.eval()

    def _set_rate(self, progress: float) -> float:
        rate = self.settings["learning_rate"] * 0.5 * (1 + math.cos(math.pi * progress))
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        return float(rate)

    def _to_device(self, images: NDArray[np.float32]) -> Tensor:
        return torch.as_tensor(images).to(self.device, memory_format=torch.channels_last)

    def state(self) -> TrainingState:
        """Copy all that the next epoch starts from."""
        moments = {
            f"{name}/{key}": value
            for name, parameter in self.named.items()
            for key, value in self.optimizer.state[parameter].items()
        }
        return TrainingState(
            epoch=self.epoch,
            model=_snapshot(self.model.state_dict()),
            optimizer=_snapshot(moments),
            best=dict(self.best),
            best_epoch=self.best_epoch,
            history=self.history,
            settings=copy.deepcopy(self.settings),
        )

    def restore(self, state: TrainingState) -> None:
        """Take over a state; NpmError if it is of another training."""
        for name, value in self.settings.items():
            if state.settings.get(name) != value:
                raise NpmError(
                    f"The training to go on with had {name} = {state.settings.get(name)}, not "
                    f"{value}: use the same settings, or train from the start."
                )
        try:
            self.model.load_state_dict(state.model)
            for name, parameter in self.named.items():
                moments = {
                    key.rpartition("/")[2]: value.clone()
                    for key, value in state.optimizer.items()
                    if key.rpartition("/")[0] == name
                }
                for key in ("exp_avg", "exp_avg_sq"):
                    moments[key] = torch.empty_like(parameter).copy_(moments[key])
                self.optimizer.state[parameter] = moments
        except (RuntimeError, KeyError) as error:
            raise NpmError(
                "The stored training does not fit its network: delete it and train again."
            ) from error
        self.epoch, self.history = state.epoch, state.history
        self.best, self.best_epoch = dict(state.best), state.best_epoch

    def finished(self) -> NanoporosityNet:
        """Build the network to keep: that of the best epoch, else of the last."""
        if self.best_epoch is None:
            weights = _snapshot(self._with_norms_estimated(self.model).state_dict())
        else:
            weights = self.best
        config = NetworkConfig.from_dict(self.settings["config"])
        model = seeded_network(self.settings["n_classes"], config, 0)
        model.load_state_dict(weights)
        return model.eval()


def _better(record: EpochRecord, best: EpochRecord) -> bool:
    """Say whether the validation got better: by accuracy, then by loss."""
    assert record.validation_accuracy is not None
    assert best.validation_accuracy is not None
    assert record.validation_loss is not None
    assert best.validation_loss is not None
    return (record.validation_accuracy, -record.validation_loss) > (
        best.validation_accuracy,
        -best.validation_loss,
    )


def seeded_network(n_classes: int, config: NetworkConfig, seed: int) -> NanoporosityNet:
    """Build a network with seeded weights, leaving torch's global generator as it is."""
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        return NanoporosityNet(n_classes, config)


def _snapshot(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {
        name: tensor.detach().to("cpu", copy=True).contiguous() for name, tensor in tensors.items()
    }


def _even(indices: NDArray[np.int64], batch_size: int) -> list[NDArray[np.int64]]:
    return np.array_split(indices, -(-len(indices) // batch_size))
