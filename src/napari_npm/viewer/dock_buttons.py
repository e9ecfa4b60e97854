"""A button for every other dock, in the order of the method."""

from functools import partial
from typing import Any

from qtpy.QtWidgets import QPushButton, QSizePolicy, QWidget
from superqt import QFlowLayout

from .catalogue import DOCKS, open_dock


class DockButtons(QWidget):
    """Opens the docks of a viewer.

    Parameters
    ----------
    viewer : napari.Viewer
        Where they open.
    leave_out : str
        The dock that this is in.
    """

    def __init__(self, viewer: Any, leave_out: str) -> None:
        super().__init__()
        layout = QFlowLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(3)
        self.buttons: dict[str, QPushButton] = {}
        for entry in DOCKS:
            if entry.name == leave_out:
                continue
            button = QPushButton(entry.name)
            button.setToolTip(f"<p><b>{entry.stage}</b> · {entry.key}</p><p>{entry.help}</p>")
            button.setAccessibleName(f"Open the dock {entry.name}")
            button.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
            button.clicked.connect(partial(_open, viewer, entry.name))
            layout.addWidget(button)
            self.buttons[entry.name] = button


def _open(viewer: Any, name: str, _: bool = False) -> None:
    open_dock(viewer, name)
