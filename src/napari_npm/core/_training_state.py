"""What training leaves behind after each epoch, and its form for safetensors and JSON."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from torch import Tensor

from .errors import NpmError


@dataclass(frozen=True)
class EpochRecord:
    """One epoch of the training history.

    Attributes
    ----------
    epoch : int
        Counted from 1.
    loss, accuracy : float
        Means over the training maps while they were learnt.
    validation_loss, validation_accuracy : float or None
        On the validation maps after the epoch; None without them.
    learning_rate : float
        At the epoch's last step.
    seconds : float
        Wall time; takes no part in comparisons.
    """

    epoch: int
    loss: float
    accuracy: float
    validation_loss: float | None
    validation_accuracy: float | None
    learning_rate: float
    seconds: float = field(compare=False, default=0.0)


@dataclass(frozen=True)
class TrainingState:
    """All that is needed to go on after an epoch exactly as if nothing had happened.

    Attributes
    ----------
    epoch : int
        Epochs done.
    model, optimizer, best : dict of str to Tensor
        Weights and buffers, AdamW's moments, and the network of the best epoch so far (empty
        without validation); on the CPU, contiguous, never changed later.
    best_epoch : int or None
        Epoch of ``best``.
    history : tuple of EpochRecord
        One for each epoch done.
    settings : dict
        What was trained how (plain values); a state goes on only with the same.
    """

    epoch: int
    model: dict[str, Tensor]
    optimizer: dict[str, Tensor]
    best: dict[str, Tensor]
    best_epoch: int | None
    history: tuple[EpochRecord, ...]
    settings: dict[str, Any]


_PARTS = ("model", "optimizer", "best")


def state_to_tensors(state: TrainingState) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Split a state into one flat dict of tensors (safetensors) and one of plain values (JSON).

    Parameters
    ----------
    state : TrainingState
        The state.

    Returns
    -------
    tuple of dict
        Tensors by name, and plain values.
    """
    tensors = {
        f"{part}/{name}": tensor for part in _PARTS for name, tensor in getattr(state, part).items()
    }
    info = {
        "epoch": state.epoch,
        "best_epoch": state.best_epoch,
        "history": [asdict(record) for record in state.history],
        "settings": dict(state.settings),
    }
    return tensors, info


def state_from_tensors(tensors: Mapping[str, Tensor], info: Mapping[str, Any]) -> TrainingState:
    """Put together what `state_to_tensors` split.

    Parameters
    ----------
    tensors : mapping of str to Tensor
        The tensors.
    info : mapping
        The plain values.

    Returns
    -------
    TrainingState
        The state.

    Raises
    ------
    NpmError
        If something is missing or unknown.
    """
    parts: dict[str, dict[str, Tensor]] = {part: {} for part in _PARTS}
    try:
        for name, tensor in tensors.items():
            part, _, rest = name.partition("/")
            parts[part][rest] = tensor
        return TrainingState(
            epoch=int(info["epoch"]),
            best_epoch=None if info["best_epoch"] is None else int(info["best_epoch"]),
            history=tuple(EpochRecord(**record) for record in info["history"]),
            settings=dict(info["settings"]),
            **parts,
        )
    except (KeyError, TypeError, ValueError) as error:
        raise NpmError(
            f"The stored training cannot be read ({error!r}): delete it and train again."
        ) from error
