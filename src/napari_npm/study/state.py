"""What each step has done: one line an item, appended only after its results are on disk."""

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any


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
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        for line in text.splitlines():
            self._take(line)
        self._torn = bool(text) and not text.endswith("\n")

    def _take(self, line: str) -> None:
        try:
            entry = json.loads(line)
        except json.JSONDecodeError:
            return
        if "finished" in entry:
            self.finish = Finish(entry["finished"], tuple(entry["files"]))
        else:
            record = Record(entry["item"], entry["key"], entry["output"], tuple(entry["rows"]))
            self.records[record.item] = record

    def add(self, record: Record) -> None:
        """Write one finished item."""
        self.records[record.item] = record
        self._append(asdict(record))

    def close(self, finish: Finish, items: Sequence[str]) -> None:
        """Write the end of a step; what belongs to none of its items any more is dropped."""
        from napari_npm.io import write_text

        self.records = {item: self.records[item] for item in items}
        self.finish = finish
        lines: Iterable[Any] = [
            *(asdict(record) for record in self.records.values()),
            {"finished": finish.key, "files": list(finish.files)},
        ]
        write_text(self.path, "".join(json.dumps(line) + "\n" for line in lines))

    def _append(self, entry: Mapping[str, Any]) -> None:
        from napari_npm.io import writing

        with writing(self.path):
            with self.path.open("a", encoding="utf-8") as file:
                # a torn line from a killed run must not swallow the next one
                file.write(("\n" if self._torn else "") + json.dumps(entry) + "\n")
                file.flush()
                os.fsync(file.fileno())
            self._torn = False
