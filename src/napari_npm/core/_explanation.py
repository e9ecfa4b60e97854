"""What an explanation is made of, the names of its settings, and what every engine gives."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from .errors import NpmError

RuleName = Literal[
    "alpha1-beta0", "contrastive", "epsilon-plus", "gradient x input", "integrated gradients"
]
EngineName = Literal["auto", "fused", "zennit"]
InputRule = Literal["zplus", "zbox"]
Undefined = Literal["spread", "drop"]
Average = Literal["none", "d4"]
Precision = Literal["float32", "bfloat16"]

RULES = (
    "alpha1-beta0",
    "contrastive",
    "epsilon-plus",
    "gradient x input",
    "integrated gradients",
)
OWN_RULES = ("alpha1-beta0", "contrastive")  # those of the fused engine
ENGINES = ("auto", "fused", "zennit")
INPUT_RULES = ("zplus", "zbox")
UNDEFINED = ("spread", "drop")
AVERAGES = ("none", "d4")
PRECISIONS = ("float32", "bfloat16")

EPSILON = 1e-6  # zennit's own stabiliser, added to every denominator
EPSILON_DOUBLE = 1e-12  # the same for networks of double precision
LEAST_LOSS = 1e-5  # share of an image's relevance that a layer may lose before it is looked for

# logits (n, classes) -> weights of the classes in each output to explain, (K, n, classes)
Ask = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class Answer:
    """What an engine says of one batch of n images, for K outputs of each.

    Attributes
    ----------
    maps : Tensor, (K, n, C, H, W)
        Relevance as if each output were 1; of a signed engine, contributions to the output.
    logits : Tensor, (n, classes)
        The network's outputs.
    outputs : Tensor of float64, (K, n)
        What is explained: the logits under the weights asked for.
    met : Tensor of float64, (K, n)
        Share of the output that was met as 0/0.
    """

    maps: Tensor
    logits: Tensor
    outputs: Tensor
    met: Tensor


class Engine(Protocol):
    """Decomposes the outputs of a prepared copy of one network."""

    name: str
    signed: bool

    def at_once(self, shape: tuple[int, ...]) -> int | None:
        """Return how many images (C, H, W) are best worked on together; None for any number."""

    def __call__(self, batch: Tensor, ask: Ask) -> Answer:
        """Explain a batch (n, C, H, W) on the network's device."""


@dataclass(frozen=True)
class Explanation:
    """Relevance maps of N images and what is needed to trust them.

    Attributes
    ----------
    relevance : ndarray of float32, (N, H, W)
        At least 0, summed over the channels of the input; each map sums to 1 (a map without any
        relevance is all zeros). Of a signed rule, the positive part.
    channel_share : ndarray of float64, (N, C)
        Share of the relevance in each channel of the input.
    raw_sum : ndarray of float64, (N,)
        Sum of the map before it was normalised, in units of the output; of a signed rule, the
        sum of both signs.
    output : ndarray of float64, (N,)
        What the decomposition started from: the explained class's output (logit), less that of
        the class it is compared with; with averaging, its mean over the turns.
    conservation : ndarray of float64, (N,)
        raw_sum / output: the share of the output that arrived at the pixels, 1 if none was lost;
        with "contrastive", of the evidence for the class. The gradient rules do not promise 1.
    undefined : ndarray of float64, (N,)
        Share of the output that met units without any contributing input, where the rule is 0/0
        (see `explain`); not measured, 0, with ``undefined="drop"``.
    target, predicted : ndarray of int64, (N,)
        The class explained, and the class the network chose.
    against : ndarray of int64, (N,), or None
        The class that the target is compared with, -1 for the mean of all others.
    difference : ndarray of float32, (N, H, W), or None
        Relevance of the class less the mean relevance of the others, each of sum 1: where the
        evidence is for this class rather than for any. Sums to 0; zeros where the class or all
        others have no relevance.
    contributions : ndarray of float32, (N, H, W), or None
        Of a signed rule: the map with both signs, in units of the output; it sums to raw_sum.
    engine, rule, input_rule, undefined_rule, average, precision : str
        How it was computed; "none" where a rule has no such choice.
    """

    relevance: NDArray[np.float32]
    channel_share: NDArray[np.float64]
    raw_sum: NDArray[np.float64]
    output: NDArray[np.float64]
    conservation: NDArray[np.float64]
    undefined: NDArray[np.float64]
    target: NDArray[np.int64]
    predicted: NDArray[np.int64]
    against: NDArray[np.int64] | None
    difference: NDArray[np.float32] | None
    contributions: NDArray[np.float32] | None
    engine: str
    rule: str
    input_rule: str
    undefined_rule: str
    average: str
    precision: str

    @property
    def signed(self) -> bool:
        """Whether the rule gives both signs, so that `relevance` is the positive part only."""
        return self.contributions is not None


def check_names(**given: str) -> None:
    """Raise NpmError with one sentence if a setting is not one of its choices."""
    known = {
        "rule": ("rule", RULES),
        "engine": ("engine", ENGINES),
        "input_rule": ("input rule", INPUT_RULES),
        "undefined": ("treatment of 0/0", UNDEFINED),
        "average": ("averaging", AVERAGES),
        "precision": ("precision", PRECISIONS),
    }
    for name, value in given.items():
        what, choices = known[name]
        if value not in choices:
            raise NpmError(f"The {what} {value!r} is unknown: choose {' or '.join(choices)}.")
