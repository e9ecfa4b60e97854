"""The mean of an explanation over the eight turns and flips of a square."""

import torch
from torch import Tensor

from ._explanation import Answer, Ask, Engine


def turn(images: Tensor, number: int) -> Tensor:
    """Turn by ``number % 4`` right angles after a flip (4 to 7); exact, pixels only move."""
    flipped = images.flip(-1) if number >= 4 else images
    return torch.rot90(flipped, number % 4, (-2, -1))


def turn_back(images: Tensor, number: int) -> Tensor:
    """Undo `turn`."""
    upright = torch.rot90(images, -(number % 4), (-2, -1))
    return upright.flip(-1) if number >= 4 else upright


class TurningEngine:
    """Explains with another engine all eight turns of each image, and averages, turned back.

    The class predicted for the image as it is, is explained in each. Every turn's map counts
    alike, as if each had the output 1.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.name, self.signed = engine.name, engine.signed

    def at_once(self, shape: tuple[int, ...]) -> int | None:
        """Return what the engine does."""
        return self.engine.at_once(shape)

    def __call__(self, batch: Tensor, ask: Ask) -> Answer:
        """Explain a batch (n, C, H, W)."""
        asked: list[Tensor] = []

        def once(logits: Tensor) -> Tensor:
            if not asked:
                asked.append(ask(logits))
            return asked[0]

        first = self.engine(batch, once)
        maps, outputs, met = first.maps, first.outputs, first.met
        for number in range(1, 8):
            found = self.engine(turn(batch, number).contiguous(), once)
            maps = maps + turn_back(found.maps, number)
            outputs, met = outputs + found.outputs, met + found.met
        return Answer(maps / 8, first.logits, outputs / 8, met / 8)
