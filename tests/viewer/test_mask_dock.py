import numpy as np
import pytest
from qtpy.QtCore import Qt

from napari_npm.core.masking import Label
from napari_npm.io import read_labels, write_labels
from napari_npm.viewer.layers import Kind, Subject, find, layer_name


@pytest.fixture
def mask(viewer, dock, grey, qtbot):
    """The mask page on a free image."""
    viewer.add_image(grey, name="free", scale=(0.1, 0.1), units=("µm", "µm"))
    return dock("Mask and calibrate").mask


@pytest.fixture
def press(mask, qtbot):
    """Return a function that types a key while the image has the focus."""

    def type_key(key, modifier=Qt.KeyboardModifier.NoModifier):
        qtbot.keyClick(mask.viewer.window._qt_viewer.canvas.native, key, modifier)
        qtbot.wait(10)

    return type_key


def click(button, qtbot):
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def the(viewer, kind):
    return find(viewer, kind, Subject("free"))


def done(mask, qtbot):
    qtbot.waitUntil(lambda: mask._editing is None, timeout=30_000)
    qtbot.wait(20)


def grown(mask, qtbot, row, column):
    """Click a grain and wait until it is outlined."""
    mask.draw.grow.click(row, column)
    qtbot.waitUntil(lambda: mask.draw.grow.grain is not None, timeout=60_000)


def test_tools_make_a_mask_layer_with_the_chosen_label(mask, viewer, qtbot):
    mask.draw.label_buttons.button(int(Label.METAL)).click()
    click(mask.draw.tool_buttons["brush"], qtbot)
    layer = the(viewer, Kind.MASK)
    assert viewer.layers.selection.active == layer
    assert (layer.mode, layer.selected_label) == ("paint", Label.METAL)
    mask.draw.label_buttons.button(int(Label.CSH)).click()
    assert layer.selected_label == Label.CSH
    for name, mode in (("polygon", "polygon"), ("eraser", "erase"), ("fill", "fill")):
        click(mask.draw.tool_buttons[name], qtbot)
        assert layer.mode == mode
        assert [button.isChecked() for button in mask.draw.tool_buttons.values()].count(True) == 1
    click(mask.draw.tool_buttons["fill"], qtbot)
    assert layer.mode == "pan_zoom"
    layer.mode = "paint"
    assert mask.draw.tool_buttons["brush"].isChecked()


def test_click_a_grain_change_the_tolerance_and_take_it(mask, viewer, qtbot, press):
    mask.draw.auto_box.setChecked(False)
    mask.draw.tolerance.set_value(4)
    click(mask.draw.tool_buttons["grow"], qtbot)
    grown(mask, qtbot, 90, 40)
    assert not the(viewer, Kind.MASK).data.any()
    outline = the(viewer, Kind.GRAIN)
    assert outline.data.any()
    assert not outline.data[10:-10, 10:-10].any()
    few = mask.draw.grow.grain.inside.sum()
    mask.draw.slider.setValue(100)
    qtbot.waitUntil(lambda: mask.draw.grow.grain.inside.sum() > few, timeout=30_000)
    press(Qt.Key.Key_BracketRight)
    assert mask.draw.tolerance.value() > 32
    press(Qt.Key.Key_Return)
    assert not the(viewer, Kind.GRAIN).visible
    marked = the(viewer, Kind.MASK).data == Label.UNHYDRATED
    assert marked[71:109, 21:59].all()
    assert not marked[:69].any()


def test_a_click_elsewhere_takes_the_grain_and_escape_leaves_it(mask, viewer, qtbot, press):
    mask.draw.use("grow")
    grown(mask, qtbot, 90, 40)
    mask.draw.grow.click(30, 30)
    assert the(viewer, Kind.MASK).data[90, 40] == Label.UNHYDRATED
    qtbot.waitUntil(lambda: mask.draw.grow.grain is not None, timeout=30_000)
    press(Qt.Key.Key_Escape)
    assert not the(viewer, Kind.GRAIN).visible
    assert not mask.draw.grow.pending
    assert not the(viewer, Kind.MASK).data[30, 30]
    grown(mask, qtbot, 30, 30)
    mask.draw.grow.click(31, 31)
    assert not mask.draw.grow.pending
    assert the(viewer, Kind.MASK).data[30, 30] == Label.UNHYDRATED


def test_each_grain_begins_with_a_tolerance_of_its_own(mask, viewer, qtbot):
    mask.draw.tolerance.set_value(60)
    mask.draw.use("grow")
    grown(mask, qtbot, 90, 40)
    assert mask.draw.tolerance.value() == mask.draw.grow.grain.tolerance < 60
    assert mask.draw.grow.grain.inside.sum() == pytest.approx(1600, rel=0.1)
    mask.draw.tolerance.set_value(25)
    qtbot.waitUntil(lambda: mask.draw.grow.grain.tolerance == 25, timeout=30_000)


