"""The figures of a study's two-point correlations (Fig. 6)."""

from collections.abc import Iterator
from functools import partial
from itertools import combinations
from typing import TYPE_CHECKING, Any

from .correlating import model_of, significant_of
from .drawing_parts import Drawing
from .results import WHOLE, directions_of, two_point_of
from .study import Study
from .wiring import MAP_NAMES

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def source_words(source: str) -> str:
    """Say where pairs were counted."""
    if source == WHOLE:
        return "whole MulF maps"
    return f"characteristic regions of {MAP_NAMES[model_of(source)]}"


def correlation_figures(study: Study) -> Iterator[Drawing]:
    """Yield the figures of S2 in whole maps and in characteristic regions."""
    counted = dict.fromkeys(item.split("/", 1)[0] for item in study.state("correlate").records)
    parameters: Any = study.parameters("correlate")
    for source in counted:
        if not _by_sample(study, source):
            continue
        words = source_words(source)
        heat = (
            f"Two-point correlation in {words}, and its differences (as Fig. 6); outlined:"
            f" family-wise significant at {parameters.significance:g} by permutation."
        )
        same = (
            f"Probability that two pixels of {words} have the same porosity, with the"
            " characteristic length (open: not determined) and its interval."
        )
        directions = (
            f"Probability of the same porosity in {words} by the direction from one pixel to the"
            " other; 0° is along the rows of the image."
        )
        cuts = f"Two-point correlation in {words} at a few distances."
        makers = [("s2", heat, _heat), ("same", same, _same), ("cuts", cuts, _cuts)]
        if parameters.directions > 1:
            makers.append(("directions", directions, _directions))
        for name, caption, make in makers:
            draw = partial(make, study, source)
            yield Drawing(f"{name}_{source}", caption, ("correlate",), draw)


def _by_sample(study: Study, source: str) -> dict[str, Any]:
    found = {sample.name: two_point_of(study, source, sample.name) for sample in study.samples}
    # Regions of one pixel a map have no pairs to draw.
    return {name: one for name, one in found.items() if one is not None and one.pairs[1:].any()}


def _heat(study: Study, source: str) -> "Figure":
    from napari_npm import figures

    found = _by_sample(study, source)
    parameters: Any = study.parameters("correlate")
    marks = {
        pair: significant_of(study, source, *pair, parameters.significance)
        for pair in combinations(found, 2)
    }
    significant = {pair: marked for pair, marked in marks.items() if marked is not None}
    return figures.two_point_figure(found, study.pixel_size_nm, significant=significant)


def _same(study: Study, source: str) -> "Figure":
    from napari_npm import figures
    from napari_npm.core.correlation import Length

    table = study.table("lengths")
    rows = [] if table is None else table[table["source"] == source].to_dict("records")
    lengths = {}
    for row in rows:
        um, low, high = (row[f"characteristic_{name}_um"] for name in ("length", "low", "high"))
        if um != um:
            continue
        known = low == low and high == high
        lengths[str(row["sample"])] = Length(
            um,
            round(um * 1000 / study.pixel_size_nm),
            low if known else None,
            high if known else None,
            bool(row["characteristic_determined"]),
            str(row["characteristic_limit"]),
        )
    return figures.same_porosity_figure(_by_sample(study, source), study.pixel_size_nm, lengths)


def _cuts(study: Study, source: str) -> "Figure":
    from napari_npm import figures

    return figures.cuts_figure(_by_sample(study, source), study.pixel_size_nm)


def _directions(study: Study, source: str) -> "Figure":
    from napari_npm import figures

    found = {
        sample.name: sectors
        for sample in study.samples
        if (sectors := directions_of(study, source, sample.name))
    }
    return figures.directions_figure(found, study.pixel_size_nm)
