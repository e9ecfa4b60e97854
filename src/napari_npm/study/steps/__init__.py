"""The steps of the method, one file each, in the method's order."""

from typing import Any

from napari_npm.study.step import Step

from .calibrate import Calibrate
from .compare import Compare
from .correlate import Correlate
from .describe import Describe
from .evaluate import Evaluate
from .explain import Explain
from .faithfulness import Faithfulness
from .figures import Figures
from .import_ import Import
from .mask import Mask
from .predict import Predict
from .regions import Regions
from .report import Report
from .simulate import Simulate
from .smooth import Smooth
from .split import Split
from .threshold import Threshold
from .train import Train

STEPS: dict[str, Step[Any]] = {
    step.name: step
    for step in (
        Simulate(),
        Import(),
        Mask(),
        Calibrate(),
        Smooth(),
        Describe(),
        Split(),
        Train(),
        Predict(),
        Evaluate(),
        Explain(),
        Faithfulness(),
        Threshold(),
        Regions(),
        Correlate(),
        Compare(),
        Figures(),
        Report(),
    )
}
"""Every step by its name, in the order in which a full run takes them."""
