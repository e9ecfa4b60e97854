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
    """How much relevance the regions hold, how they are cleaned, and what is a boundary."""

    share: float = parameter(
        0.70, "Share of a tile's relevance that the characteristic regions hold.", gt=0, le=1
    )
    min_area_px: int = parameter(
        1,
        "Regions of fewer pixels are dropped; 1 keeps all, as in the paper. What the rest holds"
        " is stated.",
        unit="px",
        ge=1,
        le=100_000,
    )
    fill_holes_px: int = parameter(
        0, "Holes in regions of at most so many pixels are filled.", unit="px", ge=0, le=100_000
    )
    connectivity: Literal[8, 4] = parameter(
        8, "Pixels of a region touch by their sides (4) or also by their corners (8)."
    )
    table_min_px: int = parameter(
        9,
        "Smallest region that has a line of its own in the table of regions; smaller ones are"
        " counted only.",
        unit="px",
        ge=1,
        le=100_000,
    )
    gradient: float = parameter(
        1.5e-5,
        "Relevance gradient above which a pixel is a boundary feature; relevance sums to 1 a"
        " tile, the gradient is its change over one pixel.",
        unit="1/px",
        gt=0,
    )
    gradient_in_means: float | None = parameter(
        None,
        "The gradient as a multiple of a tile's mean relevance instead, which does not depend on"
        " the size of the tile; the paper's is 2.2 means.",
        gt=0,
        le=1000,
    )
    confidence: float = parameter(
        0.95, "Confidence level of the intervals of the means over tiles.", gt=0, lt=1
    )
    seed: int = parameter(0, "Seed of the bootstrap behind these intervals.", ge=0)
