"""S2 dock: two-point correlation of the current image, live, and of the study's samples."""

from functools import partial
from typing import Any

import numpy as np
from qtpy.compat import isalive
from qtpy.QtWidgets import QCheckBox, QComboBox, QHBoxLayout, QLabel

from napari_npm.core.errors import NpmError

from .current import current_subject
from .data_table import DataTable
from .dock import guarded
from .layers import Kind, find
from .linked_plot import LinkedPlot, save_buttons
from .maps import CurrentMap, current_map, map_box
from .plot_links import Spot
from .s2_plots import draw_change, draw_correlation, links_of
from .s2_work import (
    Compared,
    Correlation,
    Samples,
    compare_samples,
    correlate_image,
    lengths_text,
    read_samples,
    stored_regions,
    test_text,
)
from .step_dock import StepDock
from .study_work import tiles_text
from .table_model import Column
from .tasks import Latest

_SOURCES = {"whole": "whole map", "regions": "characteristic regions"}
_STORED = {
    "whole": "whole maps",
    "regions": "regions of MulF",
    "regions_micf": "regions of MicF",
    "regions_both": "regions of both",
}
_COLUMNS = (
    Column("\nSample", "sample"),
    Column("\nPairs in", "source", "Pairs in whole maps, or in characteristic regions"),
    Column("Corr.\nµm", "correlation_length_um", "Correlation length: P(Δn | r) stays constant"),
    Column("Interval\nµm", "correlation_interval", "Its 90 % interval; ? is not determined"),
    Column("Char.\nµm", "characteristic_length_um", "Characteristic length: lowest P(Δn = 0 | r)"),
    Column("Interval\nµm", "interval", "Its 90 % interval; ? is not determined"),
    Column("\nLimited by", "limit", "What limits the lengths"),
)


