"""Two relevance maps beside each other, and shared patterns, as layers beside the image."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from .layers import Kind, Subject, current_of, find, present, put, remove, removed
from .patterns_work import Pair

# What is shown to the right of the image: one of them at a time.
_BESIDE = (Kind.COMPARED, Kind.PATTERN, Kind.PATTERN_CONTOUR)
_GAP = 1.04
# Not an image of the study, but replaced in place like those.
_NO_IMAGE = ""


def show_pair(
    viewer: Any, source: Kind, tiles: tuple[Any, Any], name: str, pair: Pair
) -> Iterator[None]:
    """Show the relevance of the current image, and that of another's tile to its right, in turns.

    Parameters
    ----------
    viewer : napari.Viewer
        Where the first image is on show.
    source : Kind
        The map that both belong to.
    tiles : tuple of Tile
        The two.
    name : str
        What the second is called.
    pair : Pair
        What was read of them.
    """
    first, second = tiles
    image = find(viewer, Kind.IMAGE, Subject(first.image, None, first.image))
    if image is None:
        return
    subject = image.metadata["napari_npm"]["subject"]
    # What was found in an earlier relevance does not belong to this one.
    gone = (Kind.REGIONS, Kind.REGION, Kind.BOUNDARY, Kind.DIFFERENCE)
    for _ in removed(viewer, subject, *gone, *_BESIDE[1:]):
        yield
        if not current_of(viewer, subject):
            return
    if pair.other is None:
        remove(viewer, Kind.COMPARED, subject)
    put(viewer, Kind.RELEVANCE, subject, pair.overlay, values=pair.relevance, source=source)
    if pair.other is None:
        present(viewer, subject, Kind.RELEVANCE)
    else:
        other = Subject(name, subject.pixel_size_nm, second.image)
        yield
        if not current_of(viewer, subject):
            return
        layer = put(viewer, Kind.COMPARED, other, pair.other, source=source)
        _place(viewer, layer, first.origin[0])
        present(viewer, subject, Kind.COMPARED, Kind.RELEVANCE)
    viewer.reset_view()


def show_pattern(
    viewer: Any, name: str, group: int, pattern: Any, contour: Any, size: float
) -> Iterator[None]:
    """Show what the maps of a group share to the right of the image, and its contour, in turns.

    Parameters
    ----------
    viewer : napari.Viewer
        Where to show it.
    name : str
        Of the sample.
    group : int
        Number of the group, from 1.
    pattern, contour : ndarray, (H, W)
        The shared pattern, and where it is above the contour's level.
    size : float
        Pixel size in nm.
    """
    subject = Subject(name, size, _NO_IMAGE)
    first = find(viewer, Kind.PATTERN, subject) is None
    yield from removed(viewer, subject, Kind.COMPARED)
    inside = np.asarray(contour).astype(np.uint8)
    for kind, data in ((Kind.PATTERN, pattern), (Kind.PATTERN_CONTOUR, inside)):
        if kind is Kind.PATTERN_CONTOUR:
            yield
            if not pattern_shown(viewer):
                return
        active = viewer.layers.selection.active
        layer = put(viewer, kind, subject, data, detail=str(group))
        layer.visible = True
        _place(viewer, layer, 0)
        # The image stays the one that the docks work on.
        if active in viewer.layers:
            viewer.layers.selection.active = active
    difference = find(viewer, Kind.DIFFERENCE, subject)
    if difference is not None:
        difference.visible = False
    if first:
        viewer.reset_view()


def pattern_shown(viewer: Any) -> bool:
    """Tell whether a shared pattern is among the layers."""
    return find(viewer, Kind.PATTERN, Subject("", None, _NO_IMAGE)) is not None


def hide_pattern(viewer: Any) -> Iterator[None]:
    """Take the shared pattern away, in turns."""
    yield from removed(viewer, Subject("", None, _NO_IMAGE), Kind.PATTERN, Kind.PATTERN_CONTOUR)


def _place(viewer: Any, layer: Any, row: int) -> None:
    """Put a layer to the right of the image, as far down as a row of it."""
    image = find(viewer, Kind.IMAGE, Subject("", None, _NO_IMAGE))
    width = layer.data.shape[1] if image is None else image.data.shape[-1]
    step = float(layer.scale[-1])
    layer.translate = (row * step, _GAP * width * step)
