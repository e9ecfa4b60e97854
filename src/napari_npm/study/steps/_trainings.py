"""One training with a study's tiles: that of the train step, and its repeats under `evaluate`."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from napari_npm.core.errors import NpmError
from napari_npm.core.progress import Progress, silent
from napari_npm.study.settings import TrainParameters
from napari_npm.study.sharing import local_processes, team_of
from napari_npm.study.store import Tile
from napari_npm.study.study import Study
from napari_npm.study.wiring import ModelTiles

from ._checkpoints import Checkpoints

if TYPE_CHECKING:
    from napari_npm.core._distributed import Team


def train_on(
    study: Study,
    kind: str,
    parts: Sequence[str],
    labels: NDArray[Any],
    parameters: TrainParameters,
    checkpoints: Checkpoints,
    progress: Progress,
) -> Any:
    """Train a network on the training part of a study's tiles, from where a checkpoint stands.

    Parameters
    ----------
    study : Study
        Whose maps are learnt.
    kind : str
        What the network reads: ``"mulf"``, ``"micf"`` or ``"both"``.
    parts : sequence of str, (tiles,)
        Part of each tile of the study.
    labels : ndarray of int, (tiles,)
        Class of each tile of the study.
    parameters : TrainParameters
        How the network is built and learns; its maps do not matter here.
    checkpoints : Checkpoints
        Where the state after each epoch is kept.
    progress : Progress
        Called after each batch.

    Returns
    -------
    TrainingResult

    Raises
    ------
    NpmError
        If it is to stop early and there is no validation part, or as the training raises.
    """
    if parameters.patience and "validation" not in parts:
        raise NpmError(
            "Stopping early (patience) needs a validation part, and the split has none: take one"
            " with validation_fraction of split, or set patience to 0 to train all epochs."
        )
    order = {
        "kind": kind,
        "parts": list(parts),
        "labels": [int(label) for label in labels],
        "parameters": parameters.model_dump(mode="json"),
        "checkpoint": checkpoints.folder.relative_to(study.folder).as_posix(),
        "key": checkpoints.key,
    }
    with team_of(study.folder, parameters.processes) as team:
        team.tell(order)
        return train_share(study, order, team, checkpoints.save, progress)


def train_share(
    study: Study,
    order: Mapping[str, Any],
    team: "Team",
    on_epoch: Callable[[Any, Any], None] | None = None,
    progress: Progress = silent,
) -> Any:
    """Do one process's share of a training.

    Parameters
    ----------
    study : Study
        Whose maps are learnt; it is only read.
    order : mapping
        What is trained, in plain values: all processes are told the same.
    team : Team
        The processes.
    on_epoch, progress : callable
        As in `napari_npm.core.training.train`; of process 0 alone.
    """
    import psutil

    from napari_npm.core.network import NetworkConfig
    from napari_npm.core.training import train

    parameters = TrainParameters.checked(order["parameters"])
    labels = np.array(order["labels"])
    learn, validate = (
        [tile for tile, part in zip(study.tiles, order["parts"], strict=True) if part == wanted]
        for wanted in ("train", "validation")
    )

    def some(tiles: Sequence[Tile]) -> tuple[ModelTiles, Any]:
        return ModelTiles(study, order["kind"], tiles), labels[[tile.index for tile in tiles]]

    memory = psutil.virtual_memory().available // 2 // local_processes(parameters.processes)
    checkpoints = Checkpoints(study.folder / order["checkpoint"], order["key"])
    result = train(
        *some(learn),
        validation=some(validate) if validate else None,
        config=NetworkConfig(
            widths=parameters.widths,
            pooling=parameters.pooling,
            padding=parameters.padding,
            head=parameters.head,
        ),
        n_classes=len(study.samples),
        epochs=parameters.epochs,
        batch_size=parameters.batch_size,
        learning_rate=parameters.learning_rate,
        weight_decay=parameters.weight_decay,
        augment=parameters.augment,
        brightness=parameters.jitter_offset,
        contrast=parameters.jitter_gain,
        patience=parameters.in_effect().patience or 0,
        seed=parameters.seed,
        device=parameters.device,
        precision=parameters.precision,
        compiled=parameters.compile,
        memory_bytes=memory,
        team=team,
        resume=checkpoints.load(progress),
        on_epoch=on_epoch,
        progress=progress,
    )
    return replace(result, notes=(*checkpoints.notes, *result.notes))
