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
    qtbot.waitUntil(lambda: widget.calibration._grey is not None, timeout=30_000)
    return widget


def click(button, qtbot):
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def the(viewer, kind):
    return find(viewer, kind, Subject("free"))


def test_brush_makes_a_mask_layer_with_the_chosen_label(shown, viewer, qtbot):
    shown.mask.label_buttons.button(int(Label.METAL)).click()
    click(shown.mask.brush_button, qtbot)
    mask = the(viewer, Kind.MASK)
    assert viewer.layers.selection.active == mask
    assert (mask.mode, mask.selected_label) == ("paint", Label.METAL)
    shown.mask.label_buttons.button(int(Label.CSH)).click()
    assert mask.selected_label == Label.CSH
    click(shown.mask.polygon_button, qtbot)
    assert mask.mode == "polygon"
    click(shown.mask.erase_button, qtbot)
    assert mask.mode == "erase"


def test_a_stroke_updates_levels_and_shares(shown, viewer, qtbot):
    shown.mask.label_buttons.button(int(Label.METAL)).click()
    click(shown.mask.brush_button, qtbot)
    mask = the(viewer, Kind.MASK)
    mask.brush_size = 20
    mask.paint((90, 40), int(Label.METAL))
    qtbot.waitUntil(lambda: shown.calibration._grey.g_metal is not None, timeout=10_000)
    assert shown.calibration.levels()[1] == pytest.approx(200, abs=1)
    assert shown.mask.label_counts[int(Label.METAL)].text().endswith("%")
    mask.undo()
    qtbot.waitUntil(lambda: shown.calibration._grey.g_metal is None, timeout=10_000)


def test_click_to_grow_marks_the_connected_grey_level(shown, viewer, qtbot, settled, grey):
    click(shown.mask.grow_button, qtbot)
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
    click(shown.mask.grow_button, qtbot)
    assert shown.mask._clicked not in mask.mouse_drag_callbacks


def test_a_drag_moves_the_image_and_marks_nothing(shown, viewer, qtbot):
    click(shown.mask.grow_button, qtbot)
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
    click(shown.mask.level_button, qtbot)
    settled(shown)
    assert "at least one phase" in shown.status.text()
    fields = shown.mask.level_form.fields
    fields["metal_low"].set_value(180)
    fields["metal_high"].set_value(255)
    fields["min_area_um2"].set_value(0.1)
    click(shown.mask.level_button, qtbot)
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
    click(shown.mask.import_button, qtbot)
    settled(shown)
    assert np.array_equal(the(viewer, Kind.MASK).data, labels)
    click(shown.mask.import_button, qtbot)
    settled(shown)
    assert "20 x 20" in shown.status.text()
    click(shown.mask.clear_button, qtbot)
    settled(shown)
    assert not the(viewer, Kind.MASK).data.any()


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
