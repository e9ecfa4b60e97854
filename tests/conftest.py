"""What every test shares: quiet and repeatable libraries, and settings that are nobody's own.

Environment variables are set here, before any test module imports the libraries that read them.
"""

import importlib.metadata
import os
import shutil
import sys
import tempfile
from pathlib import Path

import hypothesis
import numpy as np
import pytest

ROOT = Path(__file__).parents[1]
SCRATCH = Path(tempfile.mkdtemp(prefix="napari-npm-tests-"))

os.environ["MPLBACKEND"] = "Agg"
# One thread a library: sums come out in the same order on every machine.
os.environ["OMP_NUM_THREADS"] = "1"
os.environ.setdefault("NUMBA_CACHE_DIR", str(ROOT / ".cache" / "numba"))
# The user's own settings are neither read nor changed, nor is what was simulated before.
os.environ["NAPARI_CONFIG"] = str(SCRATCH / "napari.yaml")
os.environ["XDG_CONFIG_HOME"] = str(SCRATCH / "config")
os.environ["XDG_CACHE_HOME"] = str(SCRATCH / "cache")

# The same examples in every run, and no example fails because the machine is busy.
hypothesis.settings.register_profile(
    "repeatable",
    deadline=None,
    derandomize=True,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.load_profile("repeatable")

# Tests on real images need a folder of them, which the repository does not hold.
collect_ignore = [] if os.environ.get("NPM_REAL_DATA") else ["real"]


def pytest_report_header() -> str:
    """Name the versions on which numbers and windows depend."""
    names = ("numpy", "scipy", "numba", "torch", "zennit", "zarr", "napari", "pyqt6")
    versions = []
    for name in names:
        try:
            versions.append(f"{name} {importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError:
            versions.append(f"no {name}")
    return f"{', '.join(versions)}; real images: {os.environ.get('NPM_REAL_DATA', 'none')}"


def pytest_unconfigure() -> None:
    """Remove the scratch folder of the settings."""
    shutil.rmtree(SCRATCH, ignore_errors=True)


@pytest.fixture
def rng() -> np.random.Generator:
    """A generator with a fixed seed."""
    return np.random.default_rng(20260101)


@pytest.fixture(autouse=True)
def _seeded_networks() -> None:
    """Start every network from the same weights in every run, whichever tests ran before."""
    if torch := sys.modules.get("torch"):
        torch.manual_seed(20260101)
