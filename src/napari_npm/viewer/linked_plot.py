"""A plot whose points or cells stand for images: pointed at, clicked, marked, saved."""

from collections.abc import Callable
from typing import Any

from qtpy.QtCore import QPointF, QRectF, Qt, Signal
from qtpy.QtGui import QAction, QColor, QPainter, QPen
from qtpy.QtWidgets import QToolTip, QWidget

from . import dialogs
from .picture import STEPS, Picture
from .plot_links import Frame, Links, Mark, Spot
from .plots import Draw, Plot, save_plot
from .tasks import Task

Table = Callable[[], Any]
_FIGURES = "PDF (*.pdf);;SVG (*.svg);;PNG (*.png);;TIFF (*.tif)"


class LinkedPlot(Plot):
    """A plot that is linked with the images: a click chooses, what is current is marked.

    Parameters
    ----------
    viewer : napari.Viewer
        Whose theme to follow.
    hint : str
        What to say while there is nothing to plot.
    height : int
        Height in px.
    name : str
        Of the files that figure and data are saved to by default.

    Attributes
    ----------
    chosen : Signal
        With the `Spot` that was clicked, or chosen by keys.
    said : Signal
        With a sentence, after a file was written or could not be.
    """

    # Red within white: seen on any colour.
    mark_colours = "#FFFFFF", "#E60000"
    chosen = Signal(object)
    said = Signal(str)

    def __init__(self, viewer: Any, hint: str, height: int = 230, name: str = "plot") -> None:
        super().__init__(viewer, hint, height, Picture())
        self.name = name
        self.links: Links | None = None
        self._table: Table | None = None
        self._current = ""
        self._cursor: Spot | None = None
        self._start: QPointF | None = None
        self.picture.paint_over = self._paint
        self.picture.moved.connect(self._hover)
        self.picture.left.connect(self._hide_tip)
        self.picture.pressed.connect(self._press)
        self.picture.released.connect(self._release)
        self.picture.key.connect(self._key)
        self.picture.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)
        self.save_figure_action = self._action("Save figure…", self.save_figure)
        self.save_data_action = self._action("Save data…", self.save_data)

    def _action(self, text: str, slot: Callable[..., None]) -> QAction:
        action = QAction(text, self.picture)
        action.triggered.connect(slot)
        self.picture.addAction(action)
        return action

    def show_plot(self, draw: Draw, links: Links | None = None, table: Table | None = None) -> None:
        """Plot soon; see `Plot.draw`.

        Parameters
        ----------
        draw : callable
            Draws into matplotlib axes.
        links : Links, optional
            What the points or cells stand for.
        table : callable, optional
            Returns the data as a pandas table, in a worker thread.
        """
        self._table = table
        self.save_data_action.setEnabled(table is not None)

        def linked(axes: Any) -> None:
            # A click belongs to the figure on show, not to one that is still being drawn.
            axes.figure.links = links
            draw(axes)

        self.draw(linked)

    def clear(self) -> None:
        """Show nothing but the hint."""
        super().clear()
        self.links = self._table = self._cursor = None

    def mark(self, image: str) -> None:
        """Mark what stands for an image; empty for none."""
        if image != self._current:
            self._current = image
            self.picture.update()

    def marks(self) -> list[Mark]:
        """Return what is marked now."""
        if self.links is None or not self._current:
            return []
        return self.links.marks(self._current)

    def _show(self, drawn: tuple[Any, Any]) -> None:
        links = drawn[0].links
        if self.links is not links:
            self.links, self._cursor = links, None
        super()._show(drawn)

    # places

    def frame(self, panel: int = 0) -> Frame | None:
        """Return how a panel's data lie in the picture, px; None while nothing is drawn."""
        if self.figure is None or panel >= len(self.figure.axes):
            return None
        return Frame(self.figure.axes[panel], self.devicePixelRatioF())

    def spot_at(self, place: QPointF) -> Spot | None:
        """Return what lies at a place of the picture, or None."""
        if self.links is None:
            return None
        frame = self.frame(self.links.panel)
        if frame is None or not frame.holds(place.x(), place.y()):
            return None
        return self.links.spot_at(frame, place.x(), place.y())

    def place_of(self, x: float, y: float, panel: int = 0) -> QPointF:
        """Return where a place in data coordinates lies in the picture."""
        frame = self.frame(panel)
        assert frame is not None
        return QPointF(*frame.to_picture(x, y))

    # mouse and keys

    def _hover(self, place: QPointF) -> None:
        spot = self.spot_at(place)
        if spot is None:
            self._hide_tip()
        else:
            at = self.picture.mapToGlobal(place.toPoint())
            QToolTip.showText(at, spot.text, self.picture)
        can = spot is not None and bool(spot.images)
        shape = Qt.CursorShape.PointingHandCursor if can else Qt.CursorShape.ArrowCursor
        self.picture.setCursor(shape)

    def _hide_tip(self) -> None:
        QToolTip.hideText()

    def _press(self, place: QPointF) -> None:
        self._start = place

    def _release(self, place: QPointF) -> None:
        if self._start is not None and (place - self._start).manhattanLength() < 5:
            spot = self.spot_at(place)
            if spot is not None:
                self._choose(spot)
        self._start = None

    def _choose(self, spot: Spot) -> None:
        self._cursor = spot
        self.picture.update()
        self.chosen.emit(spot)

    def _key(self, key: int) -> None:
        if self.links is None:
            return
        if key not in STEPS:
            if self._cursor is not None:
                self._choose(self._cursor)
            return
        self._cursor = self.links.step(self._cursor, self._current, *STEPS[Qt.Key(key)])
        if self._cursor is not None:
            at = self.place_of(*self._cursor.at, self.links.panel).toPoint()
            QToolTip.showText(self.picture.mapToGlobal(at), self._cursor.text, self.picture)
            self.said.emit(self._cursor.text.replace("\n", ", "))
        self.picture.update()

    # painting

    def _paint(self, painter: QPainter) -> None:
        if self.links is None:
            return
        frame = self.frame(self.links.panel)
        if frame is None:
            return
        for mark in self.marks():
            self._outline(painter, frame, mark)
        if self._cursor is not None:
            self._outline(painter, frame, Mark(*self._cursor.at), Qt.PenStyle.DotLine)

    def _outline(
        self, painter: QPainter, frame: Frame, mark: Mark, style: Any = Qt.PenStyle.SolidLine
    ) -> None:
        x, y = frame.to_picture(mark.x, mark.y)
        for colour, width in zip(self.mark_colours, (3.5, 1.7), strict=True):
            pen = QPen(QColor(colour), width)
            pen.setStyle(style)
            painter.setPen(pen)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            if mark.width or mark.height:
                right, below = frame.to_picture(mark.x + mark.width, mark.y + mark.height)
                painter.drawRect(QRectF(QPointF(x, y), QPointF(right, below)).normalized())
            else:
                painter.drawEllipse(QPointF(x, y), 6.0, 6.0)

    # files

    def save_figure(self, *_: Any) -> None:
        """Ask where, and draw the plot on white in the background."""
        if self._draw is None:
            self.said.emit("There is nothing to save yet.")
            return
        path = dialogs.choose_new_file(self, "Save the figure", self.name + ".pdf", _FIGURES)
        if path is not None:
            size = max(self.width(), 160), self.picture.height()
            path = path if path.suffix else path.with_suffix(".pdf")
            self._write(save_plot, self.to_save(), size, path)

    def to_save(self) -> Any:
        """Return what draws the figure of a file: without what marks the current image."""
        return self._draw

    def save_data(self, *_: Any) -> None:
        """Ask where, and write the data behind the plot as CSV in the background."""
        if self._table is None:
            self.said.emit("There are no data to save yet.")
            return
        path = dialogs.choose_new_file(self, "Save the data", self.name + ".csv", "CSV (*.csv)")
        if path is not None:
            path = path if path.suffix else path.with_suffix(".csv")
            self._write(_write_table, self._table, path)

    def _write(self, work: Callable[..., Any], *arguments: Any) -> None:
        task = Task(work, *arguments, parent=self)
        task.done.connect(lambda path: self.said.emit(f"Written: {path}"))
        task.failed.connect(self.said)
        task.start()


def _write_table(report: Any, table: Table, path: Any) -> Any:
    from napari_npm.io import write_table

    report(0, 1, "writing")
    write_table(path, table())
    return path


def save_buttons(dock: Any, plot: LinkedPlot) -> tuple[QWidget, QWidget]:
    """Return buttons that save a plot's figure and data, for a dock's row."""
    plot.said.connect(dock.say)
    return (
        dock.button("Save figure…", plot.save_figure, "The plot on white, as PDF, SVG or PNG"),
        dock.button("Save data…", plot.save_data, "The numbers behind the plot, as CSV"),
    )
