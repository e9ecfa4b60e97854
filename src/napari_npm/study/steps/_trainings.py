"""One training with a study's tiles: that of the train step, and its repeats under `evaluate`."""

from collections.abc import Sequence
from typing import Any

from numpy.typing import NDArray

from napari_npm.core.progress import Progress
from napari_npm.study.settings import TrainParameters
from napari_npm.study.store import Tile
from napari_npm.study.study import Study
from napari_npm.study.wiring import ModelTiles

from ._checkpoints import Checkpoints


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
    """
    from napari_npm.core.network import NetworkConfig
    from napari_npm.core.training import train

    learn, validate = (
        [tile for tile, part in zip(study.tiles, parts, strict=True) if part == wanted]
        for wanted in ("train", "validation")
    )

    def some(tiles: Sequence[Tile]) -> tuple[ModelTiles, Any]:
        return ModelTiles(study, kind, tiles), labels[[tile.index for tile in tiles]]

    return train(
        *some(learn),
        validation=some(validate) if validate else None,
        config=NetworkConfig(
            pooling=parameters.pooling, padding=parameters.padding, head=parameters.head
        ),
        n_classes=len(study.samples),
        epochs=parameters.epochs,
        batch_size=parameters.batch_size,
        learning_rate=parameters.learning_rate,
        weight_decay=parameters.weight_decay,
        augment=parameters.augment,
        seed=parameters.seed,
        resume=checkpoints.load(),
        on_epoch=checkpoints.save,
        progress=progress,
    )
