"""Click a grain: it is outlined at once, follows the tolerance, and is taken or left."""

from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from qtpy.compat import isalive
from qtpy.QtCore import QObject, Signal

from napari_npm.core.errors import NpmError
from napari_npm.core.progress import Progress

from .current import current_subject
from .layers import Kind, kind_of
from .ledger import Box, changed_box
from .mask_layers import blank, line_width, outlined, show_crop
from .tasks import Latest


@dataclass(frozen=True, eq=False)
class Grain:
    """A region grown from a pixel: the part of the image it lies in, the region, its outline."""

    seed: tuple[int, int]
    tolerance: float
    box: Box
    inside: NDArray[np.bool_]
    drawn: NDArray[np.uint8]

    def holds(self, row: int, column: int) -> bool:
        """Tell whether a pixel belongs to it."""
        at = row - self.box[0].start, column - self.box[1].start
        within = all(0 <= one < side for one, side in zip(at, self.inside.shape, strict=True))
        return within and bool(self.inside[at])


class GrowTool(QObject):
    """Grows a region from a click, with a tolerance that may change until it is taken.

    Enter or a click takes the grain in hand, and so does whatever else is begun; Escape leaves it.
    """

    changed = Signal()

    def __init__(self, box: Any) -> None:
        super().__init__(box)
        self.box = box
        self.viewer = box.viewer
        self.on = False
        self.grain: Grain | None = None
        self.seed: tuple[int, int] | None = None
        self._image: Any = None
        self._grower: list[Any] = []
        self._work = Latest(self)
        self._work.done.connect(self._grown)
        self._work.failed.connect(box.say)

    @property
    def pending(self) -> bool:
        """Whether a grain is outlined, or about to be."""
        return self.seed is not None

    def start(self) -> None:
        """Listen to clicks on the image."""
        if not self.on:
            self.on = True
            self.viewer.mouse_drag_callbacks.append(self._clicked)
            self.viewer.mouse_wheel_callbacks.append(self._wheeled)

    def stop(self) -> None:
        """Take the grain in hand and listen no more."""
        self.take()
        if self.on:
            self.on = False
            self.viewer.mouse_drag_callbacks.remove(self._clicked)
            self.viewer.mouse_wheel_callbacks.remove(self._wheeled)
            for layer in [one for one in self.viewer.layers if kind_of(one) is Kind.GRAIN]:
                self.viewer.layers.remove(layer)

    def image_changed(self) -> None:
        """Forget what belongs to another image."""
        self._forget()
        self._image, self._grower = None, []

    def _clicked(self, viewer: Any, event: Any) -> Generator[None, None, None]:
        """Grow from a click; a drag moves the image as usual."""
        if not isalive(self):
            viewer.mouse_drag_callbacks.remove(self._clicked)
            return
        start, button = np.array(event.pos, float), event.button
        yield
        dragged = False
        while event.type == "mouse_move":
            dragged |= bool(np.abs(np.array(event.pos, float) - start).max() > 3)
            yield
        if dragged or button != 1:
            return
        try:
            layer = self.box.current().layer
        except NpmError:
            return
        row, column = (int(at) for at in np.round(layer.world_to_data(event.position))[-2:])
        if 0 <= row < layer.data.shape[-2] and 0 <= column < layer.data.shape[-1]:
            self.click(row, column)

    def _wheeled(self, viewer: Any, event: Any) -> None:
        if not isalive(self):
            viewer.mouse_wheel_callbacks.remove(self._wheeled)
        elif "Shift" in event.modifiers:
            event.handled = True
            # with Shift some systems turn the wheel sideways
            self.box.change_tolerance(float(np.sign(sum(event.delta))))

    def click(self, row: int, column: int) -> None:
        """Outline the grain around a pixel; what was outlined before is taken.

        Parameters
        ----------
        row, column : int
            The pixel. One inside the grain in hand takes it and begins no other.
        """
        inside = self.grain is not None and self.grain.holds(row, column)
        self.take()
        if not inside:
            self.seed = (row, column)
            self._ask(None if self.box.auto_box.isChecked() else self.box.tolerance.value())
            self.box.say("Enter or the next click takes this grain, Escape leaves it.")
            self._tell()

    def tolerance_changed(self, value: float) -> None:
        """Grow the grain in hand again."""
        if self.seed is not None:
            self._ask(value)

    def _ask(self, tolerance: float | None) -> None:
        image = self.box.current()
        if self._image is not image.pixels:
            self._image, self._grower = image.pixels, []
        self._work.ask(_grow, self._grower, image.pixels, self.seed, tolerance)

    def _grown(self, grain: Grain) -> None:
        if grain.seed != self.seed:
            return
        self.grain = grain
        self.box.show_tolerance(grain.tolerance)
        layer = show_crop(self.viewer, Kind.GRAIN, self.box.current(), grain.drawn, grain.box)
        layer.visible = True

    def take(self) -> None:
        """Mark the grain in hand with the chosen label."""
        if self.seed is None:
            return
        # What is outlined is taken; a grain that was not shown yet is not.
        grain, label = self.grain, self.box.label_buttons.checkedId()
        self._forget()
        if grain is None:
            return
        layer = self.box.editor.layer()
        if layer.data.shape[0] < grain.box[0].stop or layer.data.shape[1] < grain.box[1].stop:
            return
        values = np.where(grain.inside, layer.data.dtype.type(label), layer.data[grain.box])
        self.box.editor.keeper().mask.write(grain.box, values)
        self.box.say(f"{int(grain.inside.sum())} pixels marked; U or Ctrl+Z undoes.")

    def leave(self) -> bool:
        """Leave the grain in hand unmarked; return whether there was one."""
        found = self.seed is not None
        self._forget()
        return found

    def _forget(self) -> None:
        if self.seed is None:
            return
        self._work.drop()
        self.seed = self.grain = None
        subject = current_subject(self.viewer)
        if subject is not None:
            blank(self.viewer, Kind.GRAIN, subject)
        self._tell()

    def _tell(self) -> None:
        self.box.editor.keys.bind()
        self.box.refresh()
        self.changed.emit()


def _grow(
    report: Progress,
    kept: list[Any],
    image: NDArray[Any],
    seed: tuple[int, int],
    tolerance: float | None,
) -> Grain:
    """Grow a region, to the tolerance at which it is stable where none is given.

    The grower of the image is kept, since it knows the costs of the last seed.
    """
    from napari_npm.core.growing import RegionGrower

    report(0, 1, "")
    if not kept:
        kept.append(RegionGrower(image))
    if tolerance is None:
        tolerance = round(kept[0].suggest(seed), 1)
    region = kept[0].region(seed, tolerance)
    box = changed_box(np.zeros_like(region), region)
    assert box is not None
    inside = region[box].copy()
    drawn = outlined(np.pad(inside, 1), line_width(image.shape))[1:-1, 1:-1]
    return Grain(seed, tolerance, box, inside, drawn)
