"""The regions step: flags, rows, the list of regions and the means over specimens."""

import numpy as np
import pandas as pd
import pytest

from napari_npm.core.ensemble import ensemble_interval
from napari_npm.core.errors import Cancelled, NpmError
from napari_npm.core.region_table import clean_regions, count_features, held_share, region_table
from napari_npm.core.regions import boundary_features, characteristic_regions, isodata_split
from napari_npm.study import Study, run
from napari_npm.study.region_tables import ALL, read_regions, region_path
from napari_npm.study.results import Flag


def find(study, **parameters):
    study.set_parameters("regions", **parameters)
    (outcome,) = run(study, ["regions"], scheduler="synchronous")
    return outcome


def of_tile(study, index):
    """Return map, relevance and flags of a tile."""
    tile = study.tiles[index]
    return [
        study.stack(kind).read([tile])[0] for kind in ("mulf", "relevance/mulf", "regions/mulf")
    ]


def test_every_tile_has_its_flags_row_and_regions(made):
    find(made, table_min_px=20)
    rows = made.table("regions_mulf").set_index("tile")
    table = made.table("region_table_mulf")
    assert len(made.tiles) == len(rows) == 5
    for tile in made.tiles:
        porosity, relevance, flags = of_tile(made, tile.index)
        high = isodata_split(porosity).high
        mask = characteristic_regions(relevance).mask
        edges = boundary_features(relevance, high=high)
        assert ((flags & Flag.CHARACTERISTIC > 0) == mask).all()
        assert ((flags & Flag.BOUNDARY > 0) == edges.mask).all()
        row = rows.loc[tile.index]
        assert row["area_fraction"] == row["raw_area_fraction"] == pytest.approx(mask.mean())
        assert row["share"] == pytest.approx(0.7, abs=1e-3)
        assert row["high_fraction"] == pytest.approx(high.mean())
        counted = count_features(mask, high)
        assert (row["regions_high"], row["regions_low"]) == counted
        assert row["regions"] == sum(counted)
        counted = count_features(edges.mask, high)
        assert (row["boundaries_high"], row["boundaries_low"]) == counted
        assert row["gradient"] == 1.5e-5
        expected = region_table(mask, relevance, high, min_area_px=20)
        own = table[table["tile"] == tile.index]
        assert row["regions_listed"] == len(own) == len(expected)
        assert row["regions"] > len(own) > 5
        for column, values in expected.columns(52.0, tile.origin).items():
            if column == "part":
                assert own[column].tolist() == values.tolist()
            else:
                np.testing.assert_allclose(own[column], values, rtol=1e-5)
        assert set(own["image"]) == {tile.image}
        assert set(own["specimen"]) == {tile.specimen}
    lower = table[table["tile"] == 1]
    assert lower["image_row"].min() >= 384
    assert lower["row"].max() < 384


def test_cleaned_regions_state_what_they_hold(made):
    find(made)
    raw = of_tile(made, 0)[2] & Flag.CHARACTERISTIC > 0
    find(made, min_area_px=60, fill_holes_px=30)
    _, relevance, flags = of_tile(made, 0)
    cleaned = clean_regions(raw, min_area_px=60, fill_holes_px=30)
    np.testing.assert_array_equal(flags & Flag.CHARACTERISTIC > 0, cleaned)
    assert (cleaned != raw).any()
    row = made.table("regions_mulf").iloc[0]
    assert row["share"] == pytest.approx(held_share(relevance, cleaned))
    assert row["share"] != pytest.approx(0.7, abs=1e-4)
    assert row["raw_area_fraction"] == pytest.approx(raw.mean())
    assert made.table("region_table_mulf")["area_px"].min() >= 60


def test_the_gradient_may_be_told_in_means(made):
    find(made, gradient_in_means=2.0)
    assert made.table("regions_mulf")["gradient"].tolist() == pytest.approx([2.0 / 384**2] * 5)
    _, relevance, flags = of_tile(made, 2)
    expected = boundary_features(relevance, mean_multiple=2.0).mask
    np.testing.assert_array_equal(flags & Flag.BOUNDARY > 0, expected)


def test_pixels_of_a_region_may_have_to_share_a_side(made):
    find(made)
    by_corners = made.table("regions_mulf")["regions"].sum()
    find(made, connectivity=4)
    assert made.table("regions_mulf")["regions"].sum() > by_corners
    assert set(made.table("region_table_mulf")["label"]) >= {1, 2, 3}


def test_means_have_intervals_over_specimens(made):
    find(made, confidence=0.8, seed=3)
    rows = made.table("regions_mulf")
    summary = made.table("regions_summary").set_index("sample")
    assert list(summary.index) == ["S1", "S2", ALL]
    for name, line in summary.iterrows():
        own = rows if name == ALL else rows[rows["sample"] == name]
        assert line["tiles"] == len(own)
        assert line["regions"] == own["regions"].sum()
        assert line["boundaries_low"] == own["boundaries_low"].sum()
        for quantity in ("area_fraction", "high_area_fraction", "boundary_high_fraction"):
            expected = ensemble_interval(
                own[quantity], own["specimen"].tolist(), labels=own["sample"].tolist(),
                confidence=0.8, seed=3,
            )  # fmt: skip
            found = (line[quantity], line[f"{quantity}_low"], line[f"{quantity}_high"])
            assert found == pytest.approx((expected.value, expected.low, expected.high))
        assert "specimens" in line["interval"]
    assert summary.loc[ALL, "specimens"] == 4  # "a" of S1 and "a" of S2 are two


