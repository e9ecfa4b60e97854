"""The describe step's tables against the functions that they are made of."""

import numpy as np
import pytest
from scipy.stats import f_oneway

from napari_npm.core.descriptors import average_pore_size, porosity
from napari_npm.core.errors import NpmError
from napari_npm.core.minkowski import minkowski
from napari_npm.core.pores import find_pores
from napari_npm.core.runs import count_runs
from napari_npm.core.statistics import tukey_kramer
from napari_npm.core.thickness import local_thickness
from napari_npm.study import Study, run
from napari_npm.study.descriptor_counts import counts_path
from napari_npm.study.reporting.statistics import statistics
from napari_npm.study.statistics_drawing import statistics_figures
from napari_npm.study.statistics_tables import statistics_tables

TABLES = [
    "describe", "pore_sizes", "pore_distribution", "fractions", "nearest_mean", "anova",
    "tukey_kramer", "welch_anova", "games_howell", "assumptions", "nesting",
]  # fmt: skip
SHAPES = ["lineal_path", "chord_lengths", "local_thickness", "minkowski"]


@pytest.fixture(scope="module")
def described(made_folder, tmp_path_factory):
    """Two samples of two specimens; the first image has two tiles."""
    import shutil

    folder = tmp_path_factory.mktemp("described") / "study"
    shutil.copytree(made_folder, folder)
    with Study.open(folder) as study:
        study.set_parameters("describe", shapes=True)
        run(study, ["describe"], scheduler="synchronous")
        yield study


def maps_of(study, sample):
    tiles = [tile for tile in study.tiles if tile.sample == sample]
    return study.stack("mulf").read(tiles)


def test_every_table_is_written_and_named(described):
    made = described.state("describe").finish.files
    assert set(made) == {f"results/{name}.csv" for name in TABLES + SHAPES}


def test_a_row_a_tile_with_the_columns_as_before(described):
    table = described.table("describe")
    assert list(table.columns[:16]) == [
        "tile", "image", "sample", "specimen", "row", "col", "porosity", "pore_area_nm2",
        "pore_diameter_nm", "pores", "isodata_level", "fraction_0_0.2", "fraction_0.2_0.4",
        "fraction_0.4_0.6", "fraction_0.6_0.8", "fraction_0.8_1",
    ]  # fmt: skip
    maps = described.stack("mulf").read(described.tiles)
    assert table["porosity"].to_numpy() == pytest.approx(porosity(maps))
    for one, row in zip(maps, table.itertuples(), strict=True):
        size = average_pore_size(one, 52)
        assert row.pore_area_nm2 == pytest.approx(size.mean_area_nm2)
        assert [int(root) for root in str(row.isodata_roots).split()] == list(size.roots)
        pores = find_pores(one)
        assert row.cut_pores == pores.cut.sum()
        assert row.cut_pore_area == pytest.approx(pores.cut_share)
        high = pores.split.high
        assert row.chord_solid_nm == pytest.approx(52 * count_runs(~high).mean_chord)
        assert row.thickness_pore_nm == pytest.approx(52 * local_thickness(high)[high].mean())
        found = minkowski(one)
        area_um2 = one.size * 0.052**2
        level = row.isodata_level
        assert row.euler_per_um2 == pytest.approx(found.euler[level] / area_um2)
        assert row.perimeter_per_um == pytest.approx(0.052 * found.perimeter[level] / area_um2)


def test_pores_of_all_tiles_of_a_sample_are_put_together(described):
    table, summary = described.table("pore_distribution"), described.table("pore_sizes")
    for sample in ("S1", "S2"):
        areas = np.concatenate([find_pores(one).areas for one in maps_of(described, sample)])
        rows = table[table["sample"] == sample]
        assert rows["pixels"].tolist() == sorted(set(areas.tolist()))
        assert np.repeat(rows["pixels"], rows["pores"]).tolist() == sorted(areas.tolist())
        assert rows["area_finer"].iloc[-1] == pytest.approx(1)
        line = summary[summary["sample"] == sample].iloc[0]
        assert line["pores"] == areas.size
        assert line["mean_area_nm2"] == pytest.approx(areas.mean() * 2704)
        assert line["single_pixel_pores"] == pytest.approx(np.mean(areas == 1))
        cut = [find_pores(one) for one in maps_of(described, sample)]
        share = sum(one.areas[one.cut].sum() for one in cut) / areas.sum()
        assert line["cut_pore_area"] == pytest.approx(share)


