"""What was set in a dock: read from its widgets as plain values, and set in them again.

A dock names the widgets that it remembers in `Dock.remembered`; forms of steps and folded parts
are found by themselves.
"""

from collections.abc import Iterator
from operator import attrgetter
from typing import Annotated, Any

from pydantic import TypeAdapter, ValidationError
from pydantic_core import to_jsonable_python
from qtpy.QtCore import QObject, QTimer
from qtpy.QtWidgets import (
    QAbstractButton,
    QAbstractSlider,
    QComboBox,
    QDoubleSpinBox,
    QLineEdit,
    QSpinBox,
    QTabBar,
    QTabWidget,
)
from superqt import QCollapsible

from .forms import Form
from .model_box import ModelBox

_CHOICES, _OPEN = "choices", "open"


def settings_of(dock: Any) -> dict[str, Any]:
    """Return what is set in a dock's remembered widgets, and which folded parts are open."""
    found: dict[str, Any] = {}
    if dock.remembered:
        found[_CHOICES] = {path: state_of(attrgetter(path)(dock)) for path in dock.remembered}
    opened = [name for name, part in _folded(dock) if part.isExpanded()]
    if opened:
        found[_OPEN] = opened
    return found


def take_settings(dock: Any, settings: dict[str, Any]) -> None:
    """Set in a dock what `settings_of` returned; what does not fit it is passed over."""
    choices = settings.get(_CHOICES)
    if isinstance(choices, dict):
        for path in dock.remembered:
            if path in choices:
                take_state(attrgetter(path)(dock), choices[path])
    opened = settings.get(_OPEN)
    opened = opened if isinstance(opened, list) else []
    for name, part in _folded(dock):
        if (name in opened) != part.isExpanded():
            part.collapse(False) if part.isExpanded() else part.expand(False)


def _folded(dock: Any) -> Iterator[tuple[str, QCollapsible]]:
    """Give a dock's folded parts, its own by their titles and those of forms by the forms'."""
    yield from dock.folds.items()
    forms = {path: attrgetter(path)(dock) for path in dock.remembered}
    for name, form in {**forms, **getattr(dock, "forms", {})}.items():
        if isinstance(form, Form) and form.more is not None:
            yield f"more of {name}", form.more


def state_of(widget: Any) -> Any:
    """Return what a widget shows as a plain value."""
    if isinstance(widget, Form):
        return form_changes(widget)
    if isinstance(widget, ModelBox):
        return widget.state()
    if isinstance(widget, QComboBox):
        return widget.currentText()
    if isinstance(widget, QLineEdit):
        return widget.text()
    if isinstance(widget, QTabBar | QTabWidget):
        return widget.tabText(widget.currentIndex())
    if isinstance(widget, QAbstractButton):
        return widget.isChecked()
    if isinstance(widget, QAbstractSlider | QSpinBox | QDoubleSpinBox):
        return widget.value()
    raise TypeError(f"a {type(widget).__name__} cannot be remembered")


def take_state(widget: Any, state: Any) -> None:
    """Show in a widget what `state_of` returned; nothing where it does not fit."""
    if isinstance(widget, Form):
        set_form(widget, state)
    elif isinstance(widget, ModelBox):
        take_state(widget.box, widget.take_state(state))
    elif isinstance(widget, QComboBox):
        if isinstance(state, str) and state and not _choose(widget, state):
            _Wish(widget, state)
    elif isinstance(widget, QLineEdit):
        if isinstance(state, str):
            widget.setText(state)
    elif isinstance(widget, QTabBar | QTabWidget):
        titles = [widget.tabText(place) for place in range(widget.count())]
        if state in titles:
            widget.setCurrentIndex(titles.index(state))
    elif isinstance(widget, QAbstractButton):
        if isinstance(state, bool) and widget.isChecked() != state:
            widget.setChecked(state)
    elif isinstance(state, int | float) and not isinstance(state, bool):
        low, high = widget.minimum(), widget.maximum()
        widget.setValue(type(widget.value())(min(max(state, low), high)))


def _choose(box: QComboBox, text: str) -> bool:
    place = box.findText(text)
    if place >= 0 and place != box.currentIndex():
        box.setCurrentIndex(place)
    return place >= 0


class _Wish(QObject):
    """Waits until a box that is filled later offers a text, unless the user chooses before."""

    def __init__(self, box: QComboBox, text: str) -> None:
        for older in box.findChildren(_Wish):
            older.deleteLater()
        super().__init__(box)
        self._text = text
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._try)
        # Whoever fills a box also sets its index, after the rows are there.
        box.model().rowsInserted.connect(self._timer.start)
        box.activated.connect(self.deleteLater)

    def _try(self) -> None:
        if _choose(self.parent(), self._text):
            self.deleteLater()


def form_changes(form: Form, stored: Any = None) -> dict[str, Any]:
    """Return the values of a form that differ from the stored parameters, or the defaults."""
    fields = form.model.model_fields
    found = {}
    for name, value in form.values().items():
        if stored is None:
            same = value == fields[name].get_default(call_default_factory=True)
        else:
            same = value == getattr(stored, name)
        if not same:
            found[name] = to_jsonable_python(value)
    return found


def set_form(form: Form, changes: Any) -> None:
    """Show values in a form that `form_changes` returned; those that no field takes are left."""
    if not isinstance(changes, dict):
        return
    taken = {}
    for name in form.fields:
        if name in changes:
            info = form.model.model_fields[name]
            # A value by itself: two that do not fit each other were shown, too.
            one = TypeAdapter(Annotated[info.annotation, info])
            try:
                taken[name] = one.validate_python(changes[name])
            except ValidationError:
                continue
    if taken:
        form.set_values(taken)
