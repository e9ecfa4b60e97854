"""Images that do not tell their pixel size, as after an export, are asked about."""

import numpy as np
import pytest
from qtpy.QtCore import Qt, QTimer
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication, QDialog, QDoubleSpinBox, QLabel

from napari_npm.study import Study
from napari_npm.viewer.study_work import add_folders


@pytest.fixture
def images(tmp_path, rng):
    """A folder of two images that carry no pixel size and one that does."""
    from napari_npm.io import write_image

    folder = tmp_path / "S1"
    folder.mkdir()
    for name, size in (("bare1", None), ("bare2", None), ("told", 50.0)):
        pixels = rng.integers(30, 220, (384, 384)).astype(np.uint8)
        write_image(folder / f"{name}.tif", pixels, size)
    return folder


@pytest.fixture
def answer(qtbot):
    """Return a function that answers the next question with keys, and what was asked so far."""
    asked = []

    def type_in(keys, accept):
        dialog = QApplication.activeModalWidget()
        if not isinstance(dialog, QDialog):
            QTimer.singleShot(50, lambda: type_in(keys, accept))
            return
        field = dialog.findChild(QDoubleSpinBox)
        asked.append((dialog.findChild(QLabel).text(), field.value()))
        field.selectAll()
        QTest.keyClicks(field, keys)
        QTest.keyClick(dialog, Qt.Key.Key_Return if accept else Qt.Key.Key_Escape)

    def next_with(keys, *, accept=True):
        QTimer.singleShot(50, lambda: type_in(keys, accept))
        return asked

    return next_with


@pytest.fixture
def new_study(dock, images, tmp_path, monkeypatch):
    """Return a function that makes a study of the images as a user does."""

    def make():
        folders = [images, tmp_path / "new"]
        monkeypatch.setattr("napari_npm.viewer.dialogs.choose_folder", lambda *_: folders.pop(0))
        widget = dock("NPM study")
        QTest.mouseClick(widget.new_button, Qt.MouseButton.LeftButton)
        return widget

    return make


def test_the_pixel_size_is_asked_for_once_and_taken_for_those_without(new_study, answer, qtbot):
    asked = answer("50.1")
    widget = new_study()
    qtbot.waitUntil(
        lambda: widget.session.study is not None and len(widget.session.study.images) == 3,
        timeout=60_000,
    )
    qtbot.waitUntil(lambda: widget.status.text() == "2 images taken.", timeout=30_000)
    ((text, offered),) = asked
    assert "2 images carry no pixel size (bare1.tif, bare2.tif)" in text
    assert offered == 50.0
    sizes = {image.id: image.pixel_size_nm for image in widget.session.study.images}
    assert sizes == {"bare1": 50.1, "bare2": 50.1, "told": 50.0}


def test_without_an_answer_they_are_left_out_in_words(new_study, answer, qtbot):
    asked = answer("", accept=False)
    widget = new_study()
    qtbot.waitUntil(lambda: bool(asked), timeout=60_000)
    said = "2 images without a pixel size left out: add the folder again to state it."
    qtbot.waitUntil(lambda: widget.status.text() == said, timeout=30_000)
    assert [image.id for image in widget.session.study.images] == ["told"]


def test_a_folder_whose_images_all_lack_it_is_no_failure(images, tmp_path):
    (images / "told.tif").unlink()
    with Study.create(tmp_path / "study") as study:
        first = add_folders(lambda *_: None, study, [images])
        assert (first.added, len(first.sizeless)) == (0, 2)
        second = add_folders(lambda *_: None, study, [images], 52.0, first.sizeless[:1])
        assert (second.added, second.skipped, second.sizeless) == (1, (), ())
        assert study.image("bare1").pixel_size_nm == 52.0
