"""Figures by a preset, from the study's results to files."""

import csv

import numpy as np
import pytest
import tifffile
from PIL import Image

from napari_npm.core.errors import Cancelled, NpmError
from napari_npm.figures import overlay
from napari_npm.study import FigurePreset, draw_preset, write_preset
from napari_npm.study.figure_parts import _cut, subjects
from napari_npm.study.results import Flag
from napari_npm.study.store import Tile


@pytest.fixture
def figured(made):
    """Return a study with regions, too, so that every layer but the class difference is there."""
    stack = made.stack("regions/mulf")
    stack.prepare(made.tiles, "uint8", 52.0)
    rng = np.random.default_rng(1)
    stack.write(made.tiles, rng.integers(0, 8, (len(made.tiles), 384, 384), dtype=np.uint8))
    labels = np.zeros((384, 384), np.uint8)
    labels[:100, :100], labels[200:, :50] = 1, 2
    made.set_mask("S1-b", labels)
    return made


def names(study, **options):
    return [one.name for one in subjects(study, FigurePreset(**options))]


def test_what_is_shown_follows_layout_names_samples_and_seed(figured):
    montage = {"layout": "montage", "rows": 2, "columns": 2}
    assert names(figured) == ["S1-a@0,0"]
    assert names(figured, tiles=False) == ["S1-a"]
    assert names(figured, images=("S2-b", "S1-a@384,0"), layout="side_by_side") == [
        "S2-b@0,0",
        "S1-a@384,0",
    ]
    assert names(figured, samples=("S2",), **montage) == ["S2-a@0,0", "S2-b@0,0"]
    assert names(figured, **montage) == ["S1-a@0,0", "S1-a@384,0", "S1-b@0,0", "S2-a@0,0"]
    # two layers of each take twice the room
    assert len(names(figured, layers=("bse", "mulf"), **montage)) == 2
    assert names(figured, layout="side_by_side") == ["S1-a@0,0", "S2-a@0,0"]
    assert names(figured, layout="side_by_side", tiles=False, samples=("S2",)) == ["S2-a"]
    picked = {names(figured, pick=2, seed=seed, **montage)[0] for seed in range(8)}
    assert len(picked) > 1
    assert names(figured, pick=2, seed=3, **montage) == names(figured, pick=2, seed=3, **montage)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"images": ("S9",)}, "no image 'S9'"),
        ({"images": ("S1-a@1,1",)}, "named like S1-a@0,0"),
        ({"samples": ("S9",)}, "samples are S1, S2"),
        ({"layers": ("difference",)}, "no class difference by the MulF network yet"),
        ({"layers": ("relevance",), "network": "both"}, "MulF \\+ MicF network yet"),
        ({"scale_bar_um": 900.0}, "does not fit a panel"),
    ],
)
def test_what_cannot_be_drawn_is_said_in_a_sentence(figured, options, words):
    with pytest.raises(NpmError, match=words):
        draw_preset(figured, FigurePreset(**options))


def pictures(figure):
    """Return what the panels of a figure show."""
    shown = (axes.images[0].get_array() for axes in figure.axes)
    return [one for one in shown if one.ndim == 3]


def test_panels_are_the_overlays_of_the_paper(figured):
    tile = figured.tiles[0]
    kinds = ("mulf", "relevance/mulf", "regions/mulf")
    mulf, relevance, flags = (figured.stack(kind).read([tile])[0] for kind in kinds)
    high, green = (flags & Flag.HIGH_POROSITY) > 0, (flags & Flag.CHARACTERISTIC) > 0
    expected = [
        overlay.map_rgb(mulf, "cividis", (0.1, 0.9)),
        overlay.relevance_rgb(mulf, relevance, high),
        overlay.boundary_rgb(mulf, (flags & Flag.BOUNDARY) > 0, high),
        overlay.regions_rgb(mulf, green),
        overlay.extracted_rgb(mulf, green),
    ]
    preset = FigurePreset(
        layout="side_by_side",
        images=(tile.name,),
        layers=("mulf", "relevance", "boundary", "regions", "extracted"),
        colormap="cividis",
        low=0.1,
        high=0.9,
    )
    found = pictures(draw_preset(figured, preset))
    for one, picture in zip(found, expected, strict=True):
        assert np.abs(one / 255 - picture).max() <= 0.5 / 255 + 1e-6


def test_an_overlay_is_laid_over_every_panel(figured):
    options = {"layout": "side_by_side", "images": ("S1-b",), "layers": ("bse", "micf")}
    plain = pictures(draw_preset(figured, FigurePreset(**options)))
    laid = pictures(draw_preset(figured, FigurePreset(**options, overlays=("mask",))))
    masked = figured.mask("S1-b") > 0
    for before, after in zip(plain, laid, strict=True):
        changed = (before != after).any(2)
        assert not changed[~masked].any()
        assert changed[masked].mean() > 0.99


def test_colours_mean_the_same_in_every_panel(figured):
    preset = FigurePreset(layout="montage", layers=("relevance",), rows=2, columns=2)
    figure = draw_preset(figured, preset)
    labels = [axes.get_xlabel() for axes in figure.axes if axes.get_xlabel()]
    assert [label.split(" (")[0] for label in labels] == ["Relevance in LP", "Relevance in HP"]
    relevance = figured.stack("relevance/mulf").read(figured.tiles[:4])
    peak = overlay.relevance_peak(relevance)
    expected = overlay.relevance_rgb(
        figured.stack("mulf").read(figured.tiles[3:4])[0],
        relevance[3],
        (figured.stack("regions/mulf").read(figured.tiles[3:4])[0] & 4) > 0,
        peak=peak,
    )
    assert np.abs(pictures(figure)[3] / 255 - expected).max() <= 0.5 / 255 + 1e-6


