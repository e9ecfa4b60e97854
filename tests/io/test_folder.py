"""Which files of a folder are images, and in what order."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_npm.core.errors import NpmError
from napari_npm.io import find_images
from napari_npm.io.folder import natural_key


def fill(folder, *names):
    for name in names:
        (folder / name).write_text("x")


def test_images_in_natural_order_and_the_rest_named(tmp_path):
    fill(tmp_path, "a10.tif", "a2.TIF", "A1.tiff", "b.png", "notes.docx", "c.jpg", "d.bmp", "x.dm3")
    (tmp_path / "sub.tif").mkdir()
    found = find_images(tmp_path)
    assert [path.name for path in found.images] == [
        *("A1.tiff", "a2.TIF", "a10.tif", "b.png", "c.jpg", "d.bmp")
    ]
    assert [path.name for path in found.skipped] == ["notes.docx", "x.dm3"]


def test_sidecars_and_hidden_files_are_in_neither_list(tmp_path):
    fill(tmp_path, "a.tif", "a.txt", "b.tif", "b-tif.hdr", "c.png", "c.hdr")
    fill(tmp_path, ".DS_Store", "._a.tif", ".a.1234.part.tif", "Thumbs.db")
    fill(tmp_path, "readme.txt", "other.hdr")
    found = find_images(str(tmp_path))
    assert [path.name for path in found.images] == ["a.tif", "b.tif", "c.png"]
    assert [path.name for path in found.skipped] == ["other.hdr", "readme.txt"]


def test_bad_folders_get_one_sentence(tmp_path):
    with pytest.raises(NpmError, match="There is no folder"):
        find_images(tmp_path / "missing")
    fill(tmp_path, "notes.txt")
    with pytest.raises(NpmError, match="is a file"):
        find_images(tmp_path / "notes.txt")
    with pytest.raises(NpmError, match="holds no image"):
        find_images(tmp_path)


@given(st.lists(st.integers(0, 10**6), unique=True, max_size=8))
def test_numbers_sort_as_numbers(tmp_path_factory, numbers):
    folder = tmp_path_factory.getbasetemp()
    paths = [folder / f"image-{number}.tif" for number in numbers]
    expected = [folder / f"image-{number}.tif" for number in sorted(numbers)]
    assert sorted(paths, key=natural_key) == expected
