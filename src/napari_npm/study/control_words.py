"""What controls say of a network: labels shuffled, brightness shifted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .evaluation_shifts import shift_sizes, unshifted, worst_shift

Line = Mapping[str, Any]
MOST = 0.5
"""Share of the network's lead over chance from which something explains most of it."""
MARGIN = 0.1
"""How far above chance a control may stand without more being asked for."""


@dataclass(frozen=True)
class Said:
    """One sentence, and whether it speaks against the claim or limits it."""

    text: str
    caution: bool = False


def shuffled_words(line: Line, shuffles: Sequence[Line], accuracy: float) -> list[Said]:
    """Return what training with shuffled labels says of the split.

    Parameters
    ----------
    line : mapping
        Of the training with shuffled labels.
    shuffles : sequence of mapping
        Its repeats.
    accuracy : float
        With the true labels: a control that may reach half of its lead clears nothing.
    """
    chance, reached = line["chance"], line["accuracy"]
    name = line["classifier"].removesuffix(", shuffled labels")
    text = (
        f"With shuffled labels the {name} reaches {reached:.1%}"
        f" ({line['low']:.1%} to {line['high']:.1%}; chance {chance:.1%})"
    )
    if line["low"] > chance:
        return [
            Said(
                f"{text}: the test knows something of what was learnt, such as specimens that"
                " stand on both sides of the split, and every accuracy here is too good.",
                caution=True,
            )
        ]
    limit = chance + max(MARGIN, MOST * (accuracy - chance))
    if reached > chance + MARGIN or line["high"] > limit:
        return [
            Said(
                f"{text}: chance is within the interval, but this is too wide to rule out a leak;"
                " shuffle more often.",
                caution=True,
            )
        ]
    learnt = [one["learnt"] for one in shuffles if one["maps"] == line["maps"]]
    if learnt and np.mean(learnt) < (1 + chance) / 2:
        return [
            Said(
                f"{text}; but it had not learnt these labels by heart either"
                f" ({np.mean(learnt):.1%} of what it was shown), so that this says little: train"
                " for more epochs.",
                caution=True,
            )
        ]
    return [Said(f"{text}: the split leaks nothing that it could learn.")]


def shifted_words(line: Line, jitter: Sequence[Line]) -> list[Said]:
    """Return what shifts of brightness and contrast say of a network."""
    own = [one for one in jitter if one["classifier"] == line["classifier"]]
    if not own or line["accuracy"] <= line["chance"]:
        return []
    chance, name = line["chance"], line["classifier"]
    start = unshifted(own)
    if start <= chance:
        return []
    (offset, gain), (far, wide) = shift_sizes(own)
    small, moderate = worst_shift(own, offset, gain), worst_shift(own, far, wide)
    kept = [(one - chance) / (start - chance) for one in (small, moderate)]
    little = f"brightness by {offset:g} or contrast by {gain:.0%}"
    if kept[0] < MOST:
        return [
            Said(
                f"A shift of {little} takes the {name} from {start:.1%} to {small:.1%}: it leans"
                " on brightness, and how specimens were recorded and calibrated may be what it"
                " tells apart.",
                caution=True,
            )
        ]
    text = f"A shift of {little} leaves the {name} at {small:.1%} (from {start:.1%})"
    if kept[1] < MOST:
        return [
            Said(
                f"{text}, one of {far:g} or {wide:.0%} only at {moderate:.1%}: it stands small"
                " errors of calibration, not moderate ones.",
                caution=True,
            )
        ]
    return [
        Said(f"{text}, one of {far:g} or {wide:.0%} at {moderate:.1%}: it reads no brightness.")
    ]
