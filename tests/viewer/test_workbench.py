"""The NPM study dock as a workbench: what to do next, pictures, filters, drops, other docks."""

import shutil

import numpy as np
import pytest
from qtpy.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from qtpy.QtGui import QDragEnterEvent, QDropEvent
from qtpy.QtWidgets import QApplication

from napari_npm.core.errors import NpmError
from napari_npm.core.masking import Label
from napari_npm.study import Study
from napari_npm.viewer.catalogue import DOCKS, STUDY_DOCK
from napari_npm.viewer.layers import Kind, kind_of, put, retire, subject_of
from napari_npm.viewer.reader import get_reader
from napari_npm.viewer.session import plain
from napari_npm.viewer.study_work import add_folders
from napari_npm.viewer.thumbnails import small


def click(button, qtbot):
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def drop(widget, *paths):
    """Drop files or folders on a widget, as a file manager does; tell whether they are taken."""
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    actions, left = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton
    keys = Qt.KeyboardModifier.NoModifier
    enter = QDragEnterEvent(QPoint(5, 5), actions, data, left, keys)
    QApplication.sendEvent(widget, enter)
    event = QDropEvent(QPointF(5, 5), actions, data, left, keys)
    event.ignore()
    QApplication.sendEvent(widget, event)
    return enter.isAccepted() and event.isAccepted()


def shows(widget, image_id):
    return lambda: widget.session.image_id == image_id and not widget.session.changing


@pytest.fixture
def folders(monkeypatch):
    """Answer the next folder dialogs with these folders."""
    answers = []
    monkeypatch.setattr("napari_npm.viewer.dialogs.choose_folder", lambda *_: answers.pop(0))
    return answers


# what to do next


def suggested(widget, qtbot, words):
    box = widget.next_box
    qtbot.waitUntil(lambda: words in box.words.text(), timeout=30_000)
    return box


def test_the_next_action_is_said_and_done_by_its_button(opened, viewer, qtbot):
    box = suggested(opened, qtbot, "Turn grey values into porosity maps")
    assert box.act_button.text() == "Run"
    click(box.act_button, qtbot)
    qtbot.waitUntil(lambda: opened.session.job is not None, timeout=30_000)
    assert "Running to Smooth" in box.words.text()
    assert box.act_button.isHidden()
    qtbot.waitUntil(lambda: opened.session.job is None, timeout=120_000)
    suggested(opened, qtbot, "Train the networks")
    assert not box.act_button.isHidden()


def test_proposed_masks_are_to_be_looked_at_first(dock, study_folder, qtbot):
    folder = study_folder()
    with Study.open(folder) as study:
        mask = study.mask("B0").copy()
        mask[100:150, 100:150] = Label.UNHYDRATED
        study.propose_mask("B0", mask)
    widget = dock(STUDY_DOCK)
    widget.open(folder)
    box = suggested(widget, qtbot, "Look at 1 proposed mask:")
    click(box.act_button, qtbot)
    qtbot.waitUntil(shows(widget, "B0"), timeout=30_000)
    assert any(
        name.startswith("Mask and calibrate") for name in plain(widget.viewer).window.dock_widgets
    )


def test_an_empty_study_asks_for_images_and_one_without_masks_for_masks(
    dock, study_folder, folders, tmp_path, qtbot
):
    widget = dock(STUDY_DOCK)
    folders += [tmp_path / "new", study_folder.images]
    click(widget.empty_button, qtbot)
    box = suggested(widget, qtbot, "Add a folder of images")
    click(box.act_button, qtbot)
    qtbot.waitUntil(shows(widget, "A0"), timeout=30_000)
    suggested(widget, qtbot, "Mark both references")
    widget.close_study()
    assert box.isHidden()
    assert not widget.start_page.isHidden()
    assert widget.session.study is None


def test_what_cannot_be_suggested_is_said(opened, qtbot, monkeypatch):
    def broken(*_):
        raise NpmError("The mask of A0 cannot be read.")

    monkeypatch.setattr("napari_npm.study.suggesting.suggest", broken)
    opened.session.states_changed.emit()
    assert suggested(opened, qtbot, "cannot be read").act_button.isHidden()


