"""Review group of the mask page: accept, correct or reject image by image."""

from typing import Any

from qtpy.QtWidgets import QLabel, QProgressBar

from napari_npm.core.errors import NpmError

from .dock import guarded
from .image_table import REVIEWS
from .layers import Kind
from .parts import Part

OPEN = ("none", "proposed")


class ReviewBox(Part):
    """How far the mask of this image is, and of how many."""

    def __init__(self, editor: Any) -> None:
        self.editor = editor
        super().__init__(editor.dock)

    def build(self) -> None:
        """Lay the group out."""
        layout = self.group("Review")
        self.state = QLabel()
        self.state.setToolTip("How far the mask of this image is")
        layout.addWidget(self.state)
        self.bar = QProgressBar()
        self.bar.setFormat("%v of %m looked at")
        self.bar.setToolTip("Images whose mask was accepted, corrected or rejected")
        layout.addWidget(self.bar)
        self.accept_button = self.dock.button(
            "✓ Accept  A", self.accept, "Take the proposal as it is; go to the next to be looked at"
        )
        self.correct_button = self.dock.button(
            "✎ Correct  C", self.correct, "Take the proposal into the mask and stay to correct it"
        )
        self.reject_button = self.dock.button(
            "✗ Reject  X",
            self.reject,
            "Remove the unhydrated cement, keep the references; go to the next to be looked at",
        )
        self.dock.row(layout, self.accept_button, self.correct_button, self.reject_button)
        self.previous_button = self.dock.button(
            "◀ Previous", self.previous_image, "Show the previous image (Shift+N)"
        )
        self.next_button = self.dock.button("Next  N ▶", self.next_image, "Show the next image (N)")
        self.dock.row(layout, self.previous_button, self.next_button)

    # state

    def in_study(self) -> bool:
        """Tell whether the current image is the study's, where states are kept."""
        try:
            return bool(self.editor.in_study(self.current()))
        except NpmError:
            return False

    def now(self) -> str:
        """Return the state of the current image."""
        review = self.session.reviews.get(self.session.image_id)
        return "none" if review is None or not self.in_study() else str(review.value)

    def is_proposal(self) -> bool:
        """Tell whether the mask is what the program proposed."""
        return self.now() == "proposed"

    def refresh(self) -> None:
        """Show the state of the current image and of the study."""
        study = self.in_study()
        for button in (self.previous_button, self.next_button):
            button.setEnabled(study)
        symbol, words = REVIEWS[self.now()]
        self.state.setText(f"<b>{symbol}</b>&nbsp; {words}" if study else "image outside a study")
        self.bar.setVisible(study)
        if study:
            states = [review.value for review in self.session.reviews.values()]
            self.bar.setRange(0, max(len(states), 1))
            self.bar.setValue(sum(state not in OPEN for state in states))

    # what is said

    @guarded
    def accept(self) -> None:
        """Take what is proposed and go on."""
        self.current()
        self.editor.settle()
        learn = self.editor.learn
        if learn.at_work:
            raise NpmError("The proposal for this image is still being made: wait for it to show.")
        before = self.now()

        def taken() -> None:
            if before not in ("corrected", "rejected") or learn.proposal is not None:
                self._say("corrected" if before == "corrected" else "accepted")
            learn.clear()
            self._go_on("Accepted.")

        if learn.proposal is not None:
            self.editor.take_proposal(learn.proposal, taken)
        else:
            taken()

    @guarded
    def correct(self) -> None:
        """Take what is proposed into the mask and stay."""
        self.current()
        self.editor.settle()
        learn, draw = self.editor.learn, self.editor.draw

        def taken() -> None:
            learn.clear()
            self._say("corrected")
            if draw.target is Kind.STROKES:
                draw.target = Kind.MASK
                draw.use("brush")
                learn.refresh()
            self.say("The proposal is in the mask: correct it, then A or N for the next image.")

        if learn.proposal is not None:
            self.editor.take_proposal(learn.proposal, taken)
        else:
            taken()

    @guarded
    def reject(self) -> None:
        """Remove unhydrated cement and go on."""
        self.editor.draw.grow.leave()

        def removed() -> None:
            self.editor.learn.clear()
            self._say("rejected")
            self._go_on("Rejected.")

        self.editor.remove_unhydrated(removed)

    def _say(self, state: str) -> None:
        """Keep a state, once the mask is saved."""
        if not self.in_study():
            return
        from napari_npm.study.review import Review

        session, review = self.session, Review(state)
        study, image_id = session.study, session.image_id
        ledger = session.keeper.mask.ledger

        def keep() -> None:
            if study.mask_hash(image_id) is None:
                study.set_mask(image_id, ledger.seen)
            study.set_review(image_id, review)

        session.reviews[image_id] = review
        session.keeper.mask.order(lambda ledger: ledger.then(keep))
        session.reviews_changed.emit()

    # going on

    def _go_on(self, done: str) -> None:
        """Show the next image to be looked at."""
        if not self.in_study():
            self.say(f"{done} The mask of an image outside a study is not kept on disk.")
            return
        left = self.left()
        if left:
            self.say(f"{done} {len(left)} left.")
            self.session.show(left[0])
        else:
            self.say(f"{done} All images have been looked at.")

    def left(self, *states: str) -> list[str]:
        """Return the other images in these states, all that are open if none, the next first."""
        session = self.session
        ids = [image.id for image in session.study.images]
        at = ids.index(session.image_id)
        known = session.reviews
        return [
            name
            for name in ids[at + 1 :] + ids[:at]
            if name not in known or known[name].value in (states or OPEN)
        ]

    @guarded
    def next_image(self) -> None:
        """Show the next image."""
        self.editor.settle()
        self.session.step_image(1)

    @guarded
    def previous_image(self) -> None:
        """Show the previous image."""
        self.editor.settle()
        self.session.step_image(-1)
