"""figures."""

from napari_npm.study.parameters import Parameters
from napari_npm.study.step import Step


class FiguresParameters(Parameters):
    """x."""


class Figures(Step[FiguresParameters]):
    """x."""

    name = "figures"
    title = "x"
    summary = "x"
    Parameters = FiguresParameters

    def items(self, study, parameters):
        return []

    def compute(self, *a):
        pass

    def store(self, *a):
        pass
