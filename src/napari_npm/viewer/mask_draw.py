"""Draw group of the mask page: what is marked, with which tool, undo and redo."""

from typing import Any

import numpy as np
from qtpy.QtCore import Qt
from qtpy.QtGui import QColor, QIcon, QPixmap
from qtpy.QtWidgets import (
    QButtonGroup,
    QCheckBox,
    QGridLayout,
    QLabel,
    QPushButton,
    QRadioButton,
    QSlider,
)

from napari_npm.core.errors import NpmError
from napari_npm.core.masking import Label

from .current import base_layer
from .fields import FloatField
from .layer_styles import STROKE_NAMES
from .layers import LABEL_COLOURS, LABEL_NAMES, Kind, find
from .mask_grow import GrowTool
from .mask_lasso import LassoTool
from .parts import Part

# Name, caption, key, napari's mode, tooltip.
TOOLS = (
    ("brush", "Brush", "P", "paint", "Paint; [ and ] change the brush"),
    ("polygon", "Polygon", "Y", "polygon", "Click the corners; double-click or Enter closes"),
    ("lasso", "Lasso", "L", None, "Drag around an area: all inside is marked"),
    ("grow", "Grain", "G", None, "Click a grain: it is outlined; Enter or the next click takes it"),
    ("fill", "Fill", "F", "fill", "Click into a closed outline: what it encloses is filled"),
    ("eraser", "Eraser", "E", "erase", "Rub out; [ and ] change the brush"),
)
_MODES = {mode: name for name, _, _, mode, _ in TOOLS if mode is not None}
_SLIDER = 200


