"""What brightness and contrast do to the classifiers of an evaluation, as lines of its tables."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from .wiring import MAP_NAMES

if TYPE_CHECKING:
    from .settings import EvaluateParameters

Row = Mapping[str, Any]
SHIFTED = "shifted maps"


def shifted_lines(
    jitter: Sequence[Row], p: "EvaluateParameters", samples: int
) -> list[dict[str, Any]]:
    """Return the worst accuracy under small and under moderate shifts, by classifier."""
    lines = []
    for name, rows in grouped(jitter, "classifier").items():
        for words, part in (("small", 0.5), ("moderate", 1.0)):
            worst = worst_shift(rows, part * p.jitter_offset, part * p.jitter_gain)
            lines.append(
                {
                    "classifier": f"{name}, {words} shift",
                    "role": SHIFTED,
                    "maps": rows[0]["maps"],
                    "reads": rows[0]["reads"],
                    "accuracy": worst,
                    "chance": 1 / samples,
                    "tiles": rows[0]["tiles"],
                    "repeats": len({row["number"] for row in rows}),
                    "interval": f"lowest mean over repeats under shifts of brightness by"
                    f" {part * p.jitter_offset:g} or of contrast by"
                    f" {part * p.jitter_gain:.0%}",
                }
            )
    return lines


def worst_shift(rows: Sequence[Row], offset: float, gain: float) -> float:
    """Return the lowest mean accuracy among shifts of just this size."""
    wanted = [
        row
        for row in rows
        if np.isclose(abs(row["offset"]), offset) or np.isclose(abs(row["gain"] - 1), gain)
    ]
    by_shift: dict[tuple[float, float], list[float]] = {}
    for row in wanted:
        by_shift.setdefault((row["gain"], row["offset"]), []).append(row["accuracy"])
    return min(float(np.mean(values)) for values in by_shift.values())


def jitter_line(row: Row) -> dict[str, Any]:
    """Return the line of one classifier under one shift."""
    reads = row.get("reads", "network")
    name = row.get("classifier", f"network on {MAP_NAMES[row['maps']]}")
    values = {key: row[key] for key in ("maps", "number", "gain", "offset", "tiles", "accuracy")}
    return {"classifier": name, "reads": reads, **values}


def grouped(rows: Sequence[Row], column: str) -> dict[str, list[Row]]:
    """Return rows by what stands in a column, in order."""
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(row[column], []).append(row)
    return found


def unshifted(rows: Sequence[Row]) -> float:
    """Return the mean accuracy on the same tiles as they are."""
    return float(
        np.mean([row["accuracy"] for row in rows if row["gain"] == 1 and row["offset"] == 0])
    )


def shift_sizes(rows: Sequence[Row]) -> list[tuple[float, float]]:
    """Return offset and gain of the small and of the moderate shifts."""
    offsets = sorted({round(abs(row["offset"]), 9) for row in rows if row["offset"]})
    gains = sorted({round(abs(row["gain"] - 1), 9) for row in rows if row["gain"] != 1})
    return list(zip(offsets, gains, strict=True))
