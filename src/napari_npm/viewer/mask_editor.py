"""Mask page of the mask dock: review, draw, grow and learn on the current image."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from qtpy.compat import isalive
from qtpy.QtCore import Signal
from qtpy.QtWidgets import QVBoxLayout, QWidget

from napari_npm.core.errors import NpmError

from . import dialogs
from .current import Current, base_layer, current_subject
from .dock import guarded
from .label_keeper import LabelKeeper
from .layers import Kind, find
from .ledger import free_ledger, strokes_ledger
from .mask_draw import DrawBox
from .mask_keys import MaskKeys
from .mask_layers import peek, put_below
from .mask_learn import LearnBox
from .mask_learning import Proposal
from .mask_review import ReviewBox
from .mask_tools import Edit, by_levels, cleared, from_file, with_proposal, without_unhydrated
from .masks import MaskKeeper
from .parts import Part
from .tasks import Task


class MaskEditor(Part):
    """The mask of the current image, and all ways to make it: `review`, `draw` and `learn`.

    Attributes
    ----------
    touched : Signal
        Emitted at each change of the mask layer.
    """

    touched = Signal()

    def build(self) -> None:
        """Lay the page out."""
        self._watched: Any = None
        self._editing: Task | None = None
        self._taken: NDArray[np.uint8] | None = None
        self._image: Any = None
        self._ledgers: dict[tuple[str, Kind], Any] = {}
        self.free = MaskKeeper(self)
        self.free.failed.connect(self.fail)
        self.review = ReviewBox(self)
        self.draw = DrawBox(self)
        self.learn = LearnBox(self)
        for part in (self.review, self.draw, self.learn):
            self.column.addWidget(part)
        self._build_more()
        self.keys = MaskKeys(self)
        self.column.addWidget(self.dock.folded("Keys", self.keys.table()))
        for keeper in (self.free, self.session.keeper):
            keeper.stepped.connect(self._stepped)
        self.session.reviews_changed.connect(self.review.refresh)

    def _build_more(self) -> None:
        more = QWidget()
        column = QVBoxLayout(more)
        column.setContentsMargins(0, 0, 0, 0)
        self.level_form = self.dock.step_form("mask")
        column.addWidget(self.level_form)
        self.level_button = self.dock.button(
            "Label by these levels", self.label_by_levels, "Replace the mask by these grey ranges"
        )
        column.addWidget(self.level_button)
        self.column.addWidget(self.dock.folded("All parameters; label by grey levels", more))
        self.learn.follow(self.level_form)

    # following the image

    def refresh(self) -> None:
        """Follow the current image and its mask."""
        if self.session.changing:
            return  # once the image is shown in full, this is called again
        subject = current_subject(self.viewer)
        if subject != self._image:
            self._image, self._taken = subject, None
            self.draw.image_changed()
            self.learn.image_changed()
        layer = None if subject is None else find(self.viewer, Kind.MASK, subject)
        if layer is not self._watched:
            if layer is None and subject is not None:
                self.draw.layer_gone()
            self._watch(layer)
        self.draw.refresh()
        self.review.refresh()
        self.keys.bind()

    def _watch(self, layer: Any) -> None:
        if self._watched is not None:
            for event in (self._watched.events.paint, self._watched.events.set_data):
                event.disconnect(self._touched)
        self._watched = layer
        if layer is not None:
            for event in (layer.events.paint, layer.events.set_data):
                event.connect(self._touched)
            self.layer()

    def _touched(self, event: Any = None) -> None:  # noqa: ARG002 - napari passes it
        if isalive(self):
            self.touched.emit()

    def _stepped(self) -> None:
        if isalive(self):
            self.draw.refresh()

    def show_shares(self, grey: Any) -> None:
        """Show how much of the image each label takes, as the calibrate page has measured it."""
        self.draw.show_shares(grey.pixels, grey.size)

    # layers and who keeps them

    def in_study(self, image: Current) -> bool:
        """Tell whether an image is the study's current one, whose mask is kept on disk."""
        return bool(self.session.image_id) and image.subject.image_id == self.session.image_id

    def keeper(self) -> MaskKeeper:
        """Return who keeps the current image's mask; its layers are made where there are none."""
        self.layer()
        return self._keeper(self.current())

    def _keeper(self, image: Current) -> MaskKeeper:
        return self.session.keeper if self.in_study(image) else self.free

    def able(self) -> tuple[bool, bool]:
        """Tell whether there is anything to undo, and to redo, on the current image."""
        if base_layer(self.viewer) is None:
            return False, False
        keeper = self._keeper(self.current())
        return keeper.can_undo, keeper.can_redo

    def layer(self) -> Any:
        """Return the current image's mask layer, made where there is none."""
        return self._kept(Kind.MASK)

    def strokes_layer(self) -> Any:
        """Return the current image's layer of strokes, made where there is none."""
        self.layer()
        return self._kept(Kind.STROKES)

    def strokes(self) -> NDArray[np.uint8] | None:
        """Return the strokes on the current image, None where there are none."""
        if current_subject(self.viewer) is None:
            return None
        ledger = self._keeper(self.current()).strokes.ledger
        layer = find(self.viewer, Kind.STROKES, self.current().subject)
        if ledger is not None and layer is None:
            return ledger.seen  # the layer was deleted; what was drawn is not lost
        return None if layer is None else np.asarray(layer.data)

    def _kept(self, kind: Kind) -> Any:
        image = self.current()
        keeper = self._keeper(image)
        follower: LabelKeeper = keeper.mask if kind is Kind.MASK else keeper.strokes
        follower.compare()
        ledger = follower.ledger
        key = (image.subject.name, kind)
        if keeper is self.free and (ledger is None or ledger.name != image.subject.name):
            ledger = self._ledgers.get(key)
        if ledger is not None and ledger.seen.shape != image.pixels.shape:
            ledger = None
        layer = find(self.viewer, kind, image.subject)
        if layer is None or layer.data.shape != image.pixels.shape:
            data = np.zeros(image.pixels.shape, np.uint8) if ledger is None else ledger.seen.copy()
            layer = put_below(self.viewer, kind, image.subject, data)
        if ledger is None:
            if self.in_study(image) and kind is Kind.STROKES:
                ledger = strokes_ledger(self.session.study, self.session.image_id, layer.data)
            else:
                ledger = free_ledger(image.subject.name, layer.data)
                self._ledgers[key] = ledger
        if follower.layer is not layer or follower.ledger is not ledger:
            if kind is Kind.MASK and follower.ledger is not ledger:
                keeper.watch(layer, ledger)
            else:
                follower.watch(layer, None if follower.ledger is ledger else ledger)
        return layer

    # edits

    def settle(self) -> None:
        """Take the grain in hand, before anything else is done."""
        self.draw.grow.take()

    def edit(
        self,
        text: str,
        work: Callable[..., Edit],
        *arguments: Any,
        then: Callable[[], None] | None = None,
    ) -> None:
        """Work out an edit of the mask in a worker thread and make it.

        Parameters
        ----------
        text : str
            What is said meanwhile.
        work : callable
            ``work(report, labels, *arguments)`` returns the edit.
        *arguments
            Passed on.
        then : callable, optional
            Called when the edit was made.

        Raises
        ------
        NpmError
            If an edit is being worked out, or no image is open.
        """
        if self._editing is not None:
            raise NpmError("The mask is still being worked on: wait a moment.")
        keeper = self.keeper().mask
        ledger = keeper.ledger
        assert ledger is not None

        def made(edit: Edit) -> None:
            if keeper.ledger is not ledger:
                return  # another image is shown by now
            if edit.box is not None:
                keeper.write(edit.box, edit.values)
            self.say(f"{edit.pixels} pixels changed; U or Ctrl+Z undoes.")
            if then is not None:
                then()

        self.say(text)
        labels = np.asarray(self.layer().data)
        self._editing = task = Task(work, labels, *arguments, parent=self.session)
        task.done.connect(made)
        task.failed.connect(self.say)
        task.ended.connect(self._edited)
        self.session.start(task)

    def _edited(self) -> None:
        self._editing = None

    def take_proposal(self, proposal: Proposal, then: Callable[[], None]) -> None:
        """Take what is proposed into the mask, in place of what was proposed before."""
        labels, taken = proposal.labels, self._taken
        taken = proposal.scene.earlier if taken is None else taken

        def done() -> None:
            self._taken = labels
            then()

        self.edit("Taking the proposal…", with_proposal, labels, taken, then=done)

    def remove_unhydrated(self, then: Callable[[], None]) -> None:
        """Remove unhydrated cement, keep the references."""
        self.edit("Removing unhydrated cement…", without_unhydrated, then=then)

    @guarded
    def undo(self) -> None:
        """Undo the last edit of mask or strokes."""
        if self.draw.grow.leave():
            return
        keeper = self.keeper()
        if keeper.can_undo:
            keeper.undo()
            self.say("Undone.")
        else:
            self.say("There is nothing to undo on this image.")

    @guarded
    def redo(self) -> None:
        """Do the edit that was undone last again."""
        keeper = self.keeper()
        if keeper.can_redo:
            keeper.redo()
            self.say("Done again.")
        else:
            self.say("There is nothing to do again on this image.")

    @guarded
    def label_by_levels(self) -> None:
        """Mark by the grey ranges of the form."""
        image, parameters = self.current(), self.level_form.parameters()
        size = image.subject.pixel_size_nm
        self.edit("Labelling by grey levels…", by_levels, image.pixels, parameters, size)

    @guarded
    def import_mask(self) -> None:
        """Ask for a label image and take it as the mask."""
        self.current()
        path = dialogs.choose_file(self, "Mask", "Label images (*.tif *.tiff *.png)")
        if path is not None:
            self.edit("Reading the mask…", from_file, path)

    @guarded
    def clear(self) -> None:
        """Remove all labels."""
        self.draw.grow.leave()
        self.edit("Clearing…", cleared)

    @guarded
    def peek(self) -> None:
        """Hide all markings, or show them again."""
        peek(self.viewer, self.current().subject)
