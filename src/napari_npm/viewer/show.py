"""Puts what was read of a study's image into the viewer."""

from typing import Any

from .layers import Kind, find, put, remove
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
)
# The calibrate page shows these again once they follow the new image.
_LIVE = (Kind.PREVIEW, Kind.CLIPPED)


def show_image_data(viewer: Any, data: ImageData) -> Any:
    """Show image, mask and the maps already on show, in place of the previous image's.

    Maps come up hidden the first time, so that the image itself is seen; overlays of the previous
    image that are not on disk are taken away.

    Parameters
    ----------
    viewer : napari.Viewer
        Where to show it.
    data : ImageData
        What was read.

    Returns
    -------
    napari.layers.Labels
        The mask layer, to be watched for changes.
    """
    first = find(viewer, Kind.IMAGE, data.subject) is None
    active = viewer.layers.selection.active
    image = put(viewer, Kind.IMAGE, data.subject, data.pixels)
    for kind in _DERIVED:
        if kind in data.maps:
            new = find(viewer, kind, data.subject) is None
            layer = put(viewer, kind, data.subject, data.maps[kind])
            if new:
                layer.visible = False
        else:
            remove(viewer, kind, data.subject)
    for kind in _LIVE:
        live = find(viewer, kind, data.subject)
        if live is not None:
            live.visible = False
    remove(viewer, Kind.REFERENCES, data.subject)
    mask = put(viewer, Kind.MASK, data.subject, data.mask)
    # napari makes each new layer the active one; the user's choice stays.
    viewer.layers.selection.active = active if active in viewer.layers and not first else image
    if first:
        viewer.reset_view()
    return mask