def test_volume_fractions_with_their_spread_over_tiles_and_specimens(described):
    tiles, table = described.table("describe"), described.table("fractions")
    own = tiles[tiles["sample"] == "S1"]["fraction_0.2_0.4"]
    means = own.groupby(tiles["specimen"]).mean()
    line = table[(table["sample"] == "S1") & (table["porosity_from"] == 0.2)].iloc[0]
    assert table["porosity_to"].tolist() == 2 * [0.2, 0.4, 0.6, 0.8, 1.0]
    assert (line["tiles"], line["specimens"]) == (3, 2)
    assert line["mean"] == pytest.approx(own.mean())
    assert line["sd_tiles"] == pytest.approx(own.std())
    assert line["sd_specimens"] == pytest.approx(means.std())


def test_shapes_are_summed_over_the_tiles(described):
    maps = maps_of(described, "S1")
    path = described.table("lineal_path")
    own = path[(path["sample"] == "S1") & (path["phase"] == "pore")]
    runs = [count_runs(find_pores(one).split.high) for one in maps]
    total = runs[0] + runs[1] + runs[2]
    assert own["probability"].to_numpy() == pytest.approx(total.lineal_path[:-1])
    assert own["r_um"].iloc[10] == pytest.approx(0.52)
    chords = described.table("chord_lengths")
    own = chords[(chords["sample"] == "S1") & (chords["phase"] == "pore")]
    assert own["chords"].sum() == total.inside.sum()
    levels = described.table("minkowski")
    own = levels[levels["sample"] == "S1"]
    assert own["area_fraction"].iloc[76] == pytest.approx(np.mean(np.rint(maps * 255) > 76))
    thick = described.table("local_thickness")
    assert thick.groupby(["sample", "phase"])["area_share"].sum().to_numpy() == pytest.approx(
        np.ones(4)
    )


def test_comparisons_stand_for_tiles_and_for_specimens(described):
    table = described.table("describe")
    anova = described.table("anova").set_index(["descriptor", "level"])
    by_tile = [part["porosity"] for _, part in table.groupby("sample")]
    by_specimen = [
        part.groupby("specimen")["porosity"].mean() for _, part in table.groupby("sample")
    ]
    for level, parts in (("tile", by_tile), ("specimen", by_specimen)):
        assert anova.loc[("porosity", level), "p_value"] == pytest.approx(f_oneway(*parts).pvalue)
    rows = described.table("tukey_kramer")
    expected = tukey_kramer(table["porosity"], table["sample"], groups=table["specimen"])[0]
    line = rows[(rows["descriptor"] == "porosity") & (rows["level"] == "specimen")].iloc[0]
    assert line["critical_range"] == pytest.approx(expected.critical_range)
    assert line["conclusion"] == expected.conclusion
    nearest = described.table("nearest_mean")
    assert nearest["descriptor"].tolist() == ["porosity", "pore_area_nm2", "both"]
    assert nearest["accuracy_left_out"].between(0, 1).all()


def test_report_and_figures_show_it_with_the_test_on_specimens_first(described):
    section = statistics(described)
    captions = [table.caption for table in section.tables]
    assert "specimen means" in captions[1]
    assert "the test to rely on" in captions[1]
    assert "on tiles" in captions[2]
    assert section.tables[1].columns[:8] == (
        "Descriptor", "First group", "Second group", "First mean", "Second mean",
        "Absolute difference", "Critical range (CR-TK)", "Conclusion",
    )  # fmt: skip
    assert section.paragraphs[0].startswith("On specimen means, the test to rely on")
    found = {one.name: one for one in statistics_figures(described)}
    for name in ("descriptors", "fractions", "pore_sizes", "comparison", "shapes"):
        assert name in section.figures
        found[name].draw()
    rows = described.table("tukey_kramer")
    line = rows[(rows["descriptor"] == "porosity") & (rows["level"] == "specimen")].iloc[0]
    (drawn,) = found["comparison"].draw().axes[0].lines[0].get_xdata()
    assert drawn == pytest.approx(line["second_mean"] - line["first_mean"])


def test_another_confidence_counts_nothing_anew(made):
    outcome = run(made, ["describe"], scheduler="synchronous")[0]
    assert outcome.computed == 4
    wide = made.table("tukey_kramer")["critical_range"]
    made.set_parameters("describe", confidence=0.5)
    outcome = run(made, ["describe"], scheduler="synchronous")[0]
    assert outcome.computed == 0
    assert (made.table("tukey_kramer")["critical_range"] < wide).all()
    assert not (made.results_folder / "lineal_path.csv").exists()
    lost = counts_path(made, made.images[0].id)
    lost.unlink()
    assert run(made, ["describe"], scheduler="synchronous")[0].computed == 1
    assert lost.exists()


