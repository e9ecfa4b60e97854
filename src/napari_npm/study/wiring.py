"""What the items of one step depend on in the results of another."""

from typing import Any

from .store import tile_places
from .study import Study

MAP_STEP = {"mulf": "calibrate", "micf": "smooth"}
MAP_NAMES = {"mulf": "MulF", "micf": "MicF"}
"""How a reader calls the maps."""


def map_inputs(study: Study, image_id: str, kind: str) -> dict[str, Any]:
    """Return what work on an image's map depends on: its content and its place in the stack."""
    return {
        "map": study.record(MAP_STEP[kind], image_id).output,
        "tiles": tile_places(study.tiles_of(image_id)),
    }


def all_maps(study: Study, kind: str) -> list[str]:
    """Return what work on all maps of a kind depends on, image by image."""
    return [study.record(MAP_STEP[kind], image.id).output for image in study.images]


def trained(study: Study) -> list[str]:
    """Return the models (named after the maps that they read) that the train step has made."""
    return list(study.state("train").records)


def model_inputs(study: Study, model: str, image_id: str) -> dict[str, Any]:
    """Return what a model's work on an image depends on."""
    return {"model": study.record("train", model).output, **map_inputs(study, image_id, model)}
