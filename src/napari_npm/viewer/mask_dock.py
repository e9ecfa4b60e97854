"""Mask and calibrate dock: mark the three phases, then turn grey levels into porosity."""

from qtpy.QtWidgets import QTabBar

from .calibrate_editor import CalibrateEditor
from .mask_editor import MaskEditor
from .parts import Part
from .step_dock import StepDock
from .tasks import Task
from .warm_up import warm_up_masking


class MaskDock(StepDock):
    """Two pages, each a part of its own: `mask` and `calibration`.

    The mask tells of changes by ``mask.touched``; the calibration tells of the grey levels that
    it has measured by ``calibration.measured``.
    """

    remembered = (
        "pages",
        "mask.draw.auto_box",
        "mask.draw.tolerance",
        "calibration.live.live_box",
        "calibration.live.clipped_box",
        "calibration.live.log_box",
    )

    def build(self) -> None:
        """Lay the dock out."""
        self.pages = QTabBar()
        self.pages.setExpanding(True)
        self.pages.setDrawBase(False)
        self.column.addWidget(self.pages)
        self.mask = MaskEditor(self)
        self.calibration = CalibrateEditor(self)
        self.parts: tuple[tuple[str, Part, str], ...] = (
            ("Mask", self.mask, "Mark unhydrated cement and the two references"),
            ("Calibrate", self.calibration, "Turn grey levels into porosity"),
        )
        for title, part, tip in self.parts:
            self.pages.setTabToolTip(self.pages.addTab(title), tip)
            self.column.addWidget(part)
        self.pages.currentChanged.connect(self.show_page)
        self.mask.touched.connect(self.calibration.mask_touched)
        self.calibration.measured.connect(self.mask.show_shares)
        self.show_page(0)
        self.session.start(Task(warm_up_masking, parent=self.session))

    def show_page(self, place: int) -> None:
        """Show one part."""
        self.pages.setCurrentIndex(place)
        for number, (_, part, _tip) in enumerate(self.parts):
            part.setVisible(number == place)

    def refresh(self) -> None:
        """Follow the current image."""
        for _, part, _tip in self.parts:
            part.refresh()

    def show_image(self) -> None:
        """Show what is said of the current image anew."""
        self._refresh()
