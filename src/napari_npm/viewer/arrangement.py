"""Remembers how a study's window was left, and puts docks, settings and layers back there."""

import logging
from base64 import b64decode, b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from qtpy.QtCore import QByteArray, QObject, QTimer
from qtpy.QtWidgets import QDockWidget, QMainWindow

from napari_npm.core.errors import NpmError
from napari_npm.core.progress import Progress
from napari_npm.study.view_state import ViewFile, ViewState, read_view

from .catalogue import DOCKS, open_dock
from .dock_sizes import Size, read_sizes, write_sizes
from .docking import frame_of, plugin_frames, resize_dock
from .look import give_look, look_of
from .tasks import Task
from .turns import Turns

_log = logging.getLogger(__name__)
# No signal tells of all that can change, and to look takes 5 ms.
_LOOK_MS = 4000
# After its creation each dock finds its place in two more turns.
_SETTLING = 4
_CONSOLE = "console"


class Arrangement(QObject):
    """The arrangement of one viewer: looked at every few seconds, kept when it has changed.

    Parameters
    ----------
    session : Session
        The viewer's; its parent.

    Attributes
    ----------
    restoring : bool
        Whether a study is being put back as it was left: what is seen meanwhile is not kept.
    """

    def __init__(self, session: Any) -> None:
        super().__init__(session)
        self._session = session
        self._view = ViewState()
        self._file: ViewFile | None = None
        self._sizes: dict[str, Size] = {}
        self._told = False
        self._image = ""
        self._waits_for: set[str] = set()
        self.restoring = False
        self._writing: Task | None = None
        self._turns = Turns(self)
        session.image_changed.connect(self._image_shown)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_LOOK_MS)
        self._timer.timeout.connect(self._look)
        self._timer.start()

    @property
    def window(self) -> QMainWindow | None:
        """The viewer's main window, or None once it is gone."""
        window = getattr(getattr(self._session.viewer, "window", None), "_qt_window", None)
        return window if isinstance(window, QMainWindow) else None

    # keeping

    def _look(self) -> None:
        session = self._session
        if session.closed or session.viewer is None:
            return
        self._timer.start()
        sizes = self._sizes_now()
        changed = {name: size for name, size in sizes.items() if self._sizes.get(name) != size}
        self._sizes.update(changed)
        if self._writing is None and (self._take() or changed):
            self._writing = Task(_write, self._file, changed, parent=self)
            self._writing.done.connect(self._written)
            self._writing.ended.connect(self._write_over)
            self._writing.start()

    def _written(self, refusal: str) -> None:
        if refusal and not self._told:
            self._told = True
            self._session.said.emit(f"How the window looks is not remembered: {refusal}")

    def _write_over(self) -> None:
        self._writing = None

    def keep(self) -> None:
        """Write what has changed since the last look, now; before a study is given back."""
        self._take()
        self._turns.drop()
        self.restoring = False
        if self._file is not None:
            self._file.flush()
        self._file, self._view = None, ViewState()

    def keep_sizes(self) -> None:
        """Write the sizes of the docks, now; before the window closes."""
        write_sizes(self._sizes_now())

    def _take(self) -> bool:
        """Look at the window, and tell whether there is something new to be written."""
        session = self._session
        if self._file is None or self.restoring or session.changing or self.window is None:
            return False
        self._view = self._view_now(self.window)
        return self._file.give(self._view)

    def _view_now(self, window: QMainWindow) -> ViewState:
        frames = plugin_frames(window)
        settings = {name: frame.widget().settings() for name, frame in frames.items()}
        look = look_of(self._session.viewer)
        # Kinds that are not there now, as after napari took all layers away to close.
        away = {k: v for k, v in self._view.layers.items() if k not in look["layers"]}
        look["layers"] = {**away, **look["layers"]}
        look["active"] = look["active"] or self._view.active
        return ViewState(
            image=self._session.image_id,
            docks=tuple(name for name, frame in frames.items() if not frame.isHidden()),
            window=b64encode(bytes(window.saveState())).decode("ascii"),
            settings={**self._view.settings, **settings},
            **look,
        )

    def _sizes_now(self) -> dict[str, Size]:
        window = self.window
        if window is None or not window.isVisible() or self.restoring:
            return {}
        return {
            name: (frame.width(), frame.height())
            for name, frame in plugin_frames(window).items()
            if _docked(frame)
        }

    # putting back

    def restore(self, study: Any) -> None:
        """Put a study that was just opened back as it was left, its image first."""
        self._file, self._told = ViewFile(study.folder), False
        self.restoring = True
        task = Task(_read, study.folder, parent=self)
        task.done.connect(self._view_read)
        self._session.start(task)

    def _view_read(self, found: tuple[Path, ViewState]) -> None:
        session = self._session
        folder, view = found
        if session.closed or session.study is None or session.study.folder != folder:
            return
        self._view = view
        self._file.give(view, written=True)
        ids = [image.id for image in session.study.images]
        self._image = view.image if view.image in ids else next(iter(ids), "")
        self._waits_for = {"docks"}
        if self._image:
            self._waits_for.add("image")
            session.show(self._image).failed.connect(self._image_shown)
        self._turns.run(self._put_docks(view))

    def _put_docks(self, view: ViewState) -> Iterator[None]:
        window = self.window
        if window is not None and view.window:
            for name in [entry.name for entry in DOCKS if entry.name in view.docks]:
                frame = plugin_frames(window).get(name)
                if frame is None or frame.isHidden():
                    open_dock(self._session.viewer, name)
                    yield
            for _ in range(_SETTLING):
                yield
            for name, frame in plugin_frames(window).items():
                if name not in view.docks:
                    frame.hide()
            _put_window(window, view.window)
            yield
        self._waits_for.discard("docks")
        # Not in this turn: the generator that it would replace is still running.
        QTimer.singleShot(0, self._go_on)

    def _image_shown(self, *_: Any) -> None:
        if "image" in self._waits_for:
            self._waits_for.discard("image")
            QTimer.singleShot(0, self._go_on)

    def _go_on(self) -> None:
        if self.restoring and not self._waits_for and not self._turns.running:
            self._turns.run(self._put_rest(self._view))

    def _put_rest(self, view: ViewState) -> Iterator[None]:
        session, window = self._session, self.window
        for name, frame in {} if window is None else plugin_frames(window).items():
            if name in view.settings:
                _give(frame.widget(), view.settings[name])
                yield
        for _ in range(_SETTLING):
            yield
        # The user may have gone on to another image meanwhile.
        if view.image and session.image_id == view.image and not session.changing:
            give_look(session.viewer, view)
        self.restoring = False

    def welcome(self, dock: Any, alone: bool) -> None:
        """Give a dock that was opened by itself its settings and, if alone at its side, its size.

        Parameters
        ----------
        dock : Dock
            In its place.
        alone : bool
            Whether no other dock of the plugin is there.
        """
        frame = frame_of(dock)
        if frame is None or self.restoring:
            return
        name = next((n for n, one in plugin_frames(frame.window()).items() if one is frame), "")
        if self._file is not None and name in self._view.settings:
            _give(dock, self._view.settings[name])
        size = read_sizes().get(name)
        if alone and size is not None:
            resize_dock(frame, size)


