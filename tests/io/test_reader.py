"""Grey from whatever it is stored in, doubts about it, and refusals in one sentence."""

import logging

import imagecodecs
import numpy as np
import pytest
import tifffile
from PIL import Image

from napari_npm.core.errors import NpmError
from napari_npm.io import read_sem


def said(image, part):
    return any(part in warning for warning in image.warnings)


def refusal(path):
    with pytest.raises(NpmError) as caught:
        read_sem(path)
    sentence = str(caught.value)
    assert path.name in sentence
    assert sentence.endswith(".")
    assert "\n" not in sentence
    return sentence


def test_plain_grey_keeps_every_value(plain, micrograph):
    image = read_sem(str(plain(micrograph)))
    np.testing.assert_array_equal(image.pixels, micrograph)
    assert image.pixels.dtype == np.uint8
    assert image.source.name == "a.tif"
    assert image.pixel_size_nm is None
    assert image.warnings == ("The file gives no pixel size: enter it by hand.",)


@pytest.mark.parametrize("byteorder", ["<", ">"])
@pytest.mark.parametrize("compression", [None, "zlib", "lzw"])
def test_16_bits_of_either_byte_order(plain, micrograph, byteorder, compression):
    deep = micrograph.astype(np.uint16) * 251 + 7
    image = read_sem(plain(deep, byteorder=byteorder, compression=compression))
    assert image.pixels.dtype == np.uint16
    assert image.pixels.dtype.isnative
    np.testing.assert_array_equal(image.pixels, deep)


@pytest.mark.parametrize("samples", [3, 4])
@pytest.mark.parametrize("planar", ["contig", "separate"])
def test_grey_stored_as_rgb_tiff(plain, micrograph, samples, planar):
    layers = [micrograph] * 3 + [np.full_like(micrograph, 255)] * (samples - 3)
    path = plain(
        np.stack(layers, axis=-1 if planar == "contig" else 0),
        photometric="rgb",
        planarconfig=planar,
        extrasamples=["unassalpha"] * (samples - 3),
    )
    image = read_sem(path)
    np.testing.assert_array_equal(image.pixels, micrograph)
    assert not said(image, "transparent")


@pytest.mark.parametrize("suffix", ["png", "bmp"])
@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA"])
def test_png_and_bmp(tmp_path, micrograph, suffix, mode):
    path = tmp_path / f"a.{suffix}"
    Image.fromarray(micrograph).convert(mode).save(path)
    np.testing.assert_array_equal(read_sem(path).pixels, micrograph)


def test_transparency_is_warned_of(plain, micrograph):
    rgba = np.stack([micrograph] * 3 + [np.full_like(micrograph, 128)], axis=-1)
    image = read_sem(plain(rgba, photometric="rgb", extrasamples=["unassalpha"]))
    assert said(image, "transparent")


@pytest.mark.parametrize("channels", [1, 3])
def test_16_bit_png_keeps_16_bits(tmp_path, micrograph, channels):
    deep = micrograph.astype(np.uint16) * 251 + 7
    stored = deep if channels == 1 else np.stack([deep] * 3, axis=-1)
    (tmp_path / "a.png").write_bytes(imagecodecs.png_encode(stored))
    np.testing.assert_array_equal(read_sem(tmp_path / "a.png").pixels, deep)


@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_jpeg_is_read_and_warned_of(tmp_path, micrograph, mode):
    smooth = np.add.outer(np.arange(48), np.arange(64)).astype(np.uint8)
    Image.fromarray(smooth).convert(mode).save(tmp_path / "a.jpg", quality=90)
    image = read_sem(tmp_path / "a.jpg")
    assert np.abs(image.pixels.astype(int) - smooth).max() <= 8
    assert said(image, "lossy JPEG")


def test_jpeg_inside_a_tiff_is_warned_of(plain, micrograph):
    assert said(read_sem(plain(micrograph, compression="jpeg")), "lossy JPEG")


def test_white_is_zero_is_turned_round(plain, micrograph):
    image = read_sem(plain(micrograph, photometric="miniswhite"))
    np.testing.assert_array_equal(image.pixels, 255 - micrograph)
    assert said(image, "inverted")


def test_palette_of_greys_gives_its_greys(plain, micrograph):
    inverse = (255 - np.arange(256)).astype(np.uint16) * 257
    path = plain(micrograph, photometric="palette", colormap=np.stack([inverse] * 3))
    np.testing.assert_array_equal(read_sem(path).pixels, 255 - micrograph)


