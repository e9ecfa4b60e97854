"""evaluate: the whole table of accuracies: several seeds, baselines, controls."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_npm.core.progress import Progress
from napari_npm.study.evaluation_tables import write_evaluation
from napari_npm.study.hashing import hash_file, hash_value
from napari_npm.study.models import WEIGHTS
from napari_npm.study.results import parts_of
from napari_npm.study.seeds import seed_folder
from napari_npm.study.settings import EvaluateParameters
from napari_npm.study.state import Record
from napari_npm.study.step import Item, Step, Stored
from napari_npm.study.study import Study

from ._checkpoints import Checkpoints
from ._evaluations import (
    BASELINES,
    SEED,
    SHIFT,
    SHUFFLE,
    answer_row,
    baseline_rows,
    is_that_of_train,
    network_answers,
    shift_rows,
)
from ._repeats import Repeats
from ._trainings import train_on


@dataclass(frozen=True)
class _Repeat:
    """The network of a seed, how it came about, and what it says of the test tiles."""

    model: Any
    card: Mapping[str, Any]
    history: tuple[Mapping[str, Any], ...] | None
    probabilities: NDArray[np.float32]


class Evaluate(Step[EvaluateParameters]):
    """Train several times over, and hold the accuracy against baselines and controls."""

    name = "evaluate"
    title = "Evaluate"
    summary = (
        "Train with several seeds and hold the accuracy against baselines and, with --controls,"
        " shuffled labels and shifted brightness."
    )
    needs = ("split", "describe")
    parallel = False
    on_demand = True
    # each item says itself which parameters its result depends on
    choosing = tuple(EvaluateParameters.model_fields)
    Parameters = EvaluateParameters

    def items(self, study: Study, parameters: EvaluateParameters) -> Sequence[Item]:
        """One item a split's baselines, a network, a network's shifts, a shuffled training."""
        repeats = Repeats(study, parameters)
        shifts = {"shifts": repeats.shifts, "tiles": parameters.jitter_tiles}
        shifted = {"shifted": shifts} if parameters.controls else {}
        described = [study.record("describe", image.id).output for image in study.images]
        items = [
            Item(
                f"{BASELINES}/{number}",
                {**repeats.shared(repeats.single_kinds, number), "described": described, **shifted},
                20,
            )
            for number in range(repeats.splits)
        ]
        for kind in repeats.kinds:
            found = {seed: repeats.inputs(kind, i) for i, seed in enumerate(repeats.seeds)}
            items += [Item(f"{kind}/{SEED}/{one}", found[one], 1000) for one in found]
            if not parameters.controls:
                continue
            items += [Item(f"{kind}/{SHIFT}/{one}", {**found[one], **shifted}, 50) for one in found]
            if repeats.can_shuffle:
                items += [
                    Item(
                        f"{kind}/{SHUFFLE}/{number}",
                        {
                            **repeats.inputs(kind, number),
                            "shuffled": hash_value(repeats.shuffled(number).tolist()),
                        },
                        1000,
                    )
                    for number in range(parameters.shuffles)
                ]
        return items

    def kept(self, study: Study, parameters: EvaluateParameters, item: Item) -> bool:
        """Tell whether the network of a seed is still there."""
        _, what, _ = _parsed(item)
        return what != SEED or (_folder(study, item) / WEIGHTS).exists()

    def compute(
        self, study: Study, parameters: EvaluateParameters, item: Item, progress: Progress
    ) -> Any:
        """Return a trained network with its answers, or the rows of baselines and controls."""
        repeats = Repeats(study, parameters)
        kind, what, number = _parsed(item)
        if what == BASELINES:
            return baseline_rows(repeats, number, progress)
        if what == SEED:
            return self._repeat(repeats, kind, number - repeats.seeds[0], item, progress)
        if what == SHIFT:
            return shift_rows(repeats, kind, number - repeats.seeds[0], progress)
        return self._shuffled(repeats, kind, number, item, progress)

    def _repeat(
        self, repeats: Repeats, kind: str, number: int, item: Item, progress: Progress
    ) -> _Repeat:
        from napari_npm.study.model_cards import make_card, read_card
        from napari_npm.study.models import load_model

        study, parameters = repeats.study, repeats.training(number)
        parts = repeats.parts(number)
        card: dict[str, Any]
        history: tuple[Mapping[str, Any], ...] | None = None
        if is_that_of_train(study, kind, parameters, parts):
            model = load_model(study.models_folder / kind)
            card = read_card(study.models_folder / kind)
        else:
            result = train_on(
                study,
                kind,
                parts,
                study.tile_labels,
                parameters,
                self._checkpoints(study, item),
                progress,
            )
            model, card = result.model, make_card(study, kind, parameters, result)
            if parts != parts_of(study):
                del card["split"]
                card["tiles"] = {part: parts.count(part) for part in dict.fromkeys(parts)}
            history = tuple(asdict(record) for record in result.history)
        answers = network_answers(study, model, kind, repeats.test(number), progress)
        return _Repeat(model, card, history, answers)

    def _shuffled(
        self, repeats: Repeats, kind: str, number: int, item: Item, progress: Progress
    ) -> list[dict[str, Any]]:
        study, labels, parts = repeats.study, repeats.shuffled(number), repeats.parts(number)
        test = repeats.test(number)
        result = train_on(
            study,
            kind,
            parts,
            labels,
            repeats.training(number),
            self._checkpoints(study, item),
            progress,
        )
        answers = network_answers(study, result.model, kind, test, progress)
        learnt = result.history[-1].accuracy
        return [
            answer_row(SHUFFLE, kind, number, test, labels, answers.argmax(1)) | {"learnt": learnt}
        ]

    def _checkpoints(self, study: Study, item: Item) -> Checkpoints:
        parameters = EvaluateParameters()  # all of them only choose the items
        return Checkpoints(_folder(study, item), key=self.key(parameters, item.inputs))

    def store(
        self, study: Study, parameters: EvaluateParameters, item: Item, result: Any
    ) -> Stored:
        """Keep the networks of seeds and the answers of all; drop the checkpoint."""
        from napari_npm.io import write_table
        from napari_npm.study.models import save_model

        import pandas as pd  # isort: skip

        kind, what, number = _parsed(item)
        folder = _folder(study, item)
        if what == SEED:
            repeats = Repeats(study, parameters)
            save_model(folder, result.model, result.card)
            if result.history is not None:
                write_table(folder / "history.csv", pd.DataFrame(list(result.history)))
            Checkpoints(folder, key="").clear()
            test = repeats.test(number - repeats.seeds[0])
            row = answer_row(
                SEED, kind, number, test, study.tile_labels, result.probabilities.argmax(1)
            ) | {
                "best_epoch": result.card["best_epoch"],
                "probabilities": np.round(result.probabilities.astype(float), 6).tolist(),
            }
            return Stored(hash_value([hash_file(folder / WEIGHTS), row]), (row,))
        if what == SHUFFLE:
            # a network that learnt false labels is of no use: its answers are kept
            Checkpoints(folder, key="").clear()
            for empty in (folder, folder.parent):
                if empty.exists() and not any(empty.iterdir()):
                    empty.rmdir()
        return Stored(hash_value(result), tuple(result))

    def finish_inputs(self, study: Study, parameters: EvaluateParameters) -> Any:
        """Return what the tables are made with."""
        return [
            parameters.confidence,
            parameters.resamples,
            parameters.bins,
            parameters.splits,
            [[sample.name for sample in study.samples], [t.specimen for t in study.tiles]],
        ]

    def finish(
        self, study: Study, parameters: EvaluateParameters, records: Sequence[Record]
    ) -> Sequence[Path]:
        """Write the tables of accuracies, seeds, classes, confidence and controls."""
        return write_evaluation(study, parameters, [row for one in records for row in one.rows])

    def warnings(self, study: Study, parameters: EvaluateParameters) -> Sequence[str]:
        """Say where a control speaks against the claim, or could not be made."""
        from napari_npm.study.evaluation_words import cautions

        return cautions(study)


def _parsed(item: Item) -> tuple[str, str, int]:
    """Return kind of map, kind of work, and number of an item."""
    if item.id.startswith(f"{BASELINES}/"):
        return "", BASELINES, int(item.id.partition("/")[2])
    kind, what, number = item.id.split("/")
    return kind, what, int(number)


def _folder(study: Study, item: Item) -> Path:
    kind, what, number = _parsed(item)
    if what == SHUFFLE:
        return study.models_folder / kind / "shuffles" / str(number)
    return seed_folder(study, kind, number)
