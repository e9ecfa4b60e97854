import json

import numpy as np
import pytest
from qtpy.QtCore import Qt

from napari_npm.viewer.layers import Kind, Subject, kind_of, put
from napari_npm.viewer.session import session_of
from napari_npm.viewer.study_work import image_states, short_path


def click(button, qtbot):
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def kinds(viewer):
    return [kind_of(layer) for layer in viewer.layers]


@pytest.fixture
def folders(monkeypatch):
    """Answer the next folder dialogs with these folders."""
    answers = []
    monkeypatch.setattr("napari_npm.viewer.dialogs.choose_folder", lambda *_: answers.pop(0))
    return answers


def test_opening_a_study_shows_its_first_image(dock, viewer, study_folder, folders, qtbot):
    widget = dock("NPM study")
    assert widget.study_box.isHidden()
    folders.append(study_folder())
    click(widget.open_button, qtbot)
    qtbot.waitUntil(lambda: widget.session.image_id == "A0", timeout=30_000)
    assert kinds(viewer) == [Kind.IMAGE, Kind.MASK]
    assert tuple(viewer.layers[0].scale) == pytest.approx((0.05, 0.05))
    assert "2 samples, 4 images" in widget.title.text()
    assert not widget.study_box.isHidden()


def test_a_folder_without_a_study_is_said_and_no_dialog_answer_does_nothing(
    dock, folders, tmp_path, qtbot
):
    widget = dock("NPM study")
    folders += [tmp_path, None]
    click(widget.open_button, qtbot)
    qtbot.waitUntil(lambda: "is not a study" in widget.status.text(), timeout=30_000)
    assert widget.session.study is None
    click(widget.open_button, qtbot)
    assert not folders


def test_new_study_from_a_folder_of_images(dock, study_folder, folders, tmp_path, qtbot):
    widget = dock("NPM study")
    folders += [study_folder.images, tmp_path / "new"]
    click(widget.new_button, qtbot)
    qtbot.waitUntil(lambda: widget.session.image_id == "A0", timeout=30_000)
    assert [sample.name for sample in widget.session.study.samples] == ["A", "B"]
    assert (tmp_path / "new" / "study.toml").exists()
    assert "4 images taken" in widget.status.text()


def test_grey_as_colour_and_16_bits_are_taken_and_colours_are_named(
    dock, viewer, folders, rng, tmp_path, qtbot
):
    from napari_npm.io import write_image

    grey = rng.integers(30, 220, (384, 400)).astype(np.uint8)
    same, colours = (np.stack([np.roll(grey, n, axis=0)] * 3, axis=-1) for n in (1, 2))
    colours[100:200, 100:200] = (255, 0, 0)
    deep = 200 * np.roll(grey, 3, axis=0).astype(np.uint16)
    (tmp_path / "S1").mkdir()
    for name, pixels in (("colours", colours), ("deep", deep), ("same", same)):
        write_image(tmp_path / "S1" / f"{name}.tif", pixels, 50.0)
    widget = dock("NPM study")
    folders += [tmp_path / "S1", tmp_path / "new"]
    click(widget.new_button, qtbot)
    qtbot.waitUntil(lambda: widget.session.image_id == "deep", timeout=60_000)
    text = widget.status.text()
    assert "2 images taken. 1 left out: colours.tif is a colour image" in text
    assert np.array_equal(viewer.layers[0].data, deep)
    assert tuple(viewer.layers[0].contrast_limits) == (deep.min(), deep.max())
    click(widget.next_button, qtbot)
    qtbot.waitUntil(lambda: widget.session.image_id == "same", timeout=60_000)
    assert np.array_equal(viewer.layers[0].data, same[..., 0])
    assert tuple(viewer.layers[0].contrast_limits) == (0, 255)


def test_next_and_previous_replace_the_layers(opened, viewer, qtbot):
    before = len(viewer.layers)
    click(opened.next_button, qtbot)
    qtbot.waitUntil(lambda: opened.session.image_id == "A1", timeout=30_000)
    assert len(viewer.layers) == before
    assert viewer.layers[0].name == "BSE · A1"
    assert np.array_equal(viewer.layers[0].data, opened.session.study.read("A1").pixels)
    for _ in range(3):
        click(opened.previous_button, qtbot)
        qtbot.waitUntil(lambda: opened.session.image_id == "A0", timeout=30_000)
    assert opened.table.selectionModel().selectedRows()[0].row() == 0


