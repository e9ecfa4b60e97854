"""The sections of a report on the network, its relevance and what follows from it."""

from typing import Any

from napari_npm.study.study import Study
from napari_npm.study.wiring import MAP_NAMES

from .parts import Section, Table, mean_sd, records, with_interval

_PADDING = {
    "zeros": "With zero padding the middle of a tile weighs more than its edge whatever it shows;"
    " no correction was made.",
    "reflect": "With reflect padding the outermost pixels of a tile weigh less whatever they show;"
    " no correction was made.",
    "replicate": "Replicate padding lets middle and edge of a tile weigh nearly the same.",
}
_UNDEFINED = {
    "spread": "it was spread by the rule's limit for vanishing inputs",
    "drop": "it was dropped",
}


def headlines(study: Study) -> Table:
    """Return the few figures that a reader looks for first."""
    rows = [
        (f"Test accuracy, {line['classifier']}", with_interval(line))
        for line in records(study, "accuracy")
    ]
    for model in study.models:
        relevance, regions = study.table(f"relevance_{model}"), study.table(f"regions_{model}")
        name = MAP_NAMES[model]
        if relevance is not None:
            worst = (relevance["conservation"] - 1).abs().max()
            rows.append((f"Relevance conserved on {name} to", f"{worst:.1e} (worst tile)"))
            if relevance["auc"].notna().any():
                rows.append(
                    (
                        f"AUC of relevance against the known places, {name}",
                        f"{relevance['auc'].mean():.3f} ± {relevance['auc'].std():.3f}",
                    )
                )
        if regions is not None:
            rows.append(
                (
                    f"Area of the characteristic regions, {name}",
                    f"{regions['area_fraction'].mean():.1%} ± {regions['area_fraction'].std():.1%}",
                )
            )
    return Table("Main figures", ("Figure", "Value"), tuple(rows))


def learning(study: Study) -> Section | None:
    """Tell how well the samples are told apart, beside the baselines."""
    lines = records(study, "accuracy")
    if not lines:
        return None
    rows = tuple(
        (
            one["classifier"],
            with_interval(one),
            f"{one['tiles']} tiles of {one['specimens']} specimens",
        )
        for one in lines
    )
    columns = ("Classifier", "Test accuracy", "Test")
    intervals = list(dict.fromkeys(one["interval"] for one in lines))
    parameters: Any = study.parameters("split")
    said = (
        "All tiles of a specimen stand on one side of the split."
        if parameters.by == "specimen"
        else "The split is by tile: neighbouring tiles of one mosaic can stand on both sides, and"
        " the accuracies are higher than for material not seen before."
    )
    return Section(
        "Telling the samples apart",
        [
            said,
            (
                "A difference that the grey histogram finds as well needs no network; one that only"
                " shows between single specimens may come from how they were imaged."
            ),
            f"Interval: {'; or '.join(intervals)}.",
        ],
        [Table("Test accuracy beside baselines on the same split", columns, rows)],
        ["training", "confusion"],
    )


def relevance(study: Study) -> Section | None:
    """Tell how far relevance is conserved and where it lies."""
    rows = []
    for model in study.models:
        table = study.table(f"relevance_{model}")
        if table is None:
            continue
        for sample, part in table.groupby("sample", sort=False):
            known = part["auc"].notna().any()
            rows.append(
                (
                    MAP_NAMES[model],
                    str(sample),
                    f"{(part['conservation'] - 1).abs().max():.1e}",
                    f"{part['undefined'].mean():.1%}",
                    mean_sd(part["auc"].dropna(), ".3f") if known else "places not known",
                )
            )
    if not rows:
        return None
    columns = ("Maps", "Sample", "Largest loss", "Undefined", "AUC against known places")
    parameters: Any = study.parameters("train")
    explaining: Any = study.parameters("explain")
    return Section(
        "Where the network looked",
        [
            (
                "Relevance of each pixel by deep Taylor decomposition, red in the high-porosity and"
                " blue in the low-porosity part; each map sums to 1."
            ),
            (
                "These maps show where evidence flows to the decision. They hardly depend on the"
                " class that is explained and do not say why it was this sample rather than"
                " another."
            ),
            _PADDING[parameters.padding],
            (
                "Undefined: relevance that met units which fire without any input, as inside"
                " unhydrated cement, where the rule is 0/0;"
                f" {_UNDEFINED[explaining.undefined]}."
            ),
        ],
        [Table("Conservation and, for phantoms, agreement with the truth", columns, tuple(rows))],
        ["relevance"],
    )


def regions(study: Study) -> Section | None:
    """Tell how large the characteristic regions are and where they lie."""
    rows = []
    for model in study.models:
        table = study.table(f"regions_{model}")
        if table is None:
            continue
        for sample, part in table.groupby("sample", sort=False):
            rows.append(
                (
                    MAP_NAMES[model],
                    str(sample),
                    mean_sd(part["area_fraction"], ".1%"),
                    f"{part['high_area_fraction'].mean():.1%}",
                    f"{part['high_relevance_fraction'].mean():.1%}",
                    f"{part['boundary_area_fraction'].mean():.1%}",
                    f"{part['boundary_high_fraction'].mean():.1%}",
                    f"{part['boundary_low_fraction'].mean():.1%}",
                )
            )
    if not rows:
        return None
    columns = (
        "Maps",
        "Sample",
        "Area of regions",
        "of it in HP",
        "Relevance in HP",
        "Boundary area",
        "in HP",
        "in LP",
    )
    parameters: Any = study.parameters("regions")
    return Section(
        "Characteristic regions and boundary features",
        [
            (
                f"The regions hold {parameters.share:.0%} of a tile's relevance; boundary features"
                f" are pixels where relevance changes by more than {parameters.gradient:g} over one"
                " pixel (relevance sums to 1 a tile)."
            )
        ],
        [Table("Mean (± SD) over tiles", columns, tuple(rows))],
        ["combination"],
    )


def correlation(study: Study) -> Section | None:
    """Tell the lengths read from the two-point correlation."""
    lines = records(study, "lengths")
    if not lines:
        return None
    rows = tuple(
        (
            {"whole": "whole maps", "regions": "characteristic regions"}[one["source"]],
            f"{one['sample']} ({one['label']})",
            _length(one, "correlation"),
            _length(one, "characteristic"),
        )
        for one in lines
    )
    columns = ("Pairs in", "Sample", "Correlation length (µm)", "Characteristic length (µm)")
    return Section(
        "Two-point correlation",
        [
            (
                "Correlation length: the distance beyond which S2 stays constant within its"
                " sampling error. Characteristic length: the distance at which two pixels of the"
                " same porosity are least likely."
            )
        ],
        [Table("Lengths with 90 % bootstrap intervals over tiles", columns, rows)],
        ["s2", "same"],
    )


def _length(line: dict[str, Any], name: str) -> str:
    low, high = line[f"{name}_low_um"], line[f"{name}_high_um"]
    text = f"{line[f'{name}_length_um']:.2f}"
    if low == low and high == high:
        text += f" ({low:.2f} to {high:.2f})"
    return text if line[f"{name}_determined"] else f"not determined: {line[f'{name}_limit']}"
