"""What the items of `evaluate` ask of networks and baselines, as rows for its tables."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_npm.core.errors import NpmError
from napari_npm.core.progress import Progress
from napari_npm.study.baselines import baselines
from napari_npm.study.models import WEIGHTS
from napari_npm.study.results import Tiles, parts_of
from napari_npm.study.seeds import seed_folder
from napari_npm.study.settings import TrainParameters
from napari_npm.study.study import Study
from napari_npm.study.wiring import ModelTiles

from ._repeats import Repeats
from .train import Train

BASELINES, SEED, SHIFT, SHUFFLE = "baselines", "seed", "jitter", "shuffle"
"""What an item of `evaluate` is about."""


def answer_row(
    what: str, kind: str, number: int, test: NDArray[Any], labels: NDArray[Any], predicted: Any
) -> dict[str, Any]:
    """Return true and predicted class of test tiles, given by their indices, as one row."""
    return {
        "what": what,
        "maps": kind,
        "number": number,
        "tiles": test.tolist(),
        "true": labels[test].tolist(),
        "predicted": np.asarray(predicted).tolist(),
    }


def is_that_of_train(
    study: Study, kind: str, parameters: TrainParameters, parts: list[str]
) -> bool:
    """Tell whether the train step has trained just this network."""
    step, own = Train(), study.parameters("train")
    assert isinstance(own, TrainParameters)
    record = study.state("train").records.get(kind)
    if record is None or parts != parts_of(study):
        return False
    other = set(step.choosing)
    if parameters.model_dump(exclude=other) != own.model_dump(exclude=other):
        return False
    return any(
        item.id == kind and record.key == step.key(own, item.inputs) and step.kept(study, own, item)
        for item in step.items(study, own)
    )


def network_answers(
    study: Study, model: Any, kind: str, tiles: NDArray[Any], progress: Progress
) -> NDArray[np.float32]:
    """Return the class probabilities that a network gives tiles, telling the progress."""
    from napari_npm.core.prediction import predict

    def standing(
        done: int,
        total: int,
        message: str = "",  # noqa: ARG001 - part of the protocol
        metrics: Mapping[str, float] | None = None,  # noqa: ARG001
    ) -> None:
        progress(1, 1, f"Testing {done} of {total}")

    return predict(
        model, ModelTiles(study, kind, [study.tiles[number] for number in tiles]), progress=standing
    )


def baseline_rows(repeats: Repeats, number: int, progress: Progress) -> list[dict[str, Any]]:
    """Return what baselines say of a split's test tiles, and with controls of shifted ones."""
    from napari_npm.core.controls import ShiftedMaps

    study, parts, test = repeats.study, repeats.parts(number), repeats.test(number)
    found = baselines(study, parts, repeats.single_kinds, progress=progress)
    rows = [
        answer_row(BASELINES, one.maps, number, test, study.tile_labels, one.predicted)
        | {"reads": one.reads, "classifier": one.classifier}
        for one in found
    ]
    if not repeats.parameters.controls:
        return rows
    some = repeats.shifted_tiles(number)
    labels = study.tile_labels[some]
    for one in found:
        if one.classify is None:
            continue
        maps = Tiles(study.stack(one.maps), [study.tiles[index] for index in some])
        for step, (gain, offset) in enumerate(repeats.shifts):
            # a function of the porosity: unhydrated cement stays at 0
            answers = one.classify(ShiftedMaps(maps, gain=gain, offset=offset, keep_zero=True))
            progress(step + 1, len(repeats.shifts), f"Shift the maps of the {one.reads}")
            rows.append(
                _shift_row(one.maps, number, gain, offset, answers == labels)
                | {"reads": one.reads, "classifier": one.classifier}
            )
    return rows


def shift_rows(
    repeats: Repeats, kind: str, number: int, progress: Progress
) -> list[dict[str, Any]]:
    """Return how often a seed's network is right on maps of other brightness and contrast."""
    from napari_npm.core.controls import ShiftedMaps
    from napari_npm.core.prediction import predict
    from napari_npm.study.models import load_model

    study, seed = repeats.study, repeats.seeds[number]
    folder = seed_folder(study, kind, seed)
    if not (folder / WEIGHTS).exists():
        raise NpmError(
            f"The network of seed {seed} is not there yet: run evaluate without naming items."
        )
    model, some = load_model(folder), repeats.shifted_tiles(number)
    maps = ModelTiles(study, kind, [study.tiles[index] for index in some])
    labels, rows = study.tile_labels[some], []
    for step, (gain, offset) in enumerate(repeats.shifts):

        def inner(
            done: int,
            total: int,
            message: str = "",  # noqa: ARG001 - part of the protocol
            metrics: Mapping[str, float] | None = None,  # noqa: ARG001
            *,
            step: int = step,
        ) -> None:
            progress(step * total + done, len(repeats.shifts) * total, "Shift brightness")

        shifted = ShiftedMaps(maps, gain=gain, offset=offset, keep_zero=True)
        right = predict(model, shifted, progress=inner).argmax(1) == labels
        rows.append(_shift_row(kind, seed, gain, offset, right))
    return rows


def _shift_row(
    kind: str, number: int, gain: float, offset: float, right: NDArray[np.bool_]
) -> dict[str, Any]:
    return {
        "what": SHIFT,
        "maps": kind,
        "number": number,
        "gain": gain,
        "offset": offset,
        "tiles": len(right),
        "right": int(right.sum()),
        "accuracy": float(right.mean()),
    }
