"""Which image the docks work on: the active layer's, with or without a study."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_npm.core.errors import NpmError

from .layers import RETIRED, Kind, Subject, converted, find, kind_of, subject_of


@dataclass(frozen=True)
class Current:
    """The image that the docks work on.

    Attributes
    ----------
    subject : Subject
        Its name, pixel size and, in a study, identifier.
    pixels : ndarray
        ``(H, W)`` grey values.
    layer : napari.layers.Image
        The layer that shows it.
    """

    subject: Subject
    pixels: NDArray[Any]
    layer: Any


def base_layer(viewer: Any) -> Any | None:
    """Return the layer of the grey image that the active layer belongs to, or None.

    An active mask, map or overlay stands for the image it was made from; with no active layer
    the study's image, or else the topmost plain image, is taken.
    """
    active = viewer.layers.selection.active
    if active is not None:
        if kind_of(active) is not None or converted(active):
            subject = subject_of(active)
            return find(viewer, Kind.IMAGE, subject) or _free(viewer, subject.name)
        if _plain(active):
            return active
    images = [layer for layer in viewer.layers if kind_of(layer) is Kind.IMAGE or _plain(layer)]
    return images[-1] if images else None


def _free(viewer: Any, name: str) -> Any | None:
    for layer in viewer.layers:
        if _plain(layer) and _name(viewer, layer) == name:
            return layer
    return None


def _plain(layer: Any) -> bool:
    return (
        kind_of(layer) is None
        and not converted(layer)
        and RETIRED not in layer.metadata
        and layer.as_layer_data_tuple()[2] == "image"
        and not layer.rgb
        and not layer.multiscale
        and layer.ndim in (2, 3)
    )


def _name(viewer: Any, layer: Any) -> str:
    if layer.ndim == 3:
        return f"{layer.name} [{viewer.dims.current_step[-3] + 1}]"
    return str(layer.name)


def current_subject(viewer: Any) -> Subject | None:
    """Return the current image's name and pixel size, or None where there is no image."""
    layer = base_layer(viewer)
    if layer is None:
        return None
    subject = subject_of(layer)
    if kind_of(layer) is not None:
        return subject
    return Subject(_name(viewer, layer), subject.pixel_size_nm)


def current_image(viewer: Any) -> Current:
    """Return the image that the docks work on.

    Raises
    ------
    NpmError
        If no grey image is open.
    """
    layer = base_layer(viewer)
    if layer is None:
        active = viewer.layers.selection.active
        if active is not None and getattr(active, "rgb", False):
            raise NpmError(
                f"{active.name} is a colour image: open it with the napari-npm reader, "
                "which reads grey stored as colour, or convert it to grey."
            )
        raise NpmError("No image is open: drop a BSE image on the window or open a study.")
    subject = current_subject(viewer)
    assert subject is not None
    data = layer.data if layer.ndim == 2 else layer.data[viewer.dims.current_step[-3]]
    return Current(subject, np.asarray(data), layer)
