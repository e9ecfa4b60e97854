"""Changes from one image of the study to another: read in a worker, shown in turns."""

from collections.abc import Iterator
from typing import Any

from qtpy.QtCore import QObject

from .study_work import ImageData, image_data
from .tasks import Task
from .turns import Turns


class Showing(QObject):
    """Shows images of a session's study, the one asked for last.

    Parameters
    ----------
    session : Session
        The viewer's.

    Attributes
    ----------
    changing : bool
        Whether the layers are being replaced by those of another image.
    """

    def __init__(self, session: Any) -> None:
        super().__init__(session)
        self._session = session
        self.changing = False
        self._loading: Task | None = None
        self._turns = Turns(self)

    def show(self, image_id: str) -> Task:
        """Read an image in the background, by the task returned, then show it."""
        session = self._session
        session.keeper.flush()
        if self._loading is not None:
            self._loading.cancel()
        # What the disk has refused is shown from memory.
        unsaved = [one for one in session.keeper.ledgers_of(image_id) if not one.refused]
        self._loading = Task(image_data, session.study, image_id, unsaved, parent=session)
        self._loading.done.connect(self._read)
        started: Task = session.start(self._loading)
        return started

    def stop(self) -> None:
        """Leave the layers as they are."""
        if self._loading is not None:
            self._loading.cancel()
        self._turns.drop()

    def _read(self, data: ImageData) -> None:
        session = self._session
        study = session.study
        if session.closed or session.viewer is None or study is None or study.folder != data.folder:
            return
        session.keeper.release()
        self._turns.run(self._parts(session.viewer, data, study))

    def _parts(self, viewer: Any, data: ImageData, study: Any) -> Iterator[None]:
        from .mask_layers import keep_masks
        from .show import hide_retired, maps_seen, show_image_data

        session = self._session

        def keep(mask: Any) -> None:
            keep_masks(viewer, data, mask, study, session.keeper)

        self.changing = True
        if maps_seen(viewer):
            self._paint(False)
        try:
            yield from show_image_data(viewer, data, keep)
        finally:  # also where another image was asked for meanwhile
            hide_retired(viewer)
            self.changing = False
            self._paint(True)
        session.shown(data.subject.image_id)

    def _paint(self, on: bool) -> None:
        """Let the canvas be painted, or leave on it what is there: never parts of two images."""
        window = self._session.arrangement.window
        canvas = None if window is None else window.centralWidget()
        if canvas is not None:
            canvas.setUpdatesEnabled(on)
