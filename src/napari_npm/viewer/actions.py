"""What can be done from anywhere in the window: by menu, command palette or key.

The functions are the commands of the manifest, which napari calls without arguments.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from napari_npm.core.errors import NpmError

from .catalogue import STUDY_DOCK, open_dock


def next_image() -> None:
    """Show the next image of the study."""
    _with_session(lambda session: session.step_image(1))


def previous_image() -> None:
    """Show the previous image of the study."""
    _with_session(lambda session: session.step_image(-1))


def run_all() -> None:
    """Run every step of the study that is left, up to the report."""
    open_dock(_viewer(), STUDY_DOCK).run_all()


def stop_job() -> None:
    """Stop the running job at its next item; what is finished is kept."""

    def stop(session: Any) -> None:
        if session.job is None:
            raise NpmError("No job is running.")
        session.job.cancel()

    _with_session(stop)


def save_mask() -> None:
    """Save the mask now; it is saved by itself a moment after each stroke anyway."""
    _with_session(lambda session: session.keeper.flush())


def write_methods() -> None:
    """Write the study's methods paragraph, references and rebuilding scripts into its folder."""
    open_dock(_viewer(), "Export figure").write_methods()


@dataclass(frozen=True)
class Action:
    """Something to be done from anywhere.

    Attributes
    ----------
    run : callable
        Does it in the current viewer; its name is the end of the manifest's command.
    title : str
        As menus name it.
    key : str
        As Qt writes keys.
    """

    run: Callable[[], None]
    title: str
    key: str


ACTIONS: tuple[Action, ...] = (
    Action(next_image, "Next image", "Alt+Right"),
    Action(previous_image, "Previous image", "Alt+Left"),
    Action(run_all, "Run all that is left", "Ctrl+Alt+R"),
    Action(stop_job, "Stop the running job", "Ctrl+Alt+X"),
    Action(save_mask, "Save the mask now", "Ctrl+Alt+M"),
    Action(write_methods, "Write methods, references and script", "Ctrl+Alt+W"),
)


def _viewer() -> Any:
    from napari import current_viewer

    return current_viewer()


def _with_session(work: Callable[[Any], Any]) -> None:
    from . import notify
    from .session import session_of

    try:
        work(session_of(_viewer()))
    except (NpmError, OSError) as error:
        notify.show_error(error)
