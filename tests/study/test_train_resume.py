"""A training that is killed, in the middle of an epoch or of writing, ends as if it was not."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from napari_npm.core.network import NetworkConfig
from napari_npm.core.training import train
from napari_npm.study.steps._checkpoints import Checkpoints

RNG = np.random.default_rng(4)
IMAGES = RNG.uniform(0, 1, (14, 16, 16)).astype(np.float32)
LABELS = np.arange(14) % 2
HELD_OUT = (RNG.uniform(0, 1, (6, 16, 16)).astype(np.float32), np.arange(6) % 2)
# 14 maps in steps of 5, 5 and 4: three steps an epoch
OPTIONS = {
    "config": NetworkConfig(widths=(4, 6), input_size=16),
    "validation": HELD_OUT,
    "epochs": 6,
    "batch_size": 5,
    "brightness": 0.2,
    "contrast": 0.2,
    "patience": 4,
    "seed": 7,
    "device": "cpu",
}
KILL = getattr(signal, "SIGKILL", signal.SIGTERM)


def child(folder: str, moment: str) -> None:
    """Train until the moment of the kill."""
    torch.set_num_threads(1)
    written = 0
    real = os.fsync

    def torn(file: int) -> None:
        nonlocal written
        # a checkpoint is flushed once itself and once as an entry of its folder
        written += 1
        if written == 5:
            os.ftruncate(file, os.fstat(file).st_size // 2)
            os.kill(os.getpid(), KILL)
        real(file)

    def progress(done, total, message="", metrics=None) -> None:
        if moment == "epoch" and message.startswith("Epoch 3") and done == 8:
            os.kill(os.getpid(), KILL)
        if moment == "validating" and message.startswith("Validating epoch 3"):
            os.kill(os.getpid(), KILL)

    if moment == "writing":
        os.fsync = torn
    checkpoints = Checkpoints(Path(folder), "key")
    train(IMAGES, LABELS, on_epoch=checkpoints.save, progress=progress, **OPTIONS)


@pytest.mark.parametrize("moment", ["epoch", "validating", "writing"])
def test_killed_training_goes_on_bit_for_bit(tmp_path, moment: str) -> None:
    done = subprocess.run(
        [sys.executable, __file__, str(tmp_path), moment], capture_output=True, timeout=120
    )
    assert done.returncode == -KILL, done.stderr.decode()
    left = [path.name for path in tmp_path.iterdir() if path.name.startswith(".")]
    assert len(left) == (moment == "writing")
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        whole = train(IMAGES, LABELS, **OPTIONS)
        checkpoints = Checkpoints(tmp_path, "key")
        state = checkpoints.load()
        assert state.epoch == 2  # nothing of the third is kept, and nothing of it is needed
        found = train(IMAGES, LABELS, resume=state, on_epoch=checkpoints.save, **OPTIONS)
    finally:
        torch.set_num_threads(before)
    assert found.history == whole.history
    assert found.best_epoch == whole.best_epoch
    for name, value in whole.model.state_dict().items():
        assert torch.equal(found.model.state_dict()[name], value)
    # what was torn is gone once the next one is whole
    assert [path.name for path in tmp_path.iterdir()] == ["checkpoint.safetensors"]


if __name__ == "__main__":
    child(sys.argv[1], sys.argv[2])
