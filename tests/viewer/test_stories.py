"""What a user does from the first image to the figure, in the real window, with its pictures.

Each picture goes to ``.cache/looks`` (kept by CI) and is compared loosely with the one that was
looked at: both are blurred to a few blocks, so that fonts and noise do not matter, while a dock
that is gone, an overlay that is not drawn or another theme does. After a change that was wanted
and looked at, ``NPM_TAKE_LOOKS=1`` writes them anew.
"""

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest

from napari_npm.core.calibration import calibrate
from napari_npm.core.masking import Label, Stroke
from napari_npm.viewer.layers import Kind, Subject, find
from napari_npm.viewer.session import plain

LOOKS = Path(__file__).parent / "looks"
TAKEN = Path(__file__).parents[2] / ".cache" / "looks"
BLOCKS = (32, 20)
# Of 255, over the whole window and in the worst block; two docks are 15 to 33 and over 100 apart.
MEAN, WORST = 5.0, 60.0


@pytest.fixture
def look(viewer, qtbot):
    """Return a function that compares what the window shows with a picture of this name."""

    def compare(name):
        viewer.reset_view()
        qtbot.wait(300)
        pixels = viewer.screenshot(canvas_only=False, flash=False)
        picture = Image.fromarray(pixels).convert("RGB")
        TAKEN.mkdir(parents=True, exist_ok=True)
        picture.save(TAKEN / f"{name}.png")
        small = picture.convert("L").resize(BLOCKS, Image.Resampling.BOX)
        if os.environ.get("NPM_TAKE_LOOKS"):
            small.save(LOOKS / f"{name}.png", optimize=True)
        kept = np.asarray(Image.open(LOOKS / f"{name}.png"), float)
        apart = np.abs(np.asarray(small, float) - kept)
        assert apart.mean() < MEAN, f"{name} looks otherwise: see {TAKEN}/{name}.png"
        assert apart.max() < WORST, f"{name} looks otherwise: see {TAKEN}/{name}.png"

    return compare


@pytest.fixture
def window(viewer, qtbot):
    """Return a function that shows the window at the least size that is supported."""

    def show():
        shown = plain(viewer).window._qt_window
        shown.resize(1280, 800)
        shown.show()
        qtbot.waitExposed(shown)
        qtbot.wait(100)
        return shown

    return show


def click(button, qtbot):
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def overlap(found, wanted):
    return (found & wanted).sum() / (found | wanted).sum()


def test_mask_by_strokes_by_click_and_by_polygon(hand, window, look, qtbot):
    page, user = hand
    window()
    user.viewer.reset_view()
    user.settle()
    grain = np.zeros((120, 160), bool)
    grain[10:50, 10:60] = True

    user.key(Qt.Key.Key_Q)
    user.drag((20, 15), (40, 50))
    user.key(Qt.Key.Key_W)
    user.drag((60, 70), (110, 70), (115, 140))
    user.drag((40, 100), (90, 140))
    user.drag((80, 30), (100, 50))
    user.key(Qt.Key.Key_T)
    qtbot.waitUntil(lambda: page.learn.proposal is not None, timeout=60_000)
    qtbot.waitUntil(lambda: not page.learn.at_work, timeout=60_000)
    strokes = user.labels(Kind.STROKES)
    assert {Stroke.UNHYDRATED, Stroke.OTHER} <= set(np.unique(strokes))
    look("mask-strokes")
    user.key(Qt.Key.Key_A)
    qtbot.waitUntil(lambda: user.labels().any(), timeout=30_000)
    assert overlap(user.labels() == Label.UNHYDRATED, grain) > 0.9

    user.key(Qt.Key.Key_M)
    user.key(Qt.Key.Key_M)
    user.key(Qt.Key.Key_G)
    user.drag((90, 40))
    qtbot.waitUntil(lambda: page.draw.grow.grain is not None, timeout=60_000)
    user.key(Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: (user.labels() == Label.METAL).any(), timeout=30_000)
    metal = np.zeros((120, 160), bool)
    metal[70:110, 20:60] = True
    assert overlap(user.labels() == Label.METAL, metal) > 0.8
    user.key(Qt.Key.Key_G)

    page.draw.label_buttons.button(int(Label.CSH)).click()
    user.key(Qt.Key.Key_Y)
    for corner in ((2, 70), (2, 150), (14, 150), (14, 70)):
        QTest.mouseMove(user.canvas, user.at(*corner))
        QTest.mouseClick(user.canvas, Qt.MouseButton.LeftButton, pos=user.at(*corner))
        qtbot.wait(60)
    QTest.mouseDClick(user.canvas, Qt.MouseButton.LeftButton, pos=user.at(14, 70))
    csh = np.zeros((120, 160), bool)
    csh[2:15, 70:151] = True
    qtbot.waitUntil(lambda: overlap(user.labels() == Label.CSH, csh) > 0.8, timeout=10_000)
    look("mask-done")


