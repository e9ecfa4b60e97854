"""The grey histogram with the two reference levels to drag and the response between them."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import QPointF, QRectF, Qt, Signal
from qtpy.QtGui import QColor, QLinearGradient, QPainter, QPainterPath, QPen, QPolygonF

from napari_npm.core.masking import Label

from .layers import LABEL_COLOURS
from .painted import Inks, Painted

CSH, METAL = "g_csh", "g_metal"
_NAMES = {CSH: "G_CSH", METAL: "G_m"}
_COLOURS = {CSH: LABEL_COLOURS[Label.CSH], METAL: LABEL_COLOURS[Label.METAL]}
_REACH, _STRIP, _STOPS = 9, 9, 33


class GreyChart(Painted):
    """Histogram outside unhydrated cement, G_CSH and G_m as lines to drag, n between them.

    By keyboard: Tab to the chart, Up and Down choose a line, Left and Right move it by one grey
    level (Shift: ten, Ctrl: a tenth), Delete gives it back to the references.

    Attributes
    ----------
    moved : Signal
        Emitted with ``"g_csh"`` or ``"g_metal"`` and the new grey level while a line is moved.
    released : Signal
        Emitted when a line was let go.
    given_back : Signal
        Emitted when the user gives the levels back to the references.
    """

    moved = Signal(str, float)
    released = Signal()
    given_back = Signal()
    left, right, top, bottom = 10, 26, 30, 42

    def __init__(self, viewer: Any) -> None:
        super().__init__(viewer, 218)
        self._counts: NDArray[np.int64] | None = None
        self._levels: dict[str, float | None] = {CSH: None, METAL: None}
        self._curve: Any = None
        self._log = False
        self._cursor: float | None = None
        self._chosen = CSH
        self._dragged: str | None = None
        self._offset = 0.0
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setAccessibleName("Grey histogram with G_CSH and G_m")
        self.setToolTip(
            "Drag the lines, or use the arrow keys: Up/Down choose a line, Left/Right move it "
            "(Shift: ten levels, Ctrl: a tenth), Delete goes back to the references"
        )

    # what is shown

    @property
    def dragging(self) -> bool:
        """Whether a line is held by the mouse."""
        return self._dragged is not None

    @property
    def chosen(self) -> str:
        """The line that the arrow keys move."""
        return self._chosen

    def set_histogram(self, edges: NDArray[Any] | None, counts: NDArray[Any] | None) -> None:
        """Show a histogram, or none."""
        self._counts = counts
        if edges is not None:
            self.x_range = (float(edges[0]), float(edges[-1]))
        self.update()

    def set_levels(self, csh: float | None, metal: float | None) -> None:
        """Show the reference levels; one that is not known is parked at its end of the axis."""
        self._levels = {CSH: csh, METAL: metal}
        self.update()

    def set_curve(self, curve: Any) -> None:
        """Show this response curve between the levels."""
        self._curve = curve
        self.update()

    def set_log(self, on: bool) -> None:
        """Show the counts on a logarithmic axis or not."""
        self._log = on
        self.update()

    def set_cursor(self, grey: float | None) -> None:
        """Mark the grey level under the pointer, or none."""
        if grey != self._cursor:
            self._cursor = grey
            self.update()

    def place_of(self, name: str) -> float:
        """Return where a line stands, in grey levels."""
        level = self._levels[name]
        return self.x_range[name == METAL] if level is None else level

    # mouse

    def _near(self, x: float) -> str | None:
        away = {name: abs(self.x_of(self.place_of(name)) - x) for name in (CSH, METAL)}
        # Lines on top of each other: the chosen one, which the keys have brought there, is taken.
        name = min(away, key=lambda one: (away[one], one != self._chosen))
        return name if away[name] <= _REACH else None

    def mousePressEvent(self, event: Any) -> None:  # noqa: N802 - Qt's name
        """Take hold of a line."""
        if event.button() != Qt.MouseButton.LeftButton or self._counts is None:
            return
        x = event.position().x()
        name = self._near(x)
        if name is not None:
            self._dragged = self._chosen = name
            self._offset = self.x_of(self.place_of(name)) - x
            self.update()

    def mouseMoveEvent(self, event: Any) -> None:  # noqa: N802 - Qt's name
        """Move the held line."""
        x = event.position().x()
        if self._dragged is not None:
            self._move(self._dragged, self.value_at(x + self._offset))
            return
        over = self._counts is not None and self._near(x) is not None
        self.setCursor(Qt.CursorShape.SplitHCursor if over else Qt.CursorShape.ArrowCursor)

    def mouseReleaseEvent(self, event: Any) -> None:  # noqa: N802 - Qt's name
        """Let the line go."""
        if event.button() == Qt.MouseButton.LeftButton and self._dragged is not None:
            self.drop()

    def drop(self) -> None:
        """Let a held line go where it is."""
        if self._dragged is not None:
            self._dragged = None
            self.update()
            self.released.emit()

    def _step(self) -> float:
        # One grey level of 8 bits; as fine in other images.
        low, high = self.x_range
        return (high - low) / 256

    def _move(self, name: str, level: float) -> None:
        low, high = self.x_range
        step = self._step()
        if name == CSH:
            high = min(high, self.place_of(METAL) - step)
        else:
            low = max(low, self.place_of(CSH) + step)
        # Numbers with fewer digits than a drag gives: a twentieth of a level is seen by nobody.
        fine = step / 20
        level = round(min(max(level, low), max(low, high)) / fine) * fine
        if level != self._levels[name]:
            self._levels[name] = level
            self.update()
            self.moved.emit(name, level)

    def keyPressEvent(self, event: Any) -> None:  # noqa: N802 - Qt's name
        """Choose a line and move it by keys."""
        key, held = event.key(), event.modifiers()
        sides = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}
        if self._counts is None:
            super().keyPressEvent(event)
        elif key in sides:
            factor = 1.0
            if held & Qt.KeyboardModifier.ShiftModifier:
                factor = 10.0
            elif held & Qt.KeyboardModifier.ControlModifier:
                factor = 0.1
            self._move(
                self._chosen, self.place_of(self._chosen) + sides[key] * factor * self._step()
            )
            self.released.emit()
        elif key in (Qt.Key.Key_Up, Qt.Key.Key_Down):
            self._chosen = METAL if self._chosen == CSH else CSH
            self.update()
        elif key in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self.given_back.emit()
        else:
            super().keyPressEvent(event)

    # painting

    def paint(self, painter: QPainter, inks: Inks) -> None:
        """Draw histogram, response, colours of n and the two lines."""
        if self._counts is None:
            self.hint(painter, inks, "The grey histogram appears here once an image is open.")
            return
        self._paint_counts(painter, inks)
        self._paint_response(painter, inks)
        self.border(painter, inks)
        self.axis_x(painter, inks, "grey level outside UC", _STRIP + 2)
        if self._cursor is not None and self.x_range[0] <= self._cursor <= self.x_range[1]:
            x, frame = self.x_of(self._cursor), self.frame
            painter.setPen(QPen(inks.ink, 1, Qt.PenStyle.DotLine))
            painter.drawLine(QPointF(x, frame.top()), QPointF(x, frame.bottom()))
        for name in (CSH, METAL):
            self._paint_line(painter, inks, name)

    def _paint_counts(self, painter: QPainter, inks: Inks) -> None:
        assert self._counts is not None
        heights = np.log1p(self._counts) if self._log else self._counts.astype(float)
        # A single spike, such as a saturated end, must not press all else to the ground.
        inner = heights[1:-1] if heights.size > 2 else heights
        top = float(inner.max(initial=0.0)) or float(heights.max(initial=1.0)) or 1.0
        frame, count = self.frame, heights.size
        path = QPainterPath(frame.bottomLeft())
        width = frame.width() / count
        tall = frame.bottom() - np.minimum(heights / (1.06 * top), 1.0) * frame.height()
        for place, y in enumerate(tall.tolist()):
            x = frame.left() + place * width
            path.lineTo(x, y)
            path.lineTo(x + width, y)
        path.lineTo(frame.bottomRight())
        path.closeSubpath()
        painter.fillPath(path, inks.faint)

    def _paint_response(self, painter: QPainter, inks: Inks) -> None:
        csh, metal = self._levels[CSH], self._levels[METAL]
        if csh is None or metal is None or not metal > csh or self._curve is None:
            return
        frame = self.frame
        grey = np.linspace(csh, metal, 81)
        n = self._curve.porosity_of((grey - csh) / (metal - csh))
        points = [QPointF(frame.left(), frame.bottom())]
        points += [
            QPointF(self.x_of(g), frame.bottom() - v * frame.height())
            for g, v in zip(grey.tolist(), n.tolist(), strict=True)
        ]
        points.append(QPointF(frame.right(), frame.top()))
        painter.save()
        painter.setClipRect(frame.adjusted(-1, -1, 1, 1))
        painter.setPen(QPen(inks.ink, 1.6))
        painter.drawPolyline(QPolygonF(points))
        painter.restore()
        painter.setPen(inks.ink)
        for value in (0.0, 0.5, 1.0):
            y = frame.bottom() - value * frame.height()
            painter.drawLine(QPointF(frame.right(), y), QPointF(frame.right() + 3, y))
            box = QRectF(frame.right() + 5, y - 7, 22, 14)
            painter.drawText(box, Qt.AlignmentFlag.AlignVCenter, f"{value:g}")
        box = QRectF(frame.right() + 5, frame.top() + 0.25 * frame.height() - 7, 22, 14)
        painter.drawText(box, Qt.AlignmentFlag.AlignVCenter, "n")
        self._paint_colours(painter, csh, metal)

    def _paint_colours(self, painter: QPainter, csh: float, metal: float) -> None:
        """Draw the colour that the map gives to each grey level."""
        frame = self.frame
        strip = QRectF(frame.left(), frame.bottom() + 1, frame.width(), _STRIP)
        gradient = QLinearGradient(strip.topLeft(), strip.topRight())
        low, high = self.x_range
        inside = np.linspace(csh, metal, _STOPS)
        grey = np.union1d(np.clip(inside, low, high), [low, high])
        n = self._curve.porosity_of((grey - csh) / (metal - csh))
        for at, colour in zip(grey.tolist(), _viridis(n), strict=True):
            gradient.setColorAt(min(max((at - low) / (high - low), 0.0), 1.0), colour)
        painter.fillRect(strip, gradient)

    def _paint_line(self, painter: QPainter, inks: Inks, name: str) -> None:
        level, frame = self._levels[name], self.frame
        x = min(max(self.x_of(self.place_of(name)), frame.left()), frame.right())
        colour = QColor(_COLOURS[name])
        chosen = name == self._chosen and self.hasFocus()
        style = Qt.PenStyle.SolidLine if level is not None else Qt.PenStyle.DashLine
        painter.setPen(QPen(colour, 3 if chosen or self._dragged == name else 2, style))
        painter.drawLine(QPointF(x, frame.top() - 4), QPointF(x, frame.bottom()))
        painter.setPen(QPen(inks.back, 1))
        painter.setBrush(colour if level is not None else Qt.BrushStyle.NoBrush)
        if level is None:
            painter.setPen(QPen(colour, 1.5))
        grip = [QPointF(x - 6, frame.top() - 11), QPointF(x + 6, frame.top() - 11)]
        painter.drawPolygon(QPolygonF([*grip, QPointF(x, frame.top() - 1)]))
        text = f"{_NAMES[name]} {level:.1f}" if level is not None else f"{_NAMES[name]}: drag"
        font = painter.font()
        font.setBold(chosen)
        painter.setFont(font)
        width = painter.fontMetrics().horizontalAdvance(text) + 2
        # The names keep to their own halves, so that they never cover each other.
        middle = (self.x_of(self.place_of(CSH)) + self.x_of(self.place_of(METAL))) / 2
        if name == CSH:
            start = max(min(x - width / 2, middle - width - 4), 2.0)
        else:
            start = min(max(x - width / 2, middle + 4), self.width() - width - 2.0)
        painter.setPen(inks.ink)
        box = QRectF(start, 2, width, 14)
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)
        font.setBold(False)
        painter.setFont(font)


def _viridis(n: NDArray[Any]) -> list[QColor]:
    from napari.utils.colormaps import ensure_colormap

    colours = np.round(255 * ensure_colormap("viridis").map(n)).astype(int)
    return [QColor(*colour) for colour in colours.tolist()]
