"""S2 dock: two-point correlation of the current image's map, whole or inside its regions."""

from typing import Any

import numpy as np
from qtpy.QtWidgets import QComboBox

from napari_npm.core.errors import NpmError

from .dock import guarded
from .layers import Kind, find
from .maps import current_map, map_box
from .plots import Plot
from .s2_work import Correlation, correlate_image
from .step_dock import StepDock
from .study_work import tiles_text


class S2Dock(StepDock):
    """Two-point correlation function S2(r, Δn)."""

    def build(self) -> None:
        """Lay the dock out."""
        self._found: Correlation | None = None
        layout = self.group("Two-point correlation S2(r, Δn)")
        self.form = self.step_form("correlate")
        layout.addWidget(self.form)
        self.map_box = map_box()
        self.where_box = QComboBox()
        self.where_box.addItem("whole map", "whole")
        self.where_box.addItem("characteristic regions", "regions")
        self.where_box.setToolTip("Pairs of pixels counted for the current image")
        self.row(layout, self.map_box, self.where_box)
        self.one_button = self.button(
            "S2 of image", self.correlate, "Count the pairs of the current image's map"
        )
        self.all_button = self.job_button(
            "S2 of samples", self.correlate_all, "Run all that is left up to this step"
        )
        self.row(layout, self.one_button, self.all_button)
        self.plot = Plot(self.viewer, "The heat map of S2 appears here.", 230)
        layout.addWidget(self.plot)
        self.result = self.note()
        layout.addWidget(self.result)

    @guarded
    def correlate(self) -> None:
        """Correlate the current image's map in the background."""
        source = current_map(self.viewer, self.map_box.currentData(), self.session.study)
        regions = None
        if self.where_box.currentData() == "regions":
            layer = find(self.viewer, Kind.REGIONS, source.subject)
            if layer is None:
                raise NpmError(
                    f"{source.subject.name} has no regions yet: find them in the Characteristic "
                    "regions dock."
                )
            regions = np.asarray(layer.data) > 0
        self.form.parameters()
        self._subject = source.subject
        self.run_task(
            "Counting pairs…",
            correlate_image,
            source.values,
            regions,
            source.origins,
            self.form.values()["r_max_px"],
            source.subject.pixel_size_nm,
            done=self._correlated,
        )

    def _correlated(self, found: Correlation) -> None:
        self._found = found
        self.plot.draw(self._draw)
        self.result.setText(found.text)
        self.say(f"S2 of {self._subject.name} made from {tiles_text(found.tiles)}.")

    def _draw(self, axes: Any) -> None:
        found = self._found
        if found is None:
            return
        from matplotlib.colors import LogNorm

        shown = np.maximum(found.probability.T, 1e-6)
        mesh = axes.pcolormesh(
            found.distance,
            found.difference,
            shown,
            norm=LogNorm(1e-5, 1),
            cmap="viridis",
            rasterized=True,
        )
        axes.set_xlabel(f"r ({found.unit})")
        axes.set_ylabel("Δn")
        bar = axes.figure.colorbar(mesh, ax=axes)
        bar.set_label("S2")

    @guarded
    def correlate_all(self) -> None:
        """Correlate all samples of the study as a job."""
        self.run_steps("Correlating all samples", "run", "--until", "correlate")
