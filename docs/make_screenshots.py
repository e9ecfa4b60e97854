"""Take the pictures of the user guide from the real window.

Run from the repository, with a study that was run to its end (as `make demo` leaves it), and with
a real micrograph if there is one::

    tools/with_display.sh .venv/bin/python docs/make_screenshots.py --study STUDY [--real IMAGE]

The docks are worked as a user works them: by their buttons and fields, on copies of the study.
"""

import argparse
import shutil
import tempfile
from itertools import pairwise
from pathlib import Path
from typing import Any

import napari
import numpy as np
import screenshot_tools
from screenshot_tools import dock, press, show_only, side_by_side, wait

from napari_npm.core.masking import Label, Stroke
from napari_npm.study import Review, Study
from napari_npm.viewer.__main__ import open_viewer
from napari_npm.viewer.layers import Kind, Subject, find
from napari_npm.viewer.session import session_of

IMAGES = Path(__file__).parent / "images"
SIZE = (1480, 920)
TALL = 1180  # height of docks with two plots
SHOWN = "S3-A-1"
REVIEWED, GRAIN = "S1-C-2", (70, 355)  # another image, and a grain that was not proposed on it
LOOKED_AT = 12  # images whose mask counts as looked at, in the picture of reviewing
# Lines of (row, column) on SHOWN: a grain of cement, C-S-H, calcium hydroxide.
STROKES = (
    (Stroke.UNHYDRATED, ((190, 310), (235, 330), (275, 345))),
    (Stroke.OTHER, ((60, 50), (75, 85), (70, 120))),
    (Stroke.OTHER, ((85, 352), (110, 345), (125, 360))),
)


def save(viewer: Any, name: str) -> None:
    """Take the picture of this name."""
    screenshot_tools.save(viewer, IMAGES / name)


def fresh_copy(folder: Path, copy: Path) -> Path:
    """Copy a study without how its window was left."""
    shutil.copytree(folder, copy, ignore=shutil.ignore_patterns(".lock*", "view.json"))
    return copy


def unmasked_copy(folder: Path, copy: Path) -> None:
    """Copy a study with the references alone in its masks, but for a few that were looked at."""
    fresh_copy(folder, copy)
    with Study.open(copy) as study:
        for number, image in enumerate(study.images):
            labels = study.mask(image.id)
            if number < LOOKED_AT:
                study.set_review(image.id, Review.ACCEPTED)
            else:
                study.set_mask(image.id, np.where(labels == Label.UNHYDRATED, 0, labels))
                study.set_review(image.id, Review.NONE)


def draw_stroke(layer: Any, stroke: Stroke, line: Any) -> None:
    """Draw a line with the brush."""
    for start, end in pairwise(line):
        for share in np.linspace(0, 1, 40):
            place = np.round(np.array(start) * (1 - share) + np.array(end) * share)
            layer.paint(tuple(place.astype(int)), int(stroke))


def open_sample(folder: Path) -> tuple[Any, Any, Subject]:
    """Open the sample study at the image that is shown."""
    viewer = open_viewer(folder)
    session = session_of(viewer)
    viewer.window.resize(*SIZE)
    wait(lambda: session.image_id and session.states and not session.arrangement.restoring)
    session.show(SHOWN)
    wait(lambda: session.image_id == SHOWN)
    subject = Subject(SHOWN, None, SHOWN)
    return viewer, session, subject


def workbench_pictures(folder: Path) -> None:
    """Take the pictures of masking, calibrating and simulating, on a copy of the sample study."""
    viewer, session, subject = open_sample(folder)

    bench = dock(viewer, "Mask and calibrate")
    mask, page = bench.mask, bench.calibration
    for stroke, line in STROKES:
        mask.draw.use_stroke(int(stroke))
        layer = mask.strokes_layer()
        layer.brush_size = 7
        draw_stroke(layer, stroke, line)
    wait(lambda: mask.learn.proposal is not None and not mask.learn.at_work)
    kinds = (Kind.IMAGE, Kind.MASK, Kind.STROKES, Kind.PROPOSED_UC)
    show_only(viewer, subject, *kinds)
    save(viewer, "mask.png")

    mask.learn.all_button.click()
    wait(lambda: session.job is not None)
    wait(lambda: session.job is None)
    session.show(REVIEWED)
    wait(lambda: session.image_id == REVIEWED and mask.review.now() == "proposed")
    mask.draw.label_buttons.button(int(Label.UNHYDRATED)).click()
    mask.draw.use("grow")
    mask.draw.grow.click(*GRAIN)
    wait(lambda: mask.draw.grow.grain is not None)
    show_only(viewer, Subject(REVIEWED, None, REVIEWED), Kind.IMAGE, Kind.MASK, Kind.GRAIN)
    save(viewer, "review.png")
    mask.draw.grow.leave()
    mask.draw.use("")

    session.show(SHOWN)
    wait(lambda: session.image_id == SHOWN)
    bench.show_page(1)
    wait(lambda: page.live.grey is not None)
    page.references.propose_button.click()
    wait(lambda: page.references.found is not None)
    print("references:", *page.references.why.text().split("<br>"), sep="\n  ")
    page.references.confirm_button.click()
    wait(lambda: not mask.learn.at_work, pause=1)
    viewer.window.resize(SIZE[0], 1080)
    page.live.live_box.click()
    page.drift_fold.expand()
    wait(lambda: page.drift.chart.points, pause=1.5)
    save(viewer, "calibrate.png")
    page.live.live_box.click()
    viewer.window.resize(*SIZE)

    simulate = dock(viewer, "Simulate")
    simulate.form.fields["energy_kev"].set_value(15)
    simulate.simulate_button.click()
    wait(lambda: session.job is not None)
    wait(lambda: session.job is None and "y(0.2)" in simulate.result.text(), limit=600)
    simulate.normalised_box.click()
    show_only(viewer, subject, Kind.IMAGE)
    save(viewer, "simulate.png")
    viewer.close()


