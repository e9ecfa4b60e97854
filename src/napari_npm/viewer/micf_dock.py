"""MicF dock: smooth the MulF map of the current image, or of the whole study."""

from typing import Any

from .dock import guarded
from .image_work import smooth_image
from .layers import Kind, present, put
from .maps import CurrentMap, current_map
from .step_dock import StepDock


class MicfDock(StepDock):
    """Remove nanoscale features by Gaussian smoothing."""

    def build(self) -> None:
        """Lay the dock out."""
        layout = self.group("Microscale features (MicF)")
        self.form = self.step_form("smooth")
        layout.addWidget(self.form)
        self.smooth_button = self.button(
            "Smooth image", self.smooth, "Make the MicF map of the current image"
        )
        self.all_button = self.job_button(
            "Smooth all", self.smooth_all, "Run all that is left up to this step"
        )
        self.row(layout, self.smooth_button, self.all_button)
        self.result = self.note()
        layout.addWidget(self.result)

    @guarded
    def smooth(self) -> None:
        """Smooth the current image's MulF map in the background."""
        source = current_map(self.viewer, Kind.MULF, self.session.study)
        values = self.form.parameters()
        self._source = source
        self.run_task(
            "Smoothing…",
            smooth_image,
            source.values,
            source.origins,
            values.sigma_px,  # type: ignore[attr-defined]  # the step's own parameters
            values.sigma_um,  # type: ignore[attr-defined]
            values.edge,  # type: ignore[attr-defined]
            source.subject.pixel_size_nm,
            done=self._smoothed,
        )

    def _smoothed(self, result: tuple[Any, float]) -> None:
        micf, sigma = result
        source: CurrentMap = self._source
        put(self.viewer, Kind.MICF, source.subject, micf)
        present(self.viewer, source.subject, Kind.MICF)
        size = source.subject.pixel_size_nm
        length = "" if size is None else f" = {sigma * size / 1000:.3g} µm"
        self.result.setText(
            f"σ = {sigma:.4g} px{length}; mean porosity {micf.mean():.4f} "
            f"(MulF {source.values.mean():.4f}), standard deviation {micf.std():.4f} "
            f"(MulF {source.values.std():.4f})."
        )
        self.say(f"MicF map of {source.subject.name} made.")

    @guarded
    def smooth_all(self) -> None:
        """Smooth all images of the study as a job."""
        self.run_steps("Smoothing all images", "run", "--until", "smooth")
