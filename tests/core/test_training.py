import copy
import json

import numpy as np
import pytest
import torch
from safetensors.torch import load, save
from scipy.ndimage import gaussian_filter

from napari_npm.core._augment import epoch_plan, turned
from napari_npm.core._batches import MapStore, batches
from napari_npm.core.errors import Cancelled, NpmError
from napari_npm.core.network import NanoporosityNet, NetworkConfig
from napari_npm.core.training import (
    EpochRecord,
    TrainingState,
    predict,
    state_from_tensors,
    state_to_tensors,
    train,
)

CONFIG = NetworkConfig(widths=(4, 6, 8), input_size=32)


def textures(n: int, seed: int = 0, size: int = 32) -> tuple[np.ndarray, np.ndarray]:
    """Two classes of one mean and spread, the second three times as coarse."""
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % 2
    images = np.empty((n, size, size), np.float32)
    for image, label in zip(images, labels, strict=True):
        field = gaussian_filter(rng.normal(size=(size, size)), (0.7, 2.1)[label], mode="wrap")
        image[:] = np.clip(0.4 + 0.1 * (field - field.mean()) / field.std(), 0, 1)
    return images, labels


def same(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[k], other[k]) for k in one)


SHORT = {"config": CONFIG, "epochs": 4, "batch_size": 5, "learning_rate": 3e-3, "seed": 7}


class Lazy:
    """Maps that can only be indexed by one whole number, and count how often."""

    def __init__(self, images: np.ndarray) -> None:
        self.images, self.read = images, 0

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> np.ndarray:
        if not isinstance(index, int):
            raise TypeError("one map at a time")
        self.read += 1
        return self.images[index]


def test_separable_textures_are_learnt_and_kept_apart_on_new_ones() -> None:
    images, labels = textures(40)
    result = train(images, labels, config=CONFIG, epochs=8, batch_size=8, learning_rate=1e-2)
    new, truth = textures(40, seed=1)
    probabilities = predict(result.model, new)
    assert probabilities.shape == (40, 2)
    assert probabilities.dtype == np.float32
    np.testing.assert_allclose(probabilities.sum(1), 1, atol=1e-6)
    assert (probabilities.argmax(1) == truth).all()
    assert [record.epoch for record in result.history] == list(range(1, 9))
    assert result.history[-1].loss < result.history[0].loss
    assert result.best_epoch == 8
    assert not result.model.training


@pytest.mark.parametrize("with_validation", [False, True])
def test_resuming_from_any_epoch_is_bit_for_bit_the_same(with_validation: bool) -> None:
    images, labels = textures(16)
    validation = textures(8, seed=1) if with_validation else None
    states: list[TrainingState] = []
    whole = train(
        images, labels, validation=validation, on_epoch=lambda _, s: states.append(s), **SHORT
    )
    for state in states:
        tensors, info = state_to_tensors(state)
        stored = state_from_tensors(load(save(tensors)), json.loads(json.dumps(info)))
        again = train(images, labels, validation=validation, resume=stored, **SHORT)
        assert again.history == whole.history
        assert again.best_epoch == whole.best_epoch
        assert same(again.model.state_dict(), whole.model.state_dict())
        assert same(again.state.optimizer, whole.state.optimizer)
    assert not same(states[0].model, states[-1].model)


def test_two_maps_are_read_as_channels_and_turned_together() -> None:
    images, labels = textures(16)
    pairs = np.stack([images, images[:, ::-1]], 1)
    result = train(pairs, labels, **SHORT)
    assert result.model.config.in_channels == 2
    assert predict(result.model, pairs).shape == (16, 2)
    store = MapStore(pairs, 0)
    plan = epoch_plan(16, 4, seed=1, epoch=1, augment=True)
    for batch, indices in batches(store, plan.batches, plan):
        for pair, index in zip(batch, indices, strict=True):
            for channel, image in zip(pair, pairs[index].astype(np.float16), strict=True):
                np.testing.assert_array_equal(channel, turned(image, plan.elements[index]))
    with pytest.raises(NpmError, match=r"1 channel\(s\), but this network reads 2"):
        predict(result.model, images)
    with pytest.raises(NpmError, match="Map 3 is 32 x 32 px with 3 channels and map 0"):
        train([*pairs[:3], np.ones((3, 32, 32))], [0, 1, 0, 1], **SHORT)
    with pytest.raises(NpmError, match="Map 0 has the shape"):
        train(images[:, 0], labels, **SHORT)


def test_seed_decides_and_torch_generator_is_left_alone() -> None:
    images, labels = textures(16)
    torch.manual_seed(123)
    expected = torch.rand(3)
    torch.manual_seed(123)
    one = train(images, labels, **SHORT)
    assert torch.equal(torch.rand(3), expected)
    two = train(images, labels, **SHORT)
    other = train(images, labels, **{**SHORT, "seed": 8})
    assert same(one.model.state_dict(), two.model.state_dict())
    assert not same(one.model.state_dict(), other.model.state_dict())


