import numpy as np
import pytest
from qtpy.QtCore import Qt

from napari_npm.core.masking import Label
from napari_npm.io import read_labels, write_labels
from napari_npm.viewer.layers import Kind, Subject, find


@pytest.fixture
def shown(viewer, dock, grey, qtbot):
    """The dock on a free image."""
    viewer.add_image(grey, name="free", scale=(0.1, 0.1), units=("µm", "µm"))
    widget = dock("Mask and calibrate")
    qtbot.waitUntil(lambda: widget._grey is not None, timeout=30_000)
    return widget


def click(button, qtbot):
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def the(viewer, kind):
    return find(viewer, kind, Subject("free"))


def test_no_image_is_said_in_words(dock, viewer, qtbot):
    widget = dock("Mask and calibrate")
    click(widget.calibrate_button, qtbot)
    assert "No image is open" in widget.status.text()
    assert "No image open" in widget.heading.text()


def test_closing_the_image_before_it_is_measured_complains_of_nothing(shown, viewer, qtbot):
    shown.mask_touched()
    viewer.layers.clear()
    qtbot.wait(400)
    assert "No image is open" not in shown.status.text()


def test_brush_makes_a_mask_layer_with_the_chosen_label(shown, viewer, qtbot):
    click(shown.label_buttons.button(int(Label.METAL)), qtbot)
    click(shown.brush_button, qtbot)
    mask = the(viewer, Kind.MASK)
    assert viewer.layers.selection.active == mask
    assert (mask.mode, mask.selected_label) == ("paint", Label.METAL)
    click(shown.label_buttons.button(int(Label.CSH)), qtbot)
    assert mask.selected_label == Label.CSH
    click(shown.polygon_button, qtbot)
    assert mask.mode == "polygon"
    click(shown.erase_button, qtbot)
    assert mask.mode == "erase"


def test_a_stroke_updates_levels_and_shares(shown, viewer, qtbot):
    click(shown.label_buttons.button(int(Label.METAL)), qtbot)
    click(shown.brush_button, qtbot)
    mask = the(viewer, Kind.MASK)
    mask.brush_size = 20
    mask.paint((90, 40), int(Label.METAL))
    qtbot.waitUntil(lambda: shown._grey.g_metal is not None, timeout=10_000)
    assert shown.levels()[1] == pytest.approx(200, abs=1)
    assert shown.label_counts[int(Label.METAL)].text().endswith("%")
    mask.undo()
    qtbot.waitUntil(lambda: shown._grey.g_metal is None, timeout=10_000)


def test_click_to_grow_marks_the_connected_grey_level(shown, viewer, qtbot, settled, grey):
    click(shown.grow_button, qtbot)
    mask = the(viewer, Kind.MASK)

    class Event:
        type, button, position = "mouse_press", 1, (9.0, 4.0)

    steps = mask.mouse_drag_callbacks[-1](mask, Event)
    next(steps)
    Event.type = "mouse_release"
    with pytest.raises(StopIteration):
        next(steps)
    settled(shown)
    marked = np.asarray(mask.data) == Label.UNHYDRATED
    assert marked[75:105, 25:55].all()
    assert not marked[:65].any()
    click(shown.grow_button, qtbot)
    assert shown._clicked not in mask.mouse_drag_callbacks


def test_a_drag_moves_the_image_and_marks_nothing(shown, viewer, qtbot):
    click(shown.grow_button, qtbot)
    mask = the(viewer, Kind.MASK)

    class Event:
        type, button, position = "mouse_press", 1, (9.0, 4.0)

    steps = mask.mouse_drag_callbacks[-1](mask, Event)
    next(steps)
    Event.type = "mouse_move"
    next(steps)
    Event.type = "mouse_release"
    with pytest.raises(StopIteration):
        next(steps)
    assert shown.task is None
    assert not mask.data.any()


def test_label_by_grey_levels(shown, viewer, qtbot, settled, grey):
    click(shown.level_button, qtbot)
    settled(shown)
    assert "at least one phase" in shown.status.text()
    fields = shown.level_form.fields
    fields["metal_low"].set_value(180)
    fields["metal_high"].set_value(255)
    fields["min_area_um2"].set_value(0.1)
    click(shown.level_button, qtbot)
    settled(shown)
    mask = np.asarray(the(viewer, Kind.MASK).data)
    assert (mask[75:105, 25:55] == Label.METAL).all()
    assert not mask[:60].any()


