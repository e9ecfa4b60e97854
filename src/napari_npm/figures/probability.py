"""Figure of what a network says of an image, place by place."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from numpy.typing import NDArray

from napari_npm.core.errors import NpmError

from ._style import (
    COLOURS,
    DOUBLE_COLUMN_MM,
    POROSITY_COLORMAP,
    letters,
    new_figure,
    scale_bar,
    show_map,
    styled,
)

_KEY_STEPS = 64
_LEGEND_COLUMNS = 4


def class_colours(n: int) -> list[tuple[float, float, float]]:
    """Return a colour for each of n classes: told apart with any colour vision up to seven."""
    from matplotlib import colormaps

    if n <= len(COLOURS):
        return [to_rgb(colour) for colour in COLOURS[:n]]
    return [colormaps["viridis"](place)[:3] for place in np.linspace(0, 1, n)]


def classes_rgb(probability: NDArray[np.generic]) -> NDArray[np.float32]:
    """Show the most probable class as a colour, the paler the less sure it is.

    Parameters
    ----------
    probability : array, (C, H, W)
        Probability of each class.

    Returns
    -------
    array of float32, (H, W, 3)
        White where all classes are alike, the class's colour where it is sure.
    """
    values = np.asarray(probability, dtype=np.float32)
    if values.ndim != 3 or len(values) < 2 or values.size == 0:
        raise NpmError("Give the probabilities of two or more classes, (classes, rows, columns).")
    colours = np.array(class_colours(len(values)), dtype=np.float32)
    chance = 1 / len(values)
    sure = np.clip((values.max(0) - chance) / (1 - chance), 0, 1)[..., np.newaxis]
    picture: NDArray[np.float32] = (1 - sure + sure * colours[values.argmax(0)]).astype(np.float32)
    return picture


@styled
def probability_figure(
    porosity: NDArray[np.generic],
    probability: NDArray[np.generic],
    classes: Sequence[str],
    pixel_size_nm: float | None = None,
    *,
    mean: Sequence[float] | NDArray[np.generic] | None = None,
    title: str = "",
    width_mm: float = DOUBLE_COLUMN_MM,
) -> Figure:
    """Draw an image's porosity beside the class that a network holds for most probable in it.

    Parameters
    ----------
    porosity : array, (H, W)
        Porosity in [0, 1].
    probability : array, (C, H, W)
        Probability of each class, of the same pixels.
    classes : sequence of str
        Names of the classes.
    pixel_size_nm : float, optional
        Pixel size in nm, for the scale bars.
    mean : sequence of float, optional
        Probability of each class over the whole image, for the legend; the mean by default.
    title : str
        Title.
    width_mm : float
        Width of the figure, mm.

    Returns
    -------
    Figure

    Raises
    ------
    NpmError
        If map, probabilities and names do not fit.
    """
    image, shares = np.asarray(porosity), np.asarray(probability)
    picture = classes_rgb(shares)
    if image.shape != shares.shape[1:] or len(classes) != len(shares):
        raise NpmError(
            f"The probabilities of {len(classes)} classes have the shape {shares.shape} and the map"
            f" {image.shape}: give those of the same image and classes."
        )
    over_all = shares.mean((1, 2)) if mean is None else np.asarray(mean)
    lines = -(-len(classes) // _LEGEND_COLUMNS)
    height = 0.395 * width_mm * image.shape[0] / image.shape[1] + 4 * lines + (14 if title else 10)
    figure, axes = new_figure(1, 2, width_mm, height)
    options = {"cmap": POROSITY_COLORMAP, "vmin": 0, "vmax": 1}
    shown = show_map(axes[0, 0], image, "NPM", **options)
    show_map(axes[0, 1], picture, "Most probable class")
    letters([*axes[0]])
    for panel in axes[0]:
        scale_bar(panel, pixel_size_nm)
    bar = figure.colorbar(shown, cax=axes[0, 0].inset_axes((1.03, 0.0, 0.04, 1.0)))
    bar.set_label("Equivalent porosity $n$")
    bar.outline.set_linewidth(0.6)
    _key(axes[0, 1], len(classes))
    if title:
        figure.suptitle(title)
    handles = [
        Patch(facecolor=colour, edgecolor="black", linewidth=0.4, label=f"{name}: {share:.0%}")
        for colour, name, share in zip(
            class_colours(len(classes)), classes, over_all.tolist(), strict=True
        )
    ]
    figure.legend(
        handles=handles,
        loc="outside lower center",
        ncols=min(len(classes), _LEGEND_COLUMNS),
        title="Class: probability over the image",
    )
    return figure


def _key(panel: Axes, n: int) -> None:
    """Put beside the map how the colours fade with the probability."""
    sure = np.linspace(0, 1, _KEY_STEPS)[:, np.newaxis, np.newaxis]
    colours = np.array(class_colours(n))[np.newaxis]
    bar = panel.inset_axes((1.03, 0.0, 0.03 * n, 1.0))
    bar.imshow(1 - sure + sure * colours, origin="lower", aspect="auto", extent=(0, n, 1 / n, 1))
    bar.set_xticks([])
    bar.yaxis.tick_right()
    bar.yaxis.set_label_position("right")
    bar.set_ylabel("Probability of that class")
