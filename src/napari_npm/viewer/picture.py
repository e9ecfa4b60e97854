"""The picture of a plot: it tells of mouse and keys, and is painted over."""

from collections.abc import Callable
from typing import Any

from qtpy.QtCore import QPointF, Qt, Signal
from qtpy.QtGui import QPainter, QPen
from qtpy.QtWidgets import QLabel

STEPS = {
    Qt.Key.Key_Left: (-1, 0),
    Qt.Key.Key_Right: (1, 0),
    Qt.Key.Key_Up: (0, 1),
    Qt.Key.Key_Down: (0, -1),
}
"""The keys that go from point to point, and where to: right, up."""


class Picture(QLabel):
    """The picture of a plot, with what is marked painted over it: that costs no new drawing."""

    moved = Signal(QPointF)
    left = Signal()
    pressed = Signal(QPointF)
    released = Signal(QPointF)
    key = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        self.paint_over: Callable[[QPainter], None] | None = None
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def paintEvent(self, event: Any) -> None:  # noqa: N802 - Qt's name
        """Paint the picture, the marks, and a frame where keys go here."""
        super().paintEvent(event)
        if self.paint_over is not None and not self.pixmap().isNull():
            painter = QPainter(self)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            self.paint_over(painter)
            if self.hasFocus():
                painter.setPen(QPen(self.palette().highlight().color(), 1))
                painter.setBrush(Qt.BrushStyle.NoBrush)
                painter.drawRect(self.rect().adjusted(0, 0, -1, -1))
            painter.end()

    def mouseMoveEvent(self, event: Any) -> None:  # noqa: N802 - Qt's name
        """Tell where the mouse is."""
        self.moved.emit(event.position() if hasattr(event, "position") else event.localPos())

    def leaveEvent(self, event: Any) -> None:  # noqa: N802 - Qt's name
        """Tell that the mouse is gone."""
        super().leaveEvent(event)
        self.left.emit()

    def mousePressEvent(self, event: Any) -> None:  # noqa: N802 - Qt's name
        """Tell where the left button went down."""
        if event.button() == Qt.MouseButton.LeftButton:
            self.pressed.emit(event.position() if hasattr(event, "position") else event.localPos())

    def mouseReleaseEvent(self, event: Any) -> None:  # noqa: N802 - Qt's name
        """Tell where the left button came up."""
        if event.button() == Qt.MouseButton.LeftButton:
            self.released.emit(event.position() if hasattr(event, "position") else event.localPos())

    def keyPressEvent(self, event: Any) -> None:  # noqa: N802 - Qt's name
        """Tell of the keys that a plot knows; the others are for the window."""
        if event.key() in STEPS or event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.key.emit(int(event.key()))
        else:
            super().keyPressEvent(event)
