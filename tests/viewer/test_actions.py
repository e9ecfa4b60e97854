import pytest
from napari.utils.shortcuts import default_shortcuts
from qtpy.QtCore import Qt
from qtpy.QtGui import QKeySequence
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QMenu

from napari_npm.viewer.actions import ACTIONS
from napari_npm.viewer.catalogue import DOCKS, entry_of, open_dock
from napari_npm.viewer.help_dock import HelpDock
from napari_npm.viewer.keys import Keys
from napari_npm.viewer.mask_keys import KEYS
from napari_npm.viewer.session import plain


@pytest.fixture
def window(viewer, qtbot):
    """Return a function that brings the window to the front, where keys reach it."""

    def front():
        shown = plain(viewer).window._qt_window
        shown.show()
        shown.activateWindow()
        qtbot.waitExposed(shown)
        qtbot.wait(50)
        return shown

    return front


def shortcuts_of_napari(window):
    found = {str(key) for keys in default_shortcuts.values() for key in keys}
    for menu in window.findChildren(QMenu):
        found |= {action.shortcut().toString() for action in menu.actions()}
    return found


def test_keys_are_unlike_each_other_and_napari_s(opened, window):
    keys = [QKeySequence(one.key).toString() for one in (*DOCKS, *ACTIONS)]
    assert all(keys)
    assert len(set(keys)) == len(keys)
    assert not set(keys) & shortcuts_of_napari(window())


def test_keys_work_from_a_dock_and_are_bound_once(opened, dock, viewer, window, qtbot):
    session = opened.session
    dock("S2")
    shown = window()
    assert len(shown.findChildren(Keys)) == 1
    first, second = (image.id for image in session.study.images[:2])
    assert session.image_id == first
    QTest.keyClick(opened.table, Qt.Key.Key_Right, Qt.KeyboardModifier.AltModifier)
    qtbot.waitUntil(lambda: session.image_id == second, timeout=30_000)
    QTest.keyClick(shown, Qt.Key.Key_Left, Qt.KeyboardModifier.AltModifier)
    qtbot.waitUntil(lambda: session.image_id == first, timeout=30_000)
    QTest.keyClick(opened.table, Qt.Key.Key_F1)
    qtbot.waitUntil(lambda: shown.findChildren(HelpDock) != [], timeout=30_000)


@pytest.mark.parametrize(
    ("name", "sentence"), [("next_image", "No study is open"), ("stop_job", "No job is running")]
)
def test_without_a_study_an_action_says_what_is_missing(
    dock, viewer, window, qtbot, capsys, name, sentence
):
    dock("NPM study")
    window()
    next(action for action in ACTIONS if action.run.__name__ == name).run()
    # soon, not at once: it may come on the heels of another test's
    qtbot.waitUntil(lambda: sentence in capsys.readouterr().out, timeout=10_000)


def test_methods_are_written_from_anywhere(opened, viewer, window, qtbot):
    window()
    next(action for action in ACTIONS if action.run.__name__ == "write_methods").run()
    written = opened.session.study.folder / "methods" / "methods.txt"
    qtbot.waitUntil(written.exists, timeout=30_000)
    export = open_dock(viewer, "Export figure")
    qtbot.waitUntil(lambda: str(written) in export.status.text(), timeout=30_000)


def test_help_names_every_dock_and_key_and_opens_docks(dock, viewer, qtbot):
    helper = dock("Keys and help")
    for entry in DOCKS:
        assert f"href='{entry.name}'" in helper.docks_label.text()
        assert entry.help in helper.docks_label.text()
    helper.docks_label.linkActivated.emit("S2")
    assert any("S2" in name for name in plain(viewer).window.dock_widgets)
    with pytest.raises(KeyError):
        entry_of("S3")


def test_opening_a_dock_twice_shows_the_same(dock, viewer):
    dock("NPM study")
    assert open_dock(viewer, "S2") is open_dock(viewer, "S2")


def test_words_of_mask_keys_are_those_of_the_keys(hand):
    page, _ = hand
    words = {key for key, _ in KEYS}
    for key in page.keys.actions():
        assert key.replace("-", "+") in words | {"Control+Z", "Control+Shift+Z"}