def test_another_confidence_finds_no_region_anew(made):
    find(made)
    assert find(made, confidence=0.5, seed=9).computed == 0
    wide = made.table("regions_summary")
    assert find(made, confidence=0.99).computed == 0
    wider = made.table("regions_summary")
    assert (wider["area_fraction_high"] >= wide["area_fraction_high"]).all()
    assert (wider["area_fraction_high"] > wide["area_fraction_high"]).any()


def test_a_tile_without_relevance_is_skipped_and_told(made):
    tile = made.tiles[1]
    made.stack("relevance/mulf").write([tile], np.zeros((1, 384, 384), np.float32))
    outcome = find(made)
    (said,) = outcome.warnings
    assert said.startswith("1 of 5 tiles has no relevance at all on MulF")
    assert f"{tile.image} at row 384" in said
    rows = made.table("regions_mulf").set_index("tile")
    assert rows.loc[1, "note"] == "no relevance"
    assert rows.loc[1, ["area_fraction", "share", "regions", "gradient"]].isna().all()
    assert rows.drop(1)["area_fraction"].notna().all()
    assert rows.drop(1)["note"].isna().all()
    assert not (of_tile(made, 1)[2] & (Flag.CHARACTERISTIC | Flag.BOUNDARY)).any()
    assert (of_tile(made, 1)[2] & Flag.HIGH_POROSITY).any()
    assert 1 not in set(made.table("region_table_mulf")["tile"])
    summary = made.table("regions_summary").set_index("sample")
    assert summary["tiles_without_relevance"].to_dict() == {"S1": 1, "S2": 0, ALL: 1}
    known = rows[rows["sample"] == "S1"]["area_fraction"].dropna()
    assert summary.loc["S1", "area_fraction"] == pytest.approx(known.mean())


def test_a_study_without_any_relevance_has_empty_tables(made):
    stack = made.stack("relevance/mulf")
    stack.write(made.tiles, np.zeros((5, 384, 384), np.float32))
    find(made)
    assert made.table("regions_summary")["area_fraction"].isna().all()
    table = made.table("region_table_mulf")
    assert len(table) == 0
    assert "relevance_share" in table.columns


def test_constant_maps_are_all_low_and_noted(made):
    made.stack("mulf").write([made.tiles[3]], np.full((1, 384, 384), 0.25, np.float32))
    find(made)
    row = made.table("regions_mulf").iloc[3]
    assert row["note"] == "map of one grey level"
    assert (row["high_fraction"], row["regions_high"]) == (0, 0)
    assert row["area_fraction"] > 0


def test_relevance_that_is_no_number_is_refused(made):
    bad = made.stack("relevance/mulf").read([made.tiles[0]])
    bad[0, 5, 5] = np.nan
    made.stack("relevance/mulf").write([made.tiles[0]], bad)
    with pytest.raises(NpmError, match="NaN"):
        find(made)


def test_a_run_that_was_stopped_goes_on_to_the_same(made, made_folder, tmp_path):
    class Stop:
        left = 2

        def __call__(self, *_):
            self.left -= 1
            if self.left < 0:
                raise Cancelled

    with pytest.raises(Cancelled):
        run(made, ["regions"], progress=Stop(), scheduler="synchronous")
    assert not (made.results_folder / "region_table_mulf.csv").exists()
    outcome = find(made)
    assert 0 < outcome.computed < 4
    import shutil

    shutil.copytree(made_folder, tmp_path / "other")
    with Study.open(tmp_path / "other") as other:
        find(other)
        for name in ("regions_mulf", "region_table_mulf", "regions_summary"):
            pd.testing.assert_frame_equal(made.table(name), other.table(name))


def test_a_list_that_is_lost_or_damaged_is_made_again(made):
    find(made)
    item = f"mulf/{made.images[0].id}"
    assert set(read_regions(made, item)["tile"].tolist()) == {0, 1}
    region_path(made, item).unlink()
    with pytest.raises(NpmError, match="run the regions step"):
        read_regions(made, item)
    assert find(made).computed == 1
    region_path(made, item).write_bytes(b"PK nothing")
    with pytest.raises(NpmError, match="damaged"):
        find(made, confidence=0.6)
    region_path(made, item).unlink()
    assert find(made).computed == 1


def test_lists_of_images_that_are_gone_are_cleared_away(made):
    find(made)
    stray = region_path(made, "mulf/gone")
    stray.write_bytes(b"old")
    find(made, confidence=0.6)
    assert not stray.exists()


def test_flags_alone_decide_what_follows(made):
    find(made)
    before = {name: one.output for name, one in made.state("regions").records.items()}
    find(made, table_min_px=50)
    after = {name: one.output for name, one in made.state("regions").records.items()}
    assert after == before  # so S2 of the regions is not counted anew
