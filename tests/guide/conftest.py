"""What the guide's examples stand in: images laid out by a user, and a study of them that ran."""

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from napari_npm.core import Label, Stroke
from napari_npm.io import read_labels, read_sem, write_image, write_labels
from napari_npm.study import FigurePreset, Study, add_folder, run, sample_data_folder


@pytest.fixture(scope="session")
def laid_out(tmp_path_factory) -> Path:
    """Return a folder of images of three samples of five specimens, and what belongs to them."""
    home, data = tmp_path_factory.mktemp("guide"), sample_data_folder()
    rows = ["image,part"]
    for specimen in sorted((data / "images").glob("S*/*")):
        source = specimen / f"{specimen.name}-1.tif"
        target = home / "images" / specimen.parent.name / specimen.name / source.name
        target.parent.mkdir(parents=True)
        shutil.copyfile(source, target)
        rows.append(f"{source.stem},{'test' if specimen.name[-1] in 'DE' else 'train'}")
    (home / "parts.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    for folder, sample in (("reference_paste", "S1"), ("modified_paste", "S3"), ("new", "S2")):
        (home / folder).mkdir()
        for image in (home / "images" / sample).rglob("*.tif"):
            shutil.copyfile(image, home / folder / image.name)
    (home / "maps").mkdir()
    for image in (home / "new").iterdir():
        pixels = read_sem(image).pixels
        write_image(home / "maps" / image.name, np.float32(pixels) / 255, 52.0)
    mosaic = read_sem(next((data / "mosaic").glob("*.tif")))
    write_image(home / "mosaic.tif", mosaic.pixels[:768, :768], mosaic.pixel_size_nm)
    labels = read_labels(data / "masks" / "S1-A-1.tif")
    strokes = np.zeros_like(labels)
    strokes[::8] = np.where(labels[::8] == Label.UNHYDRATED, Stroke.UNHYDRATED, Stroke.OTHER)
    write_labels(home / "strokes" / "S1-A-1.tif", strokes)
    return home


@pytest.fixture(scope="session")
def finished(laid_out, tmp_path_factory) -> Path:
    """Return the folder of a study of these images, run to its report."""
    folder = tmp_path_factory.mktemp("finished") / "mine"
    with Study.create(folder, name="Pastes") as study:
        add_folder(study, laid_out / "images", copy=True)
        study.set_figure_preset("Fig 2", FigurePreset())
    by_hand = Path(__file__).with_name("by_hand.py")
    subprocess.run([sys.executable, by_hand, folder], check=True)
    with Study.open(folder) as study:
        run(study)
    return folder
