"""The training loop from one epoch to the next."""

import copy
import math
import time
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ._augment import epoch_plan
from ._batches import MapStore, batches
from ._maps import Maps
from ._training_state import EpochRecord, TrainingState
from ._training_step import Learner
from .errors import NpmError
from .network import NanoporosityNet, NetworkConfig
from .prediction import probabilities
from .progress import Progress


class Loop:
    """The training between two epochs: the learner, its history and the best network."""

    def __init__(
        self,
        store: MapStore,
        held_out: tuple[Maps, NDArray[np.int64]] | None,
        learner: Learner,
        settings: dict[str, Any],
        progress: Progress,
    ) -> None:
        self.store, self.held_out, self.learner = store, held_out, learner
        self.settings, self.progress = settings, progress
        self.epoch = 0
        self.history: tuple[EpochRecord, ...] = ()
        self.best: dict[str, Tensor] = {}
        self.best_epoch: int | None = None
        n = len(store)
        rng = np.random.default_rng([settings["seed"], 0, 1])
        self.norm_maps = np.sort(rng.permutation(n)[: settings["norm_images"]])
        self.steps = -(-n // settings["batch_size"])

    @property
    def done(self) -> bool:
        """Whether all epochs are done, or the validation has not got better for long enough."""
        patience: int = self.settings["patience"]
        waited = 0 if self.best_epoch is None else self.epoch - self.best_epoch
        return self.epoch >= int(self.settings["epochs"]) or 0 < patience <= waited

    def run_epoch(self) -> EpochRecord:
        """Train one epoch; the state before it is lost only when it is complete."""
        began = time.perf_counter()
        epoch, wanted = self.epoch + 1, self.settings
        height, width = self.store.shape[-2:]
        plan = epoch_plan(
            len(self.store),
            wanted["batch_size"],
            wanted["seed"],
            epoch,
            augment=wanted["augment"],
            square=height == width,
            brightness=wanted["brightness"],
            contrast=wanted["contrast"],
        )
        self.learner.model.train()
        loss_sum, right, seen, rate = 0.0, 0, 0, 0.0
        parts = [self.learner.team.share(batch) for batch in plan.batches]
        metrics: dict[str, float] = {}
        for number, (images, mine) in enumerate(batches(self.store, parts, plan)):
            batch = plan.batches[number]
            rate = self._rate(self.epoch * self.steps + number)
            try:
                loss, told = self.learner.step(images, mine, batch, rate)
            except FloatingPointError as error:
                raise _diverged(epoch) from error
            seen += len(batch)
            loss_sum += loss * len(batch)
            right += told
            metrics = {"epoch": epoch, "loss": loss_sum / seen, "accuracy": right / seen}
            self._tell(self.epoch * self.steps + number + 1, f"Epoch {epoch}", metrics)
        validation_loss, validation_accuracy = None, None
        tested: dict[str, Tensor] = {}
        if self.held_out is not None:
            validation_loss, validation_accuracy, tested = self._validate(epoch)
            metrics["validation_loss"] = validation_loss
            metrics["validation_accuracy"] = validation_accuracy
            self._tell(epoch * self.steps, f"Validated epoch {epoch}", metrics)
        record = EpochRecord(
            epoch=epoch,
            loss=loss_sum / seen,
            accuracy=right / seen,
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

    def _tell(self, steps: int, what: str, metrics: Mapping[str, float] | None) -> None:
        total = self.settings["epochs"]
        self.progress(steps, total * self.steps, f"{what} of {total}", metrics)

    def _validate(self, epoch: int) -> tuple[float, float, dict[str, Tensor]]:
        assert self.held_out is not None
        maps, labels = self.held_out
        team = self.learner.team
        tested = self._with_norms_estimated()
        mine: NDArray[np.int64] = team.share(np.arange(len(labels)))
        found = np.zeros((len(labels), self.settings["n_classes"]))
        if len(mine):
            found[mine] = probabilities(
                tested,
                _Some(maps, mine),
                self.settings["batch_size"],
                self._standing(f"Validating epoch {epoch}", epoch),
                self.learner.portion,
            )
        found = team.add(torch.from_numpy(found)).numpy()
        if not np.isfinite(found).all():
            raise _diverged(epoch)
        chosen = np.take_along_axis(found, labels[:, None], 1)[:, 0]
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

        def tell(
            done: int,
            total: int,
            message: str = "",  # noqa: ARG001 - part of the protocol
            metrics: Mapping[str, float] | None = None,
        ) -> None:
            whole = self.settings["epochs"] * self.steps
            self.progress(epoch * self.steps, whole, f"{what}: {done} of {total}", metrics)

        return tell

    def _with_norms_estimated(self) -> NanoporosityNet:
        return self.learner.estimated(self.store, self.norm_maps, self.settings["batch_size"])

    def _rate(self, steps_done: int) -> float:
        """Return the learning rate: one half cosine over all epochs, also if it stops early."""
        progress = steps_done / (self.settings["epochs"] * self.steps)
        return float(self.settings["learning_rate"] * 0.5 * (1 + math.cos(math.pi * progress)))

    def state(self) -> TrainingState:
        """Copy all that the next epoch starts from."""
        return TrainingState(
            epoch=self.epoch,
            model=_snapshot(self.learner.model.state_dict()),
            optimizer=_snapshot(self.learner.moments()),
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
            self.learner.restore(state.model, state.optimizer)
        except (RuntimeError, KeyError) as error:
            raise NpmError(
                "The stored training does not fit its network: delete it and train again."
            ) from error
        self.epoch, self.history = state.epoch, state.history
        self.best, self.best_epoch = dict(state.best), state.best_epoch

    def finished(self) -> NanoporosityNet:
        """Build the network to keep: that of the best epoch, else of the last."""
        if self.best_epoch is None:
            weights = _snapshot(self._with_norms_estimated().state_dict())
        else:
            weights = self.best
        config = NetworkConfig.from_dict(self.settings["config"])
        model = seeded_network(self.settings["n_classes"], config, 0)
        model.load_state_dict(weights)
        return model.eval()


class _Some:
    """Some of the maps, by index."""

    def __init__(self, maps: Maps, indices: NDArray[np.int64]) -> None:
        self._maps, self._indices = maps, indices

    def __len__(self) -> int:
        return len(self._indices)

    def __getitem__(self, number: int) -> Any:
        return self._maps[int(self._indices[number])]


def _diverged(epoch: int) -> NpmError:
    return NpmError(
        f"The training diverged in epoch {epoch} (loss is not a number): use a smaller learning"
        " rate."
    )


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
