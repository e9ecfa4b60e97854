"""Stopping when the validation has not got better, also with a break in between."""

import json

import numpy as np
import pytest
import torch
from safetensors.torch import load, save

from napari_npm.core import _training_loop
from napari_npm.core.network import NetworkConfig
from napari_npm.core.training import TrainingState, state_from_tensors, state_to_tensors, train

RNG = np.random.default_rng(3)
IMAGES = RNG.uniform(0, 1, (12, 16, 16)).astype(np.float32)
LABELS = np.arange(12) % 2
HELD_OUT = (RNG.uniform(0, 1, (6, 16, 16)).astype(np.float32), np.arange(6) % 2)
SHORT = {
    "config": NetworkConfig(widths=(4, 6), input_size=16),
    "epochs": 9,
    "batch_size": 5,
    "seed": 7,
    "brightness": 0.1,
    "contrast": 0.1,
}


def same(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[k], other[k]) for k in one)


@pytest.fixture
def validated(monkeypatch):
    """Say what the validation finds: (loss, accuracy) of each epoch, by its number."""
    real = _training_loop.Loop._validate

    def script(*figures: tuple[float, float]) -> None:
        def validate(self, epoch):
            return (*figures[epoch - 1], real(self, epoch)[2])

        monkeypatch.setattr(_training_loop.Loop, "_validate", validate)

    return script


WORSE = (9.0, 0.1)


def test_stops_after_patience_epochs_without_better_and_keeps_the_best(validated) -> None:
    validated((0.9, 0.5), (0.8, 0.6), WORSE, (0.7, 0.6), WORSE, (0.7, 0.6), WORSE, WORSE, WORSE)
    kept = {}
    result = train(
        IMAGES,
        LABELS,
        validation=HELD_OUT,
        patience=3,
        on_epoch=lambda record, state: kept.update({record.epoch: state}),
        **SHORT,
    )
    # epoch 4 has the accuracy of epoch 2 and a smaller loss; epoch 6 is as good, not better
    assert [record.epoch for record in result.history] == list(range(1, 8))
    assert result.best_epoch == 4
    assert same(result.model.state_dict(), kept[4].best)
    # the schedule is that of all nine epochs, cut
    whole = train(IMAGES, LABELS, **SHORT)
    rates = [record.learning_rate for record in result.history]
    assert rates == [record.learning_rate for record in whole.history[:7]]
    assert [record.loss for record in result.history] == [r.loss for r in whole.history[:7]]


def test_never_stops_without_patience_or_validation(validated) -> None:
    assert len(train(IMAGES, LABELS, patience=1, **SHORT).history) == 9
    validated((0.1, 1.0), *[WORSE] * 8)
    assert len(train(IMAGES, LABELS, validation=HELD_OUT, **SHORT).history) == 9
    assert len(train(IMAGES, LABELS, validation=HELD_OUT, patience=1, **SHORT).history) == 2


def test_a_break_anywhere_changes_neither_the_curve_nor_the_stop(validated) -> None:
    validated((0.9, 0.5), (0.8, 0.6), WORSE, WORSE, (0.1, 1.0), WORSE, WORSE, WORSE, WORSE)
    states: list[TrainingState] = []
    options = {**SHORT, "validation": HELD_OUT, "patience": 3}
    whole = train(IMAGES, LABELS, on_epoch=lambda _, s: states.append(s), **options)
    assert len(whole.history) == 8
    for state in states:
        tensors, info = state_to_tensors(state)
        stored = state_from_tensors(load(save(tensors)), json.loads(json.dumps(info)))
        again = train(IMAGES, LABELS, resume=stored, **options)
        assert again.history == whole.history
        assert again.best_epoch == whole.best_epoch == 5
        assert same(again.model.state_dict(), whole.model.state_dict())
        assert same(again.state.optimizer, whole.state.optimizer)


def test_validation_is_told_under_its_names() -> None:
    told = []

    def progress(done, total, message="", metrics=None) -> None:
        if metrics and "validation_loss" in metrics:
            told.append((done, total, message, dict(metrics)))

    result = train(IMAGES, LABELS, validation=HELD_OUT, progress=progress, **{**SHORT, "epochs": 2})
    # three steps an epoch
    assert [one[:3] for one in told] == [
        (3, 6, "Validated epoch 1 of 2"),
        (6, 6, "Validated epoch 2 of 2"),
    ]
    for (*_, metrics), record in zip(told, result.history, strict=True):
        assert metrics["validation_loss"] == record.validation_loss
        assert metrics["validation_accuracy"] == record.validation_accuracy
        assert metrics["loss"] == record.loss
        assert metrics["epoch"] == record.epoch
