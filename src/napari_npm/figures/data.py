"""The numbers behind a figure: what its axes show, as tables and maps."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PathCollection
from matplotlib.container import BarContainer, ErrorbarContainer
from matplotlib.figure import Figure
from numpy.typing import NDArray

Row = tuple[Any, ...]
COLUMNS = ("panel", "series", "x", "y", "x_low", "x_high", "y_low", "y_high")


def figure_data(figure: Figure) -> tuple[dict[str, list[Row]], dict[str, NDArray[Any]]]:
    """Return what the axes of a figure show.

    Parameters
    ----------
    figure : Figure
        Any.

    Returns
    -------
    tables : dict of str to list of tuple
        ``plot``, if anything is plotted: rows of panel, series, x, y and the ends of error bars,
        the first row with the names of the columns.
    maps : dict of str to array
        The data of each image by panel: values as float32, or colours as uint8 where a panel
        shows colours only (`raw_maps` of a panel, where a figure keeps them, come first).
    """
    rows: list[Row] = []
    maps: dict[str, NDArray[Any]] = {}
    panels = [axes for axes in figure.axes if not _is_key(axes)]
    for number, axes in enumerate(panels, start=1):
        name = f"panel_{number:02d}"
        rows += [(name, *row) for row in _series(axes)]
        kept = getattr(axes, "raw_maps", {})
        for what, values in kept.items():
            maps[f"{name}_{what}"] = _writable(values)
        if not kept:
            for place, image in enumerate(axes.images):
                maps[f"{name}{f'_{place + 1}' if place else ''}"] = _writable(image.get_array())
    return ({"plot": [COLUMNS, *rows]} if rows else {}), maps


def _is_key(axes: Axes) -> bool:
    """Tell whether axes are a colour bar."""
    return hasattr(axes, "_colorbar")


def _series(axes: Axes) -> Iterator[Row]:
    """Yield series, x, y and the ends of error bars of what is plotted in axes."""
    seen: set[int] = set()
    for container in axes.containers:
        label = container.get_label()
        if isinstance(container, ErrorbarContainer):
            line, caps, bars = container.lines
            seen.update(id(part) for part in (line, *caps, *bars) if part is not None)
            if line is not None:
                yield from _with_errors(_named(label), line.get_xydata(), container, bars)
        elif isinstance(container, BarContainer):
            for bar in container.patches:
                low, size = bar.get_x(), bar.get_width()
                yield (_named(label), low + size / 2, bar.get_y() + bar.get_height(), low,
                       low + size, bar.get_y(), bar.get_y() + bar.get_height())  # fmt: skip
    for number, line in enumerate(axes.lines, start=1):
        # lines across the whole axes are marks, not data
        if id(line) in seen or line.get_transform() != axes.transData:
            continue
        label = _named(line.get_label(), f"line {number}")
        for x, y in np.asarray(line.get_xydata(), float):
            yield (label, x, y, "", "", "", "")
    for number, points in enumerate(axes.collections, start=1):
        if isinstance(points, PathCollection):
            label = _named(points.get_label(), f"points {number}")
            for x, y in np.asarray(points.get_offsets(), float):
                yield (label, x, y, "", "", "", "")


def _with_errors(
    label: str, points: Any, container: ErrorbarContainer, bars: tuple[LineCollection, ...]
) -> Iterator[Row]:
    ends = [np.array(bar.get_segments(), float).reshape(-1, 2, 2) for bar in bars]
    across = ends.pop(0)[:, :, 0] if container.has_xerr else None
    along = ends.pop(0)[:, :, 1] if container.has_yerr else None
    for number, (x, y) in enumerate(np.asarray(points, float)):
        limits: list[Any] = []
        for one in (across, along):
            limits += [*one[number]] if one is not None and number < len(one) else ["", ""]
        yield (label, x, y, *limits)


def _named(label: object, otherwise: str = "") -> str:
    """Return a label, unless it is one that matplotlib made up."""
    words = str(label)
    return otherwise if words.startswith("_") or not words else words


def _writable(values: Any) -> NDArray[Any]:
    array = np.ma.filled(np.ma.asarray(values), np.nan) if np.ma.isMaskedArray(values) else values
    array = np.asarray(array)
    if array.ndim == 3:
        colours = array[..., :3]
        return colours if colours.dtype == np.uint8 else np.rint(colours * 255).astype(np.uint8)
    return array if array.dtype in (np.uint8, np.bool_) else array.astype(np.float32)
