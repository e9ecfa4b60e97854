"""What the report and the methods paragraph say of masks, and of those nobody looked at."""

import re
import shutil

import numpy as np
import pytest

from napari_npm.core.masking import Label, Stroke
from napari_npm.study import Review, Study, run
from napari_npm.study.reporting import methods_paragraph, sections
from napari_npm.study.strokes import learn


@pytest.fixture
def study(quick):
    """Return a study of six images whose masks were all proposed, four from strokes."""
    ids = [image.id for image in quick.images]
    strokes = np.zeros((384, 384), np.uint8)
    strokes[quick.mask(ids[0]) == Label.UNHYDRATED] = Stroke.UNHYDRATED
    strokes[:9] = Stroke.OTHER
    quick.set_strokes(ids[0], strokes)
    learn(quick)
    for number, name in enumerate(ids):
        labels = quick.mask(name)
        labels[:5, : 5 + number] = Label.UNHYDRATED
        quick.propose_mask(name, labels, by="strokes" if number < 4 else "levels")
    quick.set_parameters("mask", proposal="levels")
    run(quick, ["mask"], scheduler="synchronous")
    return quick


def section(study):
    (found,) = [one for one in sections(study) if one.title == "Masks"]
    return found


def test_the_report_says_plainly_that_nobody_looked(study):
    (said,) = section(study).paragraphs
    assert said == (
        "6 of 6 masks were proposed by the program and nobody has looked at them: the results"
        " below rest on these proposals as they are."
    )
    ids = [image.id for image in study.images]
    for name in ids[:-1]:
        study.set_review(name, Review.ACCEPTED)
    assert "1 of 6 masks was proposed" in section(study).paragraphs[0]
    assert "rest on this proposal as it is" in section(study).paragraphs[0]
    study.set_review(ids[-1], Review.REJECTED)
    first, second = section(study).paragraphs
    assert first == "Each mask was drawn, corrected, accepted or rejected by a person."
    assert second.startswith("Rejected: the proposed unhydrated cement was removed")
    study.mask_path(ids[0]).unlink()
    assert section(study).paragraphs[0].startswith("Unhydrated cement was not marked in 1 of 6")


def test_the_table_counts_each_sample_apart(study):
    ids = [image.id for image in study.images if image.sample == "S1"]
    study.set_review(ids[0], Review.ACCEPTED)
    study.set_review(ids[1], Review.REJECTED)
    (table,) = section(study).tables
    counts = {row[0]: dict(zip(table.columns[1:6], row[1:6], strict=True)) for row in table.rows}
    none = {"Corrected or by hand": "0", "Without": "0"}
    assert counts == {
        "S1": {"Accepted": "1", "Not looked at": "1", "Rejected": "1", **none},
        "S2": {"Accepted": "0", "Not looked at": "3", "Rejected": "0", **none},
    }
    rows = study.table("masks").groupby("sample")["unhydrated_pieces"].sum()
    assert [row[-1] for row in table.rows] == [str(number) for number in rows]


def test_the_methods_tell_how_cement_was_found_and_by_whom(study):
    ids = [image.id for image in study.images]
    study.set_review(ids[0], Review.ACCEPTED)
    study.set_mask(ids[1], np.full((384, 384), Label.UNHYDRATED))
    study.set_review(ids[2], Review.REJECTED)
    study.set_parameters("mask", uc_low=70, uc_high=90, min_solidity=0.5, max_elongation=3)
    said = methods_paragraph(study)
    drawn = study.strokes(ids[0])
    assert "Unhydrated cement was marked by hand in 0 of 6 images; in 4 it was proposed by" in said
    assert (
        f"learnt from strokes on 1 image ({(drawn == 1).sum():,d} px on unhydrated cement,"
        f" {(drawn == 2).sum():,d} px elsewhere), at a probability of at least 0.5, pieces having"
        " an area of at least 0.5 µm² and a solidity of at least 0.5 and an elongation of at most 3"
    ) in said
    assert (
        "of these proposals 1 accepted as they were, 1 corrected by hand, 1 rejected, 1 used"
        " without anybody having looked at them; in 2 it was proposed by grey levels between 70"
        " and 90"
    ) in said
    # a damaged classifier must not keep a report from being written
    (study.folder / "masks" / "classifier.npz").write_bytes(b"")
    assert "learnt from strokes, at a probability" in methods_paragraph(study)


def test_masks_drawn_by_hand_are_said_to_be(quick):
    assert "marked by hand in 6 of 6 images." in methods_paragraph(quick)
    assert section(quick).paragraphs[0].startswith("Each mask was drawn")


def test_a_report_follows_what_is_said_of_the_masks(study):
    run(study, ["calibrate", "describe", "report"], scheduler="synchronous")
    pattern = r"(\d) of 6 masks were proposed by the program and nobody"
    assert re.findall(pattern, (study.folder / "report.html").read_text()) == ["6"]
    study.set_review(study.images[0].id, Review.ACCEPTED)
    assert run(study, ["report"])[0].computed == 1
    assert re.findall(pattern, (study.folder / "report.html").read_text()) == ["5"]
    assert run(study, ["report"])[0].computed == 0


def test_a_table_of_an_older_version_is_shown_without_pieces(study):
    path = study.results_folder / "masks.csv"
    study.table("masks").drop(columns=["unhydrated_pieces", "review"]).to_csv(path, index=False)
    assert [row[-1] for row in section(study).tables[0].rows] == ["–", "–"]


def test_a_study_without_masks_has_no_such_section(fresh):
    shutil.rmtree(fresh / "masks")
    with Study.open(fresh, write=False) as study:
        assert "Masks" not in [one.title for one in sections(study)]
        assert "Unhydrated cement was marked" not in methods_paragraph(study)
