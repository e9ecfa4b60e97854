"""Several processes that share a training, on one machine, over gloo."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from napari_npm.core._distributed import Team
from napari_npm.core.errors import NpmError
from napari_npm.core.network import NetworkConfig
from napari_npm.core.training import train

RNG = np.random.default_rng(3)
IMAGES = RNG.uniform(0, 1, (17, 16, 16)).astype(np.float32)
LABELS = np.arange(17) % 3
HELD_OUT = (RNG.uniform(0, 1, (7, 16, 16)).astype(np.float32), np.arange(7) % 3)
# 17 maps in steps of 6, 6 and 5: the last one is 3 maps for one process and 2 for the other
OPTIONS = {"epochs": 3, "batch_size": 6, "seed": 7, "device": "cpu"}
CONFIG = NetworkConfig(widths=(4, 6), input_size=16)


def work(rank: int, size: int, address: str | None, out: str, fault: str) -> None:
    """Do one process's share; process 0 starts the others and writes what came out."""
    from napari_npm.core._distributed import join, leave, meeting_point

    torch.set_num_threads(1)
    store = meeting_point(size, address)
    others = []
    if rank == 0:
        for other in range(1, size):
            arguments = [str(other), str(size), f"127.0.0.1:{store.port}", out, fault]
            others.append(subprocess.Popen([sys.executable, __file__, *arguments]))
    team = join(rank, size, rank, store)
    assert team.tell({"said": "µ"} if rank == 0 else None) == {"said": "µ"}
    options = dict(OPTIONS)
    if fault == "settings" and rank == 1:
        options["seed"] = 8

    def progress(done, total, message="", metrics=None) -> None:
        if fault == "killed" and rank == 1 and done == 4 and (metrics or {}).get("epoch"):
            import os
            import signal

            os.kill(os.getpid(), getattr(signal, "SIGKILL", signal.SIGTERM))

    found: dict[str, object] = {}
    try:
        result = train(
            IMAGES, LABELS, validation=HELD_OUT, config=CONFIG, team=team, progress=progress,
            **options,
        )  # fmt: skip
    except NpmError as error:
        found["error"] = str(error)
    else:
        found["history"] = [[one.loss, one.accuracy, one.validation_loss] for one in result.history]
        found["processes"] = result.processes
        save_file(result.model.state_dict(), f"{out}/{rank}.safetensors")
    leave()
    for process in others:
        process.wait(60)
    Path(out, f"{rank}.json").write_text(json.dumps(found))


def shared(folder, size: int, fault: str = "") -> list[dict]:
    command = [sys.executable, __file__, "0", str(size), "", str(folder), fault]
    done = subprocess.run(command, capture_output=True, text=True, timeout=200)
    assert done.returncode == 0, done.stderr
    found = []
    for rank in range(size):
        path = folder / f"{rank}.json"
        found.append(json.loads(path.read_text()) if path.exists() else {})
    return found


def test_two_processes_compute_what_one_does_in_two_portions(tmp_path) -> None:
    first, second = shared(tmp_path, 2)
    assert first == second
    assert first["processes"] == 2
    alone = train(IMAGES, LABELS, validation=HELD_OUT, config=CONFIG, portion=3, **OPTIONS)
    expected = [[one.loss, one.accuracy, one.validation_loss] for one in alone.history]
    np.testing.assert_allclose(first["history"], expected, rtol=1e-4)
    one, other = (load_file(tmp_path / f"{rank}.safetensors") for rank in range(2))
    for name, value in alone.model.state_dict().items():
        assert torch.equal(one[name], other[name])
        if not name.endswith("num_batches_tracked"):
            torch.testing.assert_close(one[name], value, rtol=1e-3, atol=1e-5)
    assert not np.allclose(
        first["history"],
        [
            [one.loss, one.accuracy, one.validation_loss]
            for one in train(IMAGES, LABELS, validation=HELD_OUT, config=CONFIG, **OPTIONS).history
        ],
        rtol=1e-4,
    )


def test_killed_process_and_unlike_settings_end_in_a_sentence(tmp_path) -> None:
    first, second = shared(tmp_path, 2, "killed")
    assert "Another process that shared this training is gone" in first["error"]
    assert second == {}
    for found in shared(tmp_path, 2, "settings"):
        assert "do not have the same maps, settings or checkpoint" in found["error"]


def test_alone_nothing_is_sent() -> None:
    team = Team()
    value = torch.ones(3)
    assert team.add(value) is value
    assert team.tell({"a": 1}) == {"a": 1}
    assert team.leads
    team.check_same(1, "settings")
    np.testing.assert_array_equal(team.share(np.arange(5)), np.arange(5))


@pytest.mark.parametrize("size", [2, 3, 7])
def test_shares_are_even_and_complete(size: int) -> None:
    shares = [Team(rank, size).share(np.arange(5)) for rank in range(size)]
    np.testing.assert_array_equal(np.concatenate(shares), np.arange(5))
    lengths = [len(share) for share in shares]
    assert max(lengths) - min(lengths) <= 1


if __name__ == "__main__":
    work(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3] or None, sys.argv[4], sys.argv[5])