def test_another_tool_takes_the_grain_in_hand(mask, viewer, qtbot):
    mask.draw.use("grow")
    grown(mask, qtbot, 90, 40)
    click(mask.draw.tool_buttons["brush"], qtbot)
    assert the(viewer, Kind.MASK).data[90, 40] == Label.UNHYDRATED
    assert mask.draw.grow._clicked not in viewer.mouse_drag_callbacks
    assert the(viewer, Kind.GRAIN) is None


class Drag:
    """A drag of the mouse over world coordinates."""

    def __init__(self, *path, button=1):
        self.path, self.button, self.type = list(path), button, "mouse_press"
        self.position = self.path[0]
        self.pos = np.array(self.position) * 10

    def over(self, callback, source):
        steps = callback(source, self)
        next(steps)
        for place in self.path[1:]:
            self.type, self.position, self.pos = "mouse_move", place, np.array(place) * 10
            next(steps)
        self.type = "mouse_release"
        with pytest.raises(StopIteration):
            next(steps)


def test_a_click_grows_and_a_drag_moves_the_image(mask, viewer, qtbot):
    mask.draw.use("grow")
    Drag((9.0, 4.0), (9.0, 5.0)).over(mask.draw.grow._clicked, viewer)
    assert not mask.draw.grow.pending
    Drag((9.0, 4.0), button=2).over(mask.draw.grow._clicked, viewer)
    assert not mask.draw.grow.pending
    Drag((9.0, 4.0)).over(mask.draw.grow._clicked, viewer)
    assert mask.draw.grow.seed == (90, 40)


def test_the_wheel_with_shift_changes_the_tolerance(mask, viewer, qtbot):
    mask.draw.use("grow")

    class Wheel:
        delta, modifiers, handled = (0, 1), ("Shift",), False

    before = mask.draw.tolerance.value()
    mask.draw.grow._wheeled(viewer, Wheel)
    assert Wheel.handled
    assert mask.draw.tolerance.value() > before
    Wheel.modifiers = ()
    mask.draw.grow._wheeled(viewer, Wheel)
    assert mask.draw.tolerance.value() == pytest.approx(before + 0.6)


def test_the_lasso_marks_what_it_encloses(mask, viewer, qtbot, press):
    press(Qt.Key.Key_L)
    layer = the(viewer, Kind.LASSO)
    assert viewer.layers.selection.active == layer
    assert not layer.mouse_pan
    assert layer.edge_color[0, 3] == 1  # napari draws in no colour once it had no vector
    corners = ((2.0, 2.0), (2.0, 8.0), (6.0, 8.0), (6.0, 2.0))
    Drag(*corners).over(layer.mouse_drag_callbacks[-1], layer)
    marked = the(viewer, Kind.MASK).data == Label.UNHYDRATED
    assert marked[21:60, 21:80].all()
    assert marked[20:61, 20:81].sum() == marked.sum()
    press(Qt.Key.Key_U)
    qtbot.waitUntil(lambda: not the(viewer, Kind.MASK).data.any(), timeout=30_000)
    press(Qt.Key.Key_L)
    assert not layer.visible
    assert viewer.layers.selection.active == the(viewer, Kind.MASK)
    with pytest.raises(StopIteration):  # hidden, it marks nothing
        Drag(*corners).over(layer.mouse_drag_callbacks[-1], layer)
    assert not the(viewer, Kind.MASK).data.any()
    press(Qt.Key.Key_L)
    assert the(viewer, Kind.LASSO) == layer
    assert layer.visible


def test_undo_and_redo_go_over_strokes_grains_and_clear(mask, viewer, qtbot, press):
    mask.draw.use("brush")
    layer = the(viewer, Kind.MASK)
    layer.paint((20, 20), int(Label.UNHYDRATED))
    qtbot.wait(20)
    layer.paint((60, 60), int(Label.UNHYDRATED))
    mask.draw.use_stroke(2)
    the(viewer, Kind.STROKES).paint((100, 100), 2)
    qtbot.wait(20)
    click(mask.draw.clear_button, qtbot)
    done(mask, qtbot)
    assert not layer.data.any()
    press(Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: bool(layer.data.any()), timeout=30_000)
    press(Qt.Key.Key_U)
    qtbot.waitUntil(lambda: not the(viewer, Kind.STROKES).data.any(), timeout=30_000)
    assert layer.data[20, 20]
    assert layer.data[60, 60]
    click(mask.draw.undo_button, qtbot)
    qtbot.waitUntil(lambda: not layer.data[60, 60], timeout=30_000)
    assert layer.data[20, 20]
    click(mask.draw.redo_button, qtbot)
    qtbot.waitUntil(lambda: bool(layer.data[60, 60]), timeout=30_000)
    press(Qt.Key.Key_U, Qt.KeyboardModifier.ShiftModifier)
    qtbot.waitUntil(lambda: bool(the(viewer, Kind.STROKES).data.any()), timeout=30_000)


