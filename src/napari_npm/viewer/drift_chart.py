"""Reference levels of a study's images in the order they were taken, one dot an image."""

import math
from collections.abc import Sequence
from typing import Any

from qtpy.QtCore import QPointF, QRectF, Qt, Signal
from qtpy.QtGui import QColor, QPainter, QPen, QPolygonF
from qtpy.QtWidgets import QToolTip

from napari_npm.core.masking import Label

from .drift import DriftPoint
from .layers import LABEL_COLOURS
from .painted import Inks, Painted, ticks

_BANDS = (("metal", "G_m", LABEL_COLOURS[Label.METAL]), ("csh", "G_CSH", LABEL_COLOURS[Label.CSH]))
_OUTLIER = QColor("#D55E00")
_REACH = 14


class DriftChart(Painted):
    """G_m above, G_CSH below, each on its own scale; outliers are ringed triangles.

    A click on a dot opens its image. By keyboard: Left and Right choose a dot, Enter opens it.

    Attributes
    ----------
    chosen : Signal
        Emitted with the id of the image to open.
    """

    chosen = Signal(str)
    left, right, top, bottom = 40, 8, 8, 20

    def __init__(self, viewer: Any) -> None:
        super().__init__(viewer, 190)
        self.points: tuple[DriftPoint, ...] = ()
        self._order, self._current, self._marked = "", "", -1
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setAccessibleName("Reference levels of the study's images in order")

    def set_points(self, points: Sequence[DriftPoint], order: str = "") -> None:
        """Show these images; say what their order is."""
        self.points, self._order = tuple(points), order
        self._marked = min(self._marked, len(self.points) - 1)
        self.update()

    def set_current(self, image_id: str) -> None:
        """Mark the image on show."""
        self._current = image_id
        self.update()

    def x_at(self, place: int) -> float:
        """Return where an image stands, in px."""
        frame, count = self.frame, len(self.points)
        return frame.left() + (place + 0.5) / max(count, 1) * frame.width()

    def _place_at(self, x: float) -> int:
        if not self.points:
            return -1
        frame = self.frame
        place = int((x - frame.left()) / frame.width() * len(self.points))
        place = min(max(place, 0), len(self.points) - 1)
        return place if abs(self.x_at(place) - x) <= max(_REACH, frame.width()) else -1

    # mouse and keys

    def mouseMoveEvent(self, event: Any) -> None:  # noqa: N802 - Qt's name
        """Name the image under the pointer."""
        place = self._place_at(event.position().x())
        self.setCursor(Qt.CursorShape.PointingHandCursor if place >= 0 else Qt.ArrowCursor)
        if place >= 0:
            QToolTip.showText(event.globalPosition().toPoint(), self.points[place].text, self)

    def mousePressEvent(self, event: Any) -> None:  # noqa: N802 - Qt's name
        """Open the image under the pointer."""
        place = self._place_at(event.position().x())
        if event.button() == Qt.MouseButton.LeftButton and place >= 0:
            self._marked = place
            self.update()
            self.chosen.emit(self.points[place].image_id)

    def keyPressEvent(self, event: Any) -> None:  # noqa: N802 - Qt's name
        """Choose and open images by keys."""
        key, last = event.key(), len(self.points) - 1
        steps = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}
        if last < 0:
            super().keyPressEvent(event)
        elif key in steps:
            self._marked = min(max(self._marked + steps[key], 0), last)
            self.setAccessibleDescription(self.points[self._marked].text)
            self.update()
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self._marked >= 0:
            self.chosen.emit(self.points[self._marked].image_id)
        else:
            super().keyPressEvent(event)

    # painting

    def paint(self, painter: QPainter, inks: Inks) -> None:
        """Draw both bands."""
        known = [p for p in self.points if not (math.isnan(p.csh) and math.isnan(p.metal))]
        if not known:
            self.hint(
                painter,
                inks,
                "No reference is measured yet: mark C-S-H and metal on some images, then press "
                "Calibrate all.",
            )
            return
        for number, (name, title, colour) in enumerate(_BANDS):
            self._band(painter, inks, number, name, title, QColor(colour))
        painter.setPen(inks.ink)
        box = QRectF(self.frame.left(), self.height() - 16, self.frame.width(), 14)
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, f"images {self._order}")

    def _band(
        self, painter: QPainter, inks: Inks, number: int, name: str, title: str, colour: QColor
    ) -> None:
        whole = self.frame
        height = (whole.height() - 8) / 2
        band = QRectF(whole.left(), whole.top() + number * (height + 8), whole.width(), height)
        painter.setPen(QPen(inks.faint, 1))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRect(band)
        levels = [getattr(point, name) for point in self.points]
        known = [level for level in levels if not math.isnan(level)]
        painter.setPen(inks.ink)
        painter.drawText(band.adjusted(5, 2, 0, 0), Qt.AlignmentFlag.AlignTop, title)
        if not known:
            painter.drawText(band, Qt.AlignmentFlag.AlignCenter, "none marked")
            return
        low, high = min(known), max(known)
        # At least two grey levels from top to bottom: noise is not to look like drift.
        room = max(0.15 * (high - low), (2 - (high - low)) / 2)
        low, high = low - room, high + room

        def y_of(level: float) -> float:
            return band.bottom() - (level - low) / (high - low) * band.height()

        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        for value in ticks(low, high, 3):
            painter.drawText(QRectF(0, y_of(value) - 7, band.left() - 5, 14), right, f"{value:g}")
        step = band.width() / len(levels)
        radius = min(max(step / 3, 2.5), 4)
        for place, (point, level) in enumerate(zip(self.points, levels, strict=True)):
            x = self.x_at(place)
            if point.image_id == self._current or (place == self._marked and self.hasFocus()):
                painter.setPen(QPen(inks.ink if place == self._marked else inks.faint, 1))
                painter.drawLine(QPointF(x, band.top()), QPointF(x, band.bottom()))
            if math.isnan(level):
                continue
            at = QPointF(x, y_of(level))
            painter.setBrush(colour)
            painter.setPen(QPen(inks.back, 0.5))
            if getattr(point, f"{name}_outlier"):
                painter.setPen(QPen(_OUTLIER, 2))
                corners = (QPointF(-5, 4), QPointF(5, 4), QPointF(0, -6))
                painter.drawPolygon(QPolygonF([at + corner for corner in corners]))
            else:
                painter.drawEllipse(at, radius, radius)
