"""Signal by porosity: the points of a simulation as they come, beside the default curve."""

from typing import Any

from qtpy.QtCore import QPointF, QRectF, Qt
from qtpy.QtGui import QColor, QPainter, QPen, QPolygonF

from .painted import Inks, Painted
from .simulate_work import Signals

_POINTS = QColor("#E69F00")


class ResponseChart(Painted):
    """Points with their standard errors, and the default curve as a line.

    Attributes
    ----------
    title : str
        What the signal is called.
    """

    left, right, top, bottom = 38, 10, 10, 32

    def __init__(self, viewer: Any) -> None:
        super().__init__(viewer, 220)
        self._default: Signals | None = None
        self._found: Signals | None = None
        self._normalised = False
        self.title = "η"
        self.setAccessibleName("Signal of the detector by porosity")

    @property
    def points(self) -> int:
        """Number of simulated points on show."""
        return 0 if self._found is None else self._found.porosity.size

    def show_signals(self, default: Signals, found: Signals | None) -> None:
        """Show the default curve and what was simulated so far."""
        self._default, self._found = default, found
        self.update()

    def set_normalised(self, on: bool) -> None:
        """Show y(n), which needs both ends, or the signal itself."""
        self._normalised = on
        self.update()

    def paint(self, painter: QPainter, inks: Inks) -> None:
        """Draw the chart."""
        default, found = self._default, self._found
        if default is None:
            return
        normalised = self._normalised
        if normalised:
            default = default.normalised()
            found = found.normalised() if found is not None and found.whole else None
        top = max([1.0 if normalised else 0.0, default.signal.max()])
        if found is not None and found.signal.size:
            top = max(top, float(found.signal.max()))
        self.y_range = (0.0, 1.08 * float(top))
        self.border(painter, inks)
        self.axis_x(painter, inks, "equivalent porosity n")
        self.axis_y(painter, inks)
        self._line(painter, default, QPen(inks.ink, 1.3, Qt.PenStyle.DashLine))
        if found is not None:
            if found.whole:
                self._line(painter, found, QPen(_POINTS, 1.5))
            painter.setPen(QPen(_POINTS, 1))
            painter.setBrush(_POINTS)
            for n, value, error in zip(found.porosity, found.signal, found.error, strict=True):
                x, y = self.x_of(float(n)), self.y_of(float(value))
                reach = abs(self.y_of(float(value + error)) - y)
                painter.drawLine(QPointF(x, y - reach), QPointF(x, y + reach))
                painter.drawEllipse(QPointF(x, y), 2.6, 2.6)
        self._legend(painter, inks, "y" if normalised else self.title)

    def _line(self, painter: QPainter, signals: Signals, pen: QPen) -> None:
        painter.setPen(pen)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        pairs = zip(signals.porosity.tolist(), signals.signal.tolist(), strict=True)
        painter.drawPolyline(QPolygonF([QPointF(self.x_of(n), self.y_of(v)) for n, v in pairs]))

    def _legend(self, painter: QPainter, inks: Inks, title: str) -> None:
        frame = self.frame
        rows = [(f"{title}, default curve", QPen(inks.ink, 1.3, Qt.PenStyle.DashLine))]
        if self._found is not None:
            rows.append((f"{title}, simulated", QPen(_POINTS, 2)))
        for number, (text, pen) in enumerate(rows):
            y = frame.bottom() - 14 - 15 * (len(rows) - 1 - number)
            x = frame.right() - 150
            painter.setPen(pen)
            painter.drawLine(QPointF(x, y), QPointF(x + 22, y))
            painter.setPen(inks.ink)
            painter.drawText(QRectF(x + 28, y - 8, 122, 16), Qt.AlignmentFlag.AlignVCenter, text)
