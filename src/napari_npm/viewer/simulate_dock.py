"""Simulate dock: the response of other materials, beam energies and detectors."""

from typing import Any

from qtpy.compat import isalive
from qtpy.QtCore import QSignalBlocker, QTimer
from qtpy.QtWidgets import QCheckBox

from napari_npm.core.errors import NpmError

from .dock import guarded
from .simulate_chart import ResponseChart
from .simulate_work import Signals, Simulation, default_signals, simulation_of
from .step_dock import StepDock
from .tasks import Task

_SELDOM = ("ionisation", "threshold_kev", "tilt_deg", "points", "standard_error", "seed")
_READ_MS = 400


class SimulateDock(StepDock):
    """Simulate how the signal rises with porosity; the study calibrates with the result."""

    follows_image = False
    remembered = ("normalised_box",)

    def build(self) -> None:
        """Lay the dock out."""
        self._reading: Task | None = None
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_READ_MS)
        self._timer.timeout.connect(self._read)
        layout = self.group("Response of the detector")
        self.hint = self.note(
            "The paper's materials at 5 kV need no simulation. For others open or create a study "
            "in the NPM study dock: it calibrates with what is simulated here."
        )
        layout.addWidget(self.hint)
        self.form = self.step_form("simulate", folded=_SELDOM)
        layout.addWidget(self.form)
        self.materials = self.note()
        layout.addWidget(self.materials)
        self.simulate_button = self.job_button(
            "Simulate", self.simulate, "Follow electrons through binder and metal, point by point"
        )
        layout.addWidget(self.simulate_button)
        self.chart = ResponseChart(self.viewer)
        layout.addWidget(self.chart)
        self.normalised_box = QCheckBox("Normalise: 0 at n = 0, 1 at n = 1")
        self.normalised_box.setToolTip("Show y(n), which the calibration inverts")
        self.normalised_box.toggled.connect(self.chart.set_normalised)
        layout.addWidget(self.normalised_box)
        self.result = self.note()
        layout.addWidget(self.result)
        self.form.changed.connect(self._form_changed)
        self.session.job_started.connect(self._job_started)
        self.session.job_ended.connect(self._timer.start)
        self._form_changed()

    def refresh(self) -> None:
        """Follow the study."""
        self.hint.setVisible(self.session.study is None)
        self._timer.start()

    def _form_changed(self) -> None:
        self._tell_materials()
        self._timer.start()

    def _tell_materials(self) -> None:
        from napari_npm.study.steps.simulate import materials_of

        try:
            binder, metal = materials_of(self.form.parameters())  # type: ignore[arg-type]
        except NpmError as error:
            self.materials.setText(f"⚠ {error}")
            return
        self.materials.setText("<br>".join(material_text(one) for one in (binder, metal)))
        for name, one in (("binder_density", binder), ("metal_density", metal)):
            field = self.form.fields[name]
            if field.value() is None:
                with QSignalBlocker(field.field):
                    field.field.set_value(one.density)

    # points as they come

    def _job_started(self) -> None:
        self.session.job.progress.connect(self._job_told)

    def _job_told(self, step: str, *_: Any) -> None:
        # The timer is not started anew while it runs: a burst of news must not hold it up.
        if step == "simulate" and not self._timer.isActive():
            self._timer.start()

    def _read(self) -> None:
        if not isalive(self) or self._reading is not None:
            return
        try:
            parameters: Any = self.form.parameters()
        except NpmError:
            return
        self._reading = Task(read, self.session.study, parameters, parent=self.session)
        self._reading.done.connect(self._show)
        self._reading.failed.connect(self._unread)
        self._reading.ended.connect(self._read_over)
        self._reading.start()

    def _read_over(self) -> None:
        self._reading = None

    def _unread(self, text: str) -> None:
        self.result.setText("" if self.materials.text().startswith("⚠") else text)

    def _show(self, found: tuple[Signals, Simulation | None]) -> None:
        default, simulation = found
        self.chart.title = "η" if self.form.values()["detector"] == "count" else "signal"
        self.chart.show_signals(default, None if simulation is None else simulation.signals)
        if simulation is None:
            self.result.clear()
            return
        text = simulation.text
        if simulation.finished:
            text += " Calibrate uses this curve."
        elif not text:
            text = f"{simulation.signals.porosity.size} of {simulation.total} points are simulated."
        self.result.setText(text)

    @guarded
    def simulate(self) -> None:
        """Simulate as a job."""
        self.run_steps("Simulating", "simulate")


def read(report: Any, study: Any, parameters: Any) -> tuple[Signals, Simulation | None]:
    """Return the default response and, in a study, what was simulated so far."""
    default = default_signals(parameters.detector)
    return default, None if study is None else simulation_of(report, study, parameters)


def material_text(material: Any) -> str:
    """Say what a material is made of."""
    parts = ", ".join(f"{symbol} {100 * weight:.1f}" for symbol, weight in material.weights)
    return f"{material.name}: {parts} % by mass; {material.density:g} g/cm³"
