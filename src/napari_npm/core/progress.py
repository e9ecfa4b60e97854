"""How long work tells how far it is, and how it is asked to stop."""

from collections.abc import Mapping
from typing import Protocol


class Progress(Protocol):
    """Called after each item of long work; may raise `Cancelled` to stop it there."""

    def __call__(
        self,
        done: int,
        total: int,
        message: str = "",
        metrics: Mapping[str, float] | None = None,
    ) -> None:
        """Report that ``done`` of ``total`` items are finished.

        Parameters
        ----------
        done, total : int
            Items finished, and items in all.
        message : str
            What was finished, in a few words.
        metrics : mapping of str to float, optional
            Live figures, such as the loss of an epoch.
        """


def silent(
    done: int,
    total: int,
    message: str = "",
    metrics: Mapping[str, float] | None = None,
) -> None:
    """Report nothing: the default progress.

    Parameters
    ----------
    done, total, message, metrics
        As in `Progress`; not used.
    """
