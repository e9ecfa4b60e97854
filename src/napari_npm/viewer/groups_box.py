"""The groups of similar maps: a table of them, the maps of one, and the pattern they share."""

from typing import Any

import numpy as np
from qtpy.QtCore import QSize, Qt, Signal
from qtpy.QtGui import QIcon, QImage, QPixmap
from qtpy.QtWidgets import QGroupBox, QLabel, QListWidget, QListWidgetItem, QSpinBox, QVBoxLayout

from .data_table import DataTable
from .dock import guarded
from .pattern_layers import hide_pattern, pattern_shown, show_pattern
from .patterns_work import MOST_THUMBNAILS, THUMBNAIL, Block, read_thumbnails
from .table_model import Column, two_digits
from .tasks import Latest
from .turns import Turns


def _percent(value: float) -> str:
    """Return a share with two digits; what is too little to matter would not fit."""
    return "< 0.01" if 0 < value < 0.01 else two_digits(value)


_COLUMNS = (
    Column("No.\n", "number", "Number of the group in the matrix"),
    Column("Maps\n", "maps", "How many maps it has"),
    Column("Mean\ndiff.", "mean", "Mean difference of two of its maps"),
    Column(
        "Stab.\nseeds",
        "stability",
        "Overlap with groups of other seeds of the order, 0 to 1",
        form=two_digits,
    ),
    Column(
        "Stab.\nfewer",
        "stability_subsets",
        "Overlap with groups when maps are left out",
        form=two_digits,
    ),
    Column(
        "Stab.\nscale",
        "stability_other",
        "Overlap with groups of maps scaled otherwise",
        form=two_digits,
    ),
    Column("Shared\n%", "fraction", "Share of the area within the contour", 100, _percent),
)
_FIELDS = ("mean", "stability", "stability_subsets", "stability_other", "fraction")