# pictures


def test_images_have_pictures_of_themselves(opened, qtbot):
    model = opened.table.images
    qtbot.waitUntil(lambda: all(model.pictures.icon(f"A{n}") for n in (0, 1)), timeout=30_000)
    shown = model.data(model.index(0, 0), Qt.ItemDataRole.DecorationRole)
    picture = shown.pixmap(36, 36).toImage()
    corners = [picture.pixelColor(*at).value() for at in ((1, 1), (34, 34))]
    assert corners[0] < 60 < 200 < corners[1]  # dark above, bright below, as in the files


@pytest.mark.parametrize("shape", [(384, 384), (100, 700), (20, 30), (3000, 2000)])
def test_a_picture_is_the_mean_of_the_middle(shape):
    rows, columns = shape
    pixels = np.fromfunction(lambda row, _: row, shape)
    picture = small(pixels, 64)
    assert max(picture.shape) <= 2 * 64
    assert picture.dtype == np.uint8
    assert np.all(np.diff(picture.astype(int), axis=0) >= 0)
    assert np.all(picture == picture[:, :1])
    side = min(rows, columns)
    if rows == side and side >= 64:
        assert picture[0, 0] < 12
        assert picture[-1, 0] > 243


def test_a_file_that_is_gone_is_told_and_stops_nothing(dock, study_folder, tmp_path, qtbot):
    images = tmp_path / "images"
    shutil.copytree(study_folder.images, images)
    with Study.create(tmp_path / "study") as study:
        add_folders(lambda *_: None, study, [images])
    (images / "A" / "A1.tif").unlink()
    widget = dock(STUDY_DOCK)
    widget.open(tmp_path / "study")
    model = widget.table.images
    qtbot.waitUntil(shows(widget, "A0"), timeout=30_000)
    qtbot.waitUntil(lambda: model.pictures.icon("B1") is not None, timeout=30_000)
    model.pictures.icon("A1")
    qtbot.waitUntil(lambda: model.pictures.missing == {"A1"}, timeout=30_000)
    tip = model.data(model.index(model.row_of("A1"), 0), Qt.ItemDataRole.ToolTipRole)
    assert "cannot be read" in tip


# lists


def test_words_and_states_filter_the_images_that_next_goes_through(opened, qtbot):
    qtbot.waitUntil(shows(opened, "A0"), timeout=30_000)
    qtbot.keyClicks(opened.filter.field, "b")
    assert opened.table.ids() == ("B0", "B1")
    assert opened.count.text() == "2 of 4 images"
    assert not opened.table.selectionModel().selectedRows()  # A0 is on show, and not listed
    click(opened.next_button, qtbot)
    qtbot.waitUntil(shows(opened, "B0"), timeout=30_000)
    for image_id in ("B1", "B1"):
        click(opened.next_button, qtbot)
        qtbot.waitUntil(shows(opened, image_id), timeout=30_000)
    opened.filter.field.clear()
    assert opened.count.text() == ""
    opened.table.sortByColumn(0, Qt.SortOrder.DescendingOrder)
    click(opened.next_button, qtbot)
    qtbot.waitUntil(shows(opened, "B0"), timeout=30_000)


def test_states_of_masks_and_steps_filter(opened, qtbot):
    states = {name: frozenset({"mask"}) for name in opened.session.states}
    opened.session.states = {**states, "A1": frozenset({"mask", "calibrate", "explain"})}
    opened.session.states_changed.emit()
    opened.filter.box.setCurrentText("not calibrated")
    assert opened.table.ids() == ("A0", "B0", "B1")
    opened.filter.box.setCurrentText("not explained")
    assert opened.table.ids() == ("A0", "B0", "B1")
    opened.filter.box.setCurrentText("not predicted")
    assert len(opened.table.ids()) == 4
    opened.filter.box.setCurrentText("with warnings")
    assert len(opened.table.ids()) == 4  # none of the images tells its detector
    review = type(opened.session.reviews["B1"])
    opened.session.reviews["B1"] = review.PROPOSED
    opened.session.reviews["A0"] = review.ACCEPTED
    opened.session.reviews_changed.emit()
    opened.filter.box.setCurrentText("mask to look at")
    assert "B1" in opened.table.ids()
    assert "A0" not in opened.table.ids()


