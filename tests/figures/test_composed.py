"""Composed figures measured in the files: scale bar, pixels, text, tags."""

import base64
import io
import re
import xml.etree.ElementTree as ElementTree
import zlib

import numpy as np
import pytest
import tifffile
from PIL import Image

from napari_npm.core.errors import NpmError
from napari_npm.figures import ColourScale, Look, Panel, Swatch, compose, look_of, save_figure
from napari_npm.figures.composed import letter_of
from napari_npm.figures.scale import BAR_NAME, LABEL_NAME, round_length
from napari_npm.io import read_sem

SVG = "{http://www.w3.org/2000/svg}"
LINK = "{http://www.w3.org/1999/xlink}href"
BLUE = (0, 0, 200)


def panel(width=384, height=384, pixel_size_nm=52.0, colour=BLUE):
    return Panel(np.full((height, width, 3), colour, np.uint8), pixel_size_nm)


def pixels_of(path):
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB")).astype(int)


def longest_run(flags):
    """Return the longest run of true values in any row, and its row."""
    runs = [
        max(map(len, "".join("x" if f else " " for f in row).split()), default=0) for row in flags
    ]
    return max(runs), int(np.argmax(runs))


def measured(pixels, colour=BLUE):
    """Return the width of the first panel and the length of the white bar, both in pixels."""
    wide, _ = longest_run((pixels == colour).all(2))
    # the bar lies in a dark box, so white of this length is nothing else
    box = (pixels.max(2) > 250) & (np.cumsum((pixels == colour).all(2), 1) > 0)
    inside = box & (np.cumsum((pixels == colour).all(2)[:, ::-1], 1)[:, ::-1] > 0)
    return wide, longest_run(inside)[0]


