"""Figures of the two-point correlation S2(r, dn) (Fig. 6)."""

from collections.abc import Mapping, Sequence
from itertools import combinations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm, Normalize
from matplotlib.figure import Figure
from numpy.typing import NDArray

from napari_npm.core.correlation import Length, TwoPoint
from napari_npm.core.errors import NpmError

from ._style import (
    COLOURS,
    DOUBLE_COLUMN_MM,
    PROBABILITY_COLORMAP,
    SINGLE_COLUMN_MM,
    colour_bar,
    new_figure,
    power_of_ten,
    styled,
)

DISTANCE = "Distance $r$ (µm)"
DIFFERENCE = "Porosity difference Δ$n$"
# Fainter probabilities than this share of the highest one are drawn as the lowest colour.
_DECADES = 4


@styled
def two_point_figure(
    correlations: Mapping[str, TwoPoint],
    pixel_size_nm: float,
    *,
    differences: bool = True,
    significant: Mapping[tuple[str, str], NDArray[np.bool_]] | None = None,
    width_mm: float | None = None,
) -> Figure:
    """Draw P(dn | r) of each sample as a heat map, and the differences of samples (Fig. 6).

    Probabilities have a logarithmic colour scale over the same range in every panel; cells
    without any pair are white. Differences have a linear scale, symmetric about zero, that ends
    at the 99.5 % quantile of their size.

    Parameters
    ----------
    correlations : mapping of str to TwoPoint
        By sample; all with the same r_max and levels.
    pixel_size_nm : float
        Pixel size in nm.
    differences : bool
        Add a row with the difference of each pair of samples (at most the first three pairs).
    significant : mapping of (str, str) to array of bool, (r_max + 1, levels), optional
        By pair of samples, where their difference is significant, as
        `CorrelationDifference.significant` tells: outlined in black.
    width_mm : float, optional
        Width of the figure, mm; one or two columns by default, as the samples need.

    Returns
    -------
    Figure
    """
    extent = _checked(correlations, pixel_size_nm)
    pairs = list(combinations(correlations, 2))[:3] if differences else []
    columns = max(len(correlations), len(pairs))
    rows = 2 if pairs else 1
    width = width_mm or (SINGLE_COLUMN_MM if columns == 1 else DOUBLE_COLUMN_MM)
    height = rows * (max(0.8 * (width - 20) / columns, 30.0) + 8)
    figure, axes = new_figure(rows, columns, width, height, sharex=True, sharey=True)
    # r = 0 holds each pixel with itself, P(0 | 0) = 1, and tells nothing.
    maps = {name: found.probability[1:].T for name, found in correlations.items()}
    peak = max(float(probability.max()) for probability in maps.values())
    options = {"origin": "lower", "aspect": "auto", "extent": extent}
    norm: Normalize = LogNorm(peak * 10.0**-_DECADES, peak)
    for panel, (name, probability) in zip(axes[0], maps.items(), strict=False):
        shown_values = np.ma.masked_equal(probability, 0.0)
        shown = panel.imshow(shown_values, norm=norm, cmap=PROBABILITY_COLORMAP, **options)
        panel.set_title(name)
    colour_bar(figure, shown, list(axes[0]), "P(Δ$n$ | $r$)").extend = "min"
    if pairs:
        changes = [maps[second] - maps[first] for first, second in pairs]
        size = float(np.quantile(np.abs(changes), 0.995)) or 1.0
        unit, power = power_of_ten(size)
        norm = Normalize(-size / unit, size / unit)
        for panel, (first, second), change in zip(axes[1], pairs, changes, strict=False):
            shown = panel.imshow(change / unit, norm=norm, cmap="RdBu_r", **options)
            panel.set_title(f"{second} − {first}")
            marked = (significant or {}).get((first, second))
            if marked is not None:
                _outline(panel, marked[1:].T, extent)
        colour_bar(figure, shown, list(axes[1]), f"Difference{power}")
    for row, used in enumerate((len(correlations), len(pairs))[:rows]):
        for panel in axes[row, used:]:
            panel.set_axis_off()
    for panel in axes[:, 0]:
        panel.set_ylabel(DIFFERENCE)
    for panel in axes[-1]:
        panel.set_xlabel(DISTANCE)
    return figure


