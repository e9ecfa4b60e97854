"""A form generated from a step's `Parameters`: widgets, units, bounds, tooltips, reset."""

import types
from collections.abc import Collection
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin

from pydantic.fields import FieldInfo
from qtpy.QtCore import Signal
from qtpy.QtWidgets import QFormLayout, QHBoxLayout, QLabel, QToolButton, QWidget
from superqt import QCollapsible

from napari_npm.study.parameters import Parameters, unit_of

from .accessible import bare, name_parts
from .captions import title_of, value_words
from .fields import BoolField, ChoiceField, FloatField, IntField, SuggestField, TextField
from .wide_fields import ChoicesField, ListField, OptionalField, PathField


def bounds_of(field: FieldInfo) -> tuple[float | None, float | None]:
    """Return the least and the greatest value that pydantic will accept, None where open."""
    low = high = None
    for rule in field.metadata:
        low = getattr(rule, "ge", low) if getattr(rule, "gt", None) is None else rule.gt
        high = getattr(rule, "le", high) if getattr(rule, "lt", None) is None else rule.lt
    return low, high


def make_field(annotation: Any, info: FieldInfo) -> Any:
    """Return the input widget for a parameter's type.

    Raises
    ------
    TypeError
        If there is no widget for the type: a mistake in the step, not the user's.
    """
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin in (Union, types.UnionType):
        inner = [one for one in arguments if one is not type(None)]
        if len(inner) == 1:
            field = make_field(inner[0], info)
            return field if isinstance(field, PathField) else OptionalField(field)
        if set(inner) == {int, float}:
            return OptionalField(FloatField(*bounds_of(info)))
    if origin is Literal:
        return ChoiceField(arguments)
    if origin is tuple:
        if get_origin(arguments[0]) is Literal:
            return ChoicesField(get_args(arguments[0]))
        return ListField(arguments[0])
    if annotation is bool:
        return BoolField()
    if annotation is int:
        return IntField(*bounds_of(info))
    if annotation is float:
        return FloatField(*bounds_of(info))
    if annotation is str:
        return SuggestField(info.examples) if info.examples else TextField()
    if annotation is Path:
        return PathField()
    raise TypeError(f"no form field for a parameter of type {annotation!r}")


def _rows(widget: QWidget) -> QFormLayout:
    layout = QFormLayout(widget)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
    layout.setRowWrapPolicy(QFormLayout.RowWrapPolicy.WrapLongRows)
    return layout


class Form(QWidget):
    """A form for a step's parameters.

    Parameters
    ----------
    model : type of Parameters
        The step's parameter model.
    include : collection of str, optional
        The parameters to show; all by default.
    folded : collection of str
        Parameters that few people change: folded away below the others.
    step : str
        Name of the step, whose captions are used.
    """

    changed = Signal()

    def __init__(
        self,
        model: type[Parameters],
        include: Collection[str] | None = None,
        folded: Collection[str] = (),
        step: str = "",
    ) -> None:
        super().__init__()
        self.model = model
        self._step = step
        self.fields: dict[str, Any] = {}
        self._labels: dict[str, QLabel] = {}
        self.back_buttons: dict[str, QToolButton] = {}
        self._titles: dict[str, str] = {}
        layout = _rows(self)
        rest = QWidget()
        inner = _rows(rest)
        for name, info in model.model_fields.items():
            if include is None or name in include:
                self._add(inner if name in folded else layout, name, info)
        self.more: QCollapsible | None = None
        if folded:
            self.more = QCollapsible("More")
            self.more.setDuration(0)
            self.more.layout().setContentsMargins(0, 0, 0, 0)
            self.more.addWidget(rest)
            layout.addRow(self.more)
        self.reset_button = QToolButton()
        self.reset_button.setText("Reset to defaults")
        self.reset_button.setToolTip("Set every value of this form back to its default")
        self.reset_button.clicked.connect(self.reset)
        row = QHBoxLayout()
        row.addStretch()
        row.addWidget(self.reset_button)
        layout.addRow(row)
        self.reset()

    def _add(self, layout: QFormLayout, name: str, info: FieldInfo) -> None:
        unit = unit_of(info)
        field = make_field(info.annotation, info)
        inner = getattr(field, "field", field)
        if unit and hasattr(inner, "setSuffix"):
            inner.setSuffix(f" {unit}")
        low, high = bounds_of(info)
        limits = [
            f"{word} {bound:g}"
            for word, bound in (("at least", low), ("at most", high))
            if bound is not None
        ]
        help_text = info.description or ""
        tip = f"<p>{help_text}</p><p>Default: {self._default_words(name)}"
        tip += f" {unit}" if unit else ""
        tip += f"; {', '.join(limits)}" if limits else ""
        # The caption may be in other words than files and the command line.
        tip += f"; called {name} in files and commands"
        field.setToolTip(tip + "</p>")
        field.setObjectName(name)
        title = title_of(name, unit, self._step)
        label = QLabel(title)
        label.setToolTip(field.toolTip())
        label.setBuddy(field)
        name_parts(field, title)
        field.changed.connect(self._changed)
        self.fields[name], self._labels[name], self._titles[name] = field, label, title
        layout.addRow(label, self._with_back_button(name, field, title))

    def _with_back_button(self, name: str, field: QWidget, title: str) -> QWidget:
        """Put a button beside a field that sets its value back; shown where it is changed."""
        back = QToolButton()
        back.setText("↺")
        back.setToolTip(f"Set back to the default: {self._default_words(name)}")
        back.setAccessibleName(f"Set {bare(title)} back to its default")
        back.clicked.connect(lambda: self._back(name))
        self.back_buttons[name] = back
        row = QWidget()
        inside = QHBoxLayout(row)
        inside.setContentsMargins(0, 0, 0, 0)
        inside.setSpacing(2)
        inside.addWidget(field, stretch=1)
        inside.addWidget(back)
        return row

    def _default(self, name: str) -> Any:
        return self.model.model_fields[name].get_default(call_default_factory=True)

    def _default_words(self, name: str) -> str:
        default = self._default(name)
        if isinstance(default, tuple):
            return ", ".join(value_words(one) for one in default) or "none"
        if isinstance(default, bool):
            return "on" if default else "off"
        return value_words(default)

    def _back(self, name: str) -> None:
        self.fields[name].set_value(self._default(name))
        self._changed()

    def _changed(self) -> None:
        self._mark()
        self.changed.emit()

    def _mark(self) -> None:
        """Set the captions of changed values in bold with a star."""
        for name, label in self._labels.items():
            same = self.fields[name].value() == self._default(name)
            self.back_buttons[name].setVisible(not same)
            label.setText(self._titles[name] if same else f"<b>{self._titles[name]} *</b>")

    def values(self) -> dict[str, Any]:
        """Return the values shown, by parameter name."""
        return {name: field.value() for name, field in self.fields.items()}

    def parameters(self) -> Parameters:
        """Return the values as the step's parameters.

        Raises
        ------
        NpmError
            If a value is out of bounds, in one sentence.
        """
        return self.model.checked(self.values())

    def set_values(self, values: Any) -> None:
        """Show parameters, given as a model or a mapping; names not in the form are left."""
        known = values.model_dump() if isinstance(values, Parameters) else dict(values)
        for name, field in self.fields.items():
            if name in known:
                field.set_value(known[name])
        self._mark()

    def reset(self) -> None:
        """Show the defaults."""
        self.set_values({name: self._default(name) for name in self.fields})
