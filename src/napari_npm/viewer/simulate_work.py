"""Simulated responses and what they change, for worker threads: no Qt, no napari."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_npm.core.progress import Progress

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Signals:
    """A detector's signal by porosity.

    Attributes
    ----------
    porosity, signal, error : ndarray, (M,)
        Rising porosities, the signal at each, and its standard error.
    """

    porosity: Array
    signal: Array
    error: Array

    @property
    def whole(self) -> bool:
        """Whether it runs from n = 0 to n = 1."""
        return self.porosity.size > 1 and self.porosity[0] == 0 and self.porosity[-1] == 1

    def normalised(self) -> "Signals":
        """Return y(n): 0 at n = 0 and 1 at n = 1."""
        low, high = self.signal[0], self.signal[-1]
        return Signals(self.porosity, (self.signal - low) / (high - low), self.error / (high - low))


@dataclass(frozen=True)
class Simulation:
    """What a study's simulation has found so far.

    Attributes
    ----------
    signals : Signals
        The points that are done.
    total : int
        Points in all.
    finished : bool
        Whether the study has its curve.
    text : str
        What differs from the default curve; empty until the end.
    """

    signals: Signals
    total: int
    finished: bool
    text: str


def default_signals(detector: Any) -> Signals:
    """Return the response that comes with the package."""
    from napari_npm.core._curve_file import parse_curve
    from napari_npm.core.response import DEFAULT_CURVE, default_curve_text

    found = parse_curve(default_curve_text(), DEFAULT_CURVE, detector)
    error = np.zeros_like(found.signal) if found.error is None else found.error
    return Signals(found.porosity, found.signal, error)


def simulation_of(report: Progress, study: Any, parameters: Any) -> Simulation:
    """Read what a study's simulation with these parameters has found, running or not."""
    from napari_npm.core._curve_file import COLUMNS
    from napari_npm.core.response import default_curve, load_curve
    from napari_npm.study.state import StepState
    from napari_npm.study.steps import STEPS
    from napari_npm.study.steps.simulate import SHIPPED, response_path

    report(0, 1, "")
    step = STEPS["simulate"]
    keys = {item.id: step.key(parameters, item.inputs) for item in step.items(study, parameters)}
    # Read anew: a job in another process writes it.
    state = StepState(study.folder / "state" / "simulate.jsonl")
    done = [one for one in state.records.values() if keys.get(one.item) == one.key]
    finished = state.finish is not None and len(done) == len(keys)
    finished = finished and response_path(study).exists()
    if SHIPPED in keys:
        text = "These are the default materials and physics: the curve that comes with the "
        text += "package is used, nothing has to be computed."
        return Simulation(default_signals(parameters.detector), 1, finished, text)
    column = COLUMNS[parameters.detector]
    rows = sorted((one.rows[0] for one in done), key=lambda row: row["porosity"])
    rows = [row for row in rows if column in row]
    signals = Signals(
        *(
            np.array([row[name] for row in rows], dtype=np.float64)
            for name in ("porosity", column, f"{column}_error")
        )
    )
    text = ""
    if finished:
        text = difference(load_curve(response_path(study), parameters.detector), default_curve())
    return Simulation(signals, len(keys), finished, text)


def difference(curve: Any, default: Any) -> str:
    """Say in a sentence what another response curve changes."""
    n = np.linspace(0, 1, 201)
    moved = curve.porosity_of(default.signal(n)) - n
    most = int(np.abs(moved).argmax())
    at = float(curve.porosity_of(default.signal(0.2)))
    return (
        f"y(0.2) = {float(curve.signal(0.2)):.3f}, by default {float(default.signal(0.2)):.3f}: "
        f"grey that the default curve reads as n = 0.200 is n = {at:.3f} here. The largest "
        f"difference is {moved[most]:+.3f}, at n = {n[most]:.2f}."
    )
