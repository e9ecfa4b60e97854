"""What the NPM study dock offers while no study is open."""

from collections.abc import Sequence

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QFrame, QLabel, QPushButton, QVBoxLayout, QWidget

_INTRODUCTION = (
    "<h3>Where did the additive change the microstructure?</h3>"
    "A <b>study</b> keeps BSE images of several samples with their masks, porosity maps, networks "
    "and results in one folder. Open one, or begin here:"
)
_DROP = "Or drop a folder here: a study, or images of which a study is to be made."


class StartPage(QWidget):
    """Ways to begin, each a button with what it is for.

    Parameters
    ----------
    ways : sequence of (button, str)
        The buttons, and a sentence on each.
    """

    def __init__(self, ways: Sequence[tuple[QPushButton, str]]) -> None:
        super().__init__()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(4, 4, 4, 4)
        layout.setSpacing(4)
        layout.addWidget(_text(_INTRODUCTION))
        for button, words in ways:
            layout.addSpacing(10)
            button.setMinimumHeight(34)
            layout.addWidget(button)
            layout.addWidget(_text(words))
        layout.addSpacing(14)
        drop = _text(_DROP)
        drop.setAlignment(Qt.AlignmentFlag.AlignCenter)
        drop.setFrameShape(QFrame.Shape.StyledPanel)
        drop.setMargin(14)
        layout.addWidget(drop)
        layout.addStretch()


def _text(words: str) -> QLabel:
    label = QLabel(words)
    label.setWordWrap(True)
    return label
