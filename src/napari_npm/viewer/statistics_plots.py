"""The plots of the Statistics dock: each point a tile, so that it leads to its image."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from .kinds import SAMPLE_COLOURS
from .plot_links import Points
from .statistics_work import PORE_AREA, POROSITY, Statistics, samples_in, spread

_MARKERS = ("o", "s", "^", "D", "v", "P", "X")


@dataclass(frozen=True)
class Drawing:
    """A plot: how it is drawn, what its points stand for, its data, and a file's name for it."""

    draw: Callable[[Any], None]
    links: Points
    table: Callable[[], Any]
    name: str


def _look(number: int) -> dict[str, Any]:
    colour = SAMPLE_COLOURS[number % len(SAMPLE_COLOURS)]
    return {"color": colour, "marker": _MARKERS[number % len(_MARKERS)]}


def scatter(found: Statistics) -> Drawing:
    """Return average pore size against porosity (Fig. 3c)."""
    tiles = found.tiles
    x, y = tiles[POROSITY].to_numpy(float), tiles[PORE_AREA].to_numpy(float) / 1e6

    def draw(axes: Any) -> None:
        for number, sample in enumerate(samples_in(tiles)):
            own = (tiles["sample"].astype(str) == sample).to_numpy()
            look = _look(number)
            axes.scatter(x[own], y[own], s=12, alpha=0.75, linewidths=0, **look)
            mean = np.nanmean(x[own]), np.nanmean(y[own])
            axes.scatter(*mean, s=70, edgecolors="white", zorder=3, label=sample, **look)
        axes.set_xlabel("porosity")
        axes.set_ylabel("average pore size (µm²)")
        axes.legend(title=None, frameon=False)

    texts = [
        f"{name}\nporosity {a:.3f}, pore size {b:.3g} µm²"
        for name, a, b in zip(tiles["name"], x, y, strict=True)
    ]
    columns = ["image", "row", "col", "sample", "specimen", POROSITY, PORE_AREA]
    links = Points(x, y, tiles["image"], texts)
    return Drawing(draw, links, lambda: tiles[columns], "porosity_pore_size")


def fractions(found: Statistics) -> Drawing:
    """Return the volume fractions of porosity ranges, bars and points of tiles (Fig. 3d)."""
    tiles, ranges = found.tiles, found.fractions
    samples = samples_in(tiles)
    width = 0.8 / len(samples)
    x, y, images, texts = [], [], [], []
    bars = []
    for place, (column, (low, high)) in enumerate(ranges.items()):
        for number, sample in enumerate(samples):
            own = tiles[tiles["sample"].astype(str) == sample]
            values = own[column].to_numpy(float)
            middle = place + (number - (len(samples) - 1) / 2) * width
            deviation = float(values.std(ddof=1)) if values.size > 1 else 0.0
            bars.append((middle, float(values.mean()), deviation, number))
            x += (middle + spread(values.size, 0.7 * width)).tolist()
            y += values.tolist()
            images += own["image"].tolist()
            texts += [
                f"{name}\n{100 * value:.1f} % of it has n of {low:g}–{high:g}"
                for name, value in zip(own["name"], values, strict=True)
            ]

    def draw(axes: Any) -> None:
        for middle, mean, deviation, number in bars:
            # A volume fraction is not negative: the error bars end at zero.
            error = [[min(mean, deviation)], [deviation]]
            colour = SAMPLE_COLOURS[number % len(SAMPLE_COLOURS)]
            label = samples[number] if middle < 0.5 else None
            look = {"ecolor": "0.5", "error_kw": {"elinewidth": 1, "capsize": 2}}
            axes.bar(middle, mean, 0.92 * width, yerr=error, color=colour, label=label, **look)
        axes.scatter(x, y, s=5, color="0.6", linewidths=0, alpha=0.9, zorder=3)
        axes.set_xticks(range(len(ranges)), [f"{a:g}–{b:g}" for a, b in ranges.values()])
        if len(ranges) > 6:
            axes.tick_params(axis="x", rotation=60)
        axes.set_xlabel("porosity n")
        axes.set_ylabel("volume fraction")
        axes.set_ylim(bottom=0)
        axes.legend(frameon=False)

    columns = ["image", "row", "col", "sample", "specimen", *ranges]
    return Drawing(draw, Points(x, y, images, texts), lambda: tiles[columns], "porosity_fractions")


