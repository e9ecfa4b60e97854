"""How soon the window answers: import, first dock, next image, and the longest stall by action.

Run from the repository, with a study (one of 90 phantoms is made where none is given)::

    tools/with_display.sh .venv/bin/python benchmarks/viewer.py [--study STUDY]

Everything happens in a real window. Stalls are the main thread's processor time between two turns
of the event loop, as in tests/viewer/test_heartbeat.py; the other times are those of a clock, and
tell of whatever else the machine does meanwhile.
"""

import argparse
import compileall
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

import napari_npm

Taken = tuple[float, float]  # s by a clock, and of the main thread's processor time
LIMITS = {"import": 0.3, "first dock": 1.0, "next image": 0.15, "stall": 0.05}
IMAGES, STEPS = 90, 20

IMPORT = """
import sys, time, importlib
from pathlib import Path
from npe2 import PluginManifest
import napari_npm
manifest = PluginManifest.from_file(Path(napari_npm.__file__).parent / "napari.yaml")
names = sorted({one.python_name.split(":")[0] for one in manifest.contributions.commands})
import napari.qt, qtpy.QtWidgets, superqt  # what napari has loaded is no time of the plugin's
start = time.perf_counter(), time.process_time()
for name in names:
    importlib.import_module(name)
print(time.perf_counter() - start[0], time.process_time() - start[1])
"""
FIRST_DOCK = """
import os
import time
import napari
from qtpy.QtWidgets import QApplication
viewer = napari.Viewer()
for _ in range(50):
    QApplication.processEvents()
start = time.perf_counter(), time.thread_time()
viewer.window.add_plugin_dock_widget("napari-npm", "NPM study")
QApplication.processEvents()
viewer.screenshot(canvas_only=False, flash=False)
print(time.perf_counter() - start[0], time.thread_time() - start[1], flush=True)
os._exit(0)  # what still warms up in the background is not waited for
"""


def in_another_process(code: str, times: int = 3) -> list[Taken]:
    """Return the times that a program prints as its last line, several times over."""
    found = []
    for _ in range(times):
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        )
        clock, processor = done.stdout.split()[-2:]
        found.append((float(clock), float(processor)))
    return found


def phantoms(folder: Path) -> Path:
    """Make a study of tiles of noise with masks and maps, as it is after *smooth*."""
    from napari_npm.core.masking import Label
    from napari_npm.io import write_image
    from napari_npm.study import Study, add_folder, run

    rng = np.random.default_rng(0)
    mask = np.zeros((384, 384), np.uint8)
    mask[5:55, 5:55], mask[-55:-5, -55:-5] = Label.CSH, Label.METAL
    for number in range(IMAGES):
        sample = "ABC"[number % 3]
        (folder / "images" / sample).mkdir(parents=True, exist_ok=True)
        picture = rng.integers(40, 200, (384, 384), dtype=np.uint8)
        picture[:60, :60], picture[-60:, -60:] = 20, 240
        write_image(folder / "images" / sample / f"{sample}{number:03}.tif", picture, 50.0)
    with Study.create(folder / "study", name="Phantoms") as study:
        add_folder(study, folder / "images")
        for image in study.images:
            study.set_mask(image.id, mask)
        run(study, ["simulate", "import", "mask", "calibrate", "smooth"])
    return folder / "study"


