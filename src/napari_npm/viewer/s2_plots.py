"""The plots of the S2 dock: heat maps of P(dn | r) or of a difference, and the cut dn = 0."""

from typing import Any

import numpy as np

from .kinds import SAMPLE_COLOURS
from .plot_links import Values
from .s2_work import Compared, Correlation

_DECADES = 4


def draw_correlation(axes: Any, found: Correlation) -> None:
    """Draw P(dn | r) as a heat map with a logarithmic scale, and P(dn = 0 | r) below."""
    from matplotlib.colors import LogNorm

    shown = np.ma.masked_equal(found.probability[1:].T, 0.0)
    top = float(shown.max())
    norm = LogNorm(top * 10.0**-_DECADES, top)
    _draw(axes, (found,), shown, {"norm": norm, "cmap": "viridis"}, "P(Δn | r)").extend = "min"


def draw_change(axes: Any, compared: Compared) -> None:
    """Draw the difference of two samples as a heat map, and P(dn = 0 | r) of both below."""
    change = compared.change[1:].T
    size = float(np.quantile(np.abs(change), 0.995)) or 1.0
    look = {"vmin": -size, "vmax": size, "cmap": "RdBu_r"}
    title = f"{compared.second.name} − {compared.first.name}"
    bar = _draw(axes, (compared.first, compared.second), change, look, title)
    marks = compared.significant
    if marks is not None and marks[1:].any() and not marks[1:].all():
        heat, first = bar.ax.figure.axes[0], compared.first
        heat.contour(
            first.distance[1:], first.difference, marks[1:].T, [0.5], colors="black", linewidths=0.8
        )
    bar.formatter.set_powerlimits((-2, 2))
    bar.update_ticks()


def _draw(
    axes: Any, curves: tuple[Correlation, ...], shown: Any, look: dict[str, Any], label: str
) -> Any:
    figure, first = axes.figure, curves[0]
    axes.remove()
    heat, cut = figure.subplots(2, 1, sharex=True, height_ratios=(5, 3))
    half, step = first.distance[1] / 2, first.difference[1] / 2
    extent = (half, first.distance[-1] + half, -step, 1 + step)
    mesh = heat.imshow(shown, origin="lower", aspect="auto", extent=extent, **look)
    heat.set_ylabel("Δn")
    for curve, colour in zip(curves, _colours(curves), strict=True):
        same = np.where(curve.probability.any(axis=1), curve.probability[:, 0], np.nan)[1:]
        cut.plot(curve.distance[1:], same, color=colour, lw=1.3, label=curve.name)
        _mark_length(cut, curve, same, colour)
    _limit(cut, curves)
    cut.set_xlim(0, extent[1])
    cut.set_xlabel(f"r ({first.unit})")
    cut.set_ylabel("P(Δn = 0 | r)")
    if len(curves) > 1:
        cut.legend(frameon=False, ncols=2)
    bar = figure.colorbar(mesh, ax=[heat, cut], shrink=0.6, anchor=(0.0, 1.0))
    bar.set_label(label)
    return bar


def _colours(curves: tuple[Correlation, ...]) -> tuple[str, ...]:
    return SAMPLE_COLOURS[:1] if len(curves) == 1 else SAMPLE_COLOURS[:2]


def _mark_length(cut: Any, curve: Correlation, same: Any, colour: str) -> None:
    """Mark the characteristic length; an open mark is not determined."""
    length = curve.lengths["characteristic"]
    if isinstance(length, str) or length.px < 1:
        return
    level = same[length.px - 1]
    face = colour if length.determined else "none"
    cut.plot(length.um, level, "o", color=colour, markerfacecolor=face, ms=5)
    if length.low_um is not None and length.high_um is not None:
        cut.hlines(level, length.low_um, length.high_um, color=colour, lw=1)


def _limit(cut: Any, curves: tuple[Correlation, ...]) -> None:
    # The first few distances are far higher than the rest and would flatten the minimum.
    tops, lows = [], []
    for curve in curves:
        same = curve.probability[1:, 0][curve.probability[1:].any(axis=1)]
        rest = same[same.size // 10 :]
        if rest.size:
            tops.append(min(float(same.max()), float(rest.min() + 4 * np.ptp(rest))) * 1.01)
            lows.append(float(rest.min()))
    if tops and max(tops) > min(lows):
        cut.set_ylim(min(lows) - 0.06 * (max(tops) - min(lows)), max(tops))


def links_of(found: Correlation | Compared) -> Values:
    """Return what tells the value of a cell."""
    first = found.first if isinstance(found, Compared) else found

    def say(row: int, column: int) -> str:
        r, dn = first.distance[column + 1], first.difference[row]
        text = f"r = {r:.3g} {first.unit}, Δn = {dn:.3f}\n"
        if isinstance(found, Compared):
            a, b = found.first, found.second
            pair = (one.probability[column + 1, row] for one in (a, b))
            shares = ", ".join(
                f"{one.name} {value:.3g}" for one, value in zip((a, b), pair, strict=True)
            )
            return f"{text}P: {shares}; difference {found.change[column + 1, row]:.2g}"
        return f"{text}P(Δn | r) = {found.probability[column + 1, row]:.3g}"

    return Values(first.distance[1:], first.difference, say)
