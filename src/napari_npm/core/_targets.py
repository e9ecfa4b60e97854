"""Which outputs of a network are explained: a class, or what tells it from others."""

from typing import Literal

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from .errors import NpmError

Against = int | ArrayLike | Literal["others"] | None
OTHERS = -1  # the mean of all other classes


def read_targets(given: int | ArrayLike | None, n: int, what: str) -> NDArray[np.int64] | None:
    """Return one class for each of n images, or None.

    Raises
    ------
    NpmError
        If these are not whole numbers, one or n.
    """
    if given is None:
        return None
    classes = np.asarray(given)
    if classes.dtype.kind not in "iu" or classes.shape not in ((), (n,)):
        raise NpmError(f"The classes {what} must be one whole number or {n}, one for each image.")
    return np.broadcast_to(classes, (n,)).astype(np.int64)


def read_against(given: Against, n: int) -> NDArray[np.int64] | None:
    """Return the class to compare with for each of n images, OTHERS for all others, or None.

    Raises
    ------
    NpmError
        If it is another word than "others", or not whole numbers, one or n.
    """
    if isinstance(given, str):
        if given != "others":
            raise NpmError(
                f"A class cannot be compared with {given!r}: give the number of a class, or "
                '"others".'
            )
        return np.full(n, OTHERS, np.int64)
    found = read_targets(given, n, "to compare with")
    if found is not None and found.min() < 0:
        raise NpmError("The classes to compare with are numbered from 0.")
    return found


class Question:
    """The outputs that one batch is asked about; remembers what was chosen.

    Parameters
    ----------
    target, against : ndarray of int64, (n,), or None
        Classes; None explains the predicted class, and compares with nothing.
    every_class : bool
        Ask about each class alone as well, for the difference between classes.
    first : int
        Number of the batch's first map, for messages.
    """

    def __init__(
        self,
        target: NDArray[np.int64] | None,
        against: NDArray[np.int64] | None,
        every_class: bool,
        first: int = 0,
    ) -> None:
        self.first = first
        self.target = target
        self.against = against
        self.every_class = every_class

    def __call__(self, logits: Tensor) -> Tensor:
        """Return the classes' weights in each of K outputs, (K, n, classes).

        The first output is the one to explain; those of `every_class` follow. Where a class alone
        is explained, it is one of those and not repeated: see `position`.

        Raises
        ------
        NpmError
            If a class is not one of the network's, or is compared with itself.
        """
        n, n_classes = logits.shape
        for classes in (self.target, self.against):
            if classes is not None and (classes.min() < OTHERS or classes.max() >= n_classes):
                raise NpmError(_range(n_classes))
        if self.target is None:
            chosen = logits.argmax(1)
        else:
            chosen = torch.as_tensor(self.target, device=logits.device)
            if int(chosen.min()) < 0:
                raise NpmError(_range(n_classes))
        one = torch.nn.functional.one_hot(chosen, n_classes).to(logits)
        first = one if self.against is None else one - self._compared(one)
        if not self.every_class:
            return first[None]
        each = torch.eye(n_classes).to(logits)[:, None].expand(-1, n, -1)
        return each if self.against is None else torch.cat([first[None], each])

    def position(self, target: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return which of the outputs explains each image's target."""
        alone = self.every_class and self.against is None
        return target if alone else np.zeros_like(target)

    def _compared(self, one: Tensor) -> Tensor:
        n_classes = one.shape[1]
        if n_classes < 2:
            raise NpmError("The network has one output: there is no other class to compare with.")
        other = torch.as_tensor(self.against, device=one.device)
        same = other == one.argmax(1)
        if bool(same.any()):
            where = int(same.nonzero()[0, 0])
            raise NpmError(
                f"Map {self.first + where} would compare class {int(other[where])} with itself: "
                "name another class to explain, or compare with the others."
            )
        rest = (1 - one) / (n_classes - 1)
        named = torch.nn.functional.one_hot(other.clamp(min=0), n_classes).to(one)
        return torch.where((other == OTHERS)[:, None], rest, named)


def _range(n_classes: int) -> str:
    return (
        f"The network tells {n_classes} samples apart: explain a class from 0 to {n_classes - 1}."
    )
