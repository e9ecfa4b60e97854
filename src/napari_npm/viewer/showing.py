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
        unsaved = session.keeper.ledgers_of(image_id)
        self._loading = Task(image_data, session.study, image_id, unsaved, parent=session)
        self._loading.done.connect(self._read)
        started: Task = session.start(self._loading)
        return started

    def stop(self) -> None:
        """Leave the layers as they are."""
        if self._loading is not None:
            self._loading.cancel()
        self._turns.drop()
        self.changing = False

    def _read(self, data: ImageData) -> None:
        session = self._session
        study = session.study
        if session.closed or session.viewer is None or study is None or study.folder != data.folder:
            return
        self.changing = True
        session.keeper.release()
        self._turns.run(self._parts(session.viewer, data, study))

    def _parts(self, viewer: Any, data: ImageData, study: Any) -> Iterator[None]:
        from .mask_layers import keep_masks
        from .show import show_image_data

        session = self._session

        def keep(mask: Any) -> None:
            keep_masks(viewer, data, mask, study, session.keeper)

        try:
            yield from show_image_data(viewer, data, keep)
        except Exception:
            self.changing = False
            raise
        self.changing = False
        session.shown(data.subject.image_id)
