"""A network on one image, for worker threads: no Qt, no napari."""

from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_npm.core.errors import NpmError
from napari_npm.core.progress import Progress

from .image_work import Origins, cut, join


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
    origins: Origins,
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
    origins : tuple of (row, column)
        Where its tiles lie.
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
    from napari_npm.core.tiling import TILE

    if not origins:
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
    maps = cut(values.astype(np.float32, copy=False), origins)
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
        shown = join(np.concatenate(pieces), origins, values.shape)
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


def overlay_of(
    values: NDArray[Any], relevance: NDArray[Any], origins: Origins
) -> NDArray[np.uint8]:
    """Compose the overlay of relevance on a map: red on HP, blue on LP, grey below."""
    from napari_npm.core.progress import silent
    from napari_npm.figures.overlay import relevance_rgb

    from .image_work import split_image

    high = split_image(silent, values, origins).labels == 2
    return np.round(255 * relevance_rgb(values, relevance, high)).astype(np.uint8)


def stored_relevance(
    report: Progress,
    study: Any,
    image_id: str,
    model: str,
    values: NDArray[Any],
    origins: Origins,
) -> tuple[NDArray[Any], NDArray[np.uint8]]:
    """Return an image's relevance as the study has it, and its overlay.

    Raises
    ------
    NpmError
        If it was not computed yet.
    """
    report(0, 2, "reading the relevance")
    relevance = study.stacked(image_id, f"relevance/{model}")
    if relevance is None or not relevance.any():
        raise NpmError(f"{image_id} was not explained with {model} yet: explain it first.")
    report(1, 2, "colouring")
    return relevance, overlay_of(values, relevance, origins)