def test_palette_of_colours_is_refused(plain, micrograph):
    ramp = np.arange(256, dtype=np.uint16) * 257
    path = plain(micrograph, photometric="palette", colormap=np.stack([ramp, ramp, ramp * 0]))
    assert "colour image" in refusal(path)


def test_whole_floats_are_taken_exactly_and_others_refused(plain, micrograph):
    image = read_sem(plain(micrograph.astype(np.float32)))
    assert image.pixels.dtype == np.uint16
    np.testing.assert_array_equal(image.pixels, micrograph)
    assert "float32" in refusal(plain(micrograph.astype(np.float32) / 255))
    with_nan = micrograph.astype(np.float32)
    with_nan[0, 0] = np.nan
    assert "float32" in refusal(plain(with_nan))
    assert "int16" in refusal(plain(micrograph.astype(np.int16) - 100))


def test_one_bit_is_black_and_white(plain, micrograph):
    image = read_sem(plain(micrograph > 100, photometric="minisblack"))
    np.testing.assert_array_equal(image.pixels, np.where(micrograph > 100, 255, 0))
    assert said(image, "only two grey values")


def test_blank_image_is_read_and_warned_of(plain):
    image = read_sem(plain(np.full((20, 30), 7, np.uint8)))
    assert said(image, "blank: every pixel has the grey value 7")


def test_saturation_at_the_ends_of_8_bits(plain, micrograph):
    bright = micrograph.copy()
    bright.flat[::100] = 255
    dark = micrograph.copy()
    dark.flat[::100] = 0
    share = f"{100 * np.mean(bright == 255):.2g} %"
    assert said(read_sem(plain(bright)), f"{share} of its pixels have the brightest grey value 255")
    assert said(read_sem(plain(dark)), "darkest grey value 0")
    assert not said(read_sem(plain(micrograph)), "saturated")


def test_saturation_of_12_bits_kept_in_16(plain):
    signal = np.random.default_rng(2).normal(2000, 300, (200, 200))
    unclipped = np.clip(signal, 0, 4095).astype(np.uint16) * 16
    clipped = np.clip(signal, 0, 2300).astype(np.uint16) * 16
    assert not said(read_sem(plain(unclipped)), "saturated")
    assert said(read_sem(plain(clipped)), f"brightest grey value {2300 * 16}")


def test_white_of_a_databar_is_named_as_such(plain, micrograph):
    tall = np.vstack([micrograph] * 4)
    tall[-10:] = 255
    assert said(read_sem(plain(tall)), "last 24 rows (a data bar?)")


def test_colour_is_refused(plain, micrograph):
    rgb = np.stack([micrograph] * 3, axis=-1)
    rgb[:10, :10, 0] = 255
    rgb[:10, :10, 1:] = 0
    sentence = refusal(plain(rgb, photometric="rgb"))
    assert "colour image" in sentence
    assert f"{100 * 100 / micrograph.size:.2g} %" in sentence


def test_colour_in_other_formats_is_refused(tmp_path, micrograph):
    rgb = np.stack([micrograph, micrograph.T.reshape(48, 64), micrograph[::-1]], axis=-1)
    for name in ("a.png", "a.bmp", "a.jpg"):
        Image.fromarray(rgb).save(tmp_path / name)
        assert "colour image" in refusal(tmp_path / name)
    Image.fromarray(rgb).convert("CMYK").save(tmp_path / "b.jpg")
    assert "colour image (CMYK)" in refusal(tmp_path / "b.jpg")


@pytest.mark.parametrize("compression", [None, "zlib"])
@pytest.mark.parametrize("kept", [0.999, 0.6])
def test_truncated_tiff_is_refused(plain, micrograph, compression, kept):
    big = np.tile(micrograph, (6, 6))
    path = plain(big, compression=compression, rowsperstrip=16)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * kept)])
    assert "truncated TIFF, its last rows are missing" in refusal(path)


def test_tiff_cut_inside_its_header_is_refused(plain, micrograph):
    path = plain(micrograph)
    path.write_bytes(path.read_bytes()[:60])
    assert "truncated TIFF" in refusal(path)


