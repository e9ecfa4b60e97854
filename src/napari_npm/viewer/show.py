"""Puts what was read of a study's image into the viewer."""

from collections.abc import Callable, Iterator
from typing import Any

from .layers import (
    RETIRED,
    Kind,
    Subject,
    find,
    kind_of,
    put,
    recall,
    remove_all,
    retire,
    retired,
    see,
    subject_of,
)
from .study_work import ImageData

_DERIVED = (
    Kind.MULF,
    Kind.MICF,
    Kind.LPHP,
    Kind.RELEVANCE,
    Kind.DIFFERENCE,
    Kind.CLASSES,
    Kind.PROBABILITY,
    Kind.REGIONS,
    Kind.REGION,
    Kind.BOUNDARY,
    Kind.COMPARED,
    Kind.REFERENCES,
)
# The calibrate page shows these again once they follow the new image.
_LIVE = (Kind.PREVIEW, Kind.CLIPPED)


def show_image_data(
    viewer: Any, data: ImageData, keep: Callable[[Any], None] | None = None
) -> Iterator[None]:
    """Show image, mask and the maps already on show, in place of the previous image's.

    In turns, see `Turns`: image and mask change in the first one, and what belongs to the
    previous image is no longer found from it on, so that nothing is computed of two images at
    once. It still is visible: whoever stops between turns calls `hide_retired`, and where there
    are `maps_seen` the window is not painted meanwhile. (To hide layers that are filled anew, and
    to show them again, takes napari longer than all the rest.) Maps come up hidden the first
    time, so that the image itself is seen; overlays of the previous image that are not on disk
    are taken away.

    Parameters
    ----------
    viewer : napari.Viewer
        Where to show it.
    data : ImageData
        What was read.
    keep : callable, optional
        Given the mask layer in the turn that changes it, to be watched for changes.
    """
    subject = data.subject
    first = find(viewer, Kind.IMAGE, subject) is None
    active = viewer.layers.selection.active
    _retire(viewer)
    image = put(viewer, Kind.IMAGE, subject, data.pixels)
    if first:
        _lay_below(viewer, image)
    # napari makes each new layer the active one; the user's choice stays.
    chosen = image if first or active not in viewer.layers else active
    new_mask = find(viewer, Kind.MASK, subject) is None
    if not new_mask:
        _put_mask(viewer, data, keep)
    _activate(viewer, chosen)
    if first:
        viewer.reset_view()
    yield
    for kind in _DERIVED:
        if kind in data.maps:
            _put_map(viewer, kind, subject, data.maps[kind])
            yield
    if new_mask:
        # Last, so that it lies over the maps; nobody can have painted on it before.
        _put_mask(viewer, data, keep)
        _activate(viewer, chosen)
        yield
    remove_all(viewer, [retired(viewer, kind) for kind in _DERIVED])


def maps_seen(viewer: Any) -> bool:
    """Tell whether anything made from the study's image is to be seen with it."""
    return any(
        layer.visible and kind_of(layer) in _DERIVED and subject_of(layer).image_id is not None
        for layer in viewer.layers
    )


def hide_retired(viewer: Any) -> None:
    """Hide what still shows the previous image, where its place was not taken."""
    for layer in viewer.layers:
        if RETIRED in layer.metadata:
            see(layer, False)


def _lay_below(viewer: Any, image: Any) -> None:
    """Move an image that had been deleted by hand below its mask, which still is there."""
    above = [
        place
        for place, layer in enumerate(viewer.layers)
        if RETIRED in layer.metadata
        or (kind_of(layer) is not None and subject_of(layer).image_id is not None)
    ]
    viewer.layers.move(viewer.layers.index(image), above[0])


def _put_mask(viewer: Any, data: ImageData, keep: Callable[[Any], None] | None) -> None:
    mask = put(viewer, Kind.MASK, data.subject, data.mask)
    if keep is not None:
        keep(mask)


def _activate(viewer: Any, layer: Any) -> None:
    if viewer.layers.selection.active is not layer and layer in viewer.layers:
        viewer.layers.selection.active = layer


def _put_map(viewer: Any, kind: Kind, subject: Subject, values: Any) -> None:
    layer = retired(viewer, kind)
    active = viewer.layers.selection.active
    visible = False if layer is None else recall(layer)
    new = put(viewer, kind, subject, values)
    see(new, visible)
    _activate(viewer, active)


def _retire(viewer: Any) -> None:
    for layer in viewer.layers:
        kind = kind_of(layer)
        if kind is None or subject_of(layer).image_id is None:
            continue
        if kind in _DERIVED:
            retire(layer)
        elif kind in _LIVE:
            see(layer, False)
