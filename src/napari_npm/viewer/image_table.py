"""The list of a study's images with what is done for each."""

from typing import Any

from qtpy.QtCore import QAbstractTableModel, QModelIndex, QSortFilterProxyModel, Qt, Signal
from qtpy.QtWidgets import QAbstractItemView, QHeaderView, QTableView

# Column title, step, tooltip.
STATES = (
    ("Mask", "mask", ""),
    ("MulF", "calibrate", "calibrated to a MulF map"),
    ("MicF", "smooth", "smoothed to a MicF map"),
    ("Pred", "predict", "classified by the networks"),
    ("Expl", "explain", "relevance computed"),
)
_DONE, _LEFT = "✓", "–"
_MASK = 2
# Symbol and words of each state of a mask, told apart without colour.
REVIEWS = {
    "none": ("–", "UC not looked for yet"),
    "proposed": ("?", "proposed, not looked at"),
    "accepted": ("✓", "accepted"),
    "corrected": ("✎", "made or corrected by hand"),
    "rejected": ("✗", "rejected: no UC kept"),
}


class ImageModel(QAbstractTableModel):
    """Images of a study as table rows: name, sample, and one column a step."""

    def __init__(self) -> None:
        super().__init__()
        self._images: tuple[Any, ...] = ()
        self._states: dict[str, frozenset[str]] = {}
        self._reviews: dict[str, Any] = {}

    def set_images(self, images: tuple[Any, ...]) -> None:
        """Show these images."""
        self.beginResetModel()
        self._images = tuple(images)
        self.endResetModel()

    def set_states(self, states: dict[str, frozenset[str]]) -> None:
        """Show what is done."""
        self._states = states
        self._changed()

    def set_reviews(self, reviews: dict[str, Any]) -> None:
        """Show how far the masks are."""
        self._reviews = reviews
        self._changed()

    def review_of(self, image_id: str) -> tuple[str, str]:
        """Return symbol and words of how far an image's mask is."""
        review = self._reviews.get(image_id)
        return REVIEWS["none" if review is None else review.value]

    def _changed(self) -> None:
        if self._images:
            last = self.index(len(self._images) - 1, self.columnCount() - 1)
            self.dataChanged.emit(self.index(0, 2), last)

    def rowCount(self, parent: Any = None) -> int:  # noqa: ARG002, N802 - Qt's name
        """Return the number of images."""
        return len(self._images)

    def columnCount(self, parent: Any = None) -> int:  # noqa: ARG002, N802 - Qt's name
        """Return the number of columns."""
        return 2 + len(STATES)

    def headerData(self, section: int, orientation: Any, role: int = 0) -> Any:  # noqa: N802
        """Return a column's title or tooltip."""
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return ("Image", "Sample", *(state[0] for state in STATES))[section]
        if role == Qt.ItemDataRole.ToolTipRole and section >= 2:
            if section == _MASK:
                return "Mask: " + ", ".join(f"{sign} {words}" for sign, words in REVIEWS.values())
            return f"✓ {STATES[section - 2][2]}"
        return None

    def data(self, index: QModelIndex, role: int = 0) -> Any:
        """Return a cell's text, alignment or tooltip."""
        image, column = self._images[index.row()], index.column()
        if role == Qt.ItemDataRole.UserRole:
            return image.id
        if role == Qt.ItemDataRole.TextAlignmentRole and column >= 2:
            return Qt.AlignmentFlag.AlignCenter
        if role == Qt.ItemDataRole.ToolTipRole:
            return f"{self._tip(image)}\nmask: {self.review_of(image.id)[1]}"
        if role != Qt.ItemDataRole.DisplayRole:
            return None
        if column < 2:
            return (image.id, image.sample)[column]
        if column == _MASK:
            return self.review_of(image.id)[0]
        done = STATES[column - 2][1] in self._states.get(image.id, frozenset())
        return _DONE if done else _LEFT

    @staticmethod
    def _tip(image: Any) -> str:
        facts = [
            f"{image.width} × {image.height} px, {image.pixel_size_nm:.4g} nm/px",
            f"sample {image.sample}, specimen {image.specimen}",
        ]
        if image.kv:
            facts.append(f"{image.kv:g} kV" + (f", {image.detector}" if image.detector else ""))
        return "\n".join([*facts, *image.warnings])

    def row_of(self, image_id: str) -> int:
        """Return an image's row, or -1."""
        return next((row for row, image in enumerate(self._images) if image.id == image_id), -1)


class ImageTable(QTableView):
    """The images of a study; a click or Enter chooses one."""

    chosen = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.images = ImageModel()
        self.sorted = QSortFilterProxyModel(self)
        self.sorted.setSourceModel(self.images)
        self.setModel(self.sorted)
        self.setSortingEnabled(True)
        self.sortByColumn(-1, Qt.SortOrder.AscendingOrder)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setWordWrap(False)
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.verticalHeader().hide()
        self.setMinimumHeight(190)
        self.setMinimumWidth(360)
        header = self.horizontalHeader()
        header.setMinimumSectionSize(30)
        header.setHighlightSections(False)
        self.verticalHeader().setDefaultSectionSize(22)
        header.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        for column, width in enumerate((0, 56, *(40,) * len(STATES))):
            if column:
                self.setColumnWidth(column, width)
        self.clicked.connect(self._choose)
        self.activated.connect(self._choose)

    def _choose(self, index: QModelIndex) -> None:
        self.chosen.emit(self.sorted.data(index, Qt.ItemDataRole.UserRole))

    def select(self, image_id: str) -> None:
        """Mark an image as the current one."""
        row = self.images.row_of(image_id)
        if row >= 0:
            index = self.sorted.mapFromSource(self.images.index(row, 0))
            self.selectRow(index.row())
            self.scrollTo(index)
