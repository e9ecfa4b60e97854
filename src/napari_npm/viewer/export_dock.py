"""Export figure dock: a figure for a paper, seen while it is set up, kept as a preset."""

from pathlib import Path
from typing import Any

import numpy as np
from qtpy.QtCore import Qt, QTimer
from qtpy.QtGui import QPixmap
from qtpy.QtWidgets import QCheckBox, QComboBox, QFormLayout, QLabel, QSizePolicy, QWidget

from napari_npm.core.errors import NpmError

from . import dialogs
from .current import current_image
from .dock import guarded
from .export_presets import PresetRow
from .figure_work import FIGURES, STUDY, VIEW, Request, Shown, export, methods, preview
from .forms import Form
from .layers import Kind, find, kind_of, source_of, subject_of, values_of
from .step_dock import StepDock
from .tasks import Latest

_CONTENT = (
    "layout", "figure", "layers", "overlays", "network", "samples", "images", "tiles", "pick",
    "seed", "rows", "columns", "colormap", "low", "high", "colour_bars", "raw_data",
)  # fmt: skip
_CONTENT_FOLDED = ("samples", "images", "tiles", "pick", "seed", "colormap", "low", "high")
_LOOK_FOLDED = ("scale_bar_um", "width_mm", "font", "font_size", "background")
# Changes come by the dozen while a number is typed.
_WAIT_MS, _TALLEST = 250, 300


