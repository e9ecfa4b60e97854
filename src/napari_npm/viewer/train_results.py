"""What a study knows of its networks, read and put into words: no Qt, no napari."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from napari_npm.core.errors import NpmError
from napari_npm.core.progress import Progress

from .study_work import history_of, models_in_order, table_text

_KEPT = {
    "specimen": "Split by specimen",
    "mosaic": "Split by mosaic",
    "image": "Split by image",
    "fold": "Split in folds",
    "k-fold": "Split in folds",
    "list": "Split as listed",
    "tile": "Split by tile",
}
_VERBS = {"train": ("learns", "learn"), "validation": ("validates", "validate")}
_VERBS |= {"test": ("tests", "test"), "unused": ("is left out", "are left out")}


@dataclass(frozen=True)
class Learned:
    """What a study knows of its networks.

    Attributes
    ----------
    text : str
        Accuracies and confusion matrices as HTML; empty where not made yet.
    split : str
        The split in words; empty where there is none.
    leak : str
        What the parts share although they should not; empty where they share nothing.
    history : dict
        For each model the figures of its epochs.
    best : dict
        For each model the epoch that was kept, where it was chosen by validation.
    seconds : float
        What the last trainings took in all.
    """

    text: str = ""
    split: str = ""
    leak: str = ""
    history: dict[str, list[dict[str, float]]] = field(default_factory=dict)
    best: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0


def read_learned(report: Progress, study: Any) -> Learned:
    """Read what a study knows of its networks; for worker threads."""
    report(0, 1, "")
    history = history_of(study)
    split, leak = split_words(study)
    seconds = sum(epoch.get("seconds", 0.0) for epochs in history.values() for epoch in epochs)
    chosen = {
        name: kept_epoch(study, name)
        for name, epochs in history.items()
        if any("validation_loss" in epoch for epoch in epochs)
    }
    best = {name: epoch for name, epoch in chosen.items() if epoch is not None}
    text = "<br>".join(
        part for part in (results_text(study), epochs_text(study, history, best)) if part
    )
    return Learned(text, split, leak, history, best, seconds)


def kept_epoch(study: Any, model: str) -> int | None:
    """Return the epoch whose weights a model has, as its card tells."""
    from napari_npm.study.model_cards import read_card

    try:
        epoch = read_card(study.models_folder / model).get("best_epoch")
    except NpmError:
        return None
    return epoch if isinstance(epoch, int) else None


def split_words(study: Any) -> tuple[str, str]:
    """Return a study's split in words, and what leaks; both empty before it is split."""
    from napari_npm.study.leaks import leak_note
    from napari_npm.study.results import SPLIT_ITEM

    record = study.state("split").records.get(SPLIT_ITEM)
    if record is None or len(record.rows) != len(study.tiles):
        return "", ""
    by = str(getattr(study.parameters("split"), "by", "specimen"))
    single = by in ("tile", "list")
    units: dict[str, set[Any]] = {}
    for tile, row in zip(study.tiles, record.rows, strict=True):
        unit = tile.index if single else (tile.sample, tile.specimen)
        units.setdefault(str(row["part"]), set()).add(unit)
    what = "tiles" if single else "specimens"
    counts = [
        f"{len(units[part])} {verbs[len(units[part]) > 1]}"
        for part, verbs in _VERBS.items()
        if part in units
    ]
    tests = _tests(study, record.rows)
    leak = leak_note(study) or ""
    said = f"{_KEPT.get(by, 'Split')}: of {sum(len(one) for one in units.values())} {what} "
    said += ", ".join(counts) + (f" ({tests})" if tests else "")
    return said + ("." if leak else "; nothing leaks."), leak


def _tests(study: Any, rows: Any) -> str:
    """Say how many specimens of each sample test where some sample has only one."""
    found: dict[str, set[str]] = {sample.name: set() for sample in study.samples}
    for tile, row in zip(study.tiles, rows, strict=True):
        if row["part"] == "test":
            found[tile.sample].add(tile.specimen)
    few = [name for name, specimens in found.items() if len(specimens) == 1]
    if not few:
        return ""
    return f"only one specimen of {', '.join(few)} tests: its accuracy may be that of one sample"


def results_text(study: Any) -> str:
    """Return accuracies and confusion matrices as HTML; empty where not made yet."""
    accuracy = study.table("accuracy")
    if accuracy is None:
        return ""
    rows = [_accuracy(row) for row in accuracy.to_dict("records")]
    head: tuple[str, ...] = ("", "accuracy", "interval")
    if any(row[3] for row in rows):
        head = (*head, "calibr. error")
    parts = [
        "<b>Accuracy on the test part</b>"
        + table_text(head, [[cell or "–" for cell in row[: len(head)]] for row in rows])
    ]
    for model in models_in_order(study):
        confusion = study.table(f"confusion_{model}")
        if confusion is not None:
            columns = [str(name).removeprefix("predicted_") for name in confusion.columns]
            columns[0] = "true \\ predicted"
            parts.append(
                f"<b>Confusion, {_model_words(model)}</b>"
                + table_text(columns, confusion.to_numpy().tolist())
            )
    return "<br>".join(parts)


def _accuracy(row: Mapping[str, Any]) -> tuple[str, str, str, str]:
    error = row.get("calibration_error")
    known = isinstance(error, float) and error == error
    return (
        str(row["classifier"]),
        f"{row['accuracy']:.3f}",
        f"{row['low']:.3f}–{row['high']:.3f}",
        f"{error:.3f}" if known else "",
    )


def epochs_text(
    study: Any, history: Mapping[str, list[dict[str, float]]], best: Mapping[str, int]
) -> str:
    """Say of each model how long it learned, and which epoch was kept."""
    lines = []
    for name, epochs in history.items():
        allowed = _allowed(study, name)
        said = f"{_model_words(name)}: {len(epochs)} epochs"
        if allowed is not None and len(epochs) < allowed:
            said += f", stopped early of {allowed}"
        if name in best:
            said += f"; epoch {best[name]} is kept, the best on the validation part"
        else:
            said += "; the last is kept, for want of a validation part"
        lines.append(said + ".")
    return "<br>".join(lines)


def _allowed(study: Any, model: str) -> int | None:
    from napari_npm.study.model_cards import read_card

    try:
        given = read_card(study.models_folder / model).get("parameters", {})
    except NpmError:
        return None
    epochs = given.get("epochs") if isinstance(given, dict) else None
    return epochs if isinstance(epochs, int) else None


def _model_words(model: str) -> str:
    from napari_npm.study.wiring import MAP_NAMES

    return MAP_NAMES.get(model, model)


def duration(seconds: float) -> str:
    """Return a time in words, as long as one would say it."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    if seconds < 5400:
        return f"{round(seconds / 60)} min"
    return f"{seconds / 3600:.1f} h"