def test_constant_maps_are_described(made):
    flat = np.full((len(made.tiles), 384, 384), 0.25, np.float32)
    made.stack("mulf").write(made.tiles, flat)
    made.set_parameters("describe", shapes=True)
    run(made, ["describe"], scheduler="synchronous")
    table = made.table("describe")
    assert table["pores"].tolist() == [0] * 5
    assert table["isodata_roots"].isna().all()
    assert made.table("anova")["p_value"].tolist() == [1.0] * 4
    assert len(made.table("pore_distribution")) == 0
    assert len(made.table("nesting")) == 0
    section = statistics(made)
    assert any("one grey level only" in text for text in section.paragraphs)
    for one in statistics_figures(made):
        one.draw()


def test_maps_that_hold_nan_are_named(made):
    maps = made.stack("mulf").read(made.tiles)
    maps[3, 7, 9] = np.nan
    made.stack("mulf").write(made.tiles, maps)
    with pytest.raises(NpmError, match=f"porosity of {made.tiles[3].name} holds"):
        run(made, ["describe"], scheduler="synchronous")


def test_other_names_of_samples_and_specimens_need_no_new_counts(made):
    run(made, ["describe"], scheduler="synchronous")
    before = made.table("describe")
    samples = [one.model_copy(update={"name": f"new {one.name}"}) for one in made.samples]
    images = [
        one.model_copy(update={"sample": f"new {one.sample}", "specimen": "one"})
        for one in made.images
    ]
    made.save(samples=tuple(samples), images=tuple(images))
    assert run(made, ["describe"], scheduler="synchronous")[0].computed == 0
    table = made.table("describe")
    assert table["sample"].tolist() == [f"new {name}" for name in before["sample"]]
    assert set(table["specimen"]) == {"one"}
    assert table["porosity"].equals(before["porosity"])
    assert made.table("pore_sizes")["sample"].tolist() == ["new S1", "new S2"]
    assert set(made.table("tukey_kramer")["level"]) == {"tile"}


def test_damaged_counts_are_named_with_the_way_out(made):
    run(made, ["describe"], scheduler="synchronous")
    path = counts_path(made, made.images[0].id)
    path.write_bytes(path.read_bytes()[:90])
    made.set_parameters("describe", confidence=0.5)
    with pytest.raises(NpmError, match=r"is damaged: run .*describe --force"):
        run(made, ["describe"], scheduler="synchronous")
    assert run(made, ["describe"], scheduler="synchronous", force=True)[0].computed == 4


def test_tables_of_shapes_go_with_them(made):
    made.set_parameters("describe", shapes=True)
    run(made, ["describe"], scheduler="synchronous")
    assert made.table("lineal_path") is not None
    made.set_parameters("describe", shapes=False)
    run(made, ["describe"], scheduler="synchronous")
    assert made.table("lineal_path") is None


def rows_of(samples, specimens, tiles, seed=0):
    rng = np.random.default_rng(seed)
    return [
        {
            "sample": f"S{s}",
            "specimen": f"p{p}",
            "porosity": rng.normal(0.2, 0.02),
            "pore_area_nm2": rng.normal(1e5, 1e4),
        }
        for s in range(samples)
        for p in range(specimens)
        for _ in range(tiles)
    ]


@pytest.mark.parametrize(
    ("numbers", "levels"),
    [
        ((3, 1, 1), {}),
        ((3, 1, 4), {"tile"}),
        ((3, 4, 1), {"tile", "specimen"}),
        ((2, 3, 2), {"tile", "specimen"}),
    ],
)
def test_tests_that_samples_do_not_allow_have_no_row(numbers, levels):
    found = statistics_tables(rows_of(*numbers), 0.9)
    for name in ("anova", "tukey_kramer", "welch_anova", "games_howell"):
        assert {row["level"] for row in found[name]} == set(levels)
    assert len(found["nearest_mean"]) == 3
    assert len(found["nesting"]) == (2 if numbers == (2, 3, 2) else 0)
    left_out = [row["accuracy_left_out"] for row in found["nearest_mean"]]
    assert np.isnan(left_out).all() == (numbers[1] == 1)


def test_one_sample_is_not_compared():
    assert statistics_tables(rows_of(1, 3, 3), 0.9) == {}
