"""Train and predict dock: the network learns in a job, is put to the test, and is used."""

from .classify_page import ClassifyPage
from .evaluate_page import EvaluatePage
from .paged_dock import PagedDock
from .train_page import TrainPage


class TrainDock(PagedDock):
    """Three pages, each a part of its own: `learning`, `evaluation` and `classification`."""

    remembered = (
        *PagedDock.remembered,
        "classification.model_box",
        "classification.stride",
    )

    def build(self) -> None:
        """Lay the dock out."""
        self.learning, self.evaluation, self.classification = self.add_pages(
            ("Train", TrainPage, "Split the study, train, and see the test"),
            ("Evaluate", EvaluatePage, "Several seeds, baselines and controls"),
            ("Classify", ClassifyPage, "Use a model on the current image"),
        )
