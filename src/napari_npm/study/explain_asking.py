"""What the explain step asks of a model: which classes, and by which settings."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_npm.core.errors import NpmError

from .settings import ExplainParameters
from .store import Tile
from .study import Study


def question(
    study: Study, parameters: ExplainParameters, tiles: Sequence[Tile]
) -> tuple[NDArray[np.int64] | None, Any]:
    """Return the classes to explain on tiles (None: the predicted ones), and those to compare with.

    Raises
    ------
    NpmError
        If a sample is named that the study does not have, or compared with itself.
    """
    names = [sample.name for sample in study.samples]
    target, against = parameters.target, parameters.against
    for value, words, what in (
        (target, ("predicted", "true"), "target"),
        (against, (None, "others"), "against"),
    ):
        if value not in words and value not in names:
            choices = ", ".join([*(word for word in words if word), *names])
            raise NpmError(f"{what} of explain is {value!r}: choose one of {choices}.")
    compared: Any = against
    if against is not None and against != "others":
        if target not in names or target == against:
            raise NpmError(
                f"To explain a difference from {against}, name another sample as the target, or"
                " compare with others."
            )
        compared = names.index(against)
    if target == "predicted":
        return None, compared
    if target == "true":
        return study.tile_labels[[tile.index for tile in tiles]], compared
    return np.full(len(tiles), names.index(target), dtype=np.int64), compared


def make_explainer(study: Study, name: str, parameters: ExplainParameters, **changes: Any) -> Any:
    """Return what explains tiles with a model of the study, made once for the same settings.

    Raises
    ------
    NpmError
        If the model does not fit the study's maps.
    """
    from napari_npm.core.relevance import Explainer

    from .models import check_pixel_size, read_facts

    check_pixel_size(read_facts(study.models_folder / name), study.pixel_size_nm, name)
    model = study.load_model(name)
    settings = {**explainer_settings(parameters), "batch_size": parameters.batch_size, **changes}
    stamp = (id(model), tuple(settings.items()))
    return study.keeping("explainer", stamp, lambda: Explainer(model, **settings))


def explainer_settings(parameters: ExplainParameters) -> dict[str, Any]:
    """Return what an `Explainer` is told."""
    return {
        "rule": parameters.rule,
        "engine": parameters.engine,
        "input_rule": parameters.input_rule,
        "undefined": parameters.undefined,
        "average": parameters.average,
        "precision": parameters.precision,
        "difference": parameters.difference,
    }
