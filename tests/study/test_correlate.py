"""The correlate step on maps that were made up: counts, tables, comparison, report."""

import numpy as np
import pandas as pd
import pytest

from napari_npm.core.correlation import (
    characteristic_length,
    compare_correlations,
    correlation_length,
    two_point,
    two_point_by_direction,
)
from napari_npm.core.errors import NpmError
from napari_npm.study import run
from napari_npm.study.correlating import significant_of
from napari_npm.study.correlation_drawing import correlation_figures
from napari_npm.study.reporting.correlation import correlate_sentence, correlation
from napari_npm.study.results import REGIONS, WHOLE, Flag, count_path, directions_of, two_point_of
from napari_npm.study.state import Record
from napari_npm.study.steps import correlate as steps_correlate


@pytest.fixture
def small(made):
    """Return the made study with a short reach, so that counting takes no time."""
    made.set_parameters("correlate", r_max_px=10, permutations=50)
    return made


def give_regions(study, model, share=0.05, *, empty=()):
    """Store characteristic regions of a model, drawn at random, none in some samples."""
    rng = np.random.default_rng(3)
    stack = study.stack(f"regions/{model}")
    stack.prepare(study.tiles, "uint8", 52.0)
    flags = (rng.random((len(study.tiles), 384, 384)) < share).astype(np.uint8)
    for number, tile in enumerate(study.tiles):
        if tile.sample in empty:
            flags[number] = 0
    stack.write(study.tiles, flags * np.uint8(Flag.CHARACTERISTIC))
    for image in study.images:
        study.state("regions").add(Record(f"{model}/{image.id}", "key", f"regions {model}"))


def rename(study, old, new):
    """Give a sample another name, as in study.toml."""
    samples = [
        one.model_copy(update={"name": new}) if one.name == old else one for one in study.samples
    ]
    images = [
        one.model_copy(update={"sample": new}) if one.sample == old else one for one in study.images
    ]
    study.save(samples=tuple(samples), images=tuple(images))


def tiles_of(study, sample):
    return [tile for tile in study.tiles if tile.sample == sample]


def test_regions_of_every_trained_model_are_correlated_on_mulf_maps(small, computed):
    for model in ("mulf", "micf", "both"):
        give_regions(small, model, {"mulf": 0.05, "micf": 0.03, "both": 0.02}[model])
    assert computed(small, ["correlate"]) == {"correlate": 8}
    for source, model in ((REGIONS, "mulf"), ("regions_micf", "micf"), ("regions_both", "both")):
        for sample in ("S1", "S2"):
            tiles = tiles_of(small, sample)
            masks = small.stack(f"regions/{model}").read(tiles) > 0
            expected = two_point(small.stack("mulf").read(tiles), masks, 10, engine="sparse")
            found = two_point_of(small, source, sample)
            np.testing.assert_array_equal(found.counts, expected.counts)
            np.testing.assert_array_equal(found.grouped, expected.grouped)
    # The engine and the models only choose: nothing is counted again.
    small.set_parameters("correlate", models=("micf",), engine="sparse")
    assert computed(small, ["correlate"]) == {}
    assert set(small.table("lengths")["source"]) == {WHOLE, "regions_micf"}


