"""The trainings that `evaluate` repeats: their seeds, splits, labels and shifts."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_npm.core.errors import NpmError
from napari_npm.core.progress import silent
from napari_npm.study.hashing import hash_value
from napari_npm.study.results import parts_of
from napari_npm.study.settings import EvaluateParameters, SplitParameters, TrainParameters
from napari_npm.study.store import tile_places
from napari_npm.study.study import Study
from napari_npm.study.wiring import MODEL_MAPS, all_maps

from .split import Split
from .train import Train


class Repeats:
    """What the trainings of one evaluation have in common, and what differs.

    Parameters
    ----------
    study : Study
        The study.
    parameters : EvaluateParameters
        Of the evaluation.
    """

    def __init__(self, study: Study, parameters: EvaluateParameters) -> None:
        self.study, self.parameters = study, parameters
        train, split = study.parameters("train"), study.parameters("split")
        assert isinstance(train, TrainParameters)
        assert isinstance(split, SplitParameters)
        self._train, self._split = train, split
        if parameters.splits == "folds" and parameters.seeds < 2:
            raise NpmError("Folds need at least two: give seeds 2 or more, one for each fold.")
        if parameters.splits != "same" and self._split.by == "list":
            raise NpmError(
                "The split is a list, which cannot be drawn anew: evaluate with splits same."
            )

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of maps that networks are trained on."""
        kinds = self._train.maps if self.parameters.maps is None else self.parameters.maps
        if not kinds:
            raise NpmError("Choose at least one kind of map to evaluate: mulf, micf or both.")
        return tuple(dict.fromkeys(kinds))

    @property
    def single_kinds(self) -> tuple[str, ...]:
        """The kinds of maps with one channel among them: those that baselines read."""
        return tuple(dict.fromkeys(one for kind in self.kinds for one in MODEL_MAPS[kind]))

    @property
    def seeds(self) -> tuple[int, ...]:
        """The seeds of the trainings, from that of the train step on."""
        first = self._train.seed
        return tuple(range(first, first + self.parameters.seeds))

    @property
    def splits(self) -> int:
        """How many splits there are."""
        return 1 if self.parameters.splits == "same" else self.parameters.seeds

    def training(self, number: int) -> TrainParameters:
        """Return how the network of a repeat is trained."""
        changes: dict[str, Any] = {"seed": self._train.seed + number}
        if self.parameters.epochs is not None:
            changes["epochs"] = self.parameters.epochs
        return self._train.model_copy(update=changes)

    def parts(self, number: int) -> list[str]:
        """Return the part of each tile in a repeat.

        Raises
        ------
        NpmError
            If a sample has no tiles to learn from, or there are none to test.
        """
        number %= self.splits
        if self.parameters.splits == "same":
            return self._checked(parts_of(self.study))
        changes: dict[str, Any] = {"seed": self._split.seed + number}
        if self.parameters.splits == "folds":
            changes = {"by": "fold", "folds": self.parameters.seeds, "fold": number + 1}
        drawn = self._split.model_copy(update=changes)
        stamp = hash_value([drawn.model_dump(mode="json"), tile_places(self.study.tiles)])
        return self.study.keeping(f"parts {number}", stamp, lambda: self._drawn(drawn))

    def _drawn(self, drawn: SplitParameters) -> list[str]:
        step = Split()
        (item,) = step.items(self.study, drawn)
        result = step.compute(self.study, drawn, item, silent)
        rows = step.store(self.study, drawn, item, result).rows
        return self._checked([row["part"] for row in rows])

    def _checked(self, parts: list[str]) -> list[str]:
        there = {
            (tile.sample, part) for tile, part in zip(self.study.tiles, parts, strict=True) if part
        }
        for sample in self.study.samples:
            if (sample.name, "train") not in there:
                raise NpmError(
                    f"Sample {sample.name} has no tiles in the training part: split anew, with"
                    " more specimens of it."
                )
        if "test" not in parts:
            raise NpmError("The split has no test part: split anew, with a part for the test.")
        return parts

    def test(self, number: int) -> NDArray[np.intp]:
        """Return the indices of the test tiles of a repeat."""
        return np.flatnonzero(np.asarray(self.parts(number)) == "test")

    def inputs(self, kind: str, number: int) -> dict[str, Any]:
        """Return what the network of a repeat depends on."""
        training = self.training(number).in_effect()
        return {
            "training": training.model_dump(mode="json", exclude=set(Train.choosing)),
            "train_version": Train.version,
            **self.shared([kind], number),
        }

    def shared(self, kinds: Sequence[str], number: int) -> dict[str, Any]:
        """Return what any work on a split depends on: maps, tiles, classes, parts."""
        return {
            "maps": [all_maps(self.study, kind) for kind in kinds],
            "tiles": tile_places(self.study.tiles),
            "labels": hash_value(self.study.tile_labels.tolist()),
            "parts": hash_value(self.parts(number)),
        }

    def shuffled(self, number: int) -> NDArray[np.int64]:
        """Return the class of each tile when labels are shuffled among training specimens.

        Raises
        ------
        NpmError
            If a sample has a single specimen to learn from.
        """
        from napari_npm.core.controls import shuffle_labels

        trained = np.asarray(self.parts(number)) == "train"
        learnt = np.isin(self.parts(number), ["train", "validation"])
        groups = [tile.specimen for tile in self.study.tiles]
        labels = self.study.tile_labels
        return shuffle_labels(labels, groups, learnt, trained=trained, seed=number)

    @property
    def can_shuffle(self) -> bool:
        """Whether every sample has several specimens to learn from."""
        try:
            for number in range(self.splits):
                self.shuffled(number)
        except NpmError:
            return False
        return True

    @property
    def shifts(self) -> list[tuple[float, float]]:
        """Gain and offset of each test with changed brightness; the first changes nothing."""
        steps = (-1.0, -0.5, 0.5, 1.0)
        p = self.parameters
        return [
            (1.0, 0.0),
            *((1.0, step * p.jitter_offset) for step in steps),
            *((1.0 + step * p.jitter_gain, 0.0) for step in steps),
        ]

    def shifted_tiles(self, number: int) -> NDArray[np.intp]:
        """Return the indices of the test tiles whose brightness is changed, spread evenly."""
        test = self.test(number)
        n = min(len(test), self.parameters.jitter_tiles)
        chosen: NDArray[np.intp] = test[np.round(np.linspace(0, len(test) - 1, n)).astype(int)]
        return chosen
