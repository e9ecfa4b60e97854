import io
import re

import matplotlib as mpl
import numpy as np
import pytest
import tifffile
from matplotlib.figure import Figure
from PIL import Image

from napari_npm.core.errors import NpmError
from napari_npm.figures import look_of, porosity_figure, save_figure

MAP = np.random.default_rng(0).random((30, 40)).astype(np.float32)


@pytest.fixture
def figure():
    return porosity_figure(MAP, 52.0, title="Sample S1")


@pytest.mark.parametrize(("suffix", "width"), [("png", 85.0), ("tif", 85.0), ("tiff", 60.0)])
def test_width_and_resolution_are_those_asked_for(tmp_path, figure, suffix, width):
    size = tuple(figure.get_size_inches())
    path = save_figure(figure, tmp_path / f"map.{suffix}", width_mm=width, dpi=254)
    with Image.open(path) as image:
        assert image.width == pytest.approx(width * 10, abs=1)
        drawn = porosity_figure(MAP, 52.0, title="Sample S1", width_mm=width)
        assert image.height == pytest.approx(drawn.get_figheight() * 254, abs=1)
        assert image.info["dpi"] == pytest.approx((254, 254), abs=0.5)
        assert image.format == ("PNG" if suffix == "png" else "TIFF")
    assert tuple(figure.get_size_inches()) == size


def test_another_width_keeps_the_size_of_text_and_draws_the_same_map(tmp_path, figure):
    texts = {
        width: re.findall(
            r"font-size: ([\d.]+)px[^>]*>Sample S1<",
            save_figure(figure, tmp_path / "map.svg", width_mm=width).read_text(encoding="utf-8"),
        )
        for width in (50.0, 85.0, 120.0)
    }
    assert texts == {50.0: ["7"], 85.0: ["7"], 120.0: ["7"]}


def test_any_other_figure_is_stretched_and_left_as_it_was(tmp_path):
    other = Figure(figsize=(2, 1))
    other.subplots().plot([1, 2])
    with Image.open(save_figure(other, tmp_path / "a.png", width_mm=101.6, dpi=100)) as image:
        assert image.size == (400, 200)
    assert tuple(other.get_size_inches()) == (2, 1)


@pytest.mark.parametrize("suffix", ["png", "svg", "pdf", "tif"])
def test_the_same_figure_gives_the_same_bytes(tmp_path, suffix):
    first, second = (
        save_figure(porosity_figure(MAP, 52.0), tmp_path / name / f"map.{suffix}").read_bytes()
        for name in ("a", "b")
    )
    assert first == second
    assert not re.search(rb"CreationDate|ModDate|<dc:date>|20\d\d-\d\d-\d\d", first)
    assert sorted(p.name for p in (tmp_path / "a").iterdir()) == [f"map.{suffix}"]


def test_text_stays_text(tmp_path, figure):
    text = save_figure(figure, tmp_path / "map.svg").read_text(encoding="utf-8")
    assert ">Sample S1</text>" in text
    pdf = save_figure(figure, tmp_path / "map.pdf").read_bytes()
    assert b"/Subtype /Type3" not in pdf
    assert b"/FontFile2" in pdf


def test_the_settings_of_matplotlib_are_left_as_they_were(tmp_path, figure):
    before = dict(mpl.rcParams)
    save_figure(porosity_figure(MAP, 52.0), tmp_path / "map.svg")
    assert dict(mpl.rcParams) == before


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("map.gif", {}),
        ("map", {}),
        ("map.png", {"width_mm": 0.0}),
        ("map.png", {"width_mm": float("nan")}),
        ("map.png", {"dpi": 1e6}),
    ],
)
def test_what_cannot_be_saved_is_refused_and_leaves_nothing(tmp_path, figure, name, options):
    with pytest.raises(NpmError):
        save_figure(figure, tmp_path / name, **options)
    assert list(tmp_path.iterdir()) == []


def bar_length_px(figure):
    """Length in pixels of the white scale bar on a black map, and of the map, in a rendered PNG."""
    buffer = io.BytesIO()
    axes = figure.axes[0]
    figure.savefig(buffer, dpi=600, format="png")
    pixels = np.asarray(Image.open(buffer).convert("L"))
    box = axes.get_window_extent()
    scale = 600 / figure.dpi
    left, right = int(box.x0 * scale) + 5, int(box.x1 * scale) - 5
    top = pixels.shape[0] - int(box.y1 * scale) + 5
    bottom = pixels.shape[0] - int(box.y0 * scale) - 5
    white = pixels[top:bottom, left:right] > 128
    runs = [
        max(map(len, "".join("#" if w else " " for w in row).split()), default=0) for row in white
    ]
    return max(runs), box.width * scale


@pytest.mark.parametrize("pixel_size_nm", [0.729, 8.993, 52.0, 104.0, 2615.0])
def test_the_scale_bar_is_as_long_as_it_says(pixel_size_nm):
    black = np.zeros((200, 200))
    figure = porosity_figure(black, pixel_size_nm, colormap="gray")
    length, map_width = bar_length_px(figure)
    value, unit = read_label(figure)
    nm = value * {"nm": 1.0, "µm": 1e3, "mm": 1e6}[unit]
    expected = nm / (200 * pixel_size_nm) * map_width
    assert length == pytest.approx(expected, rel=0.01)


def read_label(figure):
    """Return the number and unit that the scale bar carries, from the text of the SVG."""
    buffer = io.StringIO()
    with mpl.rc_context({"svg.fonttype": "none"}):
        figure.savefig(buffer, format="svg")
    found = re.findall(r">([\d.]+) (nm|µm|mm)</text>", buffer.getvalue())
    assert len(found) == 1
    return float(found[0][0]), found[0][1]


@pytest.mark.parametrize(("background", "channels"), [("white", 3), ("transparent", 4)])
def test_a_tiff_has_alpha_only_where_something_shines_through(tmp_path, background, channels):
    with look_of(background=background):
        figure = porosity_figure(MAP, 52.0)
    figure.pixel_size_nm = None
    pixels = tifffile.imread(save_figure(figure, tmp_path / "map.tif"))
    assert pixels.shape[2] == channels
