"""The values of a table of results, as Qt asks for them."""

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import QAbstractTableModel, QModelIndex, Qt

Values = Mapping[str, Any]


def significant(value: Any) -> str:
    """Return a number with three significant digits, a dash where there is none, or a word."""
    if value is None or (isinstance(value, float | np.floating) and np.isnan(value)):
        return "–"
    if isinstance(value, bool | np.bool_):
        return "yes" if value else "no"
    if isinstance(value, int | np.integer):
        return str(value)
    if not isinstance(value, float | np.floating):
        return str(value) or "–"
    return f"{value:.0f}" if 1000 <= abs(value) < 1e6 else f"{value:.3g}"


def two_digits(value: Any) -> str:
    """Return a number with two significant digits, a dash where there is none."""
    return "–" if value is None or np.isnan(value) else f"{value:.2g}"


def whole(value: Any) -> str:
    """Return a number without decimals."""
    return f"{value:.0f}"


@dataclass(frozen=True)
class Column:
    """A column: its head, the name of its values, a tip, a factor, and how to say a value."""

    head: str
    name: str
    tip: str = ""
    factor: float = 1.0
    form: Callable[[Any], str] = significant


class TableModel(QAbstractTableModel):
    """Values by column as rows; sorted by numpy, since there can be tens of thousands."""

    def __init__(self, columns: Sequence[Column] = (), by: int = -1, down: bool = False) -> None:
        super().__init__()
        self.columns = tuple(columns)
        self.values: Values = {}
        self._keys: list[Hashable] = []
        self._rows: dict[Hashable, int] = {}
        self._order = np.zeros(0, np.intp)
        self._place = np.zeros(0, np.intp)
        self._by, self._down = by, down

    def set_table(
        self,
        values: Values,
        columns: Sequence[Column] | None = None,
        keys: Sequence[Hashable] | None = None,
    ) -> None:
        """Show these rows, sorted as before.

        Parameters
        ----------
        values : mapping of str to sequence
            One value a row, by the columns' names; others are not shown, but saved.
        columns : sequence of Column, optional
            Other columns than before.
        keys : sequence, optional
            What each row stands for, such as an image; its number by default. Of several rows
            with one key the first is marked.
        """
        self.beginResetModel()
        if columns is not None:
            if len(columns) != len(self.columns):
                self._by = -1
            self.columns = tuple(columns)
        self.values = {name: np.asarray(one) for name, one in values.items()}
        count = len(next(iter(self.values.values()), ()))
        self._keys = list(range(count) if keys is None else keys)
        self._rows = {key: row for row, key in reversed(list(enumerate(self._keys)))}
        self._arrange()
        self.endResetModel()

    def _arrange(self) -> None:
        count = len(self._keys)
        order = np.arange(count)
        if 0 <= self._by < len(self.columns) and count:
            values = self.values[self.columns[self._by].name]
            missing = _missing(values)
            ranked = np.argsort(values[~missing], kind="stable")
            ranked = order[~missing][ranked[::-1] if self._down else ranked]
            order = np.concatenate([ranked, order[missing]])
        self._order = order
        self._place = np.empty_like(order)
        self._place[order] = np.arange(count)

    def sort(self, column: int, order: Any = Qt.SortOrder.AscendingOrder) -> None:
        """Sort by a column; -1 leaves the order in which the rows came."""
        self.layoutAboutToBeChanged.emit()
        marked = self.persistentIndexList()
        rows = [self._order[index.row()] for index in marked]
        self._by, self._down = column, order == Qt.SortOrder.DescendingOrder
        self._arrange()
        # The marked row stays with what it stands for.
        moved = [
            self.index(int(self._place[row]), index.column())
            for row, index in zip(rows, marked, strict=True)
        ]
        self.changePersistentIndexList(marked, moved)
        self.layoutChanged.emit()

    def __len__(self) -> int:
        return len(self._keys)

    def rowCount(self, parent: Any = None) -> int:  # noqa: N802 - Qt's name
        """Return the number of rows."""
        return 0 if parent is not None and parent.isValid() else len(self._keys)

    def columnCount(self, parent: Any = None) -> int:  # noqa: N802 - Qt's name
        """Return the number of columns."""
        return 0 if parent is not None and parent.isValid() else len(self.columns)

    def headerData(self, section: int, orientation: Any, role: int = 0) -> Any:  # noqa: N802
        """Return a column's title or tooltip."""
        if orientation != Qt.Orientation.Horizontal or not 0 <= section < len(self.columns):
            return None
        column = self.columns[section]
        if role == Qt.ItemDataRole.DisplayRole:
            return column.head
        return (column.tip or None) if role == Qt.ItemDataRole.ToolTipRole else None

    def data(self, index: QModelIndex, role: int = 0) -> Any:
        """Return a cell's text, alignment, or its whole text as a tooltip."""
        column = self.columns[index.column()]
        value = self.values[column.name][self._order[index.row()]]
        word = isinstance(value, str)
        if role == Qt.ItemDataRole.TextAlignmentRole:
            side = Qt.AlignmentFlag.AlignLeft if word else Qt.AlignmentFlag.AlignRight
            return side | Qt.AlignmentFlag.AlignVCenter
        if role == Qt.ItemDataRole.DisplayRole or (role == Qt.ItemDataRole.ToolTipRole and word):
            return column.form(value if word or column.factor == 1 else column.factor * value)
        return None

    def key_at(self, row: int) -> Any:
        """Return what a row stands for."""
        return self._keys[self._order[row]]

    def row_of(self, key: Any) -> int:
        """Return the first row that stands for something, or -1."""
        row = self._rows.get(key)
        return -1 if row is None else int(self._place[row])

    def sorted_values(self) -> dict[str, NDArray[Any]]:
        """Return all values, those without a column too, in the order of the rows."""
        return {name: one[self._order] for name, one in self.values.items()}

    def text(self, rows: Sequence[int]) -> str:
        """Return rows as lines under their heads, for a spreadsheet; numbers in full."""
        lines = ["\t".join(column.head.replace("\n", " ").strip() for column in self.columns)]
        for row in rows:
            cells = (self.values[column.name][self._order[row]] for column in self.columns)
            shown = (
                column.factor * cell if column.factor != 1 and not isinstance(cell, str) else cell
                for column, cell in zip(self.columns, cells, strict=True)
            )
            lines.append("\t".join("" if _missing(cell) else str(cell) for cell in shown))
        return "\n".join(lines)


def _missing(values: Any) -> Any:
    """Tell which values are NaN."""
    kind = np.asarray(values).dtype.kind
    if kind == "O":
        return np.array([one is None or one != one for one in np.atleast_1d(values)])
    return np.isnan(values) if kind == "f" else np.zeros(np.shape(values), bool)
