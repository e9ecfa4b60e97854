"""What a report says of characteristic regions and boundary features."""

from typing import Any

from napari_npm.study.region_tables import ALL
from napari_npm.study.study import Study
from napari_npm.study.wiring import MAP_NAMES

from .parts import Section, Table, number, records


def regions(study: Study) -> Section | None:
    """Tell how large the characteristic regions are and where they lie."""
    lines = records(study, "regions_summary")
    if not lines:
        return None
    parameters: Any = study.parameters("regions")
    intervals = list(dict.fromkeys(str(one["interval"]) for one in lines))
    said = [
        (
            f"The regions are the fewest pixels that hold {parameters.share:.0%} of a tile's"
            f" relevance{_cleaning(parameters, lines)}; boundary features are pixels where"
            f" relevance changes by more than {_gradient(parameters)} over one pixel. How small the"
            " regions are depends on the rule, the treatment of biases, the pooling and the input"
            " as much as on the material: compare only what was made alike."
        ),
        f"Intervals of the mean over tiles: {'; or '.join(intervals)}.",
        (
            "A part of the regions or boundaries in HP means something only beside the part of the"
            " whole tile that is HP. Features are connected pieces; each counts where most of it"
            " lies."
        ),
    ]
    empty = sum(int(one["tiles_without_relevance"]) for one in lines if one["sample"] != ALL)
    if empty:
        said.append(f"Tiles without any relevance, left out of the means: {empty}.")
    areas = tuple(
        (
            MAP_NAMES[one["model"]],
            str(one["sample"]),
            interval(one, "area_fraction"),
            f"{one['share']:.1%}",
            interval(one, "high_area_fraction"),
            f"{one['high_relevance_fraction']:.1%}",
            f"{one['high_fraction']:.1%}",
        )
        for one in lines
    )
    counts = tuple(
        (
            MAP_NAMES[one["model"]],
            str(one["sample"]),
            _parts(one, "regions"),
            _parts(one, "boundaries"),
            interval(one, "boundary_high_fraction"),
        )
        for one in lines
    )
    heads = ("Maps", "Sample", "Area of regions", "Relevance held", "Regions in HP",
             "Relevance in HP", "Tile in HP")  # fmt: skip
    counted = ("Maps", "Sample", "Regions (HP, LP)", "Boundary features (HP, LP)",
               "Boundary pixels in HP")  # fmt: skip
    return Section(
        "Characteristic regions and boundary features",
        said,
        [
            Table("Area of the characteristic regions, mean over tiles", heads, areas),
            Table("Number of features over all tiles", counted, counts),
        ],
        ["combination"],
    )


def regions_sentence(study: Study, p: Any) -> str:
    """Return the sentences of the methods paragraph on regions and boundaries."""
    lines = records(study, "regions_summary")
    return (
        f"Characteristic regions are the fewest pixels that hold {p.share:.0%} of a map's"
        f" relevance{_cleaning(p, lines)}, boundary features those with a relevance gradient above"
        f" {_gradient(p)} a pixel. Means over tiles have {p.confidence:.0%} bootstrap intervals"
        f" (seed {p.seed})."
    )


def interval(line: dict[str, Any], name: str) -> str:
    """Write the mean of a share with its interval."""
    value, low, high = (line[f"{name}{end}"] for end in ("", "_low", "_high"))
    if value != value:
        return "–"
    text = f"{value:.1%}"
    return text if low != low else f"{text} ({low:.1%} to {high:.1%})"


def _cleaning(p: Any, lines: list[dict[str, Any]]) -> str:
    done = []
    if p.fill_holes_px:
        done.append(f"holes of at most {p.fill_holes_px} px filled")
    if p.min_area_px > 1:
        done.append(f"regions of fewer than {p.min_area_px} px dropped")
    if not done:
        return ", not cleaned"
    held = [one["share"] for one in lines if one["share"] == one["share"]]
    kept = f" (which leaves {min(held):.1%} to {max(held):.1%})" if held else ""
    return f", {' and '.join(done)}{kept}"


def _gradient(p: Any) -> str:
    if p.gradient_in_means is not None:
        return f"{p.gradient_in_means:g} times the mean relevance of a pixel"
    return f"{p.gradient:g} (relevance sums to 1 a tile)"


def _parts(line: dict[str, Any], name: str) -> str:
    total, high, low = (float(line[f"{name}{part}"]) for part in ("", "_high", "_low"))
    return f"{number(total)} ({number(high)}, {number(low)})"
