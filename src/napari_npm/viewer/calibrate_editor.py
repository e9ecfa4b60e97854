"""Calibrate page of the mask dock: see the grey levels, make the MulF map."""

from typing import Any

from qtpy.compat import isalive
from qtpy.QtCore import QTimer, Signal
from qtpy.QtWidgets import QVBoxLayout, QWidget

from napari_npm.core.masking import Label

from .current import base_layer, current_subject
from .dock import guarded
from .fields import FloatField
from .image_work import Grey, calibrate_image, grey_of
from .layers import (
    LABEL_COLOURS,
    Kind,
    kind_of,
    present,
    put,
    show_scale_bar,
    spatial,
    subject_of,
)
from .mask_tools import mask_of
from .parts import Part
from .plots import Plot
from .tasks import Task


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
        self._grey: Grey | None = None
        self._measuring: Task | None = None
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(250)
        self._timer.timeout.connect(self._measure)
        layout = self.column
        self.plot = Plot(self.viewer, "The grey histogram appears here once an image is open.", 160)
        layout.addWidget(self.plot)
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
        self.calibrate_form = self.dock.step_form("calibrate")
        layout.addWidget(self.calibrate_form)
        self.calibrate_button = self.dock.button(
            "Calibrate image", self.calibrate, "Make the MulF map of the current image"
        )
        self.all_button = self.dock.job_button(
            "Calibrate all", self.calibrate_all, "Run all that is left up to this step"
        )
        self.dock.row(layout, self.calibrate_button, self.all_button)
        self.result = self.dock.note()
        layout.addWidget(self.result)
        self.calibrate_form.changed.connect(self._draw_soon)

    def refresh(self) -> None:
        """Follow the current image."""
        subject = current_subject(self.viewer)
        missing = subject is not None and subject.pixel_size_nm is None
        self.pixel_row.setVisible(missing)
        if base_layer(self.viewer) is not None:
            self._timer.start()

    def mask_touched(self, event: Any = None) -> None:  # noqa: ARG002 - napari passes it
        """Measure again soon."""
        if isalive(self):
            self._timer.start()

    @guarded
    def _measure(self) -> None:
        if self._measuring is not None:
            self._timer.start()
            return
        if base_layer(self.viewer) is None:
            return  # closed since the timer was started
        image = self.current()
        labels = mask_of(self.viewer, image)
        self._measuring = Task(grey_of, image.pixels, labels, parent=self.session)
        self._measuring.done.connect(self._measured)
        self._measuring.ended.connect(self._measure_over)
        self.session.start(self._measuring)

    def _measure_over(self) -> None:
        self._measuring = None

    def _measured(self, grey: Grey) -> None:
        self._grey = grey
        self.measured.emit(grey)
        self._draw_soon()

    def _draw_soon(self) -> None:
        if self._grey is not None:
            self.plot.draw(self._draw)

    def levels(self) -> tuple[float | None, float | None]:
        """Return G_CSH and G_m as they would be used: given, else from the mask."""
        given = self.calibrate_form.values()
        grey = self._grey
        marked = (None, None) if grey is None else (grey.g_csh, grey.g_metal)
        pairs = zip((given["g_csh"], given["g_metal"]), marked, strict=True)
        csh, metal = (own if own is not None else found for own, found in pairs)
        return csh, metal

    def _draw(self, axes: Any) -> None:
        grey = self._grey
        if grey is None:
            return
        middle = (grey.edges[:-1] + grey.edges[1:]) / 2
        axes.fill_between(middle, grey.counts, step="mid", color="0.6")
        names = (
            (r"$G_\mathrm{CSH}$", Label.CSH, ":"),
            (r"$G_\mathrm{m}$", Label.METAL, "--"),
        )
        for level, (name, label, style) in zip(self.levels(), names, strict=True):
            if level is not None:
                colour = LABEL_COLOURS[label]
                axes.axvline(level, color=colour, ls=style, lw=1.5, label=f"{name} = {level:.1f}")
        if axes.get_legend_handles_labels()[0]:
            above = {"loc": "lower center", "bbox_to_anchor": (0.5, 1.0), "ncols": 2}
            axes.legend(frameon=False, **above)
        axes.set_xlim(float(grey.edges[0]), float(grey.edges[-1]))
        axes.set_ylim(bottom=0)
        axes.set_xlabel("grey level outside UC")
        axes.set_yticks([])

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
        self._subject = image.subject
        values: Any = self.calibrate_form.parameters()
        self.run_task(
            "Calibrating…",
            calibrate_image,
            image.pixels,
            mask_of(self.viewer, image),
            values.g_csh,
            values.g_metal,
            values.curve,
            done=self._calibrated,
        )

    def _calibrated(self, found: Any) -> None:
        put(self.viewer, Kind.MULF, self._subject, found.porosity)
        present(self.viewer, self._subject, Kind.MULF)
        size = found.porosity.size
        outside = max(size - found.unhydrated, 1)
        self.result.setText(
            f"G_CSH {found.g_csh:.1f}, G_m {found.g_metal:.1f}. Mean porosity "
            f"{found.porosity.mean():.4f}. Below G_CSH and set to 0: "
            f"{100 * found.below / outside:.2f} %; above G_m and set to 1: "
            f"{100 * found.above / outside:.2f} %; unhydrated cement: "
            f"{100 * found.unhydrated / size:.2f} %."
        )
        self.say(f"MulF map of {self._subject.name} made.")

    @guarded
    def calibrate_all(self) -> None:
        """Calibrate all images of the study as a job."""
        self.dock.run_steps("Calibrating all images", "run", "--until", "calibrate")
