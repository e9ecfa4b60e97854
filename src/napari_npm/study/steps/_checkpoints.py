"""The checkpoint of a training: written after each epoch, gone on with after a kill."""

from pathlib import Path
from typing import TYPE_CHECKING

from napari_npm.core.errors import NpmError
from napari_npm.study.models import CHECKPOINT, load_tensors, save_tensors

if TYPE_CHECKING:
    from napari_npm.core.training import EpochRecord, TrainingState


class Checkpoints:
    """The checkpoint of one model.

    Parameters
    ----------
    folder : Path
        The model's folder.
    key : str
        Hash of everything the training depends on: another key's checkpoint is left aside.
    """

    def __init__(self, folder: Path, key: str) -> None:
        self._path = folder / CHECKPOINT
        self._key = key

    def load(self) -> "TrainingState | None":
        """Return the state to go on from, or None where there is none of this key."""
        from napari_npm.core.training import state_from_tensors

        if not self._path.exists():
            return None
        try:
            tensors, facts = load_tensors(self._path)
        except NpmError:
            # a damaged checkpoint costs its epochs, not the training
            return None
        if facts.get("key") != self._key:
            return None
        return state_from_tensors(tensors, facts["state"])

    def save(self, record: "EpochRecord", state: "TrainingState") -> None:
        """Keep the state after an epoch."""
        from napari_npm.core.training import state_to_tensors

        tensors, facts = state_to_tensors(state)
        save_tensors(self._path, tensors, {"key": self._key, "state": facts})

    def clear(self) -> None:
        """Drop the checkpoint of a finished training."""
        self._path.unlink(missing_ok=True)
