"""What the items of one step depend on in the results of another, and what a model reads."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .results import Tiles
from .store import Tile, tile_places
from .study import Study

MAP_STEP = {"mulf": "calibrate", "micf": "smooth"}
MAP_NAMES = {"mulf": "MulF", "micf": "MicF", "both": "MulF + MicF"}
"""How a reader calls the maps that a model reads."""
MODEL_MAPS = {"mulf": ("mulf",), "micf": ("micf",), "both": ("mulf", "micf")}
"""The maps that each model reads, as its channels; the first is the one that is shown."""


def map_inputs(study: Study, image_id: str, kind: str) -> dict[str, Any]:
    """Return what work on the maps of an image that a model reads depends on: content and place."""
    maps = [study.record(MAP_STEP[one], image_id).output for one in MODEL_MAPS[kind]]
    return {
        "map": maps[0] if len(maps) == 1 else maps,
        "tiles": tile_places(study.tiles_of(image_id)),
    }


def all_maps(study: Study, kind: str) -> list[str]:
    """Return what work on all maps that a model reads depends on, image by image."""
    return [
        study.record(MAP_STEP[one], image.id).output
        for one in MODEL_MAPS[kind]
        for image in study.images
    ]


def trained(study: Study) -> list[str]:
    """Return the models (named after the maps that they read) that the train step has made."""
    return list(study.state("train").records)


def model_inputs(study: Study, model: str, image_id: str) -> dict[str, Any]:
    """Return what a model's work on an image depends on."""
    return {"model": study.record("train", model).output, **map_inputs(study, image_id, model)}


class ModelTiles:
    """What a model reads of some tiles, one at a time: (H, W), or (C, H, W) with several maps."""

    def __init__(self, study: Study, model: str, tiles: Sequence[Tile]) -> None:
        self._maps = [Tiles(study.stack(kind), tiles) for kind in MODEL_MAPS[model]]

    def __len__(self) -> int:
        return len(self._maps[0])

    def __getitem__(self, number: int) -> NDArray[Any]:
        channels = [maps[number] for maps in self._maps]
        return channels[0] if len(channels) == 1 else np.stack(channels)


def read_model_maps(study: Study, model: str, tiles: Sequence[Tile]) -> NDArray[Any]:
    """Return what a model reads of tiles: (n, H, W), or (n, C, H, W) with several maps."""
    channels = [study.stack(kind).read(tiles) for kind in MODEL_MAPS[model]]
    return channels[0] if len(channels) == 1 else np.stack(channels, axis=1)


def shown_map(model: str) -> str:
    """Return the kind of map that relevance of a model is shown on."""
    return MODEL_MAPS[model][0]
