"""The figures of a study's two-point correlations (Fig. 6)."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from .drawing_parts import Drawing
from .results import REGIONS, WHOLE, two_point_of
from .study import Study

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def correlation_figures(study: Study) -> Iterator[Drawing]:
    """Yield the figures of S2 in whole maps and in characteristic regions."""
    from napari_npm import figures
    from napari_npm.core.correlation import characteristic_length

    pixel = study.pixel_size_nm
    for source, words in ((WHOLE, "whole MulF maps"), (REGIONS, "characteristic regions")):
        if not any(item.startswith(f"{source}/") for item in study.state("correlate").records):
            continue

        def by_sample(source: str = source) -> dict[str, Any]:
            found = {
                sample.name: two_point_of(study, source, sample.name) for sample in study.samples
            }
            return {name: one for name, one in found.items() if one is not None}

        def heat(by_sample: Callable[[], dict[str, Any]] = by_sample) -> "Figure":
            return figures.two_point_figure(by_sample(), pixel)

        def same(by_sample: Callable[[], dict[str, Any]] = by_sample) -> "Figure":
            found = by_sample()
            lengths = {name: characteristic_length(one, pixel) for name, one in found.items()}
            return figures.same_porosity_figure(found, pixel, lengths)

        yield Drawing(
            f"s2_{source}",
            f"Two-point correlation in {words}, and its differences (as Fig. 6).",
            ("correlate",),
            heat,
        )
        yield Drawing(
            f"same_{source}",
            f"Probability that two pixels of {words} have the same porosity.",
            ("correlate",),
            same,
        )
