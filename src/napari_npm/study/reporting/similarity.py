"""What a report says of similar relevance maps and of the patterns that they share."""

from typing import Any

from napari_npm.core.wording import agree, several
from napari_npm.study.comparing import SPECTRAL
from napari_npm.study.comparing_groups import NUMBER
from napari_npm.study.comparing_tables import comparison_words
from napari_npm.study.study import Study
from napari_npm.study.wiring import MAP_NAMES

from .parts import Section, Table, records

STABLE, PARTLY = 0.8, 0.5
"""Jaccard indices from which a group counts as stable, and as partly so."""


def similarity(study: Study) -> Section | None:
    """Tell how good the orders are, how stable the groups, and what they share."""
    lines = [{k: _plain(v) for k, v in one.items()} for one in records(study, "shared_patterns")]
    if not lines:
        return None
    settings: Any = study.parameters("compare")
    groups = [line for line in lines if line["group"] is not None]
    said = [*comparison_words(lines)]
    if not groups:
        return Section("Shared characteristic patterns", said)
    spectral = settings.grouping == SPECTRAL
    how = _clusters(settings, groups) if spectral else _orders(lines)
    said[:0] = [_what(settings), *how, *_stability(groups, settings)]
    said += _cautions(groups)
    heads = ("Maps", "Sample", "Group", "Maps (images, specimens)", "Mean difference",
             "Same group: other seeds", "A tenth left out", "Other scale",
             "Shared area", "Shared area of maps drawn at random")  # fmt: skip
    rows = tuple(
        (
            *_name(line),
            f"{line['size']:.0f} ({line['images']:.0f}, {line['specimens']:.0f})",
            _number(line["mean_difference"]),
            _share(line["stability"]),
            _share(line["stability_subsets"]),
            _share(line["stability_other"]),
            _percent(line["fraction"]),
            f"{_percent(line['fraction_of_random'])} ± {_percent(line['fraction_of_random_sd'])}",
        )
        for line in groups
    )
    measured = ("Maps", "Sample", "Group", "Area", "Pieces", "Largest piece", "Pairs connected",
                "Euler number", "Crosses the map", "4πA/P²", "Contact compactness")  # fmt: skip
    skeletons = tuple(
        (
            *_name(line),
            f"{line['skeleton_area_fraction']:.1%}",
            f"{line['skeleton_pieces']:.0f}",
            _share(line["skeleton_largest_share"]),
            _share(line["skeleton_connected_pairs"]),
            f"{line['skeleton_euler_number']:.0f}",
            _crosses(line),
            _number(line["skeleton_isoperimetric_ratio"]),
            _number(line["skeleton_contact_compactness"]),
        )
        for line in groups
    )
    return Section(
        "Shared characteristic patterns",
        said,
        [
            Table(
                "Spectral clusters of relevance maps"
                if spectral
                else "Groups of the most similar relevance maps",
                heads,
                rows,
            ),
            Table("Particle skeleton: what lies outside the contour", measured, skeletons),
        ],
        ["shared", "similarity", "group"],
    )


def compare_sentence(study: Study, p: Any) -> str:
    """Return the sentences of the methods paragraph on similar maps and shared patterns."""
    lines = [one for one in records(study, "shared_patterns") if one["group"] == one["group"]]
    how = {
        "local search": "iterated local search",
        "annealing": "simulated annealing",
        "leaf order": "hierarchical clustering with optimal order of the leaves",
    }[p.method]
    known = lines and p.grouping != SPECTRAL
    gap = f" (at most {max(map(_gap, lines)):.2%} above a proven lower bound)" if known else ""
    scale = "each scaled to sum 1" if p.normalise else "on the scale of the network's output"
    return (
        f"Relevance maps of each sample ({scale}) were compared by their sum of absolute"
        f" differences and put in the order with the lowest total gradient of the difference"
        f" matrix by {how} (seed {p.seed}){gap}. {_grouped(p, lines)} What a group shares"
        f" is exp(-{p.decay:g} σ/ΣR) ΣnR with relevance R (sum 1 a map), porosity n, and the"
        " standard deviation σ and the sums taken over the maps of the group, pixel by pixel; the"
        f" contour is at {p.contour:g}, and what lies outside is the particle skeleton"
        f" ({p.connectivity}-connectivity)."
    )


def _grouped(p: Any, lines: list[dict[str, Any]]) -> str:
    """Return the sentence of the methods paragraph on how groups were found."""
    if p.grouping == SPECTRAL:
        return (
            "Maps were grouped by spectral clustering of the graph of their nearest neighbours by"
            " this difference (after Lapuschkin et al. 2019, doi:10.1038/s41467-019-08987-4), into"
            f" {_cluster_number(p)}."
        )
    sizes = " or ".join(dict.fromkeys(f"{one['size']:.0f}" for one in lines))
    chosen = (
        ", the size at which the groups stand out most from maps drawn at random, in standard"
        " deviations of the mean difference"
        if p.size is None and sizes
        else ""
    )
    of = f" of {sizes} maps{chosen}" if sizes else ""
    return (
        f"Groups of similar maps are the {p.number or NUMBER} windows of the order with the lowest"
        f" sum of mean differences{of}."
    )


def _cluster_number(p: Any) -> str:
    if p.number is not None:
        return f"{p.number} clusters a sample"
    return (
        "as many clusters as eigenvalues of its normalised Laplacian lie before the largest gap"
        " between two successive ones (2 to 10)"
    )


