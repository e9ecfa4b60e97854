"""Take the pictures of the user guide from the real window.

Run from the repository, with a study that was run to its end (as `make demo` leaves it), and with
a real micrograph if there is one::

    tools/with_display.sh .venv/bin/python docs/make_screenshots.py --study STUDY [--real IMAGE]

The docks are worked as a user works them: by their buttons and fields. The study is only read.
"""

import argparse
import io
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import napari
import numpy as np
from PIL import Image
from qtpy.QtWidgets import QApplication

from napari_npm.core.masking import Label
from napari_npm.viewer.__main__ import open_viewer
from napari_npm.viewer.layers import Kind, Subject, find
from napari_npm.viewer.session import session_of

IMAGES = Path(__file__).parent / "images"
SIZE = (1480, 920)
SHOWN = "S3-A-1"
LIMIT_BYTES = 400_000


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


def save(viewer: Any, name: str) -> None:
    """Write what the window shows as a PNG of a palette, small enough for a repository."""
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
    (IMAGES / name).write_bytes(buffer.getvalue())
    print(f"{name}: {picture.width} x {picture.height} px, {buffer.tell() // 1000} kB")


def study_pictures(folder: Path) -> None:
    """Take the pictures that show the sample study."""
    viewer = open_viewer(folder)
    session = session_of(viewer)
    viewer.window.resize(*SIZE)
    wait(lambda: session.image_id and session.states)
    session.show(SHOWN)
    wait(lambda: session.image_id == SHOWN)
    subject = Subject(SHOWN, None, SHOWN)

    mask = dock(viewer, "Mask and calibrate")
    mask.show_page(1)
    wait(lambda: mask.calibration.live.grey is not None)
    mask.calibration.calibrate_button.click()
    wait(lambda: mask.task is None)
    for layer in viewer.layers:
        layer.visible = layer in (
            find(viewer, Kind.IMAGE, subject),
            find(viewer, Kind.MASK, subject),
        )
    save(viewer, "mask.png")

    train = dock(viewer, "Train and predict")
    wait(lambda: train.results.text())
    press(train, "predict_button")
    find(viewer, Kind.MASK, subject).visible = False
    find(viewer, Kind.MULF, subject).visible = True
    viewer.window.resize(SIZE[0], 1100)
    save(viewer, "train.png")
    viewer.window.resize(*SIZE)

    relevance = dock(viewer, "Relevance")
    press(relevance, "show_button")
    regions = dock(viewer, "Characteristic regions")
    press(regions, "find_button")
    save(viewer, "regions.png")

    s2 = dock(viewer, "S2")
    s2.where_box.setCurrentIndex(1)
    press(s2, "one_button")
    wait(lambda: s2.plot.figure is not None)
    save(viewer, "s2.png")

    export = dock(viewer, "Export figure")
    export.kind_box.setCurrentText("Relevance panels (Fig. 5)")
    export.width.box.click()
    press(export, "preview_button")
    save(viewer, "export.png")

    study = dock(viewer, "Study")
    wait(lambda: study.table.model().rowCount() > 0)
    # Left the image with its mask, right where the network looked.
    for kind in (Kind.IMAGE, Kind.MASK, Kind.RELEVANCE, Kind.REGIONS):
        find(viewer, kind, subject).visible = True
    side_by_side(viewer, 4, (1, 2))
    viewer.window.resize(1600, 720)
    wait()
    study.table.select(SHOWN)
    save(viewer, "viewer.png")
    viewer.close()


def real_picture(path: Path) -> None:
    """Take a micrograph from its file to S2, with references that were chosen by looking."""
    viewer = napari.Viewer(title="napari-npm")
    viewer.window.resize(*SIZE)
    viewer.open(path, plugin="napari-npm")
    mask = dock(viewer, "Mask and calibrate")
    wait(lambda: mask.calibration.live.grey is not None)
    # A smooth grey crystal that is left out, a bright grain and a dark one.
    places = {Label.UNHYDRATED: (68, 77), Label.METAL: (57, 25), Label.CSH: (178, 127)}
    for label, place in places.items():
        mask.mask.draw.label_buttons.button(int(label)).click()
        mask.mask.draw.use("grow")
        mask.mask.draw.grow.click(*place)
        wait(lambda: mask.mask.draw.grow.grain is not None)
        mask.mask.draw.use("")
    wait(lambda: None not in mask.calibration.levels())
    mask.calibration.calibrate_button.click()
    wait(lambda: mask.task is None)
    press(dock(viewer, "MicF"), "smooth_button")
    press(dock(viewer, "LP/HP"), "split_button")
    s2 = dock(viewer, "S2")
    press(s2, "one_button")
    wait(lambda: s2.plot.figure is not None)
    values = np.asarray(s2._found.probability)
    assert np.isfinite(values).all()
    # BSE, MulF, MicF and LP/HP side by side.
    viewer.layers.remove(find(viewer, Kind.MASK, Subject(path.stem)))
    for layer in viewer.layers:
        layer.visible, layer.opacity = True, 1.0
    side_by_side(viewer, 1, (2, 2))
    save(viewer, "real.png")
    viewer.close()


def main() -> None:
    """Take all pictures."""
    parser = argparse.ArgumentParser(description="Take the pictures of the user guide.")
    parser.add_argument("--study", type=Path, help="a sample study that was run to its end")
    parser.add_argument("--real", type=Path, help="a real micrograph")
    chosen = parser.parse_args()
    IMAGES.mkdir(exist_ok=True)
    if chosen.study is not None:
        study_pictures(chosen.study.resolve())
    if chosen.real is not None:
        real_picture(chosen.real.resolve())


if __name__ == "__main__":
    main()
