"""Figures for papers: set up with a live preview, written, kept as presets of the study."""

import numpy as np
import pytest
from qtpy.QtCore import Qt
from skimage.segmentation import find_boundaries

from napari_npm.study import write_methods, write_preset
from napari_npm.study.figure_settings import FigurePreset
from napari_npm.viewer.figure_work import STUDY, VIEW, blend
from napari_npm.viewer.layers import Kind, Subject, put

SUBJECT = Subject("free", 50.0)
SUFFIXES = [".png", ".svg", ".pdf", ".tif"]


def click(button, qtbot):
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


@pytest.fixture
def target(tmp_path, monkeypatch):
    """Return a function that answers the question for a file."""

    def answer(name):
        monkeypatch.setattr("napari_npm.viewer.dialogs.choose_new_file", lambda *_: tmp_path / name)
        return tmp_path / name

    return answer


@pytest.fixture
def free(dock, viewer, mulf, qtbot):
    """The dock on a free image, in a window on the screen."""
    widget = dock("Export figure")
    widget.window().show()
    qtbot.waitUntil(lambda: not widget.picture.pixmap().isNull(), timeout=30_000)
    return widget


@pytest.fixture
def of_study(opened, dock, qtbot):
    """The dock on a study, in a window on the screen."""
    widget = dock("Export figure")
    widget.kind_box.setCurrentText(STUDY)
    widget.content.fields["layers"].set_value(("bse",))
    widget.window().show()
    qtbot.waitUntil(lambda: not widget.picture.pixmap().isNull(), timeout=30_000)
    return widget


def test_export_what_is_seen(free, target, qtbot, settled):
    assert free.kind_box.currentText() == VIEW
    for suffix in SUFFIXES:
        path = target(f"figure{suffix}")
        click(free.export_button, qtbot)
        settled(free)
        assert str(path) in free.status.text()
        assert path.stat().st_size > 1000


def test_outlines_are_shown_as_the_viewer_does(free, viewer, rng):
    areas = (rng.random((384, 384)) > 0.3).astype(np.uint8)
    areas[50:300, 60:90] = 1
    put(viewer, Kind.REGIONS, SUBJECT, areas)
    for layer in viewer.layers:
        layer.visible = layer.name == "free" or layer.name.startswith("Regions")
    shown = blend(free.request().shown)
    green = np.ptp(shown, axis=2) > 0.2
    assert np.array_equal(green, find_boundaries(areas, mode="inner", connectivity=1) & (areas > 0))


def test_what_lies_beside_the_image_is_left_out(free, viewer, mulf):
    beside = put(viewer, Kind.DIFFERENCE, SUBJECT, mulf - 0.5)
    before = len(free.request().shown)
    beside.translate = (0.0, 20.0)
    assert len(free.request().shown) == before - 1


def test_the_preview_follows_and_names_what_is_missing(free, qtbot):
    before = free.picture.pixmap().toImage()
    free.look.fields["background"].set_value("black")
    qtbot.waitUntil(lambda: free.picture.pixmap().toImage() != before, timeout=30_000)
    free.kind_box.setCurrentText("LP/HP (Fig. S3)")
    qtbot.waitUntil(lambda: "no MicF layer yet" in free.picture.text(), timeout=30_000)
    free.live_box.setChecked(False)
    free.kind_box.setCurrentText(VIEW)
    qtbot.wait(600)
    assert "no MicF layer yet" in free.picture.text()


def test_without_a_study_the_figure_of_one_says_what_to_do(free, target, qtbot):
    free.kind_box.setCurrentText(STUDY)
    target("none.png")
    click(free.export_button, qtbot)
    assert "No study is open" in free.status.text()


