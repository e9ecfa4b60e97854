"""The ordered difference matrix with the groups as rectangles that the mouse moves and resizes."""

from collections.abc import Sequence
from functools import partial
from typing import Any

from qtpy.QtCore import QPointF, QRectF, Qt, Signal
from qtpy.QtGui import QColor, QPainter, QPen

from .linked_plot import LinkedPlot
from .plots import Draw

# An edge is taken hold of from so far away, px; a press that moves less is a click.
_REACH, _DRAG = 6.0, 4.0
_FEWEST = 2
COLOUR = "#E60000"
_SHAPES = {
    "start": Qt.CursorShape.SizeFDiagCursor,
    "stop": Qt.CursorShape.SizeFDiagCursor,
    "move": Qt.CursorShape.SizeAllCursor,
}


def draw_matrix(axes: Any, values: Any, label: str) -> None:
    """Draw a difference matrix, the first map at the upper left."""
    import numpy as np

    # The diagonal of zeros would take half of the colours.
    apart = values[~np.eye(len(values), dtype=bool)]
    low, high = (float(apart.min()), float(apart.max())) if apart.size else (0.0, 1.0)
    shown = axes.imshow(values, cmap="viridis", vmin=low, vmax=high, interpolation="nearest")
    # Constrained layout cuts the labels of panels of a fixed shape.
    axes.figure.set_layout_engine("compressed")
    axes.set_xlabel("map, in the order found")
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.yaxis.get_major_locator().set_params(integer=True)
    axes.figure.colorbar(shown, ax=axes, label=label, fraction=0.046)


def _draw_grouped(axes: Any, draw: Draw, groups: Sequence[tuple[int, int]]) -> None:
    """Draw a matrix and its groups, as numbered rectangles."""
    from matplotlib.patches import Rectangle

    draw(axes)
    for number, (start, stop) in enumerate(groups, 1):
        corner, side = (start - 0.5, start - 0.5), stop - start
        axes.add_patch(Rectangle(corner, side, side, fill=False, color=COLOUR, lw=1.5))
        look = {"color": "white", "fontsize": 9, "fontweight": "bold"}
        axes.text(start, start, str(number), ha="center", va="center", **look)


class GroupMatrix(LinkedPlot):
    """A matrix whose groups can be moved by their inside and resized by their corners and edges.

    Attributes
    ----------
    group_set : Signal
        With number, start and stop of a group that was set by the mouse.
    group_chosen : Signal
        With the number of a group that was clicked on.
    """

    # Red is for the groups.
    mark_colours = "#000000", "#FFFFFF"
    group_set = Signal(int, int, int)
    group_chosen = Signal(int)

    def __init__(self, viewer: Any, hint: str, height: int, name: str) -> None:
        super().__init__(viewer, hint, height, name)
        self.groups: list[tuple[int, int]] = []
        self.current = 0
        self.count = 0
        self._grip: tuple[int, str, tuple[int, int]] | None = None
        self._dragged = False

    def set_groups(self, groups: Sequence[tuple[int, int]], current: int, count: int) -> None:
        """Show groups, as start and stop along the order of so many maps."""
        self.groups, self.current, self.count = list(groups), current, count
        self.picture.update()

    def to_save(self) -> Any:
        """Return what draws the figure of a file: the groups belong to it."""
        return partial(_draw_grouped, draw=self._draw, groups=tuple(self.groups))

    # mouse

    def _moved_by(self, place: QPointF) -> int:
        """Return how many maps the mouse went since it was pressed, along either axis."""
        frame = self.frame()
        if frame is None or self._start is None:
            return 0
        before = frame.to_data(self._start.x(), self._start.y())
        after = frame.to_data(place.x(), place.y())
        return round(max((b - a for a, b in zip(before, after, strict=True)), key=abs))

    def _box(self, start: int, stop: int) -> QRectF:
        first = self.place_of(start - 0.5, start - 0.5)
        return QRectF(first, self.place_of(stop - 0.5, stop - 0.5)).normalized()

    def grip_at(self, place: QPointF) -> tuple[int, str] | None:
        """Return the group at a place, and what dragging there does to it."""
        if self.frame() is None:
            return None
        numbers = sorted(range(len(self.groups)), key=lambda number: number != self.current)
        for number in numbers:
            box = self._box(*self.groups[number])
            if not box.adjusted(-_REACH, -_REACH, _REACH, _REACH).contains(place):
                continue
            reach = min(_REACH, box.width() / 3)
            if min(abs(place.x() - box.right()), abs(place.y() - box.bottom())) <= reach:
                return number, "stop"
            if min(abs(place.x() - box.left()), abs(place.y() - box.top())) <= reach:
                return number, "start"
            if box.contains(place):
                return number, "move"
        return None

    def _hover(self, place: QPointF) -> None:
        if self._grip is not None and self._start is not None:
            self._drag(place)
            return
        super()._hover(place)
        grip = self.grip_at(place)
        if grip is not None and grip[1] != "move":
            self.picture.setCursor(_SHAPES[grip[1]])

    def _press(self, place: QPointF) -> None:
        super()._press(place)
        grip = self.grip_at(place)
        self._dragged = False
        if grip is not None:
            self._grip = (*grip, self.groups[grip[0]])

    def _drag(self, place: QPointF) -> None:
        assert self._grip is not None
        assert self._start is not None
        if not self._dragged and (place - self._start).manhattanLength() < _DRAG:
            return
        self._dragged = True
        number, how, (start, stop) = self._grip
        by = self._moved_by(place)
        if how == "move":
            by = min(max(by, -start), self.count - stop)
            moved = start + by, stop + by
        elif how == "start":
            moved = min(max(start + by, 0), stop - _FEWEST), stop
        else:
            moved = start, max(min(stop + by, self.count), start + _FEWEST)
        self._hide_tip()
        self.picture.setCursor(_SHAPES[how])
        self.groups[number], self.current = moved, number
        self.picture.update()

    def _release(self, place: QPointF) -> None:
        grip, self._grip = self._grip, None
        if grip is not None and self._dragged:
            self._start, self._dragged = None, False
            if self.groups[grip[0]] != grip[2]:
                self.group_set.emit(grip[0], *self.groups[grip[0]])
            return
        if grip is not None and grip[0] != self.current:
            self.group_chosen.emit(grip[0])
        super()._release(place)

    # painting

    def _paint(self, painter: QPainter) -> None:
        super()._paint(painter)
        if self.links is None or self.frame() is None:
            return
        for number, (start, stop) in enumerate(self.groups):
            box = self._box(start, stop)
            chosen = number == self.current
            painter.setBrush(Qt.BrushStyle.NoBrush)
            for colour, width in (
                ("#FFFFFF", 4.5 if chosen else 2.5),
                (COLOUR, 2.5 if chosen else 1),
            ):
                painter.setPen(QPen(QColor(colour), width))
                painter.drawRect(box)
            # The number stands beside the rectangle, where it covers nothing of it.
            at = box.topRight() + QPointF(4, 12)
            if stop == self.count:
                # There the colour bar begins.
                at = box.bottomLeft() + QPointF(-12, -2)
            painter.setPen(QColor("#FFFFFF"))
            painter.drawText(at, str(number + 1))
