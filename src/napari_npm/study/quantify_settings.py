"""The parameters of the steps that put figures to the maps: descriptors, S2, similarity."""

from typing import Literal

from .parameters import Parameters, parameter


class DescribeParameters(Parameters):
    """How pores are counted and means compared."""

    connectivity: Literal[8, 4] = parameter(
        8, "Pixels of a pore touch by their sides (4) or also by their corners (8)."
    )
    min_pore_px: int = parameter(1, "Smallest pore that is counted.", unit="px", ge=1, le=100_000)
    fraction_bins: int = parameter(
        5, "Number of equal porosity ranges for the volume fractions (Fig. 3d).", ge=1, le=100
    )
    confidence: float = parameter(0.90, "Confidence level of the comparisons of means.", gt=0, lt=1)
    shapes: bool = parameter(
        False,
        "Also chord lengths, lineal path, local thickness and Minkowski functionals (some 0.1 s a"
        " tile).",
    )


class CorrelateParameters(Parameters):
    """How far pairs of pixels are looked for, where, and how samples are compared."""

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
    models: tuple[Literal["mulf", "micf", "both"], ...] = parameter(
        ("mulf", "micf", "both"),
        "Models whose regions are used, those that were trained; pairs are counted on MulF maps.",
    )
    directions: int = parameter(
        1,
        "Sectors of the half circle in which pairs are also counted apart, for anisotropy: 4 for"
        " along rows, along columns and both diagonals; 1 for none.",
        ge=1,
        le=36,
    )
    engine: Literal["auto", "direct", "sparse", "fft"] = parameter(
        "auto", "How pairs are counted; the counts do not depend on it, only the time."
    )
    unit: Literal["specimen", "tile"] = parameter(
        "specimen",
        "What is drawn for intervals and permuted between samples; tiles where a sample has too few"
        " specimens (ten for intervals, two for permutations).",
    )
    permutations: int = parameter(
        999, "Permutations of the comparison of two samples.", ge=19, le=100_000
    )
    significance: float = parameter(
        0.05, "Differences with a family-wise p-value up to this are marked.", gt=0, lt=1
    )
    seed: int = parameter(0, "Seed of intervals and permutations.", ge=0)


class CompareParameters(Parameters):
    """How relevance maps are compared, ordered and grouped, and what counts as shared."""

    tiles: Literal["all", "test"] = parameter(
        "all", "Which tiles are compared: all of a sample, or those of the test part only."
    )
    normalise: bool = parameter(
        True,
        "Scale each relevance map to sum 1 before maps are compared; raw maps, whose sum is the"
        " network's output, differ by how strong they are as much as by their pattern.",
    )
    method: Literal["local search", "annealing", "leaf order"] = parameter(
        "local search",
        "How the order is searched for: local search (the best), the paper's simulated annealing,"
        " or hierarchical clustering with its leaves in the best order.",
    )
    seed: int = parameter(0, "Seed of the search.", ge=0)
    seeds: int = parameter(
        5,
        "Further seeds for which the order is searched, and draws in which a tenth of the maps is"
        " left out, to tell how stable each group is.",
        ge=0,
        le=50,
    )
    grouping: Literal["order", "spectral"] = parameter(
        "order",
        "How groups are found: along the order, as in the paper, all of one size; or by spectral"
        " clustering, where each map belongs to a group and sizes differ.",
    )
    number: int | None = parameter(
        None,
        "Groups of similar maps in each sample; by default three along the order, and as many"
        " spectral clusters as the largest gap between eigenvalues speaks for (2 to 10).",
        ge=1,
        le=20,
    )
    size: int | None = parameter(
        None,
        "Maps of a group along the order (spectral clusters have sizes of their own); by default"
        " one size for all samples of a model, with which the groups stand out most from maps drawn"
        " at random.",
        ge=2,
        le=10_000,
    )
    contour: float = parameter(
        3e-6,
        "Level of a shared pattern above which a pore structure counts as shared, for relevance"
        " that sums to 1 a map (a mean pixel has 6.8e-6). It means the same only in groups of the"
        " same size.",
        gt=0,
        le=1000,
    )
    decay: float = parameter(
        60.0,
        "How strongly pixels are dimmed whose relevance differs among the maps of a group: the"
        " paper's 60; 0 for not at all.",
        ge=0,
        le=100_000,
    )
    connectivity: Literal[4, 8] = parameter(
        4, "Pixels of the particle skeleton touch by their sides (4) or also by their corners (8)."
    )
