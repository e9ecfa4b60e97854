"""Lasso: drag around an area, and all inside is marked."""

from collections.abc import Generator
from typing import Any

import numpy as np
from qtpy.QtCore import QObject

from .layer_styles import GRAIN_COLOUR
from .layers import Kind, find, layer_name, spatial, subject_of, tag
from .mask_layers import line_width
from .mask_tools import filled_polygon


class LassoTool(QObject):
    """A layer to drag on while the tool is in use; napari's own lasso draws shapes, not labels."""

    def __init__(self, box: Any) -> None:
        super().__init__(box)
        self.box = box
        self.viewer = box.viewer

    def start(self) -> None:
        """Show the layer to drag on."""
        image = self.box.current()
        layer = find(self.viewer, Kind.LASSO, image.subject)
        if layer is None:
            # One vector of no length: without any, napari forgets the colour.
            layer = self.viewer.add_vectors(
                np.zeros((1, 2, 2), np.float32),
                edge_width=line_width(image.pixels.shape),
                edge_color=GRAIN_COLOUR,
                vector_style="line",
                name=layer_name(Kind.LASSO, image.subject.name),
                metadata=tag(Kind.LASSO, image.subject),
                **spatial(image.subject.pixel_size_nm),
            )
            layer.mouse_drag_callbacks.append(self._dragged)
        else:
            placed = spatial(image.subject.pixel_size_nm)
            layer.scale, layer.units = placed["scale"], placed["units"]
            layer.name = layer_name(Kind.LASSO, image.subject.name)
            layer.metadata = {**layer.metadata, **tag(Kind.LASSO, image.subject)}
            layer.edge_width = line_width(image.pixels.shape)
        layer.visible = True
        self.viewer.layers.selection.active = layer
        layer.mouse_pan = False
        layer.cursor = "cross"

    def stop(self) -> None:
        """Hide the layer: to remove it and to make it again takes napari a second."""
        for layer in self.viewer.layers:
            if self._dragged in layer.mouse_drag_callbacks:
                layer.visible = False
                if self.viewer.layers.selection.active is layer:
                    below = find(self.viewer, Kind.MASK, subject_of(layer))
                    self.viewer.layers.selection.active = below

    def _dragged(self, layer: Any, event: Any) -> Generator[None, None, None]:
        if event.button != 1 or self.box.tool != "lasso":
            return
        points = [self._at(layer, event)]
        yield
        while event.type == "mouse_move":
            point = self._at(layer, event)
            if np.abs(point - points[-1]).max() >= 1:
                points.append(point)
                path = np.array(points, np.float32)
                layer.data = np.stack([path[:-1], np.diff(path, axis=0)], axis=1)
            yield
        points.append(self._at(layer, event))  # where it was let go
        layer.data = np.zeros((1, 2, 2), np.float32)
        self.mark(np.array(points))

    @staticmethod
    def _at(layer: Any, event: Any) -> Any:
        return np.asarray(layer.world_to_data(event.position))[-2:]

    def mark(self, vertices: Any) -> None:
        """Mark what a closed line encloses with the chosen label."""
        target = self.box.layer()
        found = filled_polygon(vertices, target.data.shape)
        if found is None:
            self.box.say("Drag around an area: the line encloses none.")
            return
        box, inside = found
        values = np.where(inside, target.data.dtype.type(self.box.label), target.data[box])
        self.box.keeper().write(box, values)
        self.box.say(f"{int(inside.sum())} pixels marked; U or Ctrl+Z undoes.")