class S2Dock(StepDock):
    """Two-point correlation function S2(r, Δn).

    Attributes
    ----------
    found : Correlation or None
        That of the current image, where it is on show.
    """

    remembered = ("map_box", "where_box", "live_box", "first_box", "second_box", "source_box")

    def build(self) -> None:
        """Lay the dock out."""
        self._source: CurrentMap | None = None
        self.found: Correlation | None = None
        self._asked: Any = None
        self._watched: Any = None
        self._live = Latest(self)
        self._live.done.connect(self._live_done)
        self._live.failed.connect(self._live_failed)
        self._reading = Latest(self)
        self._reading.done.connect(self._samples_read)
        self._comparing = Latest(self)
        self._comparing.done.connect(self._compared)
        self._comparing.failed.connect(self.say)
        self._build_image()
        self._build_samples()
        self.session.study_changed.connect(self._read_samples)
        self._read_samples()

    def _build_image(self) -> None:
        from napari_npm.study.settings import SETTINGS

        layout = self.group("S2(r, Δn) of the current image")
        fields = SETTINGS["correlate"].model_fields
        self.form = self.step_form(
            "correlate", folded=[name for name in fields if name != "r_max_px"]
        )
        layout.addWidget(self.form)
        self.map_box = map_box()
        self.where_box = QComboBox()
        for key, words in _SOURCES.items():
            self.where_box.addItem(words, key)
        self.where_box.setToolTip("Pairs of pixels counted for the current image")
        self.row(layout, self.map_box, self.where_box)
        self.one_button = self.button(
            "S2 of image", self.correlate, "Count the pairs of the current image's map"
        )
        self.live_box = QCheckBox("Live")
        self.live_box.setToolTip("Count anew whenever the image or a setting changes")
        self.row(layout, self.one_button, self.live_box)
        self.plot = LinkedPlot(self.viewer, "The heat map of S2 appears here.", 330, "s2")
        self.plot.chosen.connect(self._tell_value)
        layout.addWidget(self.plot)
        self.result = self.note()
        layout.addWidget(self.result)
        self.row(layout, *save_buttons(self, self.plot))
        self.live_box.toggled.connect(self._live_changed)
        self.map_box.currentIndexChanged.connect(self._live_changed)
        self.where_box.currentIndexChanged.connect(self._live_changed)
        self.form.changed.connect(self._live_changed)

    def _build_samples(self) -> None:
        layout = self.group("Samples of the study")
        self.all_button = self.job_button(
            "S2 of samples", self.correlate_all, "Run all that is left up to this step"
        )
        layout.addWidget(self.all_button)
        self.table = DataTable(_COLUMNS, "lengths", even=False)
        self.table.setFixedHeight(172)
        self.table.said.connect(self.say)
        layout.addWidget(self.table)
        self.first_box, self.second_box, self.source_box = QComboBox(), QComboBox(), QComboBox()
        self.first_box.setToolTip("The sample that is taken away")
        self.second_box.setToolTip("The sample that it is taken away from")
        self.source_box.setToolTip("Where pairs of pixels were counted")
        row = QHBoxLayout()
        for widget in (self.second_box, QLabel("−"), self.first_box, self.source_box):
            row.addWidget(widget)
        row.setStretch(3, 1)
        layout.addLayout(row)
        self.change_plot = LinkedPlot(
            self.viewer, "The difference of two samples appears here.", 330, "s2_difference"
        )
        self.change_plot.chosen.connect(self._tell_value)
        layout.addWidget(self.change_plot)
        self.change_text = self.note()
        layout.addWidget(self.change_text)
        self.row(layout, *save_buttons(self, self.change_plot))
        for box in (self.first_box, self.second_box, self.source_box):
            box.currentIndexChanged.connect(self._compare)

    # the current image

    def refresh(self) -> None:
        """Forget an image that is no longer on show; count the pairs of the next, where wanted."""
        if hasattr(self, "change_text") and not self.session.changing:
            subject = current_subject(self.viewer)
            if self.found and (subject is None or subject.name != self.found.name):
                self._forget()
            self._live_changed(force=False)

    def _forget(self, why: str = "") -> None:
        self.found = None
        self.plot.clear()
        self.result.setText(why)

    def _request(self) -> tuple[Any, ...]:
        """Return what to count, for `correlate_image`; `NpmError` where something is missing."""
        source = current_map(self.viewer, self.map_box.currentData(), self.session.study)
        subject = source.subject
        regions: Any = None
        if self.where_box.currentData() == "regions":
            layer = find(self.viewer, Kind.REGIONS, subject)
            if layer is not None:
                regions = np.asarray(layer.data) > 0
            elif self.session.study is not None and subject.image_id is not None:
                regions = partial(
                    stored_regions, self.session.study, subject.image_id, source.values.shape
                )
            else:
                raise NpmError(
                    f"{subject.name} has no regions yet: find them in the Characteristic "
                    "regions dock."
                )
        self.form.parameters()
        self._source = source
        r_max = self.form.values()["r_max_px"]
        size = subject.pixel_size_nm
        return subject.name, source.values, regions, source.origins, r_max, size

    @guarded
    def correlate(self) -> None:
        """Correlate the current image's map in the background."""
        request = self._request()
        self._live.drop()
        self.run_task("Counting pairs…", correlate_image, *request, done=self._correlated)

    def _live_changed(self, *_: Any, force: bool = True) -> None:
        """Count what is asked for now, unless it is what was asked for last."""
        if not self.live_box.isChecked():
            self._live.drop()
            self._asked = None
            return
        try:
            request = self._request()
        except NpmError as error:
            self._asked = None
            self._forget(str(error))
            return
        self._watch(find(self.viewer, self.map_box.currentData(), self._source.subject))
        # Selecting another layer of the image is no reason to count again.
        asked = request[0], id(request[1])
        if force or asked != self._asked:
            self._asked = asked
            self._live.drop()
            self._live.ask(correlate_image, *request)

    def _watch(self, layer: Any) -> None:
        """Count anew when a map is made anew, as by another calibration."""
        if layer is self._watched:
            return
        if self._watched is not None:
            self._watched.events.data.disconnect(self._map_changed)
        self._watched = layer
        if layer is not None:
            layer.events.data.connect(self._map_changed)

    def _map_changed(self, event: Any) -> None:  # noqa: ARG002 - napari passes it
        if isalive(self) and not self.session.changing:
            self._live_changed(force=False)

    def _live_done(self, found: Correlation) -> None:
        if self.live_box.isChecked():
            self._correlated(found)

    def _live_failed(self, text: str) -> None:
        self._forget(text)

    def _correlated(self, found: Correlation) -> None:
        self.found = found
        self.plot.name = f"s2_{found.name}".replace("/", "-").replace(" ", "_")
        self.plot.show_plot(partial(draw_correlation, found=found), links_of(found), found.table)
        self.result.setText(lengths_text(found))
        self.say(f"S2 of {found.name} made from {tiles_text(found.tiles)}.")

    def _tell_value(self, spot: Spot) -> None:
        self.say(spot.text.replace("\n", ": "))

    # the samples

    @guarded
    def correlate_all(self) -> None:
        """Correlate all samples of the study as a job."""
        self.run_steps("Correlating all samples", "run", "--until", "correlate")

    def _read_samples(self) -> None:
        if self.session.study is None:
            self._samples_read(Samples())
        else:
            self._reading.ask(read_samples, self.session.study)

    def _samples_read(self, found: Samples) -> None:
        boxes = (self.first_box, self.second_box, self.source_box)
        before = [box.currentText() for box in boxes]
        names = list(dict.fromkeys(name for own in found.sources.values() for name in own))
        for box in boxes:
            box.blockSignals(True)
            box.clear()
        for box in boxes[:2]:
            box.addItems(names)
        for key in found.sources:
            self.source_box.addItem(_STORED.get(key, key), key)
        self.second_box.setCurrentIndex(min(1, len(names) - 1))
        for box, text in zip(boxes, before, strict=True):
            box.setCurrentText(text)
            box.blockSignals(False)
        self._show_lengths(found.lengths)
        self._compare()

    def _show_lengths(self, table: Any) -> None:
        if table is None or table.empty or "characteristic_length_um" not in table:
            self.table.show_table({})
            return
        rows = table.to_dict("records")
        values = {name: table[name].to_numpy() for name in table}
        values["source"] = np.array([_STORED.get(row["source"], row["source"]) for row in rows])
        for column, name in (
            ("correlation_interval", "correlation"),
            ("interval", "characteristic"),
        ):
            values[column] = np.array([_interval(row, name) for row in rows])
        values["limit"] = np.array(
            [f"{row['correlation_limit']}; {row['characteristic_limit']}" for row in rows]
        )
        self.table.show_table(values)

    def _compare(self, *_: Any) -> None:
        names = self.first_box.currentText(), self.second_box.currentText()
        if "" in names or names[0] == names[1] or self.session.study is None:
            self._comparing.drop()
            self.change_plot.clear()
            self.change_text.clear()
            return
        source = self.source_box.currentData()
        self._comparing.ask(compare_samples, self.session.study, source, names)

    def _compared(self, found: Compared) -> None:
        self.change_plot.name = f"s2_{found.second.name}-{found.first.name}".replace(" ", "_")
        draw = partial(draw_change, compared=found)
        self.change_plot.show_plot(draw, links_of(found), found.table)
        self.change_text.setText(
            "Red: pairs that are more frequent in "
            f"{found.second.name}, blue: in {found.first.name}. A point on a curve is its "
            "characteristic length with its interval; it is open where it is not determined. "
            + test_text(found)
        )


def _interval(row: dict[str, Any], name: str) -> str:
    low, high = row[f"{name}_low_um"], row[f"{name}_high_um"]
    doubt = "" if row[f"{name}_determined"] else " ?"
    return f"–{doubt}" if low is None or low != low else f"{low:.3g}–{high:.3g}{doubt}"
