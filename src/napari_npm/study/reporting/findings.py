"""The sections of a report on the network and on S2, and the figures looked for first."""

from typing import Any

from napari_npm.core.wording import several
from napari_npm.study.leaks import leak_note
from napari_npm.study.study import Study
from napari_npm.study.wiring import MAP_NAMES

from .parts import Section, Table, records, with_interval
from .regions import interval

_KEPT_TOGETHER = {
    "specimen": "All tiles of a specimen stand on one side of the split.",
    "image": "All tiles of an image (mosaic) stand on one side of the split; images of one specimen"
    " can stand on both.",
    "fold": "All tiles of a specimen stand in one fold of a cross-validation; one fold tests.",
    "tile": "The split is by tile: neighbouring tiles of one mosaic can stand on both sides, and"
    " the accuracies are higher than for material not seen before.",
    "list": "The split follows a list.",
}


def headlines(study: Study) -> Table:
    """Return the few figures that a reader looks for first."""
    rows = [
        (f"Test accuracy, {line['classifier']}", with_interval(line))
        for line in records(study, "accuracy")
    ]
    for model in study.models:
        relevance, name = study.table(f"relevance_{model}"), MAP_NAMES[model]
        if relevance is None or not len(relevance):
            continue
        worst = (relevance["conservation"] - 1).abs().max()
        rows.append((f"Relevance conserved on {name} to", f"{worst:.1e} (worst tile)"))
        known = relevance[relevance["auc"].notna()]
        if len(known):
            truth = f"{known['auc'].mean():.3f} ± {known['auc'].std():.3f}"
            rows.append((f"AUC of relevance against the known places, {name}", truth))
            if "average_precision" in known:
                chance = f"(chance: {known['prevalence'].mean():.3f})"
                precision = f"{known['average_precision'].mean():.3f} {chance}"
                rows.append((f"Average precision against the known places, {name}", precision))
    for model in study.models:
        lines = [one for one in records(study, "regions_summary") if one["model"] == model]
        if lines:  # the last line is of all samples
            area = interval(lines[-1], "area_fraction")
            rows.append((f"Area of the characteristic regions, {MAP_NAMES[model]}", area))
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
            f"{several(one['tiles'], 'tile')} of {several(one['specimens'], 'specimen')}",
        )
        for one in lines
    )
    columns = ("Classifier", "Test accuracy", "Test")
    intervals = list(dict.fromkeys(one["interval"] for one in lines))
    parameters: Any = study.parameters("split")
    leak = leak_note(study)
    return Section(
        "Telling the samples apart",
        [
            _KEPT_TOGETHER[parameters.by],
            *([] if leak is None else [f"Warning: {leak}"]),
            (
                "A difference that the grey histogram finds as well needs no network; one that only"
                " shows between single specimens may come from how they were imaged."
            ),
            f"Interval: {'; or '.join(intervals)}.",
        ],
        [Table("Test accuracy beside baselines on the same split", columns, rows)],
        ["training", "confusion"],
    )
