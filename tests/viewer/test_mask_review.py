"""Strokes, proposals and the review of a study's images, in the window."""

import shutil

import numpy as np
import pytest
from qtpy.QtCore import Qt

from napari_npm.core.masking import Label
from napari_npm.io import write_image
from napari_npm.viewer.layers import Kind, Subject, find, kind_of

GRAINS = ((20, 20), (30, 90), (90, 50))


def picture(seed):
    """Even dark grains of 30 px in a paste that is brighter and uneven, and a bright pool."""
    from scipy import ndimage

    rng = np.random.default_rng(seed)
    paste = ndimage.gaussian_filter(rng.normal(0, 1, (384, 384)), 3)
    image = 130 + 25 * paste / paste.std()
    truth = np.zeros(image.shape, bool)
    for row, column in GRAINS:
        truth[row : row + 30, column : column + 30] = True
    truth[200:300, 200:320] = True
    image[truth] = 60
    image[330:, :40] = 240
    image += rng.normal(0, 2, image.shape)
    return image.clip(0, 255).round().astype(np.uint8), truth


@pytest.fixture
def folder(tmp_path):
    """A study of three images without masks."""
    from napari_npm.study import Study
    from napari_npm.study.importing import add_folder

    for number in range(3):
        (tmp_path / "images" / "A").mkdir(parents=True, exist_ok=True)
        path = tmp_path / "images" / "A" / f"A{number}.tif"
        write_image(path, picture(number)[0], 50.0)
    with Study.create(tmp_path / "study", name="Grains") as study:
        add_folder(study, tmp_path / "images")
    return tmp_path / "study"


@pytest.fixture
def mask(dock, folder, qtbot):
    """The mask page with the study's first image on show."""
    study = dock("NPM study")
    study.open(folder)
    page = dock("Mask and calibrate").mask
    page.table = study.table
    shows(page, qtbot, "A0")
    qtbot.waitUntil(lambda: len(page.session.reviews) == 3, timeout=30_000)
    return page


def shows(mask, qtbot, image_id):
    qtbot.waitUntil(lambda: mask.session.image_id == image_id, timeout=60_000)
    qtbot.wait(30)


def press(mask, qtbot, key, modifier=Qt.KeyboardModifier.NoModifier):
    qtbot.keyClick(mask.viewer.window._qt_viewer.canvas.native, key, modifier)
    qtbot.wait(10)


def layer(mask, kind):
    return find(mask.viewer, kind, Subject("x", None, mask.session.image_id))


def draw_strokes(mask, qtbot):
    """Draw one stroke of each kind, by key and brush, and wait for the proposal."""
    press(mask, qtbot, Qt.Key.Key_Q)
    layer(mask, Kind.STROKES).brush_size = 10
    layer(mask, Kind.STROKES).paint((240, 250), layer(mask, Kind.STROKES).selected_label)
    qtbot.wait(10)
    press(mask, qtbot, Qt.Key.Key_W)
    strokes = layer(mask, Kind.STROKES)
    for place in ((150, 60), (150, 200), (60, 250), (340, 20), (180, 330)):
        strokes.paint(place, strokes.selected_label)
    proposed(mask, qtbot)


def proposed(mask, qtbot):
    qtbot.waitUntil(lambda: mask.learn.proposal is not None, timeout=120_000)
    qtbot.waitUntil(lambda: not mask.learn.at_work, timeout=120_000)
    qtbot.wait(20)


def review(mask, qtbot, image_id, state):
    study = mask.session.study
    qtbot.waitUntil(lambda: study.review(image_id).value == state, timeout=30_000)
    qtbot.waitUntil(lambda: mask.session.reviews[image_id].value == state, timeout=30_000)


def overlap(found, truth):
    return (found & truth).sum() / (found | truth).sum()


