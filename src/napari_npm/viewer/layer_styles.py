"""How the plugin's layers look: colours, outlines, contrast, names under the pointer."""

from typing import Any

import numpy as np

from .kinds import CLASS_COLOURS, LABEL_COLOURS, LABEL_NAMES, Kind

LP_COLOUR = "#4477AA"
HP_COLOUR = "#CC3311"
REGION_COLOUR = "#22AA55"
BELOW_COLOUR = "#56B4E9"
ABOVE_COLOUR = "#D55E00"
STROKE_NAMES = {1: "UC", 2: "not UC"}
STROKE_COLOURS = {1: "#F0E442", 2: "#0072B2"}
PROPOSAL_COLOUR = "#00D68F"
GRAIN_COLOUR = "#FF5C5C"
CHOSEN_COLOUR = "#F0E442"
# Purple for what speaks against, orange for what speaks for: no red and green, white between.
DIVERGING = ("#3B0F70", "#8073AC", "#F7F7F7", "#E08214", "#7F3B08")
# Beyond so many pixels napari takes too long to draw outlines: areas are shown instead.
_MOST_OUTLINED = 600_000


def add_layer(viewer: Any, kind: Kind, data: Any, rgb: bool, settings: dict[str, Any]) -> Any:
    """Add a layer that looks as its kind does.

    Parameters
    ----------
    viewer : napari.Viewer
        Where to add it.
    kind : Kind
        What the data are.
    data : ndarray
        Values, labels or colours.
    rgb : bool
        Whether they are colours.
    settings : dict
        Name, scale, units, metadata.
    """
    if rgb:
        return viewer.add_image(data, rgb=True, **settings)
    if kind is Kind.MASK:
        return viewer.add_labels(
            data, colormap=mask_colours(), features=mask_features(), opacity=0.6, **settings
        )
    if kind is Kind.LPHP:
        return viewer.add_labels(
            data,
            colormap=direct({1: LP_COLOUR, 2: HP_COLOUR}),
            features=_features({1: "LP", 2: "HP"}),
            opacity=0.6,
            **settings,
        )
    if kind is Kind.STROKES:
        return viewer.add_labels(
            data,
            colormap=direct(STROKE_COLOURS),
            features=_features(STROKE_NAMES),
            opacity=0.85,
            **settings,
        )
    if kind in (Kind.PROPOSED_UC, Kind.GRAIN, Kind.REGION):
        # The data are a hatching and outlines, drawn as they are.
        colours = {1: CHOSEN_COLOUR if kind is Kind.REGION else GRAIN_COLOUR}
        if kind is Kind.PROPOSED_UC:
            colours = {**LABEL_COLOURS, 1: PROPOSAL_COLOUR}
        return viewer.add_labels(data, colormap=direct(colours), opacity=0.9, **settings)
    if kind is Kind.REGIONS:
        # Each region has a label of its own; all are of one colour.
        return _outlined(viewer, data, direct({}, REGION_COLOUR), settings)
    if kind is Kind.PATTERN_CONTOUR:
        return _outlined(viewer, data, direct({1: REGION_COLOUR}), settings)
    if kind is Kind.PATTERN:
        layer = viewer.add_image(data, colormap="magma", **settings)
        follow(layer, kind, data, rgb)
        return _with_colorbar(layer)
    if kind is Kind.BOUNDARY:
        return _outlined(viewer, data, direct({1: "#DDAA33"}), settings)
    if kind is Kind.CLASSES:
        colours = dict(enumerate(CLASS_COLOURS * 8, start=1))
        return viewer.add_labels(data, colormap=direct(colours), opacity=0.55, **settings)
    if kind is Kind.DIFFERENCE:
        layer = viewer.add_image(data, colormap=_smooth("against-for", DIVERGING), **settings)
        follow(layer, kind, data, rgb)
        return _with_colorbar(layer)
    if kind is Kind.CLIPPED:
        # An image, not labels: napari maps labels on the main thread, too slowly for a drag.
        return viewer.add_image(
            data,
            colormap=_steps("clipped", ("#00000000", BELOW_COLOUR, ABOVE_COLOUR)),
            contrast_limits=(0, 2),
            **settings,
        )
    if kind is Kind.REFERENCES:
        layer = viewer.add_labels(
            data, colormap=mask_colours(), features=mask_features(), opacity=1.0, **settings
        )
        layer.contour = 2
        return layer
    if kind is Kind.IMAGE:
        return viewer.add_image(data, colormap="gray", contrast_limits=limits(data), **settings)
    if kind is Kind.RELEVANCE:
        return viewer.add_image(data, colormap="inferno", **settings)
    layer = viewer.add_image(data, colormap="viridis", contrast_limits=(0.0, 1.0), **settings)
    return _with_colorbar(layer)


