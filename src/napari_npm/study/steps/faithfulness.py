"""faithfulness: tests that the relevance maps can fail."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from napari_npm.core.progress import Progress
from napari_npm.core.wording import several
from napari_npm.study.faithfulness_tables import write_faithfulness
from napari_npm.study.faithfulness_tests import MODES, chosen_tiles, run_test
from napari_npm.study.hashing import hash_file, hash_value
from napari_npm.study.models import WEIGHTS
from napari_npm.study.seeds import seed_models
from napari_npm.study.settings import FaithfulnessParameters
from napari_npm.study.state import Record
from napari_npm.study.step import Item, Step, Stored
from napari_npm.study.study import Study
from napari_npm.study.tables import all_rows
from napari_npm.study.wiring import MAP_NAMES, trained

_DEPENDS = {
    "deletion": ("block_px", "steps", "random_orders", "fill", "blur_px", "measure", "seed"),
    "layers": ("layer_draws", "share", "seed"),
    "classes": ("share",),
    "seeds": ("share",),
    "noise": ("noise_sigma", "noise_draws", "share", "seed"),
}
"""The parameters that each test's result depends on, besides those that choose the tiles."""


class Faithfulness(Step[FaithfulnessParameters]):
    """Delete blocks, draw layers anew, explain other classes, ask other seeds, add noise."""

    name = "faithfulness"
    title = "Faithfulness"
    summary = "Put the relevance maps to tests that they can fail, on test tiles."
    needs = ("split", "train", "explain")
    current = ("explain",)
    parallel = False
    on_demand = True
    # each item says itself which parameters its result depends on
    choosing = tuple(FaithfulnessParameters.model_fields)
    Parameters = FaithfulnessParameters

    def items(self, study: Study, parameters: FaithfulnessParameters) -> Sequence[Item]:
        """One item a model and test; layers are drawn anew in two ways."""
        tiles = chosen_tiles(study, parameters)
        explained = study.parameters("explain").model_dump(mode="json", exclude={"batch_size"})
        items = []
        for model in trained(study):
            shared = {
                "model": study.record("train", model).output,
                "relevance": [
                    study.record("explain", f"{model}/{image}").output
                    for image in dict.fromkeys(tile.image for tile in tiles)
                ],
                "explain": explained,
                "tiles": [[tile.index, tile.name] for tile in tiles],
                "samples": [sample.name for sample in study.samples],
            }
            for test in parameters.tests:
                own = {name: getattr(parameters, name) for name in _DEPENDS[test]}
                if test == "seeds":
                    found = seed_models(study, model)
                    if len(found) < 2:
                        continue
                    own["networks"] = {
                        str(seed): hash_file(folder / WEIGHTS) for seed, folder in found.items()
                    }
                kinds = [f"layers-{mode}" for mode in MODES] if test == "layers" else [test]
                items += [
                    Item(f"{model}/{kind}", {**shared, "parameters": own}, len(tiles))
                    for kind in kinds
                ]
        return items

    def compute(
        self, study: Study, parameters: FaithfulnessParameters, item: Item, progress: Progress
    ) -> Any:
        """Return the rows of a test."""
        model, test = item.id.split("/")
        return run_test(study, model, test, parameters, progress)

    def store(
        self, study: Study, parameters: FaithfulnessParameters, item: Item, result: Any
    ) -> Stored:
        """Keep the rows of a test."""
        return Stored(hash_value(result), tuple(result))

    def finish_inputs(self, study: Study, parameters: FaithfulnessParameters) -> Any:
        """Return what the intervals are made with."""
        return [parameters.confidence, [[tile.sample, tile.specimen] for tile in study.tiles]]

    def finish(
        self, study: Study, parameters: FaithfulnessParameters, records: Sequence[Record]
    ) -> Sequence[Path]:
        """Write the table of means with intervals, of single tiles, and of deletion curves."""
        return write_faithfulness(study, parameters.confidence, all_rows(records))

    def warnings(self, study: Study, parameters: FaithfulnessParameters) -> Sequence[str]:
        """Say what was left out, or rests on little."""
        tiles = chosen_tiles(study, parameters)
        said = []
        for sample in study.samples:
            own = [tile for tile in tiles if tile.sample == sample.name]
            specimens = len({tile.specimen for tile in own})
            if specimens < 2:
                said.append(
                    f"The tests of the maps rest on {several(len(own), 'tile')} of"
                    f" {several(specimens, 'specimen')} of {sample.name}: what they say may hold"
                    " for that specimen only."
                )
        if "seeds" in parameters.tests:
            said += [
                f"Agreement over seeds was left out for {MAP_NAMES[model]}: run evaluate with"
                " --seeds 2 or more first."
                for model in trained(study)
                if len(seed_models(study, model)) < 2
            ]
        return said
