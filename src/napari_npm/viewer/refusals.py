"""Labels that the disk refused: kept in the window, tried again, told of once."""

from qtpy.QtCore import QObject, QTimer, Signal

from .ledger import Done, Ledger

RETRY_MS = 3000


class Refusals(QObject):
    """Remembers the ledgers that could not be saved, and asks for another try until they are.

    Parameters
    ----------
    what : str
        What they hold, as messages name it.
    parent : QObject
        Qt parent.

    Attributes
    ----------
    ledgers : set of Ledger
        What is not saved.
    again : Signal
        Emitted with each of them when it is time to try again.
    refused : Signal
        Emitted with a sentence, once for each of them.
    saved : Signal
        Emitted with a sentence when one was saved after all.
    """

    again = Signal(object)
    refused = Signal(str)
    saved = Signal(str)

    def __init__(self, what: str, parent: QObject) -> None:
        super().__init__(parent)
        self.what = what
        self.ledgers: set[Ledger] = set()
        self._said: set[Ledger] = set()
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(RETRY_MS)
        self._timer.timeout.connect(self._try_again)

    def take(self, ledger: Ledger, done: Done) -> None:
        """Take note of how saving went."""
        if done.error is not None:
            self.ledgers.add(ledger)
            self._timer.start()
            if ledger not in self._said:
                self._said.add(ledger)
                self.refused.emit(
                    f"The {self.what} of {ledger.name} cannot be written"
                    f" ({reason_of(done.error)}): what was drawn is kept in this window, and"
                    " saved by itself as soon as the study's folder can be written to."
                )
        elif ledger in self.ledgers:
            self.ledgers.discard(ledger)
            self._said.discard(ledger)
            self.saved.emit(f"Saved now: the {self.what} of {ledger.name}.")

    def tell_again(self, ledger: Ledger | None) -> None:
        """Say it once more at the next try, which the user has asked for."""
        if ledger is not None:
            self._said.discard(ledger)

    def of(self, name: str) -> Ledger | None:
        """Return what is not saved of an image."""
        return next((ledger for ledger in self.ledgers if ledger.name == name), None)

    def _try_again(self) -> None:
        for ledger in tuple(self.ledgers):
            self.again.emit(ledger)


def reason_of(error: Exception) -> str:
    """Say in a few words why something was not written."""
    cause = error.__cause__ if isinstance(error.__cause__, OSError) else error
    if isinstance(cause, OSError) and cause.strerror:
        return cause.strerror.lower()
    return str(error).rstrip(".")
