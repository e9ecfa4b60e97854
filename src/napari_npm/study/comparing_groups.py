"""The groups that the compare step finds: along the order, or by spectral clustering."""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from napari_npm.core.errors import NpmError

from .comparing import SPECTRAL
from .comparing_maps import matrix_and_other, read_order, too_few
from .settings import CompareParameters
from .store import Tile
from .study import Study
from .wiring import shown_map

if TYPE_CHECKING:
    from napari_npm.core.pattern_groups import Group
    from napari_npm.core.shared_patterns import SharedPattern

DRAWS = 5
"""Groups drawn at random, whose shared area stands beside that of the groups found."""
NUMBER = 3
"""Groups along the order where no number is given, as in the paper."""


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
    parts, order = read_order(study, model, sample)
    matrix, _ = matrix_and_other(parts, order)
    count = len(matrix)
    about = {"model": model, "sample": sample, "maps": count, "left_out": int(parts["left_out"])}
    if too_few(matrix):
        return {"start": np.zeros(0, np.intp)}, ({**about, "group": None},)
    spectral = parameters.grouping == SPECTRAL
    cost = float(order["cost"])
    shown: dict[str, Any] = {}
    if spectral:
        groups = _clusters(parameters, sample, parts, order)
        shown = shown_order(matrix, groups)
        cost = shown["cost"]
    else:
        size = _common_size(study, parameters, model, together)
        groups = _windows(parameters, sample, parts, order, size)
    silhouettes = _silhouettes(matrix, groups) if spectral else [None] * len(groups)
    tiles = [study.tiles[index] for index in parts["tiles"].tolist()]
    relevance, maps = study.stack(f"relevance/{model}"), study.stack(shown_map(model))

    def share(own: Sequence[Tile]) -> "tuple[SharedPattern, float]":
        porosity = maps.read(own)
        found = _shared(relevance.read(own), porosity, parameters)
        return found, float(porosity.mean())

    drawn = _drawn(
        parameters.seed, tiles, [len(group.members) for group in groups], lambda own: share(own)[0]
    )
    arrays: dict[str, list[Any]] = {}
    rows = []
    for number, (group, silhouette) in enumerate(zip(groups, silhouettes, strict=True), 1):
        own = [tiles[member] for member in group.members]
        shared, porosity = share(own)
        random = drawn[len(own)]
        row = {
            **about,
            "group": number,
            "size": len(own),
            "start": group.start,
            "stop": group.stop,
            "mean_difference": _told(group.mean_difference),
            "standing_out": _told(group.standing_out),
            "silhouette": silhouette,
            "stability": group.stability,
            "stability_other": group.stability_other,
            "stability_subsets": group.stability_subsets,
            "images": len({tile.image for tile in own}),
            "specimens": len({tile.specimen for tile in own}),
            "porosity": porosity,
            "fraction": shared.fraction,
            "fraction_of_random": float(np.mean(random)),
            "fraction_of_random_sd": float(np.std(random, ddof=1)),
            "variation": shared.variation,
            "variation_within": _variation_within(len(own), shared, porosity, parameters),
            "highest": float(shared.pattern.max()),
            "cost": cost,
            "lower_bound": float(order["lower_bound"]),
        }
        rows.append({**row, **_skeleton(shared, parameters)})
        for name, value in (
            ("start", group.start),
            ("stop", group.stop),
            ("mean_difference", group.mean_difference),
            ("stability", _number(group.stability)),
            ("stability_other", _number(group.stability_other)),
            ("stability_subsets", _number(group.stability_subsets)),
            ("fraction", shared.fraction),
            ("pattern", shared.pattern),
            ("contour", shared.contour),
        ):
            arrays.setdefault(name, []).append(value)
    kept = {name: np.array(values) for name, values in arrays.items()}
    return {**kept, **shown}, tuple(rows)


def shown_order(matrix: NDArray[np.float64], groups: "Sequence[Group]") -> dict[str, Any]:
    """Return the order in which clusters stand one after another, and its total gradient."""
    from napari_npm.core.ordering import total_gradient

    along = sorted(groups, key=lambda group: group.start)
    permutation = np.concatenate([group.members for group in along])
    return {"permutation": permutation, "cost": total_gradient(matrix, permutation)}


