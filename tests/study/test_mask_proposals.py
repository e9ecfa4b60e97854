"""Proposals of the mask step: from strokes or levels, and never over a person's work."""

import json
import shutil

import numpy as np
import pytest
from scipy import ndimage

from napari_npm.core.errors import Cancelled, NpmError
from napari_npm.core.masking import Label, Stroke
from napari_npm.core.pixel_classifier import propose_unhydrated, train_pixel_classifier
from napari_npm.core.progress import silent
from napari_npm.core.references import propose_references
from napari_npm.io import read_labels, write_labels
from napari_npm.study import STEPS, Review, Study, run, take_strokes
from napari_npm.study.proposing import propose as by_level
from napari_npm.study.strokes import classifier_path, learn, learnt

STEP = STEPS["mask"]


def strokes_on(truth, count=3):
    """Draw lines through the largest grains, and as many across what is no unhydrated cement."""
    found = np.zeros(truth.shape, np.uint8)
    cement = truth == Label.UNHYDRATED
    depth = ndimage.distance_transform_edt(cement)
    for row in np.linspace(0, truth.shape[0], count + 2).astype(int)[1:-1]:
        found[row : row + 3][~cement[row : row + 3]] = Stroke.OTHER
        row, column = np.unravel_index(depth.argmax(), depth.shape)
        around = np.s_[max(row - 3, 0) : row + 4, max(column - 25, 0) : column + 26]
        found[around][cement[around]] = Stroke.UNHYDRATED
        depth[max(row - 60, 0) : row + 60, max(column - 60, 0) : column + 60] = 0
    return found


@pytest.fixture(scope="session")
def truths(phantom_data):
    """Return the true labels of the phantoms by image id."""
    return {path.stem: read_labels(path) for path in (phantom_data / "masks").glob("*.tif")}


@pytest.fixture
def study(fresh, truths):
    """Return a study without masks, with strokes on one image, imported."""
    shutil.rmtree(fresh / "masks")
    with Study.open(fresh) as one:
        name = max(truths, key=lambda key: np.sum(truths[key] == Label.UNHYDRATED))
        one.set_strokes(name, strokes_on(truths[name]))
        run(one, ["import"])
        yield one


def propose(study, **options):
    return run(study, ["mask"], **{"scheduler": "synchronous", **options})[0]


def propose_two(study, **options):
    """Propose on two of the images; return them."""
    propose(study, only=("S1-0", "S2-0"), **options)
    return "S1-0", "S2-0"


def changed_by(study, act):
    """Return the images whose mask an act has changed."""
    before = {image.id: study.mask_hash(image.id) for image in study.images}
    act()
    return {name for name, digest in before.items() if study.mask_hash(name) != digest}


def test_three_strokes_on_one_image_propose_on_all(study, truths):
    said = propose(study)
    assert set(study.reviews().values()) == {Review.PROPOSED}
    assert "6 of 6 masks were proposed by the program and nobody has looked" in said.warnings[0]
    found = {name: study.mask(name) == Label.UNHYDRATED for name in truths}
    true = {name: truth == Label.UNHYDRATED for name, truth in truths.items()}
    both = sum(np.sum(found[name] & true[name]) for name in truths)
    either = sum(np.sum(found[name] | true[name]) for name in truths)
    assert both / either > 0.8


def test_a_proposal_is_what_the_core_functions_give(study):
    study.set_parameters("mask", probability=0.6, open_px=3, min_area_um2=0.2, min_solidity=0.5)
    propose(study)
    (name,) = study.stroked_images
    classifier = train_pixel_classifier([study.read(name).pixels], [study.strokes(name)], seed=0)
    for image in study.images:
        expected = propose_unhydrated(
            study.read(image.id).pixels,
            classifier,
            probability=0.6,
            open_px=3,
            min_area_px=0.2 / (image.pixel_size_nm / 1000) ** 2,
            fill_area_px=0.3 / (image.pixel_size_nm / 1000) ** 2,
            min_solidity=0.5,
        )
        assert np.array_equal(study.mask(image.id) == Label.UNHYDRATED, expected)


