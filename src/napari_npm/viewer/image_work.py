"""The method on one image, for worker threads: arrays in, core results out, no Qt, no napari.

Each function takes a `Progress` callback first, which may raise `Cancelled`.
"""

from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_npm.core.errors import NpmError
from napari_npm.core.masking import Label
from napari_npm.core.progress import Progress


@dataclass(frozen=True)
class Grey:
    """Grey levels of an image for the histogram.

    Attributes
    ----------
    edges, counts : ndarray
        Bin edges (bins + 1) and pixels a bin outside unhydrated cement.
    g_csh, g_metal : float or None
        Means of the marked references.
    pixels : dict of int to int
        Pixels of each mask label.
    """

    edges: NDArray[np.float64]
    counts: NDArray[np.int64]
    g_csh: float | None
    g_metal: float | None
    pixels: dict[int, int]


def grey_of(report: Progress, image: NDArray[Any], labels: NDArray[Any] | None) -> Grey:
    """Measure the grey histogram outside unhydrated cement and the reference levels."""
    from napari_npm.core.calibration import reference_levels

    report(0, 1, "")
    if labels is not None and labels.shape != image.shape:
        labels = None
    top = 256 if image.dtype == np.uint8 else float(image.max()) or 1.0
    low = 0.0 if image.dtype.kind == "u" else float(image.min())
    kept = image if labels is None else image[labels != Label.UNHYDRATED]
    counts, edges = np.histogram(kept, bins=256, range=(low, max(float(top), low + 1e-9)))
    if labels is None:
        return Grey(edges, counts, None, None, {})
    levels = reference_levels(image, labels)
    pixels = np.bincount(labels.ravel(), minlength=4)
    return Grey(
        edges,
        counts,
        None if levels.csh is None else levels.csh.mean,
        None if levels.metal is None else levels.metal.mean,
        {int(label): int(pixels[label]) for label in Label},
    )


def calibrate_image(
    report: Progress,
    image: NDArray[Any],
    labels: NDArray[Any] | None,
    g_csh: float | None,
    g_metal: float | None,
    curve: Any = None,
) -> Any:
    """Calibrate one image; levels not given are taken from the mask.

    Returns
    -------
    Calibration
        The MulF map and its counts.

    Raises
    ------
    NpmError
        If a level is neither given nor marked, or G_m is not above G_CSH.
    """
    from napari_npm.core.calibration import calibrate, reference_levels
    from napari_npm.core.response import load_curve

    report(0, 1, "calibrating")
    mask = None if labels is None else labels == Label.UNHYDRATED
    if g_csh is None or g_metal is None:
        if labels is None:
            raise NpmError(
                "There is no mask to take G_CSH and G_m from: mark both references, or tick the "
                "two boxes and give the grey levels as numbers."
            )
        levels = reference_levels(image, labels)
        if g_csh is None:
            g_csh = _level(levels.csh, "reference C-S-H", "G_CSH")
        if g_metal is None:
            g_metal = _level(levels.metal, "reference metal", "G_m")
    own = None if curve is None else load_curve(curve)
    return calibrate(image, g_csh, g_metal, unhydrated=mask, curve=own)


def _level(level: Any, what: str, symbol: str) -> float:
    if level is None:
        raise NpmError(f"No {what} is marked in the mask: mark some, or give {symbol} as a number.")
    return float(level.mean)


def smooth_image(
    report: Progress,
    values: NDArray[Any],
    sigma_px: float,
    sigma_um: float | None,
    edge: Any,
    pixel_size_nm: float | None,
) -> tuple[NDArray[np.float32], float]:
    """Smooth a MulF map; return the MicF map and the sigma used in px."""
    from napari_npm.core.smoothing import microscale, sigma_in_px

    report(0, 1, "smoothing")
    if sigma_um is not None:
        if pixel_size_nm is None:
            raise NpmError("The image has no pixel size: give sigma in px, or set the pixel size.")
        sigma_px = sigma_in_px(sigma_um, pixel_size_nm)
    return microscale(values, sigma_px, edge=edge), sigma_px


