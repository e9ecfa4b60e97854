"""One training by several processes: helpers of this machine, and those that torchrun starts."""

import os
import subprocess
import sys

import numpy as np
import psutil
import pytest

from napari_npm.core.errors import NpmError
from napari_npm.study import Study, run
from napari_npm.study.model_cards import read_card
from napari_npm.study.models import WEIGHTS, load_tensors

SMALL = {"maps": ("mulf",), "widths": (2,) * 7, "batch_size": 4, "epochs": 3, "device": "cpu"}


def children():
    return set(psutil.Process().children())


def weights(study):
    tensors, _ = load_tensors(study.models_folder / "mulf" / WEIGHTS)
    return {name: tensor.numpy() for name, tensor in tensors.items()}


def test_killed_helper_ends_in_a_sentence_and_the_next_run_goes_on_as_if_nothing_was(quick):
    quick.set_parameters("train", processes=2, **SMALL)
    before = children()  # other tests may have left a server of processes
    run(quick, ["train"])
    whole = weights(quick)
    assert read_card(quick.models_folder / "mulf")["processes"] == 2
    assert children() == before

    def kill(step, done, total, message="", metrics=None):
        if (metrics or {}).get("epoch") == 2:
            (helper,) = children() - before
            helper.kill()

    with pytest.raises(NpmError, match=r"helped to train was killed \(signal 9\)"):
        run(quick, ["train"], force=True, progress=kill)
    assert children() == before
    epochs = set()

    def watch(step, done, total, message="", metrics=None):
        epochs.add((metrics or {}).get("epoch"))

    run(quick, ["train"], force=True, progress=watch)
    assert epochs == {None, 3}  # killed after the one step of epoch 2
    assert all(np.array_equal(whole[name], value) for name, value in weights(quick).items())


def test_torchrun_lets_process_0_alone_write(quick):
    folder = quick.folder
    quick.set_parameters("train", **SMALL)
    quick.close()
    command = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2"]
    command += ["-m", "napari_npm", "train", str(folder), "--epochs", "2"]
    # the second time there is nothing left to train, and the processes end as well
    for _ in range(2):
        done = subprocess.run(
            command,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert done.returncode == 0, done.stderr
    study = Study.open(folder, write=False)
    card = read_card(study.models_folder / "mulf")
    assert (card["processes"], card["parameters"]["epochs"]) == (2, 2)
    assert study.state("train").finish is not None