def test_import_mask_checks_labels_and_shape(
    shown, viewer, qtbot, settled, labels, tmp_path, monkeypatch
):
    write_labels(tmp_path / "m.tif", labels, 100.0)
    write_labels(tmp_path / "small.tif", labels[:20, :20], 100.0)
    chosen = [tmp_path / "m.tif", tmp_path / "small.tif"]
    monkeypatch.setattr("napari_npm.viewer.dialogs.choose_file", lambda *_: chosen.pop(0))
    click(shown.import_button, qtbot)
    settled(shown)
    assert np.array_equal(the(viewer, Kind.MASK).data, labels)
    click(shown.import_button, qtbot)
    settled(shown)
    assert "20 x 20" in shown.status.text()
    click(shown.clear_button, qtbot)
    settled(shown)
    assert not the(viewer, Kind.MASK).data.any()


def test_calibrate_with_marked_references(shown, viewer, qtbot, settled, labels):
    click(shown.calibrate_button, qtbot)
    settled(shown)
    assert "no mask" in shown.status.text()
    shown.layer().data = labels
    click(shown.calibrate_button, qtbot)
    settled(shown)
    mulf = the(viewer, Kind.MULF)
    assert mulf.data.dtype == np.float32
    assert mulf.data[labels == Label.METAL].mean() == pytest.approx(1, abs=0.05)
    assert not mulf.data[labels == Label.UNHYDRATED].any()
    assert tuple(mulf.scale) == pytest.approx((0.1, 0.1))
    assert "G_CSH 60" in shown.result.text()
    assert not the(viewer, Kind.MASK).visible


def test_calibrate_with_given_levels_and_wrong_ones(shown, viewer, qtbot, settled):
    fields = shown.calibrate_form.fields
    fields["g_csh"].set_value(60)
    fields["g_metal"].set_value(40)
    click(shown.calibrate_button, qtbot)
    settled(shown)
    assert "must be above" in shown.status.text()
    fields["g_metal"].set_value(200)
    click(shown.calibrate_button, qtbot)
    settled(shown)
    assert the(viewer, Kind.MULF) is not None


def test_pixel_size_can_be_given(viewer, dock, grey, qtbot):
    viewer.add_image(grey, name="free")
    widget = dock("Mask and calibrate")
    assert not widget.pixel_row.isHidden()
    widget.pixel_size.set_value(250)
    click(widget.pixel_button, qtbot)
    assert tuple(viewer.layers["free"].scale) == pytest.approx((0.25, 0.25))
    assert "250 nm/px" in widget.heading.text()
    assert widget.pixel_row.isHidden()


def test_a_mask_of_a_study_is_saved_at_once(opened, viewer, dock, qtbot):
    study, image_id = opened.session.study, opened.session.image_id
    mask = find(viewer, Kind.MASK, Subject(image_id, None, image_id))
    path, before = study.mask_path(image_id), np.array(mask.data)
    assert np.array_equal(read_labels(path), before)
    mask.paint((200, 200), int(Label.UNHYDRATED))
    qtbot.waitUntil(lambda: bool(np.any(read_labels(path) != before)), timeout=20_000)
    assert np.array_equal(read_labels(path), mask.data)
    mask.undo()
    qtbot.waitUntil(lambda: np.array_equal(read_labels(path), before), timeout=20_000)


def test_a_stroke_just_before_the_next_image_is_not_lost(opened, viewer, qtbot):
    study, first = opened.session.study, opened.session.image_id
    mask = find(viewer, Kind.MASK, Subject(first, None, first))
    mask.paint((200, 200), int(Label.UNHYDRATED))
    wanted = np.array(mask.data)
    click(opened.next_button, qtbot)
    qtbot.waitUntil(lambda: opened.session.image_id != first, timeout=20_000)
    qtbot.waitUntil(
        lambda: np.array_equal(read_labels(study.mask_path(first)), wanted), timeout=20_000
    )
    assert not np.array_equal(mask.data, wanted)
