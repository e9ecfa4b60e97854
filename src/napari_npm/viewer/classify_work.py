"""A network slid over one image, for worker threads: no Qt, no napari."""

from dataclasses import dataclass
from math import ceil, sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_npm.core.errors import NpmError
from napari_npm.core.progress import Progress

# Probabilities change little over less than a stride: of a large mosaic fewer pixels are made.
_MOST_PIXELS = 4_000_000


@dataclass(frozen=True, eq=False)
class Classified:
    """What a network says of an image, window by window.

    Attributes
    ----------
    probability : ndarray of float32, (C, H / step, W / step)
        Of each class at each place.
    likeliest : ndarray of uint8, (H / step, W / step)
        The most probable class, from 1.
    step : int
        Pixels of the image along a side of a pixel here.
    classes : tuple of str
        Names of the classes.
    mean, shares : ndarray of float, (C,)
        Mean probability over the windows, and the share of windows where a class is likeliest.
    windows, stride, tile : int
        How many windows, how far apart, how large, px.
    note : str
        What is to be said with the numbers: that the network has learnt from this image.
    """

    probability: NDArray[np.float32]
    likeliest: NDArray[np.uint8]
    step: int
    classes: tuple[str, ...]
    mean: NDArray[np.float64]
    shares: NDArray[np.float64]
    windows: int
    stride: int
    tile: int
    note: str


def classify_image(
    report: Progress,
    choice: Any,
    maps: NDArray[Any],
    stride: int,
    pixel_size_nm: float | None,
    study: Any = None,
    image_id: str | None = None,
) -> Classified:
    """Slide a network over an image.

    Parameters
    ----------
    report : Progress
        Progress by windows.
    choice : ModelChoice
        The model.
    maps : ndarray, (H, W) or (channels, H, W)
        What it reads of the image.
    stride : int
        Distance of neighbouring windows, px.
    pixel_size_nm : float or None
        Of the image.
    study, image_id : Study, str, optional
        Where the image is from, to tell whether the model has learnt from it.

    Raises
    ------
    NpmError
        If image and model do not fit each other or torch cannot be loaded.
    """
    report(0, 0, "loading the model")
    model, classes = load_for(choice, maps, pixel_size_nm)
    from napari_npm.core.sliding import predict_image

    found = predict_image(
        model, maps, tile=tile_of(choice), stride=stride, batch_size=4, progress=report
    )
    report(1, 1, "drawing the map")
    step = max(1, ceil(sqrt(maps.shape[-2] * maps.shape[-1] / _MOST_PIXELS)))
    chances = found.full(step=step)
    return Classified(
        chances,
        (chances.argmax(0) + 1).astype(np.uint8),
        step,
        classes or tuple(str(number) for number in range(len(chances))),
        np.asarray(found.mean),
        np.asarray(found.shares),
        len(found.origins),
        found.stride,
        found.tile,
        learnt_note(choice, study, image_id),
    )


def tile_of(choice: Any) -> int:
    """Return the side of the tiles that a model has learnt from, px."""
    from napari_npm.core.tiling import TILE

    size = (choice.card().get("network") or {}).get("input_size")
    return size if isinstance(size, int) and size > 0 else TILE


def load_for(
    choice: Any, maps: NDArray[Any], pixel_size_nm: float | None
) -> tuple[Any, tuple[str, ...]]:
    """Load a network for maps of an image, once they are known to fit each other.

    Raises
    ------
    NpmError
        If they do not, or torch cannot be loaded.
    """
    from napari_npm.study.models import check_pixel_size

    side = tile_of(choice)
    height, width = maps.shape[-2:]
    if min(height, width) < side:
        raise NpmError(
            f"The image is {height} x {width} px, smaller than a tile of {side} x {side} px that "
            "the network reads."
        )
    if pixel_size_nm is not None:
        check_pixel_size(choice.card(), pixel_size_nm, choice.name)
    try:
        import torch  # noqa: F401 - to see whether it loads
    except OSError as error:
        # On Windows torch's libraries fail to load after Qt's.
        raise NpmError(
            "PyTorch could not be loaded beside Qt: start napari with `napari-npm open`, which "
            "loads it first."
        ) from error
    loaded: tuple[Any, tuple[str, ...]] = choice.load()
    return loaded


def learnt_note(choice: Any, study: Any, image_id: str | None) -> str:
    """Say whether a study's model has learnt from one of the study's images; empty if not."""
    from napari_npm.study.results import SPLIT_ITEM

    if study is None or image_id is None or choice.folder.parent != study.models_folder:
        return ""
    record = study.state("split").records.get(SPLIT_ITEM)
    if record is None or len(record.rows) != len(study.tiles):
        return ""
    parts = [record.rows[tile.index]["part"] for tile in study.tiles_of(image_id)]
    learnt = sum(part in ("train", "validation") for part in parts)
    if not learnt:
        return ""
    which = "this image" if learnt == len(parts) else f"{learnt} of its {len(parts)} tiles"
    return f"The model has learnt from {which}: this does not test it."
