import warnings

import numpy as np
import pytest

from napari_npm.core.errors import NpmError
from napari_npm.io import write_image
from napari_npm.viewer.reader import get_reader, read_images


def test_pixel_size_becomes_scale_in_micrometres(tmp_path, grey):
    write_image(tmp_path / "a.tif", grey, 52.0)
    [(pixels, keywords, kind)] = read_images(str(tmp_path / "a.tif"))
    assert kind == "image"
    assert np.array_equal(pixels, grey)
    assert keywords["scale"] == pytest.approx((0.052, 0.052))
    assert keywords["units"] == ("µm", "µm")
    assert keywords["name"] == "a"


def test_without_a_pixel_size_lengths_are_pixels_and_the_user_is_told(tmp_path, grey):
    write_image(tmp_path / "a.tif", grey)
    with pytest.warns(UserWarning, match="a: .*pixel size"):
        [(_, keywords, _)] = read_images(str(tmp_path / "a.tif"))
    assert keywords["scale"] == (1.0, 1.0)
    assert keywords["units"] == ("pixel", "pixel")


def test_a_folder_is_a_stack_for_each_shape_and_bad_files_are_named(tmp_path, grey):
    for number in range(3):
        write_image(tmp_path / f"{number}.tif", np.roll(grey, number, 0), 10.0)
    write_image(tmp_path / "small.tif", grey[:50, :50], 10.0)
    (tmp_path / "broken.tif").write_bytes(b"II*\0nothing")
    (tmp_path / "notes.txt").write_text("no image")
    with pytest.warns(UserWarning, match="Skipped broken.tif") as told:
        layers = read_images(str(tmp_path))
    assert [layer[0].shape for layer in layers] == [(3, 120, 160), (50, 50)]
    assert layers[0][1]["scale"] == pytest.approx((1, 0.01, 0.01))
    assert layers[0][1]["units"] == ("pixel", "µm", "µm")
    assert np.array_equal(layers[0][0][2], np.roll(grey, 2, 0))
    assert not any("notes" in str(one.message) for one in told)


def test_a_single_bad_file_is_an_error_in_one_sentence(tmp_path):
    (tmp_path / "broken.tif").write_bytes(b"II*\0nothing")
    with pytest.raises(NpmError):
        read_images(str(tmp_path / "broken.tif"))


def test_reader_leaves_other_files_and_empty_folders_alone(tmp_path):
    assert get_reader(str(tmp_path / "a.csv")) is None
    assert get_reader(str(tmp_path)) is None
    assert get_reader([]) is None
    assert get_reader([str(tmp_path / "a.tif"), str(tmp_path / "b.csv")]) is None
    assert get_reader(str(tmp_path / "A.TIF")) is read_images


def test_the_scale_bar_is_right_in_the_viewer(viewer, tmp_path, grey):
    write_image(tmp_path / "a.tif", grey, 250.0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        viewer.open(str(tmp_path / "a.tif"), plugin="napari-npm")
    layer = viewer.layers[0]
    assert layer.extent.world[1] - layer.extent.world[0] == pytest.approx([29.75, 39.75])
    assert str(layer.units[0]) == "micrometer"
