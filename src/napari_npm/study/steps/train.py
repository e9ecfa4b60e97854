"""train: the network learns to tell the samples apart (paper, section 2.2)."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from napari_npm.core.errors import NpmError
from napari_npm.core.progress import Progress
from napari_npm.study.hashing import hash_file
from napari_npm.study.results import SPLIT_ITEM, parts_of
from napari_npm.study.settings import TrainParameters
from napari_npm.study.state import Record
from napari_npm.study.step import Item, Step, Stored
from napari_npm.study.store import tile_places
from napari_npm.study.study import Study
from napari_npm.study.tables import write_rows
from napari_npm.study.wiring import all_maps


class Train(Step[TrainParameters]):
    """Train one network for each kind of map."""

    name = "train"
    title = "Train"
    summary = "Train the network to tell the samples apart, on MulF, MicF or both maps."
    needs = ("split", "calibrate")
    parallel = False
    version = 2
    # device and compiler change the last digits alone: a model need not be trained again for them
    choosing = ("maps", "device", "compile")
    Parameters = TrainParameters

    def items(self, study: Study, parameters: TrainParameters) -> Sequence[Item]:
        """One item a kind of map."""
        if not parameters.maps:
            raise NpmError("Choose at least one kind of map to train on: mulf, micf or both.")
        places = tile_places(study.tiles)
        split = study.record("split", SPLIT_ITEM).output
        return [
            Item(kind, {"maps": all_maps(study, kind), "tiles": places, "split": split}, 1000)
            for kind in parameters.maps
        ]

    def key(self, parameters: TrainParameters, inputs: Mapping[str, Any]) -> str:
        """Return the hash of what a model depends on: the patience as it takes effect."""
        return super().key(parameters.in_effect(), inputs)

    def kept(self, study: Study, parameters: TrainParameters, item: Item) -> bool:
        """Tell whether the model is still there, as it was written."""
        if item.id not in study.models:
            return False
        return study.weights_hash(item.id) == study.record(self.name, item.id).output

    def compute(
        self, study: Study, parameters: TrainParameters, item: Item, progress: Progress
    ) -> Any:
        """Train, keeping a checkpoint after each epoch to go on from."""
        from ._checkpoints import Checkpoints
        from ._trainings import train_on

        # the seed and the number of epochs shape the whole schedule: a checkpoint of another
        # key cannot be gone on with
        checkpoints = Checkpoints(
            study.models_folder / item.id, key=self.key(parameters, item.inputs)
        )
        return train_on(
            study,
            item.id,
            parts_of(study),
            study.tile_labels,
            parameters,
            checkpoints,
            progress,
        )

    def store(self, study: Study, parameters: TrainParameters, item: Item, result: Any) -> Stored:
        """Write weights, card and history; drop the checkpoint."""
        from napari_npm.io import write_table
        from napari_npm.study.model_cards import make_card
        from napari_npm.study.models import WEIGHTS, save_model

        from ._checkpoints import Checkpoints

        import pandas as pd  # isort: skip

        folder = study.models_folder / item.id
        rows = [asdict(record) for record in result.history]
        save_model(folder, result.model, make_card(study, item.id, parameters, result))
        write_table(folder / "history.csv", pd.DataFrame(rows))
        Checkpoints(folder, key="").clear()
        row = {"model": item.id, "epochs": len(rows), **rows[result.best_epoch - 1]}
        return Stored(hash_file(folder / WEIGHTS), (row,))

    def warnings(self, study: Study, parameters: TrainParameters) -> Sequence[str]:
        """Return what went otherwise than asked for, from the models' cards."""
        from napari_npm.study.model_cards import read_card

        return [
            f"{item.id}: {note}"
            for item in self.items(study, parameters)
            for note in read_card(study.models_folder / item.id).get("notes", ())
        ]

    def finish(
        self,
        study: Study,
        parameters: TrainParameters,
        records: Sequence[Record],
    ) -> Sequence[Path]:
        """Write the table of models."""
        weights = [study.models_folder / record.item / "weights.safetensors" for record in records]
        return [write_rows(study, "models", [record.rows[0] for record in records]), *weights]
