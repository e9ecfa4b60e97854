"""Proposes for the images that come next while a person looks at this one."""

import os
from collections.abc import Sequence
from typing import Any

from qtpy.QtCore import QObject, Signal

from napari_npm.core.progress import Progress

from .mask_learning import Proposal, Scene, select
from .tasks import Latest

_KEPT = 3
_LARGEST_PX = 30_000_000  # larger ones take too much memory to be kept


class Ahead(QObject):
    """Keeps the proposals of the images that come next.

    Attributes
    ----------
    made : Signal
        Emitted with a proposal when one is there.
    """

    made = Signal(object)

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._classifier: Any = None
        self._wanted: tuple[Any, tuple[str, ...], Any] | None = None
        self._name = ""
        self._kept: dict[str, Proposal | None] = {}
        self._work = Latest(self)
        self._work.done.connect(self._done)
        # What cannot be read is told of once it is to be shown.
        self._work.failed.connect(lambda _: self._done(None))

    def ask(self, study: Any, names: Sequence[str], classifier: Any, parameters: Any) -> None:
        """Propose for these images of a study, one after the other."""
        if classifier is not self._classifier:
            self.forget()
            self._classifier = classifier
        self._wanted = study, tuple(names[:_KEPT]), parameters
        if not self._work.busy:
            self._next()

    def working_on(self, name: str, classifier: Any) -> bool:
        """Tell whether the proposal for an image is being made just now."""
        return self._work.busy and self._name == name and self._classifier is classifier

    def of(self, name: str, classifier: Any) -> Proposal | None:
        """Return the proposal for an image by this classifier, None where there is none."""
        return self._kept.get(name) if classifier is self._classifier else None

    def rest(self) -> None:
        """Leave the processors to more urgent work."""
        self._wanted = None
        self._work.drop()

    def forget(self) -> None:
        """Keep nothing."""
        self.rest()
        self._kept.clear()
        self._classifier = None

    def _next(self) -> None:
        if self._wanted is None:
            return
        study, names, parameters = self._wanted
        for name in [one for one in self._kept if one not in names]:
            del self._kept[name]
        missing = [name for name in names if name not in self._kept]
        if missing:
            self._name = missing[0]
            self._work.ask(look_ahead, study, missing[0], self._classifier, parameters)

    def _done(self, proposal: Proposal | None) -> None:
        self._kept[self._name] = proposal
        if proposal is not None:
            self.made.emit(proposal)
        self._next()


def look_ahead(
    report: Progress, study: Any, name: str, classifier: Any, parameters: Any
) -> Proposal | None:
    """Propose for an image of a study that has no mask; None for one that is too large."""
    report(0, 1, "reading the next image")
    entry = study.image(name)
    if entry.width * entry.height > _LARGEST_PX:
        return None
    scene = Scene(name, study.read(name).pixels, entry.pixel_size_nm)
    # One processor is left to the window.
    threads = max((os.cpu_count() or 1) - 1, 1)
    chance = classifier.probability(scene.pixels, threads=threads, progress=report)
    return select(report, scene, chance, parameters)