class GroupsBox(QGroupBox):
    """The groups of a comparison.

    Parameters
    ----------
    dock : PatternsDock
        The dock, with the comparison.

    Attributes
    ----------
    blocks : list of Block
        The groups.
    current : int
        The one that is looked at.
    """

    changed = Signal()
    moved = Signal(int, int, int)

    def __init__(self, dock: Any) -> None:
        super().__init__("Groups of similar maps")
        self.dock = dock
        self.blocks: list[Block] = []
        self.current = 0
        self._tiles: list[Any] = []
        self._drawing, self._turns = Latest(self), Turns(self)
        self._drawing.done.connect(self._show_thumbnails)
        self._drawing.failed.connect(dock.say)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 8, 8, 8)
        self.table = DataTable(_COLUMNS, "groups")
        self.table.setFixedHeight(122)
        self.table.chosen.connect(self.choose)
        self.table.said.connect(dock.say)
        layout.addWidget(self.table)
        self.from_box, self.to_box = QSpinBox(), QSpinBox()
        for box, tip in ((self.from_box, "first"), (self.to_box, "last")):
            box.setToolTip(f"The {tip} map of the group along the order, from 0")
            box.setKeyboardTracking(False)
            box.valueChanged.connect(self._typed)
        self.label = QLabel("Maps")
        dock.row(layout, self.label, self.from_box, QLabel("to"), self.to_box)
        self.pattern_button = dock.button(
            "Shared pattern", self.show_shared, "What the maps of the group share, as a layer"
        )
        self.hide_button = dock.button("Hide it", self.hide_shared, "Take the layer away")
        dock.row(layout, self.pattern_button, self.hide_button)
        self.thumbnails = QListWidget()
        self.thumbnails.setViewMode(QListWidget.ViewMode.IconMode)
        self.thumbnails.setResizeMode(QListWidget.ResizeMode.Adjust)
        self.thumbnails.setMovement(QListWidget.Movement.Static)
        self.thumbnails.setIconSize(QSize(THUMBNAIL, THUMBNAIL))
        self.thumbnails.setGridSize(QSize(THUMBNAIL + 10, THUMBNAIL + 24))
        self.thumbnails.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.thumbnails.setUniformItemSizes(True)
        self.thumbnails.setFixedHeight(2 * (THUMBNAIL + 24) + 24)
        self.thumbnails.setToolTip("The maps of the group; a click shows the image")
        self.thumbnails.itemClicked.connect(self._go)
        self.thumbnails.itemActivated.connect(self._go)
        layout.addWidget(self.thumbnails)
        self.note = dock.note()
        layout.addWidget(self.note)
        self._fill()

    def fail(self, error: BaseException | str) -> None:
        """Tell what went wrong, in the dock."""
        self.dock.fail(error)

    # groups

    def show_blocks(self, blocks: list[Block]) -> None:
        """Show other groups, the first of them looked at."""
        self.blocks, self.current = list(blocks), 0
        self._fill()
        self._look()

    def replace(self, number: int, block: Block) -> None:
        """Show another group in place of one."""
        if number >= len(self.blocks):
            return
        self.blocks[number] = block
        self._fill()
        if number == self.current and block.pattern is not None:
            self._look()

    def choose(self, number: int) -> None:
        """Look at a group."""
        if number != self.current and number < len(self.blocks):
            self.current = number
            self._fill()
            if self.blocks[number].pattern is not None:
                self._look()

    def _fill(self) -> None:
        numbers = range(1, len(self.blocks) + 1)
        values: dict[str, Any] = {
            "number": np.arange(1, len(self.blocks) + 1),
            "start": np.array([block.start for block in self.blocks], int),
            "stop": np.array([block.stop for block in self.blocks], int),
            "maps": np.array([len(block) for block in self.blocks], int),
        }
        for name in _FIELDS:
            values[name] = np.array([getattr(block, name) for block in self.blocks], float)
        self.table.show_table(values, keys=[number - 1 for number in numbers])
        self.table.select(self.current)
        block = self.blocks[self.current] if self.blocks else None
        for widget in (self.from_box, self.to_box, self.pattern_button):
            widget.setEnabled(block is not None)
        if block is not None:
            count = len(self.dock.comparison.permutation)
            for box, value in ((self.from_box, block.start), (self.to_box, block.stop - 1)):
                box.blockSignals(True)
                box.setRange(0, count - 1)
                box.setValue(value)
                box.blockSignals(False)
        self.label.setText(f"Group {self.current + 1}: maps" if block else "Maps")
        self.changed.emit()

    def _typed(self, *_: Any) -> None:
        count = len(self.dock.comparison.permutation)
        start, stop = self.from_box.value(), self.to_box.value() + 1
        if self.sender() is self.from_box:
            # Two maps at least, none of them beyond the last.
            start = min(start, count - 2)
            stop = max(stop, start + 2)
        start = max(min(start, stop - 2), 0)
        self.moved.emit(self.current, start, max(stop, start + 2))

    # the maps of a group

    def _look(self) -> None:
        """Show the maps of the current group, and its pattern where one is on show."""
        if not self.blocks or self.dock.comparison is None:
            self._drawing.drop()
            self.thumbnails.clear()
            self.note.clear()
            return
        block = self.blocks[self.current]
        study, comparison = self.dock.session.study, self.dock.comparison
        if study is None:
            return
        self._drawing.ask(read_thumbnails, study, comparison, block)
        more = f" The first {MOST_THUMBNAILS} are shown." if len(block) > MOST_THUMBNAILS else ""
        self.note.setText(
            f"Within the contour (green) lie {100 * block.fraction:.2g} % of the area: pore "
            f"structures that the {len(block)} maps share. Fractions compare only between groups "
            f"of one size.{more}"
        )
        if pattern_shown(self.dock.viewer):
            self._put()

    def _show_thumbnails(self, found: list[tuple[Any, Any]]) -> None:
        self.thumbnails.clear()
        self._tiles = [tile for tile, _ in found]
        for tile, picture in found:
            height, width = picture.shape[:2]
            image = QImage(picture.data, width, height, 3 * width, QImage.Format.Format_RGB888)
            item = QListWidgetItem(QIcon(QPixmap.fromImage(image)), tile.image)
            item.setToolTip(tile.name)
            self.thumbnails.addItem(item)
        self.mark(self.dock.session.image_id)

    def mark(self, image: str) -> None:
        """Mark the maps of an image."""
        for row, tile in enumerate(self._tiles[: self.thumbnails.count()]):
            self.thumbnails.item(row).setSelected(tile.image == image)

    def _go(self, item: QListWidgetItem) -> None:
        tile = self._tiles[self.thumbnails.row(item)]
        self.dock.guide.go(tile.image, tile.origin)

    # the pattern

    @guarded
    def show_shared(self) -> None:
        """Show what the maps of the current group share, beside the image."""
        self.dock.session.require_study()
        self._put()

    def _put(self) -> None:
        block, comparison = self.blocks[self.current], self.dock.comparison
        if block.pattern is None:
            return
        shown = show_pattern(
            self.dock.viewer,
            comparison.sample,
            self.current + 1,
            block.pattern,
            block.contour,
            self.dock.session.study.pixel_size_nm,
        )
        self._turns.run(shown)

    @guarded
    def hide_shared(self) -> None:
        """Take the layer of the pattern away."""
        self._turns.run(hide_pattern(self.dock.viewer))
