"""What a report says of relevance: how it was made, what it cannot say, how far it can be trusted.

Words are chosen by what the tables say was done, so that no result is shown without it.
"""

from typing import TYPE_CHECKING, Any

from napari_npm.study.explain_rows import BINS
from napari_npm.study.study import Study
from napari_npm.study.wiring import MAP_NAMES

from .parts import Section, Table, mean_sd, records

if TYPE_CHECKING:
    import pandas as pd

_RULE = {
    "alpha1-beta0": "deep Taylor decomposition (alpha1-beta0 rule, biases left out)",
    "contrastive": "the contrastive rule (what speaks for the class rather than for the others, in"
    " features of 1/8 of the image's side, taken on to the pixels by alpha1-beta0)",
    "epsilon-plus": "the epsilon-plus rule (alpha1-beta0 with epsilon on linear layers)",
    "gradient x input": "gradient times input",
    "integrated gradients": "integrated gradients from a map of zeros",
}
_SIGNED = ("epsilon-plus", "gradient x input", "integrated gradients")
_INPUT = {
    "zplus": "the z+ rule at the input",
    "zbox": "the z-box rule for values in [0, 1] at the input",
    "none": "no rule of its own at the input",
}
_ENGINE = {
    "fused": "this package's own engine for its network",
    "zennit": "zennit",
    "torch": "torch's automatic differentiation",
    # tables of mosaics that an earlier version wrote
    "auto": "this package's own engine where it applies, else zennit",
}
_PADDING = {
    "zeros": "With zero padding the middle of a tile weighs more than its edge whatever it shows",
    "reflect": "With reflect padding the outermost pixels of a tile weigh less whatever they show",
    "replicate": "Replicate padding lets middle and edge of a tile weigh nearly the same",
}
_UNDEFINED = {
    "spread": "it was spread by the rule's limit for vanishing inputs",
    "drop": "it was dropped",
    "none": "this rule has no such case",
}
_CANNOT = (
    "These maps show where evidence flows to the decision. They hardly depend on the class that is"
    " explained, and on the last layer of the network, and do not say why it was this sample"
    " rather than another: two classes' maps of one tile are nearly alike."
)
_AGAINST = (
    "These maps show where evidence for one class rather than the other flows from; what speaks"
    " for either alike, and what speaks against the class, is not in them."
)


def relevance(study: Study) -> Section | None:
    """Tell how relevance was found, how far it is conserved, and where it lies."""
    tables = _tables(study)
    if not tables:
        return None
    rows = [line for model, table in tables.items() for line in _lines(model, table)]
    first = next(iter(tables.values()))
    said = [how_sentence(study, first) + ".", _scale_sentence(first)]
    compared = first["against"].notna().any() or first.iloc[0]["rule"] == "contrastive"
    said.append(_AGAINST if compared else _CANNOT)
    if study.parameters("explain").model_dump()["difference"]:
        said.append(
            "The class-difference map beside each is the relevance of the class explained less"
            " the mean of the other classes', each of sum 1: orange where there is more evidence"
            " for this class than for the others, violet where there is less. It is small beside"
            " the relevance, and the part that depends on the class."
        )
    if any("share_mulf" in table for table in tables.values()):
        said.append(_channel_sentence(tables))
    said += _centre_words(study, tables)
    met = first.iloc[0]["undefined_rule"]
    said.append(
        "Undefined: relevance that met units which fire without any input, as inside unhydrated"
        f" cement, where the rule is 0/0; {_UNDEFINED.get(met, met)}."
    )
    columns = ("Maps", "Sample", "Class explained", "Largest loss", "Undefined")
    made = [Table("Relevance by sample", columns, tuple(rows))]
    truth = [line for model, table in tables.items() for line in _truth_lines(model, table)]
    if truth:
        said.append(
            "Where the modified places are known: AUC is the chance that a pixel inside them has"
            " more relevance than one outside (0.5 without any knowledge), average precision the"
            " mean share of true pixels among the most relevant (chance: the share of the tile"
            " that they cover, in brackets), pointing how often the most relevant pixel lies in"
            " them. Unhydrated cement is easily told from such places and flatters the AUC; the"
            " one without it is the one to trust."
        )
        heads = ("Maps", "Sample", "AUC", "AUC without UC", "Average precision (chance)",
                 "Pointing", "AUC of the class difference")  # fmt: skip
        made.append(Table("Agreement with the known places, mean ± SD over tiles", heads,
                          tuple(truth)))  # fmt: skip
    profile = _profile_table(study)
    if profile is not None:
        made.append(profile)
    return Section("Where the network looked", said, made, ["relevance", "difference"])