def follow(layer: Any, kind: Kind, data: Any, rgb: bool) -> None:
    """Fit the looks of a layer whose data have just been replaced."""
    if rgb:
        return
    if kind is Kind.IMAGE:
        new = limits(data)
        if tuple(layer.contrast_limits_range) != new or tuple(layer.contrast_limits) != new:
            layer.contrast_limits_range = layer.contrast_limits = new
    elif kind is Kind.DIFFERENCE:
        layer.contrast_limits_range = layer.contrast_limits = symmetric(data)
    elif kind is Kind.PATTERN:
        top = float(np.quantile(_fewer(data), 0.999)) if data.size else 0.0
        layer.contrast_limits_range = layer.contrast_limits = (0.0, top if top > 0 else 1.0)
    elif kind in (Kind.REGIONS, Kind.BOUNDARY, Kind.PATTERN_CONTOUR):
        _outline(layer, data)


def symmetric(data: Any) -> tuple[float, float]:
    """Return limits with 0 in the middle that leave out the largest thousandth."""
    top = float(np.quantile(np.abs(_fewer(data)), 0.999)) if data.size else 0.0
    return (-top, top) if top > 0 else (-1.0, 1.0)


def _fewer(data: Any) -> Any:
    """Return every so many rows and columns of a mosaic: a quantile of all takes too long."""
    return data[:: max(1, data.shape[-2] // 512), :: max(1, data.shape[-1] // 512)]


def _with_colorbar(layer: Any) -> Any:
    # napari 0.6 has no colour bar.
    if hasattr(layer, "colorbar"):
        layer.colorbar.visible = layer.visible
        # A colour bar of what is hidden would be taken for that of what is seen.
        layer.events.visible.connect(_colorbar_follows)
    return layer


def _colorbar_follows(event: Any) -> None:
    event.source.colorbar.visible = event.source.visible


def _outlined(viewer: Any, data: Any, colormap: Any, settings: dict[str, Any]) -> Any:
    layer = viewer.add_labels(data, colormap=colormap, **settings)
    _outline(layer, data)
    return layer


def _outline(layer: Any, data: Any) -> None:
    # Outlines, so that the relevance below keeps its red and blue.
    width = 1 if data.size <= _MOST_OUTLINED else 0
    if layer.contour != width or layer.opacity == 1:
        layer.contour, layer.opacity = width, 0.9 if width else 0.5


def _smooth(name: str, colours: tuple[str, ...]) -> Any:
    from napari.utils.colormaps import Colormap

    return Colormap(list(colours), name=name)


def _steps(name: str, colours: tuple[str, ...]) -> Any:
    from napari.utils.colormaps import Colormap

    return Colormap(list(colours), name=name, interpolation="zero")


def limits(data: Any) -> tuple[float, float]:
    """Return the contrast limits of a grey image."""
    if data.dtype == np.uint8:
        return 0.0, 255.0
    sample = _fewer(data)
    low, high = float(sample.min()), float(sample.max())
    return (low, high) if high > low else (low, low + 1.0)


def direct(colours: dict[int, str], others: str = "transparent") -> Any:
    """Return a labels colormap with the given colours and one for all other labels."""
    from napari.utils.colormaps import DirectLabelColormap

    return DirectLabelColormap(color_dict={None: others, 0: "transparent", **colours})


def mask_colours() -> Any:
    """Return the colours of the three mask labels."""
    return direct({int(label): colour for label, colour in LABEL_COLOURS.items()})


def mask_features() -> Any:
    """Return the table that makes napari name the mask label under the pointer."""
    return _features({int(label): name for label, name in LABEL_NAMES.items()})


def class_features(names: Any) -> Any:
    """Return the table that makes napari name the class under the pointer."""
    return _features(dict(enumerate(names, start=1)))


def _features(names: dict[int, str]) -> Any:
    import pandas as pd

    return pd.DataFrame({"index": [0, *names], "name": ["none", *names.values()]})
