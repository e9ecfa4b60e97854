"""Figures of similar maps: difference matrices (Fig. S34) and shared patterns (Fig. 7)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.patheffects import Stroke, withStroke
from matplotlib.ticker import FuncFormatter
from numpy.typing import NDArray

from napari_npm.core.errors import NpmError
from napari_npm.core.wording import several

from ._style import (
    DOUBLE_COLUMN_MM,
    POROSITY_COLORMAP,
    PROBABILITY_COLORMAP,
    colour_bar,
    letters,
    new_figure,
    power_of_ten,
    scale_bar,
    show_map,
    styled,
)

MARK = "#D55E00"
_CONTOUR = "#56B4E9"
_GRADIENT_COLORMAP = "magma"
_QUANTILE = 0.995
_OUTLINE = [Stroke(linewidth=2.2, foreground="white"), withStroke(linewidth=1.1, foreground=MARK)]


@dataclass(frozen=True)
class Shared:
    """A shared pattern as the figures take it.

    Attributes
    ----------
    pattern : ndarray, (H, W)
        sR.
    fraction : float
        Share of the area within the contour.
    maps : int, optional
        How many maps share it: named where groups differ in size.
    """

    pattern: NDArray[Any]
    fraction: float
    maps: int | None = None


@styled
def matrix_figure(
    matrix: NDArray[Any],
    permutation: NDArray[Any],
    groups: Sequence[tuple[int, int]] = (),
    *,
    width_mm: float = DOUBLE_COLUMN_MM,
) -> Figure:
    """Draw a difference matrix and its gradient, as it was and in order (Fig. S34a-d).

    a the differences, b the size of their forward differences (along rows plus along columns:
    its sum is the total gradient), c and d the same in order, with the groups as numbered
    rectangles. Both matrices have one scale of colour, which leaves out the diagonal's zeros; so
    have both gradients, up to the 99.5 % quantile away from the diagonal.

    Parameters
    ----------
    matrix : array, (N, N)
        Differences of any two maps.
    permutation : array of int, (N,)
        Their order.
    groups : sequence of (int, int)
        Start and stop of each group along the order, numbered from 1.
    width_mm : float
        Width of the figure, mm.

    Returns
    -------
    Figure
    """
    values = np.asarray(matrix, dtype=np.float32)
    order = np.asarray(permutation)
    if values.ndim != 2 or len(set(values.shape)) > 1 or len(values) < 2:
        raise NpmError("Give a difference matrix of at least two maps to draw.")
    if order.shape != (len(values),):
        raise NpmError("Give the order of all maps of the matrix.")
    ordered = values[np.ix_(order, order)]
    apart = values[~np.eye(len(values), dtype=bool)]
    low, high = float(apart.min()), float(apart.max())
    gradients = [_gradient(one) for one in (values, ordered)]
    # the step from a map's difference to itself dwarfs all others
    away = np.abs(np.subtract.outer(np.arange(len(values)), np.arange(len(values)))) > 1
    steep = max(
        float(np.quantile(one[away], _QUANTILE)) if away.any() else 0.0 for one in gradients
    )
    figure, axes = new_figure(2, 2, width_mm, 0.88 * width_mm)
    # square panels beside bars: the plain layout cuts off labels at the left
    figure.set_layout_engine("compressed")
    for k, (differences, gradient) in enumerate(zip((values, ordered), gradients, strict=True)):
        _image(axes[k, 0], differences, low, high, POROSITY_COLORMAP)
        _image(axes[k, 1], gradient, 0.0, steep, _GRADIENT_COLORMAP)
        axes[k, 0].set_ylabel("Map" if k == 0 else "Map, in order")
    for panel in axes[1]:
        panel.set_xlabel("Map, in order")
    for panel in axes[0]:
        panel.set_xlabel("Map")
    for number, (start, stop) in enumerate(groups, 1):
        _mark(axes[1, 0], start, stop, number)
    for column, label, most in ((0, "Difference Σ|Δ$R$|", high), (1, "Gradient", steep)):
        unit, power = power_of_ten(most)
        bar = colour_bar(figure, axes[0, column].images[0], list(axes[:, column]), label + power)
        bar.ax.yaxis.set_major_formatter(
            FuncFormatter(lambda value, _, unit=unit: f"{value / unit:.3g}")
        )
    letters([*axes.ravel()])
    return figure


@styled
def shared_patterns_figure(
    patterns: Mapping[str, Sequence[Shared]],
    level: float,
    pixel_size_nm: float | None = None,
    *,
    width_mm: float = DOUBLE_COLUMN_MM,
) -> Figure:
    """Draw the shared patterns of each sample, with the contour (Fig. 7).

    Samples are rows, their groups columns, the most similar first. All have one scale of colour,
    up to the 99.5 % quantile; the contour encloses what counts as shared.

    Parameters
    ----------
    patterns : mapping of str to sequence of Shared
        By sample.
    level : float
        The contour's level.
    pixel_size_nm : float, optional
        Pixel size in nm, for the scale bars.
    width_mm : float
        Width of the figure, mm.

    Returns
    -------
    Figure
    """
    found = {name: list(some) for name, some in patterns.items() if some}
    if not found:
        raise NpmError("There is no shared pattern to draw: run compare first.")
    columns = max(len(some) for some in found.values())
    peak = max(
        float(np.quantile(one.pattern, _QUANTILE)) for some in found.values() for one in some
    )
    unit, power = power_of_ten(peak)
    norm = Normalize(0, peak / unit if peak > 0 else 1.0)
    rows, cols = np.shape(next(iter(found.values()))[0].pattern)
    side = (width_mm - 18) / max(columns, 2)
    width = width_mm if columns > 1 else side + 18
    height = len(found) * (side * rows / cols + 5)
    figure, axes = new_figure(len(found), columns, width, height)
    for row, (name, some) in enumerate(found.items()):
        for panel in axes[row, len(some) :]:
            panel.set_axis_off()
        for number, one in enumerate(some):
            panel = axes[row, number]
            shown = show_map(
                panel,
                np.asarray(one.pattern) / unit,
                _shared_title(number + 1, one, columns),
                norm=norm,
                cmap=PROBABILITY_COLORMAP,
            )
            if one.pattern.min() <= level < one.pattern.max():
                panel.contour(
                    np.asarray(one.pattern), levels=[level], colors=_CONTOUR, linewidths=0.5
                )
        axes[row, 0].set_ylabel(name)
        scale_bar(axes[row, 0], pixel_size_nm)
    bar = colour_bar(figure, shown, list(axes.ravel()), f"Shared pattern $sR${power}")
    if level / unit <= norm.vmax:  # type: ignore[operator] # set above
        bar.ax.axhline(level / unit, color=_CONTOUR, linewidth=1.0)
    return figure


@styled
def group_maps_figure(
    groups: Sequence[Sequence[NDArray[Any]]],
    pixel_size_nm: float | None = None,
    *,
    names: Sequence[str] = (),
    width_mm: float = DOUBLE_COLUMN_MM,
) -> Figure:
    """Draw the maps of each group side by side, as small pictures.

    Parameters
    ----------
    groups : sequence of sequences of array, (H, W, 3) or (H, W)
        Pictures of the maps of each group, such as from `relevance_rgb`.
    pixel_size_nm : float, optional
        Pixel size in nm, for the scale bar in the last picture of each row.
    names : sequence of str
        Names of the groups; numbers by default.
    width_mm : float
        Width of the figure, mm.

    Returns
    -------
    Figure
    """
    if not groups or not all(len(group) for group in groups):
        raise NpmError("Give at least one group, and maps of each.")
    columns = max(len(group) for group in groups)
    rows, cols = np.shape(groups[0][0])[:2]
    height = len(groups) * (width_mm - 5) / columns * rows / cols
    figure, axes = new_figure(len(groups), columns, width_mm, height)
    for row, group in enumerate(groups):
        for panel, picture in zip(axes[row], group, strict=False):
            show_map(panel, picture, **({} if np.ndim(picture) == 3 else {"cmap": "gray"}))
        for panel in axes[row, len(group) :]:
            panel.set_axis_off()
        axes[row, 0].set_ylabel(names[row] if names else f"Group {row + 1}")
        scale_bar(axes[row, len(group) - 1], pixel_size_nm)
    return figure


def _shared_title(number: int, one: Shared, columns: int) -> str:
    if one.maps is None:
        return f"Group {number}: {100 * one.fraction:.3g} % shared"
    if columns > 5:  # little room
        return f"{number} ({one.maps})\n{100 * one.fraction:.2g} %"
    return f"Group {number} ({several(one.maps, 'map')})\n{100 * one.fraction:.3g} % shared"


def _gradient(matrix: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the size of forward differences along rows plus along columns; 0 beyond the edge."""
    found = np.zeros_like(matrix)
    found[:-1] += np.abs(np.diff(matrix, axis=0))
    found[:, :-1] += np.abs(np.diff(matrix, axis=1))
    return found


def _image(axes: Axes, values: NDArray[np.float32], low: float, high: float, cmap: str) -> None:
    """Show a matrix as one image: a thousand maps are a million cells, and no artist each."""
    norm = Normalize(low, high if high > low else low + 1)
    size = len(values)
    axes.imshow(values, norm=norm, cmap=cmap, extent=(0.5, size + 0.5, size + 0.5, 0.5))


def _mark(axes: Axes, start: int, stop: int, number: int) -> None:
    corner, size = start + 0.5, stop - start
    axes.add_patch(
        Rectangle((corner, corner), size, size, fill=False, color=MARK, path_effects=_OUTLINE)
    )
    axes.annotate(
        str(number),
        (corner + size, corner),
        xytext=(2, 2),
        textcoords="offset points",
        color=MARK,
        fontweight="bold",
        path_effects=[withStroke(linewidth=1.5, foreground="white")],
    )
