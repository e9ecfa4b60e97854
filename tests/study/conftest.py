"""A small study of phantoms with known truth, made once for all tests of the study."""

import shutil
from pathlib import Path

import pytest

from napari_npm.core.phantom import experiment, planted
from napari_npm.io import write_image, write_labels
from napari_npm.study import STEPS, Study, add_folder, run, take_masks


@pytest.fixture(scope="session")
def phantom_data(tmp_path_factory):
    """Two classes of three specimens of one tile, with masks and truth, as a user lays them out."""
    home = tmp_path_factory.mktemp("data")
    config = planted("both", n_classes=2)
    for phantom in experiment(config, specimens=3, n_tiles=1, seed=5):
        sample = f"S{phantom.class_index + 1}"
        name = f"{sample}-{phantom.specimen}.tif"
        folder = home / "images" / sample / f"p{phantom.specimen}"
        write_image(folder / name, phantom.bse, phantom.pixel_size_nm)
        write_labels(home / "masks" / name, phantom.labels, phantom.pixel_size_nm)
        write_labels(home / "truth" / name, phantom.places, phantom.pixel_size_nm)
    return home


@pytest.fixture(scope="session")
def untouched_study(phantom_data, tmp_path_factory) -> Path:
    """Return the folder of a study of the phantoms that no step has run on."""
    folder = tmp_path_factory.mktemp("studies") / "untouched"
    with Study.create(folder, name="Phantoms") as study:
        add_folder(study, phantom_data / "images", copy=True)
        take_masks(study, phantom_data / "masks")
        take_masks(study, phantom_data / "truth", truth=True)
        study.set_parameters("train", epochs=2, batch_size=2)
        study.set_parameters("correlate", r_max_px=12)
        study.set_parameters("predict", resamples=100)
    return folder


@pytest.fixture
def fresh(untouched_study, tmp_path):
    """Return the folder of a copy of the untouched study, to run and break."""
    folder = tmp_path / "study"
    shutil.copytree(untouched_study, folder)
    return folder


@pytest.fixture(scope="session")
def finished_study(untouched_study, tmp_path_factory) -> Path:
    """Return the folder of a study whose every step up to S2 ran once, without a break."""
    folder = tmp_path_factory.mktemp("studies") / "finished"
    shutil.copytree(untouched_study, folder)
    with Study.open(folder) as study:
        study.set_parameters("train", maps=("mulf",))
        names = list(STEPS)
        run(study, names[: names.index("correlate") + 1], scheduler="synchronous")
    return folder


@pytest.fixture
def finished(finished_study, tmp_path):
    """Return the folder of a copy of the finished study."""
    folder = tmp_path / "finished"
    shutil.copytree(finished_study, folder)
    return folder
