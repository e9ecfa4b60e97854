"""Keeps an image's mask and strokes, with one undo over both."""

from typing import Any

from qtpy.QtCore import QObject, Signal

from .label_keeper import LabelKeeper
from .ledger import Done, Ledger


class MaskKeeper(QObject):
    """Keeps the mask and the strokes of one image, with one undo over both.

    Attributes
    ----------
    mask, strokes : LabelKeeper
        The two layers.
    saved : Signal
        Emitted with the image's name when its mask was written.
    strokes_saved : Signal
        The same for its strokes.
    failed : Signal
        Emitted with a sentence when the disk refused something, which is kept.
    saved_after_all : Signal
        Emitted with a sentence when it was saved later.
    stepped : Signal
        Emitted when something was done: undo and redo may have become possible.
    """

    saved = Signal(str)
    strokes_saved = Signal(str)
    failed = Signal(str)
    saved_after_all = Signal(str)
    stepped = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.mask, self.strokes = LabelKeeper("mask", self), LabelKeeper("strokes", self)
        self._done: list[LabelKeeper] = []
        self._undone: list[LabelKeeper] = []
        for keeper, saved in ((self.mask, self.saved), (self.strokes, self.strokes_saved)):
            keeper.failed.connect(self.failed)
            keeper.refusals.saved.connect(self.saved_after_all)
            keeper.done.connect(lambda ledger, done, saved=saved: self._told(ledger, done, saved))
            keeper.edited.connect(lambda keeper=keeper: self._edited(keeper))

    @property
    def name(self) -> str:
        """The image that is kept; empty where none is."""
        return "" if self.mask.ledger is None else self.mask.ledger.name

    def watch(self, layer: Any, ledger: Ledger) -> None:
        """Keep another image from now on: this mask layer with this ledger."""
        self.strokes.release()
        self._done, self._undone = [], []
        self.mask.watch(layer, ledger)

    def release(self) -> None:
        """Save what is left and keep nothing more."""
        self.mask.release()
        self.strokes.release()

    def flush(self) -> None:
        """Save at once what is not yet saved."""
        self.mask.flush()
        self.strokes.flush()

    def wait(self) -> list[str]:
        """Save in this thread, before a study is closed; return what could not be saved."""
        return self.mask.wait() + self.strokes.wait()

    def ledgers_of(self, name: str) -> tuple[Ledger, ...]:
        """Return what may not be saved yet of an image."""
        found = (self.mask.ledger_of(name), self.strokes.ledger_of(name))
        return tuple(ledger for ledger in found if ledger is not None)

    @property
    def can_undo(self) -> bool:
        """Whether there is an edit to undo."""
        return bool(self._done) or any(one.can_undo for one in self._ledgers())

    @property
    def can_redo(self) -> bool:
        """Whether there is an undone edit to do again."""
        return bool(self._undone) or any(one.can_redo for one in self._ledgers())

    def _ledgers(self) -> list[Ledger]:
        return [one.ledger for one in (self.mask, self.strokes) if one.ledger is not None]

    def undo(self) -> None:
        """Undo the last edit of mask or strokes; those of an earlier session: the mask's first."""
        keeper = self._done.pop() if self._done else self._able("can_undo")
        if keeper is not None:
            self._undone.append(keeper)
            keeper.order(lambda ledger: ledger.undo())

    def redo(self) -> None:
        """Do the edit that was undone last again."""
        keeper = self._undone.pop() if self._undone else self._able("can_redo")
        if keeper is not None:
            self._done.append(keeper)
            keeper.order(lambda ledger: ledger.redo())

    def _able(self, what: str) -> LabelKeeper | None:
        for keeper in (self.mask, self.strokes):
            if keeper.ledger is not None and getattr(keeper.ledger, what):
                return keeper
        return None

    def _edited(self, keeper: LabelKeeper) -> None:
        self._done.append(keeper)
        self._undone.clear()
        self.stepped.emit()

    def _told(self, ledger: Ledger, done: Done, saved: Any) -> None:
        if done.saved:
            saved.emit(ledger.name)
        self.stepped.emit()
