import importlib.util
import tomllib
from pathlib import Path

import numpy as np
import pytest

from napari_npm.core.masking import Label
from napari_npm.io import read_labels, read_sem

FOLDER = Path(__file__).parents[1] / "sample_data"


@pytest.fixture(scope="module")
def script():
    spec = importlib.util.spec_from_file_location("script", FOLDER / "make_sample_data.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_script_makes_the_stored_data_again(script):
    assert script.check() == []


def test_a_changed_file_is_found(script, tmp_path, monkeypatch):
    monkeypatch.setattr(script, "HERE", tmp_path)
    monkeypatch.setattr(script, "SPECIMENS", "A")
    monkeypatch.setattr(script, "TILES", 1)
    monkeypatch.setattr(script, "load_curve", lambda _: None)
    script.write(tmp_path)
    script.write_manifest(tmp_path)
    assert script.check() == []
    (tmp_path / "truth/S1-A-1.tif").unlink()
    pixels = read_sem(tmp_path / "masks/S2-A-1.tif").pixels.copy()
    pixels[0, 0] ^= 1
    script.write_tiff(tmp_path / "masks/S2-A-1.tif", pixels, 52.0)
    (tmp_path / "masks/S9.tif").write_bytes(b"")
    assert script.check() == [
        "masks/S2-A-1.tif was changed",
        "masks/S9.tif is not in SHA256SUMS",
        "truth/S1-A-1.tif is missing",
    ]


def test_every_image_has_scale_mask_and_truth():
    table = tomllib.loads((FOLDER / "samples.toml").read_text(encoding="utf-8"))
    stems = []
    for sample in table["samples"]:
        specimens = sorted(path for path in (FOLDER / sample["folder"]).iterdir())
        assert len(specimens) >= 5
        for folder in specimens:
            marked = set()
            for path in sorted(folder.glob("*.tif")):
                image = read_sem(path)
                assert image.pixels.shape == (384, 384)
                assert image.pixels.dtype == np.uint8
                assert image.pixel_size_nm == pytest.approx(52)
                assert image.warnings == ()
                labels = read_labels(FOLDER / "masks" / path.name, shape=(384, 384))
                marked |= set(np.unique(labels).tolist())
                truth = read_labels(FOLDER / "truth" / path.name, shape=(384, 384))
                assert set(np.unique(truth)) == {0, 1}
                stems.append(path.stem)
            assert marked >= {int(label) for label in Label}
    assert len(set(stems)) == len(stems) == 90
    (large,) = table["mosaics"]
    name = Path(large["file"]).name
    assert read_sem(FOLDER / large["file"]).pixels.shape == (1536, 1536)
    assert read_labels(FOLDER / "masks" / name).shape == (1536, 1536)
    assert Path(name).stem not in stems


def test_the_sample_data_stay_small():
    assert sum(p.stat().st_size for p in FOLDER.rglob("*") if p.is_file()) < 15e6
