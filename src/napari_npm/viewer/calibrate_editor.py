"""Calibrate page of the mask dock: see what the grey levels give, make the MulF map."""

from typing import Any

from qtpy.compat import isalive
from qtpy.QtCore import Signal
from qtpy.QtWidgets import QVBoxLayout, QWidget

from .calibrate_live import Measured, calibrate_image
from .calibrate_panel import LEVELS, LivePanel
from .calibrate_references import ReferencesBox
from .current import current_subject
from .dock import guarded
from .drift_box import DriftBox
from .fields import FloatField
from .layers import Kind, kind_of, present, put, show_scale_bar, spatial, subject_of
from .mask_tools import mask_of
from .parts import Part

_SELDOM = ("min_reference_px", "max_saturated", "model_error", "uncertainty_map")


class CalibrateEditor(Part):
    """Turn grey levels into porosity.

    Attributes
    ----------
    measured : Signal
        Emitted with the `Grey` of the current image whenever it was measured.
    """

    measured = Signal(object)

    def build(self) -> None:
        """Lay the page out."""
        self._subject: Any = None
        self.live = LivePanel(self.dock)
        self.live.measured.connect(self._measured)
        self.column.addWidget(self.live)
        self.references = ReferencesBox(self.dock)
        self.column.addWidget(self.references)
        self._build_form()
        self.live.follow(self.calibrate_form)
        self._form_changed()
        self.references.follow(
            self._edit_mask, lambda: int(self.calibrate_form.values()["min_reference_px"])
        )
        self.drift = DriftBox(self.dock)
        self.drift_fold = self.dock.folded("Drift between images", self.drift)
        self.column.addWidget(self.drift_fold)

    def _build_form(self) -> None:
        layout = self.column
        self.pixel_row = QWidget()
        pixel_layout = QVBoxLayout(self.pixel_row)
        pixel_layout.setContentsMargins(0, 0, 0, 0)
        self.pixel_size = FloatField(0.01, 1e6)
        self.pixel_size.setSuffix(" nm/px")
        self.pixel_size.set_value(10)
        self.pixel_button = self.dock.button(
            "Set pixel size", self.set_pixel_size, "The file tells no pixel size: give it here"
        )
        self.dock.row(pixel_layout, self.pixel_size, self.pixel_button)
        layout.addWidget(self.pixel_row)
        self.calibrate_form = self.dock.step_form("calibrate", folded=_SELDOM)
        layout.addWidget(self.calibrate_form)
        self.back_button = self.dock.button(
            "Back to the references",
            self.live.give_back,
            "Take both levels from the marked references again",
        )
        layout.addWidget(self.back_button)
        self.calibrate_button = self.dock.button(
            "Calibrate image", self.calibrate, "Make the MulF map of the current image"
        )
        self.all_button = self.dock.job_button(
            "Calibrate all", self.calibrate_all, "Run all that is left up to this step"
        )
        self.dock.row(layout, self.calibrate_button, self.all_button)
        self.result = self.dock.note()
        layout.addWidget(self.result)
        self.calibrate_form.changed.connect(self._form_changed)

    def refresh(self) -> None:
        """Follow the current image."""
        subject = current_subject(self.viewer)
        self.pixel_row.setVisible(subject is not None and subject.pixel_size_nm is None)
        if subject != self._subject:
            self._subject = subject
            self.result.clear()
        self.live.refresh()
        self.references.refresh()
        self.drift.refresh()

    def mask_touched(self, event: Any = None) -> None:  # noqa: ARG002 - napari passes it
        """Measure again soon."""
        if isalive(self):
            self.live.measure_soon()

    def _measured(self, found: Measured) -> None:
        self.references.warn(found.warnings)
        self.measured.emit(found.grey)

    def _edit_mask(self, text: str, work: Any, *arguments: Any) -> None:
        dock: Any = self.dock
        dock.mask.edit(text, work, *arguments)

    def _form_changed(self) -> None:
        given = self.calibrate_form.values()
        self.back_button.setEnabled(any(given[name] is not None for name in LEVELS))

    def levels(self) -> tuple[float | None, float | None]:
        """Return G_CSH and G_m as they would be used: given, else from the references."""
        return self.live.levels()

    # making the map

    @guarded
    def set_pixel_size(self) -> None:
        """Give the pixel size of an image whose file tells none."""
        image = self.current()
        for layer in self.viewer.layers:
            own = kind_of(layer) is not None and subject_of(layer).name == image.subject.name
            if layer is image.layer or own:
                placed = spatial(self.pixel_size.value(), layer.ndim)
                layer.scale, layer.units = placed["scale"], placed["units"]
        show_scale_bar(self.viewer)
        self.viewer.reset_view()
        self.dock.show_image()
        self.say(f"Pixel size of {image.subject.name} set to {self.pixel_size.value():g} nm.")

    @guarded
    def calibrate(self) -> None:
        """Make the MulF map of the current image in the background."""
        image = self.current()
        self._calibrated_subject = image.subject
        self.run_task(
            "Calibrating…",
            calibrate_image,
            image.pixels,
            mask_of(self.viewer, image),
            self.calibrate_form.parameters(),
            self.live.place(),
            done=self._calibrated,
        )

    def _calibrated(self, found: Any) -> None:
        subject = self._calibrated_subject
        self.live.live_box.setChecked(False)
        put(self.viewer, Kind.MULF, subject, found.porosity)
        present(self.viewer, subject, Kind.MULF)
        size = found.porosity.size
        outside = max(size - found.unhydrated, 1)
        self.result.setText(
            f"G_CSH {found.g_csh:.1f}, G_m {found.g_metal:.1f}. Mean porosity "
            f"{found.porosity.mean():.4f}. Below G_CSH and set to 0: "
            f"{100 * found.below / outside:.2f} %; above G_m and set to 1: "
            f"{100 * found.above / outside:.2f} %; unhydrated cement: "
            f"{100 * found.unhydrated / size:.2f} %."
        )
        self.say(f"MulF map of {subject.name} made.")

    @guarded
    def calibrate_all(self) -> None:
        """Calibrate all images of the study as a job."""
        self.dock.run_steps("Calibrating all images", "run", "--until", "calibrate")