def mean_pore_sizes(found: Statistics) -> Drawing:
    """Return how the average pore sizes of the tiles are distributed: the share below a size."""
    tiles = found.tiles
    size = tiles["pore_diameter_nm"].to_numpy(float) / 1000
    share = np.full(size.size, np.nan)
    names = tiles["sample"].astype(str).to_numpy()
    samples = samples_in(tiles)
    for sample in samples:
        own = np.flatnonzero((names == sample) & np.isfinite(size))
        order = own[np.argsort(size[own], kind="stable")]
        share[order] = np.arange(1, order.size + 1) / max(order.size, 1)

    def draw(axes: Any) -> None:
        for number, sample in enumerate(samples):
            own = np.flatnonzero(names == sample)
            own = own[np.argsort(share[own], kind="stable")]
            look = _look(number)
            axes.step(size[own], share[own], where="post", lw=1, color=look["color"])
            axes.scatter(size[own], share[own], s=12, linewidths=0, label=sample, **look)
        axes.set_xlabel("mean pore diameter of a tile (µm)")
        axes.set_ylabel("share of the tiles below")
        axes.set_ylim(0, 1.03)
        axes.legend(frameon=False)

    columns = ["image", "row", "col", "sample", "specimen", "pore_diameter_nm", "pores"]
    links = Points(size, share, tiles["image"], _pore_texts(found))
    return Drawing(draw, links, lambda: tiles[columns], "pore_diameters")


def _pore_texts(found: Statistics) -> list[str]:
    tiles = found.tiles
    sizes = tiles["pore_diameter_nm"].to_numpy(float) / 1000
    return [
        f"{name}\n{one:.3g} µm, {count} pores"
        for name, one, count in zip(tiles["name"], sizes, tiles["pores"], strict=True)
    ]


def pore_distribution(found: Statistics) -> Drawing:
    """Return the pores finer than a size, by area and by number; a point a tile at its mean."""
    pores, tiles = found.pores, found.tiles
    if pores is None or pores.empty:
        return mean_pore_sizes(found)
    samples = samples_in(tiles)
    size = tiles["pore_diameter_nm"].to_numpy(float) / 1000
    share = np.full(size.size, np.nan)
    curves = {}
    for sample in samples:
        own = pores[pores["sample"].astype(str) == sample].sort_values("diameter_nm")
        if own.empty:
            continue
        finer = own["number_finer"].to_numpy(float)
        curves[sample] = own["diameter_nm"].to_numpy(float) / 1000, finer, own["area_finer"]
        mine = (tiles["sample"].astype(str) == sample).to_numpy()
        place = np.searchsorted(curves[sample][0], size[mine], side="right") - 1
        share[mine] = np.where(place >= 0, finer[np.maximum(place, 0)], 0.0)

    def draw(axes: Any) -> None:
        for number, sample in enumerate(samples):
            if sample not in curves:
                continue
            diameter, finer, area = curves[sample]
            look = _look(number)
            mine = (tiles["sample"].astype(str) == sample).to_numpy()
            axes.plot(diameter, finer, lw=1.2, ls="--", color=look["color"])
            axes.plot(diameter, area, lw=1.4, color=look["color"], label=sample)
            axes.scatter(size[mine], share[mine], s=10, linewidths=0, zorder=3, **look)
        axes.set_xscale("log")
        axes.set_xlabel("pore diameter (µm); points: means of tiles")
        axes.set_ylabel("finer by area (–), number (- -)")
        axes.set_ylim(0, 1.03)
        axes.legend(frameon=False)

    return Drawing(
        draw, Points(size, share, tiles["image"], _pore_texts(found)), lambda: pores, "pore_sizes"
    )


PLOTS: dict[str, Callable[[Statistics], Drawing]] = {
    "Porosity and pore size (Fig. 3c)": scatter,
    "Porosity distribution (Fig. 3d)": fractions,
    "Pore size distribution": pore_distribution,
    "Mean pore size of tiles": mean_pore_sizes,
}
