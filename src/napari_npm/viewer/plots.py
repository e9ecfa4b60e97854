"""Matplotlib plots in a dock, in napari's theme.

They are drawn in a worker thread and shown as a picture: a figure with two panels takes longer
than the main thread may be busy, and matplotlib's first import takes seconds.
"""

from collections.abc import Callable
from typing import Any

from qtpy.compat import isalive
from qtpy.QtCore import QTimer
from qtpy.QtGui import QImage, QPixmap
from qtpy.QtWidgets import QLabel, QSizePolicy, QVBoxLayout, QWidget

from .tasks import Latest

Draw = Callable[[Any], None]
_DPI = 100


class Plot(QWidget):
    """A place for a plot; says what it waits for until there is one.

    Parameters
    ----------
    viewer : napari.Viewer
        Whose theme to follow.
    hint : str
        What to say while there is nothing to plot.
    height : int
        Height in px.
    picture : QLabel, optional
        What shows it.

    Attributes
    ----------
    figure : matplotlib.figure.Figure or None
        What is on show.
    """

    def __init__(
        self, viewer: Any, hint: str, height: int = 190, picture: QLabel | None = None
    ) -> None:
        super().__init__()
        self._viewer = viewer
        self._draw: Draw | None = None
        self.figure: Any = None
        self._hint = QLabel(hint)
        self._hint.setWordWrap(True)
        self._hint.setEnabled(False)
        self.picture: Any = QLabel() if picture is None else picture
        self.picture.setFixedHeight(height)
        self.picture.setMinimumWidth(160)
        self.picture.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.picture.hide()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._hint)
        layout.addWidget(self.picture)
        # Bursts of new data (an epoch, a stroke) and of sizes are drawn once.
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(60)
        self._timer.timeout.connect(self._render)
        self._work = Latest(self)
        self._work.done.connect(self._show)
        viewer.events.theme.connect(self._changed)

    def draw(self, draw: Draw) -> None:
        """Plot by calling ``draw(axes)`` soon, in a worker thread; a later call replaces this one.

        Parameters
        ----------
        draw : callable
            Draws into matplotlib axes; it must not touch Qt, nor data that change meanwhile.
        """
        self._draw = draw
        self._timer.start()

    def clear(self) -> None:
        """Show nothing but the hint."""
        self._draw = self.figure = None
        self._work.drop()
        self.picture.hide()
        self._hint.show()

    def resizeEvent(self, event: Any) -> None:  # noqa: N802 - Qt's name
        """Draw in the new width."""
        super().resizeEvent(event)
        self._changed()

    def _changed(self, event: Any = None) -> None:  # noqa: ARG002 - napari passes it
        if self._draw is not None and isalive(self):
            self._timer.start()

    def _render(self) -> None:
        if self._draw is None:
            return
        from napari.utils.theme import get_theme

        theme = get_theme(self._viewer.theme)
        # As wide as the dock's column, whether the picture is on show already or not.
        size = max(self.width(), 160), self.picture.height()
        colours = theme.background.as_hex(), theme.text.as_hex()
        self._work.ask(_picture, self._draw, size, self.devicePixelRatioF(), colours)

    def _show(self, drawn: tuple[Any, Any]) -> None:
        self.figure, pixels = drawn
        height, width = pixels.shape[:2]
        image = QImage(pixels.data, width, height, 4 * width, QImage.Format.Format_RGBA8888)
        # The pixmap is a copy: the pixels need not outlive this call.
        pixmap = QPixmap.fromImage(image)
        pixmap.setDevicePixelRatio(self.devicePixelRatioF())
        self.picture.setPixmap(pixmap)
        self._hint.hide()
        self.picture.show()


def _picture(
    report: Any, draw: Draw, size: tuple[int, int], ratio: float, colours: tuple[str, str]
) -> tuple[Any, Any]:
    """Draw a figure of a size in px of the screen; return it and its pixels."""
    report(0, 1, "drawing")
    import numpy as np
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    figure = _figure(draw, size, ratio, colours)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return figure, np.array(canvas.buffer_rgba())


def save_plot(report: Any, draw: Draw, size: tuple[int, int], path: Any) -> Any:
    """Write a plot of a size in px of the screen to a file, black on white; for worker threads."""
    report(0, 1, "drawing")
    from napari_npm.figures import save_figure

    save_figure(_figure(draw, size, 1.0, ("white", "black")), path)
    return path


def _figure(draw: Draw, size: tuple[int, int], ratio: float, colours: tuple[str, str]) -> Any:
    from matplotlib.figure import Figure

    inches = (size[0] / _DPI, size[1] / _DPI)
    figure = Figure(figsize=inches, dpi=_DPI * ratio, layout="constrained")
    axes = figure.add_subplot()
    axes.tick_params(labelsize=8)
    draw(axes)
    _colour(figure, *colours)
    return figure


def _colour(figure: Any, back: str, ink: str) -> None:
    figure.set_facecolor(back)
    for axes in figure.axes:
        axes.set_facecolor(back)
        axes.tick_params(colors=ink, labelsize=8)
        for spine in axes.spines.values():
            spine.set_color(ink)
        for text in (axes.xaxis.label, axes.yaxis.label, axes.title):
            text.set_color(ink)
            text.set_fontsize(9)
        legend = axes.get_legend()
        if legend is not None:
            legend.get_frame().set_facecolor(back)
            for text in legend.get_texts():
                text.set_color(ink)
                text.set_fontsize(8)
