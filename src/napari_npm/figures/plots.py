"""Plots of descriptors, classification and response (Figs 3c-d, 4 and S1)."""

from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from napari_npm.core.errors import NpmError

from ._style import (
    COLOURS,
    MARKERS,
    SINGLE_COLUMN_MM,
    colour_bar,
    new_figure,
    styled,
)

Values = NDArray[np.generic] | Sequence[float]


@styled
def descriptor_scatter(
    porosity: Mapping[str, Values],
    pore_size_nm2: Mapping[str, Values],
    *,
    decisions: bool = True,
    width_mm: float = SINGLE_COLUMN_MM,
) -> Figure:
    """Plot average pore size against porosity of every map, by sample (Fig. 3c).

    Large marks are the means of the samples. Lines lie midway between neighbouring means: by
    porosity alone, the nearest mean changes at the dashed ones, by pore size at the dotted ones.

    Parameters
    ----------
    porosity : mapping of str to array, (N,)
        Porosity of each map, by sample.
    pore_size_nm2 : mapping of str to array, (N,)
        Average pore size in nm2 of the same maps; maps without pores (NaN) are left out.
    decisions : bool
        Draw the lines.
    width_mm : float
        Width of the figure, mm.

    Returns
    -------
    Figure
    """
    _named(porosity)
    if list(porosity) != list(pore_size_nm2):
        raise NpmError("Porosity and pore size must be given for the same samples.")
    figure, axes = new_figure(1, 1, width_mm, 0.78 * width_mm)
    panel = axes[0, 0]
    means = []
    for k, name in enumerate(porosity):
        x, y = np.asarray(porosity[name], float), np.asarray(pore_size_nm2[name], float) / 1e6
        if x.shape != y.shape:
            raise NpmError(f"Sample {name} has other numbers of porosities and pore sizes.")
        known = np.isfinite(x) & np.isfinite(y)
        style = {"color": COLOURS[k % len(COLOURS)], "marker": MARKERS[k % len(MARKERS)]}
        panel.scatter(x[known], y[known], s=7, alpha=0.5, linewidths=0, **style)
        mean = (x[known].mean(), y[known].mean()) if known.any() else ([], [])
        means += [mean] if known.any() else []
        panel.scatter(
            *mean, s=42, edgecolors="black", linewidths=0.8, label=name, zorder=3, **style
        )
    if decisions:
        for line, values, style in zip(
            (panel.axvline, panel.axhline), zip(*means, strict=True), ("--", ":"), strict=False
        ):
            for low, high in pairwise(sorted(values)):
                line((low + high) / 2, color="0.4", linestyle=style, linewidth=0.7, zorder=0)
    panel.set_xlabel("Porosity")
    panel.set_ylabel("Average pore size (µm²)")
    panel.legend(title="Mean of")
    return figure


@styled
def volume_fractions(
    fractions: Mapping[str, NDArray[np.generic]],
    edges: Sequence[float],
    *,
    width_mm: float = SINGLE_COLUMN_MM,
) -> Figure:
    """Plot volume fractions of porosity classes by sample (Fig. 3d).

    Bars are means over the maps, error bars one standard deviation.

    Parameters
    ----------
    fractions : mapping of str to array, (N, classes)
        Volume fraction of every class in each map, by sample.
    edges : sequence of float
        Porosity at the edges of the classes, classes + 1.
    width_mm : float
        Width of the figure, mm.

    Returns
    -------
    Figure
    """
    _named(fractions)
    classes = len(edges) - 1
    figure, axes = new_figure(1, 1, width_mm, 0.7 * width_mm)
    panel = axes[0, 0]
    width = 0.8 / len(fractions)
    for k, (name, values) in enumerate(fractions.items()):
        table = np.atleast_2d(np.asarray(values, float))
        if table.shape[1] != classes:
            raise NpmError(f"Sample {name} has {table.shape[1]} classes, but edges make {classes}.")
        mean, spread = table.mean(axis=0), table.std(axis=0, ddof=1 if len(table) > 1 else 0)
        place = np.arange(classes) + (k - (len(fractions) - 1) / 2) * width
        # A volume fraction is not negative: error bars end at zero.
        down = np.minimum(spread, mean)
        panel.bar(
            place,
            mean,
            0.92 * width,
            yerr=(down, spread),
            color=COLOURS[k % len(COLOURS)],
            error_kw={"elinewidth": 0.7, "capsize": 1.5, "capthick": 0.7},
            label=name,
        )
    labels = [f"{a:g}–{b:g}" for a, b in pairwise(edges)]
    crowded = classes > 6
    panel.set_xticks(
        range(classes),
        labels,
        rotation=40 if crowded else 0,
        ha="right" if crowded else "center",
        rotation_mode="anchor",
    )
    panel.set_xlabel("Porosity class")
    panel.set_ylabel("Volume fraction")
    panel.set_ylim(bottom=0)
    panel.legend()
    return figure