def test_new_strokes_propose_anew_only_what_nobody_judged(study, truths):
    propose(study)
    ids = [image.id for image in study.images]
    accepted, corrected, rejected, *rest = ids
    study.set_review(accepted, Review.ACCEPTED)
    study.set_review(rejected, Review.REJECTED)
    by_hand = study.mask(corrected)
    by_hand[:30, :30] = Label.UNHYDRATED
    study.set_mask(corrected, by_hand)
    assert not changed_by(study, lambda: propose(study))
    study.set_strokes(rest[0], strokes_on(truths[rest[0]]))
    outcomes = []
    changed = changed_by(study, lambda: outcomes.append(propose(study)))
    assert outcomes[0].computed == len(rest)
    assert changed
    assert changed <= set(rest)
    # nor do new parameters reach what was judged
    study.set_parameters("mask", probability=0.8)
    assert changed_by(study, lambda: propose(study)) <= set(rest)
    assert propose(study).computed == 0
    states = study.reviews()
    assert [states[name] for name in ids[:3]] == ["accepted", "corrected", "rejected"]
    assert not (study.mask(rejected) == Label.UNHYDRATED).any()
    # an image that is given free is among the next ones
    study.set_review(rejected, Review.PROPOSED)
    assert propose(study).computed == 1
    assert (study.mask(rejected) == Label.UNHYDRATED).any()


def test_drawn_references_stay_and_only_the_others_are_proposed(study):
    drawn, other = (image.id for image in study.images[:2])
    labels = np.zeros((384, 384), np.uint8)
    labels[100:110] = Label.CSH
    study.set_mask(drawn, labels)
    study.set_parameters("mask", propose_references=True)
    propose(study)
    known = learnt(study).classifier
    limits = {"open_px": 1, "min_area_px": 0.5 / 0.052**2, "fill_area_px": 0.3 / 0.052**2}
    for name, kept in ((drawn, labels), (other, np.zeros_like(labels))):
        pixels, found = study.read(name).pixels, study.mask(name)
        cement = propose_unhydrated(pixels, known, **limits)
        free = kept == 0
        assert np.array_equal(found == Label.UNHYDRATED, cement & free)
        references = propose_references(pixels, cement, erode_px=2)
        assert references.metal.any()
        assert np.array_equal(found == Label.METAL, references.metal & free)
        csh = kept == Label.CSH if kept.any() else references.csh
        assert np.array_equal(found == Label.CSH, csh)
        assert study.review(name) is Review.PROPOSED
    # nor do they change when the program proposes once more, or grey levels would add to them
    study.set_parameters("mask", probability=0.7, csh_low=40, csh_high=90)
    assert drawn in changed_by(study, lambda: propose(study))
    assert np.array_equal(study.mask(drawn) == Label.CSH, labels == Label.CSH)


def test_levels_where_there_are_no_strokes(study):
    (name,) = study.stroked_images
    study.set_parameters("mask", uc_low=70, uc_high=90)
    propose(study)
    by_strokes = study.mask(name)
    study.set_parameters("mask", proposal="levels")
    propose(study)
    by_levels = study.mask(name)
    assert not np.array_equal(by_levels, by_strokes)
    study.set_parameters("mask", proposal="auto")
    study.set_strokes(name, np.zeros_like(by_levels))
    assert study.stroked_images == ()
    propose(study)
    assert np.array_equal(study.mask(name), by_levels)
    study.set_parameters("mask", proposal="strokes")
    with pytest.raises(NpmError, match="no strokes to propose from"):
        propose(study)


@pytest.mark.parametrize("scheduler", ["threads", "processes"])
def test_every_scheduler_proposes_the_same(study, scheduler):
    expected = {name: study.mask_hash(name) for name in propose_two(study)}
    for name in expected:
        study.mask_path(name).unlink()
    propose_two(study, scheduler=scheduler, workers=2)
    assert {name: study.mask_hash(name) for name in expected} == expected


