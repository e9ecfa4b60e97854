"""The list of a study's images with what is done for each."""

from typing import Any

from qtpy.QtCore import QAbstractTableModel, QModelIndex, QSize, Qt, Signal
from qtpy.QtWidgets import QAbstractItemView, QHeaderView, QTableView

from .image_filter import FilteredImages
from .thumbnails import SIZE, Thumbnails

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
    """Images of a study as table rows: picture and name, sample, and one column a step."""

    def __init__(self) -> None:
        super().__init__()
        self.pictures = Thumbnails(self)
        self.pictures.changed.connect(self._pictured)
        self._images: tuple[Any, ...] = ()
        self._rows: dict[str, int] = {}
        self._states: dict[str, frozenset[str]] = {}
        self._reviews: dict[str, Any] = {}

    def set_study(self, study: Any) -> None:
        """Show the images of a study, or none."""
        images = () if study is None else tuple(study.images)
        self.pictures.follow(study)
        if images == self._images:
            return
        self.beginResetModel()
        self._images = images
        self._rows = {image.id: row for row, image in enumerate(images)}
        self.endResetModel()

    def image(self, row: int) -> Any:
        """Return the image of a row."""
        return self._images[row]

    def is_done(self, image_id: str, step: str) -> bool:
        """Tell whether a step is done for an image."""
        return step in self._states.get(image_id, frozenset())

    def waits(self, image_id: str) -> bool:
        """Tell whether an image's mask waits for somebody to make it or look at it."""
        review = self._reviews.get(image_id)
        return review is None or review.value in ("none", "proposed")

    def _pictured(self, image_id: str) -> None:
        row = self.row_of(image_id)
        if row >= 0:
            self.dataChanged.emit(self.index(row, 0), self.index(row, 0))

    def set_states(self, states: dict[str, frozenset[str]]) -> None:
        """Show what is done."""
        if states != self._states:
            self._states = dict(states)
            self._changed()

    def set_reviews(self, reviews: dict[str, Any]) -> None:
        """Show how far the masks are."""
        if reviews != self._reviews:
            # A copy: the session's own changes in place.
            self._reviews = dict(reviews)
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
        if role == Qt.ItemDataRole.DecorationRole and column == 0:
            return self.pictures.icon(image.id)
        if role != Qt.ItemDataRole.DisplayRole:
            return None
        if column < 2:
            return (image.id, image.sample)[column]
        if column == _MASK:
            return self.review_of(image.id)[0]
        return _DONE if self.is_done(image.id, STATES[column - 2][1]) else _LEFT

    def _tip(self, image: Any) -> str:
        facts = ["the file cannot be read any more"] if image.id in self.pictures.missing else []
        facts += [
            f"{image.width} × {image.height} px, {image.pixel_size_nm:.4g} nm/px",
            f"sample {image.sample}, specimen {image.specimen}",
        ]
        if image.kv:
            facts.append(f"{image.kv:g} kV" + (f", {image.detector}" if image.detector else ""))
        return "\n".join([*facts, *image.warnings])

    def row_of(self, image_id: str) -> int:
        """Return an image's row, or -1."""
        return self._rows.get(image_id, -1)


class ImageTable(QTableView):
    """The images of a study; a click or Enter chooses one.

    `listed` tells which images are listed in which order, whenever that changes.
    """

    chosen = Signal(str)
    listed = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self.images = ImageModel()
        self.sorted = FilteredImages(self)
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
        self.verticalHeader().setDefaultSectionSize(SIZE + 4)
        self.setIconSize(QSize(SIZE, SIZE))
        header.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        for column, width in enumerate((0, 56, *(40,) * len(STATES))):
            if column:
                self.setColumnWidth(column, width)
        self.clicked.connect(self._choose)
        self.activated.connect(self._choose)
        for changed in (
            self.sorted.layoutChanged,
            self.sorted.modelReset,
            self.sorted.rowsInserted,
            self.sorted.rowsRemoved,
        ):
            changed.connect(self._tell_listed)

    def ids(self) -> tuple[str, ...]:
        """Return the images listed, from top to bottom."""
        rows = range(self.sorted.rowCount())
        role = Qt.ItemDataRole.UserRole
        return tuple(self.sorted.data(self.sorted.index(row, 0), role) for row in rows)

    def _tell_listed(self, *_: Any) -> None:
        self.listed.emit(self.ids())

    def _choose(self, index: QModelIndex) -> None:
        self.chosen.emit(self.sorted.data(index, Qt.ItemDataRole.UserRole))

    def select(self, image_id: str) -> None:
        """Mark an image as the current one."""
        row = self.images.row_of(image_id)
        if row >= 0:
            index = self.sorted.mapFromSource(self.images.index(row, 0))
            if index.isValid():
                self.selectRow(index.row())
                self.scrollTo(index)
            else:
                self.clearSelection()
