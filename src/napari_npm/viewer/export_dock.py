"""Export figure dock: the current image's layers, or all figures of the study, as files."""

from pathlib import Path
from typing import Any

import numpy as np
from qtpy.QtCore import Qt
from qtpy.QtGui import QPixmap
from qtpy.QtWidgets import QComboBox, QFormLayout, QLabel

from . import dialogs
from .current import current_image
from .dock import guarded
from .fields import FloatField
from .figure_work import FIGURES, Request, Shown, export, preview
from .layers import Kind, find, kind_of, source_of, subject_of, values_of
from .step_dock import StepDock
from .wide_fields import OptionalField

FORMATS = {"PNG": ".png", "TIFF": ".tif", "SVG": ".svg", "PDF": ".pdf"}


class ExportDock(StepDock):
    """Figures for papers from what is open."""

    def build(self) -> None:
        """Lay the dock out."""
        layout = self.group("Figure of the current image")
        form = QFormLayout()
        self.kind_box = QComboBox()
        self.kind_box.addItems(list(FIGURES))
        self.kind_box.setSizeAdjustPolicy(
            QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
        )
        self.kind_box.setToolTip("What the figure shows; some need maps or relevance first")
        form.addRow("Figure", self.kind_box)
        self.format_box = QComboBox()
        self.format_box.addItems(list(FORMATS))
        self.format_box.setToolTip("SVG and PDF keep text as text")
        form.addRow("Format", self.format_box)
        self.width = OptionalField(FloatField(20, 600))
        self.width.field.setSuffix(" mm")
        self.width.field.set_value(85)
        self.width.setToolTip("Width in mm: 85 is a column, 175 two; without it the figure's own")
        form.addRow("Width", self.width)
        self.dpi = FloatField(50, 1200)
        self.dpi.setSuffix(" dpi")
        self.dpi.set_value(300)
        self.dpi.setToolTip("Resolution of PNG and TIFF, and of images inside SVG and PDF")
        form.addRow("Resolution", self.dpi)
        layout.addLayout(form)
        self.preview_button = self.button("Preview", self.preview, "Draw the figure here")
        self.export_button = self.button("Export…", self.export, "Draw the figure into a file")
        self.row(layout, self.preview_button, self.export_button)
        self.picture = QLabel()
        self.picture.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.picture.hide()
        layout.addWidget(self.picture)
        study = self.group("All figures of the study")
        self.form = self.step_form("figures")
        study.addWidget(self.form)
        self.all_button = self.job_button(
            "Draw study figures", self.draw_all, "Run all that is left up to the figures"
        )
        study.addWidget(self.all_button)

    def request(self) -> Request:
        """Return the figure that is asked for, with the layers it is made from."""
        image = current_image(self.viewer)
        explained = None
        parts: dict[Kind, Any] = {Kind.IMAGE: image.pixels}
        for kind in (Kind.MULF, Kind.MICF, Kind.RELEVANCE):
            layer = find(self.viewer, kind, image.subject)
            if layer is not None:
                parts[kind] = np.asarray(values_of(layer))
                if kind is Kind.RELEVANCE:
                    seen = find(self.viewer, source_of(layer) or Kind.MULF, image.subject)
                    explained = None if seen is None else np.asarray(seen.data)
        shown = []
        for layer in self.viewer.layers:
            own = layer is image.layer or (
                kind_of(layer) is not None and subject_of(layer).name == image.subject.name
            )
            # What lies beside the image, as a class difference may, is not part of it.
            if own and layer.visible and not np.any(layer.translate):
                shown.append(_shown(layer, image))
        return Request(
            self.kind_box.currentText(),
            image.subject.name,
            parts,
            tuple(shown),
            image.subject.pixel_size_nm,
            explained,
        )

    @guarded
    def preview(self) -> None:
        """Draw the figure in the dock, in the background."""
        pixels = max(200, self.scroll.viewport().width() - 40)
        self.run_task(
            "Drawing…", preview, self.request(), self.width.value(), pixels, done=self._previewed
        )

    def _previewed(self, png: bytes) -> None:
        picture = QPixmap()
        picture.loadFromData(png)
        self.picture.setPixmap(picture)
        self.picture.show()
        self.say("This is how the figure looks.")

    @guarded
    def export(self) -> None:
        """Ask where, and write the figure in the background."""
        request = self.request()
        suffix = FORMATS[self.format_box.currentText()]
        name = f"{request.name} {request.kind.split(' (')[0]}".replace("/", "-").replace(" ", "_")
        path = dialogs.choose_new_file(
            self, "Export figure", name + suffix, f"{self.format_box.currentText()} (*{suffix})"
        )
        if path is not None:
            self.write(request, path if path.suffix else path.with_suffix(suffix))

    def write(self, request: Request, path: Path) -> None:
        """Write a figure in the background."""
        self.run_task(
            "Writing…",
            export,
            request,
            path,
            self.width.value(),
            self.dpi.value(),
            done=self._written,
        )

    def _written(self, path: Path) -> None:
        self.say(f"Figure written: {path}")

    @guarded
    def draw_all(self) -> None:
        """Draw all figures of the study as a job."""
        self.run_steps("Drawing the figures", "run", "--until", "figures")


def _shown(layer: Any, image: Any) -> Shown:
    data = image.pixels if layer is image.layer else np.asarray(layer.data)
    if getattr(layer, "rgb", False):
        return Shown(data, None, None, float(layer.opacity))
    limits = getattr(layer, "contrast_limits", None)
    return Shown(
        data,
        layer.colormap,
        None if limits is None else tuple(limits),
        float(layer.opacity),
        int(getattr(layer, "contour", 0)),
    )
