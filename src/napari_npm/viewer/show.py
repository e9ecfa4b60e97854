"""Puts what was read of a study's image into the viewer."""

from collections.abc import Callable, Iterator
from typing import Any

from .layers import Kind, Subject, find, kind_of, put, subject_of
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
_OWN, _RETIRED = "napari_npm", "napari_npm_retired"


def show_image_data(
    viewer: Any, data: ImageData, keep: Callable[[Any], None] | None = None
) -> Iterator[None]:
    """Show image, mask and the maps already on show, in place of the previous image's.

    In turns, see `Turns`: image and mask change in the first one, and what belongs to the
    previous image is hidden and no longer found in it, so that nothing is seen or computed of two
    images at once. Maps come up hidden the first time, so that the image itself is seen; overlays
    of the previous image that are not on disk are taken away.

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
        layer = _retired(viewer, kind)
        if kind in data.maps:
            _put_map(viewer, kind, subject, data.maps[kind], layer)
            yield
        elif layer is not None:
            viewer.layers.remove(layer)
            yield
    if new_mask:
        # Last, so that it lies over the maps; nobody can have painted on it before.
        _put_mask(viewer, data, keep)
        _activate(viewer, chosen)


def _put_mask(viewer: Any, data: ImageData, keep: Callable[[Any], None] | None) -> None:
    mask = put(viewer, Kind.MASK, data.subject, data.mask)
    if keep is not None:
        keep(mask)


def _activate(viewer: Any, layer: Any) -> None:
    if viewer.layers.selection.active is not layer and layer in viewer.layers:
        viewer.layers.selection.active = layer


def _put_map(viewer: Any, kind: Kind, subject: Subject, values: Any, layer: Any) -> None:
    active = viewer.layers.selection.active
    visible = False if layer is None else _recall(layer)
    new = put(viewer, kind, subject, values)
    new.visible = visible
    _activate(viewer, active)


def _retire(viewer: Any) -> None:
    """Hide the previous image's layers and make `find` pass them over until their turn comes."""
    for layer in viewer.layers:
        kind = kind_of(layer)
        if kind is None or subject_of(layer).image_id is None:
            continue
        if kind in _DERIVED:
            own = {**layer.metadata[_OWN], "visible": layer.visible}
            rest = {key: value for key, value in layer.metadata.items() if key != _OWN}
            layer.metadata = {**rest, _RETIRED: own}
        if kind in _DERIVED or kind in _LIVE:
            layer.visible = False


def _retired(viewer: Any, kind: Kind) -> Any | None:
    for layer in viewer.layers:
        if layer.metadata.get(_RETIRED, {}).get("kind") is kind:
            return layer
    return None


def _recall(layer: Any) -> bool:
    """Make a layer found again and tell whether it was visible."""
    own = dict(layer.metadata[_RETIRED])
    visible = bool(own.pop("visible"))
    rest = {key: value for key, value in layer.metadata.items() if key != _RETIRED}
    layer.metadata = {**rest, _OWN: own}
    return visible