def _give(dock: Any, settings: dict[str, Any]) -> None:
    try:
        dock.take_settings(settings)
    except (TypeError, ValueError, LookupError, NpmError) as error:
        # Changed by hand, or kept by another version: the dock stays as it came up.
        _log.warning("settings of %s were passed over: %s", type(dock).__name__, error)


def _docked(frame: QDockWidget) -> bool:
    """Tell whether a frame has a size in the window: neither floating nor under another tab."""
    return frame.isVisible() and not frame.isFloating() and not frame.visibleRegion().isEmpty()


def _put_window(window: QMainWindow, state: str) -> None:
    try:
        content = b64decode(state, validate=True)
    except ValueError:
        return
    # napari loads its console, which takes seconds, when it is first seen.
    console = window.findChild(QDockWidget, _CONSOLE)
    hidden = console is not None and console.isHidden()
    window.restoreState(QByteArray(content))
    if hidden and not console.isHidden():
        console.hide()


def _read(report: Progress, folder: Path) -> tuple[Path, ViewState]:
    report(0, 1, "")
    return folder, read_view(folder)


def _write(report: Progress, file: ViewFile | None, sizes: dict[str, Size]) -> str:
    report(0, 1, "")
    write_sizes(sizes)
    return "" if file is None else file.flush()
