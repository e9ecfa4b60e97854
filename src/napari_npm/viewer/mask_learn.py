"""Learn group of the mask page: strokes teach a classifier, its proposal is shown at once."""

from functools import partial
from typing import Any

from qtpy.QtCore import Qt, QTimer
from qtpy.QtWidgets import QGridLayout, QLabel, QPushButton, QSlider

from napari_npm.core.errors import NpmError

from .current import base_layer, current_subject
from .dock import guarded
from .layer_styles import STROKE_COLOURS
from .layers import Kind
from .ledger import Ledger
from .mask_ahead import Ahead
from .mask_draw import swatch
from .mask_filters import SLIDES
from .mask_layers import blank, put_below
from .mask_learning import Learner, Proposal, Scene, select
from .mask_tools import mask_of
from .parts import Part
from .tasks import Latest

_PAUSE_MS = 350
_WHOM = "Stroke UC, then C-S-H and CH as not UC."


class LearnBox(Part):
    """Strokes, what they teach, and the filters of what is proposed."""

    def __init__(self, editor: Any) -> None:
        self.editor = editor
        super().__init__(editor.dock)

    def build(self) -> None:
        """Lay the group out."""
        self.proposal: Proposal | None = None
        self.learner = Learner()
        self._study: Any = None
        self._moving = False
        self._work, self._filter = Latest(self), Latest(self)
        for work in (self._work, self._filter):
            work.done.connect(self._proposed)
            work.failed.connect(self.say)
        self.ahead = Ahead(self)
        self.ahead.made.connect(self._made_ahead)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_PAUSE_MS)
        self._timer.timeout.connect(self.learn)
        layout = self.group("Learn from strokes")
        self.stroke_buttons: dict[int, QPushButton] = {}
        for stroke, caption, key, tip in (
            (1, "UC stroke", "Q", "Draw on unhydrated cement"),
            (2, "Not UC", "W", "Draw on what is no unhydrated cement"),
        ):
            button = QPushButton()
            button.setText(f"{caption}  {key}")
            button.setIcon(swatch(STROKE_COLOURS[stroke]))
            button.setCheckable(True)
            button.setToolTip(f"{tip}; after each stroke the proposal is made anew (key {key})")
            button.clicked.connect(lambda _, stroke=stroke: self.editor.draw.use_stroke(stroke))
            self.stroke_buttons[stroke] = button
        self.propose_button = self.dock.button(
            "Propose  T", self.propose, "Propose UC on this image from all strokes of the study"
        )
        self.dock.row(layout, *self.stroke_buttons.values(), self.propose_button)
        self._build_slides(layout)
        self.said = self.dock.note(_WHOM)
        layout.addWidget(self.said)
        self.all_button = self.dock.job_button(
            "Propose on all images",
            self.propose_all,
            "Run the mask step: proposes on every image that nobody has accepted, corrected or "
            "rejected",
        )
        layout.addWidget(self.all_button)
        for keeper in (self.session.keeper, self.editor.free):
            keeper.strokes.edited.connect(self._stroked)

    def _build_slides(self, layout: Any) -> None:
        self.slides: dict[str, QSlider] = {}
        self._values: dict[str, QLabel] = {}
        grid = QGridLayout()
        grid.setVerticalSpacing(2)
        for row, (name, caption, *_) in enumerate(SLIDES):
            slide = QSlider(Qt.Orientation.Horizontal)
            slide.setRange(0, 100)
            slide.valueChanged.connect(lambda place, name=name: self._slid(name, place))
            label, value = QLabel(caption), QLabel()
            value.setMinimumWidth(78)
            value.setAlignment(Qt.AlignmentFlag.AlignRight)
            self.slides[name], self._values[name] = slide, value
            for column, widget in enumerate((label, slide, value)):
                grid.addWidget(widget, row, column)
        layout.addLayout(grid)

    def follow(self, form: Any) -> None:
        """Take the filters from the form of the mask step, and change them there."""
        self.form = form
        form.changed.connect(self._form_changed)
        for name, slide in self.slides.items():
            slide.setToolTip(form.fields[name].toolTip())
        self._form_changed()

    # sliders

    def _slid(self, name: str, place: int) -> None:
        value = next(slide[2] for slide in SLIDES if slide[0] == name)(place)
        self._moving = True
        self.form.set_values({name: value})
        self._moving = False
        self._form_changed()

    def _form_changed(self) -> None:
        if self._moving:
            return
        values = self.form.values()
        for name, _, _, place, words in SLIDES:
            self._values[name].setText(words(values[name]))
            self.slides[name].blockSignals(True)
            self.slides[name].setValue(place(values[name]))
            self.slides[name].blockSignals(False)
        if self.proposal is not None:
            try:
                parameters = self.form.parameters()
            except NpmError as error:
                self.say(str(error))
                return
            self._filter.ask(select, self.proposal.scene, self.proposal.chance, parameters)

    # strokes and proposals

    @property
    def at_work(self) -> bool:
        """Whether a proposal for this image is being made."""
        own = self._timer.isActive() or self._work.busy or self._filter.busy
        return own or (self.proposal is None and self._wants() and self._comes())

    def _wants(self) -> bool:
        """Tell whether a proposal is to be made by itself: for an image without a mask."""
        return self.learner.classifier is not None and self.editor.review.now() == "none"

    def _comes(self) -> bool:
        return self.ahead.working_on(self.session.image_id, self.learner.classifier)

    def _scene(self) -> Scene:
        image, strokes = self.current(), self.editor.strokes()
        name = image.subject.image_id or image.subject.name
        study, drawn = self._study_of(), None
        if study is not None and self.editor.review.is_proposal():
            drawn = partial(study.drawn_references, name)
        mask = mask_of(self.viewer, image)
        if mask is not None and mask.shape != image.pixels.shape:
            mask = None
        return Scene(name, image.pixels, image.subject.pixel_size_nm, strokes, mask, drawn)

    def _study_of(self) -> Any:
        return self.session.study if self.editor.in_study(self.current()) else None

    def _stroked(self) -> None:
        if base_layer(self.viewer) is not None:
            self._work.drop()
            self.ahead.rest()
            self._timer.start()

    @guarded
    def learn(self) -> None:
        """Train on all strokes and propose on this image."""
        self._timer.stop()
        if base_layer(self.viewer) is None:
            return  # closed since the last stroke
        scene, study = self._scene(), self._study_of()
        self.said.setText("Learning from the strokes…")
        self._work.drop()
        self._work.ask(self.learner.learn, scene, study, self.form.parameters())

    @guarded
    def propose(self) -> None:
        """Propose on this image, learning first where that was not done yet."""
        if self.learner.classifier is None:
            self.learn()
            return
        self.said.setText("Looking for unhydrated cement…")
        self._work.drop()
        self._work.ask(self.learner.propose, self._scene(), self.form.parameters())

    def _proposed(self, proposal: Proposal | None) -> None:
        self._count()
        if proposal is None:
            self.clear()
            return
        try:
            image = self.current()
        except NpmError:
            return
        if proposal.scene.pixels is not image.pixels and proposal.scene.name != (
            image.subject.image_id or image.subject.name
        ):
            return
        self._show(proposal, image.subject)
        self._look_ahead()

    def _show(self, proposal: Proposal, subject: Any) -> None:
        self.proposal = proposal
        layer = put_below(self.viewer, Kind.PROPOSED_UC, subject, proposal.drawn)
        layer.visible = True
        layer.editable = False
        share = 100 * float(proposal.region.mean())
        self.say(f"Proposed: {share:.1f} % UC. A accepts, C takes it to correct, X rejects.")

    def _look_ahead(self) -> None:
        """Propose in the background for the images that come next."""
        study, classifier = self._study_of(), self.learner.classifier
        if study is not None and classifier is not None:
            names = self.editor.review.left("none")
            self.ahead.ask(study, names, classifier, self.form.parameters())

    def _made_ahead(self, proposal: Proposal) -> None:
        """Show what was proposed ahead, where its image came on show meanwhile."""
        shown = self.proposal is not None or self._work.busy
        if proposal.scene.name == self.session.image_id and not shown and self._wants():
            self._take_ahead(proposal)

    def _take_ahead(self, proposal: Proposal) -> None:
        parameters = self.form.parameters()
        if proposal.parameters == parameters:
            self._proposed(proposal)
        else:
            self._filter.ask(select, proposal.scene, proposal.chance, parameters)

    def _count(self) -> None:
        strokes = self.learner.strokes
        number, images = sum(strokes.values()), len(strokes)
        text = f"{number} stroke{'s' * (number != 1)} on {images} image{'s' * (images != 1)}"
        if self.learner.kinds == {1}:
            text += ". Now C-S-H and CH as not UC (W)."
        elif self.learner.kinds == {2}:
            text += ". Now UC (Q)."
        self.said.setText(text if number else _WHOM)

    def clear(self) -> None:
        """Take the proposal away."""
        self._work.drop()
        self._filter.drop()
        self.proposal = None
        subject = current_subject(self.viewer)
        if subject is not None:
            blank(self.viewer, Kind.PROPOSED_UC, subject)

    def image_changed(self) -> None:
        """Follow another image: propose there too, where learning has begun."""
        self._timer.stop()
        self._work.drop()
        self._filter.drop()
        self.proposal = None
        if base_layer(self.viewer) is None:
            return
        study = self._study_of()
        if study is not self._study:
            self.learner, self._study = Learner(), study
            self.ahead.forget()
            self.said.setText(_WHOM)
        if not self._wants():
            return
        found = self.ahead.of(self.session.image_id, self.learner.classifier)
        if found is not None:
            self._take_ahead(found)
        elif not self._comes():
            self.ahead.rest()
            self.propose()

    def refresh(self) -> None:
        """Show which stroke is drawn."""
        draw = self.editor.draw
        for stroke, button in self.stroke_buttons.items():
            button.setChecked(draw.target is Kind.STROKES and draw.label == stroke)

    @guarded
    def propose_all(self) -> None:
        """Run the mask step over the study, once all strokes are saved."""
        self.session.require_study()
        self.session.refuse_during_job()
        self.editor.settle()
        self.session.keeper.flush()
        ledgers = self.session.keeper.ledgers_of(self.session.image_id)
        self.dock.run_task("Saving the strokes…", _save, ledgers, done=self._saved)

    @guarded
    def _saved(self) -> None:
        self.dock.task = None
        self.dock.run_steps("Proposing on all images", "run", "--until", "mask")


def _save(report: Any, ledgers: tuple[Ledger, ...]) -> None:
    for ledger in ledgers:
        error = ledger.run(report).error
        if error is not None:
            raise error
