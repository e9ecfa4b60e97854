"""The parameters of relevance maps and of what follows from them."""

from typing import Literal

from .parameters import Parameters, parameter


class ExplainParameters(Parameters):
    """Which decision is decomposed, by which rule, and what is made of the maps."""

    target: str = parameter(
        "predicted",
        "Class whose score is decomposed: predicted, true, or the name of a sample.",
        examples=["predicted", "true"],
    )
    against: str | None = parameter(
        None,
        "Decompose the difference from another class instead: the name of a sample (the target is"
        " then a sample's name too), or others for the mean of all others.",
        examples=["others"],
    )
    rule: Literal[
        "alpha1-beta0", "contrastive", "epsilon-plus", "gradient x input", "integrated gradients"
    ] = parameter(
        "alpha1-beta0",
        "Rule of the decomposition: alpha1-beta0 is the paper's; contrastive follows only what"
        " speaks for the target rather than for others, and finds planted places better; the"
        " others are there for comparison, of those with a sign the positive part is kept.",
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
    average: Literal["none", "d4"] = parameter(
        "none",
        "Average each map over the eight turns and flips of its tile, turned back: less noise in"
        " eight times the time.",
    )
    difference: bool = parameter(
        True,
        "Also keep the class-difference map: where the evidence is for this class rather than for"
        " the others.",
    )
    correction: Literal["none", "flat-field"] = parameter(
        "none",
        "Centre bias: left as it is, as in the paper, or divided out by the mean map of tiles of"
        " other specimens.",
    )
    field_tiles: int = parameter(
        200,
        "Tiles, evenly over the samples, that each of the two mean maps of the correction is made"
        " of.",
        ge=4,
        le=100_000,
    )
    field_sigma_px: float = parameter(
        16.0, "Smoothing of these mean maps (Gaussian).", unit="px", ge=0, le=200
    )
    stride_px: int | None = parameter(
        None,
        "Explain images larger than a tile without seams, by windows this far apart, and cut the"
        " result into the tiles; an odd number, such as 191, avoids a grid. Not set: tile by tile.",
        unit="px",
        ge=1,
        le=384,
    )
    engine: Literal["auto", "fused", "zennit"] = parameter(
        "auto",
        "What computes it: the package's own way, which is faster, zennit as the reference, or the"
        " first where it applies.",
    )
    precision: Literal["float32", "bfloat16"] = parameter(
        "float32",
        "Precision of the sums: bfloat16 is faster on some processors and moves the regions by"
        " some per cent.",
    )
    seed: int = parameter(0, "Seed of the halves and tiles of the correction.", ge=0)
    batch_size: int = parameter(8, "Tiles a step.", ge=1, le=1024)


class FaithfulnessParameters(Parameters):
    """Which tests the relevance maps are put to, and how hard they are."""

    tests: tuple[Literal["deletion", "layers", "classes", "seeds", "noise"], ...] = parameter(
        ("deletion", "layers", "classes", "seeds", "noise"),
        "Tests: deletion and insertion of blocks, layers drawn anew, other classes explained,"
        " networks of other seeds (those of evaluate), and noise.",
    )
    tiles: int = parameter(
        24, "Test tiles, evenly over samples and specimens, to test on.", ge=1, le=100_000
    )
    block_px: int = parameter(
        16, "Side of the blocks that are replaced and restored.", unit="px", ge=1, le=192
    )
    steps: int = parameter(20, "Steps from no block to all.", ge=2, le=1000)
    random_orders: int = parameter(
        5, "Random orders of the blocks to compare with, a tile.", ge=1, le=1000
    )
    fill: Literal["blur", "mean"] = parameter(
        "blur",
        "What replaces a block: the map blurred, which takes its texture and makes no edges, or"
        " the map's mean, which takes coarse porosity too but makes flat blocks with edges.",
    )
    blur_px: float = parameter(20.0, "Standard deviation of that blur.", unit="px", gt=0, le=200)
    measure: Literal["probability", "logit"] = parameter(
        "probability",
        "What is followed: the probability of the class, or its output, which does not saturate.",
    )
    layer_draws: int = parameter(
        1, "Times that each layer is drawn anew, to average over.", ge=1, le=100
    )
    noise_sigma: float = parameter(
        0.02,
        "Standard deviation of the noise added to the maps, in porosity; a quarter and a half of"
        " it are tried too.",
        gt=0,
        le=1,
    )
    noise_draws: int = parameter(2, "Draws of noise to average over.", ge=1, le=100)
    share: float = parameter(
        0.70, "Share of the relevance in the regions whose overlap is measured.", gt=0, lt=1
    )
    confidence: float = parameter(
        0.95, "Confidence level of the intervals over specimens.", gt=0, lt=1
    )
    seed: int = parameter(0, "Seed of tiles, orders, weights and noise.", ge=0)
    batch_size: int = parameter(8, "Maps at a time.", ge=1, le=1024)


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