class DrawBox(Part):
    """Labels, tools, tolerance, undo."""

    def __init__(self, editor: Any) -> None:
        self.editor = editor
        super().__init__(editor.dock)

    def build(self) -> None:
        """Lay the group out."""
        self.tool = ""
        self.target = Kind.MASK
        self._stroke = 1
        self._showing = False
        self.grow = GrowTool(self)
        self.lasso = LassoTool(self)
        layout = self.group("Draw")
        self._build_labels(layout)
        self._build_tools(layout)
        self._build_tolerance(layout)
        self.undo_button = self.dock.button(
            "↶ Undo", self.editor.undo, "Undo the last edit, also of an earlier session (U, Ctrl+Z)"
        )
        self.redo_button = self.dock.button(
            "↷ Redo", self.editor.redo, "Do it again (Shift+U, Ctrl+Shift+Z)"
        )
        self.import_button = self.dock.button(
            "Import…", self.editor.import_mask, "Take the mask from a label image (1, 2, 3)"
        )
        self.clear_button = self.dock.button(
            "Clear", self.editor.clear, "Remove all labels (can be undone)"
        )
        self.dock.row(
            layout, self.undo_button, self.redo_button, self.import_button, self.clear_button
        )

    def _build_labels(self, layout: Any) -> None:
        self.label_buttons = QButtonGroup(self)
        self.label_counts: dict[int, QLabel] = {}
        grid = QGridLayout()
        grid.setVerticalSpacing(2)
        grid.setColumnStretch(1, 1)
        for row, (label, name) in enumerate(LABEL_NAMES.items()):
            choice = QRadioButton(name)
            choice.setIcon(swatch(LABEL_COLOURS[label]))
            choice.setToolTip(f"Label {int(label)}: what the tools now mark (M: the next label)")
            self.label_buttons.addButton(choice, int(label))
            self.label_counts[int(label)] = QLabel("–")
            grid.addWidget(choice, row, 0)
            grid.addWidget(self.label_counts[int(label)], row, 1, Qt.AlignmentFlag.AlignRight)
        layout.addLayout(grid)
        self.label_buttons.button(int(Label.UNHYDRATED)).setChecked(True)
        self.label_buttons.idClicked.connect(self._label_chosen)

    def _build_tools(self, layout: Any) -> None:
        self.tool_buttons: dict[str, QPushButton] = {}
        grid = QGridLayout()
        grid.setSpacing(4)
        for number, (name, caption, key, _, tip) in enumerate(TOOLS):
            button = QPushButton()
            button.setText(f"{caption}  {key}")
            button.setToolTip(f"{tip} (key {key}; again: none)")
            button.setObjectName(caption)
            button.setCheckable(True)
            button.clicked.connect(lambda on, name=name: self.use(name if on else ""))
            self.tool_buttons[name] = button
            grid.addWidget(button, number // 3, number % 3)
        layout.addLayout(grid)

    def _build_tolerance(self, layout: Any) -> None:
        tip = (
            "How far the grey may lie from that of the grain clicked on, edges counted in: "
            "Shift and wheel on the image, or the keys [ and ]"
        )
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setRange(0, _SLIDER)
        self.tolerance = FloatField(0, None)
        self.tolerance.setDecimals(1)
        self.tolerance.set_value(12)
        self.tolerance.setPrefix("± ")
        self.tolerance.setFixedWidth(100)
        self.tolerance_label = QLabel("Tolerance")
        for widget in (self.slider, self.tolerance, self.tolerance_label):
            widget.setToolTip(tip)
        self.auto_box = QCheckBox("auto")
        self.auto_box.setChecked(True)
        self.auto_box.setToolTip(
            "Begin each grain with the tolerance at which its outline moves least"
        )
        self.dock.row(layout, self.tolerance_label, self.slider, self.tolerance, self.auto_box)
        self.slider.valueChanged.connect(self._slid)
        self.tolerance.changed.connect(self._tolerance_changed)
        self._tolerance_changed()

    # tolerance

    def _span(self) -> float:
        """Return the tolerance at the right end: a quarter of the image's grey range."""
        try:
            pixels = self.current().pixels
        except NpmError:
            return 64.0
        if pixels.dtype == np.uint8:
            return 64.0
        few = pixels[:: max(1, pixels.shape[0] // 256), :: max(1, pixels.shape[1] // 256)]
        return float(np.ptp(few)) / 4 or 1.0

    def _slid(self, place: int) -> None:
        self.tolerance.set_value(round(self._span() * place / _SLIDER, 1))

    def _tolerance_changed(self) -> None:
        self.slider.blockSignals(True)
        self.slider.setValue(min(round(self.tolerance.value() / self._span() * _SLIDER), _SLIDER))
        self.slider.blockSignals(False)
        if not self._showing:
            self.grow.tolerance_changed(self.tolerance.value())

    def show_tolerance(self, value: float) -> None:
        """Show the tolerance that the grain in hand was grown with."""
        self._showing = True
        self.tolerance.set_value(value)
        self._showing = False

    def change_tolerance(self, steps: float) -> None:
        """Make the tolerance larger or smaller by some hundredths of its range."""
        value = self.tolerance.value() + steps * self._span() / 100
        self.tolerance.set_value(round(max(value, 0.0), 1))

    # labels and tools

    @property
    def label(self) -> int:
        """The label or stroke that the tools mark."""
        return self._stroke if self.target is Kind.STROKES else self.label_buttons.checkedId()

    def layer(self) -> Any:
        """Return the layer that the tools work on: the mask, or the strokes to learn from."""
        if self.target is Kind.STROKES:
            return self.editor.strokes_layer()
        return self.editor.layer()

    def keeper(self) -> Any:
        """Return who keeps that layer."""
        keeper = self.editor.keeper()
        return keeper.strokes if self.target is Kind.STROKES else keeper.mask

    def _label_chosen(self, label: int) -> None:  # noqa: ARG002 - Qt passes it
        self.target = Kind.MASK
        self.editor.learn.refresh()
        self.use(self.tool)

    def next_label(self) -> None:
        """Choose the next of the three labels."""
        following = self.label_buttons.checkedId() % len(LABEL_NAMES) + 1
        self.label_buttons.button(following).setChecked(True)
        self._label_chosen(following)

    def use_stroke(self, stroke: int) -> None:
        """Draw strokes to learn from: 1 on unhydrated cement, 2 on something else."""
        self.target, self._stroke = Kind.STROKES, stroke
        self.use("brush" if self.tool in ("", "grow", "eraser", "fill") else self.tool)
        self.editor.learn.refresh()

    def use(self, name: str) -> None:
        """Take up a tool by its name; an empty name lays it down."""
        try:
            self._use(name)
        except NpmError as error:
            self.tool = ""
            self.fail(error)
        self.refresh()
        self.editor.keys.bind()

    def toggle(self, name: str) -> None:
        """Take up a tool, or lay it down where it is in use."""
        self.use("" if self.tool == name else name)

    def _use(self, name: str) -> None:
        if name != "grow":
            self.grow.stop()
        if name != "lasso":
            self.lasso.stop()
        if not name:
            self.tool = ""
            for kind in (Kind.MASK, Kind.STROKES):
                layer = find(self.viewer, kind, self.current().subject)
                if layer is not None:
                    layer.mode = "pan_zoom"
            return
        if name == "grow" and self.target is not Kind.MASK:
            self.target = Kind.MASK
            self.editor.learn.refresh()
        layer = self.layer()
        layer.visible = True
        layer.selected_label = self.label
        # Before the layer becomes active: then the tool counts as in use.
        self.tool = name
        mode = next(mode for tool, _, _, mode, _ in TOOLS if tool == name)
        if name == "lasso":
            self.lasso.start()
        else:
            self.viewer.layers.selection.active = layer
            layer.mode = mode or "pan_zoom"
        if name == "grow":
            self.grow.start()
        self._follow_mode(layer)
        tip = next(tip for tool, _, _, _, tip in TOOLS if tool == name)
        strokes = self.target is Kind.STROKES
        marks = f"strokes of {STROKE_NAMES[self.label]}" if strokes else LABEL_NAMES[self.label]
        self.say(f"{tip}. Marks {marks}.")

    def _follow_mode(self, layer: Any) -> None:
        layer.events.mode.disconnect(self._mode_changed)
        layer.events.mode.connect(self._mode_changed)

    def _mode_changed(self, event: Any) -> None:
        """Follow a mode chosen by napari's own buttons or keys."""
        mode = str(event.source.mode)
        tool = _MODES.get(mode, "")
        if self.tool in ("lasso", "grow") and not tool:
            return
        if tool != self.tool:
            self.grow.stop()
            self.tool = tool
            self.refresh()
            self.editor.keys.bind()

    def layer_gone(self) -> None:
        """Lay the tool down whose layer was deleted, or made another type, by hand."""
        if self.target is Kind.MASK and self.tool in _MODES.values():
            self.tool = ""
            self.say("The mask's layer is gone, what was drawn is kept: a tool shows it again.")

    def image_changed(self) -> None:
        """Follow another image."""
        self.grow.image_changed()
        if base_layer(self.viewer) is None:
            self.grow.stop()
            self.tool = ""
        elif self.tool == "lasso":
            self.use("lasso")

    def refresh(self) -> None:
        """Show which tool is in use and what can be undone."""
        for name, button in self.tool_buttons.items():
            button.setChecked(name == self.tool)
        growing = self.tool == "grow"
        for widget in (self.slider, self.tolerance, self.tolerance_label, self.auto_box):
            widget.setEnabled(growing)
        able = self.editor.able()
        self.undo_button.setEnabled(able[0] or self.grow.pending)
        self.redo_button.setEnabled(able[1])

    def show_shares(self, pixels: dict[int, int], size: int) -> None:
        """Show how much of the image each label takes."""
        for label, count in self.label_counts.items():
            share = pixels.get(label, 0)
            count.setText(f"{100 * share / size:.2f} %" if share else "none")
            count.setToolTip(f"{share} pixels")


def swatch(colour: str) -> QIcon:
    """Return a small square of a colour."""
    square = QPixmap(12, 12)
    square.fill(QColor(colour))
    return QIcon(square)