def test_calibrate_by_dragging_lines(viewer, dock, grey, window, look, qtbot):
    viewer.add_image(grey, name="free", scale=(0.1, 0.1), units=("µm", "µm"))
    bench = dock("Mask and calibrate")
    bench.show_page(1)
    window()
    live = bench.calibration.live
    qtbot.waitUntil(lambda: live.grey is not None, timeout=30_000)
    chart = live.chart
    for name, level in (("g_csh", 62), ("g_metal", 195)):
        start = round(chart.x_of(chart.place_of(name)))
        end = round(chart.x_of(level))
        spot = chart.rect().center()
        spot.setX(start)
        qtbot.mousePress(chart, Qt.MouseButton.LeftButton, pos=spot)
        for part in (0.5, 1.0):
            spot.setX(round(start + part * (end - start)))
            qtbot.mouseMove(chart, spot)
        qtbot.mouseRelease(chart, Qt.MouseButton.LeftButton, pos=spot)
    wanted = calibrate(grey, *live.levels()).porosity
    assert live.levels() == (pytest.approx(62, abs=1), pytest.approx(195, abs=1))

    def shown():
        layer = find(viewer, Kind.PREVIEW, Subject("free"))
        return layer is not None and np.array_equal(layer.data, wanted)

    qtbot.waitUntil(shown, timeout=10_000)
    look("calibrate")


def test_train_explain_measure_and_reopen(
    opened, dock, viewer, window, look, qtbot, settled, make_napari_viewer_proxy
):
    session = opened.session
    folder, subject = session.study.folder, Subject("A0", None, "A0")
    window()
    train = dock("Train and predict")
    page = train.learning
    for name, value in (("epochs", 60), ("maps", ("mulf",))):
        page.form.fields[name].set_value(value)
    drawn = []
    click(page.train_button, qtbot)
    qtbot.waitUntil(lambda: session.job is not None, timeout=30_000)
    session.job.progress.connect(lambda step, *_: drawn.append(step == "train"))
    qtbot.waitUntil(lambda: len(page.curves.loss.get("mulf loss", ())) > 2, timeout=180_000)
    qtbot.waitUntil(lambda: page.plot.figure is not None, timeout=30_000)
    look("train-live")
    click(train.stop_button, qtbot)
    qtbot.waitUntil(lambda: session.job is None, timeout=60_000)
    assert any(drawn)
    assert session.study.models == ()

    page.form.fields["epochs"].set_value(3)
    click(page.train_button, qtbot)
    qtbot.waitUntil(lambda: session.job is not None, timeout=30_000)
    qtbot.waitUntil(lambda: session.job is None, timeout=180_000)
    qtbot.waitUntil(lambda: "mulf" in session.study.models, timeout=30_000)

    relevance = dock("Relevance")
    settled(relevance)
    click(relevance.explain_button, qtbot)
    settled(relevance)
    qtbot.waitUntil(lambda: find(viewer, Kind.RELEVANCE, subject) is not None, timeout=60_000)
    look("relevance")
    regions = dock("Characteristic regions")
    click(regions.find_button, qtbot)
    settled(regions)
    qtbot.waitUntil(lambda: find(viewer, Kind.REGIONS, subject) is not None, timeout=60_000)
    s2 = dock("S2")
    s2.form.fields["r_max_px"].set_value(8)
    click(s2.one_button, qtbot)
    settled(s2)
    qtbot.waitUntil(lambda: s2.plot.figure is not None, timeout=60_000)
    look("s2")

    session.step_image(1)
    qtbot.waitUntil(lambda: session.image_id == "A1", timeout=30_000)
    session.close()
    _, again = make_napari_viewer_proxy().window.add_plugin_dock_widget("napari-npm", "NPM study")
    again.open(folder)
    qtbot.waitUntil(lambda: again.session.image_id != "", timeout=30_000)
    assert again.session.study.models == ("mulf",)
    assert again.session.study.parameters("train").epochs == 3


def test_set_up_a_figure_and_export_it(opened, dock, window, look, qtbot, settled, monkeypatch):
    folder = opened.session.study.folder
    window()
    export = dock("Export figure")
    QTest.keyClicks(export.kind_box, "From")
    qtbot.waitUntil(lambda: "MulF" in export.picture.text(), timeout=60_000)  # there is none yet
    layout, layers = (export.content.fields[name] for name in ("layout", "layers"))
    QTest.keyClicks(layout, "side")
    assert layout.value() == "side_by_side"
    layers.set_value(("bse", "mask"))
    QTest.keyClick(export.look.fields["letters"], Qt.Key.Key_Space)
    qtbot.waitUntil(
        lambda: not export._timer.isActive() and not export._latest.busy, timeout=60_000
    )
    look("export")

    monkeypatch.setattr("napari_npm.viewer.dialogs.ask_name", lambda *_: "Fig 2")
    click(export.presets.save_button, qtbot)
    path = folder / "figures" / "figure 2.tif"
    monkeypatch.setattr("napari_npm.viewer.dialogs.choose_new_file", lambda *_: path)
    click(export.export_button, qtbot)
    settled(export)
    assert str(path) in export.status.text()
    with Image.open(path) as figure:
        assert figure.info["dpi"] == (300, 300)
        assert figure.mode == "RGB"
    preset = export.session.study.figure_preset("Fig 2")
    assert (preset.layout, preset.layers, preset.letters) == ("side_by_side", ("bse", "mask"), True)

    click(export.methods_button, qtbot)
    settled(export)
    assert (folder / "methods" / "references.bib").stat().st_size > 0