@pytest.mark.parametrize("suffix", ["png", "tif"])
@pytest.mark.parametrize(
    ("pixel_size_nm", "length_um", "width_mm", "dpi", "width_px"),
    [
        (52.0, None, 85.0, 300, 384),
        (52.0, 5.0, 85.0, 300, 384),
        (52.0, 3.7, 62.3, 254, 384),
        (104.0, None, 175.0, 150, 768),
        (8.993, 0.5, 85.0, 600, 384),
        (52.0, 50.0, 50.0, 200, 3000),
    ],
)
def test_the_scale_bar_is_right_to_the_pixel(
    tmp_path, suffix, pixel_size_nm, length_um, width_mm, dpi, width_px
):
    look = Look(scale_bar_um=length_um)
    one = panel(width_px, width_px // 2, pixel_size_nm)
    figure = compose([one], look=look, width_mm=width_mm, dpi=dpi)
    pixels = pixels_of(save_figure(figure, tmp_path / f"a.{suffix}", dpi=dpi))
    assert pixels.shape[1] == round(width_mm / 25.4 * dpi)
    wide, bar = measured(pixels)
    length = length_um or float(label_of(figure).split()[0])
    exact = length * 1000 / pixel_size_nm / width_px * wide
    assert abs(bar - exact) <= 0.5 + 1e-6


def label_of(figure):
    (label,) = [text for text in figure.texts if text.get_gid() == LABEL_NAME]
    return label.get_text()


@pytest.mark.parametrize(
    ("width_um", "length"), [(19.968, 5.0), (3.4, 1.0), (0.9, 0.2), (14.3, 5.0), (5800, 2000.0)]
)
def test_a_length_of_its_own_is_round(width_um, length):
    assert round_length(width_um) == pytest.approx(length)


def test_a_millimetre_is_called_so():
    assert label_of(compose([panel(pixel_size_nm=15000.0)])) == "2 mm"


@pytest.mark.parametrize("suffix", ["png", "tif"])
def test_pixels_of_the_figure_are_of_the_size_that_its_file_tells(tmp_path, suffix):
    grey = (100, 100, 100)
    figure = compose([panel(colour=grey)] * 2, columns=2, width_mm=85, dpi=300)
    path = save_figure(figure, tmp_path / f"a.{suffix}", dpi=300)
    wide, _ = measured(pixels_of(path), grey)
    size = 384 * 52.0 / wide
    with Image.open(path) as image:
        assert image.info["dpi"] == pytest.approx((300, 300), abs=0.1)
        if suffix == "png":
            assert float(image.info["PixelSize"].split()[0]) == pytest.approx(size, rel=1e-5)
    if suffix == "tif":
        with tifffile.TiffFile(path) as file:
            tags = file.pages[0].tags
            assert tags["ResolutionUnit"].value == 2  # inch
            assert tags["XResolution"].value == (300, 1)
            assert 'PhysicalSizeXUnit="nm"' in tags["ImageDescription"].value
        # the program's own reader takes the material's scale, not the paper's
        assert read_sem(path).pixel_size_nm == pytest.approx(size, rel=1e-5)


def test_where_panels_differ_in_scale_each_has_its_bar_and_the_file_has_no_pixel_size(tmp_path):
    figure = compose([panel(), panel(pixel_size_nm=104.0)], columns=2)
    assert figure.pixel_size_nm is None
    labels = [text.get_text() for text in figure.texts if text.get_gid() == LABEL_NAME]
    assert labels == ["5 µm", "10 µm"]
    with tifffile.TiffFile(save_figure(figure, tmp_path / "a.tif")) as file:
        assert "ImageDescription" not in file.pages[0].tags


@pytest.mark.parametrize(("rule", "bars"), [("none", 0), ("first", 1), ("last", 1), ("every", 4)])
def test_scale_bars_are_where_they_are_asked_for(rule, bars):
    figure = compose([panel()] * 4, columns=2, look=Look(scale_bar=rule))
    labels = [text for text in figure.texts if text.get_gid() == LABEL_NAME]
    assert len(labels) == bars
    if rule in ("first", "last"):
        x, y = labels[0].get_position()
        assert (x < 0.5, y > 0.5) == ((rule == "first"),) * 2


def test_a_bar_without_room_and_panels_too_small_are_refused():
    with pytest.raises(NpmError, match="100 µm does not fit a panel that is 20 µm"):
        compose([panel()], look=Look(scale_bar_um=100))
    with pytest.raises(NpmError, match="fewer columns"):
        compose([panel()] * 40, columns=40, width_mm=85)
    with pytest.raises(NpmError, match="at least one"):
        compose([])


NOISE = np.random.default_rng(3).integers(0, 256, (384, 384, 3), dtype=np.uint8)


def vector(tmp_path, suffix):
    figure = compose(
        [Panel(NOISE, 52.0), Panel(NOISE[::-1], 52.0)],
        columns=2,
        title="Two maps",
        row_titles=["S1"],
        scales=[ColourScale("Porosity", 0, 1, "viridis")],
        swatches=[Swatch("region", "green")],
        look=Look(letters=True, scale_bar_um=5, whole_pixels=True),
        width_mm=60,
    )
    return save_figure(figure, tmp_path / f"a.{suffix}", dpi=100)


WORDS = {"Two maps", "S1", "a", "b", "5 µm", "Porosity", "region"}


def test_svg_holds_text_as_text_and_images_at_native_resolution(tmp_path):
    root = ElementTree.parse(vector(tmp_path, "svg")).getroot()
    texts = {"".join(text.itertext()).strip() for text in root.iter(f"{SVG}text")}
    assert texts >= WORDS
    found = []
    for image in root.iter(f"{SVG}image"):
        data = base64.b64decode(image.get(LINK).partition(",")[2])
        found.append(np.asarray(Image.open(io.BytesIO(data)).convert("RGB")))
    maps = [one for one in found if one.shape == NOISE.shape]
    assert len(maps) == 2
    # a renderer may write rows from the bottom and flip the picture by its transform
    for one, expected in zip(maps, (NOISE, NOISE[::-1]), strict=True):
        assert (one == expected).all() or (one == expected[::-1]).all()
    # the bar in the file's own units, against the image that it measures
    (bar,) = [g for g in root.iter(f"{SVG}g") if g.get("id") == BAR_NAME]
    points = re.findall(r"[ML] (-?[\d.]+) ", bar.find(f"{SVG}path").get("d"))
    length = max(map(float, points)) - min(map(float, points))
    image = next(root.iter(f"{SVG}image"))
    scale = re.match(r"matrix\(([\d.]+) ", image.get("transform"))
    wide = float(image.get("width")) * float(scale.group(1))
    assert length == pytest.approx(5000 / 52 / 384 * wide, rel=2e-3)


def test_pdf_holds_text_as_text_and_images_at_native_resolution(tmp_path):
    data = vector(tmp_path, "pdf").read_bytes()
    assert b"/Subtype /Type3" not in data
    assert b"/FontFile2" in data
    sizes = [
        (int(re.search(rb"/Width (\d+)", head)[1]), int(re.search(rb"/Height (\d+)", head)[1]))
        for head in re.findall(rb"<<([^>]*?/Subtype /Image[^>]*?)>>", data)
        if b"DeviceGray" not in head
    ]
    assert sizes.count((384, 384)) == 2
    streams = re.findall(rb"stream\r?\n(.*?)\r?\nendstream", data, re.DOTALL)
    page = b"".join(content(one) for one in streams)
    # two bytes a letter
    shown = b"".join(re.findall(rb"\(((?:[^()\\]|\\.)*)\)", page)).replace(b"\0", b"")
    for words in WORDS:
        assert words.encode("latin-1") in shown


def content(stream):
    try:
        text = zlib.decompress(stream)
    except zlib.error:
        return b""
    return text if b" Tf" in text else b""


def test_the_same_figure_gives_the_same_file(tmp_path):
    for suffix in ("png", "tif"):
        figures = (compose([panel()], width_mm=40) for _ in range(2))
        first, second = (
            save_figure(one, tmp_path / f"{k}.{suffix}") for k, one in enumerate(figures)
        )
        assert first.read_bytes() == second.read_bytes()


@pytest.mark.parametrize(("background", "corner"), [("white", 255), ("black", 0)])
def test_the_background_is_that_asked_for(tmp_path, background, corner):
    with look_of(background=background):
        figure = compose([panel()], title="A", width_mm=40)
    pixels = pixels_of(save_figure(figure, tmp_path / "a.png"))
    assert (pixels[0, 0] == corner).all()


@pytest.mark.parametrize("suffix", ["png", "tif"])
def test_a_transparent_background_lets_the_page_through(tmp_path, suffix):
    with look_of(background="transparent"):
        figure = compose([panel()], title="A", width_mm=40)
    with Image.open(save_figure(figure, tmp_path / f"a.{suffix}")) as image:
        pixels = np.asarray(image)
    assert pixels.shape[2] == 4
    assert pixels[0, 0, 3] == 0
    assert (pixels[pixels.shape[0] // 2, pixels.shape[1] // 2] == (*BLUE, 255)).all()


def test_letters_go_on_after_z():
    assert [letter_of(k) for k in (0, 8, 25, 26, 27, 52)] == ["a", "i", "z", "aa", "ab", "ba"]


def test_a_picture_larger_than_its_panel_is_averaged_unless_pixels_are_to_stay(tmp_path):
    # one pixel in four is white: a quarter grey from afar
    fine = np.zeros((1200, 1200, 3), np.uint8)
    fine[::2, ::2] = 255
    one = Panel(fine, None)
    (shown,) = compose([one], width_mm=40, dpi=100).axes
    small = np.asarray(shown.images[0].get_array())
    assert small.shape[1] < 200
    assert abs(small.astype(float).mean() - 255 / 4) < 2
    (shown,) = compose([one], look=Look(whole_pixels=True), width_mm=40, dpi=100).axes
    assert (shown.images[0].get_array() == fine).all()