def test_tables_hold_what_the_functions_find(small, computed):
    assert computed(small, ["correlate"]) == {"correlate": 2}
    found = {sample: two_point_of(small, WHOLE, sample) for sample in ("S1", "S2")}
    lengths = small.table("lengths").set_index("sample")
    for sample, one in found.items():
        # Two specimens are too few to draw: tiles are drawn.
        row = lengths.loc[sample]
        assert (row["unit"], row["units"]) == ("tile", one.n_images)
        for name, measure in (
            ("correlation", correlation_length),
            ("characteristic", characteristic_length),
        ):
            length = measure(one, 52.0)
            assert row[f"{name}_length_um"] == pytest.approx(length.um)
            assert row[f"{name}_determined"] == length.determined
            assert row[f"{name}_limit"] == length.limit
            low = row[f"{name}_low_um"]
            assert np.isnan(low) if length.low_um is None else low == pytest.approx(length.low_um)
    groups = [[tile.specimen for tile in tiles_of(small, one)] for one in ("S1", "S2")]
    expected = compare_correlations(*found.values(), groups=groups, permutations=50)
    (row,) = small.table("s2_differences").to_dict("records")
    assert (row["source"], row["first"], row["second"]) == (WHOLE, "S1", "S2")
    assert (row["unit"], row["units_first"], row["units_second"]) == ("specimen", 2, 2)
    assert row["p_overall"] == pytest.approx(expected.p_overall)
    assert row["relabellings"] == 6
    assert row["exact"]
    assert "no p-value can be below 0.33" in row["note"]
    tiles = compare_correlations(*found.values(), permutations=50)
    assert row["p_overall_tiles"] == pytest.approx(tiles.p_overall)
    table = small.table("s2_difference_whole_S1_S2")
    np.testing.assert_allclose(table.filter(regex="^dn_"), expected.difference, atol=1e-15)
    np.testing.assert_allclose(table.filter(regex="^p_dn_"), expected.p_group)
    np.testing.assert_allclose(table["p_distance"], expected.p_distance)
    for level in (0.05, 0.5):
        marked = significant_of(small, WHOLE, "S1", "S2", level)
        np.testing.assert_array_equal(marked, expected.significant(level))
    assert significant_of(small, REGIONS, "S1", "S2", 0.05) is None


def test_other_permutations_repeat_the_tables_and_no_counts(small, computed):
    run(small, ["correlate"], scheduler="synchronous")
    small.set_parameters("correlate", unit="tile")
    assert computed(small, ["correlate"]) == {}
    (row,) = small.table("s2_differences").to_dict("records")
    assert (row["unit"], row["units_first"], row["units_second"]) == ("tile", 3, 2)
    assert "as if independent" in row["note"]


def test_directions_are_counted_apart_and_add_up(small, computed):
    small.set_parameters("correlate", directions=4)
    assert computed(small, ["correlate"]) == {"correlate": 2}
    maps = small.stack("mulf").read(tiles_of(small, "S1"))
    found = directions_of(small, WHOLE, "S1")
    for one, expected in zip(found, two_point_by_direction(maps, None, 10), strict=True):
        np.testing.assert_array_equal(one.counts, expected.counts)
        np.testing.assert_array_equal(one.grouped, expected.grouped)
    together = two_point_of(small, WHOLE, "S1")
    np.testing.assert_array_equal(together.counts, two_point(maps, None, 10).counts)
    assert list(small.table("lengths_by_direction")["degrees"]) == [0.0, 45.0, 90.0, 135.0] * 2
    names = [one.name for one in correlation_figures(small)]
    assert "directions_whole" in names
    small.set_parameters("correlate", directions=1)
    assert computed(small, ["correlate"]) == {"correlate": 2}
    assert small.table("lengths_by_direction") is None
    assert directions_of(small, WHOLE, "S1") == ()


def test_a_sample_without_regions_is_left_out(small, computed):
    give_regions(small, "mulf", empty=("S2",))
    assert computed(small, ["correlate"]) == {"correlate": 4}
    assert two_point_of(small, REGIONS, "S2") is None
    lengths = small.table("lengths")
    assert list(lengths[lengths["source"] == REGIONS]["sample"]) == ["S1"]
    assert set(small.table("s2_differences")["source"]) == {WHOLE}
    (outcome,) = run(small, ["correlate"], scheduler="synchronous", force=True)
    said = "The characteristic regions of MulF of S2 are empty: there is nothing to correlate"
    assert [text.startswith(said) for text in outcome.warnings] == [True, False]


def test_regions_that_are_empty_everywhere_are_told(small):
    give_regions(small, "mulf", empty=("S1", "S2"))
    small.set_parameters("correlate", whole=False)
    (outcome,) = run(small, ["correlate"], scheduler="synchronous")
    (said,) = outcome.warnings
    assert said.startswith("The characteristic regions of MulF of S1, S2 are empty")


def test_maps_that_hold_nan_are_named(small):
    maps = small.stack("mulf").read(small.tiles)
    maps[4, 7, 9] = np.nan
    small.stack("mulf").write(small.tiles, maps)
    with pytest.raises(NpmError, match=f"porosity of {small.tiles[4].name} holds"):
        run(small, ["correlate"], scheduler="synchronous")


