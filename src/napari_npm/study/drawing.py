"""The figures of a study: which there are, what each needs, and how it is drawn."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from .calibration_drawing import calibration_figures
from .results import REGIONS, WHOLE, Flag, parts_of, two_point_of
from .store import Tile
from .study import Study
from .wiring import MAP_NAMES, trained

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from napari_npm.figures import Explained

MONTAGES = {
    "npm": "maps",
    "relevance": "characteristic patterns",
    "boundary": "boundary features",
    "regions": "characteristic regions",
    "extracted": "extracted regions",
}


@dataclass(frozen=True)
class Drawing:
    """One figure of a study."""

    name: str
    """File name without its suffix."""
    caption: str
    needs: tuple[str, ...]
    """Steps whose results it shows."""
    draw: Callable[[], "Figure"]


def drawings(study: Study, *, panels: int = 25, seed: int = 0) -> list[Drawing]:
    """Return the figures that a study's results allow.

    Parameters
    ----------
    study : Study
        The study.
    panels : int
        Tiles in a montage.
    seed : int
        Seed of the choice of tiles.
    """
    found = [
        *_calibration(study, seed),
        *_statistics(study),
        *_networks(study),
        *_patterns(study, panels, seed),
        *_correlations(study),
    ]
    return [one for one in found if all(study.state(step).finish is not None for step in one.needs)]


def _calibration(study: Study, seed: int) -> Iterator[Drawing]:
    from napari_npm import figures

    if study.state("calibrate").finish is None:
        return
    pixel = study.pixel_size_nm
    tiles = {sample.name: _choose(study, sample.name, 1, seed)[0] for sample in study.samples}

    for name, caption, draw in calibration_figures(study):
        yield Drawing(name, caption, ("calibrate",), draw)

    def maps() -> "Figure":
        pairs = {
            name: (_one(study, "micf", tile), _one(study, "mulf", tile))
            for name, tile in tiles.items()
        }
        return figures.porosity_maps(pairs, pixel)

    yield Drawing(
        "maps", "MicF and MulF map of one tile of each sample (as Fig. 3a, b).", ("smooth",), maps
    )
    name, tile = next(iter(tiles.items()))

    def bse() -> "Figure":
        pixels = study.read(tile.image).pixels
        height, width = _one(study, "mulf", tile).shape
        part = pixels[tile.row : tile.row + height, tile.col : tile.col + width]
        return figures.bse_figure(part, _one(study, "mulf", tile), pixel)

    yield Drawing(
        "npm", f"BSE image and MulF map of a tile of {name} (as Fig. S2).", ("calibrate",), bse
    )

    def isodata() -> "Figure":
        return figures.isodata_figure(_one(study, "micf", tile), _one(study, "mulf", tile), pixel)

    yield Drawing(
        "isodata", f"LP and HP parts of a tile of {name} (as Fig. S3).", ("smooth",), isodata
    )


def _statistics(study: Study) -> Iterator[Drawing]:
    from napari_npm import figures

    def by_sample(column: str) -> dict[str, Any]:
        table = study.table("describe")
        assert table is not None
        return {
            sample.name: table.loc[table["sample"] == sample.name, column].to_numpy()
            for sample in study.samples
        }

    def scatter() -> "Figure":
        return figures.descriptor_scatter(by_sample("porosity"), by_sample("pore_area_nm2"))

    yield Drawing(
        "descriptors",
        "Porosity and average pore size of every tile (as Fig. 3c).",
        ("describe",),
        scatter,
    )

    def fractions() -> "Figure":
        table = study.table("describe")
        assert table is not None
        columns = [name for name in table.columns if name.startswith("fraction_")]
        values = {
            sample.name: table.loc[table["sample"] == sample.name, columns].to_numpy()
            for sample in study.samples
        }
        return figures.volume_fractions(values, np.linspace(0, 1, len(columns) + 1).tolist())

    yield Drawing(
        "fractions",
        "Volume fractions of porosity ranges, mean and SD over tiles (as Fig. 3d).",
        ("describe",),
        fractions,
    )


def _networks(study: Study) -> Iterator[Drawing]:
    import pandas as pd

    from napari_npm import figures

    for model in trained(study):

        def curves(model: str = model) -> "Figure":
            history = pd.read_csv(study.models_folder / model / "history.csv")
            loss, accuracy = {"training": history["loss"].to_numpy()}, {}
            accuracy["training"] = history["accuracy"].to_numpy()
            if history["validation_loss"].notna().any():
                loss["validation"] = history["validation_loss"].to_numpy()
                accuracy["validation"] = history["validation_accuracy"].to_numpy()
            return figures.training_curves(loss, accuracy)

        yield Drawing(
            f"training_{model}",
            f"Loss and accuracy while learning {MAP_NAMES[model]} maps.",
            ("train",),
            curves,
        )

        def confusion(model: str = model) -> "Figure":
            table = study.table(f"confusion_{model}")
            assert table is not None
            return figures.confusion_figure(
                table.filter(like="predicted_").to_numpy(),
                table["true"].tolist(),
                title=f"{MAP_NAMES[model]} maps",
            )

        yield Drawing(
            f"confusion_{model}",
            f"Confusion matrix of the test tiles, {MAP_NAMES[model]} maps (as Fig. 4).",
            ("predict",),
            confusion,
        )


def _patterns(study: Study, panels: int, seed: int) -> Iterator[Drawing]:
    from napari_npm import figures

    pixel = study.pixel_size_nm
    for model in trained(study):
        name = MAP_NAMES[model]

        def rows(model: str = model) -> "Figure":
            tiles = [_choose(study, sample.name, 1, seed)[0] for sample in study.samples]
            return figures.pattern_rows([explained_tile(study, model, t) for t in tiles], pixel)

        yield Drawing(
            f"relevance_{model}",
            f"{name} map, relevance (red in HP, blue in LP), boundary features, characteristic"
            " regions and what they hold, for one tile of each sample (as Fig. 5).",
            ("regions",),
            rows,
        )
        for sample in study.samples:

            def together(model: str = model, sample: str = sample.name) -> "Figure":
                tiles = _choose(study, sample, panels, seed)
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
                    tiles = _choose(study, sample, panels, seed)
                    items = [explained_tile(study, model, tile) for tile in tiles]
                    peak = figures.relevance_peak(np.stack([item.relevance for item in items]))
                    pictures = [figures.panel_rgb(item, kind, peak=peak) for item in items]
                    return figures.montage(pictures, pixel)

                yield Drawing(
                    f"montage_{kind}_{model}_{sample.name}",
                    f"{sample.name}: {words} of {name} tiles chosen at random (as Figs S4-S33).",
                    ("regions",),
                    montage,
                )


def _correlations(study: Study) -> Iterator[Drawing]:
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


def explained_tile(study: Study, model: str, tile: Tile) -> "Explained":
    """Return a tile's map, relevance and regions as the figures take them."""
    from napari_npm.figures import Explained

    flags = _one(study, f"regions/{model}", tile)
    return Explained(
        tile.sample,
        _one(study, model, tile),
        _one(study, f"relevance/{model}", tile),
        (flags & Flag.HIGH_POROSITY) > 0,
        (flags & Flag.CHARACTERISTIC) > 0,
        (flags & Flag.BOUNDARY) > 0,
    )


def _one(study: Study, kind: str, tile: Tile) -> Any:
    return study.stack(kind).read([tile])[0]


def _choose(study: Study, sample: str, n: int, seed: int) -> list[Tile]:
    """Choose tiles of a sample at random, test tiles where there is a split."""
    from napari_npm.figures import choose

    tiles = [tile for tile in study.tiles if tile.sample == sample]
    if study.state("split").finish is not None:
        parts = parts_of(study)
        tiles = [tile for tile in tiles if parts[tile.index] == "test"] or tiles
    return [tiles[number] for number in choose(len(tiles), n, seed=seed)]
