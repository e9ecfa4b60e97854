"""The figure presets of the study: chosen, saved and removed."""

from typing import Any

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QComboBox, QHBoxLayout, QPushButton, QWidget

from napari_npm.core.errors import NpmError

from . import dialogs

_NONE = "no preset"


class PresetRow(QWidget):
    """A list of presets with buttons to save what is set as one, and to remove one.

    Parameters
    ----------
    dock : Dock
        The dock that shows it; told of what fails.
    """

    chosen = Signal(object)
    save_asked = Signal(str)

    def __init__(self, dock: Any) -> None:
        super().__init__()
        self._dock = dock
        self.box = QComboBox()
        self.box.setToolTip("Figures saved in the study: napari-npm figures STUDY --preset NAME")
        self.box.setAccessibleName("Preset")
        self.box.setMinimumContentsLength(10)
        self.box.activated.connect(self._chosen)
        self.save_button = QPushButton("Save…")
        self.save_button.setToolTip("Save what is set below as a preset of the study")
        self.save_button.clicked.connect(self._save)
        self.remove_button = QPushButton("Remove")
        self.remove_button.setToolTip("Remove this preset from the study")
        self.remove_button.clicked.connect(self._remove)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.box, stretch=1)
        row.addWidget(self.save_button)
        row.addWidget(self.remove_button)

    def refresh(self, name: str | None = None) -> None:
        """Show the study's presets; `name` becomes the chosen one."""
        study = self._dock.session.study
        name = self.box.currentText() if name is None else name
        names = () if study is None else study.figure_preset_names
        self.box.clear()
        self.box.addItems([_NONE, *names])
        self.box.setCurrentIndex(max(0, self.box.findText(name)))
        self.setEnabled(study is not None)
        self.remove_button.setEnabled(self.box.currentIndex() > 0)

    def _chosen(self) -> None:
        self.remove_button.setEnabled(self.box.currentIndex() > 0)
        if self.box.currentIndex() > 0:
            self._guarded(lambda: self.chosen.emit(self._study().figure_preset(self._name())))

    def _save(self) -> None:
        proposed = "" if self.box.currentIndex() == 0 else self._name()
        name = dialogs.ask_name(self, "Save figure preset", "Name of the preset", proposed)
        if name:
            self.save_asked.emit(name)

    def _remove(self) -> None:
        self._guarded(lambda: self._study().remove_figure_preset(self._name()))
        self.refresh(_NONE)

    def keep(self, name: str, preset: Any) -> None:
        """Save a preset in the study and choose it."""
        self._guarded(lambda: self._study().set_figure_preset(name, preset))
        self.refresh(name.strip())

    def _name(self) -> str:
        return self.box.currentText()

    def _study(self) -> Any:
        return self._dock.session.require_study()

    def _guarded(self, work: Any) -> None:
        try:
            work()
        except (NpmError, OSError) as error:
            self._dock.fail(error)
