"""Part of a dock: a page of it with a file of its own."""

from typing import Any

from qtpy.QtWidgets import QGroupBox, QLabel, QSizePolicy, QVBoxLayout, QWidget

from .current import Current
from .step_dock import StepDock


def caption(text: str) -> QLabel:
    """Return a label that leaves the rest of its row to the field behind it."""
    label = QLabel(text)
    label.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Preferred)
    return label


class Part(QWidget):
    """One page of a dock: its widgets in `column`, everything else through the dock.

    Parameters
    ----------
    dock : StepDock
        The dock that this is a part of; its parent.
    """

    def __init__(self, dock: StepDock) -> None:
        super().__init__(dock)
        self.dock = dock
        self.viewer = dock.viewer
        self.session = dock.session
        self.column = QVBoxLayout(self)
        self.column.setContentsMargins(0, 0, 0, 0)
        self.build()

    def build(self) -> None:
        """Fill `column`; overridden by each part."""

    def refresh(self) -> None:
        """Follow the current image or study; called by the dock."""

    def current(self) -> Current:
        """Return the image to work on; `NpmError` where there is none."""
        return self.dock.current()

    def say(self, text: str) -> None:
        """Tell what happened, at the lower edge of the dock."""
        self.dock.say(text)

    def fail(self, error: BaseException | str) -> None:
        """Tell what went wrong, in the dock and as a notification."""
        self.dock.fail(error)

    def run_task(self, *arguments: Any, **keywords: Any) -> Any:
        """Run work on the current image in a worker thread, shown in the dock."""
        return self.dock.run_task(*arguments, **keywords)

    def group(self, title: str) -> QVBoxLayout:
        """Add a titled group and return its layout."""
        box = QGroupBox(title)
        layout = QVBoxLayout(box)
        layout.setContentsMargins(8, 6, 8, 6)
        layout.setSpacing(4)
        self.column.addWidget(box)
        return layout