def test_the_table_tells_review_pieces_and_share(study):
    propose(study)
    first = study.images[0].id
    study.set_review(first, Review.ACCEPTED)
    # what a person said needs no image to be read again by others, but the table follows
    propose(study)
    table = study.table("masks").set_index("image")
    assert table["review"].to_dict() == {
        name: str(state) for name, state in study.reviews().items()
    }
    assert table.loc[first, "review"] == "accepted"
    for name, row in table.iterrows():
        cement = study.mask(name) == Label.UNHYDRATED
        assert row["unhydrated_fraction"] == pytest.approx(cement.mean())
        assert row["unhydrated_pieces"] == ndimage.label(cement)[1]
    study.set_review(first, Review.CORRECTED)
    assert propose(study).computed == 0
    assert study.table("masks").set_index("image").loc[first, "review"] == "corrected"


# learning


def test_it_learns_once_and_again_only_from_other_strokes(study, truths, monkeypatch):
    from napari_npm.core import pixel_classifier

    calls = []
    real = pixel_classifier.train_pixel_classifier

    def counted(images, *more, **options):
        calls.append(len(images))
        return real(images, *more, **options)

    monkeypatch.setattr(pixel_classifier, "train_pixel_classifier", counted)
    propose(study)
    study.set_parameters("mask", probability=0.7)
    propose(study)
    assert calls == [1]
    other = next(image.id for image in study.images if image.id not in study.stroked_images)
    study.set_strokes(other, strokes_on(truths[other]))
    propose(study)
    assert calls == [1, 2]
    about = json.loads(classifier_path(study).with_suffix(".json").read_text())
    drawn = study.strokes(other)
    assert about == learnt(study).about
    assert about["images"][other] == {
        "unhydrated_px": int((drawn == 1).sum()),
        "other_px": int((drawn == 2).sum()),
    }
    # nothing is learnt for images that were all judged
    for image in study.images:
        study.set_review(image.id, Review.ACCEPTED)
    study.set_strokes(other, None)
    assert propose(study, force=True).computed == 6
    assert calls == [1, 2]


def test_the_classifier_is_kept_without_pickle_and_comes_back_the_same(study):
    kept = learn(study)
    with np.load(classifier_path(study), allow_pickle=False) as file:
        assert all(array.dtype.kind != "O" for array in file.values())
    with Study.open(study.folder, write=False) as other:
        back = learnt(other)
        image = other.read(other.images[0].id).pixels
    assert np.array_equal(back.classifier.probability(image), kept.classifier.probability(image))


def test_learning_stops_when_asked_and_leaves_nothing(study):
    told = []

    def stop(*about):
        told.append(about)
        raise Cancelled

    with pytest.raises(Cancelled):
        propose(study, progress=lambda *about: stop(*about) if "learning" in about[3] else None)
    (name,) = study.stroked_images
    assert told[0][:3] == ("mask", 0, 6)
    assert told[0][3] == f"learning from the strokes on {name} (0 of 1)"
    assert learnt(study) is None
    propose(study)
    assert learnt(study) is not None


def test_strokes_that_change_while_it_learns_are_a_sentence(study, truths):
    (name,) = study.stroked_images

    def change(*_):
        study.set_strokes(name, strokes_on(truths[name], count=2))

    with pytest.raises(NpmError, match="strokes were changed while"):
        learn(study, progress=change)
    assert learnt(study) is None


def test_a_mask_that_was_judged_while_it_was_proposed_stays(study):
    propose(study)
    study.set_parameters("mask", probability=0.9)
    parameters = study.parameters("mask")
    judged, drawn = STEP.items(study, parameters)[:2]
    STEP.begin(study, parameters, [judged, drawn], silent)
    results = [STEP.compute(study, parameters, item, silent) for item in (judged, drawn)]
    study.set_review(judged.id, Review.ACCEPTED)
    study.set_mask(drawn.id, np.full((384, 384), Label.UNHYDRATED))
    before = [study.mask_hash(item.id) for item in (judged, drawn)]
    for item, result in zip((judged, drawn), results, strict=True):
        assert result[0] is not None
        STEP.store(study, parameters, item, result)
    assert [study.mask_hash(item.id) for item in (judged, drawn)] == before
    assert study.review(judged.id) is Review.ACCEPTED
    assert study.review(drawn.id) is Review.CORRECTED
    # and both are measured as they are now
    assert propose(study).computed == len(study.images)
    table = study.table("masks").set_index("image")
    assert table.loc[drawn.id, "unhydrated_fraction"] == 1


