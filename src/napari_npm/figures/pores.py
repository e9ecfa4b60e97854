"""Plots of pore sizes, and of lengths and shapes of pores and solid."""

from collections.abc import Callable, Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from napari_npm.core.errors import NpmError

from ._style import COLOURS, DOUBLE_COLUMN_MM, letters, new_figure, styled

Curve = tuple[NDArray[np.generic], NDArray[np.generic]]
_DASHES = {"pore": "-", "solid": "--"}


@styled
def pore_distribution_figure(
    by_number: Mapping[str, Curve],
    by_area: Mapping[str, Curve],
    *,
    width_mm: float = DOUBLE_COLUMN_MM,
) -> Figure:
    """Plot the cumulative distribution of pore sizes, by number and by area.

    Parameters
    ----------
    by_number, by_area : mapping of str to (array (S,), array (S,))
        Equivalent diameter in nm, rising, and the share of the pores, or of their area, in pores
        up to that size, by sample.
    width_mm : float
        Width of the figure, mm.

    Returns
    -------
    Figure
    """
    if not by_number or list(by_number) != list(by_area):
        raise NpmError("Give the pore sizes of the same samples by number and by area.")
    figure, axes = new_figure(1, 2, width_mm, 0.36 * width_mm, sharey=True)
    for panel, curves, label in zip(
        axes[0], (by_number, by_area), ("Share of the pores", "Share of the pores' area"),
        strict=True,
    ):  # fmt: skip
        for k, (name, (size, share)) in enumerate(curves.items()):
            x, y = np.asarray(size, float) / 1000, np.asarray(share, float)
            if x.size:  # the share rises from 0 at the smallest size
                x, y = np.append(x[:1], x), np.append(0, y)
            colour = COLOURS[k % len(COLOURS)]
            panel.step(x, y, where="post", color=colour, label=name)
        panel.set_xscale("log")
        panel.set_ylim(0, 1.02)
        panel.set_xlabel("Equivalent diameter of the pore (µm)")
        panel.set_ylabel(f"{label}, up to this size")
        panel.tick_params(labelleft=True)
    axes[0, 0].legend()
    letters(list(axes[0]))
    return figure


@styled
def shapes_figure(
    lineal_path: Mapping[tuple[str, str], Curve],
    chords: Mapping[tuple[str, str], Curve],
    thickness: Mapping[tuple[str, str], Curve],
    euler: Mapping[str, Curve],
    *,
    width_mm: float = DOUBLE_COLUMN_MM,
) -> Figure:
    """Plot lineal path, chord lengths, local thickness and Euler number of pores and solid.

    Parameters
    ----------
    lineal_path, chords, thickness : mapping of (str, str) to (array, array)
        By sample and phase ("pore", drawn in full, or "solid", dashed): length in µm, and the
        chance of a whole line of that length, the share of the chords that have that length, and
        the share of the phase up to that thickness.
    euler : mapping of str to (array, array)
        Threshold as porosity, and Euler number of the pixels above it a µm².
    width_mm : float
        Width of the figure, mm.

    Returns
    -------
    Figure
    """
    if not (lineal_path and euler):
        raise NpmError("There is nothing to plot: describe the samples with shapes first.")
    names = list(dict.fromkeys(name for name, _ in lineal_path))
    figure, axes = new_figure(2, 2, width_mm, 0.66 * width_mm)
    path, chord, thick, number = axes.ravel()
    _by_phase(path.semilogy, lineal_path, names)
    _labels(path, "Length r (µm)", "Lineal path L(r)")
    _by_phase(chord.semilogy, chords, names)
    _labels(chord, "Chord length (µm)", "Share of the chords")
    _by_phase(thick.plot, thickness, names)
    _labels(thick, "Local thickness (µm)", "Share of the phase, up to this")
    for name, (x, y) in euler.items():
        number.plot(x, y, color=COLOURS[names.index(name) % len(COLOURS)], label=name)
    number.axhline(0, color="0.4", linewidth=0.7, zorder=0)
    _labels(number, "Threshold (porosity)", "Euler number (µm⁻²)")
    path.set_ylim(bottom=1e-5)
    path.legend(title="Full: pores, dashed: solid")
    letters(list(axes.ravel()))
    return figure


def _by_phase(
    draw: Callable[..., object], curves: Mapping[tuple[str, str], Curve], names: list[str]
) -> None:
    for (name, phase), (x, y) in curves.items():
        # What is nowhere has no place on a logarithmic scale.
        known = np.asarray(y, float) > 0
        draw(
            np.asarray(x, float)[known],
            np.asarray(y, float)[known],
            _DASHES[phase],
            color=COLOURS[names.index(name) % len(COLOURS)],
            label=name if phase == "pore" else None,
        )


def _labels(panel: Axes, x: str, y: str) -> None:
    panel.set_xlabel(x)
    panel.set_ylabel(y)
