"""Which of a study's images are listed: by words and by what is left to do for them."""

from typing import Any

from qtpy.QtCore import QSortFilterProxyModel, Signal
from qtpy.QtWidgets import QComboBox, QHBoxLayout, QLineEdit, QSizePolicy, QWidget

# What is listed, by the words of the box.
EVERYTHING = "all images"
CHOICES = (
    EVERYTHING,
    "mask to look at",
    "not calibrated",
    "not predicted",
    "not explained",
    "with warnings",
)
_STEP = {"not calibrated": "calibrate", "not predicted": "predict", "not explained": "explain"}


class FilteredImages(QSortFilterProxyModel):
    """The rows of an `ImageModel` that are asked for, in the order asked for."""

    def __init__(self, parent: Any = None) -> None:
        super().__init__(parent)
        self._words: tuple[str, ...] = ()
        self._choice = EVERYTHING

    def ask(self, text: str, choice: str) -> None:
        """List the images whose name, sample or specimen holds every word, and of one state."""
        self._words, self._choice = tuple(text.casefold().split()), choice
        self.invalidateFilter()

    def filterAcceptsRow(self, row: int, parent: Any) -> bool:  # noqa: ARG002, N802 - Qt's name
        """Tell whether an image is listed."""
        model = self.sourceModel()
        image = model.image(row)
        where = f"{image.id} {image.sample} {image.specimen}".casefold()
        if not all(word in where for word in self._words):
            return False
        if self._choice == "mask to look at":
            return bool(model.waits(image.id))
        if self._choice == "with warnings":
            return bool(image.warnings)
        step = _STEP.get(self._choice)
        return step is None or not model.is_done(image.id, step)


class FilterRow(QWidget):
    """A field for words and a box of states."""

    changed = Signal(str, str)

    def __init__(self) -> None:
        super().__init__()
        self.field = QLineEdit()
        self.field.setPlaceholderText("Filter: name, sample, specimen")
        self.field.setClearButtonEnabled(True)
        self.field.setAccessibleName("Filter images by words")
        self.field.setToolTip("List only images whose name, sample or specimen holds these words")
        self.box = QComboBox()
        self.box.addItems(CHOICES)
        self.box.setAccessibleName("Filter images by what is left to do")
        self.box.setToolTip("List only images in this state")
        self.box.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.field, stretch=1)
        row.addWidget(self.box)
        self.field.textChanged.connect(self._tell)
        self.box.currentTextChanged.connect(self._tell)

    def _tell(self, _: str = "") -> None:
        self.changed.emit(self.field.text(), self.box.currentText())