def test_a_figure_is_written_as_its_preset_says(figured, tmp_path):
    preset = FigurePreset(column="double", dpi=100, layout="side_by_side", letters=True)
    (path,) = write_preset(figured, preset, tmp_path / "Fig 1.2")
    assert path == tmp_path / "Fig 1.2.png"
    with Image.open(path) as image:
        assert image.width == round(175 / 25.4 * 100)
    (again,) = write_preset(figured, preset, tmp_path / "b.png")
    assert path.read_bytes() == again.read_bytes()
    (other,) = write_preset(figured, preset, tmp_path / "b.tif")
    with Image.open(other) as image:
        assert image.format == "TIFF"
    with pytest.raises(NpmError, match=r"a\.gif"):
        write_preset(figured, preset, tmp_path / "a.gif")


def test_raw_data_are_the_numbers_behind_each_panel(figured, tmp_path):
    preset = FigurePreset(
        layout="side_by_side",
        images=("S1-a@384,0", "S2-a"),
        layers=("mulf", "relevance"),
        overlays=("regions",),
        dpi=80,
        raw_data=True,
    )
    figure, table, *files = write_preset(figured, preset, tmp_path / "a.png")
    assert figure.exists()
    assert {path.parent for path in (table, *files)} == {tmp_path / "a_data"}
    with table.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["file"] for row in rows} == {path.name for path in files}
    (row,) = [r for r in rows if (r["panel"], r["layer"]) == ("b", "Relevance")]
    assert (row["image"], row["tile_row"], row["tile_column"]) == ("S1-a", "384", "0")
    path = tmp_path / "a_data" / row["file"]
    kept = tifffile.imread(path)
    assert kept.dtype == np.float32
    np.testing.assert_array_equal(kept, figured.stack("relevance/mulf").read([figured.tiles[1]])[0])
    with tifffile.TiffFile(path) as file:
        assert file.imagej_metadata["unit"] == "nm"
        pixels, length = file.pages[0].tags["XResolution"].value
    assert length / pixels == pytest.approx(52.0)


def test_the_papers_figures_are_drawn_by_name_with_their_maps_or_curves(quick, tmp_path):
    preset = FigurePreset(layout="paper", figure="maps", dpi=80, raw_data=True, column="double")
    path, *files = write_preset(quick, preset, tmp_path / "maps.png")
    with Image.open(path) as image:
        assert image.width == pytest.approx(175 / 25.4 * 80, abs=1)
    assert len(files) == 4
    assert [tifffile.imread(one).dtype for one in files] == [np.float32] * 4
    preset = FigurePreset(layout="paper", figure="response", format="svg", raw_data=True)
    _, curves = write_preset(quick, preset, tmp_path / "response")
    with curves.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["series"]]
    assert len(rows) > 10
    with pytest.raises(NpmError, match=r"no figure 'fog'; those there are: .*maps"):
        draw_preset(quick, FigurePreset(layout="paper", figure="fog"))


def test_drawing_stops_when_asked(figured):
    calls = []

    def stop(done, total, message="", metrics=None):
        calls.append((done, total))
        if done == 1:
            raise Cancelled

    preset = FigurePreset(layout="montage", rows=2, columns=2)
    with pytest.raises(Cancelled):
        draw_preset(figured, preset, stop)
    assert calls == [(0, 5), (1, 5)]


def test_whole_images_are_shown_where_tiles_are_not_wanted(figured):
    figure = draw_preset(figured, FigurePreset(images=("S1-a",), tiles=False, layers=("bse",)))
    (picture,) = pictures(figure)
    assert picture.shape == (768, 384, 3)
    figure = draw_preset(figured, FigurePreset(images=("S1-a",), tiles=False))
    assert pictures(figure)[0].shape == (768, 384, 3)


def test_a_tile_of_an_image_is_cut_where_it_lies(figured):
    (shown,) = pictures(draw_preset(figured, FigurePreset(images=("S1-a@384,0",), layers=("bse",))))
    pixels = figured.read("S1-a").pixels
    low, high = np.percentile(pixels, (0.1, 99.9))
    grey = np.clip((pixels[384:] - low) / (high - low), 0, 1)
    assert np.abs(shown[..., 0] / 255 - grey).max() <= 0.5 / 255 + 1e-6
    wide = np.arange(900 * 1000).reshape(900, 1000)
    tile = Tile(0, "a", "S1", "a", 100, 300)
    np.testing.assert_array_equal(_cut(wide, tile), wide[100:484, 300:684])


def test_only_the_first_overlay_dims_what_lies_below(figured):
    tile = figured.tiles[0]
    flags = figured.stack("regions/mulf").read([tile])[0]
    high, green = (flags & Flag.HIGH_POROSITY) > 0, (flags & Flag.CHARACTERISTIC) > 0
    ground = overlay.map_rgb(figured.stack("mulf").read([tile])[0])
    first = overlay.regions_rgb(ground, green, brightness=0.6)
    expected = overlay.boundary_rgb(first, (flags & Flag.BOUNDARY) > 0, high, brightness=1.0)
    (shown,) = pictures(draw_preset(figured, FigurePreset(overlays=("regions", "boundary"))))
    assert np.abs(shown / 255 - expected).max() <= 0.5 / 255 + 1e-6


def test_vector_files_keep_every_pixel_at_any_width(figured, tmp_path):
    preset = FigurePreset(column="other", width_mm=25, dpi=72, scale_bar="none")
    (svg,) = write_preset(figured, preset, tmp_path / "a.svg")
    assert '"384" height="384"' in svg.read_text(encoding="utf-8").replace("width=", "")
    (png,) = write_preset(figured, preset, tmp_path / "a.png")
    with Image.open(png) as image:
        assert image.width == round(25 / 25.4 * 72)
