"""Study-wide work as a job: this package's own command line in a child process."""

import json
import logging
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from qtpy.QtCore import QObject, QProcess, QProcessEnvironment, Signal

_log = logging.getLogger(__name__)

COMMAND = (sys.executable, "-m", "napari_npm")


class Lines:
    """Cut a stream of bytes into whole lines, however the pieces arrive."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> list[str]:
        """Take the next bytes and return the lines that are now complete."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        return [line.decode("utf-8", "replace").rstrip("\r") for line in lines]


def parse(line: str) -> dict[str, Any] | None:
    """Return the event a line carries, or None if it is no JSON object with an event."""
    try:
        event = json.loads(line)
    except json.JSONDecodeError:
        return None
    return event if isinstance(event, dict) and "event" in event else None


class Job(QObject):
    """A command of this package in a child process that reports by JSON lines.

    Never blocks: it starts, reports and ends through signals.

    Parameters
    ----------
    arguments : sequence of str
        The command line after ``napari-npm``, such as ``["train", "/a/study"]``.
    title : str
        What the job does, for people.
    environment : mapping, optional
        Variables added to this process's own, such as the study's lock.
    parent : QObject, optional
        Qt parent.
    command : sequence of str
        The program to run, for tests.
    """

    started = Signal(str)
    progress = Signal(str, int, int, str, object)
    message = Signal(str, str)
    step_done = Signal(str, int, int, float)
    finished = Signal()
    failed = Signal(str)
    cancelled = Signal()
    ended = Signal()

    def __init__(
        self,
        arguments: Sequence[str],
        *,
        title: str = "",
        environment: Mapping[str, str] | None = None,
        parent: QObject | None = None,
        command: Sequence[str] = COMMAND,
    ) -> None:
        super().__init__(parent)
        self.title = title or " ".join(arguments)
        self._error = ""
        self._stopped = False
        self._cancelling = False
        self._ended = False
        self._out, self._err = Lines(), Lines()
        self._last_words: list[str] = []
        self._process = QProcess(self)
        self._process.setProgram(command[0])
        self._process.setArguments([*command[1:], *arguments, "--json"])
        variables = QProcessEnvironment.systemEnvironment()
        # A pipe is not a terminal: without this lines would come in blocks, late.
        for name, value in {
            "PYTHONUNBUFFERED": "1",
            "PYTHONUTF8": "1",
            **(environment or {}),
        }.items():
            variables.insert(name, value)
        self._process.setProcessEnvironment(variables)
        self._process.readyReadStandardOutput.connect(self._read)
        self._process.readyReadStandardError.connect(self._read_errors)
        self._process.errorOccurred.connect(self._broken)
        self._process.finished.connect(self._over)

    @property
    def running(self) -> bool:
        """Whether the child process lives."""
        return self._process.state() != QProcess.ProcessState.NotRunning

    @property
    def cancelling(self) -> bool:
        """Whether the job was asked to stop."""
        return self._cancelling

    def start(self) -> "Job":
        """Start the child process and return at once."""
        self._process.start()
        return self

    def cancel(self) -> None:
        """Ask the job to stop at its next item."""
        if self.running and not self._cancelling:
            self._cancelling = True
            self._process.write(b"cancel\n")

    def kill(self) -> None:
        """End the child process now; an interrupted step resumes where its last item ended."""
        self._cancelling = True
        self._process.kill()

    def wait(self, milliseconds: int) -> bool:
        """Wait for the end; only for a window that closes."""
        return not self.running or self._process.waitForFinished(milliseconds)

    def _read(self) -> None:
        for line in self._out.feed(bytes(self._process.readAllStandardOutput())):
            event = parse(line)
            if event is not None:
                self._take(event)
            elif line.strip():
                _log.info("%s", line)

    def _read_errors(self) -> None:
        for line in self._err.feed(bytes(self._process.readAllStandardError())):
            _log.info("%s", line)
            if line.strip():
                self._last_words = [*self._last_words[-4:], line.strip()]

    def _take(self, event: Mapping[str, Any]) -> None:
        kind = event["event"]
        if kind == "start":
            self.started.emit(str(event.get("step", "")))
        elif kind == "progress":
            self.progress.emit(
                str(event.get("step", "")),
                int(event.get("done", 0)),
                int(event.get("total", 0)),
                str(event.get("message", "")),
                dict(event.get("metrics") or {}),
            )
        elif kind == "message":
            self.message.emit(str(event.get("level", "info")), str(event.get("text", "")))
        elif kind == "done":
            self.step_done.emit(
                str(event.get("step", "")),
                int(event.get("computed", 0)),
                int(event.get("skipped", 0)),
                float(event.get("seconds", 0.0)),
            )
        elif kind == "error":
            self._error = str(event.get("text", ""))
        elif kind == "cancelled":
            self._stopped = True

    def _broken(self, error: Any) -> None:
        if error == QProcess.ProcessError.FailedToStart:
            self._end(self.failed, f"The job could not be started: {self._process.errorString()}.")

    def _over(self, code: int, status: Any) -> None:
        self._read()
        crashed = status == QProcess.ExitStatus.CrashExit
        if self._stopped or (self._cancelling and (crashed or code != 0)):
            self._end(self.cancelled)
        elif self._error:
            self._end(self.failed, self._error)
        elif crashed or code != 0:
            words = self._last_words[-1] if self._last_words else "it said nothing"
            self._end(self.failed, f"The job ended unexpectedly ({words}); run it again to go on.")
        else:
            self._end(self.finished)

    def _end(self, signal: Any, *arguments: str) -> None:
        if self._ended:
            return
        self._ended = True
        signal.emit(*arguments)
        self.ended.emit()
