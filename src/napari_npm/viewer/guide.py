"""Goes to an image of the study, and to a tile of a mosaic."""

from collections.abc import Callable
from typing import Any

import numpy as np
from qtpy.QtCore import QObject

from .layers import Kind, Subject, camera, find

# So large is a tile of a mosaic on the screen, px.
_TILE_PX = 520.0


class Guide(QObject):
    """Shows images of the session's study when a point, a row or a cell asks for them.

    Parameters
    ----------
    session : Session
        The viewer's.
    parent : QObject
        The dock.
    """

    def __init__(self, session: Any, parent: QObject) -> None:
        super().__init__(parent)
        self._session = session
        self._wanted = ""
        self._then: list[Callable[[], None]] = []
        session.image_changed.connect(self._arrived)

    def go(
        self,
        image_id: str,
        place: tuple[int, int] | None = None,
        then: Callable[[], None] | None = None,
    ) -> None:
        """Show an image, the tile at (row, column) of a mosaic, and go on from there.

        Parameters
        ----------
        image_id : str
            The image.
        place : tuple of int, optional
            The upper left corner of the tile.
        then : callable, optional
            Called once the image is there.
        """
        self._then = [] if place is None else [lambda: self._look_at(image_id, place)]
        self._then += [] if then is None else [then]
        self._wanted = image_id
        if self._session.image_id == image_id:
            self._arrived()
        else:
            self._session.show(image_id)

    def _arrived(self) -> None:
        then, self._then = self._then, []
        if self._session.image_id == self._wanted:
            for one in then:
                one()

    def _look_at(self, image_id: str, place: tuple[int, int]) -> None:
        from napari_npm.core.tiling import TILE

        viewer = self._session.viewer
        layer = find(viewer, Kind.IMAGE, Subject(image_id, None, image_id))
        if layer is None or max(layer.data.shape) <= TILE:
            return
        view = camera(viewer)
        middle = layer.data_to_world(np.array(place) + (TILE - 1) / 2)
        view.center = (*tuple(view.center)[:-2], *middle[-2:])
        view.zoom = max(view.zoom, _TILE_PX / (TILE * float(layer.scale[-1])))
