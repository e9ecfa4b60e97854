"""The parameters of every step: their defaults, units, bounds and help, in the method's order."""

from typing import Literal

from .learning_settings import EvaluateParameters as EvaluateParameters
from .learning_settings import MapKind as MapKind
from .learning_settings import PredictParameters as PredictParameters
from .learning_settings import SplitParameters as SplitParameters
from .learning_settings import TrainParameters as TrainParameters
from .mask_settings import MaskParameters as MaskParameters
from .parameters import Parameters, parameter
from .physics_settings import CalibrateParameters as CalibrateParameters
from .physics_settings import Scope as Scope
from .physics_settings import SimulateParameters as SimulateParameters
from .quantify_settings import CompareParameters as CompareParameters
from .quantify_settings import CorrelateParameters as CorrelateParameters
from .quantify_settings import DescribeParameters as DescribeParameters
from .relevance_settings import ExplainParameters as ExplainParameters
from .relevance_settings import FaithfulnessParameters as FaithfulnessParameters
from .relevance_settings import RegionsParameters as RegionsParameters
from .relevance_settings import ThresholdParameters as ThresholdParameters

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
    "evaluate": EvaluateParameters,
    "explain": ExplainParameters,
    "faithfulness": FaithfulnessParameters,
    "threshold": ThresholdParameters,
    "regions": RegionsParameters,
    "correlate": CorrelateParameters,
    "compare": CompareParameters,
    "figures": FiguresParameters,
    "report": ReportParameters,
}
"""The parameters of each step by its name, in the order in which a full run takes them."""