def test_strokes_propose_and_single_keys_judge_image_after_image(mask, qtbot):
    study = mask.session.study
    assert mask.review.now() == "none"
    draw_strokes(mask, qtbot)
    assert overlap(mask.learn.proposal.region, picture(0)[1]) > 0.9
    hatched = layer(mask, Kind.PROPOSED_UC)
    share = hatched.data[210:290, 210:310].mean()
    assert 0.05 < share < 0.5
    assert not layer(mask, Kind.MASK).data.any()
    assert mask.learn.said.text() == "6 strokes on 1 image"
    assert study.strokes("A0").max() == 2

    press(mask, qtbot, Qt.Key.Key_A)
    shows(mask, qtbot, "A1")
    review(mask, qtbot, "A0", "accepted")
    assert overlap(study.mask("A0") == Label.UNHYDRATED, picture(0)[1]) > 0.9
    assert mask.review.bar.text() == "1 of 3 looked at"

    proposed(mask, qtbot)  # by itself, on an image that nobody has touched
    assert overlap(mask.learn.proposal.region, picture(1)[1]) > 0.9
    press(mask, qtbot, Qt.Key.Key_X)
    shows(mask, qtbot, "A2")
    review(mask, qtbot, "A1", "rejected")
    assert not (study.mask("A1") == Label.UNHYDRATED).any()

    proposed(mask, qtbot)
    press(mask, qtbot, Qt.Key.Key_C)
    review(mask, qtbot, "A2", "corrected")
    assert mask.session.image_id == "A2"
    assert not layer(mask, Kind.PROPOSED_UC).visible
    assert mask.viewer.layers.selection.active is layer(mask, Kind.MASK)
    assert layer(mask, Kind.MASK).mode == "paint"
    assert (layer(mask, Kind.MASK).data == Label.UNHYDRATED)[220:280, 220:300].all()
    press(mask, qtbot, Qt.Key.Key_A)
    qtbot.waitUntil(lambda: "All images" in mask.dock.status.text(), timeout=30_000)
    assert study.review("A2").value == "corrected"
    signs = [mask.table.images.data(mask.table.images.index(row, 2)) for row in range(3)]
    assert signs == ["✓", "✗", "✎"]
    kinds = [kind_of(one) for one in mask.viewer.layers]
    assert kinds == [Kind.IMAGE, Kind.MASK, Kind.STROKES, Kind.PROPOSED_UC]


def test_sliders_change_the_proposal_without_learning_again(mask, qtbot):
    draw_strokes(mask, qtbot)
    chance, before = mask.learn.proposal.chance, mask.learn.proposal.region.sum()
    mask.learn.slides["min_area_um2"].setValue(80)  # larger than the small grains
    assert mask.level_form.values()["min_area_um2"] > 30 * 30 * 0.0025
    qtbot.waitUntil(lambda: mask.learn.proposal.region.sum() < before, timeout=30_000)
    assert mask.learn.proposal.chance is chance
    region = mask.learn.proposal.region
    assert region[250, 250]
    assert not region[35, 35]


def test_an_image_left_meanwhile_gets_no_proposal_of_another(mask, qtbot):
    draw_strokes(mask, qtbot)
    mask.learn.learn()
    press(mask, qtbot, Qt.Key.Key_N)
    shows(mask, qtbot, "A1")
    proposed(mask, qtbot)
    assert mask.learn.proposal.scene.name == "A1"
    press(mask, qtbot, Qt.Key.Key_N, Qt.KeyboardModifier.ShiftModifier)
    shows(mask, qtbot, "A0")
    assert mask.session.study.strokes("A1") is None
    assert layer(mask, Kind.STROKES).data.any()


def test_nothing_is_accepted_that_was_not_shown_yet(mask, qtbot):
    draw_strokes(mask, qtbot)
    mask.learn.learn()
    press(mask, qtbot, Qt.Key.Key_A)
    assert "still being made" in mask.dock.status.text()
    proposed(mask, qtbot)
    assert mask.session.image_id == "A0"
    assert not layer(mask, Kind.MASK).data.any()


def test_an_image_without_cement_is_accepted_as_it_is(mask, qtbot):
    press(mask, qtbot, Qt.Key.Key_A)
    shows(mask, qtbot, "A1")
    review(mask, qtbot, "A0", "accepted")
    assert not mask.session.study.mask("A0").any()


def test_propose_on_all_images_runs_the_mask_step(mask, qtbot):
    draw_strokes(mask, qtbot)
    mask.draw.use_stroke(2)
    layer(mask, Kind.STROKES).paint((370, 300), 2)
    mask.learn.slides["probability"].setValue(60)
    qtbot.mouseClick(mask.learn.all_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: mask.session.job is not None, timeout=60_000)
    qtbot.waitUntil(lambda: mask.session.job is None, timeout=120_000)
    study = mask.session.study
    for image_id in ("A0", "A1", "A2"):
        review(mask, qtbot, image_id, "proposed")
    assert study.parameters("mask").probability == pytest.approx(0.6)
    assert study.strokes("A0")[370, 300] == 2
    found = study.mask("A2") == Label.UNHYDRATED
    assert overlap(found, picture(2)[1]) > 0.9
    qtbot.waitUntil(lambda: bool(layer(mask, Kind.MASK).data.any()), timeout=30_000)
    press(mask, qtbot, Qt.Key.Key_A)
    shows(mask, qtbot, "A1")
    review(mask, qtbot, "A0", "accepted")
    layer(mask, Kind.MASK).paint((5, 5), int(Label.UNHYDRATED))
    review(mask, qtbot, "A1", "corrected")
    press(mask, qtbot, Qt.Key.Key_U)
    review(mask, qtbot, "A1", "proposed")