@styled
def same_porosity_figure(
    correlations: Mapping[str, TwoPoint],
    pixel_size_nm: float,
    lengths: Mapping[str, Length] | None = None,
    *,
    width_mm: float = SINGLE_COLUMN_MM,
) -> Figure:
    """Plot P(dn = 0 | r), two pixels of the same porosity, and its lowest point.

    Parameters
    ----------
    correlations : mapping of str to TwoPoint
        By sample.
    pixel_size_nm : float
        Pixel size in nm.
    lengths : mapping of str to Length, optional
        Characteristic lengths, marked on the curves with their interval; open marks are not
        determined.
    width_mm : float
        Width of the figure, mm.

    Returns
    -------
    Figure
    """
    _checked(correlations, pixel_size_nm)
    figure, axes = new_figure(1, 1, width_mm, 0.7 * width_mm)
    panel = axes[0, 0]
    curves = {
        name: np.where(found.pairs > 0, found.probability[:, 0], np.nan)[1:]
        for name, found in correlations.items()
    }
    top = max(_top(same[np.isfinite(same)]) for same in curves.values())
    unit, power = power_of_ten(top)
    for k, (name, same) in enumerate(curves.items()):
        colour = COLOURS[k % len(COLOURS)]
        panel.plot(
            correlations[name].r[1:] * pixel_size_nm / 1000, same / unit, color=colour, label=name
        )
        length = (lengths or {}).get(name)
        if length is not None:
            level = float(same[length.px - 1]) / unit
            face = colour if length.determined else "white"
            panel.plot(length.um, level, "o", color=colour, markerfacecolor=face, markersize=4.5)
            if length.low_um is not None and length.high_um is not None:
                panel.hlines(level, length.low_um, length.high_um, color=colour, linewidth=0.8)
    # The first few distances are far higher than the rest and would flatten the minimum.
    panel.set_ylim(top=top / unit)
    panel.set_xlim(left=0)
    panel.set_xlabel(DISTANCE)
    panel.set_ylabel(f"P(Δ$n$ = 0 | $r$){power}")
    panel.legend()
    return figure


@styled
def cuts_figure(
    correlations: Mapping[str, TwoPoint],
    pixel_size_nm: float,
    distances_um: Sequence[float] | None = None,
    *,
    width_mm: float = DOUBLE_COLUMN_MM,
) -> Figure:
    """Plot cuts P(dn | r) at a few distances, one panel each.

    Parameters
    ----------
    correlations : mapping of str to TwoPoint
        By sample; all with the same r_max and levels.
    pixel_size_nm : float
        Pixel size in nm.
    distances_um : sequence of float, optional
        Distances, µm, each rounded to whole pixels; by default one pixel, and a tenth, three
        tenths and all of r_max.
    width_mm : float
        Width of the figure, mm.

    Returns
    -------
    Figure

    Raises
    ------
    NpmError
        For a distance below one pixel or beyond r_max.
    """
    _checked(correlations, pixel_size_nm)
    um = pixel_size_nm / 1000
    last = len(next(iter(correlations.values())).r) - 1
    if distances_um is None:
        cuts = sorted({1, *(max(1, round(share * last)) for share in (0.1, 0.3, 1.0))})
    else:
        cuts = [round(distance / um) for distance in distances_um]
    if not cuts or min(cuts) < 1 or max(cuts) > last:
        raise NpmError(f"Choose distances from {um:.3g} to {last * um:.3g} µm.")
    figure, axes = new_figure(1, len(cuts), width_mm, width_mm / 3.2, sharex=True, sharey=True)
    for panel, r in zip(axes[0], cuts, strict=True):
        for k, (name, found) in enumerate(correlations.items()):
            difference = np.arange(found.levels) / (found.levels - 1)
            shown = np.ma.masked_equal(found.probability[r], 0.0)
            panel.plot(difference, shown, color=COLOURS[k % len(COLOURS)], label=name)
        panel.set_yscale("log")
        panel.set_title(f"$r$ = {r * um:.3g} µm")
        panel.set_xlabel(DIFFERENCE)
    axes[0, 0].set_ylabel("P(Δ$n$ | $r$)")
    axes[0, 0].legend()
    return figure


