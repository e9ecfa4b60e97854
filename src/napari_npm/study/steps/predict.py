"""predict: what the trained networks say, and how sure that figure is."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from napari_npm.core.errors import NpmError
from napari_npm.core.progress import Progress
from napari_npm.study.hashing import hash_value
from napari_npm.study.leaks import leak_note
from napari_npm.study.results import SPLIT_ITEM, parts_of
from napari_npm.study.settings import PredictParameters
from napari_npm.study.state import Record
from napari_npm.study.step import Item, Step, Stored
from napari_npm.study.study import Study
from napari_npm.study.tables import all_rows, tile_row, write_rows
from napari_npm.study.wiring import MAP_NAMES, model_inputs, read_model_maps, trained


class Predict(Step[PredictParameters]):
    """Class probabilities of every tile; test accuracy beside the baselines."""

    name = "predict"
    title = "Predict"
    summary = "Predict every tile's sample; test accuracy with an interval, beside baselines."
    needs = ("train", "describe")
    parallel = False
    Parameters = PredictParameters

    def items(self, study: Study, parameters: PredictParameters) -> Sequence[Item]:
        """One item a model and image."""
        return [
            Item(
                f"{model}/{image.id}",
                model_inputs(study, model, image.id),
                len(study.tiles_of(image.id)),
            )
            for model in trained(study)
            for image in study.images
        ]

    def compute(
        self, study: Study, parameters: PredictParameters, item: Item, progress: Progress
    ) -> Any:
        """Return class probabilities of the image's tiles."""
        from napari_npm.core.prediction import predict
        from napari_npm.study.models import check_pixel_size, read_facts

        model, image = item.id.split("/", 1)
        facts = read_facts(study.models_folder / model)
        check_pixel_size(facts, study.pixel_size_nm, model)
        names = [sample.name for sample in study.samples]
        if facts.get("classes", names) != names:
            raise NpmError(
                f"The model {model} tells {', '.join(facts['classes'])} apart, but the study has"
                f" {', '.join(names)}: train it again."
            )
        maps = read_model_maps(study, model, study.tiles_of(image))
        return predict(
            study.load_model(model), maps, batch_size=parameters.batch_size, progress=progress
        )

    def store(
        self,
        study: Study,
        parameters: PredictParameters,
        item: Item,
        result: Any,
    ) -> Stored:
        """Keep a row for each tile."""
        model, image = item.id.split("/", 1)
        names = [sample.name for sample in study.samples]
        rows = tuple(
            {
                **tile_row(tile),
                "model": model,
                "predicted": names[int(np.argmax(shares))],
                **{f"p_{name}": float(share) for name, share in zip(names, shares, strict=True)},
            }
            for tile, shares in zip(study.tiles_of(image), result, strict=True)
        )
        return Stored(hash_value(rows), rows)

    def finish_inputs(self, study: Study, parameters: PredictParameters) -> Any:
        """Return what the baselines are made of, and what is stated beside every figure."""
        return [
            [study.record("describe", image.id).output for image in study.images],
            study.record("split", SPLIT_ITEM).output,
            leak_note(study),
            # the interval is over specimens
            hash_value([(tile.sample, tile.specimen) for tile in study.tiles]),
        ]

    def finish(
        self, study: Study, parameters: PredictParameters, records: Sequence[Record]
    ) -> Sequence[Path]:
        """Write predictions, confusion matrices and the table of accuracies; complete the cards."""
        from napari_npm.core.evaluation import expected_calibration_error

        rows = all_rows(records)
        files, accuracies = [], []
        parts = parts_of(study)
        names = [sample.name for sample in study.samples]
        for model in dict.fromkeys(row["model"] for row in rows):
            own = [{**row, "part": parts[row["tile"]]} for row in rows if row["model"] == model]
            files.append(write_rows(study, f"predictions_{model}", own))
            test = [row for row in own if row["part"] == "test"]
            true, predicted = (
                np.array([names.index(row[column]) for row in test])
                for column in ("sample", "predicted")
            )
            files.append(_confusion(study, model, true, predicted))
            shares = np.array([[row[f"p_{name}"] for name in names] for row in test])
            line = _line(study, predicted, parameters)
            line["calibration_error"] = float(expected_calibration_error(shares, true))
            accuracies.append({"classifier": f"network on {MAP_NAMES[model]}", **line})
            _complete_card(study, model, line)
        accuracies += [
            {"classifier": name, **_line(study, predicted, parameters)}
            for name, predicted in _baselines(study)
        ]
        files.append(write_rows(study, "accuracy", accuracies))
        return files

    def warnings(self, study: Study, parameters: PredictParameters) -> Sequence[str]:
        """Say what the parts of the split share."""
        note = leak_note(study)
        return [] if note is None else [note]


def _confusion(study: Study, model: str, true: Any, predicted: Any) -> Path:
    from napari_npm.core.evaluation import confusion

    names = [sample.name for sample in study.samples]
    counts = confusion(true, predicted, len(names))
    rows = [
        {
            "true": name,
            **{f"predicted_{other}": int(n) for other, n in zip(names, line, strict=True)},
        }
        for name, line in zip(names, counts, strict=True)
    ]
    return write_rows(study, f"confusion_{model}", rows)


def _line(study: Study, predicted: Any, parameters: PredictParameters) -> dict[str, Any]:
    """Return accuracy on the test tiles with its interval, in all and by class, as a row."""
    from napari_npm.core.evaluation import accuracy_interval

    test = [tile for tile, part in zip(study.tiles, parts_of(study), strict=True) if part == "test"]
    classes = study.tile_labels[[tile.index for tile in test]]
    groups = np.array([f"{tile.sample}/{tile.specimen}" for tile in test])
    correct = predicted == classes
    found = accuracy_interval(
        correct,
        groups,
        labels=classes,
        confidence=parameters.confidence,
        resamples=parameters.resamples,
        seed=parameters.seed,
    )
    return {
        "accuracy": found.value,
        "low": found.low,
        "high": found.high,
        "tiles": len(test),
        "specimens": len(set(groups)),
        "interval": found.method,
        "calibration_error": None,
        **{
            f"accuracy_{sample.name}": float(correct[classes == number].mean())
            for number, sample in enumerate(study.samples)
        },
        "leaks": leak_note(study) or "",
    }


def _complete_card(study: Study, model: str, line: dict[str, Any]) -> None:
    """Put the test's figures on a model's card."""
    from napari_npm.study.model_cards import add_test

    kept = ("accuracy", "low", "high", "tiles", "specimens", "interval", "calibration_error")
    figures = {name: line[name] for name in kept}
    figures["classes"] = {one.name: line[f"accuracy_{one.name}"] for one in study.samples}
    add_test(study.models_folder / model, {**figures, "leaks": line["leaks"]})


def _baselines(study: Study) -> list[tuple[str, Any]]:
    """Return what plain classifiers say of the same test tiles."""
    from napari_npm.study.baselines import baselines

    return [(one.classifier, one.predicted) for one in baselines(study, parts_of(study))]
