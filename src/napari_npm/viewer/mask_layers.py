"""Layers of masking: strokes, the proposal as a hatching, the grain in hand as an outline."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import scipy  # its parts are loaded when they are used
from numpy.typing import NDArray

from .current import Current
from .label_keeper import LabelKeeper
from .layers import Kind, Subject, find, put
from .ledger import Box, Ledger, strokes_ledger, study_ledger
from .masks import MaskKeeper
from .study_work import ImageData


def keep_masks(viewer: Any, data: ImageData, mask: Any, study: Any, keeper: MaskKeeper) -> None:
    """Keep an image's mask and strokes from now on; clear what was proposed for another image.

    Parameters
    ----------
    viewer : napari.Viewer
        Where strokes are shown, in place of the previous image's.
    data : ImageData
        What was read of the image.
    mask : napari.layers.Labels
        The layer that shows its mask.
    study : Study
        Where both are kept.
    keeper : MaskKeeper
        Who keeps them.
    """
    image_id = data.subject.image_id
    assert image_id is not None
    keeper.watch(mask, _ledger(keeper.mask, mask, image_id, partial(study_ledger, study, image_id)))
    strokes = _show_strokes(viewer, data, keeper.strokes.refusals.of(image_id) is not None)
    if strokes is not None:
        make = partial(strokes_ledger, study, image_id)
        keeper.strokes.watch(strokes, _ledger(keeper.strokes, strokes, image_id, make))


def _ledger(
    keeper: LabelKeeper, layer: Any, image_id: str, make: Callable[[NDArray[Any]], Ledger]
) -> Ledger:
    """Return the ledger of what a layer shows: the one that waits to be saved, or a new one."""
    ledger = keeper.refusals.of(image_id)
    if ledger is None:
        return make(layer.data)
    if not np.array_equal(layer.data, ledger.seen):
        layer.data = ledger.seen.copy()  # what the disk has is older
    return ledger


def _show_strokes(viewer: Any, data: ImageData, waiting: bool) -> Any:
    for kind in (Kind.PROPOSED_UC, Kind.GRAIN):
        blank(viewer, kind, data.subject)
    layer = find(viewer, Kind.STROKES, data.subject)
    if layer is None and data.strokes is None and not waiting:
        return None
    strokes = np.zeros(data.pixels.shape, np.uint8) if data.strokes is None else data.strokes
    return put_below(viewer, Kind.STROKES, data.subject, strokes)


def blank(viewer: Any, kind: Kind, subject: Subject) -> None:
    """Empty and hide a layer: to remove it and to make it again takes napari much longer."""
    layer = find(viewer, kind, subject)
    if layer is not None and layer.data.shape != (1, 1):
        layer.visible = False
        layer.data = np.zeros((1, 1), np.uint8)


def peek(viewer: Any, subject: Subject) -> None:
    """Hide all markings of an image, or show them again."""
    kinds = (Kind.MASK, Kind.STROKES, Kind.PROPOSED_UC, Kind.GRAIN)
    layers = [layer for kind in kinds if (layer := find(viewer, kind, subject)) is not None]
    visible = any(layer.visible for layer in layers)
    for layer in layers:
        layer.visible = not visible


def put_below(viewer: Any, kind: Kind, subject: Any, data: NDArray[Any]) -> Any:
    """Put a layer without making it the active one."""
    active = viewer.layers.selection.active
    layer = put(viewer, kind, subject, data)
    if active is not None and active in viewer.layers:
        viewer.layers.selection.active = active
    return layer


def outlined(region: NDArray[np.bool_], width: int) -> NDArray[np.uint8]:
    """Return the outline of a region, inside it, as labels to be drawn.

    Parameters
    ----------
    region : ndarray of bool, (H, W)
        The region.
    width : int
        Width in px.
    """
    inner = scipy.ndimage.binary_erosion(region, iterations=width, border_value=1)
    return (region & ~inner).astype(np.uint8)


def hatched(labels: NDArray[np.uint8], width: int) -> NDArray[np.uint8]:
    """Return labels as outlines filled with slanted lines: told from a mask without colour."""
    rows, columns = np.indices(labels.shape, sparse=True)
    lines = (rows + columns) % (8 * width) < width
    kept = outlined(labels > 0, width).view(np.bool_) | lines
    return (labels * kept).astype(np.uint8, copy=False)


def line_width(shape: tuple[int, ...]) -> int:
    """Return the width of outlines in px: about two on the screen when all of it is seen."""
    return max(1, round(min(shape[-2:]) / 400))


def show_crop(viewer: Any, kind: Kind, image: Current, drawn: NDArray[Any], box: Box) -> Any:
    """Show labels that cover only a part of an image, in its place."""
    layer = put_below(viewer, kind, image.subject, drawn)
    scale = np.asarray(layer.scale)
    layer.translate = np.asarray([side.start for side in box]) * scale
    return layer
