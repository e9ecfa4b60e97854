"""Keys that act in the whole window, whether the image or a dock has the focus."""

from collections.abc import Callable
from typing import Any

from qtpy.QtCore import QObject
from qtpy.QtGui import QKeySequence, QShortcut
from qtpy.QtWidgets import QMainWindow

from .actions import ACTIONS
from .catalogue import DOCKS, open_dock


class Keys(QObject):
    """The keys of docks and actions in one main window, as long as it lives.

    Parameters
    ----------
    window : QMainWindow
        napari's.
    viewer : napari.Viewer
        The viewer of that window.
    """

    def __init__(self, window: QMainWindow, viewer: Any) -> None:
        super().__init__(window)
        self._viewer = viewer
        for entry in DOCKS:
            self._bind(entry.key, lambda name=entry.name: open_dock(self._viewer, name))
        for action in ACTIONS:
            self._bind(action.key, action.run)

    def _bind(self, key: str, run: Callable[[], Any]) -> None:
        QShortcut(QKeySequence(key), self.parent(), activated=run)


def bind_keys(window: Any, viewer: Any) -> None:
    """Bind the keys in a main window, once."""
    if isinstance(window, QMainWindow) and not window.findChildren(Keys):
        Keys(window, viewer)
