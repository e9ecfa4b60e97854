"""Hearing when to stop."""

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from napari_npm.core.errors import Cancelled


class Stop:
    """Asked to stop by Ctrl-C, or by the line ``cancel`` on standard input."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def check(self) -> None:
        """Raise `Cancelled` if somebody asked to stop."""
        if self._event.is_set():
            raise Cancelled

    @contextmanager
    def on_interrupt(self) -> Iterator[None]:
        """Let the first Ctrl-C stop at the next item, and a second one at once."""

        def handle(_: int, __: FrameType | None) -> None:
            self._event.set()
            signal.signal(signal.SIGINT, signal.default_int_handler)

        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = signal.signal(signal.SIGINT, handle)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)

    def on_input(self) -> None:
        """Watch standard input for the line ``cancel``."""

        def watch() -> None:
            for line in sys.stdin:
                if line.strip() == "cancel":
                    self._event.set()
                    return

        if sys.stdin is not None:
            threading.Thread(target=watch, daemon=True).start()
