"""Training where memory, devices or compilers are short of what was asked for."""

import math

import numpy as np
import pytest
import torch

from napari_npm.core import _devices
from napari_npm.core._devices import check_precision, choose_device
from napari_npm.core._memory import Portion, bytes_per_map, is_out_of_memory
from napari_npm.core.errors import NpmError
from napari_npm.core.network import NanoporosityNet, NetworkConfig
from napari_npm.core.training import TrainingState, predict, train

CONFIG = NetworkConfig(widths=(4, 6, 8), input_size=32)
RNG = np.random.default_rng(0)
IMAGES = RNG.uniform(0, 1, (22, 32, 32)).astype(np.float32)
LABELS = np.arange(22) % 2
SHORT = {"config": CONFIG, "epochs": 3, "batch_size": 8, "seed": 7, "device": "cpu"}


def same(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[k], other[k]) for k in one)


@pytest.fixture
def room(monkeypatch):
    """Let the network's memory run out with more than so many maps, and count what it is given."""
    real = NanoporosityNet.forward
    seen: list[int] = []

    def limit(
        most: int, *, at_call: int = 0, error: type = torch.cuda.OutOfMemoryError
    ) -> list[int]:
        def forward(self, images):
            seen.append(len(images))
            if len(images) > most and len(seen) > at_call:
                raise error("CUDA out of memory. Tried to allocate 2.00 GiB")
            return real(self, images)

        monkeypatch.setattr(NanoporosityNet, "forward", forward)
        return seen

    return limit


def test_portions_change_the_step_by_batch_norm_alone() -> None:
    """The gradient of a network that normalises by fixed statistics does not see the portions."""
    whole = train(IMAGES, LABELS, **SHORT)
    parts = train(IMAGES, LABELS, portion=3, **SHORT)
    assert not same(whole.model.state_dict(), parts.model.state_dict())

    def learnt(portion: int | None) -> dict[str, torch.Tensor]:
        real = torch.nn.BatchNorm2d.forward

        def fixed(self, images):
            scale, shift = (v[:, None, None] for v in (self.weight, self.bias))
            return (images - 0.3) * scale + shift

        torch.nn.BatchNorm2d.forward = fixed
        try:
            return train(IMAGES, LABELS, portion=portion, **SHORT).state.model
        finally:
            torch.nn.BatchNorm2d.forward = real

    # unequal classes and portions: 22 maps in steps of 8, 7, 7 in portions of 3, 3, 2 and so on
    one, other = learnt(None), learnt(3)
    for name in one:
        torch.testing.assert_close(one[name], other[name], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("error", [torch.cuda.OutOfMemoryError, RuntimeError, MemoryError])
def test_out_of_memory_does_the_step_anew_in_smaller_portions(room, error) -> None:
    expected = train(IMAGES, LABELS, portion=2, **SHORT)
    seen = room(2, error=error)
    found = train(IMAGES, LABELS, **SHORT)
    assert seen[:3] == [8, 4, 2]
    assert max(seen[3:]) == 2
    assert found.history == expected.history
    assert same(found.model.state_dict(), expected.model.state_dict())
    (note,) = found.notes
    assert "room for 2 of the 8 maps" in note
    assert expected.notes == ()


def test_out_of_memory_in_the_middle_of_training_and_of_validation_goes_on(room) -> None:
    room(4, at_call=5)
    result = train(IMAGES, LABELS, validation=(IMAGES[:9], LABELS[:9]), **SHORT)
    assert len(result.history) == 3
    assert len(result.notes) == 1


def test_one_map_too_many_is_a_sentence(room) -> None:
    room(0)
    with pytest.raises(NpmError, match="runs out with one map at a time"):
        train(IMAGES, LABELS, **SHORT)
    with pytest.raises(NpmError, match="runs out with one map at a time"):
        predict(NanoporosityNet(2, CONFIG), IMAGES)


def test_predictions_do_not_depend_on_the_memory(room) -> None:
    net = NanoporosityNet(2, CONFIG)
    whole = predict(net, IMAGES)
    room(3)
    np.testing.assert_allclose(predict(net, IMAGES), whole, atol=1e-6)


def test_other_errors_are_not_taken_for_memory(room) -> None:
    def shapes(message: str) -> Exception:
        return RuntimeError("mat1 and mat2 shapes cannot be multiplied")

    room(2, error=shapes)
    with pytest.raises(RuntimeError, match="mat1"):
        train(IMAGES, LABELS, **SHORT)
    assert not is_out_of_memory(ValueError("out of memory"))
    assert not is_out_of_memory(RuntimeError("size mismatch"))


def test_memory_of_a_cpu_is_asked_before_it_is_full() -> None:
    """The system would end the process, not refuse: so the portion follows from an estimate."""
    one = bytes_per_map(CONFIG.widths, (1, 32, 32))
    result = train(IMAGES, LABELS, memory_bytes=int(2.5 * one), **SHORT)
    expected = train(IMAGES, LABELS, portion=2, **SHORT)
    assert result.history == expected.history
    assert "room for 2 of the 8" in result.notes[0]
    assert train(IMAGES, LABELS, memory_bytes=10**9, **SHORT).notes == ()
    # the largest tensors of the paper's network, by hand: 16 channels of 384 x 384 float32
    assert bytes_per_map(NetworkConfig().widths, (1, 384, 384)) > 5 * 4 * 16 * 384**2


def test_portion_halves_to_one() -> None:
    portion, tried = Portion(9), []

    def attempt(size: int) -> int:
        tried.append(size)
        if size > 1:
            raise MemoryError
        return size

    assert portion.work(attempt, 20) == 1
    assert tried == [9, 5, 3, 2, 1]


def test_portion_is_no_larger_than_the_work_and_halved_for_good() -> None:
    portion, tried, room = Portion(9), [], 4

    def attempt(size: int) -> int:
        tried.append(size)
        if size > room:
            raise MemoryError
        return size

    # few maps that fit say nothing of how many would
    assert portion.work(attempt, 2) == 2
    assert portion.size == 9
    assert portion.work(attempt, 6) == 3
    assert portion.work(attempt, 6) == 3
    assert portion.size == 3
    room = 0
    with pytest.raises(NpmError, match=r"one map at a time: close .* smaller tiles"):
        portion.work(attempt, 1)
    assert tried == [2, 6, 3, 3, 1]


def test_auto_takes_a_gpu_where_there_is_one_and_each_process_another(monkeypatch) -> None:
    assert choose_device("cpu") == torch.device("cpu")
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert choose_device("auto") == torch.device("cpu")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(_devices.torch, "zeros", lambda *_, **__: None)
    assert [choose_device("auto", rank).index for rank in range(3)] == [0, 1, 0]
    assert choose_device("cuda:1", 0) == torch.device("cuda", 1)
    with pytest.raises(NpmError, match="no GPU 5: this machine has 2"):
        choose_device("cuda:5")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    assert choose_device("auto") == torch.device("mps")


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("gpu", "no device 'gpu': choose auto"),
        ("meta", "no device 'meta'"),
        ("cuda", "no usable NVIDIA or AMD GPU"),
        ("mps", "no usable Apple GPU"),
    ],
)
def test_absent_device_is_a_sentence(monkeypatch, name: str, sentence: str) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    with pytest.raises(NpmError, match=sentence):
        train(IMAGES, LABELS, **{**SHORT, "device": name})