def test_overlays_of_the_previous_image_do_not_stay(opened, viewer, qtbot):
    subject = Subject("A0", 50.0, "A0")
    put(viewer, Kind.LPHP, subject, np.ones((384, 384), np.uint8))
    click(opened.next_button, qtbot)
    session = opened.session
    qtbot.waitUntil(lambda: session.image_id == "A1" and not session.changing, timeout=30_000)
    assert kinds(viewer) == [Kind.IMAGE, Kind.MASK]


def test_a_click_on_a_row_shows_that_image(opened, qtbot):
    index = opened.table.sorted.index(3, 0)
    place = opened.table.visualRect(index).center()
    qtbot.mouseClick(opened.table.viewport(), Qt.MouseButton.LeftButton, pos=place)
    qtbot.waitUntil(lambda: opened.session.image_id == "B1", timeout=30_000)


def test_running_to_a_step_makes_its_maps_and_shows_them(opened, viewer, qtbot):
    form = opened.form_of("smooth")
    form.fields["sigma_px"].set_value(4.0)
    click(opened.steps.button, qtbot)
    qtbot.waitUntil(lambda: opened.session.job is not None, timeout=30_000)
    assert not opened.steps.button.isEnabled()
    qtbot.waitUntil(lambda: opened.session.job is None, timeout=120_000)
    qtbot.waitUntil(lambda: "smooth" in opened.session.states["A0"], timeout=30_000)
    qtbot.waitUntil(lambda: Kind.MICF in kinds(viewer), timeout=30_000)
    assert opened.session.study.parameters("smooth").sigma_px == 4.0
    lines = (opened.session.study.folder / "provenance.jsonl").read_text().splitlines()
    smooth = [line for line in map(json.loads, lines) if line["step"] == "smooth"]
    assert smooth[-1]["parameters"]["sigma_px"] == 4.0
    assert opened.table.images.data(opened.table.images.index(0, 4)) == "✓"
    assert opened.status.text() == "Done."
    assert opened.steps.button.isEnabled()


def test_a_job_can_be_stopped_and_another_one_waits(opened, qtbot, monkeypatch):
    opened.steps.box.setCurrentIndex(opened.steps.box.findData("describe"))
    click(opened.steps.button, qtbot)
    qtbot.waitUntil(lambda: opened.session.job is not None, timeout=30_000)
    opened.run_all()
    assert "still running" in opened.status.text()
    assert opened.task is None
    job = opened.session.job
    ends = []
    job.cancelled.connect(lambda: ends.append("cancelled"))
    job.finished.connect(lambda: ends.append("finished"))
    click(opened.stop_button, qtbot)
    qtbot.waitUntil(lambda: opened.session.job is None, timeout=120_000)
    assert ends == ["cancelled"]
    assert opened.bar.isHidden()


def test_a_study_open_elsewhere_is_refused_in_words(dock, study_folder, qtbot):
    from napari_npm.study import Study

    widget, folder = dock("NPM study"), study_folder()
    with Study.open(folder):
        widget.open(folder)
        qtbot.waitUntil(lambda: "open in another program" in widget.status.text(), timeout=30_000)
    assert widget.session.study is None


def test_closing_the_window_gives_the_study_back(opened, viewer, qtbot):
    from napari_npm.study import Study

    folder = opened.session.study.folder
    window = opened.window()
    window.close()
    with Study.open(folder) as study:
        assert len(study.images) == 4


def test_closing_on_a_running_job_asks(opened, qtbot, monkeypatch):
    click(opened.run_button, qtbot)
    qtbot.waitUntil(lambda: opened.session.job is not None, timeout=30_000)
    asked, answers = [], [False, True]

    def ask(window, job):
        asked.append(job.title)
        return answers.pop(0)

    monkeypatch.setattr("napari_npm.viewer.dialogs.ask_about_job", ask)
    session, job = opened.session, opened.session.job
    opened.window().close()
    assert asked == ["Running all that is left"]
    assert job.running
    assert not session.closed
    opened.window().close()
    assert session.closed
    assert not job.running


def test_docks_of_one_viewer_share_a_session(dock, viewer):
    first, second = dock("NPM study"), dock("MicF")
    assert first.session is second.session is session_of(viewer)


def test_the_users_own_folder_is_a_tilde(tmp_path, monkeypatch):
    monkeypatch.setattr("pathlib.Path.home", lambda: tmp_path)
    assert short_path(tmp_path / "studies" / "one") == "~/studies/one"
    assert short_path(tmp_path.parent) == str(tmp_path.parent)


def test_states_need_a_mask_file(study_folder):
    from napari_npm.study import Study

    with Study.open(study_folder()) as study:
        study.mask_path("B0").unlink()
        states, _ = image_states(lambda *_: None, study)
    assert "mask" in states["A0"]
    assert "mask" not in states["B0"]
