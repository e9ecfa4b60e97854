"""What the explain step tells of each tile: how it was explained, edge profile, truth."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .explaining import Explained
from .settings import ExplainParameters
from .store import Tile
from .study import Study
from .tables import tile_row

BINS = 4
"""Bins of equal width of the edge profile, from the edge of a tile to its middle."""
TRUTH = ("auc", "average_precision", "pointing", "top_precision", "prevalence")
"""Columns that hold a map against known places."""


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
