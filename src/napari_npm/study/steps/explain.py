"""explain: deep Taylor decomposition of the network's decisions (paper, section 2.2)."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from napari_npm.core.errors import NpmError
from napari_npm.core.progress import Progress
from napari_npm.core.wording import agree, several
from napari_npm.study.centre_fields import field_key, field_paths, make_fields
from napari_npm.study.explain_asking import make_explainer, question
from napari_npm.study.explain_rows import BINS, tell
from napari_npm.study.explain_seamless import explain_seamless
from napari_npm.study.explaining import explain_tiles
from napari_npm.study.hashing import hash_array, hash_file, hash_value
from napari_npm.study.leaks import leak_note
from napari_npm.study.settings import ExplainParameters
from napari_npm.study.state import Record
from napari_npm.study.step import Item, Step, Stored
from napari_npm.study.store import Tile
from napari_npm.study.study import Study
from napari_npm.study.tables import all_rows, write_rows
from napari_npm.study.wiring import MAP_NAMES, ModelTiles, model_inputs, trained


class Explain(Step[ExplainParameters]):
    """Relevance of every pixel, with conservation, truth and centre bias measured."""

    name = "explain"
    title = "Explain"
    summary = "Decompose the network's decisions into relevance maps (alpha1-beta0 DTD)."
    needs = ("train",)
    version = 3
    parallel = False
    Parameters = ExplainParameters

    def items(self, study: Study, parameters: ExplainParameters) -> Sequence[Item]:
        """One item a model and image."""
        question(study, parameters, ())
        return [
            Item(
                f"{model}/{image.id}",
                {
                    **model_inputs(study, model, image.id),
                    "sample": image.sample if parameters.target == "true" else None,
                    "truth": _truth_hash(study, image.id),
                    "field": field_key(study, parameters, model),
                },
                len(study.tiles_of(image.id)),
            )
            for model in trained(study)
            for image in study.images
        ]

    def kept(self, study: Study, parameters: ExplainParameters, item: Item) -> bool:
        """Tell whether the image's maps, and what they were corrected by, are still there."""
        model, image = item.id.split("/", 1)
        tiles = study.tiles_of(image)
        kinds = ("relevance", "difference") if parameters.difference else ("relevance",)
        corrected = parameters.correction == "flat-field"
        return all(study.stack(f"{kind}/{model}").has(tiles) for kind in kinds) and all(
            path.exists() for path in (field_paths(study, model) if corrected else ())
        )

    def begin(
        self,
        study: Study,
        parameters: ExplainParameters,
        items: Sequence[Item],
        progress: Progress,
    ) -> None:
        """Fit the fields of the correction, where one was asked for."""
        for model in dict.fromkeys(item.id.split("/", 1)[0] for item in items):
            key = field_key(study, parameters, model)
            if key is None:
                continue
            explainer = make_explainer(study, model, parameters, difference=False)

            def explain(
                maps: ModelTiles,
                tiles: Sequence[Tile],
                progress: Progress,
                explainer: Any = explainer,
            ) -> Any:
                target, against = question(study, parameters, tiles)
                return explainer(maps, target, against, progress=progress).relevance

            make_fields(study, model, parameters, key, explain, progress)

    def prepare(self, study: Study, parameters: ExplainParameters) -> None:
        """Make room for the maps; drop difference maps that are not wanted any more."""
        about = {"unit": "sums to 1 a tile", "correction": parameters.correction}
        if parameters.stride_px is not None:
            about["unit"] = "a tile's area holds 1 on average over its image"
        for model in trained(study):
            study.stack(f"relevance/{model}").prepare(
                study.tiles, "float32", study.pixel_size_nm, model=model, **about
            )
            difference = study.stack(f"difference/{model}")
            if parameters.difference:
                about_it = {**about, "unit": "relevance less that of the other classes; sums to 0"}
                difference.prepare(
                    study.tiles, "float32", study.pixel_size_nm, model=model, **about_it
                )
            else:
                difference.remove()

    def compute(
        self, study: Study, parameters: ExplainParameters, item: Item, progress: Progress
    ) -> Any:
        """Return the explanation of an image's tiles, and a row for each."""
        model, image = item.id.split("/", 1)
        tiles = study.tiles_of(image)
        if not tiles:
            return None, ()
        seamless = parameters.stride_px is not None and len(tiles) > 1
        explain = explain_seamless if seamless else explain_tiles
        found = explain(study, model, parameters, tiles, progress)
        return found, tell(study, model, parameters, tiles, found)

    def store(
        self,
        study: Study,
        parameters: ExplainParameters,
        item: Item,
        result: Any,
    ) -> Stored:
        """Write the tiles' maps; keep a row for each."""
        model, image = item.id.split("/", 1)
        tiles = study.tiles_of(image)
        found, rows = result
        if found is None:
            return Stored("none")
        study.stack(f"relevance/{model}").write(tiles, found.relevance)
        hashes = [hash_array(found.relevance)]
        if found.difference is not None:
            study.stack(f"difference/{model}").write(tiles, found.difference)
            hashes.append(hash_array(found.difference))
        return Stored(hash_value(hashes), rows)

    def finish(
        self,
        study: Study,
        parameters: ExplainParameters,
        records: Sequence[Record],
    ) -> Sequence[Path]:
        """Write one table a model, and the edge profiles of all."""
        if not records:
            raise NpmError("There is no trained model to explain: run the train step first.")
        rows = all_rows(records)
        models = list(dict.fromkeys(row["model"] for row in rows))
        files = [
            write_rows(study, f"relevance_{model}", [row for row in rows if row["model"] == model])
            for model in models
        ]
        return [*files, write_rows(study, "centre_bias", _centre_bias(rows, models))]

    def warnings(self, study: Study, parameters: ExplainParameters) -> Sequence[str]:
        """Say where there was no relevance, and what the test part knew of the training."""
        rows = all_rows(study.state(self.name).records.values())
        leak = leak_note(study)
        found = [] if leak is None else [leak]
        for model in dict.fromkeys(row["model"] for row in rows):
            own = [row for row in rows if row["model"] == model]
            empty = [row for row in own if row["edge_1"] is None]
            if empty:
                found.append(
                    f"{len(empty)} of {several(len(own), 'tile')}"
                    f" {agree(len(empty), 'has', 'have')} no relevance at all on"
                    f" {MAP_NAMES[model]}: nothing there speaks for the class explained."
                )
        return found


def _centre_bias(rows: Sequence[Any], models: Sequence[str]) -> list[dict[str, Any]]:
    """Return mean relevance by distance from the edge: a line a model and sample."""
    found = []
    for model in models:
        own = [row for row in rows if row["model"] == model]
        samples = list(dict.fromkeys(row["sample"] for row in own))
        for sample in [*samples, *(["all samples"] if len(samples) > 1 else [])]:
            some = [row for row in own if sample in (row["sample"], "all samples")]
            line: dict[str, Any] = {
                "model": model,
                "sample": sample,
                "tiles": len(some),
                "padding": some[0]["padding"],
                "correction": some[0]["correction"],
                "stride_px": some[0]["stride_px"],
            }
            for start in ("raw_edge", "edge"):
                for place in range(1, BINS + 1):
                    name = f"{start}_{place}"
                    known = [row[name] for row in some if row[name] is not None]
                    line[name] = float(np.mean(known)) if known else None
            found.append(line)
    return found


def _truth_hash(study: Study, image_id: str) -> str:
    path = study.truth_path(image_id)
    return hash_file(path) if path.exists() else "none"
