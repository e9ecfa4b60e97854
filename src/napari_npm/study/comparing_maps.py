"""Which maps the compare step compares, how they are read, and the groups found in them."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from napari_npm.core.errors import NpmError
from napari_npm.core.progress import Progress

from .comparing import MATRIX, NORMALISED, ORDER, RAW, compare_path, read_part
from .results import Tiles, parts_of
from .settings import CompareParameters
from .store import Tile
from .study import Study
from .wiring import shown_map

if TYPE_CHECKING:
    from napari_npm.core.shared_patterns import SharedPattern

FEWEST = 3
"""Maps of a sample below which there is nothing to group."""
DRAWS = 5
"""Groups drawn at random, whose shared area stands beside that of the groups found."""


def compared_tiles(study: Study, sample: str, parameters: CompareParameters) -> list[Tile]:
    """Return the tiles of a sample that are compared.

    Raises
    ------
    NpmError
        If only those of the test part were asked for and there is no split.
    """
    tiles = [tile for tile in study.tiles if tile.sample == sample]
    if parameters.tiles == "all":
        return tiles
    parts = parts_of(study)
    return [tile for tile in tiles if parts[tile.index] == "test"]


def too_few(maps: Any) -> bool:
    """Tell whether there are too few maps to group."""
    return len(maps) < FEWEST


def read_maps(
    study: Study, model: str, tiles: Sequence[Tile], progress: Progress
) -> tuple[NDArray[np.float32], list[Tile], bool]:
    """Return the relevance of tiles on its raw scale, without tiles that have none.

    Parameters
    ----------
    study : Study
        The study.
    model : str
        Whose relevance.
    tiles : sequence of Tile
        The tiles.
    progress : Progress
        Called after each tile.

    Returns
    -------
    maps : ndarray of float32, (n, H, W)
        One array, filled tile by tile: 0.6 GB for 1000 tiles, and no copy of it.
    kept : list of Tile
        The tiles with any relevance, n.
    raw : bool
        Whether a raw scale is known: seamless relevance has none, and is as it is stored.
    """
    stack = Tiles(study.stack(f"relevance/{model}"), tiles)
    sums = _raw_sums(study, model, tiles)
    kept: list[Tile] = []
    maps = np.empty((len(tiles), *np.shape(stack[0])), dtype=np.float32)
    for number, tile in enumerate(tiles):
        one = stack[number]
        amount = float(one.sum(dtype=np.float64))
        if not np.isfinite(amount):
            raise NpmError(
                f"The relevance of {tile.name} holds values that are not numbers: run explain"
                " again with --force."
            )
        if amount > 0:
            maps[len(kept)] = one if sums is None else one * (sums[number] / amount)
            kept.append(tile)
        progress(0, len(tiles), f"reading {number + 1} of {len(tiles)} maps")
    return maps[: len(kept)], kept, sums is not None


def _raw_sums(study: Study, model: str, tiles: Sequence[Tile]) -> list[float] | None:
    """Return what the relevance of each tile sums to before it is scaled; None if not known."""
    known: dict[int, float | None] = {}
    for image in dict.fromkeys(tile.image for tile in tiles):
        for row in study.record("explain", f"{model}/{image}").rows:
            known[row["tile"]] = row.get("raw_sum")
    sums = []
    for tile in tiles:
        value = known.get(tile.index)
        if value is None or not np.isfinite(value) or value == 0:
            return None
        # a negative output has relevance that is not negative all the same
        sums.append(abs(value))
    return sums


def find_groups(
    study: Study, parameters: CompareParameters, model: str, sample: str, together: Sequence[str]
) -> tuple[dict[str, Any], tuple[dict[str, Any], ...]]:
    """Return the groups of a sample with what each shares, as arrays and as rows.

    Parameters
    ----------
    study : Study
        The study.
    parameters : CompareParameters
        The step's parameters.
    model, sample : str
        Which maps.
    together : sequence of str
        The samples for whose groups one size is chosen, where none is given.
    """
    from napari_npm.core.pattern_groups import group_size, similar_groups
    from napari_npm.core.shared_patterns import shared_pattern, variation_within
    from napari_npm.core.skeletons import skeleton

    parts, order = _parts(study, model, sample)
    matrix, other = matrix_and_other(parts, order)
    count = len(matrix)
    about = {"model": model, "sample": sample, "maps": count, "left_out": int(parts["left_out"])}
    if too_few(matrix):
        return {"start": np.zeros(0, np.intp)}, ({**about, "group": None},)
    size = parameters.size
    if size is None:
        found = [_parts(study, model, one) for one in together]
        pairs = [(matrix_and_other(*one)[0], one[1]["permutation"]) for one in found]
        size = group_size([one for one in pairs if not too_few(one[0])], parameters.number)
    if size > count:
        raise NpmError(
            f"{sample} has {count} maps with relevance, fewer than the {size} of a group: choose a"
            f" size of at most {count}."
        )
    groups = similar_groups(
        matrix,
        order["permutation"],
        parameters.number,
        size,
        orders=list(order["orders"]),
        other=(other, order["other"]) if len(other) else None,
        subsets=list(order["subsets"]),
    )
    tiles = [study.tiles[index] for index in parts["tiles"].tolist()]
    relevance, shown = study.stack(f"relevance/{model}"), study.stack(shown_map(model))

    def share(own: Sequence[Tile]) -> "tuple[SharedPattern, float]":
        porosity = shown.read(own)
        found = shared_pattern(
            relevance.read(own), porosity, contour=parameters.contour, decay=parameters.decay
        )
        return found, float(porosity.mean())

    draw = np.random.default_rng(parameters.seed)
    drawn = [
        share([tiles[k] for k in draw.permutation(count)[:size]])[0].fraction for _ in range(DRAWS)
    ]
    arrays: dict[str, list[Any]] = {}
    rows = []
    for number, group in enumerate(groups, 1):
        own = [tiles[member] for member in group.members]
        shared, porosity = share(own)
        row = {
            **about,
            "group": number,
            "size": size,
            "start": group.start,
            "stop": group.stop,
            "mean_difference": group.mean_difference,
            "standing_out": group.standing_out,
            "stability": group.stability,
            "stability_other": group.stability_other,
            "stability_subsets": group.stability_subsets,
            "images": len({tile.image for tile in own}),
            "specimens": len({tile.specimen for tile in own}),
            "porosity": porosity,
            "fraction": shared.fraction,
            "fraction_of_random": float(np.mean(drawn)),
            "fraction_of_random_sd": float(np.std(drawn, ddof=1)),
            "variation": shared.variation,
            "variation_within": variation_within(
                size,
                shared.pattern.size,
                porosity,
                contour=parameters.contour,
                decay=parameters.decay,
            ),
            "highest": float(shared.pattern.max()),
            "cost": float(order["cost"]),
            "lower_bound": float(order["lower_bound"]),
        }
        measures = asdict(skeleton(shared.skeleton, connectivity=parameters.connectivity))
        # NaN is no JSON
        told = {key: None if value != value else value for key, value in measures.items()}
        rows.append({**row, **{f"skeleton_{key}": value for key, value in told.items()}})
        for name, value in (
            ("start", group.start),
            ("stop", group.stop),
            ("members", group.members),
            ("mean_difference", group.mean_difference),
            ("stability", _number(group.stability)),
            ("stability_other", _number(group.stability_other)),
            ("stability_subsets", _number(group.stability_subsets)),
            ("fraction", shared.fraction),
            ("pattern", shared.pattern),
            ("contour", shared.contour),
        ):
            arrays.setdefault(name, []).append(value)
    return {name: np.array(values) for name, values in arrays.items()}, tuple(rows)


def matrix_and_other(
    parts: dict[str, NDArray[Any]], order: dict[str, NDArray[Any]]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the matrix that was ordered, and that on the other scale (empty if not known)."""
    scale = str(order["scale"])
    return parts[scale], parts[RAW if scale == NORMALISED else NORMALISED]


def _parts(study: Study, model: str, sample: str) -> tuple[dict[str, Any], dict[str, Any]]:
    return (
        read_part(compare_path(study, MATRIX, model, sample)),
        read_part(compare_path(study, ORDER, model, sample)),
    )


def _number(value: float | None) -> float:
    return float("nan") if value is None else value
