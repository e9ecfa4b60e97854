"""A viewer to click in, small images, and a small study of phantoms."""

from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import QEvent, QPoint, QPointF, Qt
from qtpy.QtGui import QMouseEvent
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication

from napari_npm.core.masking import Label
from napari_npm.viewer.layers import Kind, Subject, find


@pytest.fixture(scope="session", autouse=True)
def _background_ends_first() -> Iterator[None]:
    """Wait at the end for work in the background, as the program does when Qt quits."""
    yield
    from napari_npm.viewer.tasks import wait_for_tasks

    wait_for_tasks()


@pytest.fixture(autouse=True)
def _nobodys_docks(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Begin each test without sizes of docks that the user or another test left."""
    monkeypatch.setattr("napari_npm.viewer.dock_sizes.sizes_path", lambda: tmp_path / "docks.json")


@pytest.fixture
def grey() -> np.ndarray:
    """A 120 x 160 image: C-S-H at 60, unhydrated cement at 90, metal at 200, noise of 2."""
    rng = np.random.default_rng(5)
    image = np.full((120, 160), 60.0)
    image[10:50, 10:60] = 90
    image[70:110, 20:60] = 200
    image[20:100, 90:150] = 130
    return np.clip(image + rng.normal(0, 2, image.shape), 0, 255).round().astype(np.uint8)


@pytest.fixture
def labels() -> np.ndarray:
    """Labels that fit `grey`, references with a margin."""
    mask = np.zeros((120, 160), np.uint8)
    mask[10:50, 10:60] = Label.UNHYDRATED
    mask[75:105, 25:55] = Label.METAL
    mask[3:8, 60:150] = Label.CSH
    return mask


@pytest.fixture(scope="session")
def study_folder(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Path]:
    """Return a function that makes a fresh study of two samples with two images each."""
    from napari_npm.io import write_image

    images = tmp_path_factory.mktemp("images")
    for number, sample in enumerate(("A", "B")):
        (images / sample).mkdir()
        for place in range(2):
            rng = np.random.default_rng(10 * number + place)
            picture = rng.normal(110 + 20 * number, 25, (384, 384)).clip(30, 220)
            picture[:60, :60] = 20
            picture[-60:, -60:] = 240
            path = images / sample / f"{sample}{place}.tif"
            write_image(path, picture.round().astype(np.uint8), 50.0)

    def make() -> Path:
        from napari_npm.study import Study
        from napari_npm.study.importing import add_folder

        folder = tmp_path_factory.mktemp("study")
        with Study.create(folder, name="Two samples") as study:
            add_folder(study, images)
            for image in study.images:
                mask = np.zeros((image.height, image.width), np.uint8)
                mask[5:55, 5:55] = Label.CSH
                mask[-55:-5, -55:-5] = Label.METAL
                study.set_mask(image.id, mask)
        return folder

    make.images = images  # type: ignore[attr-defined]  # where the images are
    return make


@pytest.fixture
def viewer(make_napari_viewer_proxy: Any) -> Any:
    """A napari viewer as plugins get it."""
    return make_napari_viewer_proxy()


@pytest.fixture
def dock(viewer: Any, qtbot: Any) -> Callable[[str], Any]:
    """Return a function that opens a dock of the plugin as its menu does."""

    def show(name: str) -> Any:
        _, widget = viewer.window.add_plugin_dock_widget("napari-npm", name)
        qtbot.wait(20)
        return widget

    return show


@pytest.fixture
def settled(qtbot: Any) -> Callable[[Any], None]:
    """Return a function that waits until a dock's work on the current image is over."""

    def wait(widget: Any) -> None:
        qtbot.waitUntil(lambda: widget.task is None, timeout=60_000)
        qtbot.wait(20)

    return wait


@pytest.fixture
def opened(dock: Any, study_folder: Any, qtbot: Any) -> Any:
    """The NPM study dock with a study open and its first image on show."""
    widget = dock("NPM study")
    widget.open(study_folder())
    qtbot.waitUntil(lambda: widget.session.image_id != "", timeout=30_000)
    qtbot.waitUntil(lambda: bool(widget.session.states), timeout=30_000)
    return widget


@pytest.fixture
def click_pixel(viewer: Any, qtbot: Any) -> Callable[[Any, int, int], None]:
    """Return a function that clicks with the mouse on a pixel of a layer in the canvas."""

    def click(layer: Any, row: int, column: int) -> None:
        from napari_npm.viewer.session import plain

        canvas = plain(viewer).window._qt_viewer.canvas
        node = canvas.layer_to_visual[layer].node
        x, y = node.get_transform("visual", "canvas").map((column + 0.5, row + 0.5))[:2]
        QTest.mouseMove(canvas.native, QPoint(round(x), round(y)))
        QTest.mouseClick(canvas.native, Qt.MouseButton.LeftButton, pos=QPoint(round(x), round(y)))
        qtbot.wait(50)

    return click


class Hand:
    """A user's hand that points at the pixels of an image in the canvas."""

    def __init__(self, viewer: Any, base: Any, qtbot: Any) -> None:
        self.viewer, self.base, self.qtbot = viewer, base, qtbot
        self.canvas = viewer.window._qt_viewer.canvas.native
        self.settle()

    def settle(self) -> None:
        """Wait until the canvas has its place."""
        rows, columns = self.base.data.shape
        corners = None
        while corners != (corners := (self.at(0, 0), self.at(rows - 1, columns - 1))):
            self.qtbot.wait(300)

    def at(self, row: float, column: float) -> QPoint:
        visuals = self.viewer.window._qt_viewer.canvas.layer_to_visual
        node = visuals[self.base].node
        x, y = node.get_transform("visual", "canvas").map((column + 0.5, row + 0.5))[:2]
        return QPoint(round(x), round(y))

    def drag(self, *places: tuple[float, float]) -> None:
        path = [np.linspace(a, b, 6) for a, b in pairwise(places)]
        points = [self.at(*place) for place in np.concatenate([[places[0]], *path])]
        QTest.mouseMove(self.canvas, points[0])
        QTest.mousePress(self.canvas, Qt.MouseButton.LeftButton, pos=points[0])
        for point in points[1:]:
            spot, world = QPointF(point), QPointF(self.canvas.mapToGlobal(point))
            left, none = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton
            keys = Qt.KeyboardModifier.NoModifier
            event = QMouseEvent(QEvent.Type.MouseMove, spot, world, none, left, keys)
            QApplication.sendEvent(self.canvas, event)
            self.qtbot.wait(2)
        QTest.mouseRelease(self.canvas, Qt.MouseButton.LeftButton, pos=points[-1])
        self.qtbot.wait(30)

    def key(self, key: Any) -> None:
        QTest.keyClick(self.canvas, key)
        self.qtbot.wait(100)

    def labels(self, kind: Kind = Kind.MASK) -> np.ndarray:
        return np.asarray(find(self.viewer, kind, Subject(self.base.name)).data)


@pytest.fixture
def hand(viewer: Any, dock: Any, grey: np.ndarray, qtbot: Any) -> Any:
    """The mask page with a free image, and a hand that points at its pixels."""
    viewer.add_image(grey, name="free")
    page = dock("Mask and calibrate").mask
    return page, Hand(page.viewer, page.current().layer, qtbot)


@pytest.fixture
def mulf(viewer: Any, rng: Any) -> Any:
    """A free image of one tile, named "free" and of 50 nm a pixel, with a MulF map."""
    from napari_npm.viewer.layers import Kind, Subject, put

    values = (rng.random((384, 384)) ** 3).astype(np.float32)
    viewer.add_image(
        np.round(255 * values).astype(np.uint8), name="free", scale=(0.05, 0.05), units=("µm", "µm")
    )
    put(viewer, Kind.MULF, Subject("free", 50.0), values)
    return values


@pytest.fixture
def model_folder(tmp_path: Path) -> Path:
    """A folder with an untrained network for MulF maps and two classes."""
    import torch

    from napari_npm.core.network import NanoporosityNet
    from napari_npm.study.models import save_model

    torch.manual_seed(1)
    card = {"maps": "mulf", "classes": ["S1", "S2"]}
    save_model(tmp_path / "mine", NanoporosityNet(n_classes=2).eval(), card)
    return tmp_path / "mine"