def test_a_deleted_or_renamed_mask_loses_nothing(mask, viewer, qtbot):
    mask.draw.use("brush")
    layer = the(viewer, Kind.MASK)
    layer.paint((20, 20), int(Label.UNHYDRATED))
    layer.name = "my own name"
    mask.draw.use("eraser")
    assert the(viewer, Kind.MASK) is layer
    wanted = np.array(layer.data)
    viewer.layers.remove(layer)
    mask.draw.use("brush")
    again = the(viewer, Kind.MASK)
    assert again.name == layer_name(Kind.MASK, "free")
    assert np.array_equal(again.data, wanted)
    mask.undo()
    qtbot.waitUntil(lambda: not again.data.any(), timeout=30_000)


def test_each_image_outside_a_study_keeps_its_own_undo(mask, viewer, qtbot, grey):
    mask.draw.use("brush")
    the(viewer, Kind.MASK).paint((20, 20), int(Label.UNHYDRATED))
    mask.draw.use("")
    other = viewer.add_image(grey[:90], name="other")
    mask.draw.use("brush")
    find(viewer, Kind.MASK, Subject("other")).paint((50, 50), int(Label.CSH))
    viewer.layers.selection.active = viewer.layers["free"]
    mask.undo()
    qtbot.waitUntil(lambda: not the(viewer, Kind.MASK).data.any(), timeout=30_000)
    assert find(viewer, Kind.MASK, Subject("other")).data.any()
    viewer.layers.selection.active = other
    assert mask.able() == (True, False)


def test_label_by_grey_levels(mask, viewer, qtbot):
    click(mask.level_button, qtbot)
    done(mask, qtbot)
    assert "at least one phase" in mask.dock.status.text()
    mask.level_form.set_values({"metal_low": 180, "metal_high": 255, "min_area_um2": 0.1})
    click(mask.level_button, qtbot)
    done(mask, qtbot)
    marked = np.asarray(the(viewer, Kind.MASK).data)
    assert (marked[75:105, 25:55] == Label.METAL).all()
    assert not marked[:60].any()


def test_import_mask_checks_labels_and_shape(mask, viewer, qtbot, labels, tmp_path, monkeypatch):
    write_labels(tmp_path / "m.tif", labels, 100.0)
    write_labels(tmp_path / "small.tif", labels[:20, :20], 100.0)
    chosen = [tmp_path / "m.tif", tmp_path / "small.tif"]
    monkeypatch.setattr("napari_npm.viewer.dialogs.choose_file", lambda *_: chosen.pop(0))
    click(mask.draw.import_button, qtbot)
    done(mask, qtbot)
    assert np.array_equal(the(viewer, Kind.MASK).data, labels)
    click(mask.draw.import_button, qtbot)
    done(mask, qtbot)
    assert "20 x 20" in mask.dock.status.text()


def test_no_image_is_said_in_words(dock, qtbot, viewer):
    mask = dock("Mask and calibrate").mask
    for button in (
        *mask.draw.tool_buttons.values(),
        mask.draw.clear_button,
        mask.draw.import_button,
    ):
        mask.say("")
        click(button, qtbot)
        assert "No image is open" in mask.dock.status.text()
    for name in ("accept", "correct", "reject"):
        getattr(mask.review, name)()
        assert "No image is open" in mask.dock.status.text()


def test_a_mask_of_a_study_is_saved_at_once(opened, viewer, dock, qtbot):
    study, image_id = opened.session.study, opened.session.image_id
    layer = find(viewer, Kind.MASK, Subject(image_id, None, image_id))
    path, before = study.mask_path(image_id), np.array(layer.data)
    assert np.array_equal(read_labels(path), before)
    layer.paint((200, 200), int(Label.UNHYDRATED))
    qtbot.waitUntil(lambda: bool(np.any(read_labels(path) != before)), timeout=20_000)
    assert np.array_equal(read_labels(path), layer.data)
    layer.undo()
    qtbot.waitUntil(lambda: np.array_equal(read_labels(path), before), timeout=20_000)


def test_a_stroke_just_before_the_next_image_is_not_lost(opened, viewer, qtbot):
    study, first = opened.session.study, opened.session.image_id
    layer = find(viewer, Kind.MASK, Subject(first, None, first))
    layer.paint((200, 200), int(Label.UNHYDRATED))
    wanted = np.array(layer.data)
    click(opened.next_button, qtbot)
    qtbot.waitUntil(lambda: opened.session.image_id != first, timeout=20_000)
    qtbot.waitUntil(
        lambda: np.array_equal(read_labels(study.mask_path(first)), wanted), timeout=20_000
    )
    assert not np.array_equal(layer.data, wanted)
