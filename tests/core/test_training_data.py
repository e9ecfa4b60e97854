"""What reaches the network: jitter, reading ahead, maps that are not kept in memory."""

import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_npm.core._ahead import READERS, ahead
from napari_npm.core._augment import epoch_plan, evenly, jittered, turned
from napari_npm.core._batches import MapStore, batches
from napari_npm.core.errors import NpmError
from napari_npm.core.network import NetworkConfig
from napari_npm.core.training import train

CONFIG = NetworkConfig(widths=(4, 6), input_size=16)
RNG = np.random.default_rng(0)
IMAGES = RNG.uniform(0.2, 0.8, (14, 16, 16)).astype(np.float32)
IMAGES[:, :4, :4] = 0  # unhydrated cement
LABELS = np.arange(14) % 2
SHORT = {"config": CONFIG, "epochs": 3, "batch_size": 4, "seed": 7}


@given(
    gain=st.floats(0.25, 1.75, width=32),
    offset=st.floats(-1, 1, width=32),
    seed=st.integers(0, 99),
)
def test_jitter_is_a_line_cut_at_0_and_1_that_leaves_cement(gain, offset, seed) -> None:
    image = np.random.default_rng(seed).uniform(0, 1, (5, 7)).astype(np.float32)
    image[1:3, 2] = 0
    before = image.copy()
    found = jittered(image, np.float32(gain), np.float32(offset))
    assert found.dtype == np.float32
    assert np.array_equal(image, before)
    expected = np.clip(gain * image.astype(float) + offset, 0, 1)
    np.testing.assert_allclose(found[image > 0], expected[image > 0], atol=1e-6)
    assert (found[image == 0] == 0).all()


@given(
    n=st.integers(2, 60),
    most=st.integers(1, 20),
    seed=st.integers(0, 9),
    brightness=st.floats(0, 1),
    contrast=st.floats(0, 0.99),
)
def test_plans_use_every_map_once_and_stay_in_bounds(n, most, seed, brightness, contrast) -> None:
    plan = epoch_plan(n, most, seed, 3, augment=True, brightness=brightness, contrast=contrast)
    assert sorted(np.concatenate(plan.batches)) == list(range(n))
    sizes = [len(batch) for batch in plan.batches]
    assert max(sizes) <= most
    assert max(sizes) - min(sizes) <= 1  # no lonely map that batch norm could not do with
    plain = epoch_plan(n, most, seed, 3, augment=True)
    assert all(np.array_equal(a, b) for a, b in zip(plan.batches, plain.batches, strict=True))
    assert np.array_equal(plan.elements, plain.elements)
    if brightness or contrast:
        assert np.abs(plan.gains - 1).max() <= contrast + 1e-6
        assert np.abs(plan.offsets).max() <= brightness + 1e-6
    else:
        assert plan.gains is None


def test_jitter_and_turns_are_what_the_batches_show() -> None:
    store = MapStore(IMAGES, 10**9)
    plan = epoch_plan(14, 4, 1, 2, augment=True, brightness=0.2, contrast=0.3)
    assert plan.gains.min() < 0.9 < 1.1 < plan.gains.max()
    assert plan.offsets.min() < -0.1 < 0.1 < plan.offsets.max()
    for shown, indices in batches(store, plan.batches, plan):
        for image, index in zip(shown, indices, strict=True):
            still = turned(IMAGES[index].astype(np.float16), int(plan.elements[index]))
            expected = np.clip(
                plan.gains[index] * still.astype(np.float32) + plan.offsets[index], 0, 1
            )
            expected[still == 0] = 0
            np.testing.assert_allclose(image[0], expected, atol=1e-6)


