"""The figures of relevance: rows of patterns, superpositions, montages (Figs 5 and S4-S33)."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from .drawing_parts import Drawing, choose_tiles, explained_tile
from .study import Study
from .wiring import MAP_NAMES, trained

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MONTAGES = {
    "npm": "maps",
    "relevance": "characteristic patterns",
    "boundary": "boundary features",
    "regions": "characteristic regions",
    "extracted": "extracted regions",
}


def pattern_figures(study: Study, panels: int, seed: int) -> Iterator[Drawing]:
    """Yield the figures of each network's relevance."""
    from napari_npm import figures

    pixel = study.pixel_size_nm
    for model in trained(study):
        name = MAP_NAMES[model]

        def rows(model: str = model) -> "Figure":
            tiles = [choose_tiles(study, sample.name, 1, seed)[0] for sample in study.samples]
            return figures.pattern_rows([explained_tile(study, model, t) for t in tiles], pixel)

        yield Drawing(
            f"relevance_{model}",
            f"{name} map, relevance (red in HP, blue in LP), boundary features, characteristic"
            " regions and what they hold, for one tile of each sample (as Fig. 5).",
            ("regions",),
            rows,
        )
        if study.stack(f"difference/{model}").exists:

            def beside(model: str = model) -> "Figure":
                tiles = [choose_tiles(study, sample.name, 1, seed)[0] for sample in study.samples]
                items = [explained_tile(study, model, tile) for tile in tiles]
                return figures.difference_rows(items, pixel)

            yield Drawing(
                f"difference_{model}",
                f"Relevance on {name} maps and, beside it, the relevance of the class explained"
                " less the mean of the others: orange speaks for this class rather than any,"
                " violet against it. One tile of each sample.",
                ("regions",),
                beside,
            )
        for sample in study.samples:

            def together(model: str = model, sample: str = sample.name) -> "Figure":
                tiles = choose_tiles(study, sample, panels, seed)
                return figures.combination([explained_tile(study, model, t) for t in tiles], pixel)

            yield Drawing(
                f"combination_{model}_{sample.name}",
                f"Patterns and boundary features of several {name} tiles of {sample.name} laid"
                " over each other (as Fig. S7).",
                ("regions",),
                together,
            )
            for kind, words in MONTAGES.items():

                def montage(
                    model: str = model, sample: str = sample.name, kind: Any = kind
                ) -> "Figure":
                    tiles = choose_tiles(study, sample, panels, seed)
                    items = [explained_tile(study, model, tile) for tile in tiles]
                    peak = figures.relevance_peak(np.stack([item.relevance for item in items]))
                    pictures = [figures.panel_rgb(item, kind, peak=peak) for item in items]
                    raw = [figures.raw_maps(item, kind) for item in items]
                    return figures.montage(pictures, pixel, raw=raw)

                yield Drawing(
                    f"montage_{kind}_{model}_{sample.name}",
                    f"{sample.name}: {words} of {name} tiles chosen at random (as Figs S4-S33).",
                    ("regions",),
                    montage,
                )
