"""Figures of the tests that relevance maps can fail: deletion, layers, classes, seeds, noise."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from napari_npm.core.errors import NpmError

from ._style import (
    COLOURS,
    DOUBLE_COLUMN_MM,
    MARKERS,
    SINGLE_COLUMN_MM,
    colour_bar,
    new_figure,
    styled,
)

Values = NDArray[np.generic] | Sequence[float]

LIKENESS = {"pearson": "correlation", "spearman": "rank correlation", "iou": "overlap of regions"}
"""How a reader calls the measures of likeness."""


@dataclass(frozen=True)
class Band:
    """A curve with its interval.

    Attributes
    ----------
    value, low, high : array, (S,)
        The curve and its limits; NaN where there is no interval.
    """

    value: Values
    low: Values
    high: Values


@styled
def deletion_figure(
    share: Values,
    deletion: Mapping[str, Band],
    insertion: Mapping[str, Band],
    *,
    measure: str = "probability",
    width_mm: float = DOUBLE_COLUMN_MM,
) -> Figure:
    """Plot a class's output as blocks of the maps are replaced (left) and restored (right).

    The area between the first curve and the others is what the maps gain over random blocks.

    Parameters
    ----------
    share : array, (S,)
        Share of the blocks replaced or restored.
    deletion, insertion : mapping of str to Band
        Mean curves over maps, by the order of the blocks, such as "by relevance" and "at random".
    measure : str
        What is followed: "probability" or "logit".
    width_mm : float
        Width of the figure, mm.

    Returns
    -------
    Figure
    """
    if not deletion or not insertion:
        raise NpmError("There are no deletion curves to draw.")
    figure, axes = new_figure(1, 2, width_mm, 0.36 * width_mm, sharey=True)
    x = 100 * np.asarray(share, float)
    for panel, curves, words in zip(
        axes[0], (deletion, insertion), ("replaced", "restored"), strict=True
    ):
        for number, (name, band) in enumerate(curves.items()):
            _draw(panel, x, band, name, number)
        first, *others = (np.asarray(band.value, float) for band in curves.values())
        if others:
            panel.fill_between(x, first, others[0], color=COLOURS[0], alpha=0.12, linewidth=0)
        panel.set_xlabel(f"Blocks {words} (%)")
        panel.set_xlim(0, 100)
        panel.set_title({"replaced": "Deletion", "restored": "Insertion"}[words])
    if measure == "probability":
        axes[0, 0].set_ylim(0, 1.02)
    label = {"probability": "Probability of the class", "logit": "Output of the class"}
    axes[0, 0].set_ylabel(label.get(measure, measure))
    axes[0, 0].legend(title="Blocks taken")
    return figure


@styled
def randomisation_figure(
    layers: Sequence[str],
    modes: Mapping[str, Mapping[str, Band]],
    *,
    width_mm: float = DOUBLE_COLUMN_MM,
) -> Figure:
    """Plot how alike the maps stay as layers are drawn anew, from the output to the input.

    Parameters
    ----------
    layers : sequence of str
        Names of the L layers, the one next to the output first.
    modes : mapping of str to mapping of str to Band
        Likeness (L,) by measure, for each way of drawing anew; one panel each.
    width_mm : float
        Width of the figure, mm.

    Returns
    -------
    Figure
    """
    if not modes or not layers:
        raise NpmError("There are no randomised layers to draw.")
    figure, axes = new_figure(1, len(modes), width_mm, 0.38 * width_mm, sharey=True)
    x = np.arange(len(layers) + 1)
    for panel, (mode, measures) in zip(axes[0], modes.items(), strict=True):
        for number, (measure, band) in enumerate(measures.items()):
            _draw(panel, x, _from_one(band), LIKENESS.get(measure, measure), number, marks=True)
        panel.set_xticks(
            x, ["as trained", *layers], rotation=40, ha="right", rotation_mode="anchor"
        )
        panel.set_xlabel("Layer drawn anew")
        panel.set_title(mode)
    _likeness_axis(axes[0], [band for measures in modes.values() for band in measures.values()])
    axes[0, 0].set_ylabel("Likeness to the trained network's maps")
    axes[0, 0].legend(loc="lower left")
    return figure


@styled
def likeness_matrices(
    matrices: Mapping[str, NDArray[np.generic]],
    names: Sequence[str],
    *,
    label: str = "Class explained",
    width_mm: float | None = None,
) -> Figure:
    """Draw how alike the maps of several classes, or of several networks, are on average.

    Parameters
    ----------
    matrices : mapping of str to array, (K, K)
        Mean likeness by measure; one panel each.
    names : sequence of str
        Names of the K classes or networks.
    label : str
        What they are.
    width_mm : float, optional
        Width of the figure, mm; one or two columns by default, as the panels need.

    Returns
    -------
    Figure
    """
    if not matrices:
        raise NpmError("There is no likeness to draw.")
    shape = (len(names), len(names))
    if any(np.shape(matrix) != shape for matrix in matrices.values()):
        raise NpmError("A matrix of likeness needs a row and a column for each name.")
    count = len(matrices)
    width = width_mm or (SINGLE_COLUMN_MM if count == 1 else DOUBLE_COLUMN_MM)
    figure, axes = new_figure(1, count, width, 0.95 * (width - 18) / count + 4, sharey=True)
    for panel, (measure, matrix) in zip(axes[0], matrices.items(), strict=True):
        shown = panel.imshow(np.asarray(matrix, float), cmap="cividis", vmin=0, vmax=1)
        for (row, column), value in np.ndenumerate(np.asarray(matrix, float)):
            text = "–" if np.isnan(value) else f"{value:.2f}"
            colour = "black" if value > 0.5 else "white"
            panel.text(column, row, text, ha="center", va="center", color=colour)
        panel.set_xticks(range(len(names)), names)
        panel.set_yticks(range(len(names)), names)
        panel.tick_params(length=0)
        panel.set_xlabel(label)
        panel.set_title(LIKENESS.get(measure, measure).capitalize())
    axes[0, 0].set_ylabel(label)
    colour_bar(figure, shown, list(axes[0]), "Likeness, mean over maps")
    return figure


@styled
def noise_figure(
    sigma: Values,
    measures: Mapping[str, Band],
    *,
    width_mm: float = SINGLE_COLUMN_MM,
) -> Figure:
    """Plot how alike the maps stay under white noise, by its strength.

    Parameters
    ----------
    sigma : array, (S,)
        Standard deviations of the noise, in porosity.
    measures : mapping of str to Band
        Likeness (S,) to the maps without noise, by measure.
    width_mm : float
        Width of the figure, mm.

    Returns
    -------
    Figure
    """
    if not measures:
        raise NpmError("There is no stability under noise to draw.")
    figure, axes = new_figure(1, 1, width_mm, 0.7 * width_mm)
    panel = axes[0, 0]
    x = np.append(0.0, np.asarray(sigma, float))
    for number, (measure, band) in enumerate(measures.items()):
        _draw(panel, x, _from_one(band), LIKENESS.get(measure, measure), number, marks=True)
    _likeness_axis([panel], measures.values())
    panel.set_xlim(left=0)
    panel.set_xlabel("Standard deviation of the noise (porosity)")
    panel.set_ylabel("Likeness to the maps without noise")
    panel.legend(loc="lower left")
    return figure


def _from_one(band: Band) -> Band:
    """Begin a curve with the maps themselves, which are alike without an interval."""
    first = (1.0, np.nan, np.nan)
    parts = (band.value, band.low, band.high)
    return Band(*(np.append(a, np.asarray(b, float)) for a, b in zip(first, parts, strict=True)))


def _draw(
    panel: Axes, x: NDArray[np.generic], band: Band, name: str, number: int, marks: bool = False
) -> None:
    colour = COLOURS[number % len(COLOURS)]
    mark = MARKERS[number % len(MARKERS)] if marks else ""
    low, value, high = (np.asarray(one, float) for one in (band.low, band.value, band.high))
    panel.plot(x, value, color=colour, marker=mark, markersize=3.5, label=name, zorder=3)
    if np.isfinite(low).any():
        if marks:
            # points on their own: an interval each, not a band between them
            panel.vlines(x, low, high, color=colour, linewidth=0.8, zorder=2)
        else:
            panel.fill_between(x, low, high, color=colour, alpha=0.25, linewidth=0)


def _likeness_axis(panels: Iterable[Axes], bands: Iterable[Band]) -> None:
    """Begin the axis of a likeness at 0, or below what is lowest."""
    parts = [np.ravel(part) for band in bands for part in (band.value, band.low)]
    lowest = float(np.nanmin(np.concatenate([[0.0], *parts])))
    for panel in panels:
        panel.set_ylim(lowest - 0.08 if lowest < 0 else 0.0, 1.04)
        if lowest < 0:
            panel.axhline(0, color="0.6", linewidth=0.6, zorder=1)
