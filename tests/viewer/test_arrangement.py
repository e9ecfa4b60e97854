"""A study reopens in a new window as it was left in another one."""

import json

import pytest
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QCheckBox, QComboBox, QDockWidget

from napari_npm.study.view_state import SCHEMA_VERSION
from napari_npm.viewer.catalogue import DOCKS, open_dock
from napari_npm.viewer.docking import plugin_frames
from napari_npm.viewer.layers import Kind, camera, grid, kind_of, scale_bar
from napari_npm.viewer.remembered import state_of, take_state
from napari_npm.viewer.session import plain, session_of

BOTTOM = Qt.DockWidgetArea.BottomDockWidgetArea
ACROSS, DOWN = Qt.Orientation.Horizontal, Qt.Orientation.Vertical


class Desk:
    """A viewer with a study in a window that is seen."""

    def __init__(self, viewer, qtbot):
        self.viewer, self.qtbot = plain(viewer), qtbot
        self.session = session_of(viewer)
        self.arrangement = self.session.arrangement
        self.window = self.viewer.window._qt_window
        self.window.resize(1300, 850)
        # The fixture closes it once more.
        self.window.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)

    def open(self, folder):
        open_dock(self.viewer, "NPM study")
        self.qtbot.wait(50)
        self.session.open(folder)
        self.settle()

    def settle(self):
        self.qtbot.waitUntil(lambda: self.session.image_id != "", timeout=30_000)
        self.qtbot.waitUntil(lambda: bool(self.session.states), timeout=30_000)
        self.qtbot.waitUntil(lambda: not self.arrangement.restoring, timeout=30_000)
        self.qtbot.wait(100)

    def show(self, image_id):
        self.session.show(image_id)
        self.qtbot.waitUntil(
            lambda: self.session.image_id == image_id and not self.session.changing, timeout=30_000
        )

    def dock(self, name):
        dock = open_dock(self.viewer, name)
        self.qtbot.wait(100)
        return dock

    def frame(self, name):
        return plugin_frames(self.window)[name]

    def open_docks(self):
        return {n for n, frame in plugin_frames(self.window).items() if not frame.isHidden()}

    def layer(self, kind):
        return next(layer for layer in self.viewer.layers if kind_of(layer) is kind)

    def close(self):
        self.window.close()
        self.qtbot.wait(50)


@pytest.fixture
def desk(make_napari_viewer_proxy, qtbot):
    """Return a function that opens a viewer, and a study in it."""

    def make(folder=None):
        made = Desk(make_napari_viewer_proxy(show=True), qtbot)
        if folder is not None:
            made.open(folder)
        return made

    return make


def content(folder):
    return json.loads((folder / "view.json").read_text())


