"""The tables of the correlate step: S2, the lengths read from it, and differences of samples."""

from collections.abc import Hashable, Sequence
from functools import partial
from itertools import combinations, pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .results import REGIONS, WHOLE, directions_of, regions_source, two_point_of
from .settings import CorrelateParameters
from .study import Study
from .tables import write_rows
from .wiring import MAP_NAMES

if TYPE_CHECKING:
    from napari_npm.core.correlation import CorrelationDifference, Length, TwoPoint

# Fewest specimens that are drawn for intervals (the error found of fewer is too small, and lengths
# stay open), and permuted between samples.
_TO_DRAW, _TO_PERMUTE = 10, 2


def sources(study: Study, parameters: CorrelateParameters) -> list[str]:
    """Return where pairs are counted: whole maps, and the regions of each model that has any."""
    found = [WHOLE] if parameters.whole else []
    made = {item.split("/", 1)[0] for item in study.state("regions").records}
    chosen = [model for model in ("mulf", "micf", "both") if model in parameters.models]
    if not parameters.regions:
        return found
    return [*found, *(regions_source(model) for model in chosen if model in made)]


def model_of(source: str) -> str:
    """Return the model whose regions a source is."""
    return source.removeprefix(REGIONS).removeprefix("_") or "mulf"


def empty_words(
    study: Study, parameters: CorrelateParameters, found: Sequence[tuple[str, str]]
) -> tuple[str, ...]:
    """Say which samples have no pair of pixels in a source; `found` lists those that have."""
    said = []
    for source in sources(study, parameters):
        empty = [one.name for one in study.samples if (source, one.name) not in found]
        if empty:
            where = "" if source == WHOLE else f" of {MAP_NAMES[model_of(source)]}"
            said.append(
                f"The characteristic regions{where} of {', '.join(empty)} are empty: there is"
                " nothing to correlate in them."
            )
    return tuple(said)


def write_tables(study: Study, parameters: CorrelateParameters) -> Sequence[Path]:
    """Write all tables; return their paths."""
    files: list[Path] = []
    lengths: list[dict[str, Any]] = []
    directed: list[dict[str, Any]] = []
    differences: list[dict[str, Any]] = []
    labels = {one.name: one.label for one in study.samples}
    for source in sources(study, parameters):
        all_found = {one.name: two_point_of(study, source, one.name) for one in study.samples}
        found = {name: one for name, one in all_found.items() if one is not None}
        for name, one in found.items():
            files.append(write_rows(study, f"s2_{source}_{name}", _probabilities(study, one)))
            head = {"source": source, "sample": name, "label": labels[name]}
            lengths.append({**head, **_lengths(study, parameters, name, one)})
            sectors = directions_of(study, source, name)
            for k, sector in enumerate(sectors):
                degrees = {"degrees": k * 180 / len(sectors)}
                own = _lengths(study, parameters, name, sector)
                directed.append({**head, **degrees, **own})
        for first, second in combinations(found, 2):
            pair = compared(study, parameters, first, second, found[first], found[second])
            differences.append(
                {"source": source, "first": first, "second": second, **_summary(study, *pair)}
            )
            name = f"s2_difference_{source}_{first}_{second}"
            files.append(write_rows(study, name, _difference_rows(study, pair[0])))
    files.append(write_rows(study, "lengths", lengths))
    for name, rows in (("lengths_by_direction", directed), ("s2_differences", differences)):
        if rows:
            files.append(write_rows(study, name, rows))
        else:
            (study.results_folder / f"{name}.csv").unlink(missing_ok=True)
    return files


def compared(
    study: Study,
    parameters: CorrelateParameters,
    first: str,
    second: str,
    a: "TwoPoint",
    b: "TwoPoint",
) -> "tuple[CorrelationDifference, CorrelationDifference]":
    """Compare two samples by permutation of the unit asked for, and of tiles."""
    from napari_npm.core.correlation import compare_correlations

    compare = partial(
        compare_correlations, a, b, permutations=parameters.permutations, seed=parameters.seed
    )
    by_tile = compare()
    one, other = specimens(study, first), specimens(study, second)
    few = min(len(set(one)), len(set(other))) < _TO_PERMUTE
    if parameters.unit == "tile" or few:
        return by_tile, by_tile
    return compare(groups=(one, other)), by_tile


