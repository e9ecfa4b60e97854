"""How the canvas looks: the plugin's layers, camera, grid and scale bar, read and set again."""

from contextlib import suppress
from typing import Any

import numpy as np

from napari_npm.study.view_state import CameraState, LayerLook, ViewState

from .layer_styles import limits
from .layers import Kind, camera, grid, kind_of, scale_bar, subject_of

# Maps of porosity come up between these; layers of other kinds choose theirs from the data.
_MAPS, _MAP_LIMITS = (Kind.MULF, Kind.MICF), (0.0, 1.0)
# What napari calls the same as a `LayerLook` does, of images and of labels that are painted on.
_OF_ALL = ("visible", "opacity", "blending")
_OF_IMAGES = ("gamma", "interpolation2d")
_OF_PAINTED = ("brush_size", "selected_label", "contour")
_PAINTED = (Kind.MASK, Kind.STROKES)


def look_of(viewer: Any) -> dict[str, Any]:
    """Return how the layers of the study's image look, and the canvas, as fields of a view."""
    layers, active = {}, ""
    for layer in viewer.layers:
        kind = kind_of(layer)
        if kind is None or subject_of(layer).image_id is None:
            continue
        layers[str(kind)] = _layer_look(layer, kind)
        if layer is viewer.layers.selection.active:
            active = str(kind)
    seen = camera(viewer)
    numbers = (*(float(one) for one in seen.center), float(seen.zoom))
    fits = len(numbers) == 4 and bool(np.isfinite(numbers).all()) and numbers[3] > 0
    return {
        "layers": layers,
        "active": active,
        "camera": CameraState(centre=numbers[:3], zoom=numbers[3]) if fits else None,
        "grid": bool(grid(viewer).enabled),
        "scale_bar": bool(scale_bar(viewer).visible),
    }


def _layer_look(layer: Any, kind: Kind) -> LayerLook:
    own = _default_limits(layer, kind)
    chosen = None if own is None else tuple(float(one) for one in layer.contrast_limits)
    coloured = hasattr(layer, "gamma") and not layer.rgb
    return LayerLook(
        contrast_limits=None if own is None or np.allclose(chosen, own) else chosen,
        colormap=str(layer.colormap.name) if coloured else None,
        **{name: getattr(layer, name) for name in _plain(layer, kind)},
    )


def _plain(layer: Any, kind: Kind) -> tuple[str, ...]:
    if hasattr(layer, "gamma"):
        return _OF_ALL if layer.rgb else _OF_ALL + _OF_IMAGES
    return _OF_ALL + _OF_PAINTED if kind in _PAINTED else _OF_ALL


def _default_limits(layer: Any, kind: Kind) -> tuple[float, float] | None:
    if getattr(layer, "rgb", True):
        return None
    if kind is Kind.IMAGE:
        return limits(layer.data)
    return _MAP_LIMITS if kind in _MAPS else None


def give_look(viewer: Any, view: ViewState) -> None:
    """Let the layers that are there and the canvas look as they did.

    Parameters
    ----------
    viewer : napari.Viewer
        With the image on show that the view is of.
    view : ViewState
        What was remembered.
    """
    known = {}
    for layer in viewer.layers:
        kind = kind_of(layer)
        if kind is None or subject_of(layer).image_id is None:
            continue
        if kind in view.layers:
            known[str(kind)] = layer
            _give_layer_look(layer, kind, view.layers[kind])
        if kind == view.active:
            viewer.layers.selection.active = layer
    _give_order(viewer, [known[kind] for kind in view.layers if kind in known])
    grid(viewer).enabled = view.grid
    scale_bar(viewer).visible = view.scale_bar
    if view.camera is not None:
        seen = camera(viewer)
        seen.center, seen.zoom = view.camera.centre, view.camera.zoom


def _give_order(viewer: Any, wanted: list[Any]) -> None:
    """Let layers lie in this order in the places that they have among all."""
    places = sorted(viewer.layers.index(layer) for layer in wanted)
    for place, layer in zip(places, wanted, strict=True):
        now = viewer.layers.index(layer)
        if now != place:
            viewer.layers.move(now, place)


def _give_layer_look(layer: Any, kind: Kind, look: LayerLook) -> None:
    for name in _plain(layer, kind):
        value = getattr(look, name)
        # A way of blending that napari of this version does not know.
        with suppress(ValueError):
            if value is not None and value != getattr(layer, name):
                setattr(layer, name, value)
    if getattr(layer, "rgb", True):
        return
    # A colormap that napari of this version does not know, limits the wrong way round.
    with suppress(ValueError, KeyError, TypeError):
        if look.colormap is not None and look.colormap != layer.colormap.name:
            layer.colormap = look.colormap
    with suppress(ValueError):
        if look.contrast_limits is not None:
            layer.contrast_limits = look.contrast_limits
