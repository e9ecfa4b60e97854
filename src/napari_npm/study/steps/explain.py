"""explain: deep Taylor decomposition of the network's decisions (paper, section 2.2)."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from napari_npm.core.errors import NpmError
from napari_npm.core.progress import Progress
from napari_npm.study.hashing import hash_array, hash_file
from napari_npm.study.settings import ExplainParameters
from napari_npm.study.state import Record
from napari_npm.study.step import Item, Step, Stored
from napari_npm.study.study import Study
from napari_npm.study.tables import all_rows, tile_row, write_rows
from napari_npm.study.wiring import model_inputs, trained


class Explain(Step[ExplainParameters]):
    """Relevance of every pixel, normalised to sum 1 a tile, with conservation measured."""

    name = "explain"
    title = "Explain"
    summary = "Decompose the network's decisions into relevance maps (alpha1-beta0 DTD)."
    needs = ("train",)
    version = 2
    parallel = False
    Parameters = ExplainParameters

    def items(self, study: Study, parameters: ExplainParameters) -> Sequence[Item]:
        """One item a model and image."""
        return [
            Item(
                f"{model}/{image.id}",
                {
                    **model_inputs(study, model, image.id),
                    "sample": image.sample if parameters.target == "true" else None,
                    "truth": _truth_hash(study, image.id),
                },
                len(study.tiles_of(image.id)),
            )
            for model in trained(study)
            for image in study.images
        ]

    def kept(self, study: Study, parameters: ExplainParameters, item: Item) -> bool:
        """Tell whether the image's relevance is still there."""
        model, image = item.id.split("/", 1)
        return study.stack(f"relevance/{model}").has(study.tiles_of(image))

    def prepare(self, study: Study, parameters: ExplainParameters) -> None:
        """Make room for the relevance maps."""
        for model in trained(study):
            study.stack(f"relevance/{model}").prepare(
                study.tiles, "float32", study.pixel_size_nm, model=model, unit="sums to 1 a tile"
            )

    def compute(
        self, study: Study, parameters: ExplainParameters, item: Item, progress: Progress
    ) -> Any:
        """Return the explanation of an image's tiles."""
        from napari_npm.core.relevance import Explainer

        name, image = item.id.split("/", 1)
        tiles = study.tiles_of(image)
        labels = study.tile_labels[[tile.index for tile in tiles]]
        model = study.load_model(name)
        explainer = study.keeping(
            "explainer",
            (id(model), parameters),
            lambda: Explainer(
                model,
                engine=parameters.engine,
                input_rule=parameters.input_rule,
                undefined=parameters.undefined,
                batch_size=parameters.batch_size,
            ),
        )
        maps = study.stack(name).read(tiles)
        return explainer(maps, labels if parameters.target == "true" else None, progress=progress)

    def store(
        self,
        study: Study,
        parameters: ExplainParameters,
        item: Item,
        result: Any,
    ) -> Stored:
        """Write the tiles' relevance; keep a row for each."""
        from napari_npm.core.localisation import roc_auc

        model, image = item.id.split("/", 1)
        tiles = study.tiles_of(image)
        study.stack(f"relevance/{model}").write(tiles, result.relevance)
        truth = study.truth(image)
        names = [sample.name for sample in study.samples]
        rows = []
        for number, tile in enumerate(tiles):
            auc = None
            if truth is not None:
                size = result.relevance.shape[1]
                places = truth[tile.row : tile.row + size, tile.col : tile.col + size]
                if 0 < places.sum() < places.size:
                    auc = roc_auc(result.relevance[number], places)
            rows.append(
                {
                    **tile_row(tile),
                    "model": model,
                    "target": names[int(result.target[number])],
                    "output": float(result.output[number]),
                    "raw_sum": float(result.raw_sum[number]),
                    "conservation": float(result.conservation[number]),
                    "undefined": float(result.undefined[number]),
                    "auc": auc,
                }
            )
        return Stored(hash_array(result.relevance), tuple(rows))

    def finish(
        self,
        study: Study,
        parameters: ExplainParameters,
        records: Sequence[Record],
    ) -> Sequence[Path]:
        """Write one table a model."""
        if not records:
            raise NpmError("There is no trained model to explain: run the train step first.")
        rows = all_rows(records)
        return [
            write_rows(study, f"relevance_{model}", [row for row in rows if row["model"] == model])
            for model in dict.fromkeys(row["model"] for row in rows)
        ]


def _truth_hash(study: Study, image_id: str) -> str:
    path = study.truth_path(image_id)
    return hash_file(path) if path.exists() else "none"
