"""The tables of the tests of relevance maps."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from .study import Study
from .tables import write_rows

CURVES = ("deletion", "deletion_random", "insertion", "insertion_random")
"""Columns of the curves of deletion and insertion, by relevance and at random."""


def write_faithfulness(
    study: Study, confidence: float, rows: Sequence[Mapping[str, Any]]
) -> list[Path]:
    """Write means with intervals, the figures of single tiles, and the curves of deletion.

    Parameters
    ----------
    study : Study
        Where to.
    confidence : float
        Of the intervals.
    rows : sequence of mapping
        The rows of all tests.
    """
    single = [row for row in rows if "value" in row]
    curves = [row for row in rows if "share" in row]
    return [
        write_rows(study, "faithfulness", _means(single, confidence)),
        write_rows(study, "faithfulness_tiles", single),
        write_rows(study, "faithfulness_curves", _mean_curves(curves, confidence)),
    ]


def _means(rows: Sequence[Mapping[str, Any]], confidence: float) -> list[dict[str, Any]]:
    """Return a line a model, test, case and measure; those of deletion also sample by sample."""
    names = ("model", "test", "case", "measure")
    found = []
    for key, own in _grouped(rows, names).items():
        line = dict(zip(names, key, strict=True))
        found.append({**line, **_mean(own, "value", confidence)})
        samples = _grouped(own, ("sample",))
        if line["test"] == "deletion" and len(samples) > 1:
            # what replaces a block can look like one sample more than like another
            for (sample,), some in samples.items():
                case = f"{line['case']}, {sample}"
                found.append({**line, "case": case, **_mean(some, "value", confidence)})
    return found


def _mean_curves(rows: Sequence[Mapping[str, Any]], confidence: float) -> list[dict[str, Any]]:
    """Return a line a model and share of the blocks."""
    found = []
    for (model, share), own in _grouped(rows, ("model", "share")).items():
        line: dict[str, Any] = {"model": model, "share": share}
        for name in CURVES:
            mean = _mean(own, name, confidence)
            line |= {name: mean["value"], f"{name}_low": mean["low"], f"{name}_high": mean["high"]}
        found.append(line)
    return found


def _mean(rows: Sequence[Mapping[str, Any]], column: str, confidence: float) -> dict[str, Any]:
    from napari_npm.core.ensemble import ensemble_interval

    values = [float("nan") if row[column] is None else row[column] for row in rows]
    samples = [row["sample"] for row in rows]
    specimens = [(row["sample"], row["specimen"]) for row in rows]
    found = ensemble_interval(values, specimens, labels=samples, confidence=confidence)
    return {
        "value": found.value,
        "low": found.low,
        "high": found.high,
        "tiles": len(rows),
        "defined": sum(row[column] is not None for row in rows),
        "specimens": len(set(specimens)),
        "interval": found.method,
    }


def _grouped(
    rows: Sequence[Mapping[str, Any]], names: Sequence[str]
) -> dict[tuple[Any, ...], list[Mapping[str, Any]]]:
    found: dict[tuple[Any, ...], list[Mapping[str, Any]]] = {}
    for row in rows:
        found.setdefault(tuple(row[name] for name in names), []).append(row)
    return found
