"""Explaining an image larger than a tile without seams, as the explain step was asked to."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from napari_npm.core.progress import Progress

from .centre_fields import field_of
from .explain_asking import explainer_settings, make_explainer, question
from .explaining import Explained
from .settings import ExplainParameters
from .store import Tile
from .study import Study
from .wiring import MODEL_MAPS, ModelTiles


def explain_seamless(
    study: Study,
    name: str,
    parameters: ExplainParameters,
    tiles: Sequence[Tile],
    progress: Progress,
) -> Explained:
    """Explain an image larger than a tile by shifted windows, and cut the result into its tiles."""
    from napari_npm.core.sliding import explain_image
    from napari_npm.core.tiling import TILE, assemble, cut_tiles

    target, against = question(study, parameters, tiles)
    make_explainer(study, name, parameters)  # refuses a model that does not fit
    origins = [tile.origin for tile in tiles]
    shape = tuple(max(place) + TILE for place in zip(*origins, strict=True))
    read = ModelTiles(study, name, tiles)
    stacked = np.stack([read[number] for number in range(len(tiles))])
    channels = stacked[:, None] if stacked.ndim == 3 else stacked
    image = np.stack(
        [assemble(channels[:, c], origins, (shape[0], shape[1])) for c in range(channels.shape[1])]
    )
    corrected = parameters.correction == "flat-field"
    field: Any = field_of(study, name, tiles[0], parameters.seed) if corrected else "none"
    found = explain_image(
        study.load_model(name),
        image[0] if len(image) == 1 else image,
        None if target is None else int(target[0]),
        stride=parameters.stride_px,
        centre_bias=field,
        uncorrected=corrected,
        against=against,
        batch_size=parameters.batch_size,
        progress=progress,
        **explainer_settings(parameters),
    )
    relevance = np.asarray(cut_tiles(found.relevance, origins))
    raw = relevance
    if found.uncorrected is not None:
        raw = np.asarray(cut_tiles(found.uncorrected, origins))
    difference = found.difference
    facts = []
    for origin in origins:
        # the windows that a tile's relevance comes from
        touching = [
            number
            for number in range(len(found.windows))
            if all(
                abs(a - b) < TILE for a, b in zip(found.windows.origin(number), origin, strict=True)
            )
        ]
        kept = found.conservation[touching]
        votes = np.bincount(found.predicted[touching])
        mean = found.channel_share[touching].mean(0).tolist()
        shares = dict(zip(MODEL_MAPS[name], mean, strict=True)) if len(mean) > 1 else {}
        facts.append(
            {
                "target": found.target,
                "against": None if against is None else -1 if against == "others" else against,
                "network_says": int(votes.argmax()),
                "output": None,
                "raw_sum": None,
                "conservation": float(kept[np.abs(kept - 1).argmax()]),
                "undefined": float(found.undefined[touching].mean()),
                **{f"share_{kind}": share for kind, share in shares.items()},
                "engine": found.engine,
                "input_rule": found.input_rule,
                "undefined_rule": found.undefined_rule,
            }
        )
    return Explained(
        relevance,
        raw,
        None if difference is None else np.asarray(cut_tiles(difference, origins)),
        tuple(facts),
    )
