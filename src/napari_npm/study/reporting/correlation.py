"""The report's section on the two-point correlation, and its part of the methods paragraph."""

from typing import Any

from napari_npm.study.correlation_drawing import source_words
from napari_npm.study.study import Study

from .parts import Section, Table, records


def correlation(study: Study) -> Section | None:
    """Tell the lengths read from S2, what limits them, and whether samples differ."""
    lines = records(study, "lengths")
    if not lines:
        return None
    labels = {one["sample"]: f"{one['sample']} ({one['label']})" for one in lines}
    rows = tuple(
        (
            source_words(one["source"]),
            labels[one["sample"]],
            _length(one, "correlation"),
            _length(one, "characteristic"),
        )
        for one in lines
    )
    columns = ("Pairs in", "Sample", "Correlation length (µm)", "Characteristic length (µm)")
    kinds = " or ".join(dict.fromkeys(f"{one['unit']}s" for one in lines))
    tables = [Table(f"Lengths with 90 % bootstrap intervals over {kinds}", columns, rows)]
    figures = ["s2", "same", "cuts"]
    directed = records(study, "lengths_by_direction")
    if directed:
        tables.append(_directions(directed, labels))
        figures.append("directions")
    differences = records(study, "s2_differences")
    said = [
        (
            "Correlation length: the distance beyond which S2 stays constant within its"
            " sampling error. Characteristic length: the distance at which two pixels of the"
            " same porosity are least likely. Both are whole pixels"
            f" ({study.pixel_size_nm / 1000:.3g} µm); the blur of the beam and of the material's"
            " interaction volume correlates neighbouring pixels besides, and nothing longer than"
            " the largest distance can be seen."
        ),
        _limits(lines),
    ]
    if differences:
        tables.append(_compared(differences, labels))
        said += _cautions(differences)
    return Section("Two-point correlation", [one for one in said if one], tables, figures)


def correlate_sentence(study: Study, p: Any) -> str:
    """Say in the methods paragraph how S2 was counted and compared."""
    reach = p.r_max_px * study.pixel_size_nm / 1000
    text = (
        "Two-point correlations S2(r, dn) were counted exactly over all pairs of pixels up to"
        f" {p.r_max_px} px ({reach:.3g} µm) apart with 256 grey levels, and normalised to sum 1"
        " over dn at every r."
    )
    if p.directions > 1:
        text += f" Pairs were also counted apart in {p.directions} sectors of direction."
    differences = records(study, "s2_differences")
    if differences:
        units = " or ".join(dict.fromkeys(f"{one['unit']}s" for one in differences))
        text += (
            f" Samples were compared by permutation of {units}"
            f" ({max(one['relabellings'] for one in differences)} relabellings at most, seed"
            f" {p.seed}); p-values over distances and grey differences are family-wise"
            " (Westfall and Young 1993)."
        )
    return text


def _length(line: dict[str, Any], name: str) -> str:
    low, high = line[f"{name}_low_um"], line[f"{name}_high_um"]
    value = line[f"{name}_length_um"]
    if not line[f"{name}_determined"]:
        return f"not determined: {line[f'{name}_limit']}"
    text = f"{value:.2f}"
    return text + (f" ({low:.2f} to {high:.2f})" if low == low and high == high else "")


def _limits(lines: list[dict[str, Any]]) -> str:
    """Say what limits the lengths that are determined."""
    found: dict[str, list[str]] = {}
    for name in ("correlation", "characteristic"):
        for one in lines:
            if one[f"{name}_determined"]:
                what = f"{name} length of {one['sample']} in {source_words(one['source'])}"
                found.setdefault(str(one[f"{name}_limit"]), []).append(what)
    told = "; ".join(f"{limit} ({', '.join(whose)})" for limit, whose in found.items())
    return f"What limits the lengths: {told}." if told else ""


def _directions(lines: list[dict[str, Any]], labels: dict[str, str]) -> Table:
    rows = tuple(
        (
            source_words(one["source"]),
            labels[one["sample"]],
            f"{one['degrees']:.3g}°",
            _length(one, "correlation"),
            _length(one, "characteristic"),
        )
        for one in lines
    )
    columns = ("Pairs in", "Sample", "Direction", "Correlation (µm)", "Characteristic (µm)")
    return Table("Lengths by direction; 0° is along the rows of the image", columns, rows)


def _compared(lines: list[dict[str, Any]], labels: dict[str, str]) -> Table:
    rows = tuple(
        (
            source_words(one["source"]),
            f"{labels[one['second']]} − {labels[one['first']]}",
            f"{one['mean_distance']:.2%}",
            f"{one['largest_distance']:.2%} at {one['largest_at_um']:.2f} µm",
            f"{one['p_overall']:.3g}",
            f"{one['p_best_distance']:.3g} at {one['best_distance_um']:.2f} µm",
            f"{one['units_first']} and {one['units_second']} {one['unit']}s",
            f"{one['p_overall_tiles']:.3g}",
        )
        for one in lines
    )
    columns = (
        "Pairs in",
        "Samples",
        "Mean change",
        "Largest change",
        "p, overall",
        "p, best distance (family-wise)",
        "Permuted",
        "p if tiles were independent",
    )
    return Table(
        "Differences of S2: share of the pairs whose porosity difference would have to change",
        columns,
        rows,
    )


def _cautions(lines: list[dict[str, Any]]) -> list[str]:
    notes = dict.fromkeys(
        str(one["note"]) for one in lines if isinstance(one["note"], str) and one["note"]
    )
    said = (
        "Each p-value is the share of all relabellings of specimens or tiles, the true one"
        " included, with a difference at least as large. A small p-value says that samples differ,"
        " not why: another brightness, focus or mask changes S2 as another microstructure does."
    )
    return [said, *notes]
