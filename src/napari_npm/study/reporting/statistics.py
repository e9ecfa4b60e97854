"""The section of a report on descriptors and on how far they tell the samples apart."""

from collections.abc import Sequence
from typing import Any

from napari_npm.study.statistics_words import NAMES, statistics_words
from napari_npm.study.study import Study

from .parts import Section, Table, mean_sd, number, records

_TESTS = (
    "tukey_kramer", "games_howell", "anova", "welch_anova", "assumptions", "nesting",
    "nearest_mean",
)  # fmt: skip
_LEVELS = {"specimen": "specimen means", "tile": "tiles"}


def statistics(study: Study) -> Section | None:
    """Tell what porosity statistics alone say about the samples."""
    table = study.table("describe")
    finish = study.state("describe").finish
    if table is None:
        return None
    rows = tuple(
        (
            str(sample),
            mean_sd(part["porosity"], ".3f"),
            mean_sd(part["pore_area_nm2"], ",.0f"),
            mean_sd(part["pore_diameter_nm"], ",.0f"),
        )
        for sample, part in table.groupby("sample", sort=False)
    )
    columns = ("Sample", "Porosity", "Average pore size (nm²)", "Equivalent diameter (nm)")
    # Tables of an earlier run of more samples may lie beside those of this one.
    made = () if finish is None else finish.files
    tests = {name: records(study, name) for name in _TESTS if f"results/{name}.csv" in made}
    section = Section(
        "Statistics alone",
        statistics_words(tests),
        [Table("Mean ± SD over tiles", columns, rows)],
        ["descriptors", "fractions", "pore_sizes", "comparison", "shapes"],
    )
    pairs = tests.get("tukey_kramer", [])
    for level in _LEVELS:  # specimens first
        own = [row for row in pairs if row["level"] == level]
        if own:
            section.tables.append(_table_2(own, tests.get("games_howell", []), level))
    if tests.get("anova"):
        section.tables.append(_anova(tests["anova"], tests.get("welch_anova", [])))
    sizes = records(study, "pore_sizes")
    if sizes:
        section.tables.append(_pore_sizes(sizes))
        section.paragraphs.append(_on_pores(table))
    return section


def _table_2(rows: Sequence[dict[str, Any]], others: Sequence[dict[str, Any]], level: str) -> Table:
    """Return the comparisons of one level in the layout of the paper's Table 2."""
    welch = {(o["descriptor"], o["level"], o["first"], o["second"]): o for o in others}
    lines = []
    for row in rows:
        other = welch.get((row["descriptor"], row["level"], row["first"], row["second"]))
        lines.append(
            (
                NAMES[row["descriptor"]].capitalize(),
                str(row["first"]),
                str(row["second"]),
                number(row["first_mean"]),
                number(row["second_mean"]),
                number(row["difference"]),
                number(row["critical_range"]),
                _conclusion(row),
                "–" if other is None else number(other["critical_range"]),
                number(row["hedges_g"]),
            )
        )
    columns = (
        "Descriptor", "First group", "Second group", "First mean", "Second mean",
        "Absolute difference", "Critical range (CR-TK)", "Conclusion",
        "Critical range, unequal scatter", "Difference in SD (Hedges' g)",
    )  # fmt: skip
    trust = (
        "the test to rely on"
        if level == "specimen"
        else "as the paper's Table 2; too easily significant, see above"
    )
    return Table(
        f"Tukey-Kramer procedure on {_LEVELS[level]} at {rows[0]['confidence']:.0%} confidence"
        f" ({trust})",
        columns,
        tuple(lines),
    )


def _conclusion(row: dict[str, Any]) -> str:
    sign, verdict = (">", "different") if row["different"] else ("≤", "not different")
    return (
        f"{number(row['difference'])} {sign} {number(row['critical_range'])}, means are {verdict}"
    )


def _anova(rows: Sequence[dict[str, Any]], others: Sequence[dict[str, Any]]) -> Table:
    welch = {(other["descriptor"], other["level"]): other for other in others}
    lines = []
    for row in sorted(rows, key=lambda row: list(_LEVELS).index(row["level"])):
        other = welch.get((row["descriptor"], row["level"]))
        lines.append(
            (
                NAMES[row["descriptor"]].capitalize(),
                _LEVELS[row["level"]],
                f"{number(row['f_value'])} ({row['df_between']:.0f}, {row['df_within']:.0f})",
                _p(row["p_value"]),
                "–" if other is None else _p(other["p_value"]),
                f"{row['eta_squared']:.2f}",
                f"{row['omega_squared']:.2f}",
            )
        )
    columns = ("Descriptor", "Test on", "F (degrees of freedom)", "p", "p, Welch", "η²", "ω²")
    return Table("Analysis of variance", columns, tuple(lines))


def _pore_sizes(rows: Sequence[dict[str, Any]]) -> Table:
    lines = tuple(
        (
            str(row["sample"]),
            f"{row['pores']:,.0f}",
            number(row["mean_area_nm2"]),
            number(row["area_weighted_mean_nm2"]),
            number(row["number_d50_nm"]),
            " / ".join(number(row[f"area_d{share}_nm"]) for share in (10, 50, 90)),
            f"{row['single_pixel_pores']:.1%}",
            f"{row['cut_pore_area']:.1%}",
        )
        for row in rows
    )
    columns = (
        "Sample", "Pores", "Number mean (nm²)", "Area-weighted mean (nm²)",
        "Median diameter (nm)", "D10 / D50 / D90 by area (nm)", "Pores of 1 px",
        "Pore area in pores cut by a tile's edge",
    )  # fmt: skip
    return Table("Pore sizes, all pores of a sample together", columns, lines)


def _on_pores(table: Any) -> str:
    text = (
        "The number mean depends most on the smallest pores counted, the area-weighted one on the"
        " largest, which the edge of a tile cuts; compare only what was made with the same pixel"
        " size, connectivity and smallest pore."
    )
    if "isodata_roots" in table:
        roots = table["isodata_roots"].map(lambda one: 0 if one != one else len(str(one).split()))
        several, none = int((roots > 1).sum()), int((roots == 0).sum())
        if several:
            text += (
                f" {several} of {len(table)} tiles have several isodata thresholds (all are in"
                " describe.csv); the lowest was used."
            )
        if none:
            text += f" {none} tiles have one grey level only, so no pores."
    return text


def _p(value: float) -> str:
    return "< 0.0001" if value < 0.0001 else f"{value:.2g}"
