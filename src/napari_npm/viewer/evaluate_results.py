"""What the evaluation of a study showed, and how long another will take: no Qt, no napari."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape
from typing import Any

from napari_npm.core.progress import Progress

from .study_work import history_of, table_text


@dataclass(frozen=True)
class Evaluated:
    """What the evaluation of a study showed.

    Attributes
    ----------
    text : str
        Tables and words as HTML; empty where it was not made yet.
    seconds : dict
        What the last training of each kind of map took.
    epochs : dict
        And how many epochs it had.
    kinds : tuple of str
        The kinds of map that the train step is set to.
    """

    text: str = ""
    seconds: dict[str, float] = field(default_factory=dict)
    epochs: dict[str, int] = field(default_factory=dict)
    kinds: tuple[str, ...] = ()


def read_evaluated(report: Progress, study: Any) -> Evaluated:
    """Read what the evaluation of a study showed; for worker threads."""
    report(0, 1, "")
    history = history_of(study)
    return Evaluated(
        evaluation_text(study),
        {name: sum(one.get("seconds", 0.0) for one in rows) for name, rows in history.items()},
        {name: len(rows) for name, rows in history.items()},
        tuple(getattr(study.parameters("train"), "maps", ())),
    )


def estimate(values: Mapping[str, Any], last: Evaluated) -> tuple[int, float]:
    """Return how many networks an evaluation trains, and the seconds that they will take.

    Parameters
    ----------
    values : mapping
        Of the evaluation's form.
    last : Evaluated
        With the duration of the last trainings; the seconds are 0 where there was none.
    """
    kinds = values.get("maps") or last.kinds
    each = int(values["seeds"])
    if values.get("controls"):
        each += int(values.get("shuffles", 0))
    known = [kind for kind in last.seconds if last.seconds[kind] > 0]
    if not known:
        return each * len(kinds), 0.0
    mean = sum(last.seconds[kind] for kind in known) / len(known)
    seconds = 0.0
    for kind in kinds:
        one = last.seconds.get(kind) or mean
        if values.get("epochs") and last.epochs.get(kind):
            one *= values["epochs"] / last.epochs[kind]
        seconds += each * one
    return each * len(kinds), seconds


def evaluation_text(study: Any) -> str:
    """Return table and words of the evaluation as HTML; empty where it was not made yet."""
    from napari_npm.study.evaluation_words import evaluation_words

    table = study.table("evaluation")
    if table is None or table.empty:
        return ""
    rows = [
        (
            line["classifier"],
            _number(line["accuracy"], ".3f"),
            _interval(line["low"], line["high"]),
            _number(line.get("sd"), ".3f"),
            _number(line.get("calibration_error"), ".3f"),
        )
        for line in table.to_dict("records")
    ]
    head = ("", "accuracy", "interval", "s.d.", "calibr. error")
    words = [
        f"<p>{'⚠ ' if one.caution else ''}{escape(one.text)}</p>" for one in evaluation_words(study)
    ]
    return "<b>Accuracy on the test part</b>" + table_text(head, rows) + "".join(words)


def _number(value: Any, form: str) -> str:
    return format(value, form) if _known(value) else "–"


def _interval(low: Any, high: Any) -> str:
    # Maps with brightness or contrast shifted have none.
    return f"{low:.3f}–{high:.3f}" if _known(low) and _known(high) else "–"


def _known(value: Any) -> bool:
    return isinstance(value, int | float) and value == value
