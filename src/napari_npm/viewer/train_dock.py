"""Train and predict dock: the network learns in a job, is put to the test, and is used."""

from qtpy.QtWidgets import QTabBar

from .classify_page import ClassifyPage
from .evaluate_page import EvaluatePage
from .parts import Part
from .step_dock import StepDock
from .train_page import TrainPage


class TrainDock(StepDock):
    """Three pages, each a part of its own: `learning`, `evaluation` and `classification`."""

    remembered = ("pages", "classification.model_box", "classification.stride")

    def build(self) -> None:
        """Lay the dock out."""
        self.pages = QTabBar()
        self.pages.setExpanding(True)
        self.pages.setDrawBase(False)
        self.column.addWidget(self.pages)
        self.learning = TrainPage(self)
        self.evaluation = EvaluatePage(self)
        self.classification = ClassifyPage(self)
        self.parts: tuple[tuple[str, Part, str], ...] = (
            ("Train", self.learning, "Split the study, train, and see the test"),
            ("Evaluate", self.evaluation, "Several seeds, baselines and controls"),
            ("Classify", self.classification, "Use a model on the current image"),
        )
        for title, part, tip in self.parts:
            self.pages.setTabToolTip(self.pages.addTab(title), tip)
            self.column.addWidget(part)
        self.pages.currentChanged.connect(self.show_page)
        self.show_page(0)

    def show_page(self, place: int) -> None:
        """Show one part."""
        self.pages.setCurrentIndex(place)
        for number, (_, part, _tip) in enumerate(self.parts):
            part.setVisible(number == place)

    def refresh(self) -> None:
        """Follow the current image and the study."""
        for _, part, _tip in self.parts:
            part.refresh()
