"""The parameters of the mask step."""

from typing import Literal

from napari_npm.core.errors import NpmError

from .parameters import Parameters, parameter

_RANGE = "grey levels of the image as it is, low and high end both included"


class MaskParameters(Parameters):
    """What masks are proposed from, for images whose mask nobody has looked at yet."""

    proposal: Literal["auto", "strokes", "levels"] = parameter(
        "auto",
        "What unhydrated cement (UC) is proposed from: a classifier that learnt from the study's"
        " strokes, or grey levels; auto takes the strokes where the study has some.",
    )
    probability: float = parameter(
        0.5, "Smallest probability of UC of a pixel, by the classifier.", gt=0, lt=1
    )
    uc_low: float | None = parameter(
        None, f"Lowest grey value proposed as unhydrated cement; {_RANGE}.", ge=0
    )
    uc_high: float | None = parameter(None, "Highest grey value of unhydrated cement.", ge=0)
    csh_low: float | None = parameter(
        None, "Lowest grey value proposed as reference C-S-H (no metal in it).", ge=0
    )
    csh_high: float | None = parameter(None, "Highest grey value of reference C-S-H.", ge=0)
    metal_low: float | None = parameter(
        None, "Lowest grey value proposed as reference metal (large pools).", ge=0
    )
    metal_high: float | None = parameter(None, "Highest grey value of reference metal.", ge=0)
    propose_references: bool = parameter(
        False,
        "Propose the references that have no grey range and were not drawn, from the peaks of the"
        " histogram and large even areas; look at them before you trust them.",
    )
    smooth_px: float = parameter(
        1.0,
        "Gaussian smoothing before grey levels or probabilities are compared.",
        unit="px",
        ge=0,
        le=20,
    )
    open_px: float = parameter(
        1.0,
        "Parts thinner than twice this are cut off; grey levels of noisy images need more.",
        unit="px",
        ge=0,
        le=50,
    )
    min_area_um2: float = parameter(
        0.5, "Smallest area that is proposed.", unit="µm²", ge=0, le=10_000
    )
    fill_area_um2: float = parameter(
        0.3, "Largest hole in UC that is filled.", unit="µm²", ge=0, le=10_000
    )
    min_solidity: float = parameter(
        0.0,
        "Smallest share of its convex hull that a piece of UC fills (1: compact); leaves out"
        " ragged pieces.",
        ge=0,
        le=1,
    )
    max_elongation: float | None = parameter(
        None, "Largest ratio of long to short axis of a piece of UC; leaves out plates of CH.", ge=1
    )
    max_scatter: float | None = parameter(
        None, "Largest standard deviation of grey within a piece of UC.", ge=0
    )
    erode_px: int = parameter(
        2, "How far reference areas keep away from their edges.", unit="px", ge=0, le=50
    )
    seed: int = parameter(0, "Seed of the classifier.", ge=0)

    def ranges(self) -> dict[str, tuple[float, float]]:
        """Return the grey ranges that are set, as `core.masking.label_by_levels` takes them.

        Raises
        ------
        NpmError
            If only one end of a range is given, or they are the wrong way round.
        """
        found = {}
        for name in ("uc", "csh", "metal"):
            low, high = getattr(self, f"{name}_low"), getattr(self, f"{name}_high")
            if low is None and high is None:
                continue
            if low is None or high is None or low > high:
                raise NpmError(
                    f"Give both {name}_low and {name}_high, the low one not above the high one."
                )
            found[name] = (low, high)
        return found