@styled
def directions_figure(
    directions: Mapping[str, Sequence[TwoPoint]],
    pixel_size_nm: float,
    *,
    width_mm: float = DOUBLE_COLUMN_MM,
) -> Figure:
    """Plot P(dn = 0 | r) in each sector of angle, one panel a sample.

    Parameters
    ----------
    directions : mapping of str to sequence of TwoPoint
        By sample, from `two_point_by_direction`; of an isotropic sample all curves agree.
    pixel_size_nm : float
        Pixel size in nm.
    width_mm : float
        Width of the figure, mm.

    Returns
    -------
    Figure
    """
    if not directions or not all(directions.values()):
        raise NpmError("There is no two-point correlation by direction to draw.")
    figure, axes = new_figure(1, len(directions), width_mm, width_mm / 3, sharex=True, sharey=True)
    for panel, (name, sectors) in zip(axes[0], directions.items(), strict=True):
        _checked({str(k): found for k, found in enumerate(sectors)}, pixel_size_nm)
        for k, found in enumerate(sectors):
            same = np.where(found.pairs > 0, found.probability[:, 0], np.nan)[1:]
            style = ("-", "--", ":", "-.")[k // len(COLOURS) % 4]
            panel.plot(
                found.r[1:] * pixel_size_nm / 1000,
                same,
                style,
                color=COLOURS[k % len(COLOURS)],
                label=f"{k * 180 / len(sectors):.3g}°",
            )
        panel.set_title(name)
        panel.set_yscale("log")
        panel.set_xlabel(DISTANCE)
    axes[0, 0].set_ylabel("P(Δ$n$ = 0 | $r$)")
    axes[0, 0].legend()
    return figure


def _outline(
    panel: Axes, marked: NDArray[np.bool_], extent: tuple[float, float, float, float]
) -> None:
    """Outline cells; a frame of unmarked cells closes the outline at the edges."""
    if not marked.any():
        return
    rows, columns = marked.shape
    wide, high = (extent[1] - extent[0]) / columns, (extent[3] - extent[2]) / rows
    x = extent[0] + wide * (np.arange(columns + 2) - 0.5)
    y = extent[2] + high * (np.arange(rows + 2) - 0.5)
    panel.contour(x, y, np.pad(marked, 1).astype(float), [0.5], colors="black", linewidths=0.5)


def _top(same: NDArray[np.float64]) -> float:
    """Upper end of the axis: four times the range of all but the nearest tenth of distances."""
    rest = same[same.size // 10 :]
    return min(float(same.max()), float(rest.min() + 4 * np.ptp(rest))) * 1.01


def _checked(
    correlations: Mapping[str, TwoPoint], pixel_size_nm: float
) -> tuple[float, float, float, float]:
    """Return the edges of the heat maps: r in µm, dn in porosity."""
    if not correlations:
        raise NpmError("There is no two-point correlation to draw.")
    shapes = {found.probability.shape for found in correlations.values()}
    if len(shapes) > 1:
        raise NpmError("Draw only correlations with the same r_max and number of levels together.")
    if not (np.isfinite(pixel_size_nm) and pixel_size_nm > 0):
        raise NpmError("Give the pixel size in nm, above 0, to draw distances.")
    (rows, levels) = shapes.pop()
    um, step = pixel_size_nm / 1000, 1 / (levels - 1)
    return (0.5 * um, (rows - 0.5) * um, -0.5 * step, 1 + 0.5 * step)
