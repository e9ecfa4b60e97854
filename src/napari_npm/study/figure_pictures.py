"""The pictures of a figure's panels, and what their colours mean."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from .figure_parts import Source, Subject
from .figure_settings import FigurePreset

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_npm.figures import ColourScale, Swatch

TITLES = {
    "bse": "BSE",
    "mask": "Mask",
    "mulf": "MulF map",
    "micf": "MicF map",
    "grey": "NPM",
    "lp_hp": "LP/HP",
    "relevance": "Relevance",
    "difference": "Class difference",
    "boundary": "Boundary features",
    "regions": "Regions",
    "extracted": "Extracted",
}
_DATA = {"mask": "bse", "extracted": "grey"}
_MASK_WORDS = {1: "unhydrated cement", 2: "reference C-S-H", 3: "reference metal"}
# Rows of a picture that are worked on at once: a mosaic's colours as floats would fill the memory.
_STRIP = 512
# How far a panel is dimmed under the first overlay, so that its colours are seen.
_DIMMED = 0.6


class Painter:
    """Makes the pictures of panels, all with the same colours for the same values.

    Parameters
    ----------
    source : Source
        The data.
    preset : FigurePreset
        What is shown.
    found : sequence of Subject
        Everything that the figure shows: the strongest relevance of them all has full colour.
    """

    def __init__(self, source: Source, preset: FigurePreset, found: Sequence[Subject]) -> None:
        from napari_npm import figures

        self._source, self._preset = source, preset
        self.used = set(panel_layers(preset)) | set(preset.overlays)
        self._peaks = {
            layer: peak(np.concatenate([source.read(one, layer).ravel() for one in found]))
            for layer, peak in (
                ("relevance", figures.relevance_peak),
                ("difference", figures.difference_peak),
            )
            if layer in self.used
        }

    def picture(self, one: Subject, layer: str) -> "NDArray[np.uint8]":
        """Return the picture of a panel with its overlays, (H, W, 3)."""
        tall, wide = self._source.read(one, _DATA.get(layer, layer)).shape
        whole = np.empty((tall, wide, 3), np.uint8)
        for start in range(0, tall, _STRIP):
            rows = slice(start, start + _STRIP)
            picture = self._layer(one, layer, rows)
            brightness = _DIMMED
            for overlay in self._preset.overlays:
                picture = self._over(picture, one, overlay, rows, brightness)
                brightness = 1.0
            whole[rows] = np.rint(picture * 255)
        return whole

    def _layer(self, one: Subject, layer: str, rows: slice) -> "NDArray[Any]":
        from napari_npm import figures

        def read(one: Subject, layer: str) -> "NDArray[Any]":
            return self._source.read(one, layer)[rows]

        preset = self._preset
        if layer in ("bse", "mask"):
            low, high = self._source.levels(one)
            grey = figures.grey_rgb((read(one, "bse").astype(np.float32) - low) / (high - low))
            return grey if layer == "bse" else figures.mask_rgb(grey, read(one, "mask"))
        if layer in ("mulf", "micf", "grey"):
            colours = "gray" if layer == "grey" else preset.colormap
            return figures.map_rgb(read(one, layer), colours, (preset.low, preset.high))
        if layer == "lp_hp":
            return figures.grey_rgb(read(one, layer).astype(np.float32))
        if layer == "extracted":
            return figures.extracted_rgb(read(one, "grey"), read(one, layer))
        return self._over(read(one, "grey"), one, layer, rows, None)

    def _over(
        self,
        ground: "NDArray[Any]",
        one: Subject,
        layer: str,
        rows: slice,
        brightness: float | None,
    ) -> "NDArray[Any]":
        """Lay one layer over a map or picture; as bright as the paper's where none is said."""
        from napari_npm import figures

        values = self._source.read(one, layer)[rows]
        options: Any = {} if brightness is None else {"brightness": brightness}
        if layer == "mask":
            return figures.mask_rgb(ground, values)
        if layer == "relevance":
            high = self._source.high(one)[rows]
            return figures.relevance_rgb(
                ground, values, high, peak=self._peaks["relevance"], **options
            )
        if layer == "difference":
            return figures.difference_rgb(ground, values, peak=self._peaks["difference"], **options)
        if layer == "boundary":
            return figures.boundary_rgb(ground, values, self._source.high(one)[rows], **options)
        return figures.regions_rgb(ground, values, **options)

    def scales(self) -> "list[ColourScale]":
        """Return the colour bars of what is shown."""
        from napari_npm import figures

        preset = self._preset
        found = []
        if self.used & {"mulf", "micf"}:
            found.append((figures.POROSITY, preset.colormap))
        if "grey" in self.used:
            found.append((figures.POROSITY, "gray"))
        scales = [
            figures.ColourScale(label, preset.low, preset.high, colours) for label, colours in found
        ]
        if "relevance" in self.used:
            scales += figures.relevance_scales(self._peaks["relevance"])
        if "difference" in self.used:
            scales.append(figures.difference_scale(self._peaks["difference"]))
        return scales

    def swatches(self) -> "list[Swatch]":
        """Return the colours that stand for one thing each."""
        from napari_npm import figures
        from napari_npm.figures import overlay

        found: list[tuple[str, Any]] = []
        if "mask" in self.used:
            found += [(words, overlay.MASK_COLOURS[label]) for label, words in _MASK_WORDS.items()]
        if "lp_hp" in self.used:
            found += [("LP", "black"), ("HP", "white")]
        if "boundary" in self.used:
            found += [("boundary in LP", overlay.BLUE), ("boundary in HP", overlay.RED)]
        if "regions" in self.used:
            found.append(("characteristic region", overlay.GREEN))
        if "extracted" in self.used:
            found.append(("outside the regions", overlay.OUTSIDE))
        return [figures.Swatch(words, colour) for words, colour in found]


def panel_layers(preset: FigurePreset) -> tuple[str, ...]:
    """Return the layers that panels show: the first one where there is a single panel."""
    return preset.layers[:1] if preset.layout == "single" else preset.layers
