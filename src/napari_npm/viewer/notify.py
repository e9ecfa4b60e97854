"""User errors as one-sentence notifications, never a traceback."""

import logging

from napari_npm.core.errors import Cancelled, NpmError

_log = logging.getLogger(__name__)


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
    """Show an error as a napari notification and return its sentence."""
    from napari.utils.notifications import show_warning

    text = error if isinstance(error, str) else sentence(error)
    show_warning(text)
    return text


def show_message(text: str) -> None:
    """Show a short piece of information as a napari notification."""
    from napari.utils.notifications import show_info

    show_info(text)