def test_broken_compressed_data_is_refused(plain, micrograph):
    path = plain(micrograph, compression="zlib")
    data = bytearray(path.read_bytes())
    data[-1500:-1000] = bytes(500)
    path.write_bytes(data)
    assert "damaged or truncated TIFF" in refusal(path)


@pytest.mark.parametrize(("suffix", "kind"), [("png", "PNG"), ("jpg", "JPEG"), ("bmp", "BMP")])
def test_truncated_bitmaps_are_refused(tmp_path, micrograph, suffix, kind):
    path = tmp_path / f"a.{suffix}"
    Image.fromarray(micrograph).save(path)
    path.write_bytes(path.read_bytes()[:-300])
    assert f"truncated {kind} file" in refusal(path)


@pytest.mark.parametrize("imagej", [True, False])
def test_stack_is_refused(tmp_path, micrograph, imagej):
    path = tmp_path / "stack.tif"
    options = {} if imagej else {"photometric": "minisblack"}
    tifffile.imwrite(path, np.stack([micrograph] * 5), imagej=imagej, **options)
    assert "holds 5 images" in refusal(path)


def test_stack_in_one_page_is_refused(tmp_path, micrograph):
    path = tmp_path / "stack.tif"
    tifffile.imwrite(path, np.stack([micrograph] * 3), photometric="minisblack", truncate=True)
    assert "holds 3 images" in refusal(path)


def test_volume_is_refused(plain, micrograph):
    path = plain(
        np.stack([micrograph] * 4), photometric="minisblack", volumetric=True, tile=(2, 16, 16)
    )
    assert "is a volume" in refusal(path)


def test_thumbnail_does_not_make_a_stack(tmp_path, micrograph):
    path = tmp_path / "thumb.tif"
    with tifffile.TiffWriter(path) as tif:
        tif.write(micrograph, metadata=None)
        tif.write(micrograph[::4, ::4], subfiletype=1, metadata=None)
    np.testing.assert_array_equal(read_sem(path).pixels, micrograph)


def test_channels_that_are_no_colours_are_refused(plain, micrograph):
    path = plain(
        np.stack([micrograph] * 5, axis=-1), photometric="minisblack", planarconfig="contig"
    )
    assert "5 channels" in refusal(path)


def test_no_image_at_all(tmp_path):
    empty = tmp_path / "empty.tif"
    empty.touch()
    assert "is empty" in refusal(empty)
    (tmp_path / "text.tif").write_text("not a TIFF")
    assert "not an image" in refusal(tmp_path / "text.tif")
    assert "There is no file" in refusal(tmp_path / "missing.tif")
    assert "folder" in refusal(tmp_path)


def test_unreadable_file(plain, micrograph, monkeypatch):
    path = plain(micrograph)

    def denied(*args, **kwargs):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(type(path), "open", denied)
    assert "cannot be opened: permission denied" in refusal(path)


def test_tifffile_stays_quiet(write_fei, micrograph, capfd, caplog):
    # An unreadable value in a vendor tag and a chain of pages that leads nowhere are both logged
    # by tifffile; the user must not see it, and the log must work again afterwards.
    path = write_fei(micrograph)
    data = bytearray(path.read_bytes())
    offset = int.from_bytes(data[4:8], "little")
    entries = int.from_bytes(data[offset : offset + 2], "little")
    end = offset + 2 + 12 * entries
    data[end : end + 4] = (len(data) + 1000).to_bytes(4, "little")
    path.write_bytes(data)
    with caplog.at_level(logging.DEBUG, logger="tifffile"):
        read_sem(path)
        assert caplog.records == []
        logging.getLogger("tifffile").warning("heard")
        assert [record.message for record in caplog.records] == ["heard"]
    assert capfd.readouterr().err == ""


def test_reading_changes_nothing(plain, micrograph):
    path = plain(micrograph)
    before = path.read_bytes(), path.stat().st_mtime_ns
    read_sem(path)
    assert (path.read_bytes(), path.stat().st_mtime_ns) == before


def test_doubts_hold_beyond_one_block_of_rows(plain):
    # Levels are counted block by block; 5 million pixels are more than one block.
    tall = np.tile(np.arange(40, 200, dtype=np.uint8), (31250, 1))
    assert not said(read_sem(plain(tall)), "saturated")
    tall[-200:] = 255
    assert said(read_sem(plain(tall)), "brightest grey value 255")
