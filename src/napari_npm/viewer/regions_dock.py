"""Characteristic regions dock: where most relevance is, and where it changes steeply."""

import numpy as np

from napari_npm.core.errors import NpmError

from .current import current_image
from .dock import guarded
from .image_work import Features, layout, regions_of
from .layers import Kind, find, present, put, source_of, values_of
from .step_dock import StepDock


class RegionsDock(StepDock):
    """Characteristic regions and boundary features of relevance maps."""

    def build(self) -> None:
        """Lay the dock out."""
        layout_ = self.group("Characteristic regions and boundaries")
        self.form = self.step_form("regions")
        layout_.addWidget(self.form)
        self.find_button = self.button(
            "Find in image", self.find, "Regions in green, boundary features in yellow"
        )
        self.all_button = self.job_button(
            "Find in all", self.find_all, "Run all that is left up to this step"
        )
        self.row(layout_, self.find_button, self.all_button)
        self.result = self.note()
        layout_.addWidget(self.result)

    @guarded
    def find(self) -> None:
        """Find the regions of the current image's relevance in the background."""
        image = current_image(self.viewer)
        layer = find(self.viewer, Kind.RELEVANCE, image.subject)
        if layer is None:
            raise NpmError(
                f"{image.subject.name} has no relevance yet: explain it in the Relevance dock."
            )
        relevance = np.asarray(values_of(layer))
        source = find(self.viewer, source_of(layer) or Kind.MULF, image.subject)
        values = None if source is None else np.asarray(source.data)
        shape = (relevance.shape[0], relevance.shape[1])
        self._subject = image.subject
        parameters = self.form.values()
        self.form.parameters()
        self.run_task(
            "Finding regions…",
            regions_of,
            relevance,
            values,
            layout(shape, self.session.study, image.subject.image_id),
            parameters["share"],
            parameters["gradient"],
            done=self._found,
        )

    def _found(self, found: Features) -> None:
        boundary = put(self.viewer, Kind.BOUNDARY, self._subject, found.boundary)
        boundary.visible = False
        put(self.viewer, Kind.REGIONS, self._subject, found.regions)
        present(self.viewer, self._subject, Kind.RELEVANCE, Kind.REGIONS)
        split = ""
        if not np.isnan(found.boundary_high):
            high = 100 * found.boundary_high
            split = f", {high:.1f} % of them in HP and {100 - high:.1f} % in LP"
        self.result.setText(
            f"Characteristic regions hold {100 * found.reached:.1f} % of the relevance on "
            f"{100 * found.area:.2f} % of the area. Boundary features cover "
            f"{100 * found.boundary_area:.2f} % of the area{split}. Means over the tiles."
        )
        self.say(f"Regions of {self._subject.name} found; the boundary layer is there, hidden.")

    @guarded
    def find_all(self) -> None:
        """Find the regions of all images of the study as a job."""
        self.run_steps("Finding regions in all images", "run", "--until", "regions")
