"""Mask and calibrate dock: mark the three phases, then turn grey levels into porosity."""

from .calibrate_editor import CalibrateEditor
from .mask_editor import MaskEditor
from .paged_dock import PagedDock
from .tasks import Task
from .warm_up import warm_up_masking


class MaskDock(PagedDock):
    """Two pages, each a part of its own: `mask` and `calibration`.

    The mask tells of changes by ``mask.touched``; the calibration tells of the grey levels that
    it has measured by ``calibration.measured``.
    """

    remembered = (
        *PagedDock.remembered,
        "mask.draw.auto_box",
        "mask.draw.tolerance",
        "calibration.live.live_box",
        "calibration.live.clipped_box",
        "calibration.live.log_box",
    )

    def build(self) -> None:
        """Lay the dock out."""
        self.mask, self.calibration = self.add_pages(
            ("Mask", MaskEditor, "Mark unhydrated cement and the two references"),
            ("Calibrate", CalibrateEditor, "Turn grey levels into porosity"),
        )
        self.mask.touched.connect(self.calibration.mask_touched)
        self.calibration.measured.connect(self.mask.show_shares)
        self.session.start(Task(warm_up_masking, parent=self.session))

    def show_image(self) -> None:
        """Show what is said of the current image anew."""
        self._refresh()
