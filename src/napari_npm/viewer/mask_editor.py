"""Mask page of the mask dock: marking the three phases on the current image."""

from typing import Any

import numpy as np
from qtpy.compat import isalive
from qtpy.QtCore import Qt, Signal
from qtpy.QtGui import QColor, QIcon, QPixmap
from qtpy.QtWidgets import (
    QButtonGroup,
    QGridLayout,
    QLabel,
    QPushButton,
    QRadioButton,
    QVBoxLayout,
    QWidget,
)

from napari_npm.core.errors import NpmError
from napari_npm.core.masking import Label

from . import dialogs
from .current import current_subject
from .dock import guarded
from .fields import FloatField
from .image_work import Grey
from .layers import LABEL_COLOURS, LABEL_NAMES, Kind, find
from .mask_tools import Edit, apply, by_levels, cleared, from_file, grown, mask_layer
from .parts import Part


class MaskEditor(Part):
    """A layer of three labels and the ways to mark them.

    Brush, polygon, fill, eraser and undo are napari's own.

    Attributes
    ----------
    touched : Signal
        Emitted at each change of the mask layer.
    """

    touched = Signal()

    def build(self) -> None:
        """Lay the page out."""
        self._watched: Any = None
        layout = self.column
        self.label_buttons = QButtonGroup(self)
        self.label_counts: dict[int, QLabel] = {}
        grid = QGridLayout()
        for row, (label, name) in enumerate(LABEL_NAMES.items()):
            choice = QRadioButton(name)
            swatch = QPixmap(12, 12)
            swatch.fill(QColor(LABEL_COLOURS[label]))
            choice.setIcon(QIcon(swatch))
            choice.setToolTip(f"Label {int(label)}: what brush, polygon, fill and click now mark")
            self.label_buttons.addButton(choice, int(label))
            self.label_counts[int(label)] = QLabel("–")
            grid.addWidget(choice, row, 0)
            grid.addWidget(self.label_counts[int(label)], row, 1, Qt.AlignmentFlag.AlignRight)
        grid.setColumnStretch(1, 1)
        layout.addLayout(grid)
        self.label_buttons.button(int(Label.UNHYDRATED)).setChecked(True)
        self.label_buttons.idClicked.connect(self._label_chosen)
        self.brush_button = self.dock.button("Brush", self.use_brush, "Paint with napari's brush")
        self.polygon_button = self.dock.button(
            "Polygon", self.use_polygon, "Click the corners; double-click to close"
        )
        self.erase_button = self.dock.button(
            "Erase", self.use_eraser, "Rub out with napari's eraser"
        )
        self.dock.row(layout, self.brush_button, self.polygon_button, self.erase_button)
        self.grow_button = QPushButton("Click to grow")
        self.grow_button.setCheckable(True)
        self.grow_button.setToolTip(
            "While pressed, a click on the image marks the connected area of about that grey level"
        )
        self.grow_button.toggled.connect(self._grow_toggled)
        self.tolerance = FloatField(0, None)
        self.tolerance.set_value(12)
        self.tolerance.setPrefix("± ")
        self.tolerance.setToolTip("Largest difference in grey level from the pixel clicked")
        self.dock.row(layout, self.grow_button, self.tolerance)
        levels = QWidget()
        column = QVBoxLayout(levels)
        column.setContentsMargins(0, 0, 0, 0)
        self.level_form = self.dock.step_form("mask")
        column.addWidget(self.level_form)
        self.level_button = self.dock.button(
            "Label by these levels", self.label_by_levels, "Replace the mask by these grey ranges"
        )
        column.addWidget(self.level_button)
        layout.addWidget(self.dock.folded("Label by grey levels", levels))
        self.import_button = self.dock.button(
            "Import mask…", self.import_mask, "Take the mask from a label image (1, 2, 3)"
        )
        self.clear_button = self.dock.button(
            "Clear", self.clear, "Remove all labels (can be undone)"
        )
        self.dock.row(layout, self.import_button, self.clear_button)

    def refresh(self) -> None:
        """Follow the current image's mask."""
        subject = current_subject(self.viewer)
        layer = None if subject is None else find(self.viewer, Kind.MASK, subject)
        if layer is not self._watched:
            self.watch(layer)

    def show_shares(self, grey: Grey) -> None:
        """Show how much of the image each label takes."""
        for label, count in self.label_counts.items():
            pixels = grey.pixels.get(label, 0)
            count.setText(f"{100 * pixels / grey.size:.2f} %" if pixels else "none")
            count.setToolTip(f"{pixels} pixels")

    # the layer

    def _touched(self, event: Any = None) -> None:  # noqa: ARG002 - napari passes it
        if isalive(self):
            self.touched.emit()

    def watch(self, layer: Any) -> None:
        """Follow this mask layer from now on, or none."""
        if self._watched is not None:
            for event in (self._watched.events.paint, self._watched.events.set_data):
                event.disconnect(self._touched)
            self._stop_growing(self._watched)
        self._watched = layer
        if layer is not None:
            layer.events.paint.connect(self._touched)
            layer.events.set_data.connect(self._touched)
            layer.selected_label = self.label_buttons.checkedId()
            if self.grow_button.isChecked():
                self._grow_toggled(True)

    def layer(self) -> Any:
        """Return the current image's mask layer, made where there is none."""
        layer = mask_layer(self.viewer, self.current())
        if layer is not self._watched:
            self.watch(layer)
        return layer

    def _tool(self, mode: str) -> None:
        self.grow_button.setChecked(False)
        layer = self.layer()
        layer.visible = True
        self.viewer.layers.selection.active = layer
        layer.selected_label = self.label_buttons.checkedId()
        layer.mode = mode
        self.say(f"{mode.replace('_', ' ').capitalize()}: mark on the image; Ctrl+Z undoes.")

    def _label_chosen(self, label: int) -> None:
        if self._watched is not None:
            self._watched.selected_label = label

    @guarded
    def use_brush(self) -> None:
        """Choose napari's brush on the mask."""
        self._tool("paint")

    @guarded
    def use_polygon(self) -> None:
        """Choose napari's polygon tool on the mask."""
        self._tool("polygon")

    @guarded
    def use_eraser(self) -> None:
        """Choose napari's eraser on the mask."""
        self._tool("erase")

    def _grow_toggled(self, on: bool) -> None:
        try:
            layer = self.layer() if on else self._watched
        except NpmError as error:
            self.grow_button.setChecked(False)
            self.fail(error)
            return
        if layer is None:
            return
        self._stop_growing(layer)
        if on:
            self.viewer.layers.selection.active = layer
            layer.mode = "pan_zoom"
            layer.mouse_drag_callbacks.append(self._clicked)
            self.say("Click on the image: the connected area of that grey level is marked.")

    def _stop_growing(self, layer: Any) -> None:
        if self._clicked in layer.mouse_drag_callbacks:
            layer.mouse_drag_callbacks.remove(self._clicked)

    def _clicked(self, layer: Any, event: Any) -> Any:
        """Grow from a click; a drag moves the image as usual."""
        dragged = False
        yield
        while event.type == "mouse_move":
            dragged = True
            yield
        if not dragged and event.button == 1:
            row, column = (int(at) for at in np.round(layer.world_to_data(event.position))[-2:])
            self.grow(row, column)

    def grow(self, row: int, column: int) -> None:
        """Mark the area around a pixel with the chosen label."""
        try:
            layer, image = self.layer(), self.current()
            self._target = layer
            self.run_task(
                "Growing…",
                grown,
                layer.data,
                image.pixels,
                (row, column),
                self.tolerance.value(),
                self.label_buttons.checkedId(),
                done=self._labelled,
            )
        except NpmError as error:
            self.fail(error)

    @guarded
    def label_by_levels(self) -> None:
        """Mark by the grey ranges of the form."""
        image = self.current()
        self._target = self.layer()
        self.run_task(
            "Labelling by grey levels…",
            by_levels,
            self._target.data,
            image.pixels,
            self.level_form.parameters(),
            image.subject.pixel_size_nm,
            done=self._labelled,
        )

    @guarded
    def import_mask(self) -> None:
        """Ask for a label image and take it as the mask."""
        path = dialogs.choose_file(self, "Mask", "Label images (*.tif *.tiff *.png)")
        if path is not None:
            self._target = self.layer()
            self.run_task(
                "Reading the mask…", from_file, self._target.data, path, done=self._labelled
            )

    @guarded
    def clear(self) -> None:
        """Remove all labels."""
        self._target = self.layer()
        self.run_task("Clearing…", cleared, self._target.data, done=self._labelled)

    def _labelled(self, edit: Edit) -> None:
        self.say(f"{apply(self._target, edit)} pixels changed; Ctrl+Z undoes.")
