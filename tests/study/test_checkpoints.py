"""A checkpoint that is damaged or foreign costs its epochs, is said, and nothing worse."""

import numpy as np
import pytest

from napari_npm.core.network import NetworkConfig
from napari_npm.core.training import train
from napari_npm.study import run
from napari_npm.study.models import CHECKPOINT, save_tensors
from napari_npm.study.steps._checkpoints import Checkpoints

CONFIG = NetworkConfig(widths=(3, 4), input_size=16)


@pytest.fixture(scope="module")
def state():
    maps = np.random.default_rng(0).random((4, 16, 16), np.float32)
    return train(maps, [0, 1, 0, 1], config=CONFIG, epochs=1, batch_size=2).state


@pytest.fixture
def said():
    """Return a progress that keeps its messages."""

    def progress(done, total, message="", metrics=None):
        progress.messages.append(message)

    progress.messages = []
    return progress


def test_what_is_kept_is_read_back_and_nobody_is_told(tmp_path, state, said):
    checkpoints = Checkpoints(tmp_path, "key")
    assert checkpoints.load(said) is None
    checkpoints.save(state.history[-1], state)
    found = checkpoints.load(said)
    assert found.history == state.history
    assert all((found.model[name] == state.model[name]).all() for name in state.model)
    assert (said.messages, checkpoints.notes) == ([], ())


def test_another_key_is_said_and_left_where_it_is(tmp_path, state, said):
    Checkpoints(tmp_path, "key").save(state.history[-1], state)
    other = Checkpoints(tmp_path, "other")
    assert other.load(said) is None
    (message,) = said.messages
    assert "is of other data or settings: training begins anew" in message
    assert other.notes == ()
    assert Checkpoints(tmp_path, "key").load() is not None


@pytest.mark.parametrize("damage", ["bit", "cut", "bytes", "empty", "state", "no state"])
def test_a_damaged_checkpoint_is_said_and_stays_in_the_notes(tmp_path, state, said, damage):
    checkpoints = Checkpoints(tmp_path, "key")
    checkpoints.save(state.history[-1], state)
    path = tmp_path / CHECKPOINT
    content = bytearray(path.read_bytes())
    if damage in ("state", "no state"):
        facts = {"state": "nothing"} if damage == "state" else {}
        save_tensors(path, state.model, {"key": "key", **facts})
    else:
        content[-9] ^= 4
        path.write_bytes({"bit": content, "cut": content[:-100], "bytes": b"\x80\x04" * 40,
                          "empty": b""}[damage])  # fmt: skip
    assert checkpoints.load(said) is None
    (message,) = said.messages
    assert "could not be read: training begins anew" in message
    (note,) = checkpoints.notes
    assert note.endswith("could not be read, so the training began anew.")


def test_what_a_kill_left_goes_with_the_next_checkpoint(tmp_path, state):
    checkpoints = Checkpoints(tmp_path, "key")
    torn = tmp_path / ".checkpoint.1a2b3c4d.part.safetensors"
    for step in (lambda: checkpoints.save(state.history[-1], state), checkpoints.clear):
        torn.write_bytes(b"half")
        (tmp_path / "weights.safetensors").write_bytes(b"whole")
        step()
        assert not torn.exists()
        assert (tmp_path / "weights.safetensors").exists()
    assert not (tmp_path / CHECKPOINT).exists()


def test_a_training_tells_of_a_damaged_checkpoint_once(quick):
    quick.set_parameters("train", maps=("mulf",), epochs=1, widths=(2, 2, 2, 2, 2, 2, 2))
    folder = quick.models_folder / "mulf"
    folder.mkdir(parents=True)
    (folder / CHECKPOINT).write_bytes(b"\x80\x04")
    (outcome,) = run(quick, ["train"], scheduler="synchronous")
    (warning,) = outcome.warnings
    assert "mulf: The checkpoint" in warning
    assert "could not be read" in warning
    assert not (folder / CHECKPOINT).exists()
    (outcome,) = run(quick, ["train"], force=True, scheduler="synchronous")
    assert outcome.warnings == ()
