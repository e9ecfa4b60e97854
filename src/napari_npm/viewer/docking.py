"""Where a dock lies in napari's window."""

from qtpy.QtCore import Qt, QTimer
from qtpy.QtWidgets import QDockWidget, QMainWindow, QWidget

from .catalogue import PLUGIN


def frame_of(widget: QWidget) -> QDockWidget | None:
    """Return the dock widget of Qt that holds a widget, or None."""
    parent: QWidget | None = widget
    while parent is not None and not isinstance(parent, QDockWidget):
        parent = parent.parentWidget()
    return parent


def plugin_frames(window: QMainWindow) -> dict[str, QDockWidget]:
    """Return the plugin's docks of a window by name, also those hidden; not those closed."""
    mark, found = f" ({PLUGIN})", {}
    near = Qt.FindChildOption.FindDirectChildrenOnly  # the whole tree takes 10 ms
    for frame in window.findChildren(QDockWidget, options=near):
        name = frame.objectName()
        if name.endswith(mark) and frame.widget() is not None:
            found[name.removesuffix(mark)] = frame
    return found


def lie_over(widget: QWidget, others: list[QWidget]) -> bool:
    """Make a docked widget a tab over others in the same area: one above the other none has room.

    Parameters
    ----------
    widget : QWidget
        Just docked by napari.
    others : list of QWidget
        Widgets of the same kind; those not docked, floating or closed do not count.

    Returns
    -------
    bool
        Whether there was one.
    """
    frame, window = frame_of(widget), widget.window()
    if frame is None or not isinstance(window, QMainWindow) or frame.isFloating():
        return False
    area = window.dockWidgetArea(frame)
    for other in others:
        below = frame_of(other)
        if below is None or below is frame or below.isFloating() or below.isHidden():
            continue
        if window.dockWidgetArea(below) == area:
            window.tabifyDockWidget(below, frame)
            QTimer.singleShot(0, frame.raise_)  # Qt has no tabs to choose from before
            return True
    return False


def resize_dock(frame: QDockWidget, size: tuple[int, int]) -> None:
    """Make a docked frame as wide as it was at a side, or as high at top or bottom."""
    window = frame.window()
    if frame.isFloating() or not isinstance(window, QMainWindow):
        return
    upright = window.dockWidgetArea(frame) in (
        Qt.DockWidgetArea.LeftDockWidgetArea,
        Qt.DockWidgetArea.RightDockWidgetArea,
    )
    # The window may be smaller now: the canvas keeps a third.
    room = window.width() if upright else window.height()
    wanted = min(size[0] if upright else size[1], room * 2 // 3)
    way = Qt.Orientation.Horizontal if upright else Qt.Orientation.Vertical
    window.resizeDocks([frame], [wanted], way)
