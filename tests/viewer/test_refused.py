"""What is drawn while the disk refuses it: kept in the window, saved as soon as it can be."""

import errno
import os
from pathlib import Path

import numpy as np
import pytest
from qtpy.QtCore import Qt

from napari_npm.core.errors import NpmError
from napari_npm.core.masking import Label
from napari_npm.io import read_labels
from napari_npm.viewer import refusals
from napari_npm.viewer.layers import Kind, Subject, find


@pytest.fixture
def locked(opened, monkeypatch):
    """Return a list: while it holds anything, the study's folder cannot be written to.

    The rename of each file is refused, since root may write where a mode forbids it.
    """
    folder, locks, replace = opened.session.study.folder, [], Path.replace

    def refuse(path, target):
        if locks and folder in Path(target).parents:
            raise OSError(errno.EACCES, os.strerror(errno.EACCES), str(target))
        return replace(path, target)

    monkeypatch.setattr(Path, "replace", refuse)
    yield locks
    locks.clear()  # closing the window would ask otherwise


@pytest.fixture
def said(monkeypatch):
    """Return the list of what is shown as notifications."""
    texts = []
    monkeypatch.setattr("napari_npm.viewer.notify.show_error", texts.append)
    monkeypatch.setattr("napari_npm.viewer.notify.show_message", texts.append)
    return texts


@pytest.fixture
def drawn(opened, dock, viewer, qtbot, said, locked):
    """The mask page with a stroke on the first image that the disk refuses."""
    page = dock("Mask and calibrate").mask
    locked.append("a lock")
    mask(viewer, "A0").paint((200, 200), int(Label.UNHYDRATED))
    qtbot.waitUntil(lambda: bool(refused(said)), timeout=30_000)
    return page


def mask(viewer, image_id):
    return find(viewer, Kind.MASK, Subject(image_id, None, image_id))


def refused(said):
    return [text for text in said if "The mask of A0 cannot be written" in text]


def press(page, key, qtbot):
    qtbot.keyClick(page.viewer.window._qt_viewer.canvas.native, key)


def shows(page, image_id, qtbot):
    session = page.session
    qtbot.waitUntil(lambda: session.image_id == image_id and not session.changing, timeout=60_000)


def test_a_mask_stays_in_the_window_and_is_saved_once_the_folder_is_writable(
    drawn, viewer, qtbot, said, locked
):
    study = drawn.session.study
    path, wanted = study.mask_path("A0"), np.array(mask(viewer, "A0").data)
    qtbot.wait(refusals.RETRY_MS + 500)
    assert len(refused(said)) == 1  # once, though it was tried again
    assert "(permission denied)" in refused(said)[0]
    assert str(path) not in refused(said)[0]
    mask(viewer, "A0").paint((100, 100), int(Label.UNHYDRATED))
    qtbot.wait(300)
    press(drawn, Qt.Key.Key_U, qtbot)
    qtbot.waitUntil(lambda: not mask(viewer, "A0").data[100, 100], timeout=30_000)
    assert np.array_equal(mask(viewer, "A0").data, wanted)

    press(drawn, Qt.Key.Key_N, qtbot)
    shows(drawn, "A1", qtbot)
    assert not mask(viewer, "A1").data[200, 200]
    qtbot.waitUntil(lambda: len(refused(said)) == 2, timeout=30_000)  # said again to who goes on
    qtbot.mouseClick(drawn.review.previous_button, Qt.MouseButton.LeftButton)
    shows(drawn, "A0", qtbot)
    assert np.array_equal(mask(viewer, "A0").data, wanted)
    assert not np.array_equal(read_labels(path), wanted)

    locked.clear()
    qtbot.waitUntil(lambda: "Saved now: the mask of A0." in said, timeout=30_000)
    assert np.array_equal(read_labels(path), wanted)
    press(drawn, Qt.Key.Key_U, qtbot)
    qtbot.waitUntil(lambda: not mask(viewer, "A0").data[200, 200], timeout=30_000)
    qtbot.waitUntil(lambda: not read_labels(path)[200, 200], timeout=30_000)


def test_strokes_are_kept_as_the_mask_is(opened, dock, viewer, qtbot, said, locked):
    page = dock("Mask and calibrate").mask
    locked.append("a lock")
    page.draw.use_stroke(1)
    find(viewer, Kind.STROKES, Subject("A0", None, "A0")).paint((200, 200), 1)
    qtbot.waitUntil(
        lambda: any("The strokes of A0 cannot be written" in text for text in said), timeout=30_000
    )
    press(page, Qt.Key.Key_N, qtbot)
    shows(page, "A1", qtbot)
    assert not find(viewer, Kind.STROKES, Subject("A1", None, "A1")).data.any()
    qtbot.mouseClick(page.review.previous_button, Qt.MouseButton.LeftButton)
    shows(page, "A0", qtbot)
    assert find(viewer, Kind.STROKES, Subject("A0", None, "A0")).data[200, 200] == 1
    locked.clear()
    qtbot.waitUntil(lambda: "Saved now: the strokes of A0." in said, timeout=30_000)
    assert page.session.study.strokes("A0")[200, 200] == 1


def test_what_was_said_of_a_mask_is_kept_with_it(drawn, viewer, qtbot, locked):
    session = drawn.session
    session.reviews.clear()
    press(drawn, Qt.Key.Key_A, qtbot)
    shows(drawn, "A1", qtbot)
    assert str(session.study.review("A0")) != "accepted"
    locked.clear()
    qtbot.waitUntil(lambda: session.study.review("A0").value == "accepted", timeout=30_000)


def test_the_study_stays_open_until_the_mask_is_saved(drawn, viewer, qtbot, locked):
    session = drawn.session
    with pytest.raises(NpmError, match="stays open because the mask of A0 cannot be saved"):
        session.close_study()
    assert session.study is not None
    assert mask(viewer, "A0").data[200, 200]
    path = session.study.mask_path("A0")
    locked.clear()
    session.close_study()
    assert session.study is None
    assert read_labels(path)[200, 200] == Label.UNHYDRATED


def test_closing_the_window_on_an_unsaved_mask_asks(drawn, opened, qtbot, monkeypatch, locked):
    asked, answers = [], [False, True]

    def ask(window, what):
        asked.append(what)
        return answers.pop(0)

    monkeypatch.setattr("napari_npm.viewer.dialogs.ask_about_unsaved", ask)
    session, window = drawn.session, opened.window()
    window.close()
    assert asked == [["the mask of A0"]]
    assert not session.closed
    assert session.study is not None
    window.close()
    assert session.closed
