"""The figures and the report's section on an evaluation."""

import re
import shutil

import pytest

from napari_npm.study import Study
from napari_npm.study.drawing import drawings
from napari_npm.study.evaluation_words import STALE, cautions
from napari_npm.study.reporting import methods_paragraph, sections
from napari_npm.study.steps.evaluate import Evaluate


@pytest.fixture
def read(evaluated_study):
    return Study.open(evaluated_study, write=False)


def test_figures_of_an_evaluation_can_be_drawn(read) -> None:
    found = {one.name: one for one in drawings(read) if one.name.startswith("evaluation")}
    assert list(found) == [
        "evaluation",
        "evaluation_reliability",
        "evaluation_confusion_mulf",
        "evaluation_jitter",
    ]
    for one in found.values():
        figure = one.draw()
        figure.draw_without_rendering()
        assert one.caption.endswith(".")
    table = read.table("evaluation")
    panel = found["evaluation"].draw().axes[0]
    assert [text.get_text() for text in panel.get_yticklabels()] == table["classifier"].tolist()
    legend = found["evaluation_jitter"].draw().legends[0].get_texts()
    assert legend[0].get_text() == "network on MulF"


def test_report_says_what_was_found(read) -> None:
    (section,) = [
        one for one in sections(read) if one.title == "How far the accuracy can be believed"
    ]
    text = " ".join(section.paragraphs)
    assert "A sample is tested on a single specimen" in text
    assert "Intervals: " in text
    table, classes = section.tables
    assert len(table.rows) == len(read.table("evaluation"))
    assert re.fullmatch(r"\d+\.\d% \(\d+\.\d% to \d+\.\d%\)", table.rows[0][1])
    assert table.rows[0][5] == "2 tiles of 2 specimens"
    assert classes.columns == ("Classifier", "S1", "S2")
    assert [len(row) for row in classes.rows] == [3] * 5
    assert "nan" not in str(section.tables)
    assert section.figures == ["evaluation"]


def test_methods_tell_how_it_was_evaluated(read) -> None:
    text = methods_paragraph(read)
    assert "The training was repeated with 2 seeds (1 epoch), which differed in the seed" in text
    assert "networks were trained 2 times with labels dealt out anew" in text


def test_a_run_ends_with_what_speaks_against_the_claim(read) -> None:
    said = Evaluate().warnings(read, read.parameters("evaluate"))
    assert list(said) == cautions(read)
    assert any("single specimen" in one for one in said)


def test_an_evaluation_of_other_settings_says_so(evaluated_study, tmp_path) -> None:
    folder = tmp_path / "study"
    shutil.copytree(evaluated_study, folder)
    with Study.open(folder) as study:
        assert STALE not in cautions(study)
        study.set_parameters("train", learning_rate=1e-4)
        assert cautions(study)[0] == STALE


def test_a_study_without_an_evaluation_has_none_of_it(quick) -> None:
    assert not [one for one in drawings(quick) if one.name.startswith("evaluation")]
    titles = [one.title for one in sections(quick)]
    assert "How far the accuracy can be believed" not in titles
    assert cautions(quick) == []
    assert "repeated with" not in methods_paragraph(quick)