def test_gpu_convolves_the_same_way_each_time_while_it_learns() -> None:
    def flags() -> tuple[bool, bool]:
        return torch.backends.cudnn.deterministic, torch.backends.cudnn.allow_tf32

    before, seen = flags(), set()
    train(IMAGES, LABELS, on_epoch=lambda *_: seen.add(flags()), **SHORT)
    assert seen == {(True, False)}
    assert flags() == before


def test_busy_gpu_is_a_sentence(monkeypatch) -> None:
    def busy(*sizes, device):
        raise RuntimeError("CUDA error: CUDA-capable device(s) is/are busy or unavailable\nmore")

    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    monkeypatch.setattr(_devices.torch, "zeros", busy)
    with pytest.raises(NpmError, match=r"cuda:0 cannot be used now .*busy or unavailable\): wait"):
        choose_device("cuda")


@pytest.mark.parametrize("precision", ["bfloat16", "float16"])
def test_short_numbers_learn_and_go_on_like_float32(precision: str) -> None:
    states: list[TrainingState] = []
    options = {**SHORT, "precision": precision, "learning_rate": 1e-2}
    whole = train(IMAGES, LABELS, on_epoch=lambda _, s: states.append(s), **options)
    plain = train(IMAGES, LABELS, **{**SHORT, "learning_rate": 1e-2})
    assert whole.history != plain.history
    assert whole.history[-1].loss == pytest.approx(plain.history[-1].loss, abs=0.05)
    assert all(value.dtype != torch.bfloat16 for value in whole.model.state_dict().values())
    again = train(IMAGES, LABELS, resume=states[0], **options)
    assert again.history == whole.history
    assert same(again.model.state_dict(), whole.model.state_dict())
    assert ("scaler/scale" in states[0].optimizer) == (precision == "float16")


def test_scale_of_small_gradients_is_kept_over_a_break() -> None:
    states: list[TrainingState] = []
    options = {**SHORT, "precision": "float16"}
    train(IMAGES, LABELS, on_epoch=lambda _, s: states.append(s), **options)
    growth = [int(state.optimizer["scaler/growth"]) for state in states]
    # steps since the scale last changed; the first steps may find it too large
    assert growth[2] - growth[1] == 3
    resumed: list[TrainingState] = []
    train(IMAGES, LABELS, resume=states[1], on_epoch=lambda _, s: resumed.append(s), **options)
    assert same(resumed[0].optimizer, states[2].optimizer)


def test_unknown_precision_is_a_sentence(monkeypatch) -> None:
    with pytest.raises(NpmError, match="precision is 'half'"):
        train(IMAGES, LABELS, precision="half", **SHORT)
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda _: (7, 5))
    with pytest.raises(NpmError, match="no bfloat16: choose the precision float16"):
        check_precision("bfloat16", torch.device("cuda", 0))


def test_without_a_compiler_training_goes_on_and_says_so(monkeypatch) -> None:
    def broken(function):
        raise RuntimeError("InvalidCxxCompiler: No working C++ compiler found\nlong story")

    monkeypatch.setattr(torch, "compile", broken)
    plain = train(IMAGES, LABELS, **SHORT)
    found = train(IMAGES, LABELS, compiled=True, **SHORT)
    assert found.history == plain.history
    assert found.notes[0].startswith("torch.compile does not work here (InvalidCxxCompiler: No")
    assert math.isfinite(found.history[-1].loss)


def test_with_a_compiler_the_network_learns_through_it(monkeypatch) -> None:
    calls = []

    def compiler(function):
        def run(*values):
            calls.append(function)
            return function(*values)

        return run

    monkeypatch.setattr(torch, "compile", compiler)
    found = train(IMAGES, LABELS, compiled=True, **SHORT)
    # once to see that it works, then three steps in each of three epochs
    assert len(calls) == 1 + 9
    assert isinstance(calls[-1], NanoporosityNet)
    assert found.notes == ()
    assert found.history == train(IMAGES, LABELS, **SHORT).history