@styled
def confusion_figure(
    counts: NDArray[np.integer],
    names: Sequence[str],
    *,
    title: str = "",
    width_mm: float = SINGLE_COLUMN_MM,
) -> Figure:
    """Plot a confusion matrix with counts and shares of each true sample (Fig. 4).

    Parameters
    ----------
    counts : array of int, (C, C)
        Maps by true sample (rows) and predicted sample (columns).
    names : sequence of str
        Samples.
    title : str
        Title; the accuracy is added to it.
    width_mm : float
        Width of the figure, mm.

    Returns
    -------
    Figure
    """
    table = np.asarray(counts)
    if table.ndim != 2 or table.shape != (len(names), len(names)) or table.sum() == 0:
        raise NpmError("A confusion matrix needs a row and a column for each sample, not empty.")
    share = table / np.maximum(table.sum(axis=1, keepdims=True), 1)
    figure, axes = new_figure(1, 1, width_mm, 0.82 * width_mm)
    panel = axes[0, 0]
    shown = panel.imshow(share, cmap="cividis", vmin=0, vmax=1)
    for (row, column), count in np.ndenumerate(table):
        text = f"{int(count)}\n{100 * share[row, column]:.1f} %"
        colour = "black" if share[row, column] > 0.5 else "white"
        panel.text(column, row, text, ha="center", va="center", color=colour)
    panel.set_xticks(range(len(names)), names)
    panel.set_yticks(range(len(names)), names)
    panel.tick_params(length=0)
    panel.set_xlabel("Predicted")
    panel.set_ylabel("True")
    accuracy = f"accuracy {100 * np.trace(table) / table.sum():.1f} %"
    panel.set_title(f"{title}: {accuracy}" if title else accuracy.capitalize())
    colour_bar(figure, shown, panel, "Share of the true sample")
    return figure


@styled
def training_curves(
    loss: Mapping[str, Values],
    accuracy: Mapping[str, Values],
    *,
    width_mm: float = SINGLE_COLUMN_MM,
) -> Figure:
    """Plot loss and accuracy by epoch.

    Parameters
    ----------
    loss, accuracy : mapping of str to array, (epochs,)
        Curves by name, such as "training" and "validation"; NaN where there is no value.
    width_mm : float
        Width of the figure, mm.

    Returns
    -------
    Figure
    """
    _named({**loss, **accuracy})
    figure, axes = new_figure(2, 1, width_mm, 0.85 * width_mm, sharex=True)
    names = list(dict.fromkeys([*loss, *accuracy]))
    for panel, curves, label in zip(
        axes[:, 0], (loss, accuracy), ("Loss", "Accuracy"), strict=True
    ):
        for name, values in curves.items():
            k = names.index(name) % len(COLOURS)
            y = np.asarray(values, float)
            mark = MARKERS[k] if y.size <= 40 else ""
            epoch = np.arange(1, y.size + 1)
            panel.plot(epoch, y, color=COLOURS[k], marker=mark, markersize=3, label=name)
        panel.set_ylabel(label)
        if curves:
            panel.legend()
    axes[1, 0].set_xlabel("Epoch")
    axes[1, 0].xaxis.set_major_locator(MaxNLocator(integer=True))
    axes[0, 0].set_ylim(bottom=0)
    axes[1, 0].set_ylim(0, 1.02)
    return figure


@styled
def response_figure(
    curves: Mapping[str, tuple[Values, Values]],
    *,
    label: str = "Backscattering coefficient η",
    width_mm: float = SINGLE_COLUMN_MM,
) -> Figure:
    """Plot the response of BSE to porosity (Fig. S1).

    Parameters
    ----------
    curves : mapping of str to (array (M,), array (M,))
        Porosity and response, by name of the curve.
    label : str
        Label of the response.
    width_mm : float
        Width of the figure, mm.

    Returns
    -------
    Figure
    """
    _named(curves)
    figure, axes = new_figure(1, 1, width_mm, 0.68 * width_mm)
    panel = axes[0, 0]
    for k, (name, (porosity, response)) in enumerate(curves.items()):
        style = {"color": COLOURS[k % len(COLOURS)], "marker": MARKERS[k % len(MARKERS)]}
        panel.plot(porosity, response, markersize=3, label=name, **style)
    panel.set_xlim(0, 1)
    panel.set_xlabel("Equivalent porosity $n$")
    panel.set_ylabel(label)
    panel.legend()
    return figure


def _named(values: Mapping[str, object]) -> None:
    if not values:
        raise NpmError("There is nothing to plot: give at least one sample or curve.")
