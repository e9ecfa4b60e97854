"""Explaining the tiles of an image as the explain step was asked to, and what is told of each."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_npm.core.errors import NpmError
from napari_npm.core.progress import Progress

from .centre_fields import field_of
from .settings import ExplainParameters
from .store import Tile
from .study import Study
from .tables import tile_row
from .wiring import MODEL_MAPS, ModelTiles, read_model_maps

BINS = 4
"""Bins of equal width of the edge profile, from the edge of a tile to its middle."""
TRUTH = ("auc", "average_precision", "pointing", "top_precision", "prevalence")
"""Columns that hold a map against known places."""


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
    settings = {**_settings(parameters), "batch_size": parameters.batch_size, **changes}
    stamp = (id(model), tuple(settings.items()))
    return study.keeping("explainer", stamp, lambda: Explainer(model, **settings))


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
        against=against,
        batch_size=parameters.batch_size,
        progress=progress,
        **_settings(parameters),
    )
    relevance = np.asarray(cut_tiles(found.relevance, origins))
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
        facts.append(
            {
                "target": found.target,
                "against": None if against is None else -1 if against == "others" else against,
                "network_says": int(votes.argmax()),
                "output": None,
                "raw_sum": None,
                "conservation": float(kept[np.abs(kept - 1).argmax()]),
                "undefined": float(found.undefined[touching].mean()),
                "engine": parameters.engine,
                "input_rule": parameters.input_rule,
                "undefined_rule": parameters.undefined,
            }
        )
    return Explained(
        relevance,
        relevance,
        None if difference is None else np.asarray(cut_tiles(difference, origins)),
        tuple(facts),
    )


def tell(
    study: Study,
    name: str,
    parameters: ExplainParameters,
    tiles: Sequence[Tile],
    found: Explained,
) -> tuple[dict[str, Any], ...]:
    """Return the row of each tile: how it was explained, its edge profile, and truth if known."""
    names = [*(sample.name for sample in study.samples), "others"]
    padding = getattr(getattr(study.load_model(name), "config", None), "padding", "not known")
    seamless = parameters.stride_px is not None and len(tiles) > 1
    truth = study.truth(tiles[0].image) if tiles else None
    rows = []
    for number, (tile, facts) in enumerate(zip(tiles, found.facts, strict=True)):
        own = dict(facts)
        engine = {key: own.pop(key) for key in ("engine", "input_rule", "undefined_rule")}
        target, against = own.pop("target"), own.pop("against")
        rows.append(
            {
                **tile_row(tile),
                "model": name,
                "target": names[target],
                "against": None if against is None else names[against],
                "network_says": names[own.pop("network_says")],
                **own,
                **_profiles(found.raw[number], found.relevance[number]),
                **_truth(study, tile, truth, found, number),
                "rule": parameters.rule,
                **engine,
                "average": parameters.average,
                "precision": parameters.precision,
                "padding": padding,
                "correction": parameters.correction,
                "stride_px": parameters.stride_px if seamless else None,
            }
        )
    return tuple(rows)


def _settings(parameters: ExplainParameters) -> dict[str, Any]:
    return {
        "rule": parameters.rule,
        "engine": parameters.engine,
        "input_rule": parameters.input_rule,
        "undefined": parameters.undefined,
        "average": parameters.average,
        "precision": parameters.precision,
        "difference": parameters.difference,
    }


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


def _profiles(raw: NDArray[np.float32], relevance: NDArray[np.float32]) -> dict[str, float | None]:
    """Return the mean relevance by distance from the edge, before and after the correction."""
    from napari_npm.core.centre_bias import edge_profile

    found: dict[str, float | None] = {}
    for start, one in (("raw_edge", raw), ("edge", relevance)):
        known = edge_profile(one[None], BINS).tolist() if one.any() else [None] * BINS
        found |= {f"{start}_{place}": value for place, value in enumerate(known, 1)}
    return found


def _truth(
    study: Study, tile: Tile, truth: NDArray[Any] | None, found: Explained, number: int
) -> dict[str, float | None]:
    from napari_npm.core.localisation import localisation, roc_auc
    from napari_npm.core.masking import Label

    row: dict[str, float | None] = dict.fromkeys([*TRUTH, "auc_without_uc", "difference_auc"])
    if truth is None:
        return row
    relevance = found.relevance[number]
    height, width = relevance.shape
    where = np.s_[tile.row : tile.row + height, tile.col : tile.col + width]
    places = np.asarray(truth[where], dtype=bool)
    if not 0 < places.sum() < places.size:
        return row
    measures = localisation(relevance, places)
    row |= {name: float(getattr(measures, name)) for name in TRUTH}
    mask = study.mask(tile.image)
    if mask is not None:
        within = mask[where] != Label.UNHYDRATED
        if 0 < places[within].sum() < within.sum():
            row["auc_without_uc"] = roc_auc(relevance, places, within)
    if found.difference is not None:
        row["difference_auc"] = roc_auc(found.difference[number], places)
    return row
