"""Masking and drift by mouse and keys alone: Qt events on the canvas, as a hand makes them."""

from itertools import pairwise

import numpy as np
import pytest
from qtpy.QtCore import QEvent, QPoint, QPointF, Qt
from qtpy.QtGui import QMouseEvent
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication

from napari_npm.core.masking import Label, Stroke
from napari_npm.viewer.drift import DriftPoint
from napari_npm.viewer.drift_chart import DriftChart
from napari_npm.viewer.layers import Kind, Subject, find

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def hand(viewer, dock, grey, qtbot):
    """The mask page with a free image, and a hand that points at its pixels."""
    viewer.add_image(grey, name="free")
    page = dock("Mask and calibrate").mask
    user = Hand(page.viewer, page.current().layer, qtbot)
    corners = None
    while corners != (corners := (user.at(0, 0), user.at(119, 159))):
        qtbot.wait(300)  # until the canvas has its place
    return page, user


class Hand:
    def __init__(self, viewer, base, qtbot):
        self.viewer, self.base, self.qtbot = viewer, base, qtbot
        self.canvas = viewer.window._qt_viewer.canvas.native

    def at(self, row, column):
        visuals = self.viewer.window._qt_viewer.canvas.layer_to_visual
        node = visuals[self.base].node
        x, y = node.get_transform("visual", "canvas").map((column + 0.5, row + 0.5))[:2]
        return QPoint(round(x), round(y))

    def drag(self, *places):
        path = [np.linspace(a, b, 6) for a, b in pairwise(places)]
        points = [self.at(*place) for place in np.concatenate([[places[0]], *path])]
        QTest.mouseMove(self.canvas, points[0])
        QTest.mousePress(self.canvas, LEFT, pos=points[0])
        for point in points[1:]:
            spot, world = QPointF(point), QPointF(self.canvas.mapToGlobal(point))
            none, keys = Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier
            event = QMouseEvent(QEvent.Type.MouseMove, spot, world, none, LEFT, keys)
            QApplication.sendEvent(self.canvas, event)
            self.qtbot.wait(2)
        QTest.mouseRelease(self.canvas, LEFT, pos=points[-1])
        self.qtbot.wait(30)

    def key(self, key):
        QTest.keyClick(self.canvas, key)
        self.qtbot.wait(100)

    def labels(self, kind=Kind.MASK):
        return np.asarray(find(self.viewer, kind, Subject("free")).data)


def test_a_click_outlines_a_grain_and_a_second_click_takes_it(hand, qtbot):
    page, user = hand
    user.key(Qt.Key.Key_G)
    user.drag((30, 30))
    qtbot.waitUntil(lambda: page.draw.grow.grain is not None, timeout=60_000)
    assert not user.labels().any()
    before = page.draw.grow.grain.tolerance
    user.key(Qt.Key.Key_BracketRight)
    qtbot.waitUntil(lambda: page.draw.grow.grain.tolerance > before, timeout=60_000)
    user.drag((31, 31))
    marked = user.labels() == Label.UNHYDRATED
    assert marked[12:48, 12:58].all()
    assert marked.sum() < 42 * 52
    user.drag((90, 40), (70, 20), (60, 10))  # a drag moves the image and clicks no grain
    assert not page.draw.grow.pending


def test_the_lasso_and_the_brush_follow_the_hand(hand, qtbot):
    _, user = hand
    user.key(Qt.Key.Key_L)
    user.drag((20, 20), (20, 60), (60, 60), (60, 20))
    marked = user.labels() == Label.UNHYDRATED
    wanted = np.zeros_like(marked)
    wanted[20:61, 20:61] = True
    # Qt may leave out a move of a hurried hand.
    assert (marked & wanted).sum() > 0.8 * (marked | wanted).sum()
    user.key(Qt.Key.Key_U)
    qtbot.waitUntil(lambda: not user.labels().any(), timeout=30_000)
    user.key(Qt.Key.Key_W)
    user.key(Qt.Key.Key_P)
    user.drag((80, 20), (80, 40), (80, 70))
    assert (user.labels(Kind.STROKES)[80, 20:70] == Stroke.OTHER).all()
    assert not user.labels().any()
    user.key(Qt.Key.Key_U)
    qtbot.waitUntil(lambda: not user.labels(Kind.STROKES).any(), timeout=30_000)


def test_a_stroke_is_noted_without_comparing_the_whole_mask(hand, qtbot, monkeypatch):
    from napari_npm.viewer import ledger

    page, user = hand
    user.key(Qt.Key.Key_P)
    qtbot.wait(400)
    searched = []
    monkeypatch.setattr(ledger, "changed_box", lambda *_: searched.append(1))
    user.drag((40, 90), (40, 120))
    qtbot.wait(400)
    keeper = page.keeper()
    assert keeper.can_undo
    assert keeper.mask.ledger.seen[40, 100] == Label.UNHYDRATED
    user.key(Qt.Key.Key_U)
    qtbot.waitUntil(lambda: not user.labels().any(), timeout=30_000)
    qtbot.wait(400)
    assert not searched


def test_drift_dots_open_their_image_by_click_and_by_keys(viewer, qtbot):
    chart = DriftChart(viewer)
    qtbot.addWidget(chart)
    chart.resize(340, 190)
    chart.show()
    chosen = []
    chart.chosen.connect(chosen.append)
    QTest.keyClick(chart, Qt.Key.Key_Return)
    QTest.mouseClick(chart, LEFT, pos=QPoint(100, 80))
    assert chosen == []  # nothing is there to be chosen
    names = ("a", "b", "c", "d")
    chart.set_points(
        [DriftPoint(name, 100.0 + at, 200.0) for at, name in enumerate(names)], "by name"
    )
    QTest.mouseClick(chart, LEFT, pos=QPoint(round(chart.x_at(2)), 80))
    assert chosen == ["c"]
    QTest.mouseClick(chart, Qt.MouseButton.RightButton, pos=QPoint(round(chart.x_at(0)), 80))
    assert chosen == ["c"]
    QTest.keyClick(chart, Qt.Key.Key_Left)
    assert chosen == ["c"]
    QTest.keyClick(chart, Qt.Key.Key_Return)
    for _ in range(5):
        QTest.keyClick(chart, Qt.Key.Key_Right)
    QTest.keyClick(chart, Qt.Key.Key_Enter)
    assert chosen == ["c", "b", "d"]
    chart.grab()
