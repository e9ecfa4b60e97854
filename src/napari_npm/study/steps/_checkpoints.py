"""The checkpoint of a training: written after each epoch, gone on with after a kill."""

from pathlib import Path
from typing import TYPE_CHECKING

from napari_npm.core.errors import NpmError
from napari_npm.core.progress import Progress, silent
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
        self.folder, self.key = folder, key
        self._path = folder / CHECKPOINT
        self.notes: tuple[str, ...] = ()
        """What a user should know of it after the training."""

    def load(self, progress: Progress = silent) -> "TrainingState | None":
        """Return the state to go on from, or None where there is none of this key.

        Parameters
        ----------
        progress : Progress
            Told, once, why a checkpoint that is there cannot be gone on with.
        """
        from napari_npm.core.training import state_from_tensors

        if not self._path.exists():
            return None
        try:
            tensors, facts = load_tensors(self._path)
            if facts.get("key") == self.key:
                return state_from_tensors(tensors, facts.get("state", {}))
            said = f"The checkpoint {self._path} is of other data or settings"
        except NpmError:
            # a damaged checkpoint costs its epochs, not the training
            said = f"The checkpoint {self._path} could not be read"
            self.notes = (f"{said}, so the training began anew.",)
        progress(0, 1, f"{said}: training begins anew")
        return None

    def save(self, record: "EpochRecord", state: "TrainingState") -> None:
        """Keep the state after an epoch."""
        from napari_npm.core.training import state_to_tensors

        tensors, facts = state_to_tensors(state)
        save_tensors(self._path, tensors, {"key": self.key, "state": facts})
        self._remove_torn()

    def clear(self) -> None:
        """Drop the checkpoint of a finished training."""
        self._path.unlink(missing_ok=True)
        self._remove_torn()

    def _remove_torn(self) -> None:
        """Remove what a program that was killed while writing left of a checkpoint."""
        for torn in self.folder.glob(f".{self._path.stem}.*.part{self._path.suffix}"):
            torn.unlink(missing_ok=True)
