"""Statistics dock: what porosity and pore size alone tell about the samples, tile by tile."""

from typing import Any

from qtpy.QtWidgets import QComboBox

from .data_table import DataTable
from .dock import guarded
from .guide import Guide
from .linked_plot import LinkedPlot, save_buttons
from .plot_links import Spot
from .statistics_plots import PLOTS
from .statistics_work import (
    DESCRIPTORS,
    LEVELS,
    TESTS,
    TILE_COLUMNS,
    Statistics,
    columns_of,
    read_statistics,
    words_of,
)
from .step_dock import StepDock
from .tasks import Latest

_NOTHING = "Nothing is described yet: press “Describe all images” once they are calibrated."


class StatisticsDock(StepDock):
    """Porosity, pore sizes, and whether the samples differ in them."""

    remembered = ("test_box", "descriptor_box", "level_box", "plot_box")

    def build(self) -> None:
        """Lay the dock out."""
        self.found = Statistics()
        self._guide = Guide(self.session, self)
        self._reading = Latest(self)
        self._reading.done.connect(self._show)
        self._reading.failed.connect(self.say)
        self._build_tests()
        self._build_tiles()
        self.session.study_changed.connect(self._read)
        self.session.image_changed.connect(self._mark)
        self._read()

    def _build_tests(self) -> None:
        from napari_npm.study.settings import SETTINGS

        layout = self.group("Do the samples differ?")
        fields = SETTINGS["describe"].model_fields
        self.form = self.step_form(
            "describe", folded=[name for name in fields if name != "confidence"]
        )
        layout.addWidget(self.form)
        self.all_button = self.job_button(
            "Describe all images", self.describe, "Run all that is left up to this step"
        )
        layout.addWidget(self.all_button)
        self.result = self.note(_NOTHING)
        layout.addWidget(self.result)
        self.test_box, self.descriptor_box, self.level_box = QComboBox(), QComboBox(), QComboBox()
        self.test_box.setToolTip("What was tested")
        self.descriptor_box.setToolTip("The descriptor of the tiles that is compared")
        self.level_box.setToolTip(
            "By specimen: the means of specimens, the test to rely on. By tile: as the paper's "
            "Table 2; tiles of one specimen resemble each other, so that it finds differences "
            "too easily"
        )
        for key, name in DESCRIPTORS.items():
            self.descriptor_box.addItem(name, key)
        for key, name in LEVELS.items():
            self.level_box.addItem(name, key)
        layout.addWidget(self.test_box)
        self.row(layout, self.descriptor_box, self.level_box)
        self.tests = DataTable(even=False)
        self.tests.setFixedHeight(128)
        self.tests.said.connect(self.say)
        layout.addWidget(self.tests)
        for box in (self.test_box, self.descriptor_box, self.level_box):
            box.currentIndexChanged.connect(self._show_test)

    def _build_tiles(self) -> None:
        layout = self.group("Tiles")
        self.plot_box = QComboBox()
        self.plot_box.setToolTip("What is plotted; a click on a point shows its image")
        for name in PLOTS:
            self.plot_box.addItem(name)
        layout.addWidget(self.plot_box)
        self.plot = LinkedPlot(self.viewer, "The tiles appear here as points.", 250)
        self.plot.chosen.connect(self._chosen)
        layout.addWidget(self.plot)
        self.row(layout, *save_buttons(self, self.plot))
        self.table = DataTable(TILE_COLUMNS, "describe", even=False)
        self.table.setMinimumHeight(210)
        self.table.chosen.connect(self._go)
        self.table.said.connect(self.say)
        layout.addWidget(self.table)
        self.plot_box.currentIndexChanged.connect(self._draw)

    @guarded
    def describe(self) -> None:
        """Describe all images of the study as a job."""
        self.run_steps("Describing all images", "run", "--until", "describe")

    # what was found

    def _read(self) -> None:
        if self.session.study is None:
            self._reading.drop()
            self._show(Statistics())
        else:
            self._reading.ask(read_statistics, self.session.study)

    def _show(self, found: Statistics) -> None:
        self.found = found
        self.result.setText(_NOTHING if found.tiles is None else words_of(found))
        self._fill_tests()
        if found.tiles is None:
            self.table.show_table({})
        else:
            values = {name: found.tiles[name].to_numpy() for name in found.tiles}
            self.table.show_table(values)
        self._draw()
        self._mark()

    def _fill_tests(self) -> None:
        before = self.test_box.currentData()
        self.test_box.blockSignals(True)
        self.test_box.clear()
        for key, name in TESTS.items():
            if key in self.found.tests:
                self.test_box.addItem(name, key)
        self.test_box.setCurrentIndex(max(self.test_box.findData(before), 0))
        self.test_box.blockSignals(False)
        self._show_test()

    def _show_test(self, *_: Any) -> None:
        key = self.test_box.currentData()
        levels = self.found.tests.get(key)
        self.level_box.setEnabled(levels is not None and "level" in levels)
        chosen = self.descriptor_box.currentData(), self.level_box.currentData()
        table = self.found.test(key, *chosen) if key else None
        if table is None:
            self.tests.show_table({}, ())
            return
        self.tests.name = "_".join((key, *chosen))
        values = {name: table[name].to_numpy() for name in table}
        self.tests.show_table(values, columns_of(table))

    def _draw(self, *_: Any) -> None:
        if self.found.tiles is None:
            self.plot.clear()
            return
        drawing = PLOTS[self.plot_box.currentText()](self.found)
        self.plot.name = drawing.name
        self.plot.show_plot(drawing.draw, drawing.links, drawing.table)

    # to and from images

    def _mark(self) -> None:
        image = self.session.image_id
        self.plot.mark(image)
        tiles = self.found.tiles
        if tiles is None:
            return
        own = tiles.index[tiles["image"] == image]
        marked = self.table.selectionModel().selectedRows()
        # Of a mosaic the tile that was chosen stays marked.
        if not any(self.table.rows.key_at(index.row()) in own for index in marked):
            self.table.select(int(own[0]) if len(own) else -1)

    def _chosen(self, spot: Spot) -> None:
        own = self.found.tiles["name"] == spot.text.partition("\n")[0]
        self._go(int(self.found.tiles.index[own][0]))

    def _go(self, row: int) -> None:
        """Show the image of a row, at its tile."""
        tile = self.found.tiles.loc[row]
        self.table.select(row)
        self._guide.go(str(tile["image"]), (int(tile["row"]), int(tile["col"])))
