"""The numbers below the grey histogram."""

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QGridLayout, QLabel, QSizePolicy, QWidget

from .calibrate_grey import Sources
from .calibrate_live import Reading

_FROM = {
    "given": "given",
    "image": "this image",
    "specimen": "its specimen",
    "sample": "its sample",
    "study": "the study",
}
_MEAN, _DRIFT, _CLIPPED, _LEVELS, _POINTER = "mean", "drift", "clipped", "levels", "pointer"
_TITLES = {
    _MEAN: "Mean porosity",
    _DRIFT: "1 % drift",
    _CLIPPED: "Clipped",
    _LEVELS: "Levels from",
    _POINTER: "Pointer",
}
_TIPS = {
    _MEAN: "Of the map, unhydrated cement counted as 0; ± one standard uncertainty",
    _DRIFT: "What the mean would change by if the image, but not its references, became brighter "
    "by 1 % of G_m - G_CSH, or 1 % richer in contrast",
    _CLIPPED: "Shares of the pixels outside unhydrated cement darker than G_CSH, which are set to "
    "0, and brighter than G_m, which are set to 1",
    _LEVELS: "Where the two levels come from",
    _POINTER: "The pixel under the pointer; ± one standard uncertainty",
}


class Numbers(QWidget):
    """What a pair of reference levels gives, in rows that keep their places."""

    def __init__(self) -> None:
        super().__init__()
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setVerticalSpacing(2)
        grid.setColumnStretch(1, 1)
        self.values: dict[str, QLabel] = {}
        for row, (name, title) in enumerate(_TITLES.items()):
            label, value = QLabel(title), QLabel()
            for one in (label, value):
                one.setToolTip(_TIPS[name])
            value.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            # Numbers that grow must not widen the dock, and with it the chart, during a drag.
            value.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
            grid.addWidget(label, row, 0)
            grid.addWidget(value, row, 1)
            self.values[name] = value

    def text(self, name: str) -> str:
        """Return one row's value: mean, drift, clipped, levels or pointer."""
        return self.values[name].text()

    def tell(self, found: Reading, sources: Sources, in_study: bool) -> None:
        """Show what was found; a number that is given holds for all images of a study."""
        mean = found.mean
        words = {**_FROM, "given": "given for all images"} if in_study else _FROM
        csh, metal = (words[sources[name][1]] for name in ("g_csh", "g_metal"))
        texts = {
            _MEAN: f"<b>{mean.porosity:.4f}</b> ± {mean.total:.4f}",
            _DRIFT: f"{mean.drift:+.4f} (in contrast {mean.gain:+.4f})",
            _CLIPPED: f"{100 * found.below:.2f} % below, {100 * found.above:.2f} % above",
            _LEVELS: csh if csh == metal else f"G_CSH: {csh}; G_m: {metal}",
        }
        for name, text in texts.items():
            self.values[name].setText(text)

    def clear(self) -> None:
        """Show no numbers of the image."""
        for name, value in self.values.items():
            if name != _POINTER:
                value.clear()

    def point(self, text: str) -> None:
        """Show what is under the pointer."""
        self.values[_POINTER].setText(text)
