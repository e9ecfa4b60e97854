"""The method on one image, for worker threads: arrays in, core results out, no Qt, no napari.

Each function takes a `Progress` callback first, which may raise `Cancelled`.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_npm.core.errors import NpmError
from napari_npm.core.progress import Progress

Origins = tuple[tuple[int, int], ...]


def smooth_image(
    report: Progress,
    values: NDArray[Any],
    origins: Origins,
    sigma_px: float,
    sigma_um: float | None,
    edge: Any,
    pixel_size_nm: float | None,
) -> tuple[NDArray[np.float32], float]:
    """Smooth a MulF map tile by tile, as a study does.

    Returns
    -------
    micf, sigma_px
        The MicF map and the standard deviation used in px.
    """
    from napari_npm.core.smoothing import microscale, sigma_in_px

    report(0, 1, "smoothing")
    if sigma_um is not None:
        if pixel_size_nm is None:
            raise NpmError("The image has no pixel size: give sigma in px, or set the pixel size.")
        sigma_px = sigma_in_px(sigma_um, pixel_size_nm)
    return join(
        microscale(cut(values, origins), sigma_px, edge=edge), origins, values.shape
    ), sigma_px


@dataclass(frozen=True)
class Halves:
    """LP and HP of an image.

    Attributes
    ----------
    labels : ndarray of uint8, (H, W)
        1 LP, 2 HP, 0 where no tile lies.
    levels : tuple of int
        The isodata threshold of each tile, grey levels 0-255.
    several : int
        Tiles whose histogram has more than one isodata threshold (the lowest is used).
    high_fraction : float
        Share of HP.
    counts : ndarray
        Pixels in 128 equal classes of porosity from 0 to 1.
    """

    labels: NDArray[np.uint8]
    levels: tuple[int, ...]
    several: int
    high_fraction: float
    counts: NDArray[np.int64]


def split_image(report: Progress, values: NDArray[Any], origins: Origins) -> Halves:
    """Split a map tile by tile into LP and HP by the isodata threshold, as a study does."""
    from napari_npm.core.regions import isodata_split

    tiles = cut(values, origins)
    splits = []
    for number, tile in enumerate(tiles):
        report(number, len(tiles), "looking for the thresholds")
        splits.append(isodata_split(tile))
    labels = np.stack([split.high for split in splits]).astype(np.uint8) + np.uint8(1)
    return Halves(
        join(labels, origins, values.shape),
        tuple(split.threshold for split in splits),
        sum(len(split.roots) > 1 for split in splits),
        float(np.mean(labels == 2)),
        np.histogram(values, bins=128, range=(0, 1))[0],
    )


def layout(shape: tuple[int, int], study: Any = None, image_id: str | None = None) -> Origins:
    """Return where the tiles of an image lie: the study's, or tiles that cover a free image.

    An image smaller than a tile has none: it is taken as one piece.
    """
    from napari_npm.core.tiling import TILE, tile_origins

    if study is not None and image_id is not None:
        return tuple((tile.row, tile.col) for tile in study.tiles_of(image_id))
    if min(shape) < TILE:
        return ()
    return tuple(tile_origins(shape, edge="shift"))


def cut(values: NDArray[Any], origins: Origins) -> NDArray[Any]:
    """Return the tiles of an image; the whole image as one where it has no tiles."""
    from napari_npm.core.tiling import cut_tiles

    return np.asarray(cut_tiles(values, origins)) if origins else values[None]


def join(tiles: NDArray[Any], origins: Origins, shape: tuple[int, ...]) -> NDArray[Any]:
    """Put the tiles of an image together; 0 where no tile lies."""
    from napari_npm.core.tiling import assemble

    return np.asarray(assemble(tiles, origins, (shape[0], shape[1]))) if origins else tiles[0]