def test_one_pixel_a_map_leaves_the_lengths_open(small, computed):
    give_regions(small, "mulf", 0.0)
    stack = small.stack("regions/mulf")
    flags = np.zeros((len(small.tiles), 384, 384), np.uint8)
    flags[:, 100, 100] = Flag.CHARACTERISTIC
    stack.write(small.tiles, flags)
    small.set_parameters("correlate", whole=False)
    assert computed(small, ["correlate"]) == {"correlate": 2}
    lengths = small.table("lengths")
    assert not lengths["correlation_determined"].any()
    assert lengths["characteristic_limit"].str.contains("larger r_max").all()
    assert pd.isna(lengths["correlation_length_um"]).all()
    assert small.table("s2_differences")["p_overall"].eq(1).all()
    assert list(correlation_figures(small)) == []
    section = correlation(small)
    assert "not determined" in section.tables[0].rows[0][2]


def test_the_report_tells_lengths_limits_and_differences(small):
    small.set_parameters("correlate", directions=2)
    give_regions(small, "micf")
    run(small, ["correlate"], scheduler="synchronous")
    section = correlation(small)
    lengths, directions, differences = section.tables
    assert [row[0] for row in lengths.rows[::2]] == [
        "whole MulF maps",
        "characteristic regions of MicF",
    ]
    assert len(directions.rows) == 8
    assert len(differences.rows) == 2
    text = " ".join(section.paragraphs)
    assert "0.052 µm" in text
    assert "no p-value can be below 0.33" in text
    assert section.figures == ["s2", "same", "cuts", "directions"]
    assert "compared by permutation of specimens (6 relabellings" in correlate_sentence(
        small, small.parameters("correlate")
    )


def test_every_figure_can_be_drawn(small):
    small.set_parameters("correlate", directions=2, significance=0.9)
    run(small, ["correlate"], scheduler="synchronous")
    figures = {one.name: one.draw() for one in correlation_figures(small)}
    assert list(figures) == ["s2_whole", "same_whole", "cuts_whole", "directions_whole"]
    assert [axes.get_title() for axes in figures["s2_whole"].axes[:3]] == ["S1", "S2", "S2 − S1"]


def test_nothing_to_correlate_is_said(small):
    small.set_parameters("correlate", whole=False)
    (outcome,) = run(small, ["correlate"], scheduler="synchronous")
    assert outcome.warnings == (
        "Nothing was correlated: choose whole maps, or run the regions step first.",
    )
    assert correlation(small) is None


def test_damaged_counts_are_named_with_the_way_out(small, computed):
    run(small, ["correlate"], scheduler="synchronous")
    count_path(small, "whole/0/S1").write_bytes(b"PK damaged")
    for read in (two_point_of, directions_of):
        with pytest.raises(NpmError, match=r"whole-0-S1\.npz is damaged.*correlate --force"):
            read(small, WHOLE, "S1")
    run(small, ["correlate"], scheduler="synchronous", force=True)
    assert two_point_of(small, WHOLE, "S1") is not None


def test_counts_of_two_settings_are_not_added_up(small, monkeypatch):
    monkeypatch.setattr(steps_correlate, "BLOCK", 2)
    run(small, ["correlate"], scheduler="synchronous")
    before = small.table("lengths")
    small.set_parameters("correlate", r_max_px=12)
    run(small, ["correlate"], only=["whole/0"], scheduler="synchronous")
    with pytest.raises(NpmError, match=r"Only a part of S1 was correlated.*correlate"):
        two_point_of(small, WHOLE, "S1")
    assert small.table("lengths").equals(before)
    run(small, ["correlate"], scheduler="synchronous")
    assert two_point_of(small, WHOLE, "S1").r[-1] == 12


def test_tables_of_samples_and_sources_that_are_gone_go_too(small):
    give_regions(small, "mulf")
    run(small, ["correlate"], scheduler="synchronous")
    assert small.table("s2_regions_S1") is not None
    small.set_parameters("correlate", regions=False)
    run(small, ["correlate"], scheduler="synchronous")
    assert small.table("s2_regions_S1") is None
    rename(small, "S2", "Slag")
    (outcome,) = run(small, ["correlate"], scheduler="synchronous")
    assert outcome.computed == 1
    assert small.table("s2_whole_S2") is None
    assert set(small.table("lengths")["sample"]) == {"S1", "Slag"}
    assert small.table("s2_difference_whole_S1_Slag") is not None
