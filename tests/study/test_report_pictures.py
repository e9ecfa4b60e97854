"""The report's page stays small enough to be sent around."""

import base64
import io
import shutil

import numpy as np
import pytest
from PIL import Image

from napari_npm.study import Study, run
from napari_npm.study.reporting.pictures import pictures


@pytest.fixture
def study(finished_study, tmp_path):
    folder = tmp_path / "copy"
    shutil.copytree(finished_study, folder)
    with Study.open(folder) as opened:
        opened.set_parameters("figures", panels=1, dpi=50)
        run(opened, ["figures"], only=["confusion_mulf", "maps"])
        yield opened


def shown(picture):
    """Return the kind of a picture in the page, its bytes, and its pixels."""
    head, data = picture.source.split(",")
    content = base64.b64decode(data)
    with Image.open(io.BytesIO(content)) as image:
        return head, content, np.asarray(image.convert("RGB"), dtype=float)


def test_a_small_figure_stands_in_the_page_as_it_is(study):
    (found,) = pictures(study, ["confusion"])[:1]
    head, content, _ = shown(found)
    assert head == "data:image/png;base64"
    assert content == (study.figures_folder / found.name).read_bytes()
    assert found.caption


def test_a_large_one_is_compressed_to_the_same_size_and_look(study, rng):
    (name,) = {one.name for one in pictures(study, ["maps"])}
    grey = (np.linspace(30, 220, 800) + rng.normal(0, 20, (600, 800))).clip(0, 255)
    colours = np.repeat(grey[..., None], 3, axis=-1).astype(np.uint8)
    colours[5::10, 5::10] = 220, 20, 20
    file = study.figures_folder / name
    Image.fromarray(colours).save(file, dpi=(200, 200))
    written = file.read_bytes()
    (found,) = pictures(study, ["maps"])
    head, content, pixels = shown(found)
    assert head == "data:image/jpeg;base64"
    assert len(content) < len(written) / 2
    assert pixels.shape == (600, 800, 3)
    assert np.abs(pixels - colours).mean() < 8
    red = pixels[5::10, 5::10]
    assert (red[..., 0] - red[..., 1:].max(-1)).mean() > 100
    # 4 inches at 8.35 rem an inch
    assert found.width == 33.4
    assert file.read_bytes() == written
