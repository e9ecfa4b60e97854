"""The parameters of splitting, training and testing."""

from pathlib import Path
from typing import Literal, Self

from .parameters import Parameters, parameter

MapKind = Literal["mulf", "micf", "both"]


class SplitParameters(Parameters):
    """What is kept together, and how much is held back."""

    by: Literal["specimen", "image", "fold", "tile", "list"] = parameter(
        "specimen",
        "What stays together: all tiles of a specimen, of an image (mosaic), of a specimen in one"
        " fold of a cross-validation, nothing (by tile, as in the paper, which lets neighbouring"
        " tiles stand on both sides), or what a list says.",
    )
    test_fraction: float = parameter(
        0.4, "Share of the specimens of each sample held back for the test.", gt=0, lt=1
    )
    validation_fraction: float = parameter(
        0.0,
        "Share of the specimens (by tile: of the tiles to learn from) used to choose the best"
        " epoch; they neither train nor test.",
        ge=0,
        lt=1,
    )
    folds: int = parameter(
        5, "Number of folds when split by fold; each tests every specimen once.", ge=2, le=1000
    )
    fold: int = parameter(1, "The fold that tests, from 1 to the number of folds.", ge=1, le=1000)
    train_per_class: int = parameter(
        750, "Tiles of each sample to learn from when split by tile (750 in the paper).", ge=1
    )
    list_file: Path | None = parameter(
        None,
        "CSV file with the columns part (train, validation, test or unused) and one of tile, image"
        " or specimen; results/split.csv of another run is one. The study keeps a copy.",
    )
    allow_leaks: bool = parameter(
        False,
        "Go on although a part holds what another part knows (same specimen or image where not"
        " asked for, overlapping or identical tiles); it is then stated on every result.",
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
    widths: tuple[int, ...] = parameter(
        (16, 32, 64, 128, 128, 128, 128),
        "Feature maps of each block; seven blocks as in the paper. Fewer, such as 16,32,64,128,"
        " look at smaller surroundings, so that relevance tells places better.",
        min_length=2,
        max_length=7,
    )
    jitter_offset: float = parameter(
        0.0,
        "Brightness changed at random while learning: up to so much is added to the porosity of"
        " every pixel that is not 0, up or down.",
        ge=0,
        le=1,
    )
    jitter_gain: float = parameter(
        0.0,
        "Contrast changed at random while learning: the porosity is multiplied by 1 plus or minus"
        " up to so much.",
        ge=0,
        lt=1,
    )
    patience: int | None = parameter(
        None,
        "Stop after so many epochs without a better validation; the best epoch is kept. By default"
        " a third of the epochs where the split has a validation part. Few specimens are better"
        " learnt from, so it has none by default (validation_fraction of split): then the last"
        " epoch is kept. 0: never stop.",
        ge=0,
        le=10_000,
    )
    seed: int = parameter(0, "Seed of first weights, order and augmentation.", ge=0)
    device: str = parameter(
        "auto",
        "Where to train: auto (a GPU where there is one), cpu, cuda, cuda:1 (the second GPU), mps.",
        examples=["auto", "cpu", "cuda", "mps"],
    )
    precision: Literal["float32", "bfloat16", "float16"] = parameter(
        "float32",
        "Numbers of the forward pass while learning; the shorter ones are faster, most on a GPU."
        " What is kept is float32.",
    )
    compile: bool = parameter(
        False, "Use torch.compile, which needs a C++ compiler and takes a minute to begin."
    )
    processes: int = parameter(
        1,
        "Processes of this machine, or its GPUs, that share each step; torchrun decides if used.",
        ge=1,
        le=1024,
    )

    def in_effect(self) -> Self:
        """Return the same with the patience that holds where there is a validation part."""
        patience = -(-self.epochs // 3) if self.patience is None else self.patience
        return self.model_copy(update={"patience": patience})


class PredictParameters(Parameters):
    """How the accuracy's interval is found."""

    confidence: float = parameter(0.95, "Confidence level of the interval.", gt=0, lt=1)
    resamples: int = parameter(2000, "Bootstrap resamples over specimens.", ge=100, le=1_000_000)
    batch_size: int = parameter(8, "Tiles a step.", ge=1, le=1024)
    seed: int = parameter(0, "Seed of the bootstrap.", ge=0)


class EvaluateParameters(Parameters):
    """How often the training is repeated, and which controls it is held against."""

    maps: tuple[MapKind, ...] | None = parameter(
        None, "Maps to train on; those of the train step by default."
    )
    seeds: int = parameter(
        5, "Trainings for each kind of map that differ in their seed.", ge=1, le=100
    )
    splits: Literal["same", "fresh", "folds"] = parameter(
        "same",
        "What else differs between them: nothing, a split drawn anew for each, or the fold that"
        " tests, so that every specimen is tested once.",
    )
    epochs: int | None = parameter(
        None, "Passes over the training tiles; those of the train step by default.", ge=1, le=10_000
    )
    controls: bool = parameter(
        False,
        "Also train with labels shuffled among specimens, and test on maps with brightness and"
        " contrast shifted.",
    )
    shuffles: int = parameter(
        5, "Trainings with shuffled labels, each with another shuffle.", ge=1, le=100
    )
    jitter_offset: float = parameter(
        0.1, "Largest shift of brightness in the test, in porosity.", gt=0, le=1
    )
    jitter_gain: float = parameter(
        0.2, "Largest relative change of contrast in the test.", gt=0, lt=1
    )
    jitter_tiles: int = parameter(
        200, "Test tiles, at most, on which brightness and contrast are shifted.", ge=1, le=100_000
    )
    bins: int = parameter(15, "Bins of confidence in the calibration error.", ge=2, le=100)
    confidence: float = parameter(0.95, "Confidence level of the intervals.", gt=0, lt=1)
    resamples: int = parameter(2000, "Bootstrap resamples over specimens.", ge=100, le=1_000_000)
