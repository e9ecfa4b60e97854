"""References of the calibration: proposed, looked at, confirmed; and what is wrong with them."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from qtpy.compat import isalive
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QHBoxLayout, QWidget

from napari_npm.core.masking import Label
from napari_npm.core.progress import Progress

from .current import current_subject
from .dock import guarded
from .layers import Kind, Subject, find, put, remove
from .mask_tools import Edit, edit_to, mask_of
from .parts import Part

if TYPE_CHECKING:
    from napari_npm.core.references import ProposedReferences


class ReferencesBox(Part):
    """Propose reference regions, and use them only once a person has confirmed them.

    Return confirms and Escape dismisses while one of the buttons has the focus.
    """

    def build(self) -> None:
        """Lay the box out."""
        self._edit: Callable[..., None] | None = None
        self._min_px: Callable[[], int] = lambda: 1
        self._subject: Subject | None = None
        self.found: ProposedReferences | None = None
        self.warning = self.dock.note()
        self.warning.hide()
        self.column.addWidget(self.warning)
        self.propose_button = self.dock.button(
            "Propose references",
            self.propose,
            "Look for even regions of C-S-H without metal and of metal; nothing is used before "
            "you confirm it",
        )
        self.column.addWidget(self.propose_button)
        self.why = self.dock.note()
        self.why.hide()
        self.column.addWidget(self.why)
        self.answer = QWidget()
        row = QHBoxLayout(self.answer)
        row.setContentsMargins(0, 0, 0, 0)
        self.confirm_button = self.dock.button(
            "Confirm (Return)", self.confirm, "Mark these regions as references in the mask"
        )
        self.dismiss_button = self.dock.button("Dismiss (Esc)", self.dismiss, "Forget the proposal")
        row.addWidget(self.confirm_button)
        row.addWidget(self.dismiss_button)
        self.answer.hide()
        self.column.addWidget(self.answer)
        self.viewer.layers.events.removed.connect(self._removed)

    def follow(self, edit: Callable[..., None], min_px: Callable[[], int]) -> None:
        """Change the mask by ``edit(text, work, *arguments)``; ask for the least region size."""
        self._edit, self._min_px = edit, min_px

    def refresh(self) -> None:
        """Forget a proposal that is of another image."""
        if self.found is not None and current_subject(self.viewer) != self._subject:
            self._clear()

    def warn(self, texts: Sequence[str]) -> None:
        """Show what is wrong with the marked references."""
        self.warning.setText("<br>".join(f"⚠ {text}" for text in texts))
        self.warning.setVisible(bool(texts))

    @guarded
    def propose(self) -> None:
        """Look for references in the background."""
        image = self.current()
        self._clear()
        self._subject = image.subject
        labels = mask_of(self.viewer, image)
        self.run_task(
            "Looking for references…",
            propose,
            image.pixels,
            labels,
            self._min_px(),
            done=self._proposed,
        )

    def _proposed(self, found: "ProposedReferences") -> None:
        subject = self._subject
        if subject is None or current_subject(self.viewer) != subject:
            return
        self.why.setText("<br>".join(found.why))
        self.why.show()
        if not (found.csh.any() or found.metal.any()):
            self.say("No region is good enough to propose: mark the references yourself.")
            return
        labels = np.zeros(found.csh.shape, np.uint8)
        labels[found.csh], labels[found.metal] = Label.CSH, Label.METAL
        active = self.viewer.layers.selection.active
        put(self.viewer, Kind.REFERENCES, subject, labels)
        self.viewer.layers.selection.active = active
        self.found = found
        self.answer.show()
        self.confirm_button.setFocus()
        self.say("Outlined: look at the regions, then confirm or dismiss them.")

    @guarded
    def confirm(self) -> None:
        """Take the proposal into the mask."""
        if self.found is None or self._edit is None:
            return
        found = self.found
        self._edit("Taking the references…", with_references, found.csh, found.metal)
        self._clear()

    @guarded
    def dismiss(self) -> None:
        """Forget the proposal."""
        self._clear()
        self.say("The proposal was dismissed.")

    def _clear(self) -> None:
        self.found = None
        self.answer.hide()
        self.why.hide()
        if self._subject is not None:
            remove(self.viewer, Kind.REFERENCES, self._subject)

    def _removed(self, event: Any = None) -> None:  # noqa: ARG002 - napari passes it
        if not isalive(self) or self.found is None or self._subject is None:
            return
        if find(self.viewer, Kind.REFERENCES, self._subject) is None:
            self._clear()

    def keyPressEvent(self, event: Any) -> None:  # noqa: N802 - Qt's name
        """Confirm or dismiss by keys."""
        key = event.key()
        if self.found is not None and key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.confirm()
        elif self.found is not None and key == Qt.Key.Key_Escape:
            self.dismiss()
        else:
            super().keyPressEvent(event)


def propose(
    report: Progress, image: NDArray[Any], labels: NDArray[Any] | None, min_px: int
) -> "ProposedReferences":
    """Propose references outside unhydrated cement."""
    from napari_npm.core.references import propose_references

    report(0, 1, "looking for references")
    fits = labels is not None and labels.shape == image.shape
    unhydrated = labels == Label.UNHYDRATED if fits else None
    return propose_references(image, unhydrated, min_area_px=min_px)


def with_references(
    report: Progress, before: NDArray[Any], csh: NDArray[np.bool_], metal: NDArray[np.bool_]
) -> Edit:
    """Return the edit that puts these references in place of the mask's own.

    A phase that was not found keeps what was marked, and unhydrated cement stays.
    """
    report(0, 1, "taking the references")
    after = before.copy()
    for label, region in ((Label.CSH, csh), (Label.METAL, metal)):
        if region.any():
            after[after == label] = 0
            after[region & (after == 0)] = label
    return edit_to(before, after)
