"""How the canvas looks: the plugin's layers, camera, grid and scale bar, read and set again."""

from contextlib import suppress
from typing import Any

import numpy as np

from napari_npm.study.view_state import CameraState, LayerLook, ViewState

from .layer_styles import limits
from .layers import Kind, camera, grid, kind_of, scale_bar, subject_of

# Maps of porosity come up between these; layers of other kinds choose theirs from the data.
_MAPS, _MAP_LIMITS = (Kind.MULF, Kind.MICF), (0.0, 1.0)


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
    gamma, colormap = getattr(layer, "gamma", 1.0), None
    if hasattr(layer, "gamma") and not layer.rgb:
        colormap = str(layer.colormap.name)
    return LayerLook(
        visible=bool(layer.visible),
        opacity=float(layer.opacity),
        contrast_limits=None if own is None or np.allclose(chosen, own) else chosen,
        gamma=None if gamma == 1 else float(gamma),
        colormap=colormap,
    )


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
    for layer in viewer.layers:
        kind = kind_of(layer)
        look = None if kind is None or subject_of(layer).image_id is None else view.layers.get(kind)
        if look is not None:
            _give_layer_look(layer, look)
        if kind is not None and kind == view.active:
            viewer.layers.selection.active = layer
    grid(viewer).enabled = view.grid
    scale_bar(viewer).visible = view.scale_bar
    if view.camera is not None:
        seen = camera(viewer)
        seen.center, seen.zoom = view.camera.centre, view.camera.zoom


def _give_layer_look(layer: Any, look: LayerLook) -> None:
    if layer.visible != look.visible:
        layer.visible = look.visible
    if layer.opacity != look.opacity:
        layer.opacity = look.opacity
    if getattr(layer, "rgb", True):
        return
    # A colormap that napari of this version does not know, limits the wrong way round.
    with suppress(ValueError, KeyError, TypeError):
        if look.colormap is not None and look.colormap != layer.colormap.name:
            layer.colormap = look.colormap
    with suppress(ValueError):
        if look.contrast_limits is not None:
            layer.contrast_limits = look.contrast_limits
        if look.gamma is not None:
            layer.gamma = look.gamma
