"""Every shell block of the README and the guide is run, in a folder laid out as it supposes."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from napari_npm.core import Label
from napari_npm.io import read_labels
from napari_npm.study import Study, sample_data_folder

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
FENCED = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)


# Numbers of tiles of a sample that has hundreds, here five; and of trainings that take minutes.
FITTED = {
    "--train-per-class 750": "--train-per-class 3",
    "--size 20": "--size 2",
    "--seeds 5": "--seeds 2",
    "--folds 5": "--folds 2",
}


def blocks(document: Path) -> list[str]:
    """Return the shell blocks of a document, in order, cut to what the folder holds."""
    text = document.read_text(encoding="utf-8")
    for shown, fitted in FITTED.items():
        text = text.replace(shown, fitted)
    return FENCED.findall(text)


def shell(block: str, place: Path, finished: Path) -> subprocess.CompletedProcess[str]:
    """Run a block as a user would, up to the first command that fails."""
    return subprocess.run(
        ["bash", "-euo", "pipefail", "-c", f'. "{HERE}/by_hand.sh"\nset -x\n{block}'],
        cwd=place,
        env={
            **os.environ,
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "GUIDE_TESTS": str(HERE),
            "GUIDE_PYTHON": sys.executable,
            "GUIDE_FINISHED": str(finished),
        },
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )


@pytest.mark.timeout(1200)
@pytest.mark.parametrize("document", [d for d in DOCUMENTS if blocks(d)], ids=lambda d: d.stem)
def test_shell_blocks_run(document: Path, laid_out: Path, finished: Path, tmp_path: Path) -> None:
    place = shutil.copytree(laid_out, tmp_path / "place")
    shown = blocks(document)
    if not any("napari-npm new mine" in block for block in shown):
        shutil.copytree(finished, place / "mine")
    for block in shown:
        done = shell(block, place, finished)
        assert done.returncode == 0, f"{block}\n{done.stdout}"
    if document.stem == "first-hour":
        first_hour_leaves_what_it_says(place / "mine")


def first_hour_leaves_what_it_says(folder: Path) -> None:
    """Hold the study of the first hour against the comments beside its commands."""
    with Study.open(folder, write=False) as study:
        states = {name: str(state) for name, state in study.reviews().items()}
        assert states["S1-A-1"] == "accepted"
        assert states["S2-A-1"] == "rejected"
        assert study.parameters("simulate").energy_kev == 10
        assert set(study.table("calibration")["image"]) == set(states)
        # proposed from the strokes on it
        proposed = study.mask("S1-A-1") == Label.UNHYDRATED
        drawn = read_labels(sample_data_folder() / "masks" / "S1-A-1.tif") == Label.UNHYDRATED
        assert np.count_nonzero(proposed & drawn) > 0.8 * np.count_nonzero(proposed | drawn)
    assert (folder / "maps" / "uncertainty.zarr").is_dir()
    assert (folder / "report.html").stat().st_size > 0


def test_a_command_that_fails_is_seen(laid_out: Path, finished: Path) -> None:
    done = shell("napari-npm info nowhere\nnapari-npm --version", laid_out, finished)
    assert done.returncode != 0
    assert "nowhere" in done.stdout
