"""Telling a person or a machine how work goes, and hearing when to stop."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Protocol

from napari_npm.core.errors import Cancelled, NpmError
from napari_npm.study.runner import StepOutcome

from .stop import Stop


class Reporter(Protocol):
    """What a command tells while it works."""

    def progress(
        self,
        step: str,
        done: int,
        total: int,
        message: str = "",
        metrics: Mapping[str, float] | None = None,
    ) -> None:
        """Tell how far a step is; raise `Cancelled` if asked to stop."""

    def done(self, outcome: StepOutcome) -> None:
        """Tell what a step did."""

    def result(self, facts: Mapping[str, Any], text: str) -> None:
        """Tell one result: its facts to a machine, a line of text to a person."""

    def message(self, text: str, level: str = "info") -> None:
        """Say something."""


@contextmanager
def reporter(as_json: bool) -> Iterator[Reporter]:
    """Give a reporter for a machine (JSON lines) or for a person (progress bars)."""
    stop = Stop()
    with stop.on_interrupt():
        if not as_json:
            from .terminal import TerminalReporter

            with TerminalReporter(stop) as terminal:
                yield terminal
            return
        stop.on_input()
        machine = JsonReporter(stop)
        try:
            yield machine
        except NpmError as error:
            machine.send("error", text=str(error))
            raise
        except Cancelled:
            machine.send("cancelled")
            raise
        machine.send("finished")


class JsonReporter:
    """One JSON object a line on standard output."""

    def __init__(self, stop: Stop) -> None:
        self._stop = stop
        self._step = ""

    def send(self, event: str, **facts: Any) -> None:
        """Write one event."""
        print(json.dumps({"event": event, **facts}), flush=True)

    def progress(
        self,
        step: str,
        done: int,
        total: int,
        message: str = "",
        metrics: Mapping[str, float] | None = None,
    ) -> None:
        """Write a start and a progress event."""
        if step != self._step:
            self._step = step
            self.send("start", step=step)
        self.send(
            "progress",
            step=step,
            done=done,
            total=total,
            message=message,
            metrics=dict(metrics or {}),
        )
        self._stop.check()

    def done(self, outcome: StepOutcome) -> None:
        """Write a done event."""
        self.send(
            "done",
            step=outcome.step,
            computed=outcome.computed,
            skipped=outcome.skipped,
            seconds=round(outcome.seconds, 3),
        )
        for text in outcome.warnings:
            self.message(text, "warning")

    def message(self, text: str, level: str = "info") -> None:
        """Write a message event."""
        self.send("message", level=level, text=text)

    def result(self, facts: Mapping[str, Any], text: str) -> None:
        """Write a result event."""
        self.send("result", text=text, **facts)
