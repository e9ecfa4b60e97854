"""Asking a network about new images from the command line."""

import json

import numpy as np
import pytest
import torch

from napari_npm.core.network import NanoporosityNet, NetworkConfig
from napari_npm.io import write_image
from napari_npm.study import Study, run
from napari_npm.study.models import save_model


@pytest.fixture
def ready(study):
    """Return a study that is calibrated and has a small model."""
    with Study.open(study) as opened:
        run(opened, ["simulate", "mask", "calibrate"], scheduler="synchronous")
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            network = NanoporosityNet(2, NetworkConfig((2, 2), input_size=128)).eval()
        card = {"maps": "mulf", "classes": ["S1", "S2"], "pixel_size_nm": opened.pixel_size_nm}
        save_model(opened.models_folder / "mulf", network, card)
    return study


def test_images_of_the_study_and_files_are_classified_and_named(npm, ready, data, tmp_path):
    image = Study.open(ready, write=False).images[0].id
    (path,) = (data / "images").rglob("S2-1.tif")
    write_image(tmp_path / "tiny.tif", np.zeros((9, 9), np.uint8), 52.0)
    files = ["--g-csh", "60", "--g-metal", "200", "--out", tmp_path / "out"]
    (tmp_path / "new.tif").write_bytes(path.read_bytes())
    npm("classify", ready, image, tmp_path / "new.tif", tmp_path / "tiny.tif", *files)
    lines = npm.out.splitlines()
    assert lines[0].startswith(f"{image}: S")
    assert lines[1].startswith("new: S")
    assert "by mulf (S1 0." in lines[1]
    assert "left out:" in npm.err
    assert "smaller than one tile" in npm.err
    assert "new: It has no mask" in npm.err
    assert f"wrote 2 images into {tmp_path / 'out'}" in npm.err
    made = {file.name for file in (tmp_path / "out").iterdir()}
    assert {f"{image}_probability.tif", "new_probability.tif", "classified.csv"} <= made
    assert not (ready / "classified").exists()


def test_json_tells_every_figure_and_file(npm, ready):
    image = Study.open(ready, write=False).images[0].id
    npm("classify", ready, image, "--stride-px", "128", "--relevance", "--target", "S2", "--json")
    events = [json.loads(line) for line in npm.out.splitlines()]
    (result,) = [event for event in events if event["event"] == "result"]
    assert result["image"] == image
    assert result["p_S1"] + result["p_S2"] == pytest.approx(1)
    assert result["windows"] == 9
    assert any(name.endswith("_relevance.tif") for name in result["files"])
    last = [event for event in events if event["event"] == "progress"][-1]
    assert (last["step"], last["done"], last["total"]) == ("classify", 9, 9)
    assert events[-1]["event"] == "finished"


def test_the_line_cancel_stops_it(npm, ready):
    image = Study.open(ready, write=False).images[0].id
    command = ("classify", ready, image, "--stride-px", "1", "--batch-size", "1", "--json")
    npm(*command, typed="cancel\n", status=130)
    assert json.loads(npm.out.splitlines()[-1])["event"] == "cancelled"
    assert not (ready / "classified").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["nothing.tif"], "neither an image of the study nor a file"),
        (["IMAGE", "--model", "big"], "neither a model of the study"),
        (["IMAGE", "--stride-px", "999"], "stride_px"),
        (["IMAGE", "--centre-bias", "away"], "crops"),
        (["IMAGE", "--target", "S9"], "does not know the class"),
        ([], "images"),
    ],
)
def test_mistakes_end_in_one_sentence(npm, ready, words, said):
    image = Study.open(ready, write=False).images[0].id
    npm("classify", ready, *(image if word == "IMAGE" else word for word in words), status=2)
    assert said in npm.err
    assert "Traceback" not in npm.err