def test_a_pixel_of_the_scale_bar_is_one_of_the_image(free, target, qtbot, settled):
    import tifffile

    for name, value in (("dpi", 300.0), ("column", "double"), ("titles", False)):
        free.look.fields[name].set_value(value)
    free.look.fields["scale_bar_um"].set_value(5.0)
    path = target("bar.tif")
    click(free.export_button, qtbot)
    settled(free)
    pixels = tifffile.imread(path)[..., :3].astype(int)
    # the image spans the page less two margins of 0.5 mm; it is 384 px of 50 nm
    side = np.count_nonzero((pixels < 250).any(axis=(0, 2)))
    assert side == pytest.approx(174 / 25.4 * 300, abs=3)
    white = (pixels > 250).all(axis=2)[: round(0.999 * pixels.shape[0])]
    inside = white[-side // 3 : -8, 8:-8]
    longest = max(
        max((len(run) for run in "".join("x" if one else " " for one in row).split()), default=0)
        for row in inside
    )
    assert longest == pytest.approx(5.0 / (384 * 0.05) * side, abs=1.5)


def test_the_files_are_those_of_the_command(of_study, target, tmp_path, qtbot, settled):
    of_study.content.fields["layout"].set_value("side_by_side")
    of_study.look.fields["letters"].set_value(True)
    preset = FigurePreset(layout="side_by_side", layers=("bse",), letters=True)
    for suffix in SUFFIXES:
        path = target(f"dock{suffix}")
        click(of_study.export_button, qtbot)
        settled(of_study)
        (again,) = write_preset(of_study.session.study, preset, tmp_path / f"command{suffix}")
        assert path.read_bytes() == again.read_bytes()


def test_a_montage_of_25_images_is_that_of_the_command_by_its_preset(
    dock, rng, target, tmp_path, qtbot, settled, monkeypatch
):
    from typer.testing import CliRunner

    from napari_npm.cli.app import app
    from napari_npm.io import write_image
    from napari_npm.study import Study
    from napari_npm.study.importing import add_folder

    for number in range(26):
        pixels = rng.integers(30, 220, (384, 384)).astype(np.uint8)
        folder = tmp_path / "images" / "AB"[number % 2]
        folder.mkdir(parents=True, exist_ok=True)
        write_image(folder / f"{folder.name}{number:02}.tif", pixels, 50.0)
    with Study.create(tmp_path / "study") as study:
        add_folder(study, tmp_path / "images")
    opening = dock("NPM study")
    opening.open(tmp_path / "study")
    qtbot.waitUntil(lambda: bool(opening.session.states), timeout=60_000)
    widget = dock("Export figure")
    widget.kind_box.setCurrentText(STUDY)
    for name, value in (("layout", "montage"), ("layers", ("bse",)), ("rows", 5), ("columns", 5)):
        widget.content.fields[name].set_value(value)
    monkeypatch.setattr("napari_npm.viewer.dialogs.ask_name", lambda *_: "Fig 5")
    click(widget.presets.save_button, qtbot)
    path = target("dock.png")
    click(widget.export_button, qtbot)
    settled(widget)
    assert str(path) in widget.status.text()
    opening.session.close_study()
    arguments = ["figures", str(tmp_path / "study"), "--preset", "Fig 5"]
    result = CliRunner().invoke(app, [*arguments, "--output", str(tmp_path / "command.png")])
    assert result.exit_code == 0, result.output
    assert (tmp_path / "command.png").read_bytes() == path.read_bytes()


def test_only_the_current_image(of_study, qtbot):
    assert of_study.preset().images == ()
    of_study.current_box.setChecked(True)
    assert of_study.preset().images == ("A0",)
    before = of_study.picture.pixmap().toImage()
    of_study.session.show("B1")
    qtbot.waitUntil(lambda: of_study.preset().images == ("B1",), timeout=30_000)
    qtbot.waitUntil(lambda: of_study.picture.pixmap().toImage() != before, timeout=30_000)


def test_presets_are_saved_chosen_and_removed(of_study, qtbot, monkeypatch):
    presets, session = of_study.presets, of_study.session
    monkeypatch.setattr("napari_npm.viewer.dialogs.ask_name", lambda *_: "Fig 2")
    of_study.look.fields["letters"].set_value(True)
    click(presets.save_button, qtbot)
    assert presets.box.currentText() == "Fig 2"
    assert session.study.figure_preset("Fig 2") == of_study.preset()
    assert "Fig 2" in (session.study.folder / "study.toml").read_text(encoding="utf-8")
    of_study.look.reset()
    of_study.kind_box.setCurrentText(VIEW)
    presets.box.setCurrentIndex(1)
    presets.box.activated.emit(1)
    assert of_study.kind_box.currentText() == STUDY
    assert of_study.preset().letters
    click(presets.remove_button, qtbot)
    assert session.study.figure_preset_names == ()
    assert not presets.remove_button.isEnabled()
    monkeypatch.setattr("napari_npm.viewer.dialogs.ask_name", lambda *_: "a/b")
    click(presets.save_button, qtbot)
    assert "cannot be called 'a/b'" in of_study.status.text()
    of_study.content.fields["low"].set_value(1.0)
    click(presets.save_button, qtbot)
    assert "low end" in of_study.status.text()


def test_data_are_written_beside_the_figure(of_study, target, qtbot, settled):
    of_study.content.fields["raw_data"].set_value(True)
    path = target("with data.png")
    click(of_study.export_button, qtbot)
    settled(of_study)
    data = list((path.parent / "with data_data").iterdir())
    assert data
    assert f"and {len(data)} files of its data" in of_study.status.text()


def test_methods_references_and_scripts_are_those_of_the_command(
    of_study, qtbot, settled, tmp_path
):
    study = of_study.session.study
    click(of_study.methods_button, qtbot)
    settled(of_study)
    wanted = {path.name: path.read_bytes() for path in write_methods(study, tmp_path)}
    found = {path.name: path.read_bytes() for path in (study.folder / "methods").iterdir()}
    assert set(found) == {"methods.txt", "references.bib", "reproduce.sh", "reproduce.bat"}
    assert found == wanted
    assert str(study.folder / "methods") in of_study.methods_label.text()


def test_methods_without_a_study_say_what_to_do(free, qtbot):
    click(free.methods_button, qtbot)
    assert "No study is open" in free.status.text()