def test_lazy_maps_give_the_same_with_and_without_cache() -> None:
    images, labels = textures(12)
    kept, reread = Lazy(images), Lazy(images)
    one = train(kept, labels, **SHORT)
    two = train(reread, labels, cache_bytes=0, **SHORT)
    assert kept.read == 12 + 1
    assert reread.read > 4 * 12
    assert same(one.model.state_dict(), two.model.state_dict())


def test_cancelling_leaves_the_last_epochs_state() -> None:
    images, labels = textures(16)
    states: list[TrainingState] = []
    calls: list[tuple[int, int, dict[str, float]]] = []

    def progress(done: int, total: int, message: str = "", metrics=None) -> None:
        if message.startswith("Epoch"):
            calls.append((done, total, dict(metrics)))
            if done == 10:
                raise Cancelled

    with pytest.raises(Cancelled):
        train(images, labels, on_epoch=lambda _, s: states.append(s), progress=progress, **SHORT)
    # four batches an epoch
    assert [(done, total) for done, total, _ in calls] == [(i, 16) for i in range(1, 11)]
    assert {"loss", "accuracy", "epoch"} <= calls[-1][2].keys()
    assert [state.epoch for state in states] == [1, 2]
    kept = copy.deepcopy(states[-1].model)
    resumed = train(images, labels, resume=states[-1], **SHORT)
    assert same(states[-1].model, kept)
    whole = train(images, labels, **SHORT)
    assert same(resumed.model.state_dict(), whole.model.state_dict())


def test_resuming_another_training_is_refused() -> None:
    images, labels = textures(16)
    state = train(images, labels, **{**SHORT, "epochs": 1}).state
    with pytest.raises(NpmError, match="had epochs = 1, not 4"):
        train(images, labels, resume=state, **SHORT)
    tensors, info = state_to_tensors(state)
    del info["epoch"]
    with pytest.raises(NpmError, match="cannot be read"):
        state_from_tensors(tensors, info)
    broken = state_from_tensors({}, state_to_tensors(state)[1])
    with pytest.raises(NpmError, match="does not fit"):
        train(images, labels, resume=broken, **{**SHORT, "epochs": 1})


def test_best_epoch_on_validation_is_kept() -> None:
    images, labels = textures(24)
    held_out, truth = textures(20, seed=2)
    kept: dict[int, TrainingState] = {}
    result = train(
        images,
        labels,
        validation=(held_out, truth),
        on_epoch=lambda record, state: kept.update({record.epoch: state}),
        **{**SHORT, "epochs": 6, "learning_rate": 1e-2},
    )
    scores = [(r.validation_accuracy, -r.validation_loss) for r in result.history]
    assert result.best_epoch == 1 + max(range(6), key=scores.__getitem__)
    assert same(result.model.state_dict(), kept[result.best_epoch].best)
    # the model kept is the one that was measured
    accuracy = (predict(result.model, held_out).argmax(1) == truth).mean()
    assert accuracy == pytest.approx(result.history[result.best_epoch - 1].validation_accuracy)


def test_norm_statistics_are_those_of_the_training_maps() -> None:
    images, labels = textures(16)
    result = train(images, labels, augment=False, **SHORT)
    norm = result.model.blocks[0][1]
    with torch.no_grad():
        seen = result.model.blocks[0][0](torch.as_tensor(images)[:, None])
    # maps were rounded to float16; the variance is a mean over batches
    torch.testing.assert_close(norm.running_mean, seen.mean((0, 2, 3)), rtol=1e-2, atol=1e-4)
    torch.testing.assert_close(norm.running_var, seen.var((0, 2, 3)), rtol=5e-2, atol=1e-5)
    assert norm.momentum == 0.1


def test_rare_class_is_not_forgotten() -> None:
    rng = np.random.default_rng(0)
    labels = np.repeat([0, 1], [45, 3])
    # pure noise: only the classes' weights can balance the answers
    images = rng.uniform(0, 1, (48, 32, 32)).astype(np.float32)
    result = train(
        images, labels, config=CONFIG, epochs=8, batch_size=16, learning_rate=2e-2, weight_decay=0.5
    )
    fresh = rng.uniform(0, 1, (60, 32, 32)).astype(np.float32)
    # 0.34 here; 0.04 without the weights
    assert predict(result.model, fresh)[:, 1].mean() > 0.25


def test_the_eight_turns_are_exact_and_different() -> None:
    image = np.arange(12, dtype=np.float16).reshape(3, 4)
    found = [turned(image, element) for element in range(8)]
    assert len({(view.shape, view.tobytes()) for view in found}) == 8
    assert all(np.array_equal(np.sort(view.ravel()), image.ravel()) for view in found)
    assert all(turned(image, element).shape == image.shape for element in (0, 2, 4, 6))


