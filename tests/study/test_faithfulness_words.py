"""What the report says of the tests of relevance maps, for results made up here."""

from types import SimpleNamespace

import pandas as pd
import pytest

from napari_npm.study.reporting.faithfulness import faithfulness
from napari_npm.study.settings import EvaluateParameters, FaithfulnessParameters


def line(test, case, measure, value, low=None, high=None, **more):
    found = {"model": "mulf", "test": test, "case": case, "measure": measure, "value": value}
    limits = {"low": low, "high": high, "tiles": 9, "defined": 9, "interval": "95 % bootstrap"}
    return {**found, **limits, **more}


def said(*lines, splits="same", measure="probability"):
    parameters = {
        "faithfulness": FaithfulnessParameters(measure=measure),
        "evaluate": EvaluateParameters(splits=splits),
    }
    study = SimpleNamespace(
        table=lambda _: pd.DataFrame(list(lines)),
        parameters=parameters.__getitem__,
        samples=[SimpleNamespace(name="S1"), SimpleNamespace(name="S2")],
    )
    section = faithfulness(study)
    return section, " ".join(section.paragraphs)


@pytest.mark.parametrize(
    ("value", "low", "high", "words"),
    [
        (0.2, 0.1, 0.3, "faster than random blocks do (0.200 (0.100 to 0.300)): the network uses"),
        (-0.2, -0.3, -0.1, "slower than random blocks do"),
        (0.1, -0.1, 0.3, "no faster than random blocks do, within the interval"),
        (0.1, float("nan"), float("nan"), "with a single tile it cannot be said"),
        (float("nan"), float("nan"), float("nan"), "could not be measured"),
    ],
)
def test_a_gain_is_judged_by_its_interval(value, low, high, words):
    _, text = said(line("deletion", "deletion", "gain", value, low, high))
    assert words in text
    assert "Taking away the most relevant blocks" in text
    _, text = said(line("deletion", "insertion", "gain", value, low, high))
    assert words in text
    assert "Giving back the most relevant blocks" in text


@pytest.mark.parametrize(
    ("test", "case", "alike", "between", "unlike"),
    [
        ("layers-cascading", "linear", "cannot tell why", "hang somewhat", "maps are different"),
        ("classes", "all", "much the same", "partly the same", "specific to the sample"),
        ("seeds", "all", "much the same places", "alike in part", "single network's map"),
        ("noise", "0.02", "hardly changes", "in part", "follow the noise"),
    ],
)
def test_likeness_is_judged_by_the_correlation(test, case, alike, between, unlike):
    for value, words in (
        (0.95, alike),
        (0.9, alike),
        (0.89, between),
        (0.5, between),
        (0.49, unlike),
    ):
        _, text = said(line(test, case, "pearson", value), line(test, case, "spearman", 0.1))
        assert words in text
        assert f"(correlation {value:.2f})" in text
        assert sum(other in text for other in (alike, between, unlike)) == 1


@pytest.mark.parametrize(
    ("test", "case", "words"),
    [
        ("seeds", "all", ("much the same places", "alike in part", "different places")),
        ("noise", "0.02", ("hardly changes", "changes the maps in part", "altogether")),
    ],
)
def test_moved_regions_count_against_a_high_correlation(test, case, words):
    for correlation, overlap, chosen in (
        (0.96, 0.75, 0),
        (0.96, 0.74, 1),
        (0.96, 0.34, 1),
        (0.96, 0.33, 2),
        (0.4, 0.9, 2),
    ):
        figures = line(test, case, "pearson", correlation), line(test, case, "iou", overlap)
        _, text = said(*figures)
        assert [said_so in text for said_so in words] == [n == chosen for n in range(3)]
        assert f"(correlation {correlation:.2f}, overlap of regions {overlap:.2f})" in text


def test_all_layers_are_the_last_of_the_cascade():
    cases = (("linear", 0.95), ("block 2", 0.7), ("block 1", 0.2))
    lines = [line("layers-cascading", case, "pearson", value) for case, value in cases]
    section, text = said(*lines)
    assert "With all layers drawn anew the maps are different (correlation 0.20)" in text
    assert [row[1] for row in section.tables[0].rows] == [
        "Weights drawn anew: linear layer",
        "Weights drawn anew: all layers",
    ]
    alone = [line("layers-independent", case, "pearson", value) for case, value in cases]
    section, _ = said(*lines, *alone)
    assert section.tables[0].rows[-1][1] == "Weights drawn anew: block 1 alone"


def test_a_fill_that_looks_like_a_class_is_told():
    ends = (("S1", 0.9, 0.8), ("S2", 0.9, 0.1))
    lines = []
    for sample, whole, replaced in ends:
        lines += [
            line("deletion", f"as it is, {sample}", "output", whole, tiles=4, interval="few"),
            line("deletion", f"all replaced, {sample}", "output", replaced, tiles=4),
        ]
    section, text = said(line("deletion", "deletion", "gain", 0.1, 0.05, 0.2), *lines)
    assert "Of tiles of S1 with all blocks replaced the class keeps a probability of 0.80" in text
    assert "Of tiles of S2" not in text
    assert "All blocks replaced, S1" in [row[1] for row in section.tables[0].rows]
    # intervals of single samples are not told one by one
    assert "few" not in text
    _, text = said(line("deletion", "deletion", "gain", 0.1, 0.05, 0.2), *lines, measure="logit")
    assert "keeps a probability" not in text


def test_what_is_not_defined_everywhere_is_told_and_seeds_of_other_splits_too():
    section, _ = said(
        line("classes", "all", "iou", 0.4, 0.3, 0.5, defined=7),
        line("classes", "all", "pearson", float("nan"), defined=0),
    )
    assert section.tables[0].rows[0][3] == "0.400 (0.300 to 0.500), defined on 7 of 9 tiles"
    assert section.tables[0].rows[1][3] == "not defined"
    _, text = said(line("seeds", "all", "pearson", 0.6), splits="folds")
    assert "splits of their own" in text
    _, text = said(line("seeds", "all", "pearson", 0.6))
    assert "splits of their own" not in text


def test_without_results_there_is_no_section():
    assert faithfulness(SimpleNamespace(table=lambda _: None)) is None