# what goes wrong


def test_strokes_of_one_kind_are_a_sentence(study):
    (name,) = study.stroked_images
    study.set_strokes(name, np.where(study.strokes(name) == 1, 1, 0))
    with pytest.raises(NpmError, match="no strokes of what is not unhydrated cement"):
        propose(study)


@pytest.mark.parametrize("damage", ["torn", "size", "values"])
def test_a_damaged_file_of_strokes_is_a_sentence_that_names_it(study, damage):
    (name,) = study.stroked_images
    path = study.strokes_path(name)
    if damage == "torn":
        path.write_bytes(path.read_bytes()[:200])
    else:
        write_labels(path, np.full((384, 384) if damage == "values" else (9, 9), 3, np.uint8))
    with pytest.raises(NpmError, match=name):
        propose(study)
    with pytest.raises(NpmError, match="draw them again"):
        study.strokes(name)


def test_strokes_that_do_not_fit_are_refused(study, tmp_path):
    (name,) = study.stroked_images
    kept = study.strokes(name)
    with pytest.raises(NpmError, match="other values than 0"):
        study.set_strokes(name, np.full((384, 384), 3))
    with pytest.raises(NpmError, match="9 x 9 px but its image 384 x 384"):
        study.set_strokes(name, np.ones((9, 9), int))
    write_labels(tmp_path / f"{name}.tif", np.full((384, 384), 3, np.uint8))
    with pytest.raises(NpmError, match="value 3, but an image of strokes holds only"):
        take_strokes(study, tmp_path)
    assert np.array_equal(study.strokes(name), kept)
    write_labels(tmp_path / f"{name}.tif", np.full((384, 384), 2, np.uint8))
    assert take_strokes(study, tmp_path) == (name,)
    assert (study.strokes(name) == 2).all()


@pytest.mark.parametrize("damage", ["torn", "bits", "pickle", "foreign", "older"])
def test_a_damaged_classifier_is_a_sentence_and_made_anew(study, damage):
    learn(study)
    path = classifier_path(study)
    whole = path.read_bytes()
    if damage == "torn":
        path.write_bytes(whole[: len(whole) // 2])
    elif damage == "bits":
        path.write_bytes(whole[:5000] + bytes(byte ^ 1 for byte in whole[5000:5010]) + whole[5010:])
    elif damage == "pickle":
        with path.open("wb") as file:
            np.savez(file, about=np.array([{}], dtype=object), allow_pickle=True)
    elif damage == "foreign":
        with path.open("wb") as file:
            np.savez(file, about=np.array('{"key": "", "images": {}}'))
    else:
        with np.load(path) as file:
            arrays = dict(file)
        arrays["numbers"] = arrays["numbers"] + np.array([99, 0, 0])
        with path.open("wb") as file:
            np.savez(file, **arrays)
    with pytest.raises(NpmError, match="damaged or of another version: delete it"):
        learnt(study)
    study.set_parameters("mask", probability=0.6)
    propose(study, only=[study.images[0].id])
    assert path.read_bytes() == whole


def test_small_areas_are_no_references_by_level(study):
    image = study.images[0]
    pixels = np.full((100, 100), 120, np.uint8)
    pixels[10:50, 10:50] = 60
    pixels[70:80, 70:80] = 60
    area_um2 = 400 * (image.pixel_size_nm / 1000) ** 2
    study.set_parameters("mask", csh_low=50, csh_high=70, min_area_um2=area_um2)
    labels = by_level(pixels, image.pixel_size_nm, study.parameters("mask"))
    assert labels[30, 30] == Label.CSH
    assert not labels[60:, 60:].any()
