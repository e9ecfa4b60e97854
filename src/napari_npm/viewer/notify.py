"""User errors as one-sentence notifications, never a traceback."""

import logging
import re
from collections import Counter
from collections.abc import Sequence
from functools import partial

from qtpy.QtCore import QObject, QThread, QTimer
from qtpy.QtWidgets import QApplication

from napari_npm.core.errors import Cancelled, NpmError

from .catalogue import DOCKS, open_dock

_log = logging.getLogger(__name__)

# What comes within this time of the notification before it belongs to it.
_HEELS_MS = 400
_MOST_LINES, _MOST_BUTTONS = 5, 2


def sentence(error: BaseException) -> str:
    """Say an error in one sentence.

    Parameters
    ----------
    error : BaseException
        What went wrong.

    Returns
    -------
    str
        The text of an `NpmError`; for anything else a sentence that names the error, while its
        traceback goes to the log.
    """
    if isinstance(error, NpmError):
        return str(error)
    if isinstance(error, Cancelled):
        return "Stopped."
    if isinstance(error, OSError) and error.strerror:
        where = f" ({error.filename})" if error.filename else ""
        return f"{error.strerror}{where}."
    _log.error("Unexpected error", exc_info=error)
    text = str(error).strip().split("\n")[0]
    name = type(error).__name__
    return f"Unexpected error {name}: {text}" if text else f"Unexpected error {name}."


def show_error(error: BaseException | str) -> str:
    """Show an error as a napari notification and return its sentence.

    The first is shown at once; those that follow on its heels, such as the warnings of one job,
    are gathered into one more. A sentence that sends its reader to a dock has a button for it.
    """
    text = error if isinstance(error, str) else sentence(error)
    app = QApplication.instance()
    if app is None or QThread.currentThread() is not app.thread():
        _show([text])
        return text
    burst = app.findChild(Burst) or Burst(app)
    burst.take(text)
    return text


class Burst(QObject):
    """Gathers notifications that come one on the heels of another.

    Parameters
    ----------
    parent : QObject
        The application, which it ends with.
    """

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._texts: list[str] = []
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_HEELS_MS)
        self._timer.timeout.connect(self._quiet)

    def take(self, text: str) -> None:
        """Show a sentence at once, or soon with others where one was shown just before."""
        if self._timer.isActive():
            self._texts.append(text)
        else:
            _show([text])
        self._timer.start()

    def _quiet(self) -> None:
        texts, self._texts = self._texts, []
        if texts:
            _show(texts)


def _show(texts: Sequence[str]) -> None:
    from napari.utils.notifications import Notification, notification_manager

    counts = Counter(texts)
    lines = [text if count == 1 else f"{text} ({count} times)" for text, count in counts.items()]
    more = len(lines) - _MOST_LINES
    if more > 0:
        _log.warning("%s", "\n".join(lines))
        lines = [*lines[:_MOST_LINES], f"… and {more} more, in the log."]
    docks = dict.fromkeys(name for text in counts for name in docks_in(text))
    actions = tuple((f"Open {name}", partial(_open, name)) for name in docks)
    notification_manager.dispatch(
        Notification("\n".join(lines), "warning", actions[:_MOST_BUTTONS])
    )


def docks_in(text: str) -> tuple[str, ...]:
    """Return the docks that a sentence sends its reader to, by their names."""
    return tuple(entry.name for entry in DOCKS if re.search(rf"\b{entry.name} dock\b", text))


def _open(name: str, _: object = None) -> None:
    from napari import current_viewer

    viewer = current_viewer()
    if viewer is not None:
        open_dock(viewer, name)


def show_message(text: str) -> None:
    """Show a short piece of information as a napari notification."""
    from napari.utils.notifications import show_info

    show_info(text)
