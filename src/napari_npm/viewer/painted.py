"""Small charts that are painted by Qt: a redraw takes about a millisecond, so they can be live."""

import math
from dataclasses import dataclass
from typing import Any

from qtpy.QtCore import QPointF, QRectF, Qt
from qtpy.QtGui import QColor, QPainter, QPen
from qtpy.QtWidgets import QSizePolicy, QWidget

SMALL_PX = 11
_TICK = 4


@dataclass(frozen=True)
class Inks:
    """Colours of a chart in napari's theme."""

    back: QColor
    ink: QColor
    faint: QColor
    accent: QColor


def inks_of(viewer: Any) -> Inks:
    """Return the colours of the viewer's theme."""
    from napari.utils.theme import get_theme

    theme = get_theme(viewer.theme)
    names = (theme.background, theme.text, theme.secondary, theme.current)
    return Inks(*(QColor(name.as_hex()) for name in names))


def ticks(low: float, high: float, most: int) -> list[float]:
    """Return at most so many round numbers between two values, equally far apart."""
    if not high > low or most < 1:
        return []
    raw = (high - low) / most
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= raw * (1 - 1e-9))
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    return [number * step for number in range(first, last + 1)]


class Painted(QWidget):
    """Base of the painted charts: theme, frame and axes.

    Parameters
    ----------
    viewer : napari.Viewer
        Whose theme to follow.
    height : int
        Height in px.
    """

    left, right, top, bottom = 30, 8, 8, 30

    def __init__(self, viewer: Any, height: int) -> None:
        super().__init__()
        self._viewer = viewer
        self.x_range, self.y_range = (0.0, 1.0), (0.0, 1.0)
        self.setFixedHeight(height)
        self.setMinimumWidth(200)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        viewer.events.theme.connect(self._theme_changed)

    def _theme_changed(self, event: Any = None) -> None:  # noqa: ARG002 - napari passes it
        self.update()

    @property
    def frame(self) -> QRectF:
        """Where the data are drawn."""
        return QRectF(
            self.left,
            self.top,
            max(self.width() - self.left - self.right, 1),
            max(self.height() - self.top - self.bottom, 1),
        )

    def x_of(self, value: float) -> float:
        """Return the place of a value on the horizontal axis, in px."""
        low, high = self.x_range
        return self.frame.left() + (value - low) / ((high - low) or 1.0) * self.frame.width()

    def y_of(self, value: float) -> float:
        """Return the place of a value on the vertical axis, in px."""
        low, high = self.y_range
        return self.frame.bottom() - (value - low) / ((high - low) or 1.0) * self.frame.height()

    def value_at(self, x: float) -> float:
        """Return the value at a place of the horizontal axis."""
        low, high = self.x_range
        return low + (x - self.frame.left()) / self.frame.width() * (high - low)

    def paintEvent(self, event: Any) -> None:  # noqa: ARG002, N802 - Qt's name
        """Paint the chart."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        font = self.font()
        font.setPixelSize(SMALL_PX)
        painter.setFont(font)
        inks = inks_of(self._viewer)
        self.paint(painter, inks)
        if self.hasFocus():
            painter.setPen(QPen(inks.accent, 1.5))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), 3, 3)
        painter.end()

    def paint(self, painter: QPainter, inks: Inks) -> None:
        """Draw the chart; overridden."""

    def axis_x(self, painter: QPainter, inks: Inks, title: str, below: float = 0) -> None:
        """Draw the horizontal axis with its numbers and title."""
        frame = self.frame
        base = frame.bottom() + below
        painter.setPen(inks.ink)
        for value in ticks(*self.x_range, max(int(frame.width() // 50), 1)):
            x = self.x_of(value)
            painter.drawLine(QPointF(x, base), QPointF(x, base + _TICK))
            box = QRectF(x - 30, base + _TICK, 60, 12)
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, f"{value:g}")
        box = QRectF(frame.left(), base + 15, frame.width(), 14)
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, title)

    def axis_y(self, painter: QPainter, inks: Inks) -> None:
        """Draw the numbers of the vertical axis."""
        frame = self.frame
        painter.setPen(inks.ink)
        for value in ticks(*self.y_range, max(int(frame.height() // 28), 1)):
            y = self.y_of(value)
            painter.drawLine(QPointF(frame.left() - _TICK, y), QPointF(frame.left(), y))
            box = QRectF(0, y - 7, frame.left() - _TICK - 2, 14)
            right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
            painter.drawText(box, right, f"{value:g}")

    def border(self, painter: QPainter, inks: Inks) -> None:
        """Draw the frame around the data."""
        painter.setPen(QPen(inks.faint, 1))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRect(self.frame)

    def hint(self, painter: QPainter, inks: Inks, text: str) -> None:
        """Say what the chart waits for."""
        painter.setPen(inks.ink)
        box = QRectF(self.rect()).adjusted(12, 8, -12, -8)
        wrapped = Qt.TextFlag.TextWordWrap | Qt.AlignmentFlag.AlignCenter
        painter.drawText(box, wrapped, text)
