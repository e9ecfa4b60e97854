"""Masking and drift by mouse and keys alone: Qt events on the canvas, as a hand makes them."""

import numpy as np
from qtpy.QtCore import QPoint, Qt
from qtpy.QtTest import QTest

from napari_npm.core.masking import Label, Stroke
from napari_npm.viewer.drift import DriftPoint
from napari_npm.viewer.drift_chart import DriftChart
from napari_npm.viewer.layers import Kind

LEFT = Qt.MouseButton.LeftButton


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
    assert (user.labels(Kind.STROKES)[80, 20:70] == Stroke.OTHER).mean() > 0.8
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
