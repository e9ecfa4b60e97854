"""Every shell block of the README and the guide is run, in a folder laid out as it supposes."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
FENCED = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)


# Numbers of tiles of a sample that has hundreds, here five; and of trainings that take minutes.
FITTED = {
    "--train-per-class 750": "--train-per-class 3",
    "--size 20": "--size 2",
    "--seeds 5": "--seeds 2",
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


def test_a_command_that_fails_is_seen(laid_out: Path, finished: Path) -> None:
    done = shell("napari-npm info nowhere\nnapari-npm --version", laid_out, finished)
    assert done.returncode != 0
    assert "nowhere" in done.stdout
