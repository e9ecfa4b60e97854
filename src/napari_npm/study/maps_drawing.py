"""The figures of a study's calibration, maps and porosity statistics."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from .calibration_drawing import calibration_figures
from .drawing_parts import Drawing, choose_tiles, one_tile
from .study import Study

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def map_figures(study: Study, seed: int) -> Iterator[Drawing]:
    """Yield the figures of calibrated maps."""
    from napari_npm import figures

    if study.state("calibrate").finish is None:
        return
    pixel = study.pixel_size_nm
    tiles = {sample.name: choose_tiles(study, sample.name, 1, seed)[0] for sample in study.samples}

    for name, caption, draw in calibration_figures(study):
        yield Drawing(name, caption, ("calibrate",), draw)

    def maps() -> "Figure":
        pairs = {
            name: (one_tile(study, "micf", tile), one_tile(study, "mulf", tile))
            for name, tile in tiles.items()
        }
        return figures.porosity_maps(pairs, pixel)

    yield Drawing(
        "maps", "MicF and MulF map of one tile of each sample (as Fig. 3a, b).", ("smooth",), maps
    )
    name, tile = next(iter(tiles.items()))

    def bse() -> "Figure":
        pixels = study.read(tile.image).pixels
        height, width = one_tile(study, "mulf", tile).shape
        part = pixels[tile.row : tile.row + height, tile.col : tile.col + width]
        return figures.bse_figure(part, one_tile(study, "mulf", tile), pixel)

    yield Drawing(
        "npm", f"BSE image and MulF map of a tile of {name} (as Fig. S2).", ("calibrate",), bse
    )

    def isodata() -> "Figure":
        return figures.isodata_figure(
            one_tile(study, "micf", tile), one_tile(study, "mulf", tile), pixel
        )

    yield Drawing(
        "isodata", f"LP and HP parts of a tile of {name} (as Fig. S3).", ("smooth",), isodata
    )


def statistics_figures(study: Study) -> Iterator[Drawing]:
    """Yield the figures of porosity statistics."""
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
