"""Tests on real micrographs, which are no part of the repository.

They are collected only where NPM_REAL_DATA names the folder that holds the files.
"""

import os
from pathlib import Path

import pytest

FOLDER = os.environ.get("NPM_REAL_DATA")
collect_ignore_glob = [] if FOLDER else ["test_*.py"]


def pytest_report_collectionfinish():
    """Say which it is; a report header would come before this file is read."""
    if FOLDER:
        return f"real micrographs: {FOLDER}"
    return "real micrographs: not tested, NPM_REAL_DATA is not set"


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Folder of the real micrographs."""
    folder = Path(FOLDER or "")
    assert folder.is_dir(), f"NPM_REAL_DATA is no folder: {FOLDER}"
    return folder
