"""The window answers all the time: a study of 300 images is worked in while a heart beats."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import QObject, QTimer

from napari_npm.core.masking import Label
from napari_npm.viewer.catalogue import DOCKS, open_dock
from napari_npm.viewer.session import plain, session_of

# Main-thread CPU time between two beats that nobody feels, s; wall time would tell of whatever
# else the machine does.
STALL = 0.05
# What takes longer, each with a limit of its own, s: mostly imports, and what napari and Qt do.
LONGER = {
    # The dock's modules are imported, its widgets made and styled; the first also warms napari up.
    **{f"open dock {entry.name}": 1.0 for entry in DOCKS},
    "open dock NPM study": 1.5,
    # napari's first layer of each type: shaders, fonts, controls, pint's units.
    "open the study": 3.0,
    # The first change of image draws what the first image has not drawn yet.
    "first next image": 0.5,
    # The canvas is drawn without its bottom layer, then with it: blending is set anew.
    "hide and show BSE": 0.15,
}
# These give image and mask other data; what napari takes for that alone is measured beside them.
SHOWING = (
    "next image",
    "previous image",
    "choose a row",
    "many images asked for at once",
    "stop it",
)
ALONE = "image and mask get other data"
IMAGES = 300


class Heart(QObject):
    """Beats in every turn of the event loop; notes the main thread's CPU time between beats."""

    def __init__(self) -> None:
        super().__init__()
        self.action = ""
        self.longest: dict[str, float] = {}
        self._last = time.thread_time()
        self._timer = QTimer(self)
        self._timer.setInterval(0)
        self._timer.timeout.connect(self.beat)
        self._timer.start()

    def beat(self) -> None:
        """Note how long the event loop was held up."""
        now = time.thread_time()
        took, self._last = now - self._last, now
        self.longest[self.action] = max(took, self.longest.get(self.action, 0.0))

    @contextmanager
    def during(self, action: str) -> Iterator[None]:
        """Name what is done from now on."""
        self.beat()
        self.action = action
        yield
        self.beat()
        self.action = ""

    def stop(self) -> None:
        """Beat no more."""
        self._timer.stop()


@pytest.fixture(scope="module")
def many_images(tmp_path_factory: Any) -> Path:
    """A study of 300 tiles of three samples with masks."""
    from napari_npm.io import write_image
    from napari_npm.study import Study
    from napari_npm.study.importing import add_folder

    images, folder = tmp_path_factory.mktemp("many"), tmp_path_factory.mktemp("study")
    picture = np.random.default_rng(0).normal(110, 25, (384, 384)).clip(30, 220)
    picture = picture.round().astype(np.uint8)
    picture[:60, :60], picture[-60:, -60:] = 20, 240
    mask = np.zeros((384, 384), np.uint8)
    mask[5:55, 5:55], mask[-55:-5, -55:-5] = Label.CSH, Label.METAL
    for number in range(IMAGES):
        sample = images / "ABC"[number % 3]
        sample.mkdir(exist_ok=True)
        picture[200, :2] = divmod(number, 256)
        write_image(sample / f"{sample.name}{number:03}.tif", picture, 50.0)
    with Study.create(folder, name="Many") as study:
        add_folder(study, images)
        for image in study.images:
            study.set_mask(image.id, mask)
    return folder


@pytest.fixture
def act(qtbot: Any) -> Iterator[Callable[..., None]]:
    """Return a function that does something and waits for its end while the heart beats."""
    heart = Heart()

    def do(
        action: str, what: Callable[[], Any], until: Callable[[], bool] = lambda: True, ms: int = 80
    ) -> None:
        with heart.during(action):
            what()
            qtbot.waitUntil(until, timeout=60_000)
            qtbot.wait(ms)

    do.heart = heart  # type: ignore[attr-defined]  # for the story's end
    yield do
    heart.stop()


def too_long(heart: Heart) -> dict[str, str]:
    """Return the actions that held up the window longer than they may."""
    limits = {**LONGER, **dict.fromkeys(SHOWING, STALL + heart.longest.get(ALONE, 0.0))}
    return {
        action: f"{1000 * took:.0f} ms"
        for action, took in heart.longest.items()
        if action not in ("", ALONE) and took > limits.get(action, STALL)
    }


def test_a_stall_is_found(act: Any) -> None:
    def stall() -> None:
        end = time.thread_time() + 2 * STALL
        while time.thread_time() < end:
            pass

    act("stall", stall)
    act("sleep", lambda: time.sleep(2 * STALL))
    assert list(too_long(act.heart)) == ["stall"]


def test_the_window_answers_while_a_study_of_300_images_is_worked_in(
    many_images: Path, viewer: Any, act: Any
) -> None:
    plain(viewer).window._qt_window.show()  # unseen, nothing would be drawn
    for entry in DOCKS:
        act(f"open dock {entry.name}", lambda name=entry.name: open_dock(viewer, name), ms=150)
    study_dock, session = open_dock(viewer, "NPM study"), session_of(viewer)

    def shown(place: int) -> Callable[[], bool]:
        return lambda: session.image_id == ids[place] and not session.changing

    act(
        "open the study",
        lambda: study_dock.open(many_images),
        lambda: bool(session.image_id) and len(session.states) == IMAGES,
        400,
    )
    ids = [image.id for image in session.study.images]
    base, mask = (
        next(layer for layer in session.viewer.layers if layer.name.startswith(name))
        for name in ("BSE", "Mask")
    )

    def alone() -> None:
        base.data, mask.data = base.data.copy(), mask.data.copy()

    act("first next image", lambda: session.step_image(1), shown(1))
    for place in (2, 3, 4):
        act("next image", lambda: session.step_image(1), shown(place))
    act("previous image", lambda: session.step_image(-1), shown(3))
    for _ in range(4):
        act(ALONE, alone)

    def hurry() -> None:
        for place in range(20, 30):
            session.show(ids[place])

    act("many images asked for at once", hurry, shown(29))
    table = study_dock.table
    row = table.sorted.index(150, 0)
    act("choose a row", lambda: table.clicked.emit(row), lambda: session.image_id == ids[150])
    act("sort", lambda: table.sortByColumn(1, table.sorted.sortOrder()))
    for entry in DOCKS:
        act(f"to the front: {entry.name}", lambda name=entry.name: open_dock(viewer, name))
    for layer in list(session.viewer.layers):
        for _ in range(2):
            name = f"hide and show {layer.name.partition(' ')[0]}"
            act(name, lambda layer=layer: setattr(layer, "visible", not layer.visible))
    act("start a job", study_dock.run_all, lambda: session.job is not None, 300)
    act("stop it", lambda: session.job.cancel(), lambda: session.job is None, 300)
    assert too_long(act.heart) == {}
