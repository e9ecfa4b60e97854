"""What the evaluation of a study showed, and how long another will take: no Qt, no napari."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape
from typing import Any

from napari_npm.core.progress import Progress

from .study_work import history_of
from .table_model import Column


@dataclass(frozen=True)
class Evaluated:
    """What the evaluation of a study showed.

    Attributes
    ----------
    text : str
        What it means in words, as HTML.
    seconds : dict
        What the last training of each kind of map took.
    epochs : dict
        And how many epochs it had.
    kinds : tuple of str
        The kinds of map that the train step is set to.
    rows : dict
        Its table by columns; empty where it was not made yet.
    """

    text: str = ""
    seconds: dict[str, float] = field(default_factory=dict)
    epochs: dict[str, int] = field(default_factory=dict)
    kinds: tuple[str, ...] = ()
    rows: dict[str, Any] = field(default_factory=dict)


def read_evaluated(report: Progress, study: Any) -> Evaluated:
    """Read what the evaluation of a study showed; for worker threads."""
    report(0, 1, "")
    history = history_of(study)
    rows = evaluation_rows(study)
    return Evaluated(
        words_text(study) if rows else "",
        {name: sum(one.get("seconds", 0.0) for one in own) for name, own in history.items()},
        {name: len(own) for name, own in history.items()},
        tuple(getattr(study.parameters("train"), "maps", ())),
        rows,
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


def evaluation_rows(study: Any) -> dict[str, Any]:
    """Return the table of the evaluation by columns; empty where it was not made yet."""
    table = study.table("evaluation")
    if table is None or table.empty:
        return {}
    values = {name: table[name].to_numpy() for name in table}
    values["interval"] = [_interval(low, high) for low, high in zip(*_ends(table), strict=True)]
    # An older evaluation has not all of them.
    missing = {column.name: [float("nan")] * len(table) for column in COLUMNS}
    return {**missing, **values}


def _ends(table: Any) -> tuple[Any, Any]:
    return table["low"], table["high"]


def words_text(study: Any) -> str:
    """Return in words, as HTML, what the evaluation means; empty where it was not made yet."""
    from napari_npm.study.evaluation_words import evaluation_words

    return "".join(
        f"<p>{'⚠ ' if one.caution else ''}{escape(one.text)}</p>" for one in evaluation_words(study)
    )


def _interval(low: Any, high: Any) -> str:
    # Maps with brightness or contrast shifted have none.
    return f"{low:.3f}–{high:.3f}" if low == low and high == high else "–"


def _share(value: Any) -> str:
    return f"{value:.3f}" if value is not None and value == value else "–"


COLUMNS = (
    Column("Classifier\n", "classifier", "Network, baseline or control"),
    Column("Accuracy\n", "accuracy", "Share of the test part that it gets right", form=_share),
    Column("Interval\n", "interval", "Of the accuracy, by bootstrap"),
    Column("s.d.\n", "sd", "Standard deviation over seeds", form=_share),
    Column("Calibr.\nerror", "calibration_error", "Expected calibration error", form=_share),
)
