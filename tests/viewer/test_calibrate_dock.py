import numpy as np
import pytest
from qtpy.QtCore import QPoint, Qt

from napari_npm.core.calibration import calibrate
from napari_npm.core.masking import Label
from napari_npm.core.response import default_curve
from napari_npm.viewer.layers import Kind, Subject, find

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def page(dock, qtbot):
    """Return a function that opens the calibrate page in a window on the screen."""

    def show():
        widget = dock("Mask and calibrate")
        widget.show_page(1)
        widget.window().resize(1280, 800)
        widget.window().show()
        qtbot.waitExposed(widget.window())
        qtbot.wait(50)
        return widget

    return show


@pytest.fixture
def shown(viewer, page, grey, qtbot):
    """The calibrate page on a free image."""
    viewer.add_image(grey, name="free", scale=(0.1, 0.1), units=("µm", "µm"))
    widget = page()
    qtbot.waitUntil(lambda: widget.calibration.live.grey is not None, timeout=30_000)
    return widget


@pytest.fixture
def drag(qtbot):
    """Return a function that drags a line of the chart to a grey level by the mouse."""

    def move(chart, name, level, drop=True):
        start = QPoint(round(chart.x_of(chart.place_of(name))), 70)
        qtbot.mousePress(chart, LEFT, pos=start)
        for part in (0.25, 0.5, 0.75, 1):
            x = start.x() + part * (chart.x_of(level) - start.x())
            qtbot.mouseMove(chart, QPoint(round(x), 70))
        if drop:
            qtbot.mouseRelease(chart, LEFT, pos=QPoint(round(chart.x_of(level)), 70))

    return move


def click(button, qtbot):
    qtbot.mouseClick(button, LEFT)


