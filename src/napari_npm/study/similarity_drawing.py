"""The figures of what the compare step found (Figs S34 and 7)."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from .comparing import SPECTRAL, Comparison, compared, comparison_of
from .drawing_parts import Drawing, one_tile
from .study import Study
from .wiring import MAP_NAMES, shown_map

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SHOWN = 6
"""Maps of a group that are shown."""


def similarity_figures(study: Study) -> Iterator[Drawing]:
    """Yield the figures of difference matrices, of groups and of what they share."""
    from napari_npm import figures

    pixel = study.pixel_size_nm
    pairs = compared(study)
    settings: Any = study.parameters("compare")
    spectral = settings.grouping == SPECTRAL
    groups, along, order = (
        ("the spectral clusters of", "cluster", "cluster by cluster")
        if spectral
        else ("the groups of most similar", "order", "in order")
    )
    for model in dict.fromkeys(model for model, _ in pairs):
        name = MAP_NAMES[model]
        samples = [sample for one, sample in pairs if one == model]

        def shared(model: str = model, samples: list[str] = samples) -> "Figure":
            patterns = {
                sample: [
                    figures.Shared(
                        group.pattern, group.fraction, len(group.members) if spectral else None
                    )
                    for group in _found(study, model, sample).groups
                ]
                for sample in samples
            }
            return figures.shared_patterns_figure(patterns, settings.contour, pixel)

        yield Drawing(
            f"shared_{model}",
            f"Patterns shared by {groups} {name} relevance maps of each sample;"
            " the line encloses what counts as shared (as Fig. 7). Compare areas only among groups"
            " of one size.",
            ("compare",),
            shared,
        )
        for sample in samples:

            def matrix(model: str = model, sample: str = sample) -> "Figure":
                found = _found(study, model, sample)
                places = [(group.start, group.stop) for group in found.groups]
                return figures.matrix_figure(found.matrix, found.permutation, places)

            def members(model: str = model, sample: str = sample) -> "Figure":
                return figures.group_maps_figure(_pictures(study, model, sample), pixel)

            yield Drawing(
                f"similarity_{model}_{sample}",
                f"Differences of the {name} relevance maps of {sample} (a) and their gradient (b),"
                f" the same {order} (c, d), with {groups} maps (as Fig. S34).",
                ("compare",),
                matrix,
            )
            yield Drawing(
                f"group_{model}_{sample}",
                f"Relevance maps on {name} of each group of {sample}, the first {SHOWN} along the"
                f" {along} (red in HP, blue in LP).",
                ("compare",),
                members,
            )


def _found(study: Study, model: str, sample: str) -> Comparison:
    found = comparison_of(study, model, sample)
    assert found is not None, "listed as compared"
    return found


def _pictures(study: Study, model: str, sample: str) -> list[list[Any]]:
    """Return the maps of each group as pictures of relevance, full colour at one peak."""
    import numpy as np

    from napari_npm import figures
    from napari_npm.core.regions import isodata_split

    found = _found(study, model, sample)
    groups = [[found.tiles[k] for k in group.members[:SHOWN]] for group in found.groups]
    relevance = {
        tile.index: one_tile(study, f"relevance/{model}", tile)
        for group in groups
        for tile in group
    }
    peak = figures.relevance_peak(np.stack(list(relevance.values())))
    pictures = []
    for group in groups:
        row = []
        for tile in group:
            porosity = one_tile(study, shown_map(model), tile)
            high = isodata_split(porosity).high
            row.append(figures.relevance_rgb(porosity, relevance[tile.index], high, peak=peak))
        pictures.append(row)
    return pictures
