"""How far an accuracy can be believed: beside baselines and controls, by confidence, shifted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from napari_npm.core.errors import NpmError

from ._style import (
    COLOURS,
    DOUBLE_COLUMN_MM,
    MARKERS,
    SINGLE_COLUMN_MM,
    new_figure,
    styled,
)

GREY = "#808080"
_CHANCE: dict[str, Any] = {"color": GREY, "linestyle": "--", "linewidth": 0.8, "zorder": 0}


@dataclass(frozen=True)
class Rated:
    """A classifier and how often it is right.

    Attributes
    ----------
    name : str
        What it is called.
    role : str
        What it is held against others for; entries of one role stand together in one colour.
    accuracy : float
        Share of the test tiles that it classifies rightly.
    low, high : float, optional
        Limits of its interval.
    repeats : tuple of float
        Accuracies of its repeats, one for each seed.
    """

    name: str
    role: str
    accuracy: float
    low: float | None = None
    high: float | None = None
    repeats: tuple[float, ...] = field(default=())


@styled
def accuracy_figure(
    rated: Sequence[Rated], chance: float, *, width_mm: float = DOUBLE_COLUMN_MM
) -> Figure:
    """Plot the accuracy of classifiers, with intervals, every repeat and the line of chance.

    Parameters
    ----------
    rated : sequence of Rated
        From top to bottom.
    chance : float
        Accuracy of guessing.
    width_mm : float
        Width of the figure, mm.

    Returns
    -------
    Figure

    Raises
    ------
    NpmError
        If there is nothing to plot.
    """
    if not rated:
        raise NpmError("There is nothing to plot: give at least one classifier.")
    figure, axes = new_figure(1, 1, width_mm, 18 + 6.0 * len(rated))
    panel = axes[0, 0]
    roles = list(dict.fromkeys(one.role for one in rated))
    panel.axvline(chance, **_CHANCE)
    beside = panel.get_yaxis_transform()
    for row, one in enumerate(rated):
        colour = COLOURS[roles.index(one.role) % len(COLOURS)]
        low = one.accuracy if one.low is None else one.low
        high = one.accuracy if one.high is None else one.high
        panel.plot([low, high], [row, row], color=colour, linewidth=1.4, solid_capstyle="butt")
        panel.plot(one.accuracy, row, "D", color=colour, markersize=4.5, zorder=3)
        if len(one.repeats) > 1:
            # beside the line, so that equal ones are still seen
            spots = row + 0.22 + 0.12 * (np.arange(len(one.repeats)) % 2)
            panel.plot(one.repeats, spots, "o", color=colour, markersize=2.4, alpha=0.7)
        panel.text(1.015, row, f"{100 * one.accuracy:.1f} %", va="center", transform=beside)
    start = 0
    for _, group in groupby(rated, key=lambda one: one.role):
        start += len(list(group))
        if start < len(rated):
            panel.axhline(start - 0.5, color="#d0d0d0", linewidth=0.6)
    panel.set_yticks(range(len(rated)), [one.name for one in rated])
    panel.set_ylim(len(rated) - 0.4, -0.6)
    panel.set_xlim(-0.01, 1.01)  # marks at both ends are whole
    panel.set_xlabel("Accuracy on the test tiles (dots: single trainings)")
    place = (chance, 1), ("data", "axes fraction"), (0, 2)
    _note(panel, f"chance {100 * chance:.0f} %", *place, ha="center")
    panel.tick_params(axis="y", length=0)
    return figure


@styled
def reliability_figure(
    curves: Mapping[str, tuple[Sequence[float], Sequence[float], Sequence[int]]],
    errors: Mapping[str, float],
    *,
    width_mm: float = SINGLE_COLUMN_MM,
) -> Figure:
    """Plot how often answers are right against how sure the network was (reliability diagram).

    Below, how many answers were given with that confidence.

    Parameters
    ----------
    curves : mapping of str to (confidence, accuracy, answers)
        Mean confidence, share of right answers and number of answers in each bin that has some,
        by network.
    errors : mapping of str to float
        Expected calibration error of each network.
    width_mm : float
        Width of the figure, mm.

    Returns
    -------
    Figure

    Raises
    ------
    NpmError
        If there is nothing to plot.
    """
    if not curves:
        raise NpmError("There is nothing to plot: give at least one network.")
    figure, axes = new_figure(
        2, 1, width_mm, 1.15 * width_mm, sharex=True, gridspec_kw={"height_ratios": [3, 1]}
    )
    panel, below = axes[:, 0]
    panel.plot([0, 1], [0, 1], **_CHANCE)
    for k, (name, (confidence, accuracy, answers)) in enumerate(curves.items()):
        style = _line(k)
        label = f"{name} (ECE {errors[name]:.3f})"
        panel.plot(confidence, accuracy, markersize=3.5, label=label, **style)
        shares = np.asarray(answers, float) / max(1, np.sum(answers))
        below.plot(confidence, shares, markersize=3, **style)
    panel.set_ylabel("Share of right answers")
    panel.set_xlim(0, 1.02)
    panel.set_ylim(0, 1.02)
    panel.legend(loc="upper left")
    below.set_ylim(bottom=0)
    below.set_ylabel("Share of\nanswers")
    below.set_xlabel("Confidence (largest probability)")
    return figure


@styled
def jitter_figure(
    brightness: Mapping[str, tuple[Sequence[float], Sequence[Sequence[float]]]],
    contrast: Mapping[str, tuple[Sequence[float], Sequence[Sequence[float]]]],
    chance: float,
    *,
    width_mm: float = DOUBLE_COLUMN_MM,
) -> Figure:
    """Plot accuracy against shifts of brightness (left) and of contrast (right).

    Lines are means over repeats, bands reach from the lowest to the highest repeat.

    Parameters
    ----------
    brightness, contrast : mapping of str to (array (M,), array (M, K))
        Shifts, and the accuracy of each of K repeats under each, by classifier.
    chance : float
        Accuracy of guessing.
    width_mm : float
        Width of the figure, mm.

    Returns
    -------
    Figure

    Raises
    ------
    NpmError
        If there is nothing to plot.
    """
    if not brightness or list(brightness) != list(contrast):
        raise NpmError("There is nothing to plot: give shifts of both kinds for each classifier.")
    figure, axes = new_figure(1, 2, width_mm, 0.42 * width_mm, sharey=True)
    for panel, curves, label in zip(
        axes[0],
        (brightness, contrast),
        ("Shift of brightness (porosity)", "Change of contrast (factor)"),
        strict=True,
    ):
        panel.axhline(chance, **_CHANCE)
        for k, (name, (shifts, accuracies)) in enumerate(curves.items()):
            values = np.asarray(accuracies, float)
            style = _line(k)
            panel.fill_between(
                shifts, values.min(1), values.max(1), color=style["color"], alpha=0.18, lw=0
            )
            panel.plot(shifts, values.mean(1), markersize=3.5, label=name, **style)
        ticks = sorted({float(shift) for shifts, _ in curves.values() for shift in shifts})
        panel.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
        panel.set_xlabel(label)
        panel.set_ylim(0, 1.02)
    axes[0, 0].set_ylabel("Accuracy")
    panel = axes[0, 0]
    _note(panel, "chance", (0, chance), ("axes fraction", "data"), (2, -2), va="top")
    figure.legend(
        *panel.get_legend_handles_labels(), loc="outside upper center", ncols=min(3, len(contrast))
    )
    return figure


def _line(number: int) -> dict[str, Any]:
    """Return colour and marker of one curve of several."""
    return {"color": COLOURS[number % len(COLOURS)], "marker": MARKERS[number % len(MARKERS)]}


def _note(
    panel: Axes,
    text: str,
    place: tuple[float, float],
    coordinates: tuple[str, str],
    offset: tuple[float, float],
    **aligned: Any,
) -> None:
    """Write small grey words beside a line."""
    panel.annotate(
        text,
        place,
        xycoords=coordinates,
        xytext=offset,
        textcoords="offset points",
        color=GREY,
        size=6.5,
        **aligned,
    )
