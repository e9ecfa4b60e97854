"""The section of a report on what seeds, baselines and controls mean for the claim."""

from typing import Any

from napari_npm.core.wording import several
from napari_npm.study.evaluation_words import evaluation_words
from napari_npm.study.study import Study

from .parts import Section, Table, records


def evaluation(study: Study) -> Section | None:
    """Tell how far the accuracy can be believed, and what the controls mean for the claim."""
    lines = records(study, "evaluation")
    if study.state("evaluate").finish is None or not lines:
        return None
    rows = tuple(
        (
            line["classifier"],
            _with_interval(line),
            f"{100 * line['sd']:.1f}" if _known(line["sd"]) else "",
            f"{line['calibration_error']:.3f}" if _known(line["calibration_error"]) else "",
            f"{line['chance']:.1%}",
            _tested(line),
        )
        for line in lines
    )
    columns = (
        "Classifier",
        "Accuracy",
        "SD over seeds (points)",
        "Calibration error",
        "Chance",
        "Test",
    )
    tables = [Table("Accuracy over seeds, beside baselines and controls", columns, rows)]
    classes = records(study, "evaluation_classes")
    names = [sample.name for sample in study.samples]
    if classes:
        by_class = tuple(
            (
                name,
                *(
                    _with_interval(line)
                    for line in classes
                    if line["classifier"] == name and line["sample"] in names
                ),
            )
            for name in dict.fromkeys(line["classifier"] for line in classes)
        )
        tables.append(Table("Accuracy on each sample", ("Classifier", *names), by_class))
    methods = dict.fromkeys(line["interval"] for line in lines if _known(line["low"]))
    return Section(
        "How far the accuracy can be believed",
        [*(one.text for one in evaluation_words(study)), f"Intervals: {'; or '.join(methods)}."],
        tables,
        ["evaluation"],
    )


def evaluation_sentence(study: Study, p: Any) -> str:
    """Return what the methods paragraph says of an evaluation."""
    train: Any = study.parameters("train")
    differing = {
        "same": "which differed in the seed of first weights, order and augmentation only",
        "fresh": "which differed in their seed and in the split, drawn anew for each",
        "folds": "one for each fold, so that every specimen was tested once",
    }[p.splits]
    text = (
        f"The training was repeated with {several(p.seeds, 'seed')}"
        f" ({several(p.epochs or train.epochs, 'epoch')}), {differing}; intervals are"
        f" {p.confidence:.0%} bootstraps over specimens ({p.resamples} resamples), and the expected"
        f" calibration error was found with {p.bins} bins. Baselines on the same splits were the"
        " nearest mean porosity and pore size, and logistic regression on the grey histogram (64"
        " bins) and on 20 features of texture (co-occurrence at 1, 2, 4 and 8 px, variance by"
        " octave and inside windows of 3 and 9 px, gradient)."
    )
    if p.controls:
        text += (
            f" As controls, networks were trained {several(p.shuffles, 'time')} with"
            " labels dealt out anew among the training specimens, and tested on maps with"
            f" brightness shifted by up to {p.jitter_offset:g} and contrast by up to"
            f" {p.jitter_gain:.0%}."
        )
    return text


def _with_interval(line: dict[str, Any]) -> str:
    if not _known(line["accuracy"]):
        return "not tested"
    if not _known(line["low"]):
        return f"{line['accuracy']:.1%}"
    return f"{line['accuracy']:.1%} ({line['low']:.1%} to {line['high']:.1%})"


def _tested(line: dict[str, Any]) -> str:
    tiles = several(int(line["tiles"]), "tile")
    if not _known(line["specimens"]):
        return tiles
    return f"{tiles} of {several(int(line['specimens']), 'specimen')}"


def _known(value: Any) -> bool:
    return value is not None and value == value
