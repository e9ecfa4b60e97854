"""How the plugin's layers look: colours, outlines, contrast, names under the pointer."""

from typing import Any

import numpy as np

from .kinds import LABEL_COLOURS, LABEL_NAMES, Kind

LP_COLOUR = "#4477AA"
HP_COLOUR = "#CC3311"
REGION_COLOUR = "#22AA55"
BELOW_COLOUR = "#56B4E9"
ABOVE_COLOUR = "#D55E00"
STROKE_NAMES = {1: "UC", 2: "not UC"}
STROKE_COLOURS = {1: "#F0E442", 2: "#0072B2"}
PROPOSAL_COLOUR = "#00D68F"
GRAIN_COLOUR = "#FF5C5C"


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
    if kind in (Kind.PROPOSED_UC, Kind.GRAIN):
        # The data are a hatching and an outline, drawn as they are.
        colours = {1: GRAIN_COLOUR}
        if kind is Kind.PROPOSED_UC:
            colours = {**LABEL_COLOURS, 1: PROPOSAL_COLOUR}
        return viewer.add_labels(data, colormap=direct(colours), opacity=0.9, **settings)
    if kind in (Kind.REGIONS, Kind.BOUNDARY):
        colour = REGION_COLOUR if kind is Kind.REGIONS else "#DDAA33"
        return _outlined(viewer, data, direct({1: colour}), settings)
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
    # napari 0.6 has no colour bar.
    if hasattr(layer, "colorbar"):
        layer.colorbar.visible = True
    return layer


def _outlined(viewer: Any, data: Any, colormap: Any, settings: dict[str, Any]) -> Any:
    # Outlines, so that the relevance below keeps its red and blue.
    layer = viewer.add_labels(data, colormap=colormap, opacity=0.9, **settings)
    layer.contour = 1
    return layer


def _steps(name: str, colours: tuple[str, ...]) -> Any:
    from napari.utils.colormaps import Colormap

    return Colormap(list(colours), name=name, interpolation="zero")


def limits(data: Any) -> tuple[float, float]:
    """Return the contrast limits of a grey image."""
    if data.dtype == np.uint8:
        return 0.0, 255.0
    sample = data[:: max(1, data.shape[-2] // 512), :: max(1, data.shape[-1] // 512)]
    low, high = float(sample.min()), float(sample.max())
    return (low, high) if high > low else (low, low + 1.0)


def direct(colours: dict[int, str]) -> Any:
    """Return a labels colormap with the given colours and nothing for other labels."""
    from napari.utils.colormaps import DirectLabelColormap

    return DirectLabelColormap(color_dict={None: "transparent", 0: "transparent", **colours})


def mask_colours() -> Any:
    """Return the colours of the three mask labels."""
    return direct({int(label): colour for label, colour in LABEL_COLOURS.items()})


def mask_features() -> Any:
    """Return the table that makes napari name the mask label under the pointer."""
    return _features({int(label): name for label, name in LABEL_NAMES.items()})


def _features(names: dict[int, str]) -> Any:
    import pandas as pd

    return pd.DataFrame({"index": [0, *names], "name": ["none", *names.values()]})
