"""Work the real window as a user does, and take its picture; for `make_screenshots.py`."""

import io
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from napari._qt.dialogs.qt_notification import NapariQtNotification
from PIL import Image
from qtpy.QtWidgets import QApplication

from napari_npm.viewer.layers import Kind, Subject, find

LIMIT_BYTES = 290_000


def wait(until: Callable[[], Any] = lambda: True, pause: float = 0.4, limit: float = 180) -> None:
    """Let the window work until something is so, and a little longer for it to be drawn."""
    start, settled = time.monotonic(), 0.0
    while not settled or time.monotonic() < settled + pause:
        QApplication.processEvents()
        time.sleep(0.01)
        if not settled and until():
            settled = time.monotonic()
        if not settled and time.monotonic() > start + limit:
            raise TimeoutError("The window did not get there.")


def dock(viewer: Any, name: str) -> Any:
    """Show one dock of the plugin, in place of the one before."""
    for other in list(viewer.window.dock_widgets.values()):
        viewer.window.remove_dock_widget(other)
    return add_dock(viewer, name)


def add_dock(viewer: Any, name: str) -> Any:
    """Show one more dock of the plugin, below."""
    _, widget = viewer.window.add_plugin_dock_widget("napari-npm", name)
    wait()
    return widget


def press(widget: Any, button: str) -> None:
    """Press a button of a dock and wait until its work is done."""
    getattr(widget, button).click()
    wait(lambda: widget.task is None)


def side_by_side(viewer: Any, stride: int, shape: tuple[int, int]) -> None:
    """Show so many layers in each cell of a grid, from the bottom of the list up."""
    grid = viewer.canvas.grid if hasattr(viewer, "canvas") else viewer.grid
    grid.stride, grid.shape, grid.enabled = stride, shape, True


def save(viewer: Any, path: Path) -> None:
    """Write what the window shows as a PNG of a palette, small enough for a repository."""
    for note in QApplication.allWidgets():
        if isinstance(note, NapariQtNotification):
            note.close()  # it would cover the scale bar
    viewer.reset_view()
    wait(pause=0.8)
    pixels = viewer.screenshot(canvas_only=False, flash=False)
    picture = Image.fromarray(pixels).convert("RGB")
    for colours in (256, 128, 64, 32):
        buffer = io.BytesIO()
        few = picture.quantize(colours, Image.Quantize.MAXCOVERAGE, 2, dither=Image.Dither.NONE)
        few.save(buffer, "PNG", optimize=True)
        if buffer.tell() < LIMIT_BYTES:
            break
    path.write_bytes(buffer.getvalue())
    print(f"{path.name}: {picture.width} x {picture.height} px, {buffer.tell() // 1000} kB")


def show_only(viewer: Any, subject: Subject, *kinds: Kind) -> None:
    """Show these layers of an image and no other."""
    shown = [find(viewer, kind, subject) for kind in kinds]
    for layer in viewer.layers:
        layer.visible = layer in shown
