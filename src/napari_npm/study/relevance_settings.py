"""The parameters of relevance maps and of what follows from them."""

from typing import Literal

from .parameters import Parameters, parameter


class ExplainParameters(Parameters):
    """Which decision is decomposed, and the rule at the input."""

    target: Literal["predicted", "true"] = parameter(
        "predicted", "Class whose score is decomposed: the predicted or the true one."
    )
    input_rule: Literal["zplus", "zbox"] = parameter(
        "zplus",
        "Rule of the first layer: z+ as in the paper's formula, or z-box for values in [0, 1].",
    )
    undefined: Literal["spread", "drop"] = parameter(
        "spread",
        "What becomes of relevance that meets units without any input, as inside unhydrated"
        " cement: spread by the rule's limit, which conserves it, or dropped, as zennit does.",
    )
    engine: Literal["zennit"] = parameter("zennit", "What computes the decomposition.")
    batch_size: int = parameter(8, "Tiles a step.", ge=1, le=1024)


class ThresholdParameters(Parameters):
    """The isodata threshold has no parameter: it follows from each map."""


class RegionsParameters(Parameters):
    """How much relevance the regions hold, and what counts as a boundary."""

    share: float = parameter(
        0.70, "Share of a tile's relevance that the characteristic regions hold.", gt=0, le=1
    )
    gradient: float = parameter(
        1.5e-5,
        "Relevance gradient above which a pixel is a boundary feature; relevance sums to 1 a"
        " tile, the gradient is its change over one pixel.",
        unit="1/px",
        gt=0,
    )