# drops


def test_a_study_dropped_on_the_dock_is_opened(dock, study_folder, qtbot):
    widget = dock(STUDY_DOCK)
    assert drop(widget, study_folder())
    qtbot.waitUntil(shows(widget, "A0"), timeout=30_000)


def test_images_dropped_make_a_study_and_more_are_added(
    dock, study_folder, folders, tmp_path, qtbot
):
    widget = dock(STUDY_DOCK)
    folders.append(tmp_path / "new")
    assert drop(widget, study_folder.images / "A")
    qtbot.waitUntil(shows(widget, "A0"), timeout=30_000)
    assert [sample.name for sample in widget.session.study.samples] == ["A"]
    more = tmp_path / "C"
    more.mkdir()
    shutil.copy(study_folder.images / "B" / "B0.tif", more / "C7.tif")
    empty = tmp_path / "nothing"
    empty.mkdir()
    assert drop(widget, empty, more)
    qtbot.waitUntil(lambda: "1 image taken" in widget.status.text(), timeout=30_000)
    assert "1 left out" in widget.status.text()
    assert [sample.name for sample in widget.session.study.samples] == ["A", "C"]
    qtbot.waitUntil(lambda: "C7" in widget.session.states, timeout=30_000)


def test_files_and_words_are_not_taken_for_folders(opened, study_folder, qtbot):
    assert drop(opened, study_folder.images / "A" / "A0.tif")
    assert "Drop folders" in opened.status.text()
    data = QMimeData()
    data.setText("words")
    event = QDragEnterEvent(
        QPoint(5, 5),
        Qt.DropAction.CopyAction,
        data,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )
    event.ignore()
    QApplication.sendEvent(opened, event)
    assert not event.isAccepted()


def test_a_study_dropped_on_the_canvas_is_opened_in_its_dock(viewer, study_folder, qtbot):
    folder = study_folder()
    assert get_reader([str(folder), str(folder)]) is None
    viewer.open(str(folder), plugin="napari-npm")
    window = plain(viewer).window
    (widget,) = (dock for name, dock in window.dock_widgets.items() if name.startswith(STUDY_DOCK))
    qtbot.waitUntil(shows(widget, "A0"), timeout=30_000)
    assert [kind_of(layer) for layer in viewer.layers] == [Kind.IMAGE, Kind.MASK]


# docks


def test_every_other_dock_opens_from_here(opened, viewer, qtbot):
    buttons = opened.dock_buttons.buttons
    assert list(buttons) == [entry.name for entry in DOCKS if entry.name != STUDY_DOCK]
    click(buttons["MicF"], qtbot)
    qtbot.wait(50)
    assert any(name.startswith("MicF") for name in plain(viewer).window.dock_widgets)


def test_a_study_closed_between_two_images_leaves_the_canvas_alive(
    opened, viewer, qtbot, monkeypatch
):
    session, layers = opened.session, plain(viewer).layers
    subject = subject_of(layers[0])
    mulf = put(plain(viewer), Kind.MULF, subject, np.zeros((384, 384), np.float32))

    def endless(shown, *_):
        retire(mulf)
        while shown:
            yield

    monkeypatch.setattr("napari_npm.viewer.show.show_image_data", endless)
    canvas = opened.window().centralWidget()
    session.show(session.study.images[1].id)
    qtbot.waitUntil(lambda: session.changing, timeout=30_000)
    assert not canvas.updatesEnabled()
    session.close_study()
    assert canvas.updatesEnabled()
    assert not session.changing
    assert not mulf.visible
