"""Collects what an engine says of batch after batch into one explanation."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from ._explanation import Answer, Explanation
from ._targets import Question


class Readout:
    """Normalised maps and their sums for N images.

    Parameters
    ----------
    n : int
        Images.
    shape : tuple of int
        (H, W) or (C, H, W) of one image.
    signed, difference : bool
        Whether the maps have both signs, and whether the difference between classes is wanted.
    """

    def __init__(self, n: int, shape: tuple[int, ...], signed: bool, difference: bool) -> None:
        height, width = shape[-2:]
        channels = shape[0] if len(shape) == 3 else 1
        self.shape = (channels, height, width)
        size = (n, height, width)
        self.relevance = np.zeros(size, np.float32)
        self.contributions = np.zeros(size, np.float32) if signed else None
        self.difference = np.zeros(size, np.float32) if difference else None
        self.channel_share = np.zeros((n, channels))
        self.output, self.raw_sum = np.zeros(n), np.zeros(n)
        self.conservation, self.undefined = np.zeros(n), np.zeros(n)
        self.target, self.predicted = np.zeros(n, np.int64), np.zeros(n, np.int64)

    def take(self, part: slice, answer: Answer, question: Question) -> None:
        """Read what an engine answers to a question about the images in ``part``."""
        predicted = answer.logits.argmax(1).cpu().numpy()
        target = predicted if question.target is None else question.target
        own = question.position(target), np.arange(len(target))
        values = _doubles(answer.maps[own])
        sums = values.sum((1, 2, 3))
        output = answer.outputs[own].numpy()
        if self.contributions is None:
            self.conservation[part], self.raw_sum[part] = sums, sums * output
        else:
            self.contributions[part] = values.sum(1)
            self.raw_sum[part] = sums
            self.conservation[part] = np.divide(
                sums, output, out=np.zeros_like(sums), where=output != 0
            )
        self.relevance[part], self.channel_share[part] = _normalised(values)
        self.predicted[part], self.target[part] = predicted, target
        self.output[part] = output
        self.undefined[part] = answer.met[own].numpy()
        if self.difference is not None:
            classes = answer.maps[-answer.logits.shape[1] :]
            self.difference[part] = self._contrast(classes, target)

    def _contrast(self, maps: Tensor, target: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return each target's normalised map less the mean of the other classes'."""
        classes = np.stack([_normalised(_doubles(one))[0] for one in maps])  # (K, n, H, W)
        alive = classes.any((2, 3))
        own = np.arange(len(maps))[:, None] == target
        others = alive & ~own
        number = others.sum(0)
        rest = (classes * others[:, :, None, None]).sum(0) / np.maximum(number, 1)[:, None, None]
        mine = classes[target, np.arange(len(target))]
        known = (number > 0) & (alive & own).any(0)
        return np.asarray((mine - rest) * known[:, None, None])

    def explanation(self, **settings: Any) -> Explanation:
        """Return everything, with the settings that it was computed by."""
        return Explanation(
            relevance=self.relevance,
            channel_share=self.channel_share,
            raw_sum=self.raw_sum,
            output=self.output,
            conservation=self.conservation,
            undefined=self.undefined,
            target=self.target,
            predicted=self.predicted,
            difference=self.difference,
            contributions=self.contributions,
            **settings,
        )


def _doubles(maps: Tensor) -> NDArray[np.float64]:
    return maps.detach().cpu().double().numpy()


def _normalised(values: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Positive part of maps (n, C, H, W) summed over C, sum 1, and the channels' shares (n, C)."""
    positive = np.maximum(values, 0)
    shares = positive.sum((2, 3))
    whole = shares.sum(1)
    whole = np.where(whole > 0, whole, 1)  # without relevance there is nothing to normalise
    return positive.sum(1) / whole[:, None, None], shares / whole[:, None]
