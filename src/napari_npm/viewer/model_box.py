"""Choosing a trained model: the study's, the sample model, or any model folder."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qtpy.QtWidgets import QComboBox, QHBoxLayout, QToolButton, QWidget

from napari_npm.core.errors import NpmError

from . import dialogs
from .layers import Kind
from .study_work import models_in_order

WEIGHTS, CARD = "weights.safetensors", "card.json"
_READS = {
    "mulf": (Kind.MULF,),
    "micf": (Kind.MICF,),
    "both": (Kind.MULF, Kind.MICF),
}


@dataclass(frozen=True)
class ModelChoice:
    """A model on disk.

    Attributes
    ----------
    folder : Path
        Its folder.
    name : str
        Its name in the study, or its folder's.
    """

    folder: Path
    name: str

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """The kinds of map it reads, as its channels; its relevance is shown on the first."""
        return _READS.get(str(self.card().get("maps", self.name)), (Kind.MULF,))

    @property
    def kind(self) -> Kind:
        """The kind of map that its relevance is shown on."""
        return self.kinds[0]

    def card(self) -> dict[str, Any]:
        """Return its card; empty where there is none."""
        try:
            card = json.loads((self.folder / CARD).read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError):
            return {}
        return card if isinstance(card, dict) else {}

    def classes(self) -> tuple[str, ...]:
        """Return the names of its classes; numbers where the card does not tell."""
        card = self.card()
        names, count = card.get("classes"), card.get("n_classes", 0)
        if not isinstance(names, list):
            names = range(count if isinstance(count, int) else 0)
        return tuple(str(name) for name in names)

    def load(self) -> tuple[Any, tuple[str, ...]]:
        """Load the network; for worker threads."""
        from napari_npm.study.models import load_model

        return load_model(self.folder), self.classes()


def sample_models() -> tuple[ModelChoice, ...]:
    """Return the models that come with the package."""
    from napari_npm.study.sample import sample_data_folder

    try:
        folder = sample_data_folder()
    except NpmError:
        return ()
    found = sorted(folder.rglob(WEIGHTS))
    return tuple(ModelChoice(path.parent, f"sample {path.parent.name}") for path in found)


class ModelBox(QWidget):
    """A box with the models at hand and a button for others."""

    def __init__(self, changed: Callable[[], None]) -> None:
        super().__init__()
        self._others: list[ModelChoice] = []
        self._study: Any = None
        self.box = QComboBox()
        self.box.setToolTip("The trained network to use")
        self.box.setSizeAdjustPolicy(
            QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
        )
        self.box.setMinimumContentsLength(10)
        self.box.setPlaceholderText("no trained model yet")
        self.box.currentIndexChanged.connect(changed)
        self.browse = QToolButton()
        self.browse.setText("…")
        self.browse.setToolTip("Choose the folder of another model (it holds weights.safetensors)")
        self.browse.clicked.connect(self._choose)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.box, stretch=1)
        row.addWidget(self.browse)

    def fill(self, study: Any) -> None:
        """Show the models of a study (or None), the sample models and those added by hand."""
        self._study = study
        own = () if study is None else models_in_order(study)
        choices = [ModelChoice(study.models_folder / name, name) for name in own]
        choices += [*sample_models(), *self._others]
        if choices == [self.box.itemData(place) for place in range(self.box.count())]:
            return
        before = self.box.currentData()
        self.box.blockSignals(True)
        self.box.clear()
        for choice in choices:
            self.box.addItem(choice.name, choice)
        place = choices.index(before) if before in choices else 0
        self.box.setCurrentIndex(place if choices else -1)
        self.box.blockSignals(False)
        self.box.currentIndexChanged.emit(self.box.currentIndex())

    def _choose(self) -> None:
        folder = dialogs.choose_folder(self, "Folder of a trained model")
        if folder is not None:
            self.add(folder)

    def add(self, folder: Path) -> None:
        """Add a model folder and choose it."""
        from .notify import show_error

        if not (folder / WEIGHTS).exists():
            show_error(f"{folder.name} is not a model: choose a folder that holds {WEIGHTS}.")
            return
        choice = ModelChoice(folder, folder.name)
        self._others.append(choice)
        self.fill(self._study)
        self.box.setCurrentIndex(self.box.findText(choice.name))

    def state(self) -> Any:
        """Return what is remembered of the choice: its name, or the folder that was chosen."""
        choice = self.box.currentData()
        return str(choice.folder) if choice in self._others else self.box.currentText()

    def take_state(self, state: Any) -> str:
        """Take in the model that `state` told of, if its folder is still there; return its name."""
        if not isinstance(state, str):
            return ""
        folder = Path(state)
        if not folder.is_absolute() or not (folder / WEIGHTS).exists():
            return state
        self.add(folder)
        return folder.name

    def choice(self) -> ModelChoice:
        """Return the chosen model.

        Raises
        ------
        NpmError
            If there is none.
        """
        choice = self.box.currentData()
        if not isinstance(choice, ModelChoice):
            raise NpmError("There is no trained model: train one, or choose a model folder with …")
        return choice
