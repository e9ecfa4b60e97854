"""Keys and help dock: what each dock is for and every key, from the tables that define them."""

from itertools import groupby

from qtpy.QtCore import Qt
from qtpy.QtGui import QKeySequence
from qtpy.QtWidgets import QLabel

from .actions import ACTIONS
from .catalogue import DOCKS, key_table, open_dock
from .mask_keys import KEYS
from .step_dock import StepDock


class HelpDock(StepDock):
    """What the docks are for, and the keys."""

    follows_image = False

    def build(self) -> None:
        """Lay the dock out."""
        docks = self.group("Docks, in the order of the method")
        self.docks_label = self._label(docks_text())
        self.docks_label.linkActivated.connect(self.open)
        docks.addWidget(self.docks_label)
        anywhere = self.group("Keys in the whole window")
        rows = [(shown(action.key), action.title) for action in ACTIONS]
        anywhere.addWidget(self._label(key_table(rows)))
        mask = self.group("Keys of the Mask page, while the image has the focus")
        mask.addWidget(self._label(key_table(KEYS)))
        more = self.note(
            "napari's command palette finds every dock and action by name, too; napari's own keys "
            "are in its preferences. The arrow beside a changed value sets that value back."
        )
        self.column.addWidget(more)

    def _label(self, text: str) -> QLabel:
        label = QLabel(text)
        label.setWordWrap(True)
        flags = Qt.TextInteractionFlag.LinksAccessibleByMouse
        label.setTextInteractionFlags(flags | Qt.TextInteractionFlag.LinksAccessibleByKeyboard)
        label.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        return label

    def open(self, name: str) -> None:
        """Open the dock of this name."""
        open_dock(self.viewer, name)


def shown(key: str) -> str:
    """Return how a key is written on this machine."""
    return str(QKeySequence(key).toString(QKeySequence.SequenceFormat.NativeText))


def docks_text() -> str:
    """Return the docks as a list with links, by stage."""
    parts = []
    for stage, entries in groupby(DOCKS, key=lambda entry: entry.stage):
        parts.append(f"<p><b>{stage}</b></p><table>")
        for one in entries:
            link = f"<a style='color: #5BA4E6' href='{one.name}'>{one.name}</a>"
            parts.append(
                f"<tr><td><b>{shown(one.key)}</b>&nbsp;&nbsp;</td><td>{link}: {one.help}</td></tr>"
            )
        parts.append("</table>")
    return "".join(parts)