def specimens(study: Study, sample: str) -> list[Hashable]:
    """Return the specimen of each tile of a sample."""
    return [tile.specimen for tile in study.tiles if tile.sample == sample]


def significant_of(
    study: Study, source: str, first: str, second: str, level: float
) -> NDArray[np.bool_] | None:
    """Return which cells (r, dn) of a difference are significant, from its table.

    None where there is no such table.
    """
    table = study.table(f"s2_difference_{source}_{first}_{second}")
    if table is None:
        return None
    marked = []
    for column in (name for name in table.columns if name.startswith("p_dn_")):
        low, high = (int(edge) for edge in column.removeprefix("p_dn_").split("_"))
        marked.append(np.repeat(table[[column]].to_numpy() <= level, high - low + 1, axis=1))
    return np.concatenate(marked, axis=1)


def _probabilities(study: Study, found: "TwoPoint") -> list[dict[str, Any]]:
    return [
        {
            "r_px": int(r),
            "r_um": float(r) * study.pixel_size_nm / 1000,
            **{f"dn_{level}": p for level, p in enumerate(line.tolist())},
        }
        for r, line in zip(found.r, found.probability, strict=True)
    ]


def _lengths(
    study: Study, parameters: CorrelateParameters, sample: str, found: "TwoPoint"
) -> dict[str, Any]:
    from napari_npm.core.correlation import characteristic_length, correlation_length
    from napari_npm.core.errors import NpmError

    names = specimens(study, sample)
    groups = names if parameters.unit == "specimen" and len(set(names)) >= _TO_DRAW else None
    row: dict[str, Any] = {}
    measures = (("correlation", correlation_length), ("characteristic", characteristic_length))
    for name, measure in measures:
        try:
            length = measure(found, study.pixel_size_nm, seed=parameters.seed, groups=groups)
        except NpmError as error:  # too few distances with pairs, in small regions
            row.update(_columns(name, None, str(error)))
        else:
            row.update(_columns(name, length, length.limit))
    unit = "tile" if groups is None else "specimen"
    return {**row, "unit": unit, "units": len(names if groups is None else set(names))}


def _columns(name: str, length: "Length | None", limit: str) -> dict[str, Any]:
    return {
        f"{name}_length_um": None if length is None else length.um,
        f"{name}_low_um": None if length is None else length.low_um,
        f"{name}_high_um": None if length is None else length.high_um,
        f"{name}_determined": length is not None and length.determined,
        f"{name}_limit": limit,
    }


def _summary(
    study: Study, found: "CorrelationDifference", by_tile: "CorrelationDifference"
) -> dict[str, Any]:
    um = study.pixel_size_nm / 1000
    far = int(np.argmax(found.distance))
    near = int(np.argmin(found.p_distance))
    return {
        "mean_distance": float(found.distance[1:].mean()),
        "largest_distance": float(found.distance[far]),
        "largest_at_um": float(found.r[far]) * um,
        "p_overall": found.p_overall,
        "p_best_distance": float(found.p_distance[near]),
        "best_distance_um": float(found.r[near]) * um,
        "unit": "tile" if found.unit == "map" else "specimen",
        "units_first": found.units[0],
        "units_second": found.units[1],
        "relabellings": found.permutations,
        "exact": found.exact,
        "p_overall_tiles": by_tile.p_overall,
        "note": found.note,
    }


def _difference_rows(study: Study, found: "CorrelationDifference") -> list[dict[str, Any]]:
    edges = found.edges.tolist()
    groups = [f"p_dn_{a}_{b - 1}" for a, b in pairwise(edges)]
    return [
        {
            "r_px": int(r),
            "r_um": float(r) * study.pixel_size_nm / 1000,
            "distance": float(found.distance[k]),
            "p_distance": float(found.p_distance[k]),
            **dict(zip(groups, found.p_group[k].tolist(), strict=True)),
            **{f"dn_{level}": p for level, p in enumerate(found.difference[k].tolist())},
        }
        for k, r in enumerate(found.r)
    ]
