"""A mask layer that is deleted, renamed or converted by hand while the page works on it."""

import numpy as np
import pytest
from qtpy.QtCore import QEvent, QPointF, Qt
from qtpy.QtGui import QMouseEvent
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication

from napari_npm.io import read_labels
from napari_npm.viewer.layers import Kind, Subject, find, kind_of


@pytest.fixture
def page(opened, dock, viewer, qtbot):
    """The mask page on a study, with half a stroke drawn: the button is still held down."""
    from napari_npm.viewer.session import plain

    page = dock("Mask and calibrate").mask
    page.draw.use("brush")
    canvas = plain(viewer).window._qt_viewer.canvas
    node = canvas.layer_to_visual[mask(page)].node
    start, end = (
        QPointF(*node.get_transform("visual", "canvas").map((column, 200.5))[:2]).toPoint()
        for column in (100.5, 300.5)
    )
    QTest.mouseMove(canvas.native, start)
    QTest.mousePress(canvas.native, Qt.MouseButton.LeftButton, pos=start)
    spot, world = QPointF(end), QPointF(canvas.native.mapToGlobal(end))
    left, none = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton
    keys = Qt.KeyboardModifier.NoModifier
    move = QMouseEvent(QEvent.Type.MouseMove, spot, world, none, left, keys)
    QApplication.sendEvent(canvas.native, move)
    page.canvas, page.end = canvas.native, end
    return page


def mask(page):
    image_id = page.session.image_id
    return find(page.viewer, Kind.MASK, Subject(image_id, None, image_id))


def delete(page, layer):
    page.viewer.layers.remove(layer)


def rename(page, layer):
    layer.name = "mine"


def convert(page, layer):
    """Do what the layer list's menu does for "Convert to image"."""
    from napari.layers import Image

    other = Image(layer.data, name=layer.name, metadata=layer.metadata, scale=layer.scale)
    place = page.viewer.layers.index(layer)
    page.viewer.layers.remove(layer)
    page.viewer.layers.insert(place, other)
    page.viewer.layers.selection.active = other


@pytest.mark.parametrize("how", [delete, rename, convert])
@pytest.mark.parametrize("then", ["save", "next", "undo"])
def test_what_was_drawn_is_neither_lost_nor_in_the_way(page, qtbot, how, then):
    session, layer = page.session, mask(page)
    path, before = session.study.mask_path("A0"), read_labels(session.study.mask_path("A0"))
    drawn = np.array(layer.data)
    assert not np.array_equal(drawn, before)
    how(page, layer)
    QTest.mouseRelease(page.canvas, Qt.MouseButton.LeftButton, pos=page.end)
    qtbot.wait(50)
    if how is not rename:
        assert mask(page) is None
        assert page.draw.tool == ""
        assert "a tool shows it again" in page.dock.status.text()
    wanted = drawn
    if then == "save":
        session.keeper.flush()
    elif then == "next":
        qtbot.mouseClick(page.review.next_button, Qt.MouseButton.LeftButton)
        qtbot.waitUntil(lambda: session.image_id == "A1" and not session.changing, timeout=60_000)
        assert not np.array_equal(mask(page).data, drawn)
    else:
        qtbot.mouseClick(page.draw.undo_button, Qt.MouseButton.LeftButton)
        wanted = before
    qtbot.waitUntil(lambda: np.array_equal(read_labels(path), wanted), timeout=30_000)
    for one in [one for one in page.viewer.layers if kind_of(one) is None]:
        page.viewer.layers.remove(one)
    if session.image_id == "A0":
        page.viewer.layers.selection.active = page.viewer.layers[0]
        page.draw.use("brush")
        qtbot.waitUntil(lambda: np.array_equal(mask(page).data, wanted), timeout=30_000)
