"""A table of results: sorted by a click on a head, copied, saved as CSV, its rows linked."""

from collections.abc import Hashable, Sequence
from typing import Any

from qtpy.QtCore import QItemSelectionModel, QModelIndex, Qt, Signal
from qtpy.QtGui import QAction, QKeySequence
from qtpy.QtWidgets import QAbstractItemView, QApplication, QHeaderView, QTableView

from . import dialogs
from .table_model import Column, TableModel, Values
from .tasks import Task

# A long name is cut in the middle, and whole in its tooltip, px.
_WIDEST, _PADDING = 150, 12
_LOOKED_AT = 100


class DataTable(QTableView):
    """A table whose rows stand for something: a click, Enter or the arrow keys choose it.

    Parameters
    ----------
    columns : sequence of Column
        What to show.
    name : str
        Of the file that the table is saved to by default.
    by, down : int, bool
        The column to sort by at first, and whether from the top; -1 leaves the order.
    even : bool
        Whether all columns have one width; else they fit what they hold, and the last takes what
        is left.
    """

    chosen = Signal(object)
    said = Signal(str)

    def __init__(
        self,
        columns: Sequence[Column] = (),
        name: str = "table",
        by: int = -1,
        down: bool = False,
        even: bool = True,
    ) -> None:
        super().__init__()
        self.name = name
        self.rows = TableModel(columns, by, down)
        self.setModel(self.rows)
        order = Qt.SortOrder.DescendingOrder if down else Qt.SortOrder.AscendingOrder
        self.horizontalHeader().setSortIndicator(by, order)
        self.setSortingEnabled(True)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setWordWrap(False)
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        # Tab goes on to the next widget: the cells are not edited.
        self.setTabKeyNavigation(False)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(20)
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setMinimumSectionSize(34)
        mode = QHeaderView.ResizeMode
        header.setSectionResizeMode(mode.Stretch if even else mode.Interactive)
        header.setStretchLastSection(not even)
        self._even = even
        self._quiet = False
        self._actions()
        self.selectionModel().currentRowChanged.connect(self._moved)
        self.clicked.connect(self._clicked)
        self.activated.connect(self._clicked)

    def _actions(self) -> None:
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)
        for text, slot in (("Copy\tCtrl+C", self.copy), ("Save as CSV…\tCtrl+S", self.save)):
            action = QAction(text, self)
            action.triggered.connect(slot)
            self.addAction(action)

    def show_table(
        self,
        values: Values,
        columns: Sequence[Column] | None = None,
        keys: Sequence[Hashable] | None = None,
    ) -> None:
        """Show other rows, none of them chosen; see `TableModel.set_table`."""
        self._quiet = True
        self.rows.set_table(values, columns, keys)
        self._quiet = False
        if not self._even:
            self._fit()

    def _fit(self) -> None:
        """Make columns as wide as heads and first rows need."""
        measure = self.fontMetrics().horizontalAdvance
        for number, column in enumerate(self.rows.columns):
            index = (self.rows.index(row, number) for row in range(min(_LOOKED_AT, len(self.rows))))
            cells = [str(self.rows.data(one, Qt.ItemDataRole.DisplayRole)) for one in index]
            texts = [*column.head.split("\n"), *cells]
            widest = max(measure(text) for text in texts)
            self.setColumnWidth(number, min(widest + _PADDING, _WIDEST))

    def select(self, key: Any) -> None:
        """Mark what stands for something and scroll to it, without telling."""
        row = self.rows.row_of(key)
        self._quiet = True
        if row < 0:
            self.clearSelection()
        elif not self.selectionModel().isRowSelected(row, QModelIndex()):
            # Not `selectRow`, which heeds the keys that happen to be held.
            flag = QItemSelectionModel.SelectionFlag
            self.selectionModel().setCurrentIndex(
                self.rows.index(row, 0), flag.ClearAndSelect | flag.Rows
            )
            self.scrollTo(self.rows.index(row, 0))
        self._quiet = False

    def _moved(self, index: QModelIndex, _: QModelIndex) -> None:
        # With Shift or Ctrl rows are gathered to be copied.
        if index.isValid() and not self._quiet and not _gathering():
            self.chosen.emit(self.rows.key_at(index.row()))

    def _clicked(self, index: QModelIndex) -> None:
        # A click on the row that is current already goes there again.
        if not _gathering():
            self.chosen.emit(self.rows.key_at(index.row()))

    def keyPressEvent(self, event: Any) -> None:  # noqa: N802 - Qt's name
        """Copy and save by their usual keys."""
        if event.matches(QKeySequence.StandardKey.Copy):
            self.copy()
        elif event.matches(QKeySequence.StandardKey.Save):
            self.save()
        else:
            super().keyPressEvent(event)

    def copy(self, *_: Any) -> None:
        """Copy the marked rows, or all, to paste them into a spreadsheet."""
        rows = sorted(index.row() for index in self.selectionModel().selectedRows())
        rows = rows or list(range(self.rows.rowCount()))
        QApplication.clipboard().setText(self.rows.text(rows))
        self.said.emit("1 row copied." if len(rows) == 1 else f"{len(rows)} rows copied.")

    def save(self, *_: Any) -> None:
        """Ask where, and write all rows as CSV in the background."""
        path = dialogs.choose_new_file(self, "Save the table", self.name + ".csv", "CSV (*.csv)")
        if path is None:
            return
        path = path if path.suffix else path.with_suffix(".csv")
        task = Task(_write, self.rows.sorted_values(), path, parent=self)
        task.done.connect(lambda _: self.said.emit(f"Table written: {path}"))
        task.failed.connect(self.said)
        task.start()


def _gathering() -> bool:
    held = Qt.KeyboardModifier.ShiftModifier | Qt.KeyboardModifier.ControlModifier
    return bool(QApplication.keyboardModifiers() & held)


def _write(report: Any, values: Values, path: Any) -> None:
    import pandas as pd

    from napari_npm.io import write_table

    report(0, 1, "writing")
    write_table(path, pd.DataFrame(values))