class ExportDock(StepDock):
    """Figures for papers from the study, or from what is open."""

    remembered = ("live_box", "kind_box", "current_box", "content", "look")

    def build(self) -> None:
        """Lay the dock out."""
        self._latest = Latest(self)
        self._latest.done.connect(self._previewed)
        self._latest.failed.connect(self._not_previewed)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_WAIT_MS)
        self._timer.timeout.connect(self._draw_preview)
        layout = self.group("Figure")
        self.picture = QLabel("The figure appears here.")
        self.picture.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.picture.setWordWrap(True)
        self.picture.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.live_box = QCheckBox("Live preview")
        self.live_box.setChecked(True)
        self.live_box.toggled.connect(self._touched)
        self.export_button = self.button("Export…", self.export, "Write the figure to a file")
        layout.addWidget(self.picture)
        self.row(layout, self.live_box, self.export_button)
        rows = QFormLayout()
        self.kind_box = QComboBox()
        self.kind_box.addItems(list(FIGURES))
        self.kind_box.setSizeAdjustPolicy(
            QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
        )
        self.kind_box.setToolTip(
            "A figure of the study's images and results; the visible layers as they are; or one "
            "of the current image, with or without a study"
        )
        self.kind_box.currentIndexChanged.connect(self._kind_changed)
        rows.addRow("Show", self.kind_box)
        layout.addLayout(rows)
        self.content_part = QWidget()
        inner = QFormLayout(self.content_part)
        inner.setContentsMargins(0, 0, 0, 0)
        self.presets = PresetRow(self)
        self.presets.chosen.connect(self.set_preset)
        self.presets.save_asked.connect(self._save_preset)
        inner.addRow("Preset", self.presets)
        self.current_box = QCheckBox("Only the current image")
        self.current_box.setToolTip("Show the image that is open now, in place of those set below")
        self.current_box.toggled.connect(self._touched)
        inner.addRow(self.current_box)
        layout.addWidget(self.content_part)
        self.content, self.look = self._forms()
        inner.addRow(self.content)
        layout.addWidget(self.look)
        self._paper_group()
        self._study_group()
        self.session.study_changed.connect(self._study_changed)
        self.viewer.layers.events.inserted.connect(self._touched)
        self._study_changed()

    def _forms(self) -> tuple[Form, Form]:
        from napari_npm.study.figure_settings import FigurePreset

        rest = [name for name in FigurePreset.model_fields if name not in _CONTENT]
        content = Form(FigurePreset, _CONTENT, _CONTENT_FOLDED, "figure")
        look = Form(FigurePreset, rest, _LOOK_FOLDED, "figure")
        for form in (content, look):
            form.changed.connect(self._touched)
        return content, look

    def _paper_group(self) -> None:
        layout = self.group("Text of the paper")
        self.methods_button = self.button(
            "Methods, references and script",
            self.write_methods,
            "Write the methods paragraph with every parameter and version, its references as "
            "BibTeX, and the commands that rebuild every result, into the study's folder "
            "(napari-npm methods STUDY)",
        )
        self.methods_label = self.note("The methods paragraph of the open study.")
        layout.addWidget(self.methods_button)
        layout.addWidget(self.methods_label)

    def _study_group(self) -> None:
        everything = QWidget()
        inner = QFormLayout(everything)
        inner.setContentsMargins(0, 0, 0, 0)
        self.form = self.step_form("figures")
        inner.addRow(self.form)
        self.all_button = self.job_button(
            "Draw study figures", self.draw_all, "Run all that is left up to the figures"
        )
        inner.addRow(self.all_button)
        self.column.addWidget(self.folded("All figures of the study", everything))

    # what is asked for

    def preset(self) -> Any:
        """Return what is set as a preset.

        Raises
        ------
        NpmError
            If values do not fit each other.
        """
        from napari_npm.study.figure_settings import FigurePreset

        values = {**self.content.values(), **self.look.values()}
        if self.current_box.isChecked() and self.session.image_id:
            values["images"] = (self.session.image_id,)
        return FigurePreset.checked(values)

    def set_preset(self, preset: Any) -> None:
        """Show a preset."""
        self.kind_box.setCurrentText(STUDY)
        self.current_box.setChecked(False)
        self.content.set_values(preset)
        self.look.set_values(preset)
        self._touched()

    def _save_preset(self, name: str) -> None:
        try:
            self.presets.keep(name, self.preset())
        except NpmError as error:
            self.fail(error)

    def source(self) -> Any:
        """Return the study, or the layers of the current image.

        Raises
        ------
        NpmError
            If there is neither.
        """
        if self.kind_box.currentText() == STUDY:
            return self.session.require_study()
        return self.request()

    def request(self) -> Request:
        """Return the figure of the current image that is asked for, with its layers."""
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
        size, name = image.subject.pixel_size_nm, image.subject.name
        return Request(self.kind_box.currentText(), name, parts, tuple(shown), size, explained)

    # following

    def refresh(self) -> None:
        """Follow the current image."""
        self._touched()

    def _study_changed(self) -> None:
        self.presets.refresh()
        if self.session.study is None and self.kind_box.currentText() == STUDY:
            self.kind_box.setCurrentText(VIEW)
        self._kind_changed()

    def _kind_changed(self) -> None:
        self.content_part.setVisible(self.kind_box.currentText() == STUDY)
        self._touched()

    def _touched(self, _: Any = None) -> None:
        if self.live_box.isChecked():
            self._timer.start()

    def _draw_preview(self) -> None:
        if not self.isVisible():
            return
        try:
            room = (max(200, self.scroll.viewport().width() - 40), _TALLEST)
            self._latest.ask(preview, self.source(), self.preset(), room)
        except NpmError as error:
            self._not_previewed(str(error))

    def showEvent(self, event: Any) -> None:  # noqa: N802 - Qt's name
        """Draw what was not drawn while the dock was hidden."""
        super().showEvent(event)
        self._touched()

    def _previewed(self, png: bytes) -> None:
        picture = QPixmap()
        picture.loadFromData(png)
        self.picture.setMinimumHeight(picture.height())
        self.picture.setPixmap(picture)

    def _not_previewed(self, text: str) -> None:
        self.picture.setMinimumHeight(0)
        self.picture.setText(text)

    # files

    @guarded
    def export(self) -> None:
        """Ask where, and write the figure in the background."""
        source, preset = self.source(), self.preset()
        chosen = self.presets.box.currentText() if self.presets.box.currentIndex() > 0 else "figure"
        name = chosen if not isinstance(source, Request) else f"{source.name} {source.kind}"
        name = name.split(" (")[0].replace("/", "-").replace(" ", "_")
        suffix = f".{preset.format}"
        kind = f"{preset.format.upper()} (*{suffix})"
        path = dialogs.choose_new_file(self, "Export figure", name + suffix, kind)
        if path is not None:
            self.write(source, preset, path if path.suffix else path.with_suffix(suffix))

    def write(self, source: Any, preset: Any, path: Path) -> None:
        """Write a figure in the background."""
        self.run_task("Writing…", export, source, preset, path, done=self._written)

    def _written(self, paths: tuple[Path, ...]) -> None:
        more = f" and {len(paths) - 1} files of its data" if len(paths) > 1 else ""
        self.say(f"Figure written: {paths[0]}{more}")

    @guarded
    def write_methods(self) -> None:
        """Write methods, references and the rebuilding scripts of the study in the background."""
        study = self.session.require_study()
        self.run_task("Writing the methods…", methods, study, done=self._methods_written)

    def _methods_written(self, paths: tuple[Path, ...]) -> None:
        names = ", ".join(path.name for path in paths)
        self.methods_label.setText(f"Written: {names} in {paths[0].parent}")
        self.say(f"Methods written: {paths[0]}")

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
