"""Shared patterns dock: relevance maps in an order of likeness, their groups, what those share."""

from collections.abc import Iterator
from functools import partial
from typing import Any

from qtpy.QtWidgets import QComboBox

from .dock import guarded
from .group_matrix import GroupMatrix, draw_matrix
from .groups_box import GroupsBox
from .guide import Guide
from .kinds import Kind
from .linked_plot import save_buttons
from .pattern_layers import show_pair
from .patterns_work import (
    Block,
    Pair,
    find_blocks,
    matrix_table,
    names_of,
    order_text,
    ordered,
    read_anew,
    read_compared,
    read_comparison,
    read_pair,
    with_pattern,
)
from .plot_links import Cells, Spot
from .step_dock import StepDock
from .tasks import Latest
from .turns import Turns

_NOTHING = (
    "No maps are compared yet: press “Compare maps”, once three or more tiles of a sample are "
    "explained."
)
_SHOWN = ("grouping", "number", "size")
_HEIGHT = 290


class PatternsDock(StepDock):
    """Difference matrix of relevance maps, groups of similar ones, and their shared patterns.

    Attributes
    ----------
    comparison : Comparison or None
        What is on show.
    """

    remembered = ("model_box", "sample_box")

    def build(self) -> None:
        """Lay the dock out."""
        self.comparison: Any = None
        self._looked_for = False
        self.guide = Guide(self.session, self)
        self._reading, self._finding, self._pairing = Latest(self), Latest(self), Latest(self)
        self._listing, self._turns = Latest(self), Turns(self)
        for work, done in (
            (self._listing, self._listed),
            (self._reading, self._read_done),
            (self._finding, self._found),
            (self._pairing, self._pair_read),
        ):
            work.done.connect(done)
            work.failed.connect(self.say)
        self._build_matrix()
        self.groups = GroupsBox(self)
        self.column.addWidget(self.groups)
        self.groups.changed.connect(self._groups_changed)
        self.groups.moved.connect(self.set_group)
        self.matrix.group_set.connect(self.set_group)
        self.matrix.group_chosen.connect(self.groups.choose)
        self.session.study_changed.connect(self._list)
        self.session.image_changed.connect(self._mark)
        self._list()

    def _build_matrix(self) -> None:
        from napari_npm.study.settings import SETTINGS

        layout = self.group("How alike are the relevance maps?")
        fields = SETTINGS["compare"].model_fields
        self.form = self.step_form(
            "compare", folded=[name for name in fields if name not in _SHOWN]
        )
        layout.addWidget(self.form)
        self.all_button = self.job_button(
            "Compare maps", self.compare, "Run all that is left up to this step"
        )
        layout.addWidget(self.all_button)
        self.model_box, self.sample_box = QComboBox(), QComboBox()
        self.model_box.setToolTip("Whose relevance maps are compared")
        self.sample_box.setToolTip("The sample whose maps are compared with each other")
        self.row(layout, self.model_box, self.sample_box)
        self.matrix = GroupMatrix(self.viewer, _NOTHING, _HEIGHT, "differences")
        self.matrix.chosen.connect(self._clicked)
        layout.addWidget(self.matrix)
        self.result = self.note()
        layout.addWidget(self.result)
        self.row(layout, *save_buttons(self, self.matrix))
        self.model_box.currentIndexChanged.connect(self._model_chosen)
        self.sample_box.currentIndexChanged.connect(self._read)
        for name in _SHOWN:
            self.form.fields[name].changed.connect(self._number_changed)

    @guarded
    def compare(self) -> None:
        """Compare the maps of all samples as a job."""
        self.run_steps("Comparing relevance maps", "run", "--until", "compare")

    # what was compared

    def _list(self) -> None:
        if self.session.study is None:
            self._listed([])
        else:
            self._listing.ask(read_compared, self.session.study)

    def _listed(self, found: list[tuple[str, str]]) -> None:
        self._compared = found
        from napari_npm.study.wiring import MAP_NAMES

        models = list(dict.fromkeys(model for model, _ in found))
        _fill(self.model_box, [MAP_NAMES.get(model, model) for model in models], models)
        self._model_chosen()

    def _model_chosen(self, *_: Any) -> None:
        own = self.model_box.currentData()
        samples = [sample for model, sample in self._compared if model == own]
        _fill(self.sample_box, samples, samples)
        self._read()

    def _read(self, *_: Any) -> None:
        chosen = self.model_box.currentData(), self.sample_box.currentData()
        if None in chosen or self.session.study is None:
            self._reading.drop()
            self._read_done(None)
        else:
            self._looked_for = False
            self._reading.ask(read_comparison, self.session.study, *chosen)

    def _read_done(self, found: tuple[Any, list[Block]] | None) -> None:
        self._finding.drop()
        if found is None:
            self.comparison = None
            self.matrix.clear()
            self.matrix.set_groups((), 0, 0)
            self.result.clear()
            self.groups.show_blocks([])
            return
        self.comparison, blocks = found
        name = f"differences_{self.comparison.model}_{self.comparison.sample}"
        self.matrix.name = name.replace("/", "-").replace(" ", "_")
        values, names = ordered(self.comparison), names_of(self.comparison)
        self._names = names
        tiles = [self.tile_at(row) for row in range(len(names))]
        self.matrix.show_plot(
            partial(draw_matrix, values=values, label="difference of two maps"),
            Cells([tile.image for tile in tiles], values, names),
            partial(matrix_table, self.comparison),
        )
        self.result.setText(
            f"{order_text(self.comparison)} Click on a cell to see its two maps; drag a rectangle "
            "or its edges to set a group."
        )
        self.groups.show_blocks(blocks)
        self._mark()

    def tile_at(self, row: int) -> Any:
        """Return the tile in a row of the ordered matrix."""
        return self.comparison.tiles[int(self.comparison.permutation[row])]

    # groups

    def _number_changed(self, *_: Any) -> None:
        """Look for the groups anew once the user asks for others."""
        study = self.session.study
        if self.comparison is None or study is None:
            return
        values = self.form.values()
        kind, number, size = (values[name] for name in _SHOWN)
        spectral = kind == "spectral"
        if not spectral and number is None:
            number = 3  # as the step does
        same = kind == self.comparison.grouping and (spectral or size is None)
        if same and number in (None, len(self.groups.blocks)) and not self._looked_for:
            return
        self._looked_for = True
        if spectral or kind != self.comparison.grouping:
            # the maps stand in another order
            self._reading.ask(read_anew, study, self.comparison, kind, number, size)
        else:
            self._finding.ask(find_blocks, study, self.comparison, number, size)

    def _found(self, found: list[Block] | tuple[int, Block]) -> None:
        if not isinstance(found, tuple):
            self.groups.show_blocks(found)
            return
        number, block = found
        blocks = self.groups.blocks
        # Meanwhile the group may have been set anew.
        if number < len(blocks) and _place(blocks[number]) == _place(block):
            self.groups.replace(number, block)
        self._find_next()

    def set_group(self, number: int, start: int, stop: int) -> None:
        """Set a group by hand, and find out in the background what its maps share."""
        if self.comparison is None or self.session.study is None:
            return
        block = Block(start, stop, float("nan"))
        self.groups.replace(number, block)
        self.groups.choose(number)
        self._find_next()

    def _find_next(self) -> None:
        """Find out what the maps of a group set by hand share, one group after another."""
        for number, block in enumerate(self.groups.blocks):
            if block.pattern is None:
                study = self.session.study
                self._finding.ask(_numbered, number, study, self.comparison, block)
                return

    def _groups_changed(self) -> None:
        blocks = [(block.start, block.stop) for block in self.groups.blocks]
        count = 0 if self.comparison is None else len(self.comparison.permutation)
        self.matrix.set_groups(blocks, self.groups.current, count)

    # to and from images

    def _mark(self) -> None:
        self.matrix.mark(self.session.image_id)
        self.groups.mark(self.session.image_id)

    def _clicked(self, spot: Spot) -> None:
        self.pair_at(spot.place[0], spot.place[1])

    def pair_at(self, row: int, column: int) -> None:
        """Show the two maps of a cell of the ordered matrix beside each other."""
        tiles = self.tile_at(row), self.tile_at(column)
        model, study = self.comparison.model, self.session.study
        kind = Kind.MICF if model.startswith("micf") else Kind.MULF

        def arrived() -> None:
            self._pair = kind, tiles, (self._names[row], self._names[column])
            self._pairing.ask(read_pair, study, model, *tiles)

        self.guide.go(tiles[0].image, None, arrived)

    def _pair_read(self, pair: Pair) -> None:
        self._turns.run(self._show_pair(pair))

    def _show_pair(self, pair: Pair) -> Iterator[None]:
        kind, tiles, names = self._pair
        if self.session.image_id != tiles[0].image:
            return
        yield from show_pair(self.viewer, kind, tiles, names[1], pair)
        if self.session.image_id != tiles[0].image:
            return
        if pair.other is None:
            self.say(f"Relevance of {names[0]}.")
        else:
            self.say(f"Left {names[0]}, right {names[1]}.")


def _fill(box: QComboBox, names: list[str], keys: list[str]) -> None:
    """Offer names; what was chosen stays, and nothing is told."""
    before = box.currentData()
    box.blockSignals(True)
    box.clear()
    for name, key in zip(names, keys, strict=True):
        box.addItem(name, key)
    box.setCurrentIndex(max(box.findData(before), 0) if keys else -1)
    box.blockSignals(False)


def _place(block: Block) -> tuple[int, int]:
    return block.start, block.stop


def _numbered(report: Any, number: int, *arguments: Any) -> tuple[int, Block]:
    return number, with_pattern(report, *arguments)
