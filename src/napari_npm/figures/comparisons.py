"""Differences between samples with their critical ranges (Table 2 as a figure)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure

from napari_npm.core.errors import NpmError

from ._style import COLOURS, SINGLE_COLUMN_MM, new_figure, styled


@dataclass(frozen=True)
class Difference:
    """The difference of two samples' means, and what it must exceed.

    Attributes
    ----------
    pair : str
        Names of the two samples.
    value : float
        Second mean less first mean.
    critical_range : float
        The difference is significant if it is larger.
    """

    pair: str
    value: float
    critical_range: float


@styled
def comparison_figure(
    differences: Mapping[str, Mapping[str, Sequence[Difference]]],
    *,
    confidence: float,
    width_mm: float = SINGLE_COLUMN_MM,
) -> Figure:
    """Plot differences of means with their critical ranges (Table 2).

    Two samples differ where the bar (difference ± critical range) does not reach zero.

    Parameters
    ----------
    differences : mapping of str to (mapping of str to sequence of Difference)
        By descriptor, then by what was tested; the first kind of test is drawn boldest.
    confidence : float
        Confidence level of the critical ranges.
    width_mm : float
        Width of the figure, mm.

    Returns
    -------
    Figure
    """
    if not differences or not all(tests for tests in differences.values()):
        raise NpmError("There is nothing to compare: give the tests of at least one descriptor.")
    kinds = list(dict.fromkeys(kind for tests in differences.values() for kind in tests))
    pairs = list(
        dict.fromkeys(
            one.pair for tests in differences.values() for rows in tests.values() for one in rows
        )
    )
    height = len(differences) * (14 + 7.0 * len(pairs)) + 6
    figure, axes = new_figure(len(differences), 1, width_mm, height)
    for panel, (descriptor, tests) in zip(axes[:, 0], differences.items(), strict=True):
        for kind, rows in tests.items():
            k = kinds.index(kind)
            shift = (k - (len(kinds) - 1) / 2) * 0.5 / max(len(kinds) - 1, 1)
            panel.errorbar(
                [one.value for one in rows],
                [pairs.index(one.pair) + shift for one in rows],
                xerr=[one.critical_range for one in rows],
                fmt="os^D"[k % 4],
                color=COLOURS[k % len(COLOURS)],
                markerfacecolor="white" if k else COLOURS[0],
                markersize=3.5 if k else 5,
                linewidth=0.8 if k else 1.6,
                capsize=2,
                label=kind,
            )
        panel.axvline(0, color="0.4", linewidth=0.7, zorder=0)
        panel.set_yticks(np.arange(len(pairs)), pairs)
        panel.set_ylim(len(pairs) - 0.5, -0.5)
        panel.set_xlabel(f"Difference of {descriptor} ± critical range ({confidence:.0%})")
    handles, labels = axes[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=2)
    return figure