def how_sentence(study: Study, table: "pd.DataFrame") -> str:
    """Return what was decomposed, by what rule and engine, without a full stop."""
    one = table.iloc[0]
    asked: Any = study.parameters("explain")
    whose = {"predicted": "predicted class", "true": "true class"}.get(
        asked.target, f"class {asked.target}"
    )
    if one["against"] == "others":
        whose += ", less the mean of the others'"
    elif table["against"].notna().any():
        whose += f", less that of {one['against']}"
    rule = str(one["rule"])
    engines = " and ".join(_ENGINE.get(name, name) for name in dict.fromkeys(table["engine"]))
    parts = [f"The score of the {whose} was decomposed by {_RULE.get(rule, rule)}"]
    if rule not in ("gradient x input", "integrated gradients"):
        parts.append(f"on the network with fused batch normalisation, {_INPUT[one['input_rule']]}")
    parts.append(f"computed by {engines} in {one['precision']}")
    if one["average"] == "d4":
        parts.append("averaged over the eight turns and flips of each tile")
    text = ", ".join(parts)
    if rule in _SIGNED:
        text += "; of its two signs the positive part is shown"
    strides = table["stride_px"].dropna()
    if len(strides):
        text += (
            f"; images larger than a tile were explained by windows {strides.iloc[0]:g} px apart,"
            " blended without seams and cut into tiles"
        )
    return text


def correction_sentence(study: Study, table: "pd.DataFrame") -> str:
    """Return how centre bias was treated, without a full stop."""
    from napari_npm.study.centre_fields import unit_of_halves

    one = table.iloc[0]
    if one["correction"] == "none":
        return "no correction of the centre bias was made"
    unit = unit_of_halves(study, str(one["model"])) or "specimens"
    return (
        "the centre bias was divided out by the smoothed mean map of tiles of the other half of"
        f" the {unit}"
    )


def explain_sentence(study: Study, _: Any) -> str:
    """Return the sentences of the methods paragraph on explaining."""
    tables = _tables(study)
    if not tables:
        return ""
    first = next(iter(tables.values()))
    return (
        f"{how_sentence(study, first)}; each relevance map was normalised to sum 1, and"
        f" {correction_sentence(study, first)} ({first.iloc[0]['padding']} padding)."
    )


def _tables(study: Study) -> dict[str, "pd.DataFrame"]:
    found = {model: study.table(f"relevance_{model}") for model in study.models}
    # a table of an earlier version says less than is told here
    return {
        model: table
        for model, table in found.items()
        if table is not None and len(table) and "correction" in table
    }


def _scale_sentence(table: "pd.DataFrame") -> str:
    scale = (
        "an area of one tile holds 1 on average over its image"
        if table["stride_px"].notna().any()
        else "each map sums to 1"
    )
    return f"Red is relevance in the high-porosity and blue in the low-porosity part; {scale}."


def _lines(model: str, table: "pd.DataFrame") -> list[tuple[str, ...]]:
    found: list[tuple[str, ...]] = []
    for sample, part in table.groupby("sample", sort=False):
        counts = part["target"].value_counts()
        targets = ", ".join(f"{name}: {count}" for name, count in counts.items())
        loss = (part["conservation"] - 1).abs().max()
        found.append(
            (
                MAP_NAMES[model],
                str(sample),
                str(counts.index[0]) if len(counts) == 1 else targets,
                f"{loss:.1e}",
                f"{part['undefined'].mean():.1%}",
            )
        )
    return found


def _truth_lines(model: str, table: "pd.DataFrame") -> list[tuple[str, ...]]:
    found: list[tuple[str, ...]] = []
    for sample, part in table.groupby("sample", sort=False):
        known = part[part["auc"].notna()]
        if not len(known):
            continue

        def of(column: str, known: "pd.DataFrame" = known) -> str:
            values = known[column].dropna()
            return mean_sd(values, ".3f") if len(values) else "–"

        chance = f"{known['prevalence'].mean():.3f}"
        found.append(
            (
                MAP_NAMES[model],
                str(sample),
                of("auc"),
                of("auc_without_uc"),
                f"{of('average_precision')} ({chance})",
                f"{known['pointing'].mean():.0%}",
                of("difference_auc"),
            )
        )
    return found


def _channel_sentence(tables: dict[str, "pd.DataFrame"]) -> str:
    table = next(table for table in tables.values() if "share_mulf" in table)
    shares = " and ".join(
        f"{table[f'share_{kind}'].mean():.0%} on {MAP_NAMES[kind]}" for kind in ("mulf", "micf")
    )
    return (
        f"The network that reads both maps has {shares} of its relevance, on average over tiles;"
        " what is shown is their sum, on the MulF map."
    )


def _centre_words(study: Study, tables: dict[str, "pd.DataFrame"]) -> list[str]:
    found = []
    for table in tables.values():
        padding = str(table.iloc[0]["padding"])
        words = _PADDING.get(padding, f"The network pads with {padding}")
        sentence = f"{words}; {correction_sentence(study, table)}."
        if sentence not in found:
            found.append(sentence)
    return found


def _profile_table(study: Study) -> Table | None:
    lines = records(study, "centre_bias")
    if not lines:
        return None
    rows: list[tuple[str, ...]] = []
    for one in lines:
        profiles = [
            "–"
            if one[f"{start}_1"] != one[f"{start}_1"]
            else ", ".join(f"{one[f'{start}_{place}']:.2f}" for place in range(1, BINS + 1))
            for start in ("raw_edge", "edge")
        ]
        if one["correction"] == "none":
            profiles[1] = "not corrected"
        rows.append((MAP_NAMES[one["model"]], str(one["sample"]), str(one["padding"]), *profiles))
    return Table(
        "Mean relevance in four steps from the edge of a tile to its middle; 1 is flat",
        ("Maps", "Sample", "Padding", "As decomposed", "After the correction"),
        tuple(rows),
    )
