"""Figures of maps: porosity, BSE beside porosity, and the LP/HP split (Figs 3a-b, S2 and S3)."""

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from napari_npm.core.errors import NpmError
from napari_npm.core.regions import isodata_split

from ._style import (
    DOUBLE_COLUMN_MM,
    POROSITY_COLORMAP,
    SINGLE_COLUMN_MM,
    colour_bar,
    letters,
    new_figure,
    scale_bar,
    show_map,
    styled,
)

Map = NDArray[np.generic]
POROSITY = "Equivalent porosity $n$"


@styled
def porosity_figure(
    porosity: Map,
    pixel_size_nm: float | None = None,
    *,
    title: str = "",
    limits: tuple[float, float] = (0.0, 1.0),
    colormap: str = POROSITY_COLORMAP,
    width_mm: float = SINGLE_COLUMN_MM,
) -> Figure:
    """Draw a porosity map with colour bar and scale bar.

    Parameters
    ----------
    porosity : array, (H, W)
        Porosity in [0, 1].
    pixel_size_nm : float, optional
        Pixel size in nm, for the scale bar; without it there is none.
    title : str
        Title.
    limits : (float, float)
        Porosity at the ends of the colour bar.
    colormap : str
        Name of a matplotlib colormap.
    width_mm : float
        Width of the figure, mm.

    Returns
    -------
    Figure
    """
    image = _map(porosity)
    height = 0.84 * width_mm * image.shape[0] / image.shape[1] + (5 if title else 1)
    figure, axes = new_figure(1, 1, width_mm, height)
    options = {"cmap": colormap, "vmin": limits[0], "vmax": limits[1]}
    shown = show_map(axes[0, 0], image, title, **options)
    scale_bar(axes[0, 0], pixel_size_nm)
    colour_bar(figure, shown, axes[0, 0], POROSITY)
    return figure


@styled
def porosity_maps(
    maps: Mapping[str, tuple[Map, Map]],
    pixel_size_nm: float | None = None,
    *,
    width_mm: float | None = None,
) -> Figure:
    """Draw a MicF and a MulF map of each sample (Fig. 3a-b).

    Parameters
    ----------
    maps : mapping of str to (array (H, W), array (H, W))
        MicF and MulF map by sample.
    pixel_size_nm : float, optional
        Pixel size in nm, for the scale bar.
    width_mm : float, optional
        Width of the figure, mm; one or two columns by default, as the samples need.

    Returns
    -------
    Figure
    """
    if not maps:
        raise NpmError("Give the maps of at least one sample.")
    width = width_mm or (SINGLE_COLUMN_MM if len(maps) <= 2 else DOUBLE_COLUMN_MM)
    height = 2 * 0.88 * width / len(maps) + 6
    figure, axes = new_figure(2, len(maps), width, height)
    for column, (name, pair) in enumerate(maps.items()):
        for row, (kind, image) in enumerate(zip(("MicF", "MulF"), pair, strict=True)):
            panel = axes[row, column]
            options = {"cmap": POROSITY_COLORMAP, "vmin": 0, "vmax": 1}
            shown = show_map(panel, _map(image), name if row == 0 else "", **options)
            scale_bar(panel, pixel_size_nm)
            if column == 0:
                panel.set_ylabel(kind)
    colour_bar(figure, shown, list(axes.ravel()), POROSITY)
    return figure


@styled
def bse_figure(
    bse: Map,
    porosity: Map,
    pixel_size_nm: float | None = None,
    *,
    width_mm: float = 1.5 * SINGLE_COLUMN_MM,
) -> Figure:
    """Draw a BSE image beside the map calibrated from it (Fig. S2).

    Parameters
    ----------
    bse : array, (H, W)
        Grey values, shown from the lowest to the highest.
    porosity : array, (H, W)
        Porosity in [0, 1].
    pixel_size_nm : float, optional
        Pixel size in nm, for the scale bars.
    width_mm : float
        Width of the figure, mm.

    Returns
    -------
    Figure
    """
    image, calibrated = _map(bse), _map(porosity)
    height = 0.45 * width_mm * image.shape[0] / image.shape[1] + 5
    figure, axes = new_figure(1, 2, width_mm, height)
    show_map(axes[0, 0], image, "BSE image", cmap="gray")
    options = {"cmap": POROSITY_COLORMAP, "vmin": 0, "vmax": 1}
    shown = show_map(axes[0, 1], calibrated, "NPM", **options)
    letters([*axes[0]])
    for panel in axes[0]:
        scale_bar(panel, pixel_size_nm)
    colour_bar(figure, shown, [*axes[0]], POROSITY)
    return figure


@styled
def isodata_figure(
    micf: Map,
    mulf: Map,
    pixel_size_nm: float | None = None,
    *,
    width_mm: float = SINGLE_COLUMN_MM,
) -> Figure:
    """Draw MicF and MulF maps beside their LP/HP split, HP white and LP black (Fig. S3).

    Parameters
    ----------
    micf, mulf : array, (H, W)
        Porosity in [0, 1].
    pixel_size_nm : float, optional
        Pixel size in nm, for the scale bars.
    width_mm : float
        Width of the figure, mm.

    Returns
    -------
    Figure
    """
    first = _map(micf)
    height = 0.9 * width_mm * first.shape[0] / first.shape[1] + 8
    figure, axes = new_figure(2, 2, width_mm, height)
    for row, (name, porosity) in enumerate((("MicF NPM", first), ("MulF NPM", _map(mulf)))):
        split = isodata_split(porosity)
        options = {"cmap": POROSITY_COLORMAP, "vmin": 0, "vmax": 1}
        shown = show_map(axes[row, 0], porosity, name, **options)
        show_map(axes[row, 1], split.high, f"HP: $n$ > {split.porosity:.3f}", cmap="gray")
        axes[row, 1].images[0].set_clim(0, 1)
        scale_bar(axes[row, 0], pixel_size_nm)
    letters([*axes.ravel()])
    colour_bar(figure, shown, list(axes.ravel()), POROSITY)
    return figure


def _map(image: Map) -> Map:
    values = np.asarray(image)
    if values.ndim != 2 or values.size == 0:
        raise NpmError("Give one map with rows and columns to draw it.")
    return values