def test_a_study_reopens_exactly_as_it_was_left(desk, study_folder, qtbot):
    folder = study_folder()
    left = desk(folder)
    mask, micf, s2 = (left.dock(name) for name in ("Mask and calibrate", "MicF", "S2"))
    left.window.addDockWidget(BOTTOM, left.frame("MicF"))
    left.dock("Mask and calibrate")
    left.window.resizeDocks([left.frame("Mask and calibrate")], [470], ACROSS)
    left.window.resizeDocks([left.frame("MicF")], [240], DOWN)
    left.frame("S2").setFloating(True)
    mask.show_page(1)
    mask.folds["Keys"].expand(animate=False)
    mask.calibration.live.log_box.setChecked(True)
    micf.form.fields["sigma_px"].set_value(3.5)
    s2.form.more.expand(animate=False)
    s2.map_box.setCurrentText("MicF")
    study = left.frame("NPM study").widget()
    study.filter.field.setText("b")
    study.filter.box.setCurrentText("not explained")
    study.table.sortByColumn(0, Qt.SortOrder.DescendingOrder)
    left.show("B1")
    grey, labels = left.layer(Kind.IMAGE), left.layer(Kind.MASK)
    grey.contrast_limits, grey.gamma, grey.colormap = (20, 180), 0.8, "magma"
    labels.opacity, labels.visible = 0.3, False
    grey.blending, grey.interpolation2d = "additive", "cubic"
    labels.brush_size, labels.selected_label, labels.contour = 17, 3, 2
    left.viewer.add_points([[1, 1]], name="own")
    left.viewer.layers.move(left.viewer.layers.index(labels), 0)
    assert list(left.viewer.layers)[:2] == [labels, grey]
    left.viewer.layers.selection.active = labels
    scale_bar(left.viewer).visible = False
    qtbot.wait(300)
    seen = camera(left.viewer)
    seen.center, seen.zoom = (0, 6, 5), 60
    qtbot.wait(300)
    widths = left.frame("Mask and calibrate").width(), left.frame("MicF").height()
    assert widths[0] == 470
    left.close()

    back = desk(folder)
    assert back.session.image_id == "B1"
    assert back.open_docks() == {"NPM study", "Mask and calibrate", "MicF", "S2"}
    assert back.window.dockWidgetArea(back.frame("MicF")) == BOTTOM
    assert back.frame("S2").isFloating()
    tabs = back.window.tabifiedDockWidgets(back.frame("NPM study"))
    assert back.frame("Mask and calibrate") in tabs
    assert not back.frame("Mask and calibrate").visibleRegion().isEmpty()
    assert back.frame("NPM study").visibleRegion().isEmpty()
    assert (back.frame("Mask and calibrate").width(), back.frame("MicF").height()) == widths

    mask, micf, s2 = (back.frame(n).widget() for n in ("Mask and calibrate", "MicF", "S2"))
    assert mask.pages.currentIndex() == 1
    assert mask.mask.isHidden()
    assert mask.folds["Keys"].isExpanded()
    assert mask.calibration.live.log_box.isChecked()
    assert micf.form.values()["sigma_px"] == 3.5
    assert back.session.study.parameters("smooth").sigma_px != 3.5
    assert s2.form.more.isExpanded()
    assert not mask.calibration.calibrate_form.more.isExpanded()
    assert s2.map_box.currentText() == "MicF"
    study = back.frame("NPM study").widget()
    assert (study.filter.field.text(), study.filter.box.currentText()) == ("b", "not explained")
    assert study.table.ids() == ("B1", "B0")

    grey, labels = back.layer(Kind.IMAGE), back.layer(Kind.MASK)
    assert tuple(grey.contrast_limits) == (20, 180)
    assert (grey.gamma, grey.colormap.name, grey.visible) == (0.8, "magma", True)
    assert (labels.opacity, labels.visible) == (0.3, False)
    assert (grey.blending, grey.interpolation2d) == ("additive", "cubic")
    assert (labels.brush_size, labels.selected_label, labels.contour) == (17, 3, 2)
    assert list(back.viewer.layers)[:2] == [labels, grey]
    assert back.viewer.layers.selection.active is labels
    assert not scale_bar(back.viewer).visible
    assert not grid(back.viewer).enabled
    assert tuple(camera(back.viewer).center) == pytest.approx((0, 6, 5))
    assert camera(back.viewer).zoom == pytest.approx(60, rel=0.01)


def test_the_file_does_not_hold_what_is_as_ever(desk, study_folder):
    folder = study_folder()
    one = desk(folder)
    one.dock("MicF")
    grid(one.viewer).enabled = True
    one.close()
    kept = content(folder)
    assert kept["image"] == "A0"
    assert kept["layers"]["BSE"]["contrast_limits"] is None
    assert kept["settings"]["MicF"] == {}
    again = desk(folder)
    assert grid(again.viewer).enabled


def test_what_changes_is_kept_soon_so_that_a_crash_loses_little(desk, study_folder, qtbot):
    folder = study_folder()
    one = desk(folder)
    one.dock("MicF").form.fields["sigma_px"].set_value(7.0)
    assert not (folder / "view.json").exists()
    qtbot.waitUntil(lambda: (folder / "view.json").exists(), timeout=10_000)
    assert content(folder)["settings"]["MicF"]["forms"]["smooth"] == {"sigma_px": 7.0}
    before = (folder / "view.json").stat().st_mtime_ns
    one.arrangement._look()
    one.arrangement._look()
    qtbot.wait(100)
    assert (folder / "view.json").stat().st_mtime_ns == before


def test_another_study_in_the_same_window_brings_its_own_docks(desk, study_folder, qtbot):
    first, second = study_folder(), study_folder()
    one = desk(first)
    one.dock("MicF").form.fields["sigma_px"].set_value(7.0)
    one.show("B0")
    one.session.open(second)
    one.settle()
    assert one.session.image_id == "A0"
    assert one.dock("MicF").form.values()["sigma_px"] != 7.0
    one.dock("LP/HP")
    one.frame("MicF").hide()
    one.session.open(first)
    one.settle()
    assert one.session.image_id == "B0"
    assert one.open_docks() == {"NPM study", "MicF"}
    assert one.dock("MicF").form.values()["sigma_px"] == 7.0


def test_a_dock_that_was_closed_has_its_settings_when_it_is_opened_again(desk, study_folder):
    folder = study_folder()
    one = desk(folder)
    one.dock("MicF").form.fields["sigma_px"].set_value(7.0)
    one.frame("MicF").hide()
    one.close()
    again = desk(folder)
    assert again.open_docks() == {"NPM study"}
    assert again.dock("MicF").form.values()["sigma_px"] == 7.0


