"""Classify page: a trained model slid over the current image, its card, its export."""

from typing import Any

from qtpy.QtWidgets import QComboBox

from .classify_work import Classified, classify_image
from .current import current_subject
from .dock import guarded
from .fields import IntField
from .kinds import class_colour
from .layer_styles import class_features
from .layers import Kind, Subject, find, present, put
from .maps import model_input
from .model_box import ModelBox
from .model_card import ModelTools
from .parts import Part, caption
from .study_work import table_text


class ClassifyPage(Part):
    """Probability of each sample over the current image, a tile or a whole mosaic."""

    def build(self) -> None:
        """Lay the page out."""
        self.found: Classified | None = None
        self._subject: Subject | None = None
        self._asked: Any = None
        layout = self.group("Model")
        self.model_box = ModelBox(self._model_changed)
        layout.addWidget(self.model_box)
        self.tools = ModelTools(self, self.model_box)
        layout.addWidget(self.tools)
        layout = self.group("Classify the current image")
        self.stride = IntField(8, 384)
        self.stride.setSuffix(" px")
        self.stride.set_value(192)
        self.stride.setToolTip(
            "How far the window moves from one look to the next: 384 px looks at tiles side by "
            "side, 192 px at four times as many, for a finer map"
        )
        self.dock.row(layout, caption("Look every"), self.stride)
        self.predict_button = self.dock.button(
            "Classify this image",
            self.predict,
            "Slide the model over the image, also over a whole mosaic",
        )
        layout.addWidget(self.predict_button)
        self.show_box = QComboBox()
        self.show_box.setToolTip("What the layers show")
        self.show_box.setEnabled(False)
        self.show_box.currentIndexChanged.connect(self._show)
        self.dock.row(layout, caption("Show"), self.show_box)
        self.prediction = self.dock.note()
        layout.addWidget(self.prediction)

    def refresh(self) -> None:
        """Follow the models at hand; forget the map of an image that is no longer on show."""
        self.model_box.fill(self.session.study)
        if self.found is not None and (
            self._subject != current_subject(self.viewer)
            or find(self.viewer, Kind.CLASSES, self._subject) is None
        ):
            self._forget()

    def _forget(self) -> None:
        self.found = None
        self.show_box.clear()
        self.show_box.setEnabled(False)
        self.prediction.clear()

    def _model_changed(self, index: int = -1) -> None:  # noqa: ARG002 - Qt passes it
        # The model box is filled before the rest is there.
        if hasattr(self, "prediction"):
            self.prediction.clear()

    @guarded
    def predict(self) -> None:
        """Classify the current image in the background."""
        choice = self.model_box.choice()
        study = self.session.study
        source, maps = model_input(self.viewer, choice, study)
        self._asked = source.subject
        size, image_id = source.subject.pixel_size_nm, source.subject.image_id
        self.run_task(
            "Classifying…",
            classify_image,
            choice,
            maps,
            self.stride.value(),
            size,
            study,
            image_id,
            done=self._predicted,
        )

    def _predicted(self, found: Classified) -> None:
        if self._asked != current_subject(self.viewer):
            self.say("Classified, but its image is no longer on show.")
            return
        # None while layers change: see `refresh`.
        self.found, self._subject = None, self._asked
        layer = self._put(Kind.CLASSES, found.likeliest, found.step)
        layer.features = class_features(found.classes)
        self.show_box.blockSignals(True)
        self.show_box.clear()
        self.show_box.addItem("likeliest sample", None)
        for number, name in enumerate(found.classes):
            self.show_box.addItem(f"probability of {name}", number)
        self.show_box.blockSignals(False)
        self.show_box.setEnabled(True)
        present(self.viewer, self._subject, Kind.CLASSES)
        self.found = found
        self._tell(found)

    def _put(self, kind: Kind, data: Any, step: int, detail: str = "") -> Any:
        layer = put(self.viewer, kind, self._subject, data, detail=detail)
        if step > 1:
            # One pixel of the map covers a square of the image's.
            pixel = layer.scale[-1]
            layer.scale = (step * pixel,) * 2
            layer.translate = ((step - 1) / 2 * pixel,) * 2
        return layer

    def _show(self, index: int) -> None:
        """Show the most probable class, or the probability of one."""
        found = self.found
        if found is None or self._subject is None or index < 0:
            return
        number = self.show_box.itemData(index)
        self.found = None
        if number is None:
            present(self.viewer, self._subject, Kind.CLASSES)
        else:
            name = found.classes[number]
            self._put(Kind.PROBABILITY, found.probability[number], found.step, f"of {name}")
            present(self.viewer, self._subject, Kind.PROBABILITY)
        self.found = found

    def _tell(self, found: Classified) -> None:
        rows = [
            (
                f"<span style='color:{class_colour(number)}'>■</span> {name}",
                f"{100 * mean:.1f} %",
                f"{100 * share:.1f} %",
            )
            for number, (name, mean, share) in enumerate(
                zip(found.classes, found.mean, found.shares, strict=True)
            )
        ]
        text = table_text(("sample", "mean probability", "most probable in"), rows)
        looks = f"{found.windows} windows of {found.tile} px"
        if found.windows > 1:
            looks += f", {found.stride} px apart"
            if found.stride < found.tile:
                looks += "; they overlap, so they are not so many independent looks"
        if found.windows == 1:
            looks = f"One window of {found.tile} px: the whole image"
        notes = [f"{looks}.", found.note]
        self.prediction.setText(text + "<br>".join(note for note in notes if note))
        assert self._subject is not None
        self.say(f"{self._subject.name} classified.")
