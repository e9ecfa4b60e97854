"""Where a dock lies in napari's window."""

from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QDockWidget, QMainWindow, QWidget


def frame_of(widget: QWidget) -> QDockWidget | None:
    """Return the dock widget of Qt that holds a widget, or None."""
    parent: QWidget | None = widget
    while parent is not None and not isinstance(parent, QDockWidget):
        parent = parent.parentWidget()
    return parent


def lie_over(widget: QWidget, others: list[QWidget]) -> None:
    """Make a docked widget a tab over others in the same area: one above the other none has room.

    Parameters
    ----------
    widget : QWidget
        Just docked by napari.
    others : list of QWidget
        Widgets of the same kind; those not docked, floating or closed do not count.
    """
    frame, window = frame_of(widget), widget.window()
    if frame is None or not isinstance(window, QMainWindow) or frame.isFloating():
        return
    area = window.dockWidgetArea(frame)
    for other in others:
        below = frame_of(other)
        if below is None or below is frame or below.isFloating() or below.isHidden():
            continue
        if window.dockWidgetArea(below) == area:
            window.tabifyDockWidget(below, frame)
            QTimer.singleShot(0, frame.raise_)  # Qt has no tabs to choose from before
            return
