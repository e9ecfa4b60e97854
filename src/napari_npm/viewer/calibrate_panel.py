"""What the grey levels of the current image give, live: histogram, numbers and map."""

from typing import Any

from qtpy.compat import isalive
from qtpy.QtCore import QSignalBlocker, QTimer, Signal
from qtpy.QtWidgets import QCheckBox

from napari_npm.core.errors import NpmError

from .calibrate_chart import GreyChart
from .calibrate_grey import Grey, Place, Sources, levels_of
from .calibrate_live import Measured, measure, porosity_at, read
from .calibrate_numbers import Numbers
from .calibrate_preview import Preview, Wanted
from .current import Current, base_layer, current_subject
from .dock import guarded
from .forms import Form
from .layers import Kind
from .mask_tools import mask_of
from .parts import Part
from .tasks import Task

LEVELS = ("g_csh", "g_metal")


class LivePanel(Part):
    """The upper half of the calibrate page.

    Attributes
    ----------
    measured : Signal
        Emitted with the `Measured` of the current image whenever it was measured.
    """

    measured = Signal(object)

    def build(self) -> None:
        """Lay the panel out."""
        self.grey: Grey | None = None
        self.curve: Any = None
        self._subject: Any = None
        self._image: Current | None = None
        self._measuring: Task | None = None
        self._moving = False
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(250)
        self._timer.timeout.connect(self._measure)
        self.chart = GreyChart(self.viewer)
        self.chart.moved.connect(self._line_moved)
        self.chart.given_back.connect(self.give_back)
        self.column.addWidget(self.chart)
        self.live_box = QCheckBox("Live map")
        self.live_box.setToolTip("Show the map that these levels give; follows the lines at once")
        self.live_box.toggled.connect(self._live_toggled)
        self.clipped_box = QCheckBox("Clipped")
        self.clipped_box.setToolTip(
            "Mark on the live map what is darker than G_CSH (blue) or brighter than G_m (orange)"
        )
        self.clipped_box.toggled.connect(self._clipped_toggled)
        self.log_box = QCheckBox("Log counts")
        self.log_box.setToolTip("Draw the logarithm of the counts, so that rare greys are seen")
        self.log_box.toggled.connect(self.chart.set_log)
        self.dock.row(self.column, self.live_box, self.clipped_box, self.log_box)
        self.reading = self.dock.note()
        self.column.addWidget(self.reading)
        self.numbers = Numbers()
        self.column.addWidget(self.numbers)
        self.preview = Preview(self.viewer, self.session, self)
        self.preview.closed.connect(self._preview_closed)
        self.viewer.mouse_move_callbacks.append(self._pointed)

    def follow(self, form: Form) -> None:
        """Take given levels and curve from this form, and write moved levels to it."""
        self.form = form
        form.changed.connect(self._form_changed)

    # following the image

    def refresh(self) -> None:
        """Follow the current image."""
        subject = current_subject(self.viewer)
        if subject != self._subject:
            # What was measured, and a line in hand, are of another image.
            self._subject = subject
            self.grey = self._image = None
            self.chart.drop()
            self.chart.set_histogram(None, None)
            self.chart.set_cursor(None)
            self.numbers.clear()
            self.numbers.point("")
            self._show()
        if base_layer(self.viewer) is not None:
            self._timer.start()
        else:
            self.live_box.setChecked(False)

    def measure_soon(self) -> None:
        """Measure again soon."""
        self._timer.start()

    def place(self) -> Place | None:
        """Return where the current image stands in the study, or None for a free image."""
        subject, study = current_subject(self.viewer), self.session.study
        if study is None or subject is None or subject.image_id is None:
            return None
        return Place(study, subject.image_id)

    @guarded
    def _measure(self) -> None:
        if self._measuring is not None or self.chart.dragging:
            self._timer.start()
            return
        if self.session.closed or base_layer(self.viewer) is None:
            return  # closed since the timer was started
        image = self.current()
        self._asked = image
        self._measuring = Task(
            measure,
            image.pixels,
            mask_of(self.viewer, image),
            self.form.parameters(),
            self.place(),
            parent=self.session,
        )
        self._measuring.done.connect(self._measured)
        self._measuring.failed.connect(self.say)
        self._measuring.ended.connect(self._measure_over)
        self.session.start(self._measuring)

    def _measure_over(self) -> None:
        self._measuring = None

    def _measured(self, found: Measured) -> None:
        if self._asked.subject != current_subject(self.viewer):
            return
        self.grey, self.curve, self._image = found.grey, found.curve, self._asked
        self.chart.set_histogram(found.grey.edges, found.grey.counts)
        self.chart.set_curve(found.curve)
        self.measured.emit(found)
        self._show()

    # the levels

    def levels(self) -> tuple[float | None, float | None]:
        """Return G_CSH and G_m as they would be used: given, else from the references."""
        sources = self._sources()
        csh, metal = (sources[name][0].mean if name in sources else None for name in LEVELS)
        return csh, metal

    def _sources(self) -> Sources:
        if self.grey is None:
            return {}
        given = self.form.values()
        return levels_of(self.grey, given["g_csh"], given["g_metal"])

    def _form_changed(self) -> None:
        if not self._moving:
            self._show()
            self._timer.start()  # another curve may have been chosen

    def _line_moved(self, name: str, level: float) -> None:
        self._moving = True
        self.form.set_values({name: level})
        self._moving = False
        if not self.live_box.isChecked():
            self.live_box.setChecked(True)
        else:
            self._show()

    @guarded
    def give_back(self) -> None:
        """Take both levels from the references again."""
        self._moving = True
        self.form.set_values({"g_csh": None, "g_metal": None})
        self._moving = False
        self._show()
        self.say("G_CSH and G_m are those of the references again.")

    # what they give

    def _show(self) -> None:
        """Show what the levels in hand give: lines, numbers and the live map."""
        sources = self._sources()
        csh, metal = self.levels()
        self.chart.set_levels(csh, metal)
        self._show_references()
        self.reading.hide()
        if self.grey is None:
            return
        if csh is None or metal is None:
            missing = [name for name, level in (("G_CSH", csh), ("G_m", metal)) if level is None]
            why = " ".join(self.grey.problems) or f"{' and '.join(missing)} not known."
            self._say_instead(
                f"{why} Mark or propose references, or drag the lines in from the ends."
            )
            return
        try:
            found = read(self.grey, sources, self.curve, self._model_error())
        except NpmError as error:
            self._say_instead(str(error))
            return
        self.numbers.tell(found, sources, self.place() is not None)
        if self.live_box.isChecked():
            self._ask(csh, metal)

    def _show_references(self) -> None:
        """Show the references' levels in the fields where no number is given."""
        known = {} if self.grey is None else self.grey.references
        for name in LEVELS:
            field = self.form.fields[name]
            if field.value() is None:
                with QSignalBlocker(field.field):
                    field.field.set_value(known[name][0].mean if name in known else 0)

    def _say_instead(self, text: str) -> None:
        self.reading.setText(text)
        self.reading.show()
        self.numbers.clear()
        self.preview.hide()

    def _ask(self, csh: float, metal: float) -> None:
        if self.grey is not None and self._image is not None:
            clipped = self.clipped_box.isChecked()
            self.preview.show(
                Wanted(self._image, self.grey.unhydrated, csh, metal, self.curve, clipped)
            )

    def _live_toggled(self, on: bool) -> None:
        if on:
            self._show()
        else:
            self.clipped_box.setChecked(False)
            self.preview.hide()

    def _clipped_toggled(self, on: bool) -> None:
        if on and not self.live_box.isChecked():
            self.live_box.setChecked(True)
        elif self.live_box.isChecked():
            self._show()

    def _preview_closed(self, kind: Any) -> None:
        (self.clipped_box if kind is Kind.CLIPPED else self.live_box).setChecked(False)

    def _pointed(self, viewer: Any, event: Any) -> None:  # noqa: ARG002 - napari passes it
        if not isalive(self):
            viewer.mouse_move_callbacks.remove(self._pointed)
            return
        if self.grey is None or not self.isVisibleTo(self.dock):
            return
        layer = base_layer(viewer)
        grey = None if layer is None else layer.get_value(viewer.cursor.position, world=True)
        self.chart.set_cursor(None if grey is None else float(grey))
        self.numbers.point(self._pointer_text(grey))

    def _pointer_text(self, grey: Any) -> str:
        csh, metal = self.levels()
        if grey is None or self.grey is None:
            return ""
        text = f"grey {grey:g}"
        if csh is None or metal is None or not metal > csh:
            return text
        found = porosity_at(float(grey), self._sources(), self.curve, self._model_error())
        return f"{text}, {found}"

    def _model_error(self) -> float:
        return float(self.form.values()["model_error"])
