"""The table of characteristic regions: sorted by a click on a head, one row a region."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from qtpy.QtCore import QAbstractTableModel, QModelIndex, Qt, Signal
from qtpy.QtWidgets import QAbstractItemView, QHeaderView, QTableView

from .regions_work import Features


@dataclass(frozen=True)
class Column:
    """A column: its head, the name in the table of regions, a factor for display, a tip."""

    head: str
    name: str
    tip: str
    factor: float = 1.0


_NUMBER = Column("No.\n", "label", "Number of the region in the layer")
_AREAS = {
    "area_um2": Column("Area\nµm²", "area_um2", "Area"),
    "area_px": Column("Area\npx", "area_px", "Area; the image has no pixel size"),
    "diameter_um": Column("Diam.\nµm", "diameter_um", "Diameter of the circle of the same area"),
    "diameter_px": Column("Diam.\npx", "diameter_px", "Diameter of the circle of the same area"),
}
_REST = (
    Column("Relev.\n%", "relevance_share", "Share of its tile's relevance that it holds", 100),
    Column("Part\n", "part", "Where most of it lies: low (LP) or high porosity (HP)"),
    Column("HP\n%", "high_fraction", "Share of its pixels in HP", 100),
    Column("Row\npx", "image_row", "Row of its middle in the image"),
    Column("Col.\npx", "image_col", "Column of its middle in the image"),
)
_BY_RELEVANCE = 3
_COUNT = 8


def columns_of(found: Features | None) -> tuple[Column, ...]:
    """Return the columns: in µm, or in px where the pixel size is not known."""
    px = found is not None and "area_um2" not in found.table
    names = ("area_px", "diameter_px") if px else ("area_um2", "diameter_um")
    return (_NUMBER, *(_AREAS[name] for name in names), *_REST)


class RegionModel(QAbstractTableModel):
    """Regions as rows; sorted by numpy, since there can be tens of thousands."""

    def __init__(self) -> None:
        super().__init__()
        self._found: Features | None = None
        self._order = np.zeros(0, np.int64)
        self._place = np.zeros(0, np.int64)
        self._by, self._down = _BY_RELEVANCE, True

    def set_found(self, found: Features | None) -> None:
        """Show these regions, sorted as before."""
        self.beginResetModel()
        self._found = found
        self._arrange()
        self.endResetModel()

    def _arrange(self) -> None:
        if self._found is None:
            self._order = self._place = np.zeros(0, np.int64)
            return
        name = columns_of(self._found)[self._by].name
        order = np.argsort(self._found.table[name], kind="stable")
        self._order = order[::-1] if self._down else order
        self._place = np.empty_like(self._order)
        self._place[self._order] = np.arange(self._order.size)

    def sort(self, column: int, order: Any = Qt.SortOrder.AscendingOrder) -> None:
        """Sort by a column; -1 leaves the order."""
        if column < 0:
            return
        self.layoutAboutToBeChanged.emit()
        marked = self.persistentIndexList()
        regions = [self.region_at(index.row()) for index in marked]
        self._by, self._down = column, order == Qt.SortOrder.DescendingOrder
        self._arrange()
        # The marked row stays with its region.
        self.changePersistentIndexList(
            marked,
            [
                self.index(self.row_of(region), index.column())
                for region, index in zip(regions, marked, strict=True)
            ],
        )
        self.layoutChanged.emit()

    def rowCount(self, parent: Any = None) -> int:  # noqa: N802 - Qt's name
        """Return the number of regions."""
        return 0 if parent is not None and parent.isValid() else int(self._order.size)

    def columnCount(self, parent: Any = None) -> int:  # noqa: N802 - Qt's name
        """Return the number of columns."""
        return 0 if parent is not None and parent.isValid() else _COUNT

    def headerData(self, section: int, orientation: Any, role: int = 0) -> Any:  # noqa: N802
        """Return a column's title or tooltip."""
        if orientation != Qt.Orientation.Horizontal:
            return None
        column = columns_of(self._found)[section]
        if role == Qt.ItemDataRole.DisplayRole:
            return column.head
        return column.tip if role == Qt.ItemDataRole.ToolTipRole else None

    def data(self, index: QModelIndex, role: int = 0) -> Any:
        """Return a cell's text or alignment."""
        if self._found is None:
            return None
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        if role != Qt.ItemDataRole.DisplayRole:
            return None
        column = columns_of(self._found)[index.column()]
        value = self._found.table[column.name][self._order[index.row()]]
        if column.name == "part":
            return str(value) or "–"
        if column.name in ("label", "area_px", "image_row", "image_col"):
            return f"{value:.0f}"
        return "–" if np.isnan(value) else f"{column.factor * value:.3g}"

    def region_at(self, row: int) -> int:
        """Return the number of the region in a row."""
        assert self._found is not None
        return int(self._found.table["label"][self._order[row]])

    def row_of(self, region: int) -> int:
        """Return the row of a region, or -1."""
        return int(self._place[region - 1]) if 0 < region <= self._place.size else -1


class RegionTable(QTableView):
    """The regions of an image; a click or the arrow keys choose one."""

    chosen = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        self.regions = RegionModel()
        self.setModel(self.regions)
        self.setSortingEnabled(True)
        self.sortByColumn(_BY_RELEVANCE, Qt.SortOrder.DescendingOrder)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setWordWrap(False)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(20)
        self.setMinimumHeight(200)
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setMinimumSectionSize(34)
        header.setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        self.setMinimumWidth(46 * _COUNT)
        self._quiet = False
        self.selectionModel().currentRowChanged.connect(self._moved)
        self.clicked.connect(self._clicked)

    def show_regions(self, found: Features | None) -> None:
        """Show the regions of an image, none of them chosen."""
        self._quiet = True
        self.regions.set_found(found)
        self._quiet = False

    def select(self, region: int) -> None:
        """Mark a region's row and scroll to it, without telling."""
        row = self.regions.row_of(region)
        self._quiet = True
        if row >= 0:
            self.selectRow(row)
            self.scrollTo(self.regions.index(row, 0))
        else:
            self.clearSelection()
        self._quiet = False

    def _moved(self, index: QModelIndex, _: QModelIndex) -> None:
        if index.isValid() and not self._quiet:
            self.chosen.emit(self.regions.region_at(index.row()))

    def _clicked(self, index: QModelIndex) -> None:
        # A click on the row that is current already goes there again.
        self.chosen.emit(self.regions.region_at(index.row()))