@pytest.mark.parametrize(
    "damage",
    [
        {"schema_version": SCHEMA_VERSION + 1},
        {"window": "no base64", "image": "gone"},
        {"window": "AAAA", "docks": ["Nowhere", "NPM study"]},
        {
            "settings": {
                "MicF": {"forms": {"smooth": {"sigma_px": "much", "edge": 3}, "x": 1}},
                "NPM study": {"forms": 3, "choices": [], "open": 1},
            },
            "layers": {"BSE": {"contrast_limits": [9, 1], "colormap": "none such"}},
        },
    ],
)
def test_a_study_opens_whatever_its_view_holds(desk, study_folder, damage, capsys):
    folder = study_folder()
    one = desk(folder)
    one.dock("MicF")
    one.close()
    path = folder / "view.json"
    path.write_text(json.dumps({**content(folder), **damage}))
    again = desk(folder)
    assert again.session.image_id == "A0"
    assert "NPM study" in again.open_docks()
    assert again.dock("MicF").form.values()["sigma_px"] == 10.0
    assert "Traceback" not in capsys.readouterr().err


def test_a_folder_that_cannot_be_written_is_said_once(desk, study_folder, qtbot):
    folder = study_folder()
    one = desk(folder)
    (folder / "view.json").mkdir()
    said, shown = [], []
    one.session.said.connect(said.append)
    one.session._complain = shown.append
    for value in (3.0, 4.0):
        one.dock("MicF").form.fields["sigma_px"].set_value(value)
        one.arrangement._look()
        qtbot.waitUntil(lambda: one.arrangement._writing is None, timeout=10_000)
    assert len(said) == 1
    assert "not remembered" in said[0]
    one.close()
    assert one.session.closed
    again = desk(folder)
    assert again.session.image_id == "A0"
    assert shown == []


def test_a_window_closed_while_a_study_comes_up_leaves_its_view(desk, study_folder, qtbot):
    folder = study_folder()
    one = desk(folder)
    one.dock("MicF")
    one.show("B1")
    one.close()
    before = content(folder)
    hasty = desk()
    hasty.dock("NPM study")
    hasty.session.open(folder)
    qtbot.waitUntil(lambda: hasty.session.study is not None, timeout=30_000)
    assert hasty.arrangement.restoring
    hasty.close()
    assert content(folder) == before


def test_a_missing_source_does_not_keep_the_rest_from_coming_back(
    desk, study_folder, qtbot, monkeypatch
):
    from napari_npm.core.errors import NpmError

    folder = study_folder()
    one = desk(folder)
    one.dock("MicF").form.fields["sigma_px"].set_value(7.0)
    one.close()

    def read(*_):
        raise NpmError("The image is gone.")

    monkeypatch.setattr("napari_npm.study.Study.read", read)
    again = desk()
    again.session.open(folder)
    qtbot.waitUntil(lambda: again.session.study is not None, timeout=30_000)
    qtbot.waitUntil(lambda: not again.arrangement.restoring, timeout=30_000)
    assert again.dock("MicF").form.values()["sigma_px"] == 7.0


def test_without_a_study_a_dock_comes_back_as_wide_as_it_was(desk, qtbot):
    one = desk()
    one.dock("MicF")
    one.window.resizeDocks([one.frame("MicF")], [520], ACROSS)
    qtbot.waitUntil(lambda: one.frame("MicF").width() == 520, timeout=30_000)
    one.close()
    other = desk()
    other.dock("LP/HP")
    assert other.frame("LP/HP").width() < 500
    other.close()
    again = desk()
    again.dock("MicF")
    qtbot.waitUntil(lambda: again.frame("MicF").width() == 520, timeout=30_000)
    again.dock("LP/HP")
    assert again.frame("MicF").width() == 520


def test_every_dock_tells_its_settings_and_takes_them(viewer, qtbot):
    for entry in DOCKS:
        dock = open_dock(viewer, entry.name)
        settings = dock.settings()
        assert json.loads(json.dumps(settings)) == settings
        dock.take_settings(settings)
        assert dock.settings() == settings


def test_a_choice_that_is_offered_later_is_made_then(qtbot):
    box = QComboBox()
    qtbot.addWidget(box)
    take_state(box, "second")
    box.addItems(["first", "second"])
    qtbot.waitUntil(lambda: state_of(box) == "second")
    take_state(box, "third")
    box.activated.emit(0)
    qtbot.wait(20)
    box.addItem("third")
    qtbot.wait(50)
    assert state_of(box) == "second"


def test_a_value_of_another_type_is_passed_over(qtbot):
    tick = QCheckBox()
    qtbot.addWidget(tick)
    for state in ("yes", 1, None, [True]):
        take_state(tick, state)
        assert not tick.isChecked()
    with pytest.raises(TypeError):
        state_of(QDockWidget())
