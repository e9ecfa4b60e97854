"""What the report and the figures tell of similar maps and shared patterns."""

import numpy as np
import pytest

from napari_npm.study import run
from napari_npm.study.comparing import comparison_of
from napari_npm.study.reporting.similarity import (
    compare_sentence,
    similarity,
    stability_words,
)
from napari_npm.study.similarity_drawing import similarity_figures


@pytest.fixture(scope="module")
def folder(made_folder, tmp_path_factory):
    """Return a study compared once: S1 has three maps, S2 too few."""
    import shutil

    from napari_npm.study import Study

    path = tmp_path_factory.mktemp("compared") / "study"
    shutil.copytree(made_folder, path)
    with Study.open(path) as study:
        study.set_parameters("compare", contour=2e-6, decay=2.0, seeds=2)
        run(study, ["compare"], scheduler="synchronous")
    return path


@pytest.fixture
def compared_study(folder, tmp_path):
    import shutil

    from napari_npm.study import Study

    shutil.copytree(folder, tmp_path / "copy")
    with Study.open(tmp_path / "copy") as study:
        yield study


def methods(study):
    return compare_sentence(study, study.parameters("compare"))


def told(study):
    section = similarity(study)
    return section, " ".join(section.paragraphs)


def test_without_a_comparison_there_is_nothing_to_tell(made):
    assert similarity(made) is None


def test_the_section_tells_bound_stability_area_and_skeleton(compared_study):
    section, text = told(compared_study)
    found = comparison_of(compared_study, "mulf", "S1")
    gap = found.cost / found.lower_bound - 1
    assert f"S1 on MulF (3 maps) {gap:.2%} (proven bound)" in text
    assert "Of 1 group, 1 is stable: whether" in text
    assert "S2 has 2 maps with relevance on MulF" in text
    assert "exp(-2 σ/ΣR) ΣnR" in text
    assert "at 2e-06" in text
    assert "weight, not a probability" in text
    assert "no significance follows" in text
    groups, skeletons = section.tables
    (row,) = groups.rows
    (group,) = found.groups
    assert row[:4] == ("MulF", "S1", "1", "3 (2, 2)")
    assert row[4] == f"{group.mean_difference:.3g}"
    assert row[5:8] == ("1.00", "1.00", "–")
    # three maps of three: what is drawn at random is the group
    assert row[8:] == (f"{100 * group.fraction:.3g} %", f"{100 * group.fraction:.3g} % ± 0 %")
    (row,) = skeletons.rows
    assert row[3] == f"{1 - group.fraction:.1%}"
    line = compared_study.table("shared_patterns").iloc[0]
    assert row[4] == str(int(line["skeleton_pieces"]))
    ways = [line["skeleton_percolates_down"], line["skeleton_percolates_across"]]
    assert [word in row[8] for word in ("down", "across")] == [bool(way) for way in ways]


def test_the_methods_name_every_parameter(compared_study):
    text = methods(compared_study)
    for words in ("each scaled to sum 1", "iterated local search (seed 0)", "3 windows", "3 maps",
                  "proven lower bound", "exp(-2 σ/ΣR) ΣnR", "contour is at 2e-06",
                  "4-connectivity", "drawn at random"):  # fmt: skip
        assert words in text, words


def test_no_other_seed_is_told_as_such(compared_study):
    compared_study.set_parameters("compare", seeds=0, size=2, number=1)
    run(compared_study, ["compare"], scheduler="synchronous")
    _, text = told(compared_study)
    assert "was not looked at" in text
    assert "drawn at random, in standard" not in methods(compared_study)


def test_only_samples_left_out_make_a_section_of_words(compared_study):
    for tile in compared_study.tiles[:3]:
        compared_study.stack("relevance/mulf").write([tile], np.zeros((1, 384, 384), np.float32))
    state = compared_study.state("explain")
    for item in list(state.records):
        record = state.records[item]
        state.add(type(record)(item, "key", f"zeros {item}"))
    run(compared_study, ["compare"], scheduler="synchronous")
    section, text = told(compared_study)
    assert not section.tables
    assert "S1 has 0 maps" in text
    assert not list(similarity_figures(compared_study))
    assert "lower bound" not in methods(compared_study)


def test_cautions_name_sizes_that_differ_and_single_specimens(compared_study):
    table = compared_study.table("shared_patterns")
    line = table.iloc[0].to_dict()
    other = {
        **line,
        "sample": "S3",
        "size": 9,
        "specimens": 1,
        "stability_subsets": 0.3,
        "label": "0.1 %",
    }
    path = compared_study.results_folder / "shared_patterns.csv"
    type(table)([line, other]).to_csv(path, index=False)
    _, text = told(compared_study)
    assert "Groups on MulF have 3 and 9 maps" in text
    assert "All maps of S3 group 1 are of one specimen" in text
    assert "Of 2 groups, 1 is stable, 1 is unstable: whether" in text


def test_figures_show_what_was_found(compared_study):
    found = comparison_of(compared_study, "mulf", "S1")
    (group,) = found.groups
    figures = {one.name: one for one in similarity_figures(compared_study)}
    assert {one.needs for one in figures.values()} == {("compare",)}
    assert set(figures) == {"shared_mulf", "similarity_mulf_S1", "group_mulf_S1"}
    panels = [axes for axes in figures["shared_mulf"].draw().axes if axes.images]
    shown = np.asarray(panels[0].images[0].get_array())
    scale = shown.max() / group.pattern.max()
    np.testing.assert_allclose(shown, group.pattern * scale, rtol=1e-5)
    assert f"{100 * group.fraction:.3g} %" in panels[0].get_title()
    panels = [axes for axes in figures["similarity_mulf_S1"].draw().axes if axes.images]
    np.testing.assert_allclose(panels[2].images[0].get_array(), found.ordered, rtol=1e-5)
    assert len(panels[2].patches) == 1
    panels = [axes for axes in figures["group_mulf_S1"].draw().axes if axes.images]
    assert len(panels) == 3


def test_stability_has_words():
    words = [stability_words(value) for value in (1.0, 0.8, 0.79, 0.5, 0.49, 0.0)]
    assert words == ["stable", "stable", "partly stable", "partly stable", "unstable", "unstable"]