def split_image(report: Progress, values: NDArray[Any]) -> Any:
    """Split a map into LP and HP by the isodata threshold."""
    from napari_npm.core.regions import isodata_split

    report(0, 1, "looking for the threshold")
    return isodata_split(values)


def regions_of(
    report: Progress, relevance: NDArray[Any], share: float, gradient: float, high: Any
) -> tuple[Any, Any]:
    """Find characteristic regions and boundary features of an assembled relevance map.

    The gradient threshold is given for one tile's relevance of sum 1; a larger map's relevance
    of sum 1 is smaller a pixel in proportion, so the threshold is scaled by the pixel count.
    """
    from napari_npm.core.regions import boundary_features, characteristic_regions
    from napari_npm.core.tiling import TILE

    report(0, 2, "characteristic regions")
    regions = characteristic_regions(relevance, share)
    report(1, 2, "boundary features")
    edges = boundary_features(relevance, high=high, mean_multiple=gradient * TILE * TILE)
    return regions, edges


@dataclass(frozen=True)
class Explained:
    """A network's view of one image.

    Attributes
    ----------
    relevance : ndarray of float32, (H, W)
        Put together from tiles, each of sum 1; 0 where no tile lies.
    classes : tuple of str
        Names of the classes.
    probability : ndarray of float, (classes,)
        Mean over the tiles.
    conservation : tuple of float
        Least and greatest share of the output that arrived at the pixels.
    tiles : int
        Number of tiles.
    target : int or None
        The class explained; None for each tile's predicted one.
    """

    relevance: NDArray[np.float32]
    classes: tuple[str, ...]
    probability: NDArray[np.float64]
    conservation: tuple[float, float]
    tiles: int
    target: int | None


def look_at_image(
    report: Progress,
    load: Any,
    values: NDArray[Any],
    target: int | None,
    *,
    relevance: bool,
    batch: int = 2,
) -> Generator[None, None, Explained]:
    """Classify an image's tiles with a model and, if asked, explain them.

    Parameters
    ----------
    report : Progress
        Progress by tiles.
    load : callable
        ``load()`` returns the model and the names of its classes.
    values : ndarray, (H, W)
        Porosity map.
    target : int or None
        Class to explain; None for each tile's predicted class.
    relevance : bool
        Whether to explain; else only the probabilities are computed.
    batch : int
        Tiles between two chances to stop.

    Raises
    ------
    NpmError
        If the image is smaller than a tile or torch cannot be loaded.
    """
    from napari_npm.core.tiling import TILE, assemble, cut_tiles, tile_origins

    if min(values.shape) < TILE:
        raise NpmError(
            f"The image is {values.shape[0]} x {values.shape[1]} px, smaller than a tile of "
            f"{TILE} x {TILE} px that the network reads."
        )
    report(0, 0, "loading the model")
    try:
        from napari_npm.core.relevance import explain
        from napari_npm.core.training import predict
    except OSError as error:
        # On Windows torch's libraries fail to load after Qt's.
        raise NpmError(
            "PyTorch could not be loaded beside Qt: start napari with `napari-npm open`, which "
            "loads it first."
        ) from error
    model, classes = load()
    yield
    origins = tile_origins(values.shape, edge="shift")
    maps = cut_tiles(values.astype(np.float32, copy=False), origins)
    chances, pieces, kept = [], [], []
    for start in range(0, len(maps), batch):
        report(start, len(maps), f"tile {start + 1} of {len(maps)}")
        part = maps[start : start + batch]
        chances.append(np.asarray(predict(model, part, batch_size=batch), dtype=np.float64))
        if relevance:
            found = explain(model, part, target, batch_size=batch)
            pieces.append(found.relevance)
            kept.append(found.conservation)
        yield
    if relevance:
        shown = assemble(np.concatenate(pieces), origins, values.shape)
        share = np.concatenate(kept)
    else:
        shown, share = np.zeros(values.shape, np.float32), np.ones(1)
    return Explained(
        np.asarray(shown, np.float32),
        tuple(classes),
        np.concatenate(chances).mean(axis=0),
        (float(share.min()), float(share.max())),
        len(maps),
        target,
    )