def _common_size(
    study: Study, parameters: CompareParameters, model: str, together: Sequence[str]
) -> int:
    """Return the size of groups along the order: that given, or the best for all samples."""
    from napari_npm.core.pattern_groups import group_size

    if parameters.size is not None:
        return parameters.size
    found = [read_order(study, model, one) for one in together]
    pairs = [(matrix_and_other(*one)[0], one[1]["permutation"]) for one in found]
    return group_size([one for one in pairs if not too_few(one[0])], parameters.number or NUMBER)


def _windows(
    parameters: CompareParameters,
    sample: str,
    parts: dict[str, Any],
    order: dict[str, Any],
    size: int,
) -> "tuple[Group, ...]":
    from napari_npm.core.pattern_groups import similar_groups

    matrix, other = matrix_and_other(parts, order)
    if size > len(matrix):
        raise NpmError(
            f"{sample} has {len(matrix)} maps with relevance, fewer than the {size} of a group:"
            f" choose a size of at most {len(matrix)}."
        )
    return similar_groups(
        matrix,
        order["permutation"],
        parameters.number or NUMBER,
        size,
        orders=list(order["orders"]),
        other=(other, order["other"]) if len(other) else None,
        subsets=list(order["subsets"]),
    )


def _clusters(
    parameters: CompareParameters, sample: str, parts: dict[str, Any], order: dict[str, Any]
) -> "tuple[Group, ...]":
    from napari_npm.core.spectral import similar_clusters

    matrix, other = matrix_and_other(parts, order)
    number = parameters.number
    if number is not None and not 2 <= number <= len(matrix):
        raise NpmError(
            f"{sample} has {len(matrix)} maps with relevance, which form 2 to {len(matrix)}"
            f" spectral clusters, not {number}: choose another number, or leave it open."
        )
    return similar_clusters(
        matrix,
        order["permutation"],
        number,
        seed=parameters.seed,
        seeds=[parameters.seed + k for k in range(1, 1 + parameters.seeds)],
        other=other if len(other) else None,
        subsets=list(order["subsets"]),
    )


def _silhouettes(matrix: NDArray[np.float64], groups: "Sequence[Group]") -> list[float | None]:
    """Return the mean silhouette of each cluster's maps; None where there is none."""
    from sklearn.metrics import silhouette_samples

    if not 2 <= len(groups) < len(matrix):
        return [None] * len(groups)
    labels = np.empty(len(matrix), dtype=np.intp)
    for number, group in enumerate(groups):
        labels[group.members] = number
    values = silhouette_samples(matrix, labels, metric="precomputed")
    return [float(values[group.members].mean()) for group in groups]


def _drawn(
    seed: int,
    tiles: Sequence[Tile],
    sizes: Sequence[int],
    share: "Callable[[Sequence[Tile]], SharedPattern]",
) -> dict[int, list[float]]:
    """Return the shared areas of tiles drawn at random, as many as there are in a group."""
    draw = np.random.default_rng(seed)
    return {
        size: [
            share([tiles[k] for k in draw.permutation(len(tiles))[:size]]).fraction
            for _ in range(DRAWS)
        ]
        for size in dict.fromkeys(sizes)
    }


def _shared(
    relevance: NDArray[Any], porosity: NDArray[Any], parameters: CompareParameters
) -> "SharedPattern":
    from napari_npm.core.shared_patterns import shared_pattern

    return shared_pattern(relevance, porosity, contour=parameters.contour, decay=parameters.decay)


def _variation_within(
    size: int, shared: "SharedPattern", porosity: float, parameters: CompareParameters
) -> float:
    from napari_npm.core.shared_patterns import variation_within

    return variation_within(
        size,
        shared.pattern.size,
        porosity,
        contour=parameters.contour,
        decay=parameters.decay,
    )


def _skeleton(shared: "SharedPattern", parameters: CompareParameters) -> dict[str, Any]:
    from napari_npm.core.skeletons import skeleton

    measures = asdict(skeleton(shared.skeleton, connectivity=parameters.connectivity))
    return {f"skeleton_{key}": _told(value) for key, value in measures.items()}


def _told(value: Any) -> Any:
    """Return None for NaN, which is no JSON."""
    return None if value != value else value


def _number(value: float | None) -> float:
    return float("nan") if value is None else value
