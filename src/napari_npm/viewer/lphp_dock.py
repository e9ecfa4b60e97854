"""LP/HP dock: split the current map by its isodata threshold, or those of the whole study."""

from typing import Any

import numpy as np

from .current import current_subject
from .dock import guarded
from .image_work import Halves, split_image
from .layer_styles import HP_COLOUR, LP_COLOUR
from .layers import Kind, present, put
from .maps import current_map, map_box
from .plots import Plot
from .step_dock import StepDock


class LphpDock(StepDock):
    """Low- and high-porosity parts of a nanoporosity map."""

    remembered = ("map_box",)

    def build(self) -> None:
        """Lay the dock out."""
        layout = self.group("Low (LP) and high porosity (HP)")
        layout.addWidget(
            self.note("Each tile is split where the isodata method puts its threshold.")
        )
        self.map_box = map_box()
        self.split_button = self.button(
            "Split image", self.split, "Show LP and HP of the current image"
        )
        self.row(layout, self.map_box, self.split_button)
        self.all_button = self.job_button(
            "Split all images", self.split_all, "Run all that is left up to this step"
        )
        layout.addWidget(self.all_button)
        self.result = self.note()
        layout.addWidget(self.result)
        self.plot = Plot(self.viewer, "The histogram of the map with its threshold appears here.")
        layout.addWidget(self.plot)
        self._told: Any = None

    def refresh(self) -> None:
        """Forget the threshold of an image that is no longer on show."""
        if self._told is not None and self._told != current_subject(self.viewer):
            self._told = None
            self.result.clear()
            self.plot.clear()
            self.say("")

    @guarded
    def split(self) -> None:
        """Split the current image's map in the background."""
        self._source = current_map(self.viewer, self.map_box.currentData(), self.session.study)
        self.run_task(
            "Splitting…", split_image, self._source.values, self._source.origins, done=self._split
        )

    def _split(self, found: Halves) -> None:
        source = self._source
        put(self.viewer, Kind.LPHP, source.subject, found.labels)
        present(self.viewer, source.subject, Kind.LPHP)
        low, high = min(found.levels), max(found.levels)
        said = f"{low}" if low == high else f"{low} to {high} in {len(found.levels)} tiles"
        text = (
            f"Threshold: grey level {said} (porosity {(low + 0.5) / 255:.3f}"
            + ("" if low == high else f" to {(high + 0.5) / 255:.3f}")
            + f"); HP {100 * found.high_fraction:.1f} %,"
            f" LP {100 - 100 * found.high_fraction:.1f} %."
        )
        if found.several:
            text += f" {found.several} tiles have several isodata thresholds; the lowest is used."
        self.result.setText(text)
        self._told = source.subject
        self.say(f"LP/HP of {source.subject.name} made: LP blue, HP red.")
        self._histogram = found.counts, (low + 0.5) / 255, (high + 0.5) / 255
        self.plot.draw(self._draw)

    def _draw(self, axes: Any) -> None:
        counts, low, high = self._histogram
        middle = (np.arange(counts.size) + 0.5) / counts.size
        axes.fill_between(middle, counts, step="mid", color=LP_COLOUR, alpha=0.9, label="LP")
        axes.fill_between(
            middle, counts, where=middle > low, step="mid", color=HP_COLOUR, alpha=0.9, label="HP"
        )
        if high > low:
            axes.axvspan(low, high, color="0.6", alpha=0.5, label="thresholds")
        # Masked cement and clipped pixels pile up at 0 and would flatten all else.
        axes.set_ylim(0, 1.1 * max(counts[1:-1].max(), 1))
        axes.set_xlabel("porosity n")
        axes.set_ylabel("pixels")
        axes.legend(frameon=False)

    @guarded
    def split_all(self) -> None:
        """Split all images of the study as a job."""
        self.run_steps("Splitting all images", "run", "--until", "threshold")