def stability_words(value: float) -> str:
    """Say in words how stable a group is whose maps have this Jaccard index with the best match."""
    if value >= STABLE:
        return "stable"
    return "partly stable" if value >= PARTLY else "unstable"


def _what(p: Any) -> str:
    scale = (
        "Each relevance map was scaled to sum 1, so that only its pattern counts"
        if p.normalise
        else "Relevance maps were compared on the scale of the network's output, so that faint maps"
        " are alike whatever their pattern"
    )
    return (
        f"{scale}. The shared pattern is exp(-{p.decay:g} σ/ΣR) ΣnR over the maps of a group, pixel"
        f" by pixel; the contour at {p.contour:g} encloses what counts as a shared pore structure."
        " A mean pixel of a map has relevance 6.8e-6. The pattern is a weight, not a probability."
    )


def _orders(lines: list[dict[str, Any]]) -> list[str]:
    told = [
        f"{line['sample']} on {MAP_NAMES[line['model']]} ({line['maps']:.0f} maps) {_gap(line):.2%}"
        for line in lines
        if line["group"] == 1
    ]
    return [f"No order can be better than these by more than: {'; '.join(told)} (proven bound)."]


def _clusters(p: Any, groups: list[dict[str, Any]]) -> list[str]:
    """Tell how many clusters there are, why, and whether they are apart."""
    counts: dict[str, list[dict[str, Any]]] = {}
    for line in groups:
        name = f"{line['sample']} on {MAP_NAMES[line['model']]}"
        counts.setdefault(name, []).append(line)
    told = []
    for name, lines in counts.items():
        known = [line["silhouette"] for line in lines if line["silhouette"] is not None]
        spread = f", silhouettes {min(known):.2f} to {max(known):.2f}" if known else ""
        told.append(f"{name} {several(len(lines), 'cluster')}{spread}")
    return [
        (
            "Each map belongs to a group: spectral clustering of nearest neighbours formed"
            f" {_cluster_number(p)}. {'; '.join(told)}. A silhouette tells how much nearer a map is"
            " to those of its own cluster than to those of the next: 1 for clusters far apart,"
            " about 0 where there is none. Clusters are formed whether there are any or not. In the"
            " matrix they stand one after another, their maps in the order of the lowest total"
            " gradient."
        )
    ]


def _stability(groups: list[dict[str, Any]], p: Any) -> list[str]:
    told = [
        line
        for line in groups
        if line["stability"] is not None and line["stability_subsets"] is not None
    ]
    if not told:
        return ["How stable the groups are was not looked at: no other seed was tried."]
    words = [stability_words(min(line["stability"], line["stability_subsets"])) for line in told]
    counts = ", ".join(
        f"{words.count(word)} {agree(words.count(word), 'is', 'are')} {word}"
        for word in ("stable", "partly stable", "unstable")
        if word in words
    )
    search = "clustering" if p.grouping == SPECTRAL else "search"
    other = "as the network gives them" if p.normalise else "scaled to sum 1"
    chances = [line["size"] / (2 * line["maps"] - line["size"]) for line in groups]
    return [
        (
            f"Of {several(len(told), 'group')}, {counts}: whether the same maps are found"
            f" under other seeds of the {search}, and with a tenth"
            " of the maps left out (the table has the shares; two groups drawn at random share"
            f" about {max(chances):.2f}). A stable group is no proof of a pattern: maps can be"
            " alike for being faint, or of one specimen. The column “Other scale” tells whether"
            f" they are found where maps are compared {other}."
        )
    ]


def _cautions(groups: list[dict[str, Any]]) -> list[str]:
    found = [
        (
            "The shared area depends on the number of maps in a group as much as on the material"
            " (both factors of the pattern grow with it), on the rule of relevance and on its"
            " biases: compare groups of one size, explained alike. A group that shares no larger an"
            " area than as many maps of the sample drawn at random shows no pattern of its own: its"
            " area is then the sample's. Groups were looked for, so no"
            " significance follows from how alike their maps are."
        )
    ]
    alone = [line for line in groups if line["specimens"] == 1]
    if alone:
        names = ", ".join(f"{line['sample']} group {line['group']:.0f}" for line in alone)
        found.append(
            f"All maps of {names} are of one specimen: what they share may be the specimen's."
        )
    return found


def _name(line: dict[str, Any]) -> tuple[str, str, str]:
    label = line.get("label")
    named = label is not None and label != line["sample"]
    sample = f"{line['sample']} ({label})" if named else str(line["sample"])
    return MAP_NAMES[line["model"]], sample, f"{line['group']:.0f}"


def _gap(line: Any) -> float:
    bound = line["lower_bound"]
    return float(line["cost"] / bound - 1) if bound > 0 else 0.0


def _crosses(line: dict[str, Any]) -> str:
    ways = [
        word
        for word, name in (("down", "skeleton_percolates_down"),
                           ("across", "skeleton_percolates_across"))
        if line[name] in (True, "True")
    ]  # fmt: skip
    return " and ".join(ways) or "no"


def _percent(value: float) -> str:
    return f"{100 * value:.3g} %"


def _share(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3g}"


def _plain(value: Any) -> Any:
    """Return None for what a table left empty."""
    return None if value != value else value
