"""report."""

from napari_npm.study.parameters import Parameters
from napari_npm.study.step import Step


class ReportParameters(Parameters):
    """x."""


class Report(Step[ReportParameters]):
    """x."""

    name = "report"
    title = "x"
    summary = "x"
    Parameters = ReportParameters

    def items(self, study, parameters):
        return []

    def compute(self, *a):
        pass

    def store(self, *a):
        pass
