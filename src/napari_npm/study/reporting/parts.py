"""What a report is made of, and how its numbers are written."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from napari_npm.study.study import Study

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Table:
    """A table of a report."""

    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass
class Section:
    """A part of a report: a heading, what to say, tables, and the figures that belong to it."""

    title: str
    paragraphs: list[str] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    figures: list[str] = field(default_factory=list)
    """Starts of the names of the figures shown here."""


def records(study: Study, name: str) -> list[dict[str, Any]]:
    """Return the lines of a result table, none where it was not made."""
    table = study.table(name)
    return [] if table is None else table.to_dict("records")  # type: ignore[return-value]


def with_interval(line: dict[str, Any]) -> str:
    """Write an accuracy with its interval."""
    return f"{line['accuracy']:.1%} ({line['low']:.1%} to {line['high']:.1%})"


def mean_sd(values: "pd.Series[float]", form: str) -> str:
    """Write mean ± standard deviation."""
    if len(values) < 2:
        return f"{values.mean():{form}}"
    return f"{values.mean():{form}} ± {values.std():{form}}"


def number(value: float) -> str:
    """Write a number of any size with three figures."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
