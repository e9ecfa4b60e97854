"""A study on disk: what it keeps, who may write it, and what it refuses."""

import json
import os
import pickle
import signal
import subprocess
import sys
import time
import tomllib

import numpy as np
import psutil
import pytest

from napari_npm.core.errors import NpmError
from napari_npm.core.masking import Label
from napari_npm.study import Study
from napari_npm.study.lock import LOCK_NAME, TOKEN_VARIABLE


def test_created_study_is_readable_without_this_software(tmp_path):
    with Study.create(tmp_path / "a", name="My study") as study:
        study.set_parameters("smooth", sigma_px=7.5)
    content = tomllib.loads((tmp_path / "a" / "study.toml").read_text())
    assert content["schema_version"] == 1
    assert content["name"] == "My study"
    assert content["parameters"]["smooth"]["sigma_px"] == 7.5


def test_what_was_set_survives_reopening(fresh):
    with Study.open(fresh) as study:
        study.set_parameters("regions", share=0.5)
        image = study.images[0]
        labels = np.zeros((image.height, image.width), np.uint8)
        labels[3:7, 4:9] = Label.METAL
        study.set_mask(image.id, labels)
    with Study.open(fresh) as study:
        assert study.parameters("regions").share == 0.5
        assert np.array_equal(study.mask(image.id), labels)
        study.reset_parameters("regions")
        assert study.parameters("regions").share == 0.7


def test_a_second_study_in_the_same_folder_is_refused(fresh):
    with pytest.raises(NpmError, match="holds a study already"):
        Study.create(fresh)


def test_no_study_is_said_in_one_sentence(tmp_path):
    with pytest.raises(NpmError, match="is not a study"):
        Study.open(tmp_path)


def test_newer_study_is_refused_untouched(fresh):
    path = fresh / "study.toml"
    text = path.read_text().replace("schema_version = 1", "schema_version = 99")
    path.write_text(text)
    with pytest.raises(NpmError, match="newer napari-npm"):
        Study.open(fresh)
    assert path.read_text() == text


@pytest.mark.parametrize("damage", ["schema_version = ", "name = 'x'", "\x00"])
def test_damaged_study_file_is_a_sentence(fresh, damage):
    (fresh / "study.toml").write_text(damage)
    with pytest.raises(NpmError, match="study"):
        Study.open(fresh)


def test_one_writer_at_a_time(fresh):
    with Study.open(fresh):
        with pytest.raises(NpmError, match=f"open in another program .process {os.getpid()}"):
            Study.open(fresh)
        reader = Study.open(fresh, write=False)
        with pytest.raises(NpmError, match="reading only"):
            reader.set_parameters("smooth", sigma_px=3)
    Study.open(fresh).close()


def test_a_trusted_child_writes_under_the_lock(fresh, monkeypatch):
    with Study.open(fresh) as parent:
        token = parent.child_environment[TOKEN_VARIABLE]
        monkeypatch.setenv(TOKEN_VARIABLE, token)
        with Study.open(fresh) as child:
            child.set_parameters("smooth", sigma_px=4)
        monkeypatch.delenv(TOKEN_VARIABLE)
        # the child's end must not free the parent's lock
        with pytest.raises(NpmError, match="another program"):
            Study.open(fresh)


def test_a_lock_left_by_a_dead_process_is_stale(fresh):
    study = Study.open(fresh)
    path = fresh / LOCK_NAME
    owner = json.loads(path.read_text())
    path.write_text(json.dumps(owner | {"process_started": owner["process_started"] - 1000}))
    Study.open(fresh).close()
    study.close()


def test_a_lock_of_a_killed_process_is_stale_though_nobody_waited_for_it(fresh):
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    study = Study.open(fresh)
    path = fresh / LOCK_NAME
    facts = {"pid": process.pid, "process_started": psutil.Process(process.pid).create_time()}
    path.write_text(json.dumps(json.loads(path.read_text()) | facts | {"token": "its own"}))
    with pytest.raises(NpmError, match="another program"):
        Study.open(fresh)
    os.kill(process.pid, signal.SIGKILL)
    while psutil.Process(process.pid).status() != psutil.STATUS_ZOMBIE:
        time.sleep(0.01)
    Study.open(fresh).close()
    process.wait()
    study.close()


def test_a_lock_of_another_machine_is_believed(fresh):
    study = Study.open(fresh)
    path = fresh / LOCK_NAME
    owner = json.loads(path.read_text())
    path.write_text(json.dumps(owner | {"host": "elsewhere", "pid": 1}))
    with pytest.raises(NpmError, match="elsewhere"):
        Study.open(fresh)
    study.close()


def test_a_changed_source_is_noticed(fresh):
    with Study.open(fresh) as study:
        image = study.images[0].id
        study.source(image).write_bytes(b"something else")
        with pytest.raises(NpmError, match="has changed since"):
            study.read(image)
        study.source(image).unlink()
        with pytest.raises(NpmError, match="is gone"):
            study.read(image)


def test_a_mask_of_another_size_is_refused(fresh):
    with Study.open(fresh) as study, pytest.raises(NpmError, match="10 x 10 px"):
        study.set_mask(study.images[0].id, np.zeros((10, 10), np.uint8))


@pytest.mark.parametrize(
    ("step", "change"),
    [("smooth", {"sigma_px": -1}), ("regions", {"share": 1.5}), ("train", {"nonsense": 1})],
)
def test_a_wrong_parameter_is_refused_and_not_kept(fresh, step, change):
    with Study.open(fresh) as study:
        before = (fresh / "study.toml").read_text()
        with pytest.raises(NpmError, match=next(iter(change))):
            study.set_parameters(step, **change)
        assert (fresh / "study.toml").read_text() == before


def test_tiles_are_labelled_by_their_sample(fresh):
    study = Study.open(fresh, write=False)
    assert [tile.index for tile in study.tiles] == list(range(6))
    assert study.tile_labels.tolist() == [0, 0, 0, 1, 1, 1]
    assert [study.tiles_of(image.id)[0].image for image in study.images] == [
        image.id for image in study.images
    ]


def test_a_pickled_study_comes_back_read_only(fresh):
    with Study.open(fresh) as study:
        copy = pickle.loads(pickle.dumps(study))
        assert copy.images == study.images
        with pytest.raises(NpmError, match="reading only"):
            copy.require_writable()