def test_oblong_maps_train_and_every_map_is_used_once() -> None:
    images = np.random.default_rng(0).uniform(0, 1, (11, 32, 40)).astype(np.float32)
    result = train(images, np.arange(11) % 2, **{**SHORT, "epochs": 1})
    assert predict(result.model, images, batch_size=4).shape == (11, 2)
    plan = epoch_plan(11, 4, seed=1, epoch=3, augment=True, square=False)
    assert sorted(np.concatenate(plan.batches)) == list(range(11))
    assert [len(part) for part in plan.batches] == [4, 4, 3]
    assert set(plan.elements) <= {0, 2, 4, 6}
    store = MapStore(images, 10**9)
    for batch, indices in batches(store, plan.batches):
        np.testing.assert_array_equal(batch[:, 0], images[indices].astype(np.float16))


def test_every_epoch_draws_its_own_order_and_turns() -> None:
    drawn = [epoch_plan(50, 10, 1, epoch, augment=True) for epoch in (1, 2, 1)]
    orders = [np.concatenate(plan.batches).tolist() for plan in drawn]
    turns = [plan.elements.tolist() for plan in drawn]
    assert orders[0] == orders[2] != orders[1]
    assert turns[0] == turns[2] != turns[1]
    assert set(turns[0]) == set(range(8))


def test_predict_leaves_the_network_as_it_is() -> None:
    net = NanoporosityNet(3, CONFIG).train()
    before = copy.deepcopy(net.state_dict())
    images, _ = textures(5)
    found = predict(net, images, batch_size=2)
    assert net.training
    assert same(net.state_dict(), before)
    with torch.no_grad():
        logits = copy.deepcopy(net).eval()(torch.as_tensor(images)[:, None])
    np.testing.assert_allclose(found, torch.softmax(logits, 1).numpy(), atol=1e-5)


def test_state_survives_its_tensors() -> None:
    record = EpochRecord(1, 0.5, 0.75, None, None, 1e-3, 2.0)
    state = TrainingState(1, {"a.b": torch.ones(2)}, {"a.b/step": torch.tensor(3.0)}, {}, None,
                          (record,), {"seed": 1})  # fmt: skip
    back = state_from_tensors(*state_to_tensors(state))
    assert back.history == state.history
    assert back.settings == state.settings
    assert same(back.model, state.model)
    assert same(back.optimizer, state.optimizer)


def spoilt(value: float) -> np.ndarray:
    images, _ = textures(6)
    images[4, 2, 3] = value
    return images


LABELS = np.arange(6) % 2


def test_a_tile_wholly_inside_a_grain_is_learnt_like_any_other() -> None:
    images, labels = textures(6)
    images[2] = 0
    result = train(images, labels, **SHORT)
    assert all(np.isfinite(record.loss) for record in result.history)


@pytest.mark.parametrize(
    ("images", "labels", "options", "sentence"),
    [
        (spoilt(np.nan), LABELS, {}, "Map 4 holds values that are not numbers"),
        (textures(6)[0], np.zeros(6, int), {}, "one sample"),
        (textures(6)[0], np.arange(6) % 2 * 2, {}, "Class 1 has no training maps"),
        (textures(6)[0], LABELS[:5], {}, "6 maps and labels of shape"),
        (textures(6)[0], LABELS - 1, {}, "whole number from 0"),
        (textures(6)[0], LABELS, {"n_classes": 1}, "one sample"),
        (textures(6)[0][:0], LABELS[:0], {}, "no maps"),
        (textures(6)[0], LABELS, {"epochs": 0}, "epochs is 0"),
        (textures(6)[0], LABELS, {"learning_rate": 0.0}, "learning rate"),
        (textures(6)[0], LABELS, {"config": NetworkConfig((4,) * 7)}, "at least 128"),
        (textures(6)[0], LABELS, {"validation": (textures(2)[0], [0, 2])}, "validation map"),
        ([*textures(5)[0], np.ones((32, 33))], LABELS, {}, "one size"),
        (textures(6)[0], LABELS, {"learning_rate": 1e30}, "diverged in epoch"),
    ],
)
def test_bad_input_is_one_sentence(images, labels, options, sentence: str) -> None:
    with pytest.raises(NpmError, match=sentence):
        train(images, labels, **{**SHORT, **options})


@pytest.mark.parametrize(
    ("images", "options", "sentence"),
    [
        (spoilt(np.inf), {}, "Map 4 holds values that are not numbers"),
        (textures(1)[0][:0], {}, "no maps"),
        (textures(1)[0], {"batch_size": 0}, "batch size is 0"),
        (textures(1)[0][:, :4], {}, "at least 8"),
    ],
)
def test_bad_input_of_predict_is_one_sentence(images, options, sentence: str) -> None:
    with pytest.raises(NpmError, match=sentence):
        predict(NanoporosityNet(2, CONFIG), images, **options)
