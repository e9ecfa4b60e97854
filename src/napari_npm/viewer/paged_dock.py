"""A dock of several pages, of which one is seen."""

from typing import Any

from qtpy.QtWidgets import QTabBar

from .parts import Part
from .step_dock import StepDock


class PagedDock(StepDock):
    """Base of the docks with pages, each a `Part` with a file of its own."""

    remembered: tuple[str, ...] = ("pages",)

    def add_pages(self, *pages: tuple[str, type[Part], str]) -> tuple[Any, ...]:
        """Make the pages, each given by its title, its class and a sentence on it.

        Returns
        -------
        tuple of Part
            The pages; the first one is shown.
        """
        self.pages = QTabBar()
        self.pages.setExpanding(True)
        self.pages.setDrawBase(False)
        self.column.addWidget(self.pages)
        self.parts = tuple(part(self) for _, part, _ in pages)
        for part, (title, _, tip) in zip(self.parts, pages, strict=True):
            self.pages.setTabToolTip(self.pages.addTab(title), tip)
            self.column.addWidget(part)
        self.pages.currentChanged.connect(self.show_page)
        self.show_page(0)
        return self.parts

    def show_page(self, place: int) -> None:
        """Show one page."""
        self.pages.setCurrentIndex(place)
        for number, part in enumerate(self.parts):
            part.setVisible(number == place)

    def refresh(self) -> None:
        """Follow the current image and the study."""
        for part in self.parts:
            part.refresh()