class Bench:
    """A window with a study, and a heart that tells how long the event loop was held up."""

    def __init__(self, folder: Path) -> None:
        from qtpy.QtCore import QTimer

        from napari_npm.viewer.__main__ import open_viewer
        from napari_npm.viewer.session import session_of

        self.stalls: dict[str, float] = {}
        self.action = ""
        self._last = time.thread_time()
        self.viewer = open_viewer(folder)
        self.session = session_of(self.viewer)
        self._timer = QTimer()
        self._timer.timeout.connect(self.beat)
        self._timer.start(0)
        self.until(lambda: self.session.image_id and self.session.states, pause=1.0)

    def beat(self) -> None:
        """Note the processor time since the last turn."""
        now = time.thread_time()
        took, self._last = now - self._last, now
        if self.action:
            self.stalls[self.action] = max(took, self.stalls.get(self.action, 0.0))

    @contextmanager
    def during(self, action: str) -> Iterator[None]:
        """Name what is done from now on."""
        self.beat()
        self.action = action
        yield
        self.beat()
        self.action = ""

    def until(self, there: Callable[[], Any], pause: float = 0.0) -> float:
        """Turn the event loop until something is so, and so long after; return when it was so."""
        from qtpy.QtWidgets import QApplication

        deadline = time.perf_counter() + 120
        while not there():
            QApplication.processEvents()
            time.sleep(0.0005)
            if time.perf_counter() > deadline:
                raise TimeoutError("The window did not get there.")
        at = time.perf_counter()
        while time.perf_counter() < at + pause:
            QApplication.processEvents()
            time.sleep(0.001)
        return at

    def do(self, action: str, what: Callable[[], Any], there: Any = lambda: True) -> None:
        """Do something and wait until it is done."""
        with self.during(action):
            what()
            self.until(there, pause=0.3)

    def next_images(self) -> list[Taken]:
        """Press the key for the next image; return the times until its layers are painted."""
        from qtpy.QtCore import Qt
        from qtpy.QtTest import QTest

        window = self.viewer.window._qt_window
        window.activateWindow()
        self.until(window.isActiveWindow, pause=0.2)
        canvas = self.viewer.window._qt_viewer.canvas._scene_canvas
        drawn: list[Taken] = []
        canvas.events.draw.connect(
            lambda _: drawn.append((time.perf_counter(), time.thread_time())), position="last"
        )
        ids = [image.id for image in self.session.study.images]
        taken = []
        for place in range(1, STEPS + 1):
            with self.during("next image (key)" if place > 1 else "first next image (key)"):
                start = time.perf_counter(), time.thread_time()
                QTest.keyClick(window, Qt.Key.Key_Right, Qt.KeyboardModifier.AltModifier)
                shown = self.until(
                    lambda wanted=ids[place]: (
                        self.session.image_id == wanted and not self.session.changing
                    )
                )
                self.until(lambda: drawn and drawn[-1][0] >= start[0], pause=0.4)  # noqa: B023
            # the last frame that was begun before, or soon after, all layers were there
            last = [one for one in drawn if start[0] <= one[0] <= shown + 0.2][-1]
            taken.append((last[0] - start[0], last[1] - start[1]))
        return taken


def tell(name: str, taken: list[Taken], limit: float) -> None:
    """Print a time beside its limit."""
    clock, processor = zip(*taken, strict=True)
    said = "ok" if statistics.median(clock) <= limit else "MISSED"
    numbers = (statistics.median(clock), max(clock), statistics.median(processor), limit)
    print(f"{name:<32}", *(f"{1e3 * one:9.0f}" for one in numbers), f" {said}", flush=True)


def measure(folder: Path) -> None:
    """Measure everything and print it."""
    from napari_npm.viewer.catalogue import DOCKS, open_dock
    from napari_npm.viewer.tasks import wait_for_tasks

    heads = ("median", "worst", "processor", "limit")
    print(f"{'ms':<32}", *(f"{one:>9}" for one in heads))
    tell("import of the manifest's modules", in_another_process(IMPORT), LIMITS["import"])
    tell("first dock, painted", in_another_process(FIRST_DOCK), LIMITS["first dock"])
    bench = Bench(folder)
    tell("key to next image painted", bench.next_images(), LIMITS["next image"])
    for entry in DOCKS:
        bench.do(f"open {entry.name}", lambda name=entry.name: open_dock(bench.viewer, name))
    for entry in DOCKS:
        bench.do(f"to front {entry.name}", lambda name=entry.name: open_dock(bench.viewer, name))
    for layer in list(bench.viewer.layers):
        for _ in range(2):
            bench.do(
                f"hide or show {layer.name.partition(' ')[0]}",
                lambda layer=layer: setattr(layer, "visible", not layer.visible),
            )
    for theme in ("light", "dark"):
        bench.do(f"theme {theme}", lambda theme=theme: setattr(bench.viewer, "theme", theme))
    ids = [image.id for image in bench.session.study.images]
    bench.do(
        "many images asked for at once",
        lambda: [bench.session.show(one) for one in ids[-10:]],
        lambda: bench.session.image_id == ids[-1] and not bench.session.changing,
    )
    study_dock, session = open_dock(bench.viewer, "NPM study"), bench.session
    bench.do("start a job", study_dock.run_all, lambda: session.job is not None)
    bench.do("stop it", lambda: session.job.cancel(), lambda: session.job is None)
    print("\nlongest stall of the event loop by action, ms of processor time")
    for action, took in sorted(bench.stalls.items(), key=lambda one: -one[1]):
        print(f"{action:<34} {1e3 * took:7.0f}{'' if took <= LIMITS['stall'] else '  over 50'}")
    bench.viewer.close()
    wait_for_tasks()


def main() -> None:
    """Measure on a study that is given, or on one that is made."""
    parser = argparse.ArgumentParser(description="How soon the window answers.")
    parser.add_argument("--study", type=Path, help="a study with maps; it is worked in")
    chosen = parser.parse_args()
    # as pip leaves a package; a checkout that was never run, or not allowed to write, is compiled
    # anew in every process
    compileall.compile_dir(Path(napari_npm.__file__).parent, quiet=1)
    if chosen.study is not None:
        measure(chosen.study.resolve())
        return
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as place:
        measure(phantoms(Path(place)))


if __name__ == "__main__":
    main()
