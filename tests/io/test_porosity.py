import numpy as np
import pytest
import tifffile
from PIL import Image

from napari_npm.core.errors import NpmError
from napari_npm.io import read_porosity, write_channels, write_image

MAP = np.random.default_rng(1).random((20, 30)).astype(np.float32)


def test_floating_point_is_taken_as_it_is(tmp_path):
    write_image(tmp_path / "a.tif", MAP, 52.0)
    porosity, size = read_porosity(tmp_path / "a.tif")
    np.testing.assert_array_equal(porosity, MAP)
    assert size == pytest.approx(52)
    tifffile.imwrite(tmp_path / "b.tif", MAP.astype(np.float64))
    porosity, size = read_porosity(tmp_path / "b.tif")
    np.testing.assert_array_equal(porosity, MAP)
    assert porosity.dtype == np.float32
    assert size is None


@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
def test_the_highest_number_of_the_type_is_one(tmp_path, kind):
    top = np.iinfo(kind).max
    levels = np.rint(MAP * top).astype(kind)
    levels[0, :2] = (0, top)
    write_image(tmp_path / "a.tif", levels, 52.0)
    porosity, _ = read_porosity(tmp_path / "a.tif")
    np.testing.assert_allclose(porosity, levels / top, rtol=1e-6)
    assert (porosity.min(), porosity.max()) == (0, 1)
    Image.fromarray((MAP * 255).astype(np.uint8)).save(tmp_path / "a.png")
    assert read_porosity(tmp_path / "a.png")[0].shape == MAP.shape


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (MAP * 200, "but porosity lies between 0 and 1"),
        (MAP - 0.5, "from -0"),
        (np.where(MAP > 0.5, np.nan, MAP).astype(np.float32), r"NaN or infinity\) in \d+ of"),
        (np.stack([MAP] * 4), "4 images"),
    ],
)
def test_what_is_no_porosity_is_refused(tmp_path, values, words):
    tifffile.imwrite(tmp_path / "a.tif", values.astype(np.float32), photometric="minisblack")
    with pytest.raises(NpmError, match=words):
        read_porosity(tmp_path / "a.tif")


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(NpmError, match=r"There is no file .*none\.tif"):
        read_porosity(tmp_path / "none.tif")


def test_channels_keep_names_and_pixel_size_and_the_same_input_the_same_bytes(tmp_path):
    channels = np.stack([MAP, 1 - MAP])
    for name in ("a.tif", "b.tif"):
        write_channels(tmp_path / name, channels, ["S1", "Größe"], 104.0)
    with tifffile.TiffFile(tmp_path / "a.tif") as tif:
        np.testing.assert_array_equal(tif.asarray(), channels)
        assert tif.series[0].axes == "CYX"
        assert tif.imagej_metadata["Labels"] == ["S1", "Größe"]
        top, bottom = tif.pages[0].tags["XResolution"].value
        assert bottom / top == pytest.approx(104)
    assert (tmp_path / "a.tif").read_bytes() == (tmp_path / "b.tif").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.tif", "b.tif"]
