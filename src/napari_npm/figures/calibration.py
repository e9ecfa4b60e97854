"""Figures of the calibration: response by detector, uncertainty of n, drift of the references."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from napari_npm.core.errors import NpmError

from ._style import (
    COLOURS,
    DOUBLE_COLUMN_MM,
    MARKERS,
    SINGLE_COLUMN_MM,
    new_figure,
    styled,
)

Values = NDArray[np.generic] | Sequence[float]
_FINE = np.linspace(0, 1, 401)
_PARTS = {
    "u_csh": "reference C-S-H",
    "u_metal": "reference metal",
    "u_curve": "statistics of the curve",
    "u_model": "physical model",
}


@styled
def detectors_figure(
    curves: Mapping[str, tuple[Values, Values, Values | None]],
    *,
    chosen: str = "",
    width_mm: float = SINGLE_COLUMN_MM,
) -> Figure:
    """Plot the normalised response to porosity for several detector models (Fig. S1).

    Parameters
    ----------
    curves : mapping of str to (array (M,), array (M,), array (M,) or None)
        Porosity, response y and standard error of y of the points, by detector.
    chosen : str
        The detector that is used; drawn stronger.
    width_mm : float
        Width of the figure, mm.

    Returns
    -------
    Figure
    """
    from scipy.interpolate import PchipInterpolator

    if not curves:
        raise NpmError("There is no response to plot: give the curve of at least one detector.")
    figure, axes = new_figure(1, 1, width_mm, 0.72 * width_mm)
    panel = axes[0, 0]
    for k, (name, (porosity, response, error)) in enumerate(curves.items()):
        colour = COLOURS[k % len(COLOURS)]
        used = name == chosen
        smooth = PchipInterpolator(np.asarray(porosity, float), np.asarray(response, float))(_FINE)
        panel.plot(_FINE, smooth, color=colour, lw=1.4 if used else 0.8, zorder=3 if used else 2)
        panel.errorbar(
            porosity,
            response,
            yerr=error,
            fmt=MARKERS[k % len(MARKERS)],
            color=colour,
            markersize=3,
            elinewidth=0.7,
            label=f"{name} (used)" if used else name,
        )
    panel.set_xlim(0, 1)
    panel.set_ylim(0, 1.02)
    panel.set_xlabel("Equivalent porosity $n$")
    panel.set_ylabel("Normalised response $y$")
    panel.legend(title="Detector", loc="lower right")
    return figure


@styled
def uncertainty_figure(
    tables: Mapping[str, Mapping[str, Values]], *, width_mm: float = DOUBLE_COLUMN_MM
) -> Figure:
    """Plot the standard uncertainty of n and its parts against n, a panel for each sample.

    Parameters
    ----------
    tables : mapping of str to mapping of str to array (K,)
        By sample: the columns porosity, u_porosity, u_csh, u_metal, u_curve and u_model.
    width_mm : float
        Width of the figure, mm.

    Returns
    -------
    Figure
    """
    if not tables:
        raise NpmError("There is no uncertainty to plot: calibrate at least one sample.")
    columns = min(len(tables), 3)
    rows = -(-len(tables) // columns)
    width_mm = min(width_mm, SINGLE_COLUMN_MM) if columns == 1 else width_mm
    height = rows * 0.75 * width_mm / columns
    figure, axes = new_figure(rows, columns, width_mm, height, sharex=True, sharey=True)
    for panel in axes.flat[len(tables) :]:
        panel.set_axis_off()
    for panel, (name, table) in zip(axes.flat, tables.items(), strict=False):
        n = np.asarray(table["porosity"], float)
        panel.plot(n, table["u_porosity"], color="black", lw=1.4, label="all")
        for k, (column, words) in enumerate(_PARTS.items()):
            panel.plot(n, table[column], color=COLOURS[k], lw=0.9, label=words)
        panel.set_title(name)
        panel.set_xlabel("Equivalent porosity $n$")
    axes[0, 0].set_xlim(0, 1)
    axes[0, 0].set_ylim(bottom=0)
    axes[0, 0].legend()
    for panel in axes[:, 0]:
        panel.set_ylabel("Standard uncertainty of $n$")
    return figure


@styled
def drift_figure(
    levels: Mapping[str, Values],
    outliers: Mapping[str, NDArray[np.bool_]],
    samples: Sequence[str],
    *,
    order: str = "in the order of the study",
    width_mm: float = DOUBLE_COLUMN_MM,
) -> Figure:
    """Plot the reference levels of the images in the order in which they were taken.

    Parameters
    ----------
    levels : mapping of str to array (N,)
        Grey level in each image by reference, such as "C-S-H"; NaN where an image has none.
    outliers : mapping of str to array of bool (N,)
        Which of them are outliers; they are ringed.
    samples : sequence of str, N
        Sample of each image.
    order : str
        What the order is, for the axis.
    width_mm : float
        Width of the figure, mm.

    Returns
    -------
    Figure
    """
    if not levels or not any(np.isfinite(np.asarray(one, float)).any() for one in levels.values()):
        raise NpmError("No image has a reference of its own: there is no drift to plot.")
    names = list(dict.fromkeys(samples))
    of = np.array([names.index(sample) for sample in samples])
    figure, axes = new_figure(len(levels), 1, width_mm, 0.22 * width_mm * len(levels), sharex=True)
    for panel, (name, values) in zip(axes[:, 0], levels.items(), strict=True):
        grey = np.asarray(values, float)
        place = np.arange(1, grey.size + 1)
        known = np.isfinite(grey)
        for k, sample in enumerate(names):
            own = known & (of == k)
            style = {"color": COLOURS[k % len(COLOURS)], "marker": MARKERS[k % len(MARKERS)]}
            panel.scatter(place[own], grey[own], s=10, linewidths=0, label=sample, **style)
        if known.any():
            panel.axhline(float(np.median(grey[known])), color="0.5", lw=0.7, ls="--", zorder=1)
        ringed = known & np.asarray(outliers[name], bool)
        if ringed.any():
            panel.scatter(
                place[ringed], grey[ringed], s=60, facecolors="none", edgecolors="black",
                linewidths=0.9, label="outlier", zorder=4,
            )  # fmt: skip
        panel.set_ylabel(f"Grey level, {name}")
        panel.margins(y=0.15)
    axes[-1, 0].set_xlim(0.2, len(samples) + 0.8)
    axes[-1, 0].xaxis.set_major_locator(MaxNLocator(integer=True))
    axes[-1, 0].set_xlabel(f"Image, {order}")
    handles = {
        label: handle
        for panel in axes[:, 0]
        for handle, label in zip(*panel.get_legend_handles_labels(), strict=True)
    }
    figure.legend(handles.values(), handles.keys(), loc="outside upper right", ncols=len(handles))
    return figure