def test_jitter_changes_the_training_and_is_drawn_by_the_seed() -> None:
    options = {**SHORT, "brightness": 0.2, "contrast": 0.2}
    one, two = train(IMAGES, LABELS, **options), train(IMAGES, LABELS, **options)
    assert one.history == two.history
    assert one.history != train(IMAGES, LABELS, **SHORT).history
    assert one.history != train(IMAGES, LABELS, **{**options, "seed": 8}).history
    for alone in ("brightness", "contrast"):
        assert one.history != train(IMAGES, LABELS, **{**options, alone: 0.0}).history
    states = []
    train(IMAGES, LABELS, on_epoch=lambda _, s: states.append(s), **options)
    assert train(IMAGES, LABELS, resume=states[0], **options).history == one.history


@pytest.mark.parametrize("bad", [{"brightness": -0.1}, {"brightness": 2.0}, {"contrast": 1.0}])
def test_jitter_out_of_bounds_is_a_sentence(bad) -> None:
    with pytest.raises(NpmError, match="brightness and contrast"):
        train(IMAGES, LABELS, **SHORT, **bad)


class Watched:
    """Maps that say which threads read them, and how many were read beyond what was used."""

    def __init__(self, broken: int | None = None) -> None:
        self.read: list[int] = []
        self.threads: set[str] = set()
        self.broken = broken

    def __len__(self) -> int:
        return len(IMAGES)

    def __getitem__(self, index: int) -> np.ndarray:
        self.threads.add(threading.current_thread().name)
        self.read.append(index)
        if index == self.broken and self.read.count(index) > 1:
            raise OSError("the disk is gone")
        return IMAGES[index]


def test_maps_that_do_not_fit_are_read_ahead_by_other_threads_each_epoch() -> None:
    maps = Watched()
    store = MapStore(maps, cache_bytes=14 * 16 * 16 * 2 - 1)
    assert sorted(maps.read) == [0, *range(14)]
    assert store.threads == READERS
    maps.threads.clear()
    for _ in range(2):
        for _ in batches(store, evenly(np.arange(14), 4)):
            pass
    assert sorted(maps.read[15:]) == sorted([*range(14), *range(14)])
    assert all(name.startswith("npm-ahead") for name in maps.threads)
    kept = Watched()
    store = MapStore(kept, cache_bytes=14 * 16 * 16 * 2)
    assert store.threads == 1
    list(batches(store, evenly(np.arange(14), 4)))
    assert len(kept.read) == 15


def test_no_more_is_read_ahead_than_was_said() -> None:
    began: list[int] = []
    lock = threading.Lock()

    def work(item: int) -> int:
        with lock:
            began.append(item)
        return item * item

    most = 0
    for number, value in enumerate(ahead(work, range(50), threads=3, depth=4)):
        assert value == number * number
        with lock:
            most = max(most, len(began) - number - 1)
    assert most <= 4
    assert began[:1] == [0]
    assert len(began) == 50


def test_what_nobody_asks_for_is_not_begun() -> None:
    began: list[int] = []
    gate = threading.Event()

    def work(item: int) -> None:
        began.append(item)
        if item:
            gate.wait(60)

    items = ahead(work, range(1000), threads=1, depth=3)
    next(items)
    threading.Timer(0.3, gate.set).start()
    items.close()
    assert began in ([0], [0, 1])  # the second may have been under way


def test_error_of_a_reader_reaches_the_training() -> None:
    with pytest.raises(OSError, match="the disk is gone"):
        train(Watched(broken=5), LABELS, cache_bytes=0, **SHORT)


def test_constant_maps_and_one_map_a_class_and_steps_of_one_map_learn_without_a_fault() -> None:
    flat = np.full((4, 16, 16), 0.3, np.float32)
    options = {**SHORT, "device": "cpu"}
    for maps, labels, batch_size in (
        (flat, [0, 1, 0, 1], 4),
        (IMAGES[:2], [0, 1], 8),
        (IMAGES[:5], [0, 1, 0, 1, 0], 1),
        (IMAGES[:5, :4, :4], [0, 1, 0, 1, 0], 4),  # the least that two blocks take, all of it 0
    ):
        found = train(maps, np.array(labels), **{**options, "batch_size": batch_size})
        assert all(np.isfinite(record.loss) for record in found.history)
        assert all(bool(v.isfinite().all()) for v in found.model.state_dict().values())
