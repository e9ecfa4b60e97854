import numpy as np
import pytest

from napari_npm.study.statistics_tables import statistics_tables
from napari_npm.study.statistics_words import statistics_words


def pair(level, different, critical=0.02, descriptor="porosity", second="S2"):
    return {
        "descriptor": descriptor,
        "level": level,
        "first": "S1",
        "second": second,
        "different": different,
        "critical_range": critical,
        "confidence": 0.9,
    }


def nested(tile=0.83, share=0.2):
    return {
        "descriptor": "porosity",
        "tiles": 750,
        "intraclass": share,
        "effective_tiles": 69.4,
        "false_alarms_nominal": 0.1,
        "false_alarms_tile": tile,
        "false_alarms_specimen": 0.098,
    }


def checked(**changes):
    return {
        "descriptor": "porosity",
        "level": "tile",
        "sd_ratio": 1.2,
        "brown_forsythe_p": 0.4,
        "shapiro_p": 0.5,
        "skewness": 0.1,
        "excess_kurtosis": 0.2,
    } | changes


def test_what_differs_on_tiles_only_is_not_to_be_claimed():
    tables = {
        "tukey_kramer": [
            pair("tile", True), pair("tile", True, second="S3"),
            pair("specimen", False), pair("specimen", True, second="S3"),
        ],
    }  # fmt: skip
    said = statistics_words(tables)
    assert said[0].startswith("On specimen means, the test to rely on (90% confidence)")
    assert "Porosity differs between S1 and S3; no difference is shown between S1 and S2" in said[0]
    assert "not to be claimed: porosity of S1 and S2." in said[1]


def test_it_is_said_by_how_much_tiles_are_optimistic():
    said = statistics_words({"nesting": [nested()]})
    assert "750 tiles tell no more than 69 independent ones" in said[0]
    assert "finds a difference in 83% of simulated studies instead of 10%" in said[0]
    assert "that on specimen means in 10%" in said[0]
    alike = statistics_words({"nesting": [nested(share=0.0)]})
    assert "no more than those of others do" in alike[0]


def test_one_specimen_a_sample_allows_no_claim():
    said = statistics_words({"tukey_kramer": [pair("tile", True)]})
    assert "cannot be tested on specimen means" in said[0]
    assert "cannot be told here" in said[1]


def test_one_tile_a_specimen_makes_both_tests_one():
    said = statistics_words({"tukey_kramer": [pair("tile", True), pair("specimen", True)]})
    assert said[-1] == "Each specimen has one tile, so the tests on tiles and on specimens are one."


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({}, "porosity, tiles: nothing against them"),
        ({"brown_forsythe_p": 0.0001}, "the samples scatter differently"),
        ({"sd_ratio": 3.0}, "yet so may a few values do by chance"),
        ({"shapiro_p": 0.01}, "slightly other than normal"),
        ({"skewness": -1.4, "shapiro_p": 0.2}, "strongly other than normal"),
        ({"excess_kurtosis": 5.0}, "strongly other than normal"),
    ],
)
def test_assumptions_in_words(changes, says):
    (said,) = statistics_words({"assumptions": [checked(**changes)]})
    assert says in said


def test_what_was_not_tested_is_not_praised():
    nothing = dict.fromkeys(
        ("brown_forsythe_p", "shapiro_p", "skewness", "excess_kurtosis"), np.nan
    )
    assert statistics_words({"assumptions": [checked(**nothing)]}) == []


def test_unequal_scatter_may_change_the_verdict():
    plain, other = [pair("specimen", True)], [pair("specimen", False)]
    same = statistics_words({"tukey_kramer": plain, "games_howell": plain})
    assert any("every verdict on specimen means is the same" in text for text in same)
    changed = statistics_words({"tukey_kramer": plain, "games_howell": other})
    assert any("is another one for porosity of S1 and S2: state both" in text for text in changed)


def test_accuracies_with_and_without_the_own_specimen():
    rows = [
        {"descriptor": one, "accuracy": 0.547, "accuracy_left_out": left, "chance": 1 / 3}
        for one, left in (("porosity", 0.4), ("both", np.nan))
    ]
    said = statistics_words({"nearest_mean": rows, "tukey_kramer": [pair("tile", True)]})
    assert "right for 54.7% by porosity and 54.7% by both (all tiles, as in the paper" in said[-1]
    assert said[-1].endswith("as for new material: 40.0% by porosity.")
    alone = statistics_words({"nearest_mean": rows})
    assert alone[0].startswith("Each sample has one tile only")


def test_the_words_fit_the_tables():
    rng = np.random.default_rng(0)
    rows = [
        {
            "sample": f"S{s}",
            "specimen": f"p{p}",
            "porosity": 0.2 + 0.1 * (s == 1) + shift + rng.normal(0, 0.01),
            "pore_area_nm2": rng.exponential(1e5),
        }
        for s in range(3)
        for p, shift in enumerate(rng.normal(0, 0.02, 4))
        for _ in range(20)
    ]
    said = " ".join(statistics_words(statistics_tables(rows, 0.9)))
    assert "Porosity differs between S0 and S1, S1 and S2" in said
    assert "average pore size, tiles: values are strongly other than normal" in said
    assert "resemble each other in porosity: intraclass correlation 0." in said
