"""Other groups of maps that were compared, without another run: for a look at them."""

from dataclasses import replace
from typing import Any

from .comparing import ALONG, SPECTRAL, ComparedGroup, Comparison, pattern_of
from .comparing_groups import NUMBER, shown_order
from .study import Study


def regrouped(
    study: Study,
    comparison: Comparison,
    grouping: str,
    number: int | None = None,
    size: int | None = None,
) -> Comparison:
    """Return a comparison with other groups, such as of another number; nothing is kept.

    How stable these are is not looked at.

    Parameters
    ----------
    study : Study
        The study.
    comparison : Comparison
        What the compare step found.
    grouping, number, size : str, int or None
        As the parameters of the compare step; a size is chosen for this sample alone.

    Raises
    ------
    NpmError
        If the number or size does not fit the maps.
    """
    from napari_npm.core.ordering import total_gradient
    from napari_npm.core.pattern_groups import similar_groups
    from napari_npm.core.spectral import similar_clusters

    matrix, path = comparison.matrix, comparison.path
    settings: Any = study.parameters("compare")
    if grouping == SPECTRAL:
        found = similar_clusters(matrix, path, number, seed=settings.seed)
        shown = shown_order(matrix, found)
    else:
        found = similar_groups(matrix, path, NUMBER if number is None else number, size)
        shown = {"permutation": path, "cost": total_gradient(matrix, path)}
    groups = []
    for group in found:
        shared = pattern_of(study, comparison, group.members)
        groups.append(
            ComparedGroup(
                group.start,
                group.stop,
                group.members,
                group.mean_difference,
                None,
                None,
                None,
                shared.fraction,
                shared.pattern,
                shared.contour,
            )
        )
    kind = SPECTRAL if grouping == SPECTRAL else ALONG
    return replace(comparison, groups=tuple(groups), grouping=kind, **shown)
