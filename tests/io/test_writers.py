"""What is written reads back, here and in other programs."""

import csv

import numpy as np
import pandas as pd
import pytest
import tifffile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from napari_npm.core.errors import NpmError
from napari_npm.io import (
    atomic_path,
    read_labels,
    read_sem,
    write_image,
    write_labels,
    write_table,
)

same_folder = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40, deadline=None
)


@same_folder
@given(size=st.floats(1e-3, 1e6))
def test_pixel_size_comes_back_to_a_millionth(tmp_path, size):
    write_image(tmp_path / "a.tif", np.arange(12, dtype=np.uint8).reshape(3, 4), size)
    assert read_sem(tmp_path / "a.tif").pixel_size_nm == pytest.approx(size, rel=1e-6)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("compress", [False, True])
def test_grey_comes_back(tmp_path, micrograph, dtype, compress):
    image = micrograph.astype(dtype) * (1 if dtype == np.uint8 else 257)
    write_image(tmp_path / "a.tif", image, 12.5, compress=compress)
    back = read_sem(tmp_path / "a.tif")
    assert back.pixels.dtype == dtype
    np.testing.assert_array_equal(back.pixels, image)
    assert back.warnings == ()


def test_float_bool_and_rgb_as_another_reader_sees_them(tmp_path, micrograph):
    path = tmp_path / "a.tif"
    write_image(path, micrograph / 255, 2.0)
    stored = tifffile.imread(path)
    assert stored.dtype == np.float32
    np.testing.assert_array_equal(stored, (micrograph / 255).astype(np.float32))
    write_image(path, micrograph > 99)
    np.testing.assert_array_equal(np.asarray(Image.open(path)), np.where(micrograph > 99, 255, 0))
    rgb = np.stack([micrograph, 255 - micrograph, micrograph // 2], axis=-1)
    write_image(path, rgb, 2.0)
    np.testing.assert_array_equal(np.asarray(Image.open(path)), rgb)


def test_no_pixel_size_stays_none(tmp_path, micrograph):
    write_image(tmp_path / "a.tif", micrograph)
    assert read_sem(tmp_path / "a.tif").pixel_size_nm is None


def test_same_image_same_bytes(tmp_path, micrograph):
    for name in ("a.tif", "b.tif"):
        write_image(tmp_path / name, micrograph, 8.993, compress=True)
    assert (tmp_path / "a.tif").read_bytes() == (tmp_path / "b.tif").read_bytes()


@pytest.mark.parametrize(
    ("image", "size"),
    [
        (np.zeros((2, 3, 4), np.uint8), None),
        (np.zeros((2, 3, 3), np.float32), None),
        (np.zeros(5, np.uint8), None),
        (np.zeros((0, 5), np.uint8), None),
        (np.zeros((4, 5), np.int32), None),
        (np.zeros((4, 5), np.uint8), 0.0),
        (np.zeros((4, 5), np.uint8), float("nan")),
    ],
)
def test_what_is_no_image_is_not_written(tmp_path, image, size):
    with pytest.raises(ValueError, match=r"image|pixel size"):
        write_image(tmp_path / "a.tif", image, size)
    assert list(tmp_path.iterdir()) == []


def test_only_tiff_names(tmp_path, micrograph):
    with pytest.raises(ValueError, match=r"\.png"):
        write_image(tmp_path / "a.png", micrograph)


def test_labels_come_back_small_and_with_their_pixel_size(tmp_path):
    labels = np.zeros((300, 200), np.int64)
    labels[50:100] = 1
    labels[120:, 30:60] = 2
    labels[:20] = 3
    path = tmp_path / "masks" / "a.tif"
    write_labels(path, labels, 8.99306)
    assert path.stat().st_size < labels.size / 20
    back = read_labels(path, shape=(300, 200))
    assert back.dtype == np.uint8
    np.testing.assert_array_equal(back, labels)
    assert read_sem(path).pixel_size_nm == pytest.approx(8.99306, rel=1e-6)


def test_labels_from_other_programs(tmp_path):
    labels = np.random.default_rng(3).integers(0, 4, (20, 30), dtype=np.uint8)
    painted = Image.new("P", labels.shape[::-1])
    painted.putdata(labels.ravel().tolist())
    painted.putpalette([0, 0, 0, 255, 0, 0, 0, 255, 0, 0, 0, 255])
    painted.save(tmp_path / "colours.bmp")
    np.testing.assert_array_equal(read_labels(tmp_path / "colours.bmp"), labels)
    tifffile.imwrite(tmp_path / "one-bit.tif", labels > 1)
    np.testing.assert_array_equal(read_labels(tmp_path / "one-bit.tif"), labels > 1)
    Image.fromarray(labels).save(tmp_path / "grey.png")
    np.testing.assert_array_equal(read_labels(tmp_path / "grey.png"), labels)


def test_wrong_labels_are_refused_in_one_sentence(tmp_path, micrograph):
    write_image(tmp_path / "grey.tif", micrograph)
    with pytest.raises(NpmError, match=r"grey\.tif holds the value 219.*1 unhydrated, 2 csh"):
        read_labels(tmp_path / "grey.tif")
    write_labels(tmp_path / "a.tif", np.ones((4, 5), np.uint8))
    with pytest.raises(NpmError, match="4 rows and 5 columns, its image has 5 and 5"):
        read_labels(tmp_path / "a.tif", shape=(5, 5))
    Image.fromarray(micrograph // 128).save(tmp_path / "a.jpg")
    with pytest.raises(NpmError, match="changes labels"):
        read_labels(tmp_path / "a.jpg")


@pytest.mark.parametrize(
    "labels",
    [np.full((3, 3), 4), np.full((3, 3), -1), np.zeros((3, 3)), np.zeros((2, 3, 3), np.uint8)],
)
def test_labels_that_are_none_are_not_written(tmp_path, labels):
    with pytest.raises(ValueError, match="labels"):
        write_labels(tmp_path / "a.tif", labels)


def test_table_comes_back_exactly(tmp_path):
    table = pd.DataFrame({"sample": ["S1", "ü,2"], "length_um": [0.1 + 0.2, 1e-17], "n": [3, 4]})
    write_table(tmp_path / "a.csv", table)
    with (tmp_path / "a.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["sample"] for row in rows] == ["S1", "ü,2"]
    assert [float(row["length_um"]) for row in rows] == [0.1 + 0.2, 1e-17]
    assert [row["n"] for row in rows] == ["3", "4"]
    assert b"\r" not in (tmp_path / "a.csv").read_bytes()


def test_table_with_row_labels(tmp_path):
    table = pd.DataFrame({"S1": [1.0, 2.0]}, index=pd.Index(["S1", "S2"], name="sample"))
    write_table(tmp_path / "a.csv", table, index=True)
    pd.testing.assert_frame_equal(pd.read_csv(tmp_path / "a.csv", index_col="sample"), table)


def test_writers_go_through_the_atomic_path(tmp_path, micrograph, monkeypatch):
    seen = []

    def spy(path):
        seen.append(path.name)
        return atomic_path(path)

    monkeypatch.setattr("napari_npm.io.writers.atomic_path", spy)
    monkeypatch.setattr("napari_npm.io.atomic.atomic_path", spy)
    write_image(tmp_path / "a.tif", micrograph)
    write_labels(tmp_path / "b.tif", micrograph // 128)
    write_table(tmp_path / "c.csv", pd.DataFrame({"a": [1]}))
    assert seen == ["a.tif", "b.tif", "c.csv"]
