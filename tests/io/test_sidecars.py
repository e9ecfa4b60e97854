"""Sidecars of Tescan, Hitachi and JEOL, and what happens where two sources disagree."""

import numpy as np
import pytest
import tifffile

from napari_npm.io import read_sem

JEOL_LINES = (
    "$CM_FORMAT JEOL-SEM",
    "$CM_DATE 2019/09/30",
    "$CM_TIME 09:59:24",
    "$CM_ACCEL_VOLT 15.00",
    "$CM_SIGNAL COMPO",
    "$CM_FULL_SIZE 64 48",
    "$CM_CONTRAST 1500",
    "$$SM_MICRON_BAR 200",
    "$$SM_MICRON_MARKER 5um",
    "$$SM_WD 10.1",
)
HITACHI_LINES = (
    "[SemImageFile]",
    "InstructName=S-test",
    "Date=2017/06/14",
    "Time=10:20:30",
    "DataSize=64x48",
    "PixelSize=24.8",
    "SignalName=BSE",
    "AcceleratingVoltage=15000 Volt",
    "WorkingDistance=8300 um",
)
TESCAN_LINES = (
    "Date=2016-01-27",
    "Time=12:34:56",
    "Device=MIRA test",
    "ImageStripSize=0",
    "PixelSizeX=1.25e-8",
    "PixelSizeY=1.25e-8",
    "[SEM]",
    "Detector=BSE",
    "GunHV=300.0",
    "HV=20000.0",
    "LUTGamma=1.0",
    "WD=0.00985",
)


def said(image, part):
    return any(part in warning for warning in image.warnings)


def check_tescan(image):
    assert image.vendor == "Tescan"
    assert image.pixel_size_nm == pytest.approx(12.5)
    assert image.kv == pytest.approx(20)
    assert image.working_distance_mm == pytest.approx(9.85)
    assert image.detector == "BSE"
    assert image.date == "2016-01-27T12:34:56"


def test_tescan_tag_between_binary_blocks(plain, micrograph):
    # The tag holds a thumbnail and packed sections, not a text of lines.
    text = b"\xff\xd8\x01\x00HV=\xff\x00" + b"\x02\x00\x10\x01\0\0" + b"AccFrames=1\r\n"
    text += "\r\n".join(TESCAN_LINES).encode() + b"\0\0"
    text = text.replace(b"HV=\xff\x00", b"")
    check_tescan(read_sem(plain(micrograph, extratags=[(50431, 7, len(text), text, True)])))


@pytest.mark.parametrize("name", ["a.hdr", "a-tif.hdr", "a.tif.hdr", "a.HDR"])
def test_tescan_header_file(plain, tmp_path, micrograph, name):
    (tmp_path / name).write_text("\r\n".join(["[MAIN]", *TESCAN_LINES]))
    check_tescan(read_sem(plain(micrograph)))


def test_tescan_strip_and_gamma(plain, tmp_path, micrograph):
    text = "\n".join(["[MAIN]", *TESCAN_LINES]).replace("StripSize=0", "StripSize=8")
    (tmp_path / "a.hdr").write_text(text.replace("LUTGamma=1.0", "LUTGamma=0.8"))
    image = read_sem(plain(micrograph))
    assert image.databar_rows == 8
    np.testing.assert_array_equal(image.pixels, micrograph[:40])
    assert said(image, "gamma 0.8")


@pytest.mark.parametrize("encoding", ["ascii", "utf-16", "utf-16-le", "utf-8-sig"])
def test_hitachi_sidecar(plain, tmp_path, micrograph, encoding):
    (tmp_path / "a.txt").write_bytes("\r\n".join(HITACHI_LINES).encode(encoding))
    image = read_sem(plain(np.vstack([micrograph, micrograph[:6]])))
    assert image.vendor == "Hitachi"
    assert image.pixel_size_nm == pytest.approx(24.8)
    assert image.kv == pytest.approx(15)
    assert image.working_distance_mm == pytest.approx(8.3)
    assert image.detector == "BSE"
    assert image.date == "2017-06-14T10:20:30"
    assert image.databar_rows == 6
    np.testing.assert_array_equal(image.pixels, micrograph)


def test_hitachi_burned_in_databar_is_warned_of(plain, tmp_path, micrograph):
    (tmp_path / "a.txt").write_text("\n".join([*HITACHI_LINES, "DataDisplayCombine=1"]))
    assert said(read_sem(plain(micrograph)), "burned into")


def test_resampled_image_loses_the_sidecars_pixel_size(plain, tmp_path, micrograph):
    (tmp_path / "a.txt").write_text("\n".join(HITACHI_LINES))
    image = read_sem(plain(micrograph[::2, ::2]))
    assert image.pixel_size_nm is None
    assert said(image, "resampled")


def test_jeol_sidecar(plain, tmp_path, micrograph):
    (tmp_path / "a.txt").write_text("\n".join(JEOL_LINES))
    image = read_sem(plain(np.vstack([micrograph, micrograph[:4]])))
    assert image.vendor == "JEOL"
    assert image.pixel_size_nm == pytest.approx(25)
    assert image.kv == pytest.approx(15)
    assert image.working_distance_mm == pytest.approx(10.1)
    assert image.detector == "COMPO"
    assert image.date == "2019-09-30T09:59:24"
    assert image.databar_rows == 4
    assert image.warnings == ()


def test_jeol_short_scale_bar_is_warned_of(plain, tmp_path, micrograph):
    lines = "\n".join(JEOL_LINES).replace("MICRON_BAR 200", "MICRON_BAR 25")
    (tmp_path / "a.txt").write_text(lines.replace("MARKER 5um", "MARKER 100nm"))
    image = read_sem(plain(micrograph))
    assert image.pixel_size_nm == pytest.approx(4)
    assert said(image, "may be off by 2.0 %")


def test_a_text_of_something_else_is_no_sidecar(plain, tmp_path, micrograph):
    (tmp_path / "a.txt").write_text("polished on Tuesday, PixelSize=3\n")
    image = read_sem(plain(micrograph))
    assert (image.vendor, image.pixel_size_nm) == ("", None)


def test_file_wins_over_its_sidecar(tmp_path, micrograph):
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, micrograph, imagej=True, resolution=(0.1, 0.1), metadata={"unit": "nm"})
    (tmp_path / "a.txt").write_text("\n".join(HITACHI_LINES))
    image = read_sem(path)
    assert image.pixel_size_nm == pytest.approx(10)
    assert (image.vendor, image.kv) == ("Hitachi", 15)
    assert said(image, "24.8 nm: the file's was taken")
