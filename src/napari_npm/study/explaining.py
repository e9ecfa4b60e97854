"""Explaining the tiles of an image one by one, as the explain step was asked to."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_npm.core.progress import Progress

from .centre_fields import field_of
from .explain_asking import make_explainer, question
from .settings import ExplainParameters
from .store import Tile
from .study import Study
from .wiring import MODEL_MAPS, read_model_maps


@dataclass(frozen=True)
class Explained:
    """The relevance of an image's tiles.

    Attributes
    ----------
    relevance : ndarray of float32, (n, H, W)
        Corrected, if that was asked for.
    raw : ndarray of float32, (n, H, W)
        Before the correction.
    difference : ndarray of float32, (n, H, W), or None
        The class-difference map, corrected alike.
    facts : tuple of dict
        What is known of each tile's explanation.
    """

    relevance: NDArray[np.float32]
    raw: NDArray[np.float32]
    difference: NDArray[np.float32] | None
    facts: tuple[dict[str, Any], ...]


def explain_tiles(
    study: Study,
    name: str,
    parameters: ExplainParameters,
    tiles: Sequence[Tile],
    progress: Progress,
) -> Explained:
    """Explain tiles one by one, and correct them if that was asked for."""
    target, against = question(study, parameters, tiles)
    explainer = make_explainer(study, name, parameters)
    maps = read_model_maps(study, name, tiles)
    found = explainer(maps, target, against, progress=progress)
    relevance, difference = found.relevance, found.difference
    if parameters.correction == "flat-field":
        relevance, difference = _flattened(study, name, parameters, tiles, found)
    facts = []
    for number in range(len(tiles)):
        shares = dict(zip(MODEL_MAPS[name], found.channel_share[number].tolist(), strict=True))
        facts.append(
            {
                "target": int(found.target[number]),
                "against": None if found.against is None else int(found.against[number]),
                "network_says": int(found.predicted[number]),
                "output": float(found.output[number]),
                "raw_sum": float(found.raw_sum[number]),
                "conservation": float(found.conservation[number]),
                "undefined": float(found.undefined[number]),
                **({f"share_{kind}": part for kind, part in shares.items()}
                   if len(shares) > 1 else {}),
                "engine": found.engine,
                "input_rule": found.input_rule,
                "undefined_rule": found.undefined_rule,
            }
        )  # fmt: skip
    return Explained(relevance, found.relevance, difference, tuple(facts))


def _flattened(
    study: Study, name: str, parameters: ExplainParameters, tiles: Sequence[Tile], found: Any
) -> tuple[NDArray[np.float32], NDArray[np.float32] | None]:
    from napari_npm.core.centre_bias import flat_field

    relevance = np.empty_like(found.relevance)
    difference = None if found.difference is None else np.empty_like(found.difference)
    for number, tile in enumerate(tiles):
        field = field_of(study, name, tile, parameters.seed)
        (relevance[number],) = flat_field(found.relevance[number : number + 1], field)
        if difference is not None:
            # scaled as the relevance is, so that both stay comparable
            amount = float((found.relevance[number] / field).sum(dtype=float))
            difference[number] = found.difference[number] / field / (amount or 1.0)
    return relevance, difference
