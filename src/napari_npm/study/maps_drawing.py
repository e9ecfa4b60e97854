"""The figures of a study's calibration and maps."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

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
