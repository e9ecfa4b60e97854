"""All 14 real files: what comes out, against what their sources say of them."""

import math

import numpy as np
import pytest
import tifffile
from PIL import Image

from napari_npm.io import read_sem

# file: vendor, rows, columns, bytes a pixel, nm a pixel, kV, detector, data bar rows
FACTS = {
    "fei/helios-bse-fib-001.tif": ("FEI", 2007, 1618, 1, 8.993, 2, "TLD BSE", 0),
    "fei/helios-bse-fib-002.tif": ("FEI", 2007, 1618, 1, 8.993, 2, "TLD BSE", 0),
    "fei/c3s-28d-bib.tif": ("FEI", 1768, 2048, 1, 0.729, 2, "TLD SE", 118),
    "fei/c3s-28d-cryo-042.tif": ("FEI", 1768, 2048, 1, 1.457, 2, "TLD SE", 118),
    "fei/helios-16bit-blank.tif": ("FEI", 442, 512, 2, 3372.4, 5, "ETD SE", 29),
    "bad/fei-bad-floats.tif": ("FEI", 512, 768, 1, None, None, "Nav-Cam", 39),
    "bad/hitachi-saturated.tif": ("", 240, 320, 2, None, None, None, 0),
    "zeiss/zeiss-1k.tif": ("Zeiss", 768, 1024, 1, 2615, 25, "HE-SE2", 0),
    "zeiss/zeiss-512.tif": ("Zeiss", 384, 512, 1, 11.65, 5, "InLens", 0),
    "zeiss/nanoporous-gold.tif": ("Zeiss", 768, 1024, 1, 0.543, 20, "InLens", 0),
    "cement/cement-paste-A.bmp": ("", 800, 800, 1, None, None, None, 0),
    "cement/cement-paste-B.bmp": ("", 800, 800, 1, None, None, None, 0),
    "cement/hitachi-cement-5kV-rgba.tif": ("", 225, 238, 1, None, None, None, 0),
    "pores/c3s-28d-pores-005.tif": ("ImageJ", 1642, 2040, 1, 5.828, None, None, 0),
}

# file: words of the warnings it must give; all others must not say these words
WARNINGS = {
    "cropped": {"fei/helios-bse-fib-001.tif", "fei/helios-bse-fib-002.tif"},
    "changed the grey values digitally": {
        "fei/c3s-28d-bib.tif",
        "fei/helios-16bit-blank.tif",
        "bad/fei-bad-floats.tif",
    },
    "blank": {"fei/helios-16bit-blank.tif", "bad/fei-bad-floats.tif"},
    "two grey values": {"pores/c3s-28d-pores-005.tif"},
    "how high the data bar is": {name for name in FACTS if name.startswith("zeiss/")},
    # The white data bars of the Zeiss files count as well, and the warning says so.
    "saturated": {
        "bad/hitachi-saturated.tif",
        "zeiss/zeiss-1k.tif",
        "zeiss/zeiss-512.tif",
        "zeiss/nanoporous-gold.tif",
    },
    "gives no pixel size": {name for name, facts in FACTS.items() if facts[4] is None},
    "not square": set(),
    "lossy": set(),
}


@pytest.mark.parametrize("name", FACTS)
def test_facts(real_data, name):
    vendor, rows, columns, size, pixel_size, kv, detector, databar = FACTS[name]
    image = read_sem(real_data / name)
    assert image.vendor == vendor
    assert image.pixels.shape == (rows, columns)
    assert image.pixels.dtype == np.dtype(f"u{size}")
    if pixel_size is None:
        assert image.pixel_size_nm is None
    else:
        # The sources give four digits or fewer; half a unit of the last is the tolerance.
        digit = 10.0 ** (math.floor(math.log10(pixel_size)) - 3)
        assert image.pixel_size_nm == pytest.approx(pixel_size, abs=max(digit, 5e-4))
    assert image.kv == kv
    assert image.detector == detector
    assert image.databar_rows == databar


@pytest.mark.parametrize("name", FACTS)
def test_warnings(real_data, name):
    said = " ".join(read_sem(real_data / name).warnings)
    for words, files in WARNINGS.items():
        assert (words in said) == (name in files), words


@pytest.mark.parametrize("name", [name for name in FACTS if name.endswith(".tif")])
def test_tiff_pixels_are_those_of_the_file(real_data, name):
    image = read_sem(real_data / name)
    stored = tifffile.imread(real_data / name, key=0)
    if stored.ndim == 3:
        np.testing.assert_array_equal(stored[..., 0], stored[..., 1])
        stored = stored[..., 0]
    assert stored.shape[0] == image.pixels.shape[0] + image.databar_rows
    np.testing.assert_array_equal(image.pixels, stored[: image.pixels.shape[0]])


@pytest.mark.parametrize("name", ["cement/cement-paste-A.bmp", "cement/cement-paste-B.bmp"])
def test_grey_stored_as_rgb(real_data, name):
    with Image.open(real_data / name) as stored:
        assert stored.mode == "RGB"
        green = np.asarray(stored)[..., 1]
    np.testing.assert_array_equal(read_sem(real_data / name).pixels, green)


def test_every_file_of_the_folder_is_covered(real_data):
    found = {
        path.relative_to(real_data).as_posix()
        for path in real_data.rglob("*")
        if path.is_file() and path.suffix != ".md"
    }
    assert found == set(FACTS)