def test_undo_reaches_back_before_the_study_was_opened_again(mask, viewer, qtbot):
    mask.draw.use("brush")
    layer(mask, Kind.MASK).paint((20, 20), int(Label.UNHYDRATED))
    qtbot.wait(20)
    layer(mask, Kind.MASK).paint((60, 60), int(Label.CSH))
    mask.draw.use_stroke(1)
    layer(mask, Kind.STROKES).paint((100, 100), 1)
    session, folder = mask.session, mask.session.study.folder
    session.close_study()
    session.open(folder)
    qtbot.waitUntil(lambda: session.study is not None and session.image_id == "A0", timeout=30_000)
    qtbot.waitUntil(lambda: session.keeper.can_undo, timeout=30_000)
    assert layer(mask, Kind.MASK).data[60, 60] == Label.CSH
    press(mask, qtbot, Qt.Key.Key_U)
    qtbot.waitUntil(lambda: not layer(mask, Kind.MASK).data[60, 60], timeout=30_000)
    assert layer(mask, Kind.MASK).data[20, 20]
    press(mask, qtbot, Qt.Key.Key_U)
    qtbot.waitUntil(lambda: not layer(mask, Kind.MASK).data.any(), timeout=30_000)
    assert layer(mask, Kind.STROKES).data[100, 100] == 1
    press(mask, qtbot, Qt.Key.Key_U)
    qtbot.waitUntil(lambda: not layer(mask, Kind.STROKES).data.any(), timeout=30_000)
    press(mask, qtbot, Qt.Key.Key_U, Qt.KeyboardModifier.ShiftModifier)
    qtbot.waitUntil(lambda: bool(layer(mask, Kind.STROKES).data.any()), timeout=30_000)


def test_deleted_strokes_are_shown_again_and_kept(mask, qtbot):
    draw_strokes(mask, qtbot)
    wanted = np.array(layer(mask, Kind.STROKES).data)
    mask.viewer.layers.remove(layer(mask, Kind.STROKES))
    mask.viewer.layers.remove(layer(mask, Kind.PROPOSED_UC))
    mask.viewer.layers.remove(layer(mask, Kind.MASK))
    mask.learn.learn()
    proposed(mask, qtbot)
    press(mask, qtbot, Qt.Key.Key_Q)
    mask.draw.use_stroke(1)
    assert np.array_equal(layer(mask, Kind.STROKES).data, wanted)
    press(mask, qtbot, Qt.Key.Key_N)
    shows(mask, qtbot, "A1")
    assert np.array_equal(mask.session.study.strokes("A0"), wanted)
    assert not layer(mask, Kind.STROKES).data.any()


def test_keys_belong_to_the_active_layer_of_the_image_only(mask, qtbot):
    viewer = mask.viewer
    own = layer(mask, Kind.MASK)
    viewer.layers.selection.active = own
    assert own.keymap
    other = viewer.add_points(np.zeros((1, 2)))
    assert not own.keymap
    assert not other.keymap
    viewer.layers.selection.active = layer(mask, Kind.IMAGE)
    assert layer(mask, Kind.IMAGE).keymap
    mask.dock.show_page(1)
    mask.dock.show_image()
    assert not layer(mask, Kind.IMAGE).keymap


def test_closing_the_window_while_it_learns_keeps_the_strokes(mask, folder, qtbot):
    from napari_npm.study import Study

    draw_strokes(mask, qtbot)
    layer(mask, Kind.STROKES).paint((300, 350), 2)
    mask.draw.use("lasso")
    mask.learn.learn()
    mask.window().close()
    with Study.open(folder) as study:
        assert study.strokes("A0")[300, 350] == 2


