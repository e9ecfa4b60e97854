"""What each step has done: one line an item, appended only after its results are on disk."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .lines import append_line, read_lines


@dataclass(frozen=True)
class Record:
    """One finished item of a step."""

    item: str
    key: str
    """Hash of everything the result depends on: step, parameters, inputs."""
    output: str
    """Hash of the result: what the next steps depend on."""
    rows: tuple[Mapping[str, Any], ...] = ()
    """Lines for the step's tables."""

    @property
    def line(self) -> dict[str, Any]:
        """The record as its line says it; without the deep copy of `dataclasses.asdict`."""
        return {"item": self.item, "key": self.key, "output": self.output, "rows": self.rows}


@dataclass(frozen=True)
class Finish:
    """The end of a step over all its items, with the files it wrote."""

    key: str
    files: tuple[str, ...]


class StepState:
    """The records of one step, kept in `state/<step>.jsonl`.

    A line is written after the item's results, so a run that is killed at any point leaves at
    worst results without a line: they are made again. A torn last line is ignored.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.records: dict[str, Record] = {}
        self.finish: Finish | None = None
        for entry in read_lines(path):
            self._take(entry)

    def _take(self, entry: Mapping[str, Any]) -> None:
        if "dropped" in entry:
            self.records.pop(entry["dropped"], None)
        elif "finished" in entry:
            self.finish = Finish(entry["finished"], tuple(entry["files"]))
        else:
            record = Record(entry["item"], entry["key"], entry["output"], tuple(entry["rows"]))
            self.records[record.item] = record

    def add(self, record: Record) -> None:
        """Write one finished item."""
        append_line(self.path, record.line)
        self.records[record.item] = record

    def drop(self, item: str) -> None:
        """Forget an item before its results are replaced.

        A run that is killed while it replaces them must not leave a line about the old ones:
        they would be taken for done once the old parameters are set again.
        """
        if item in self.records:
            append_line(self.path, {"dropped": item})
            del self.records[item]

    def keep_only(self, items: Sequence[str]) -> None:
        """Forget what belongs to no item of the step any more; `close` writes it."""
        self.records = {item: self.records[item] for item in items if item in self.records}

    def close(self, finish: Finish, items: Sequence[str]) -> None:
        """Write the end of a step; what belongs to none of its items any more is dropped."""
        from napari_npm.io import write_text

        self.keep_only(items)
        lines: Iterable[Any] = [
            *(record.line for record in self.records.values()),
            {"finished": finish.key, "files": list(finish.files)},
        ]
        write_text(self.path, "".join(json.dumps(line) + "\n" for line in lines))
        self.finish = finish
