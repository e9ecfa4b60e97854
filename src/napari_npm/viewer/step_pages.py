"""Every step of the method with its parameters, one at a time."""

from typing import Any

from qtpy.QtWidgets import QComboBox, QVBoxLayout, QWidget

from .forms import Form
from .parts import Part


class StepPages(Part):
    """A box of steps, a button that runs up to the chosen one, and its form below.

    Steps are listed once there is a study to run them on, and forms made when they are first
    asked for: the ways to begin are there the sooner.
    """

    def build(self) -> None:
        """Lay the part out, without steps."""
        self.box = QComboBox()
        self.box.setToolTip("A step of the method, with its parameters below")
        self.box.setAccessibleName("Step of the method")
        self.button = self.dock.job_button(
            "Run to here", self._run, "Run what is left up to and including this step"
        )
        self.dock.row(self.column, self.box, self.button)
        self._pages: list[QWidget] = []

    def fill(self) -> None:
        """List the steps, the first time that this is called."""
        from napari_npm.study.steps import STEPS

        if self._pages:
            return
        for name, step in STEPS.items():
            if name == "import":
                continue
            self.box.addItem(step.title, name)
            page = QWidget()
            layout = QVBoxLayout(page)
            layout.setContentsMargins(0, 0, 0, 0)
            layout.addWidget(self.dock.note(step.summary))
            page.hide()
            self.column.addWidget(page)
            self._pages.append(page)
        self.box.currentIndexChanged.connect(self._chosen)
        self._chosen(0)

    def _chosen(self, place: int) -> None:
        page = self._pages[place]
        step = self.box.itemData(place)
        if step not in self.dock.forms:
            form = self.dock.step_form(step)
            if self.session.study is not None:
                form.set_values(self.session.study.parameters(step))
            page.layout().addWidget(form)
        for other in self._pages:
            other.setVisible(other is page)

    def form_of(self, step: str) -> Form:
        """Return a step's form, choosing its page."""
        self.fill()
        self.box.setCurrentIndex(self.box.findData(step))
        form: Form = self.dock.forms[step]
        return form

    def _run(self, _: Any = None) -> None:
        self.dock.run_to(self.box.currentData(), self.box.currentText())
