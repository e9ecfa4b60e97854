"""Matplotlib plots in a dock, in napari's theme.

matplotlib is imported in a worker thread on the first plot: importing it takes too long for the
main thread, and a dock without a plot never pays for it.
"""

from collections.abc import Callable
from typing import Any

from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QLabel, QSizePolicy, QVBoxLayout, QWidget

from .tasks import Task

Draw = Callable[[Any], None]


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
    """

    def __init__(self, viewer: Any, hint: str, height: int = 190) -> None:
        super().__init__()
        self._viewer = viewer
        self._draw: Draw | None = None
        self._canvas: Any = None
        self._importing: Task | None = None
        self._hint = QLabel(hint)
        self._hint.setWordWrap(True)
        self._hint.setEnabled(False)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._hint)
        self._height = height
        # Bursts of new data (an epoch, a stroke) are drawn once.
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(60)
        self._timer.timeout.connect(self._render)
        viewer.events.theme.connect(self._theme_changed)

    @property
    def figure(self) -> Any:
        """The matplotlib figure on show, or None."""
        return None if self._canvas is None else self._canvas.figure

    def draw(self, draw: Draw) -> None:
        """Plot by calling ``draw(axes)``, soon; a later call replaces an earlier one."""
        self._draw = draw
        if self._canvas is not None:
            self._timer.start()
        elif self._importing is None:
            self._importing = Task(_import_matplotlib, parent=self)
            self._importing.done.connect(self._build)
            self._importing.start()

    def _build(self, _: Any) -> None:
        from matplotlib.backends.backend_qtagg import FigureCanvasQTAgg
        from matplotlib.figure import Figure

        self._importing = None
        self._canvas = FigureCanvasQTAgg(Figure(layout="constrained"))
        self._canvas.setFixedHeight(self._height)
        self._canvas.setMinimumWidth(160)
        self._canvas.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self._hint.hide()
        self.layout().addWidget(self._canvas)
        self._render()

    def _theme_changed(self, event: Any = None) -> None:  # noqa: ARG002 - napari passes it
        if self._canvas is not None:
            self._timer.start()

    def _render(self) -> None:
        if self._canvas is None or self._draw is None:
            return
        figure = self._canvas.figure
        figure.clear()
        axes = figure.add_subplot()
        axes.tick_params(labelsize=8)
        self._draw(axes)
        self._colour(figure)
        self._canvas.draw_idle()

    def _colour(self, figure: Any) -> None:
        from napari.utils.theme import get_theme

        theme = get_theme(self._viewer.theme)
        back, ink = theme.background.as_hex(), theme.text.as_hex()
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


def _import_matplotlib(report: Any) -> None:
    report(0, 1, "matplotlib")
    import matplotlib.backends.backend_qtagg  # noqa: F401 - later imports cost nothing
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    # The first drawing loads fonts and layout engine: here, not on the main thread.
    figure = Figure(layout="constrained")
    figure.add_subplot().plot([0, 1], label="x")
    figure.axes[0].legend()
    FigureCanvasAgg(figure).draw()