def test_nothing_else_is_lost_when_all_layers_go(mask, qtbot):
    draw_strokes(mask, qtbot)
    mask.draw.use("grow")
    mask.draw.grow.click(30, 30)
    mask.learn.learn()
    mask.say("")
    mask.viewer.layers.clear()
    qtbot.wait(400)
    assert "No image is open" not in mask.dock.status.text()
    assert mask.session.study.strokes("A0").any()
    mask.session.show("A0")
    qtbot.waitUntil(lambda: layer(mask, Kind.STROKES) is not None, timeout=30_000)
    assert layer(mask, Kind.STROKES).data.any()


# All that the sliders change, and references that are proposed too.
CHOICE = {"probability": 0.4, "min_area_um2": 1.0, "min_solidity": 0.6, "propose_references": True}


def test_window_and_command_line_propose_the_same_pixels(mask, folder, tmp_path, qtbot):
    from napari_npm.study import Study
    from napari_npm.study.runner import run
    from napari_npm.study.strokes import learnt

    mask.level_form.set_values(CHOICE)
    draw_strokes(mask, qtbot)
    press(mask, qtbot, Qt.Key.Key_N)  # learnt on the second image, but in the study's order
    shows(mask, qtbot, "A1")
    proposed(mask, qtbot)
    mask.draw.use_stroke(2)
    layer(mask, Kind.STROKES).paint((100, 300), 2)
    qtbot.wait(50)
    assert mask.learn.at_work
    proposed(mask, qtbot)
    press(mask, qtbot, Qt.Key.Key_N, Qt.KeyboardModifier.ShiftModifier)
    shows(mask, qtbot, "A0")
    mask.session.keeper.wait()
    shutil.copytree(folder, tmp_path / "other", ignore=shutil.ignore_patterns("*lock*"))
    names = ("A0", "A1", "A2")
    for name, following in zip(names, ("A1", "A2", "A2"), strict=True):
        proposed(mask, qtbot)
        press(mask, qtbot, Qt.Key.Key_A)
        review(mask, qtbot, name, "accepted")
        shows(mask, qtbot, following)
    with Study.open(tmp_path / "other") as other:
        other.set_parameters("mask", **mask.level_form.values())
        run(other, ["import", "mask"], scheduler="synchronous")
        known, own = learnt(other).classifier, mask.learn.learner.classifier
        assert np.array_equal(known.to_arrays()["threshold"], own.to_arrays()["threshold"])
        for name in names:
            wanted = other.mask(name)
            assert set(np.unique(wanted)) > {0, int(Label.UNHYDRATED)}
            assert np.array_equal(mask.session.study.mask(name), wanted), name


def test_the_next_proposals_are_made_while_this_one_is_looked_at(mask, qtbot):
    draw_strokes(mask, qtbot)
    ahead, classifier = mask.learn.ahead, mask.learn.learner.classifier
    qtbot.waitUntil(lambda: ahead.of("A2", classifier) is not None, timeout=60_000)
    known = ahead.of("A1", classifier)
    assert ahead.of("A1", object()) is None
    press(mask, qtbot, Qt.Key.Key_A)
    qtbot.waitUntil(lambda: mask.session.image_id == "A1", timeout=60_000)
    assert mask.learn.proposal is known
    assert layer(mask, Kind.PROPOSED_UC).data.any()
    mask.learn.slides["min_area_um2"].setValue(80)
    qtbot.waitUntil(lambda: mask.learn.proposal is not known, timeout=60_000)
    following = ahead.of("A2", classifier)
    press(mask, qtbot, Qt.Key.Key_A)
    shows(mask, qtbot, "A2")
    proposed(mask, qtbot)
    assert mask.learn.proposal.chance is following.chance
    assert not mask.learn.proposal.region[35, 35]  # as the slider was moved meanwhile


def test_one_class_of_strokes_is_told_what_is_missing(mask, qtbot):
    assert mask.learn.said.text() == "Stroke UC, then C-S-H and CH as not UC."
    press(mask, qtbot, Qt.Key.Key_Q)
    layer(mask, Kind.STROKES).paint((240, 250), 1)
    qtbot.waitUntil(lambda: "1 stroke on 1 image" in mask.learn.said.text(), timeout=60_000)
    assert mask.learn.said.text().endswith("Now C-S-H and CH as not UC (W).")
    assert mask.learn.proposal is None
    press(mask, qtbot, Qt.Key.Key_U)
    press(mask, qtbot, Qt.Key.Key_W)
    layer(mask, Kind.STROKES).paint((150, 60), 2)
    qtbot.waitUntil(lambda: mask.learn.said.text().endswith("Now UC (Q)."), timeout=60_000)
