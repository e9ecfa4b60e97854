"""Progress for a person at a terminal."""

from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from napari_npm.study.runner import StepOutcome

from .stop import Stop


class TerminalReporter:
    """A progress bar for the running step and a line for each one that is done."""

    def __init__(self, stop: Stop) -> None:
        self._stop = stop
        self._console = Console(stderr=True)
        self._bars = Progress(
            TextColumn("{task.fields[step]:>10}"),
            BarColumn(),
            TaskProgressColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.description}"),
            console=self._console,
            transient=True,
            disable=not self._console.is_terminal,
        )
        self._task = self._bars.add_task("", step="", visible=False)

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bars.stop()

    def progress(
        self,
        step: str,
        done: int,
        total: int,
        message: str = "",
        metrics: Mapping[str, float] | None = None,
    ) -> None:
        """Move the bar; raise `Cancelled` if asked to stop."""
        figures = " ".join(f"{name} {value:.3g}" for name, value in (metrics or {}).items())
        self._bars.update(
            self._task,
            step=step,
            completed=done,
            total=total,
            description=f"{message} {figures}".strip(),
            visible=True,
        )
        self._stop.check()

    def done(self, outcome: StepOutcome) -> None:
        """Print what a step did."""
        self._bars.update(self._task, visible=False)
        parts = [f"{outcome.computed} done" if outcome.computed else ""]
        parts.append(f"{outcome.skipped} up to date" if outcome.skipped else "")
        text = ", ".join(part for part in parts if part) or "nothing to do"
        self._console.print(f"{outcome.step:>10}  {text}  ({outcome.seconds:.1f} s)")
        for text in outcome.warnings:
            self.message(text, "warning")

    def message(self, text: str, level: str = "info") -> None:
        """Print a line."""
        style = {"warning": "yellow", "error": "red"}.get(level, "")
        self._console.print(text, style=style, markup=False, soft_wrap=True)

    def result(self, facts: Mapping[str, Any], text: str) -> None:  # noqa: ARG002 - for machines
        """Print the line on standard output, for a pipe."""
        self._bars.update(self._task, visible=False)
        print(text)
