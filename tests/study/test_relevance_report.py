"""What the report says of relevance and regions is what the tables say was done."""

import numpy as np
import pandas as pd
import pytest

from napari_npm.study import run
from napari_npm.study.reporting.findings import headlines
from napari_npm.study.reporting.regions import regions, regions_sentence
from napari_npm.study.reporting.relevance import explain_sentence, relevance


def told(study, **changes):
    """Keep a table of relevance as the explain step writes it, with some columns changed."""
    rows = [
        {
            "sample": tile.sample, "model": "mulf", "target": "S1", "against": None,
            "conservation": 1 - 1e-6 * tile.index, "undefined": 0.02, "rule": "alpha1-beta0",
            "engine": "fused", "input_rule": "zplus", "undefined_rule": "spread",
            "average": "none", "precision": "float32", "padding": "zeros", "correction": "none",
            "stride_px": None, "auc": None, "auc_without_uc": None, "average_precision": None,
            "pointing": None, "prevalence": None, "difference_auc": None, **changes,
        }
        for tile in study.tiles
    ]  # fmt: skip
    study.results_folder.mkdir(exist_ok=True)
    pd.DataFrame(rows).to_csv(study.results_folder / "relevance_mulf.csv", index=False)
    (study.models_folder / "mulf").mkdir(parents=True, exist_ok=True)
    (study.models_folder / "mulf" / "weights.safetensors").touch()
    return study


def words(section):
    return " ".join(section.paragraphs)


def test_the_papers_way_is_told_with_what_it_cannot_say(made):
    text = words(relevance(told(made)))
    for part in (
        "alpha1-beta0 rule, biases left out",
        "z+ rule at the input",
        "this package's own engine",
        "float32",
        "each map sums to 1",
        "hardly depend on the class",
        "class-difference map",
        "With zero padding the middle of a tile weighs more",
        "no correction of the centre bias was made",
    ):
        assert part in text
    assert "AUC" not in text
    line = relevance(made).tables[0].rows[0]
    assert line[:4] == ("MulF", "S1", "S1", "2.0e-06")
    assert "no correction of the centre bias" in explain_sentence(made, None)


@pytest.mark.parametrize(
    ("changes", "part"),
    [
        ({"rule": "gradient x input"}, "positive part is shown"),
        ({"average": "d4"}, "eight turns and flips"),
        ({"precision": "bfloat16"}, "bfloat16"),
        ({"engine": "zennit"}, "computed by zennit"),
        ({"against": "others"}, "less the mean of the others'"),
        ({"against": "S2"}, "evidence for one class rather than the other"),
        ({"stride_px": 191}, "windows 191 px apart"),
        ({"correction": "flat-field"}, "divided out by the smoothed mean map"),
        ({"padding": "replicate"}, "Replicate padding"),
        ({"undefined_rule": "drop"}, "it was dropped"),
    ],
)
def test_each_choice_is_stated(made, changes, part):
    assert part in words(relevance(told(made, **changes)))


def test_truth_is_told_beside_chance(made):
    study = told(made, auc=0.8, auc_without_uc=0.7, average_precision=0.6, pointing=1,
                 prevalence=0.35, difference_auc=0.9)  # fmt: skip
    section = relevance(study)
    (_, truth) = section.tables
    assert truth.rows[0][2:] == (
        "0.800 ± 0.000", "0.700 ± 0.000", "0.600 ± 0.000 (0.350)", "100%", "0.900 ± 0.000"
    )  # fmt: skip
    assert "flatters the AUC" in words(section)
    values = dict(headlines(study).rows)
    assert values["AUC of relevance against the known places, MulF"] == "0.800 ± 0.000"
    known = values["Average precision against the known places, MulF"]
    assert known == "0.600 (chance: 0.350)"


def test_regions_are_told_with_their_interval_and_cleaning(made):
    made.stack("relevance/mulf").write([made.tiles[1]], np.zeros((1, 384, 384), np.float32))
    run(made, ["regions"], scheduler="synchronous")
    section = regions(told(made))
    assert "70% of a tile's relevance, not cleaned" in words(section)
    assert "left out of the means: 1" in words(section)
    line = made.table("regions_summary").iloc[-1]
    area = (f"{line['area_fraction']:.1%} ({line['area_fraction_low']:.1%} to"
            f" {line['area_fraction_high']:.1%})")  # fmt: skip
    assert section.tables[0].rows[-1][2] == area
    assert dict(headlines(made).rows)["Area of the characteristic regions, MulF"] == area
    made.set_parameters("regions", min_area_px=50, fill_holes_px=9, gradient_in_means=2.2)
    run(made, ["regions"], scheduler="synchronous")
    text = words(regions(made))
    assert "holes of at most 9 px filled and regions of fewer than 50 px dropped" in text
    assert "2.2 times the mean relevance" in text
    sentence = regions_sentence(made, made.parameters("regions"))
    assert "fewer than 50 px dropped" in sentence


def test_nothing_is_told_of_what_was_not_made(made):
    assert relevance(made) is None
    assert regions(made) is None
    assert explain_sentence(made, None) == ""
