"""The parameters of every step: their defaults, units, bounds and help, in the method's order."""

from typing import Literal

from .mask_settings import MaskParameters as MaskParameters
from .parameters import Parameters, parameter
from .physics_settings import CalibrateParameters as CalibrateParameters
from .physics_settings import Scope as Scope
from .physics_settings import SimulateParameters as SimulateParameters

MapKind = Literal["mulf", "micf"]
Format = Literal["png", "svg", "pdf", "tif"]


class ImportParameters(Parameters):
    """How images larger than a tile are cut."""

    overlap_px: int = parameter(
        0, "Pixels shared by neighbouring tiles of a mosaic.", unit="px", ge=0, le=383
    )
    edge: Literal["drop", "shift"] = parameter(
        "drop",
        "What becomes of the rest at the right and bottom edge: dropped, or covered by a last"
        " tile shifted inwards that overlaps its neighbour.",
    )


class SmoothParameters(Parameters):
    """Width of the Gaussian and what lies beyond the edge of a tile."""

    sigma_px: float = parameter(
        10.0, "Standard deviation of the Gaussian.", unit="px", gt=0, le=100
    )
    sigma_um: float | None = parameter(
        None,
        "Standard deviation as a length; takes the place of sigma_px.",
        unit="µm",
        gt=0,
        le=100,
    )
    edge: Literal["reflect", "nearest", "mirror", "wrap"] = parameter(
        "reflect", "What lies beyond the edge of a tile, in scipy.ndimage's terms."
    )


class DescribeParameters(Parameters):
    """How pores are counted and means compared."""

    connectivity: Literal[8, 4] = parameter(
        8, "Pixels of a pore touch by their sides (4) or also by their corners (8)."
    )
    min_pore_px: int = parameter(1, "Smallest pore that is counted.", unit="px", ge=1, le=100_000)
    fraction_bins: int = parameter(
        5, "Number of equal porosity ranges for the volume fractions (Fig. 3d).", ge=1, le=100
    )
    confidence: float = parameter(
        0.90, "Confidence level of the Tukey-Kramer comparison.", gt=0, lt=1
    )


class SplitParameters(Parameters):
    """What is kept together, and how much is held back."""

    by: Literal["specimen", "tile"] = parameter(
        "specimen",
        "What a split keeps together: all tiles of a specimen (or mosaic), or nothing, as in the"
        " paper, which lets neighbouring tiles stand on both sides.",
    )
    test_fraction: float = parameter(
        0.4, "Share of the specimens of each sample held back for the test.", gt=0, lt=1
    )
    validation_fraction: float = parameter(
        0.0, "Share of the specimens used to choose the best epoch.", ge=0, lt=1
    )
    train_per_class: int = parameter(
        750, "Tiles of each sample to learn from when split by tile (750 in the paper).", ge=1
    )
    seed: int = parameter(0, "Seed of the random choice.", ge=0)


class TrainParameters(Parameters):
    """What the network reads, how it is built and how long it learns."""

    maps: tuple[MapKind, ...] = parameter(
        ("mulf", "micf"), "Maps to learn from; one model is trained for each."
    )
    epochs: int = parameter(30, "Passes over the training tiles.", ge=1, le=10_000)
    batch_size: int = parameter(8, "Tiles a step.", ge=1, le=1024)
    learning_rate: float = parameter(1e-3, "Highest learning rate of AdamW.", gt=0, le=1)
    weight_decay: float = parameter(1e-2, "Weight decay of AdamW.", ge=0, le=1)
    augment: bool = parameter(True, "Turn and mirror the tiles at random while learning.")
    pooling: Literal["max", "average"] = parameter("max", "Pooling after each block.")
    padding: Literal["zeros", "reflect", "replicate"] = parameter(
        "zeros", "What a convolution sees beyond the edge of a tile."
    )
    head: Literal["gap", "flatten"] = parameter(
        "gap", "Last layer reads the average of each feature map, or all of its pixels."
    )
    seed: int = parameter(0, "Seed of first weights, order and augmentation.", ge=0)


class PredictParameters(Parameters):
    """How the accuracy's interval is found."""

    confidence: float = parameter(0.95, "Confidence level of the interval.", gt=0, lt=1)
    resamples: int = parameter(2000, "Bootstrap resamples over specimens.", ge=100, le=1_000_000)
    batch_size: int = parameter(8, "Tiles a step.", ge=1, le=1024)
    seed: int = parameter(0, "Seed of the bootstrap.", ge=0)


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


class CorrelateParameters(Parameters):
    """How far pairs of pixels are looked for, and where."""

    r_max_px: int = parameter(
        200,
        "Largest distance of two pixels; the time grows with its square.",
        unit="px",
        ge=8,
        le=383,
    )
    whole: bool = parameter(True, "Correlate whole MulF maps (Fig. 6a).")
    regions: bool = parameter(
        True, "Correlate pairs inside the characteristic regions of MulF maps (Fig. 6c)."
    )


class FiguresParameters(Parameters):
    """Which figures, and how they are written."""

    formats: tuple[Format, ...] = parameter(
        ("png",), "File formats; PNG is always written, for the report."
    )
    width_mm: float | None = parameter(
        None, "Width of every figure; each figure's own width by default.", unit="mm", ge=20, le=600
    )
    dpi: float = parameter(300, "Resolution of pixels.", unit="dpi", ge=50, le=1200)
    panels: int = parameter(25, "Tiles in a montage.", ge=1, le=100)
    seed: int = parameter(0, "Seed of the choice of tiles.", ge=0)


class ReportParameters(Parameters):
    """The report has no parameters: it shows what the other steps made."""


SETTINGS: dict[str, type[Parameters]] = {
    "simulate": SimulateParameters,
    "import": ImportParameters,
    "mask": MaskParameters,
    "calibrate": CalibrateParameters,
    "smooth": SmoothParameters,
    "describe": DescribeParameters,
    "split": SplitParameters,
    "train": TrainParameters,
    "predict": PredictParameters,
    "explain": ExplainParameters,
    "threshold": ThresholdParameters,
    "regions": RegionsParameters,
    "correlate": CorrelateParameters,
    "figures": FiguresParameters,
    "report": ReportParameters,
}
"""The parameters of each step by its name, in the order in which a full run takes them."""
