"""What every result that rests on a leaking split says: its tables, and its figures' captions."""

import csv
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from .leaks import leak_note

if TYPE_CHECKING:
    from .study import Study

COLUMN = "leaks"
"""Column of a table that says what the parts of the split share."""


def stamp_of(study: "Study", steps: Iterable[str]) -> str | None:
    """Return the sentence that results of these steps must carry, or None where there is none.

    Parameters
    ----------
    study : Study
        The study.
    steps : iterable of str
        Names of the steps that the results are of.
    """
    note = leak_note(study)
    return note if note is not None and rests_on(study, steps, "split") else None


def rests_on(study: "Study", steps: Iterable[str], other: str) -> bool:
    """Tell whether the results of another step tell in those of some steps, at any distance."""
    from .steps import STEPS

    left, seen = list(steps), set[str]()
    while left:
        name = left.pop()
        step = STEPS[name]
        for needed in {*step.needs, *step.rests_on(study, study.parameters(name))} - seen:
            if needed == other:
                return True
            seen.add(needed)
            left.append(needed)
    return False


def stamp_tables(files: Iterable[Path], note: str | None) -> None:
    """Write a sentence beside every row of tables, those that have its column left alone."""
    if note is not None:
        for path in files:
            if path.suffix == ".csv":
                _stamp(path, note)


def _stamp(path: Path, note: str) -> None:
    from napari_npm.io import atomic_path

    with path.open(encoding="utf-8", newline="") as file:
        comments = []
        for line in file:
            if not line.startswith("#"):
                break
            comments.append(line)
        else:
            return  # a table without rows
        head = next(csv.reader([line]))
        if not any(head) or COLUMN in head:
            return
        with atomic_path(path) as temporary, temporary.open("w", encoding="utf-8") as out:
            out.writelines(comments)
            writer = csv.writer(out, lineterminator="\n")
            writer.writerow([*head, COLUMN])
            writer.writerows([*row, note] for row in csv.reader(file))