def study_pictures(folder: Path) -> None:
    """Take the pictures that show the sample study."""
    viewer, _, subject = open_sample(folder)

    train = dock(viewer, "Train and predict")
    wait(lambda: train.learning.results.text() and train.learning.plot.figure is not None)
    show_only(viewer, subject, Kind.MULF)
    viewer.window.resize(SIZE[0], 1100)
    save(viewer, "train.png")
    viewer.window.resize(*SIZE)

    relevance = dock(viewer, "Relevance")
    press(relevance, "show_button")
    save(viewer, "relevance.png")
    relevance.beside_box.click()  # over the image and hidden, so that this fills the window
    regions = dock(viewer, "Characteristic regions")
    press(regions, "find_button")
    save(viewer, "regions.png")

    export = dock(viewer, "Export figure")
    for name, value in (("layout", "side_by_side"), ("layers", ("mulf", "relevance", "regions"))):
        export.content.fields[name].set_value(value)
    export.look.fields["letters"].set_value(True)
    export.current_box.click()
    wait(lambda: not export._latest.busy and not export._timer.isActive(), pause=1.0)
    save(viewer, "export.png")

    study = dock(viewer, "NPM study")
    wait(lambda: study.table.model().rowCount() > 0 and study.next_box.suggestion is not None)
    # Left the image with its mask, right where the network looked.
    for kind in (Kind.IMAGE, Kind.MASK, Kind.RELEVANCE, Kind.REGIONS):
        find(viewer, kind, subject).visible = True
    side_by_side(viewer, 4, (1, 2))
    viewer.window.resize(1600, 860)
    wait()
    study.table.select(SHOWN)
    save(viewer, "viewer.png")
    viewer.close()


def quantify_pictures(folder: Path) -> None:
    """Take the pictures of the docks that measure and compare."""
    viewer, session, subject = open_sample(folder)
    viewer.window.resize(SIZE[0], TALL)
    s2 = dock(viewer, "S2")
    s2.where_box.setCurrentIndex(1)
    press(s2, "one_button")
    wait(lambda: s2.plot.figure is not None and s2.change_plot.figure is not None)
    s2.scroll.ensureWidgetVisible(s2.change_plot)
    save(viewer, "s2.png")

    statistics = dock(viewer, "Statistics")
    wait(lambda: statistics.plot.figure is not None)
    save(viewer, "statistics.png")

    patterns = dock(viewer, "Shared patterns")
    wait(lambda: patterns.matrix.figure is not None and patterns.groups.thumbnails.count() > 0)
    first = patterns.tile_at(patterns.groups.blocks[0].start)
    session.show(first.image)
    wait(lambda: session.image_id == first.image)
    patterns.groups.pattern_button.click()
    shown = (Kind.IMAGE, Kind.PATTERN, Kind.PATTERN_CONTOUR)
    wait(lambda: all(find(viewer, kind, subject) is not None for kind in shown))
    save(viewer, "patterns.png")
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
    values = np.asarray(s2.found.probability)
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
        study = chosen.study.resolve()
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as place:
            # Where the study's path can be seen, it is short.
            study_pictures(fresh_copy(study, Path(place) / "demo"))
            quantify_pictures(fresh_copy(study, Path(place) / "quantified"))
            unmasked_copy(study, Path(place) / "masked")
            workbench_pictures(Path(place) / "masked")
    if chosen.real is not None:
        real_picture(chosen.real.resolve())


if __name__ == "__main__":
    main()
