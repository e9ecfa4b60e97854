"""The tables of the compare step, and what a user should know of them."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from napari_npm.core.wording import several

from .comparing import GROUPS, comparison_of
from .comparing_maps import FEWEST, compared_tiles, too_few
from .settings import CompareParameters
from .state import Record
from .study import Study
from .tables import all_rows, tile_row
from .wiring import MAP_NAMES, trained

TOO_FEW = "too few maps"
"""What a sample's row notes where nothing was grouped."""


def order_rows(
    study: Study, records: Sequence[Record]
) -> Iterator[tuple[str, str, list[dict[str, Any]]]]:
    """Yield model, sample and the lines of the order of its maps."""
    for record in records:
        kind, model, sample = record.item.split("/", 2)
        found = comparison_of(study, model, sample) if kind == GROUPS else None
        if found is None:
            continue
        group_of = {
            place: number
            for number, group in enumerate(found.groups, 1)
            for place in range(group.start, group.stop)
        }
        steps = np.append(np.nan, np.diagonal(found.ordered, 1))
        yield (
            model,
            sample,
            [
                {
                    "place": place,
                    **tile_row(found.tiles[member]),
                    "group": group_of.get(place),
                    "difference_to_last": None if place == 0 else float(steps[place]),
                }
                for place, member in enumerate(found.permutation.tolist())
            ],
        )


def pattern_rows(
    study: Study, parameters: CompareParameters, records: Sequence[Record]
) -> list[dict[str, Any]]:
    """Return a line a group, and one for each sample that was left out, with a note."""
    found = all_rows(record for record in records if record.item.startswith(f"{GROUPS}/"))
    labels = {sample.name: sample.label for sample in study.samples}
    lines = []
    for model in trained(study):
        for sample in study.samples:
            own: list[Mapping[str, Any]] = [
                row for row in found if (row["model"], row["sample"]) == (model, sample.name)
            ]
            if not own:
                tiles = compared_tiles(study, sample.name, parameters)
                if not too_few(tiles):
                    continue  # not made yet
                own = [{"model": model, "sample": sample.name, "maps": len(tiles), "left_out": 0}]
            for row in own:
                note = "" if row.get("group") else TOO_FEW
                columns = dict.fromkeys(COLUMNS) | {"label": labels[sample.name]}
                lines.append({**columns, **row, "note": note})
    return lines


def comparison_words(lines: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return what a user should know of the shared patterns, one sentence each."""
    said = []
    for line in lines:
        if line["note"] == TOO_FEW:
            said.append(
                f"{line['sample']} has {several(int(line['maps']), 'map')} with relevance on"
                f" {MAP_NAMES[line['model']]}: groups need at least {FEWEST}, so it is left out."
            )
        elif line["group"] == 1 and line["left_out"]:
            said.append(
                f"{line['sample']} on {MAP_NAMES[line['model']]}: {line['left_out']:.0f} of"
                f" {line['maps'] + line['left_out']:.0f} maps have no relevance at all and are left"
                " out."
            )
    for model in dict.fromkeys(line["model"] for line in lines):
        own = [line for line in lines if line["model"] == model and line["group"]]
        sizes = sorted({int(line["size"]) for line in own})
        if len(sizes) > 1:
            said.append(
                f"Groups on {MAP_NAMES[model]} have {_listed(sizes)} maps: do not compare their"
                " shared areas with each other."
            )
        small = [line for line in own if line["variation"] > 2 * line["variation_within"]]
        if small:
            worst = max(small, key=lambda line: line["variation"] - line["variation_within"])
            said.append(
                f"Groups of {several(int(worst['size']), 'map')} on {MAP_NAMES[model]} are small"
                f" for this contour and decay: relevance at a pixel differs among them by"
                f" {worst['variation']:.0%} (median), and a pixel of mean relevance and porosity is"
                f" within the contour up to {worst['variation_within']:.0%} only. Compare more"
                " tiles, or choose larger groups or a lower decay; a small shared area tells"
                " nothing of the material."
            )
    return said


def _listed(sizes: Sequence[int]) -> str:
    return f"{', '.join(map(str, sizes[:-1]))} and {sizes[-1]}"


COLUMNS = (
    "model",
    "sample",
    "label",
    "maps",
    "left_out",
    "group",
    "size",
    "start",
    "stop",
    "mean_difference",
    "standing_out",
    "silhouette",
    "stability",
    "stability_other",
    "stability_subsets",
    "images",
    "specimens",
    "porosity",
    "fraction",
    "fraction_of_random",
    "fraction_of_random_sd",
    "variation",
    "variation_within",
    "highest",
    "skeleton_area_fraction",
    "skeleton_pieces",
    "skeleton_largest_share",
    "skeleton_connected_pairs",
    "skeleton_euler_number",
    "skeleton_percolates_down",
    "skeleton_percolates_across",
    "skeleton_isoperimetric_ratio",
    "skeleton_contact_compactness",
    "cost",
    "lower_bound",
)
