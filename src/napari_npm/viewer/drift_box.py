"""The drift of reference levels over a study, folded into the calibrate page."""

from collections.abc import Sequence
from html import escape

from qtpy.QtCore import Qt

from .drift import DriftPoint, drift_points
from .drift_chart import DriftChart
from .parts import Part
from .tasks import Task

_LISTED = 12


class DriftBox(Part):
    """Chart of the reference levels, and a list of the images that stand out."""

    def build(self) -> None:
        """Lay the box out."""
        self._reading: Task | None = None
        self._shown_study: object = None
        self.chart = DriftChart(self.viewer)
        self.chart.chosen.connect(self._open)
        self.column.addWidget(self.chart)
        self.outliers = self.dock.note()
        self.outliers.setTextInteractionFlags(
            Qt.TextInteractionFlag.LinksAccessibleByMouse
            | Qt.TextInteractionFlag.LinksAccessibleByKeyboard
        )
        self.outliers.linkActivated.connect(self._open)
        self.column.addWidget(self.outliers)
        self.session.states_changed.connect(self.read)

    def refresh(self) -> None:
        """Follow the study and the current image."""
        self.chart.set_current(self.session.image_id)
        if self.session.study is not self._shown_study:
            self._shown_study = self.session.study
            self.show_points(())
            self.read()

    def read(self) -> None:
        """Read the levels of the study's images in the background."""
        study = self.session.study
        if study is None or self._reading is not None:
            return
        self._reading = Task(drift_points, study, parent=self.session)
        self._reading.done.connect(self._found)
        self._reading.ended.connect(self._read)
        self.session.start(self._reading)

    def _read(self) -> None:
        self._reading = None

    def _found(self, found: tuple[tuple[DriftPoint, ...], str]) -> None:
        self.show_points(*found)

    def show_points(self, points: Sequence[DriftPoint], order: str = "") -> None:
        """Show these levels."""
        self.chart.set_points(points, order)
        if self.session.study is None:
            self.outliers.setText("Open a study to see how the references drift between images.")
            return
        far = [point for point in points if point.outlier]
        if not far:
            self.outliers.setText("No outliers." if points else "")
            return
        lines = [
            f'<a style="color:#D55E00" href="{escape(point.image_id)}">▲ {escape(point.text)}</a>'
            for point in far[:_LISTED]
        ]
        if len(far) > _LISTED:
            lines.append(f"and {len(far) - _LISTED} more")
        self.outliers.setText("Far from the others:<br>" + "<br>".join(lines))

    def _open(self, image_id: str) -> None:
        if self.session.study is not None:
            self.session.show(image_id)