def check(box, qtbot):
    qtbot.mouseClick(box, LEFT, pos=QPoint(8, box.height() // 2))


def the(viewer, kind):
    return find(viewer, kind, Subject("free"))


def fields(widget):
    return widget.calibration.calibrate_form.fields


def test_no_image_is_said_in_words(page, qtbot):
    widget = page()
    click(widget.calibration.calibrate_button, qtbot)
    assert "No image is open" in widget.status.text()
    click(widget.calibration.references.propose_button, qtbot)
    assert "No image is open" in widget.status.text()
    assert "No image open" in widget.heading.text()
    live = widget.calibration.live
    qtbot.keyClick(live.chart, Qt.Key.Key_Right)
    check(live.live_box, qtbot)
    assert live.levels() == (None, None)


def test_closing_the_image_before_it_is_measured_complains_of_nothing(shown, viewer, qtbot):
    shown.calibration.mask_touched()
    viewer.layers.clear()
    qtbot.wait(400)
    assert "No image is open" not in shown.status.text()


def test_dragging_both_lines_shows_the_calibrated_map(shown, viewer, qtbot, drag, grey):
    live = shown.calibration.live
    assert "not known" in live.reading.text()
    drag(live.chart, "g_csh", 62)
    drag(live.chart, "g_metal", 195)
    csh, metal = live.levels()
    assert (csh, metal) == (pytest.approx(62, abs=1), pytest.approx(195, abs=1))
    assert (fields(shown)["g_csh"].value(), fields(shown)["g_metal"].value()) == (csh, metal)
    wanted = calibrate(grey, csh, metal).porosity
    qtbot.waitUntil(
        lambda: (
            the(viewer, Kind.PREVIEW) is not None
            and np.array_equal(the(viewer, Kind.PREVIEW).data, wanted)
        ),
        timeout=30_000,
    )
    preview = the(viewer, Kind.PREVIEW)
    assert tuple(preview.scale) == pytest.approx((0.1, 0.1))
    assert tuple(preview.contrast_limits) == (0, 1)
    assert viewer.layers.selection.active == viewer.layers["free"]
    assert f"{wanted.mean():.4f}" in live.numbers.text("mean")
    drag(live.chart, "g_metal", 180)
    wanted = calibrate(grey, *live.levels()).porosity
    qtbot.waitUntil(lambda: np.array_equal(preview.data, wanted), timeout=30_000)
    assert the(viewer, Kind.PREVIEW) is preview  # one layer, changed in place
    assert len(viewer.layers) == 2


def test_lines_never_cross(shown, drag):
    live = shown.calibration.live
    drag(live.chart, "g_csh", 100)
    drag(live.chart, "g_metal", 40)
    csh, metal = live.levels()
    assert csh < metal <= csh + 1.01


def test_keys_choose_and_move_the_lines(shown, qtbot, drag):
    live = shown.calibration.live
    chart = live.chart
    drag(chart, "g_csh", 60)
    csh = live.levels()[0]
    qtbot.keyClick(chart, Qt.Key.Key_Right)
    assert live.levels()[0] == pytest.approx(csh + 1)
    qtbot.keyClick(chart, Qt.Key.Key_Left, Qt.KeyboardModifier.ShiftModifier)
    assert live.levels()[0] == pytest.approx(csh - 9)
    qtbot.keyClick(chart, Qt.Key.Key_Right, Qt.KeyboardModifier.ControlModifier)
    assert live.levels()[0] == pytest.approx(csh - 8.9)
    qtbot.keyClick(chart, Qt.Key.Key_Down)
    assert chart.chosen == "g_metal"
    qtbot.keyClick(chart, Qt.Key.Key_Left)
    assert live.levels()[1] == pytest.approx(254.5)
    qtbot.keyClick(chart, Qt.Key.Key_Delete)
    assert live.levels() == (None, None)


def test_a_press_away_from_the_lines_moves_none(shown, qtbot):
    chart = shown.calibration.live.chart
    qtbot.mousePress(chart, LEFT, pos=QPoint(round(chart.x_of(120)), 70))
    qtbot.mouseMove(chart, QPoint(round(chart.x_of(150)), 70))
    qtbot.mouseRelease(chart, LEFT, pos=QPoint(round(chart.x_of(150)), 70))
    assert shown.calibration.live.levels() == (None, None)


def test_clipped_pixels_are_counted_and_marked(shown, viewer, qtbot, drag, grey):
    live = shown.calibration.live
    drag(live.chart, "g_csh", 70)
    drag(live.chart, "g_metal", 190)
    check(live.clipped_box, qtbot)
    qtbot.waitUntil(lambda: the(viewer, Kind.CLIPPED) is not None, timeout=10_000)
    csh, metal = live.levels()
    ends = the(viewer, Kind.CLIPPED).data
    assert np.array_equal(ends, (grey < csh) + 2 * (grey > metal))
    below, above = (100 * np.mean(ends == end) for end in (1, 2))
    assert live.numbers.text("clipped") == f"{below:.2f} % below, {above:.2f} % above"
    check(live.clipped_box, qtbot)
    qtbot.waitUntil(lambda: the(viewer, Kind.CLIPPED) is None, timeout=10_000)
    check(live.live_box, qtbot)
    assert the(viewer, Kind.PREVIEW) is None


def test_levels_go_back_to_the_references(shown, viewer, qtbot, drag, labels):
    shown.mask.layer().data = labels
    live = shown.calibration.live
    qtbot.waitUntil(lambda: live.levels()[1] is not None, timeout=10_000)
    marked = live.levels()
    assert marked == (pytest.approx(60, abs=0.5), pytest.approx(200, abs=0.5))
    assert not shown.calibration.back_button.isEnabled()
    assert live.numbers.text("levels") == "this image"
    assert fields(shown)["g_csh"].field.value() == pytest.approx(marked[0])
    drag(live.chart, "g_csh", 90)
    assert live.levels()[0] == pytest.approx(90, abs=1)
    assert live.numbers.text("levels") == "G_CSH: given; G_m: this image"
    click(shown.calibration.back_button, qtbot)
    assert live.levels() == marked
    assert fields(shown)["g_csh"].value() is None


def test_layers_in_use_may_be_removed_and_renamed(shown, viewer, qtbot, drag):
    live = shown.calibration.live
    drag(live.chart, "g_csh", 60)
    drag(live.chart, "g_metal", 200)
    qtbot.waitUntil(lambda: the(viewer, Kind.PREVIEW) is not None, timeout=10_000)
    the(viewer, Kind.PREVIEW).name = "mine"
    drag(live.chart, "g_metal", 190)
    qtbot.wait(300)
    assert [layer.name for layer in viewer.layers] == ["free", "mine"]
    viewer.layers.remove("mine")
    assert not live.live_box.isChecked()
    drag(live.chart, "g_metal", 180, drop=False)
    viewer.layers.clear()
    qtbot.wait(400)
    assert not live.chart.dragging
    assert len(viewer.layers) == 0
    assert not live.live_box.isChecked()


def test_another_image_during_a_drag_ends_the_drag(opened, viewer, page, qtbot, drag):
    widget = page()
    live, session = widget.calibration.live, opened.session
    qtbot.waitUntil(lambda: live.levels()[0] is not None, timeout=20_000)
    drag(live.chart, "g_csh", 40, drop=False)
    first = session.image_id
    click(opened.next_button, qtbot)
    qtbot.waitUntil(lambda: session.image_id != first, timeout=20_000)
    assert not live.chart.dragging
    qtbot.mouseMove(live.chart, QPoint(100, 70))
    qtbot.waitUntil(lambda: live.grey is not None, timeout=20_000)
    subject = Subject(session.image_id, None, session.image_id)
    image = find(viewer, Kind.IMAGE, subject).data

    def follows():
        layer = find(viewer, Kind.PREVIEW, subject)
        wanted = calibrate(image, *live.levels(), curve=live.curve).porosity
        return layer is not None and layer.visible and np.array_equal(layer.data, wanted)

    qtbot.waitUntil(follows, timeout=20_000)
    assert "given for all images" in live.numbers.text("levels")


def test_the_pointer_reads_grey_level_and_porosity(shown, viewer, qtbot, drag, grey):
    live = shown.calibration.live
    drag(live.chart, "g_csh", 60)
    drag(live.chart, "g_metal", 200)
    viewer.cursor.position = (6.0, 12.0)
    live._pointed(viewer, None)
    text = live.numbers.text("pointer")
    csh, metal = live.levels()
    n = default_curve().porosity_of((grey[60, 120] - csh) / (metal - csh))
    assert text.startswith(f"grey {grey[60, 120]}, n = {n:.3f}")


def test_proposed_references_are_used_only_once_confirmed(
    shown, viewer, qtbot, settled, monkeypatch, labels
):
    from napari_npm.core.references import ProposedReferences

    csh, metal = labels == Label.CSH, labels == Label.METAL
    found = ProposedReferences(csh, metal, 60.0, 200.0, ("C-S-H: dark.", "Metal: bright."))
    module = "napari_npm.core.references.propose_references"
    monkeypatch.setattr(module, lambda *_, **__: found)
    box, live = shown.calibration.references, shown.calibration.live
    click(box.propose_button, qtbot)
    settled(shown)
    assert "Metal: bright." in box.why.text()
    assert np.array_equal(the(viewer, Kind.REFERENCES).data == Label.METAL, metal)
    assert live.levels() == (None, None)
    qtbot.keyClick(box.confirm_button, Qt.Key.Key_Escape)
    assert the(viewer, Kind.REFERENCES) is None
    assert not box.answer.isVisible()
    click(box.propose_button, qtbot)
    settled(shown)
    qtbot.keyClick(box.confirm_button, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: live.levels()[1] is not None, timeout=10_000)
    assert np.array_equal(the(viewer, Kind.MASK).data == Label.CSH, csh)
    assert the(viewer, Kind.REFERENCES) is None
    assert live.levels()[1] == pytest.approx(200, abs=0.5)


def test_a_proposal_removed_by_hand_is_dismissed(shown, viewer, qtbot, settled, grey):
    box = shown.calibration.references
    click(box.propose_button, qtbot)
    settled(shown)
    assert box.why.text()
    layer = the(viewer, Kind.REFERENCES)
    if layer is not None:
        viewer.layers.remove(layer)
    assert box.found is None


def test_bad_references_are_warned_of(shown, qtbot, labels):
    few = np.where((labels == Label.CSH) & (np.arange(160) > 65), 0, labels)
    shown.mask.layer().data = few
    box = shown.calibration.references
    qtbot.waitUntil(lambda: "C-S-H" in box.warning.text(), timeout=10_000)
    assert box.warning.isVisible()
    shown.mask.layer().data = labels
    qtbot.waitUntil(lambda: not box.warning.isVisible(), timeout=10_000)


def test_calibrate_with_marked_references(shown, viewer, qtbot, settled, labels):
    click(shown.calibration.calibrate_button, qtbot)
    settled(shown)
    assert "no mask" in shown.status.text()
    shown.mask.layer().data = labels
    click(shown.calibration.calibrate_button, qtbot)
    settled(shown)
    mulf = the(viewer, Kind.MULF)
    assert mulf.data.dtype == np.float32
    assert mulf.data[labels == Label.METAL].mean() == pytest.approx(1, abs=0.05)
    assert not mulf.data[labels == Label.UNHYDRATED].any()
    assert tuple(mulf.scale) == pytest.approx((0.1, 0.1))
    assert "G_CSH 60" in shown.calibration.result.text()
    assert not the(viewer, Kind.MASK).visible


def test_calibrate_with_wrong_levels(shown, viewer, qtbot, settled):
    fields(shown)["g_csh"].set_value(60)
    fields(shown)["g_metal"].set_value(40)
    assert "must be above" in shown.calibration.live.reading.text()
    click(shown.calibration.calibrate_button, qtbot)
    settled(shown)
    assert "must be above" in shown.status.text()
    assert the(viewer, Kind.MULF) is None


def test_levels_given_all_at_once_are_kept(shown):
    shown.calibration.calibrate_form.set_values({"g_csh": 61.0, "g_metal": 190.0})
    assert shown.calibration.live.levels() == (61.0, 190.0)


def test_pixel_size_can_be_given(viewer, page, grey, qtbot):
    viewer.add_image(grey, name="free")
    widget = page()
    assert not widget.calibration.pixel_row.isHidden()
    widget.calibration.pixel_size.set_value(250)
    click(widget.calibration.pixel_button, qtbot)
    assert tuple(viewer.layers["free"].scale) == pytest.approx((0.25, 0.25))
    assert "250 nm/px" in widget.heading.text()
    assert widget.calibration.pixel_row.isHidden()
