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
    confidence: float = parameter(
        0.90, "Confidence level of the Tukey-Kramer comparison.", gt=0, lt=1
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
