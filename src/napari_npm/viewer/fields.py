"""One input widget for each type of parameter, all with the same three methods.

Every field has ``value()``, ``set_value(value)`` and the signal ``changed``.
"""

from collections.abc import Sequence
from typing import Any

from qtpy.QtCore import Signal
from qtpy.QtGui import QValidator
from qtpy.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QLineEdit,
    QSpinBox,
)

from .captions import value_words

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
            self.addItem(value_words(choice))
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


class SuggestField(QComboBox):
    """A text, chosen from a list or typed."""

    changed = Signal()

    def __init__(self, examples: Sequence[Any]) -> None:
        super().__init__()
        self.setEditable(True)
        self.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self.addItems([str(example) for example in examples])
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(8)
        self.activated.connect(self._tell)
        self.lineEdit().editingFinished.connect(self._tell)

    def _tell(self, _: Any = None) -> None:
        self.changed.emit()

    def suggest(self, examples: Sequence[Any]) -> None:
        """Offer other texts; the one that is shown stays."""
        text = self.currentText()
        self.clear()
        self.addItems([str(example) for example in examples])
        self.setEditText(text)

    def value(self) -> str:
        """Return the text."""
        return self.currentText().strip()

    def set_value(self, value: Any) -> None:
        """Show a text."""
        self.setEditText(str(value))
        self._tell()

    def wheelEvent(self, event: Any) -> None:  # noqa: N802 - Qt's name
        """Leave the wheel to the scrolling dock."""
        event.ignore()


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
