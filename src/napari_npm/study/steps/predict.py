"""predict: what the trained networks say, and how sure that figure is."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from napari_npm.core.progress import Progress
from napari_npm.study.hashing import hash_value
from napari_npm.study.results import Tiles, parts_of
from napari_npm.study.settings import PredictParameters
from napari_npm.study.state import Record
from napari_npm.study.step import Item, Step, Stored
from napari_npm.study.study import Study
from napari_npm.study.tables import all_rows, tile_row, write_rows
from napari_npm.study.wiring import MAP_NAMES, model_inputs, trained


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

        model, image = item.id.split("/", 1)
        maps = study.stack(model).read(study.tiles_of(image))
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
        """Return what the baselines are made of."""
        return [study.record("describe", image.id).output for image in study.images]

    def finish(
        self, study: Study, parameters: PredictParameters, records: Sequence[Record]
    ) -> Sequence[Path]:
        """Write predictions, confusion matrices and the table of accuracies."""
        rows = all_rows(records)
        files, accuracies = [], []
        parts = parts_of(study)
        for model in dict.fromkeys(row["model"] for row in rows):
            own = [{**row, "part": parts[row["tile"]]} for row in rows if row["model"] == model]
            files.append(write_rows(study, f"predictions_{model}", own))
            test = [row for row in own if row["part"] == "test"]
            names = [sample.name for sample in study.samples]
            true, predicted = (
                np.array([names.index(row[column]) for row in test])
                for column in ("sample", "predicted")
            )
            files.append(_confusion(study, model, true, predicted))
            accuracies.append(
                {
                    "classifier": f"network on {MAP_NAMES[model]}",
                    **_interval(study, true == predicted, parameters),
                }
            )
        accuracies += _baselines(study, parameters)
        files.append(write_rows(study, "accuracy", accuracies))
        return files


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


def _interval(study: Study, correct: Any, parameters: PredictParameters) -> dict[str, Any]:
    """Return accuracy on the test tiles with its interval, as columns of a row."""
    from napari_npm.core.evaluation import accuracy_interval

    test = [tile for tile, part in zip(study.tiles, parts_of(study), strict=True) if part == "test"]
    classes = study.tile_labels[[tile.index for tile in test]]
    groups = np.array([f"{tile.sample}/{tile.specimen}" for tile in test])
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
    }


def _baselines(study: Study, parameters: PredictParameters) -> list[dict[str, Any]]:
    """Return what porosity, pore size and the grey histogram reach on the same split."""
    from napari_npm.core.evaluation import histogram_baseline
    from napari_npm.core.statistics import nearest_mean

    parts = np.array(parts_of(study))
    learn, test = (np.flatnonzero(parts == part) for part in ("train", "test"))
    labels = study.tile_labels
    described = [row for image in study.images for row in study.record("describe", image.id).rows]
    rows = []
    for column, name in (("porosity", "porosity"), ("pore_area_nm2", "average pore size")):
        values = np.array([row[column] for row in described])
        predicted = nearest_mean(values, labels, fit=learn, evaluate=test).predicted
        rows.append((f"{name}, nearest mean", predicted == labels[test]))
    maps = [Tiles(study.stack("mulf"), [study.tiles[i] for i in some]) for some in (learn, test)]
    found = histogram_baseline(maps[0], labels[learn], maps[1], labels[test])
    rows.append(("grey histogram, logistic regression", found.predicted == labels[test]))
    return [{"classifier": name, **_interval(study, correct, parameters)} for name, correct in rows]
