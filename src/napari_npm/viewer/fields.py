"""One input widget for each type of parameter, all with the same three methods.

Every field has ``value()``, ``set_value(value)`` and the signal ``changed``.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from qtpy.QtCore import Qt, Signal
from qtpy.QtGui import QValidator
from qtpy.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QFileDialog,
    QHBoxLayout,
    QLineEdit,
    QSpinBox,
    QToolButton,
    QWidget,
)

_LARGEST_INT = 2**31 - 1
_LARGEST_FLOAT = 1e12


class BoolField(QCheckBox):
    """A yes-or-no parameter."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.toggled.connect(self._tell)

    def _tell(self) -> None:
        self.changed.emit()

    def value(self) -> bool:
        """Return whether it is ticked."""
        return self.isChecked()

    def set_value(self, value: Any) -> None:
        """Tick it or not."""
        self.setChecked(bool(value))


class IntField(QSpinBox):
    """A whole number within bounds."""

    changed = Signal()

    def __init__(self, low: float | None, high: float | None) -> None:
        super().__init__()
        self.setRange(
            -_LARGEST_INT if low is None else int(low), _LARGEST_INT if high is None else int(high)
        )
        self.setKeyboardTracking(False)
        self.valueChanged.connect(self._tell)

    def _tell(self) -> None:
        self.changed.emit()

    def set_value(self, value: Any) -> None:
        """Show a number."""
        self.setValue(int(value))

    def wheelEvent(self, event: Any) -> None:  # noqa: N802 - Qt's name
        """Leave the wheel to the scrolling dock unless the field has the focus."""
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()


class FloatField(QDoubleSpinBox):
    """A number within bounds, shown without trailing zeros; 1.5e-5 may be typed so."""

    changed = Signal()

    def __init__(self, low: float | None, high: float | None) -> None:
        super().__init__()
        self.setDecimals(12)
        self.setRange(
            -_LARGEST_FLOAT if low is None else low, _LARGEST_FLOAT if high is None else high
        )
        self.setStepType(QDoubleSpinBox.StepType.AdaptiveDecimalStepType)
        self.setKeyboardTracking(False)
        self.valueChanged.connect(self._tell)

    def _tell(self) -> None:
        self.changed.emit()

    def textFromValue(self, value: float) -> str:  # noqa: N802 - Qt's name
        """Show a number the short way."""
        return f"{value:.6g}"

    def valueFromText(self, text: str) -> float:  # noqa: N802 - Qt's name
        """Read a number, with or without its unit."""
        try:
            return float(self._bare(text))
        except ValueError:
            return self.value()

    def validate(self, text: str, position: int) -> tuple[QValidator.State, str, int]:
        """Accept what Python reads as a number, 1e-5 included."""
        bare = self._bare(text)
        try:
            inside = self.minimum() <= float(bare) <= self.maximum()
        except ValueError:
            part = not bare or bare[-1] in "eE+-." or bare in "+-."
            state = QValidator.State.Intermediate if part else QValidator.State.Invalid
        else:
            state = QValidator.State.Acceptable if inside else QValidator.State.Intermediate
        return state, text, position

    def _bare(self, text: str) -> str:
        return text.removesuffix(self.suffix()).strip().replace(",", ".")

    def set_value(self, value: Any) -> None:
        """Show a number."""
        self.setValue(float(value))

    def wheelEvent(self, event: Any) -> None:  # noqa: N802 - Qt's name
        """Leave the wheel to the scrolling dock unless the field has the focus."""
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()


class ChoiceField(QComboBox):
    """One of a few named values."""

    changed = Signal()

    def __init__(self, choices: Sequence[Any]) -> None:
        super().__init__()
        self._choices = list(choices)
        for choice in self._choices:
            self.addItem("none" if choice is None else str(choice))
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(8)
        self.currentIndexChanged.connect(self._tell)

    def _tell(self) -> None:
        self.changed.emit()

    def value(self) -> Any:
        """Return the chosen value."""
        return self._choices[self.currentIndex()]

    def set_value(self, value: Any) -> None:
        """Choose a value."""
        self.setCurrentIndex(self._choices.index(value))

    def wheelEvent(self, event: Any) -> None:  # noqa: N802 - Qt's name
        """Leave the wheel to the scrolling dock."""
        event.ignore()


class ChoicesField(QWidget):
    """Any of a few named values, each with a tick box."""

    changed = Signal()

    def __init__(self, choices: Sequence[Any]) -> None:
        super().__init__()
        self.boxes = {choice: QCheckBox(str(choice)) for choice in choices}
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        for box in self.boxes.values():
            box.toggled.connect(self._tell)
            row.addWidget(box)
        row.addStretch()

    def _tell(self) -> None:
        self.changed.emit()

    def value(self) -> tuple[Any, ...]:
        """Return the ticked values, in their fixed order."""
        return tuple(choice for choice, box in self.boxes.items() if box.isChecked())

    def set_value(self, value: Any) -> None:
        """Tick these values."""
        for choice, box in self.boxes.items():
            box.setChecked(choice in value)


class TextField(QLineEdit):
    """A text."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.editingFinished.connect(self._tell)

    def _tell(self) -> None:
        self.changed.emit()

    def value(self) -> Any:
        """Return the text."""
        return self.text()

    def set_value(self, value: Any) -> None:
        """Show a text."""
        self.setText(str(value))
        self._tell()


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
        self.edit.setPlaceholderText("none")
        self.edit.editingFinished.connect(self._tell)
        self.browse = QToolButton()
        self.browse.setText("…")
        self.browse.setToolTip("Choose a file")
        self.browse.clicked.connect(self._choose)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.edit)
        row.addWidget(self.browse)

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
        if value is not None:
            self.field.set_value(value)
        self.box.setChecked(value is not None)
