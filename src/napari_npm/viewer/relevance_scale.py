"""The colour bars of relevance on a map: napari has none for a picture of colours."""

from typing import Any

from qtpy.QtCore import QRectF, QSize, Qt
from qtpy.QtGui import QColor, QLinearGradient, QPainter
from qtpy.QtWidgets import QSizePolicy, QWidget

from napari_npm.figures.overlay import BLUE, RED

_BARS = (("HP", RED), ("LP", BLUE))
_BAR, _GAP, _LABEL = 12, 4, 26


class RelevanceScale(QWidget):
    """Two bars from no relevance to full colour, in high and in low porosity, with numbers."""

    def __init__(self) -> None:
        super().__init__()
        self._ends = ("", "")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.hide()

    def show_peak(self, peak: float, mean: float) -> None:
        """Show a scale up to this relevance of a pixel, of a map with this mean."""
        times = f"{peak / mean:.3g} × the mean" if mean > 0 else ""
        self._ends = ("0", f"{peak * 1e5:.3g} · 10⁻⁵ a pixel" + (f", {times}" if times else ""))
        words = f"Relevance from 0 to {self._ends[1]}: red in high, blue in low porosity"
        self.setAccessibleName(words)
        self.setToolTip(f"{words}; beyond, the colour stays the same")
        self.show()
        self.update()

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """Return room for both bars and the numbers."""
        height = len(_BARS) * (_BAR + _GAP) + self.fontMetrics().height() + 2
        return QSize(200, height)

    def paintEvent(self, event: Any) -> None:  # noqa: ARG002, N802 - Qt's name
        """Draw bars and numbers."""
        painter = QPainter(self)
        painter.setPen(self.palette().windowText().color())
        left, width = _LABEL, self.width() - _LABEL - 2
        for number, (name, colour) in enumerate(_BARS):
            top = number * (_BAR + _GAP)
            shades = QLinearGradient(left, 0, left + width, 0)
            shades.setColorAt(0, QColor(0, 0, 0))
            shades.setColorAt(1, QColor.fromRgbF(*colour))
            painter.fillRect(QRectF(left, top, width, _BAR), shades)
            box = QRectF(0, top - 2, _LABEL - 4, _BAR + 4)
            painter.drawText(box, int(Qt.AlignmentFlag.AlignVCenter), name)
        below = QRectF(left, len(_BARS) * (_BAR + _GAP), width, self.fontMetrics().height())
        painter.drawText(below, int(Qt.AlignmentFlag.AlignLeft), self._ends[0])
        painter.drawText(below, int(Qt.AlignmentFlag.AlignRight), self._ends[1])
