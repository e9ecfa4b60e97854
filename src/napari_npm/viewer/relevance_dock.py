"""Relevance dock: where the network looked, on the current image or over the whole study."""

from collections.abc import Callable, Generator
from typing import Any

from qtpy.QtWidgets import QCheckBox

from napari_npm.core.errors import NpmError

from .dock import guarded
from .explain_work import Explained, explain_here, stored_relevance
from .faithfulness_box import FaithfulnessBox
from .layers import (
    Kind,
    Subject,
    current_of,
    find,
    present,
    put,
    remove,
    removed,
    see,
    visible_before,
)
from .maps import CurrentMap, model_input
from .model_box import ModelBox
from .relevance_scale import RelevanceScale
from .relevance_text import CANNOT, facts_text
from .step_dock import StepDock

# What decides what is seen; the rest is folded away.
_SHOWN = ("target", "against", "rule", "correction", "average", "difference", "stride_px")


class RelevanceDock(StepDock):
    """Deep Taylor decomposition of a network's decision.

    One form for the current image and for the whole study: both are explained alike.
    """

    remembered = ("model_box", "follow_box", "beside_box")

    def build(self) -> None:
        """Lay the dock out."""
        from napari_npm.study.settings import SETTINGS

        self._source: CurrentMap | None = None
        # The relevance shown last, and whether it was only brought along with its image.
        self._layer: Any = None
        self._following = False
        self._asked: Callable[[], None] | None = None
        layout = self.group("Where the network looked")
        self.model_box = ModelBox(self._model_changed)
        layout.addWidget(self.model_box)
        fields = SETTINGS["explain"].model_fields
        self.form = self.step_form(
            "explain", folded=[name for name in fields if name not in _SHOWN]
        )
        # What a tick starts from: windows at odd distances average the grid of pooling out.
        self.form.fields["stride_px"].field.set_value(191)
        layout.addWidget(self.form)
        self.explain_button = self.button(
            "Explain image", self.explain, "Compute the relevance of the current image's tiles"
        )
        self.show_button = self.button(
            "Show stored", self.show_stored, "Show the relevance that the study has already"
        )
        self.row(layout, self.explain_button, self.show_button)
        self.all_button = self.job_button(
            "Explain all images", self.explain_all, "Run all that is left up to this step"
        )
        layout.addWidget(self.all_button)
        self.follow_box = QCheckBox("Follow the image")
        self.follow_box.setToolTip(
            "Show the relevance that the study has of each image that is opened"
        )
        self.follow_box.setChecked(True)
        self.follow_box.toggled.connect(self._follow)
        layout.addWidget(self.follow_box)
        self.beside_box = QCheckBox("Class difference beside the relevance")
        self.beside_box.setToolTip(
            "Show the class-difference map to the right of the image; else over it, hidden"
        )
        self.beside_box.setChecked(True)
        self.beside_box.toggled.connect(self._place)
        layout.addWidget(self.beside_box)
        self.result = self.note()
        layout.addWidget(self.result)
        self.scale = RelevanceScale()
        layout.addWidget(self.scale)
        self.legend = self.note(
            "Relevance: <span style='color:#FF5544'>■</span> high porosity (HP), "
            "<span style='color:#5588FF'>■</span> low (LP). Class difference: "
            "<span style='color:#E08214'>■</span> speaks for the class explained, "
            "<span style='color:#8073AC'>■</span> for the others.<br>" + CANNOT
        )
        layout.addWidget(self.legend)
        self.faithfulness = FaithfulnessBox(self)
        self.column.addWidget(self.faithfulness)
        self._model_changed()
        self.session.image_changed.connect(self._follow)

    def refresh(self) -> None:
        """Follow the study's models."""
        self.model_box.fill(self.session.study)
        study = self.session.study
        self.show_button.setEnabled(study is not None and bool(study.models))
        self.faithfulness.refresh()

    def _model_changed(self, index: int = -1) -> None:  # noqa: ARG002 - Qt passes it
        if not hasattr(self, "form"):
            return
        try:
            names = self.model_box.choice().classes()
        except NpmError:
            names = ()
        for field, words in (("target", ("predicted", "true")), ("against", ("others",))):
            box = self.form.fields[field]
            getattr(box, "field", box).suggest((*words, *names))

    def _ask(self) -> tuple[Any, Any, Any]:
        """Return model, map and all maps to work on."""
        choice = self.model_box.choice()
        source, maps = model_input(self.viewer, choice, self.session.study)
        return choice, source, maps

    @guarded
    def explain(self) -> None:
        """Explain the current image in the background."""
        if self._waits(self.explain):
            return
        choice, source, maps = self._ask()
        parameters = self.form.parameters()
        self._source = source
        self.run_task(
            "Explaining…",
            explain_here,
            choice,
            source,
            maps,
            parameters,
            self.session.study,
            done=self._explained,
        )

    def _explained(self, found: Explained) -> Generator[None, None, None]:
        if (yield from self._show(found)):
            self.say(f"Relevance of {self._source.subject.name} made.")

    def _show(self, found: Explained) -> Generator[None, None, bool]:
        """Show relevance and class difference in turns; tell whether their image is still there."""
        source = self._source
        assert source is not None
        subject = source.subject
        if not self._still_shown(subject):
            return False
        # What was found in the earlier relevance does not belong to this one.
        for _ in removed(self.viewer, subject, Kind.REGIONS, Kind.REGION, Kind.BOUNDARY):
            yield
            if not self._still_shown(subject):
                return False
        if found.difference is None:
            remove(self.viewer, Kind.DIFFERENCE, subject)
        else:
            put(self.viewer, Kind.DIFFERENCE, subject, found.difference, source=source.kind)
            self._place()
            yield
            if not self._still_shown(subject):
                return False
        seen = self._layer is None or visible_before(self._layer)
        brought = self._following and self._layer is not None
        self._layer = put(
            self.viewer,
            Kind.RELEVANCE,
            subject,
            found.overlay,
            values=found.relevance,
            source=source.kind,
        )
        if brought:
            # Whatever else is seen stays as it was on the image before.
            see(self._layer, seen)
        else:
            present(self.viewer, subject, Kind.RELEVANCE)
        self._place()
        self.scale.show_peak(found.peak, found.mean)
        text = facts_text(found.rows)
        self.result.setText(text or "How this relevance was made is not known any more.")
        return True

    def _still_shown(self, subject: Subject) -> bool:
        if current_of(self.viewer, subject):
            return True
        self.say(f"{subject.name} is no longer on show: its relevance is not shown.")
        return False

    def _place(self, on: bool = True) -> None:  # noqa: ARG002 - Qt passes it
        """Put the class difference beside the relevance, or over it and hidden."""
        if self._source is None:
            return
        subject: Subject = self._source.subject
        layer = find(self.viewer, Kind.DIFFERENCE, subject)
        if layer is None:
            return
        beside = self.beside_box.isChecked()
        width = layer.data.shape[-1] * float(layer.scale[-1])
        layer.translate = (0.0, 1.04 * width if beside else 0.0)
        see(layer, beside)
        if beside and not self._following:
            self.viewer.reset_view()

    @guarded
    def show_stored(self) -> None:
        """Show the relevance of the current image that the study has computed."""
        if not self._waits(self.show_stored):
            self._show_stored()

    def _waits(self, work: Callable[[], None]) -> bool:
        """Put off what a button asks for while relevance that came with an image is read."""
        self._asked = work if self._following and self.task is not None else None
        self._following = False
        return self._asked is not None

    def _follow(self, _: Any = None) -> None:
        """Show the relevance that the study has of the image that is on show now."""
        study, image_id = self.session.study, self.session.image_id
        if not (self.follow_box.isChecked() and self.isVisible() and study and image_id):
            return
        if self.task is not None:
            return  # once it is over, see `_task_over`
        try:
            record = f"{self.model_box.choice().name}/{image_id}"
            if record in study.state("explain").records:
                self._following = True
                self._show_stored()
        except NpmError:
            pass  # what cannot be shown is said when it is asked for

    def _task_over(self) -> None:
        super()._task_over()
        asked, self._asked = self._asked, None
        if asked is not None:
            asked()
            return
        shown = None if self._source is None else self._source.subject.image_id
        if self._following and shown != self.session.image_id:
            self._follow()

    def showEvent(self, event: Any) -> None:  # noqa: N802 - Qt's name
        """Show what was not shown while the dock was hidden."""
        super().showEvent(event)
        subject = Subject("", None, self.session.image_id or None)
        if find(self.viewer, Kind.RELEVANCE, subject) is None:
            self._follow()

    def _show_stored(self) -> None:
        choice, source, _ = self._ask()
        study = self.session.require_study()
        if source.subject.image_id is None:
            raise NpmError("The active image is not in the study: explain it instead.")
        self._source = source
        self.run_task(
            "Reading the relevance…", stored_relevance, study, choice, source, done=self._stored
        )

    def _stored(self, found: Explained) -> Generator[None, None, None]:
        if (yield from self._show(found)):
            self.say(f"Relevance of {self._source.subject.name} shown as the study has it.")

    @guarded
    def explain_all(self) -> None:
        """Explain all images of the study as a job."""
        self.run_steps("Explaining all images", "run", "--until", "explain")
