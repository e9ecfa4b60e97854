"""Input widgets for parameters of several parts, with the same methods as the plain fields."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import (
    QCheckBox,
    QFileDialog,
    QGridLayout,
    QHBoxLayout,
    QLineEdit,
    QToolButton,
    QWidget,
)

from .captions import value_words
from .fields import TextField

# So many choices lie side by side; more of them in rows of so many.
_IN_A_ROW, _OF_MANY = 4, 2


class ChoicesField(QWidget):
    """Any of a few named values, each with a tick box."""

    changed = Signal()

    def __init__(self, choices: Sequence[Any]) -> None:
        super().__init__()
        self.boxes = {choice: QCheckBox(value_words(choice)) for choice in choices}
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        columns = len(choices) if len(choices) <= _IN_A_ROW else _OF_MANY
        for place, box in enumerate(self.boxes.values()):
            box.toggled.connect(self._tell)
            grid.addWidget(box, *divmod(place, columns))
        grid.setColumnStretch(columns, 1)

    def _tell(self) -> None:
        self.changed.emit()

    def value(self) -> tuple[Any, ...]:
        """Return the ticked values, in their fixed order."""
        return tuple(choice for choice, box in self.boxes.items() if box.isChecked())

    def set_value(self, value: Any) -> None:
        """Tick these values."""
        for choice, box in self.boxes.items():
            box.setChecked(choice in value)


class ListField(TextField):
    """Several values of one type, separated by commas."""

    def __init__(self, item_type: type) -> None:
        super().__init__()
        self._item_type = item_type
        self.setPlaceholderText("values, separated by commas")

    def value(self) -> Any:
        """Return the values; the text itself where it cannot be read, for the check to name."""
        parts = [part.strip() for part in self.text().split(",") if part.strip()]
        try:
            return tuple(self._item_type(part) for part in parts)
        except ValueError:
            return self.text()

    def set_value(self, value: Any) -> None:
        """Show values."""
        super().set_value(", ".join(str(item) for item in value))


class PathField(QWidget):
    """A file, typed or chosen."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.edit = QLineEdit()
        self.edit.setPlaceholderText("default")
        self.edit.editingFinished.connect(self._tell)
        self.browse = QToolButton()
        self.browse.setText("…")
        self.browse.setToolTip("Choose a file")
        self.browse.clicked.connect(self._choose)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.edit)
        row.addWidget(self.browse)
        self.setFocusProxy(self.edit)

    def _tell(self) -> None:
        self.changed.emit()

    def _choose(self) -> None:
        path, _ = QFileDialog.getOpenFileName(self, "Choose a file", self.edit.text())
        if path:
            self.set_value(path)

    def value(self) -> Path | None:
        """Return the path, or None where the field is empty."""
        text = self.edit.text().strip()
        return Path(text) if text else None

    def set_value(self, value: Any) -> None:
        """Show a path."""
        self.edit.setText("" if value is None else str(value))
        self._tell()


class OptionalField(QWidget):
    """A value that may be left out: a tick box before the field."""

    changed = Signal()

    def __init__(self, field: Any) -> None:
        super().__init__()
        self.field = field
        self.box = QCheckBox()
        self.box.setToolTip("Set a value; without it the step decides")
        self.box.toggled.connect(self._switch)
        field.changed.connect(self._tell)
        field.setEnabled(False)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.box, alignment=Qt.AlignmentFlag.AlignLeft)
        row.addWidget(field, stretch=1)
        self.setFocusProxy(self.box)

    def _switch(self, on: bool) -> None:
        self.field.setEnabled(on)
        self._tell()

    def _tell(self) -> None:
        self.changed.emit()

    def value(self) -> Any:
        """Return the value, or None where it is left out."""
        return self.field.value() if self.box.isChecked() else None

    def set_value(self, value: Any) -> None:
        """Show a value, or None."""
        # Ticked first: who listens may fill the number of a box that is not ticked.
        self.box.setChecked(value is not None)
        if value is not None:
            self.field.set_value(value)
