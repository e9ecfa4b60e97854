"""``python -m napari_npm.viewer STUDY``: napari with the NPM study dock open on a study."""

import argparse
import sys
from pathlib import Path
from typing import Any


def open_viewer(folder: Path, **options: Any) -> Any:
    """Return a napari viewer that opens a study as soon as its event loop runs.

    Parameters
    ----------
    folder : Path
        The study's folder.
    **options
        Passed to `napari.Viewer`.
    """
    import napari

    from .session import session_of

    viewer = napari.Viewer(title="napari-npm", **options)
    viewer.window.add_plugin_dock_widget("napari-npm", "NPM study")
    session_of(viewer).open(folder)
    return viewer


def main() -> None:
    """Open the viewer and stay until its window is closed."""
    parser = argparse.ArgumentParser(description="Open a study in napari.")
    parser.add_argument("study", type=Path, help="folder of the study")
    folder = parser.parse_args().study
    if sys.platform == "win32":
        # torch's libraries fail to load after Qt's there
        import torch  # noqa: F401
    import napari

    from .session import session_of
    from .tasks import wait_for_tasks

    viewer = open_viewer(folder)
    try:
        napari.run()
    except KeyboardInterrupt:
        # Ctrl+C in the terminal: the mask is saved and the study given back all the same.
        session_of(viewer).close()
        sys.exit(130)
    finally:
        wait_for_tasks()


if __name__ == "__main__":
    main()
