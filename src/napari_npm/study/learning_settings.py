"""The parameters of splitting, training and testing."""

from typing import Literal

from .parameters import Parameters, parameter

MapKind = Literal["mulf", "micf", "both"]


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
        ("mulf", "micf"),
        "Maps to learn from; one model is trained for each, and for both together as two channels.",
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
