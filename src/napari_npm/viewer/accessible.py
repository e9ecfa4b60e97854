"""Names of inputs for screen readers, where no caption stands beside them."""

import re
from typing import Any

from qtpy.QtWidgets import (
    QAbstractButton,
    QAbstractSlider,
    QAbstractSpinBox,
    QComboBox,
    QLabel,
    QLineEdit,
    QScrollBar,
    QWidget,
)

_INPUTS = (QAbstractButton, QAbstractSlider, QAbstractSpinBox, QComboBox, QLineEdit)


def bare(text: str) -> str:
    """Return a text without its markup."""
    return re.sub("<[^>]+>", "", text)


def inputs(root: QWidget) -> list[Any]:
    """Return the widgets for input below one; parts of others, such as spin boxes, left out."""
    found = [widget for kind in _INPUTS for widget in root.findChildren(kind)]
    return [
        one
        for one in found
        if not isinstance(one, QScrollBar)
        and not isinstance(one.parent(), (QAbstractSpinBox, QComboBox, QLineEdit))
        and not one.objectName().startswith("qt_")
    ]


def labels_of(root: QWidget) -> dict[QWidget, str]:
    """Return the words of the labels below a widget, by the inputs that they are tied to."""
    labels = root.findChildren(QLabel)
    return {label.buddy(): bare(label.text()) for label in labels if label.buddy() is not None}


def name_of(widget: Any, labels: dict[QWidget, str]) -> str:
    """Return how a screen reader calls a widget: by its name, its label or its own words."""
    if widget.accessibleName():
        return str(widget.accessibleName())
    if widget in labels:
        return labels[widget]
    return str(widget.text()) if isinstance(widget, QAbstractButton) else ""


def name_inputs(root: QWidget) -> None:
    """Call inputs that have neither name, label nor words by their tooltips, else their units."""
    labels = labels_of(root)
    for widget in inputs(root):
        if name_of(widget, labels):
            continue
        if widget.toolTip():
            widget.setAccessibleName(bare(widget.toolTip()))
        elif hasattr(widget, "suffix") and widget.suffix():
            widget.setAccessibleName(f"Number of {widget.suffix().strip()}")


def name_parts(field: Any, title: str) -> None:
    """Call a field of a form and its parts by the field's title."""
    title = bare(title)
    field.setAccessibleName(title)
    for part, words in (
        ("field", title),
        ("edit", title),
        ("box", f"Set {title}"),
        ("browse", f"Choose a file: {title}"),
    ):
        if hasattr(field, part):
            getattr(field, part).setAccessibleName(words)
