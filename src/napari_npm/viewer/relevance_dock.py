"""Relevance dock: where the network looked, on the current image or over the whole study."""

from typing import Any

import numpy as np
from qtpy.QtWidgets import QComboBox

from napari_npm.core.errors import NpmError

from .dock import guarded
from .layers import Kind, present, put
from .maps import CurrentMap, current_map
from .model_box import ModelBox
from .network_work import Explained, look_at_image, overlay_of, stored_relevance
from .step_dock import StepDock
from .study_work import table_text, tiles_text


class RelevanceDock(StepDock):
    """Deep Taylor decomposition of a network's decision."""

    def build(self) -> None:
        """Lay the dock out."""
        layout = self.group("Where the network looked")
        self.model_box = ModelBox(self._model_changed)
        layout.addWidget(self.model_box)
        self.target_box = QComboBox()
        self.target_box.setToolTip("The class whose score is decomposed into relevance")
        layout.addWidget(self.target_box)
        self.explain_button = self.button(
            "Explain image", self.explain, "Compute the relevance of the current image's tiles"
        )
        self.show_button = self.button(
            "Show stored", self.show_stored, "Show the relevance that the study has already"
        )
        self.row(layout, self.explain_button, self.show_button)
        self.result = self.note()
        layout.addWidget(self.result)
        layout.addWidget(self.note("Overlay: red on high porosity (HP), blue on low (LP)."))
        study = self.group("Whole study")
        self.form = self.step_form("explain")
        study.addWidget(self.form)
        self.all_button = self.job_button(
            "Explain all images", self.explain_all, "Run all that is left up to this step"
        )
        study.addWidget(self.all_button)
        self._model_changed()

    def refresh(self) -> None:
        """Follow the study's models."""
        self.model_box.fill(self.session.study)
        study = self.session.study
        self.show_button.setEnabled(study is not None and bool(study.models))

    def _model_changed(self, index: int = -1) -> None:  # noqa: ARG002 - Qt passes it
        self.target_box.clear()
        self.target_box.addItem("predicted class of each tile", None)
        try:
            names = self.model_box.choice().classes()
        except NpmError:
            return
        for number, name in enumerate(names):
            self.target_box.addItem(f"class {name}", number)

    @guarded
    def explain(self) -> None:
        """Explain the current image in the background."""
        choice = self.model_box.choice()
        self._source: CurrentMap = current_map(self.viewer, choice.kind, self.session.study)
        self.run_task(
            "Explaining…",
            explain_and_colour,
            choice.load,
            self._source.values,
            self._source.origins,
            self.target_box.currentData(),
            done=self._explained,
        )

    def _explained(self, result: tuple[Explained, Any]) -> None:
        found, overlay = result
        self._show(overlay, found.relevance)
        low, high = found.conservation
        rows = [
            (name, f"{100 * share:.1f} %")
            for name, share in zip(found.classes, found.probability, strict=False)
        ]
        self.result.setText(
            f"Conservation over {tiles_text(found.tiles)}: {low:.6f} to {high:.6f} of the output "
            "arrived at the pixels." + table_text(("sample", "probability"), rows)
        )
        self.say(f"Relevance of {self._source.subject.name} made.")

    def _show(self, overlay: Any, relevance: Any) -> None:
        put(
            self.viewer,
            Kind.RELEVANCE,
            self._source.subject,
            overlay,
            values=relevance,
            source=self._source.kind,
        )
        present(self.viewer, self._source.subject, Kind.RELEVANCE)

    @guarded
    def show_stored(self) -> None:
        """Show the relevance of the current image that the study has computed."""
        choice, study = self.model_box.choice(), self.session.require_study()
        self._source = current_map(self.viewer, choice.kind, study)
        if self._source.subject.image_id is None:
            raise NpmError("The active image is not in the study: explain it instead.")
        self.run_task(
            "Reading the relevance…",
            stored_relevance,
            study,
            self._source.subject.image_id,
            choice.name,
            self._source.values,
            self._source.origins,
            done=self._stored,
        )

    def _stored(self, result: tuple[Any, Any]) -> None:
        relevance, overlay = result
        self._show(overlay, relevance)
        self.result.setText(f"Highest relevance of a pixel: {np.max(relevance):.3g} of its tile.")
        self.say(f"Relevance of {self._source.subject.name} shown as the study has it.")

    @guarded
    def explain_all(self) -> None:
        """Explain all images of the study as a job."""
        self.run_steps("Explaining all images", "run", "--until", "explain")


def explain_and_colour(
    report: Any, load: Any, values: Any, origins: Any, target: int | None
) -> Any:
    """Explain an image and compose its overlay; a generator for a worker thread."""
    found = yield from look_at_image(report, load, values, origins, target, relevance=True)
    report(1, 1, "colouring")
    return found, overlay_of(values, found.relevance, origins)
