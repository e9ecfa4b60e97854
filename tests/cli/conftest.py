"""The command line run in this process, and a small study that it made."""

import io
import shutil
import sys

import pytest

from napari_npm.core.phantom import experiment, planted
from napari_npm.io import write_image, write_labels


@pytest.fixture(scope="session")
def data(tmp_path_factory):
    """Images of two samples with masks named like them, as a user lays them out."""
    home = tmp_path_factory.mktemp("cli-data")
    for phantom in experiment(planted("both", n_classes=2), specimens=2, n_tiles=1, seed=3):
        sample = f"S{phantom.class_index + 1}"
        name = f"{sample}-{phantom.specimen}.tif"
        folder = home / "images" / sample / f"p{phantom.specimen}"
        write_image(folder / name, phantom.bse, phantom.pixel_size_nm)
        write_labels(home / "masks" / name, phantom.labels, phantom.pixel_size_nm)
        write_labels(home / "truth" / name, phantom.places, phantom.pixel_size_nm)
    return home


class Shell:
    """Calls `napari-npm` as a shell does, and keeps what it wrote and how it ended."""

    def __init__(self, monkeypatch, capsys):
        self._monkeypatch = monkeypatch
        self._capsys = capsys

    def __call__(self, *words, status=0, typed=""):
        from napari_npm.cli import main

        self._capsys.readouterr()
        self._monkeypatch.setattr(sys, "argv", ["napari-npm", *map(str, words)])
        self._monkeypatch.setattr(sys, "stdin", io.StringIO(typed))
        code = 0
        try:
            main()
        except SystemExit as end:
            code = end.code or 0
        self.out, self.err = self._capsys.readouterr()
        assert code == status, self.err
        return self.out


@pytest.fixture
def npm(monkeypatch, capsys):
    """Call the command line; a wide terminal, so that no line is broken."""
    monkeypatch.setenv("COLUMNS", "300")
    return Shell(monkeypatch, capsys)


@pytest.fixture(scope="session")
def imported(data, tmp_path_factory):
    """Return the folder of a study with images, masks and truth, and no step run but import."""
    from napari_npm.study import Study, add_folder, run, take_masks

    folder = tmp_path_factory.mktemp("cli-studies") / "imported"
    with Study.create(folder) as study:
        add_folder(study, data / "images")
        take_masks(study, data / "masks")
        run(study, ["import"])
    return folder


@pytest.fixture
def study(imported, tmp_path_factory):
    """Return the folder of a copy of the imported study; sources stay at the same distance."""
    folder = tmp_path_factory.mktemp("cli-copy") / "study"
    shutil.copytree(imported, folder)
    return folder
