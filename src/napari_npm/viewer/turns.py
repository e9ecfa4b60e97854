"""Changes to the layers in parts, each in a turn of the event loop of its own."""

from collections.abc import Iterator

from qtpy.QtCore import QObject, QTimer, Signal


class Turns(QObject):
    """Runs a generator up to its next ``yield`` in each turn of the event loop.

    napari takes tenths of a second to add the layer of a mosaic: whoever adds several yields
    between them, so that the window answers in between. What is true before a ``yield`` may not
    be so after it: the image can be another one by then.

    Parameters
    ----------
    parent : QObject, optional
        Qt parent, whose end drops what is left.
    """

    ended = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._parts: Iterator[None] | None = None
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(0)
        self._timer.timeout.connect(self._next)

    @property
    def running(self) -> bool:
        """Whether there are parts left."""
        return self._parts is not None

    def run(self, parts: Iterator[None]) -> None:
        """Run the first part now and the others in later turns, in place of what is left."""
        self._parts = parts
        self._next()

    def drop(self) -> None:
        """Run nothing of what is left."""
        self._timer.stop()
        self._parts = None

    def _next(self) -> None:
        parts = self._parts
        if parts is None:
            return
        try:
            next(parts)
        except StopIteration:
            self._end(parts)
        except BaseException:
            self._end(parts)
            raise
        else:
            if self._parts is parts:
                self._timer.start()

    def _end(self, parts: Iterator[None]) -> None:
        # A part may have started others.
        if self._parts is parts:
            self._parts = None
            self.ended.emit()
