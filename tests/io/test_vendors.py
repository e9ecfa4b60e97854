"""TIFFs with the facts inside and their traps, against the numbers written into them."""

import numpy as np
import pytest
import tifffile

from napari_npm.io import read_sem


def said(image, part):
    return any(part in warning for warning in image.warnings)


@pytest.mark.parametrize("code", [34680, 34682])
def test_fei_facts(write_fei, micrograph, code):
    image = read_sem(write_fei(micrograph, code))
    assert image.vendor == "FEI"
    assert image.pixel_size_nm == pytest.approx(20)
    assert image.kv == pytest.approx(5)
    assert image.working_distance_mm == pytest.approx(4)
    assert image.detector == "CBS BSE"
    assert image.date == "2020-05-18T13:26:29"
    assert image.metadata["contrast"] == 60.5
    assert image.metadata["brightness"] == 41.25
    assert image.metadata["user_text"] == "paste A"
    assert image.warnings == ()
    np.testing.assert_array_equal(image.pixels, micrograph)


def test_fei_databar_is_cut_off(write_fei, micrograph):
    databar = np.full((7, 64), 255, np.uint8)
    image = read_sem(write_fei(np.vstack([micrograph, databar])))
    assert image.databar_rows == 7
    np.testing.assert_array_equal(image.pixels, micrograph)
    assert image.warnings == ()  # the bar's white does not count as saturation


def test_fei_databar_height_stands_in_for_the_resolution(write_fei, micrograph):
    path = write_fei(
        micrograph, Image={"ResolutionX": None, "ResolutionY": ""}, PrivateFei={"DatabarHeight": 5}
    )
    assert read_sem(path).pixels.shape == (43, 64)


def test_fei_cropped_scan_keeps_rows_and_pixel_size(write_fei, micrograph):
    image = read_sem(write_fei(micrograph, Image={"ResolutionX": 128, "ResolutionY": 60}))
    assert image.databar_rows == 0
    assert image.pixel_size_nm == pytest.approx(20)
    assert said(image, "cropped")


def test_fei_frame_of_another_width_tells_no_databar_and_no_pixel_size(write_fei, micrograph):
    image = read_sem(write_fei(micrograph, Image={"ResolutionX": 128, "ResolutionY": 40}))
    assert image.pixels.shape == (48, 64)
    assert image.pixel_size_nm is None
    assert said(image, "resampled")


def test_fei_field_of_view_refers_to_the_whole_scan(write_fei, micrograph):
    path = write_fei(
        micrograph,
        Scan={"PixelWidth": "", "PixelHeight": ""},
        Image={"ResolutionX": 128, "ResolutionY": 100},
    )
    image = read_sem(path)
    assert image.pixel_size_nm == pytest.approx(1280 / 128)
    assert said(image, "worked out")


def test_fei_scan_section_of_the_active_beam(write_fei, micrograph):
    path = write_fei(micrograph, Scan={"PixelWidth": None}, EScan={"PixelWidth": 3e-8})
    assert read_sem(path).pixel_size_nm == pytest.approx(30)


def test_fei_values_that_are_no_numbers(write_fei, micrograph):
    path = write_fei(
        micrograph,
        Beam={"HV": "notafloat"},
        EBeam={"HV": "", "WD": "", "HFW": ""},
        Scan={"PixelWidth": "", "PixelHeight": "yes"},
    )
    image = read_sem(path)
    assert image.kv is None
    assert image.working_distance_mm is None
    assert image.pixel_size_nm is None
    assert said(image, "gives no pixel size")


@pytest.mark.parametrize(
    ("setting", "value"),
    [("DigitalContrast", 1.4), ("DigitalBrightness", 0.1), ("DigitalGamma", 1.6)],
)
def test_fei_digital_settings_are_warned_of(write_fei, micrograph, setting, value):
    image = read_sem(write_fei(micrograph, Image={setting: value}))
    assert said(image, f"{setting.removeprefix('Digital').lower()} {value}")
    assert said(image, "cannot be compared")


def test_fei_pixels_that_are_not_square(write_fei, micrograph):
    assert said(read_sem(write_fei(micrograph, Scan={"PixelHeight": 2.5e-8})), "not square")


def test_zeiss_raw_indices_and_facts(write_zeiss, micrograph):
    image = read_sem(write_zeiss(micrograph))
    assert image.vendor == "Zeiss"
    np.testing.assert_array_equal(image.pixels, micrograph)
    assert image.pixel_size_nm == pytest.approx(93.2)
    assert image.kv == pytest.approx(5)
    assert image.detector == "InLens"
    assert image.date == "2018-09-25T08:20:42"
    assert image.working_distance_mm == pytest.approx(3.9)
    assert (image.metadata["contrast"], image.metadata["brightness"]) == (28.0, 47.5)
    assert said(image, "data bar")
    assert said(image, f"colours {np.sum(micrograph == 40)} pixels")


@pytest.mark.parametrize(
    ("written", "nanometres"), [("543.0 pm", 0.543), ("2.615 µm", 2615), ("11.2 nm", 11.2)]
)
def test_zeiss_units(write_zeiss, micrograph, written, nanometres):
    path = write_zeiss(micrograph, AP_IMAGE_PIXEL_SIZE=f"Image Pixel Size = {written}")
    assert read_sem(path).pixel_size_nm == pytest.approx(nanometres)


def test_zeiss_width_of_field_not_the_screen_pixel(write_zeiss, micrograph):
    image = read_sem(write_zeiss(micrograph, AP_IMAGE_PIXEL_SIZE=None))
    assert image.pixel_size_nm == pytest.approx(5965 / 64)


def test_zeiss_screen_pixel_alone_is_never_used(write_zeiss, micrograph):
    image = read_sem(write_zeiss(micrograph, AP_IMAGE_PIXEL_SIZE=None, AP_WIDTH=None))
    assert image.pixel_size_nm is None


def test_zeiss_gamma_is_warned_of(write_zeiss, micrograph):
    assert said(read_sem(write_zeiss(micrograph, AP_GAMMA="Gamma = 1.300")), "gamma 1.3")


@pytest.mark.parametrize(
    ("unit", "pixels_a_unit", "nanometres"),
    [("nm", 0.171581, 1 / 0.171581), ("\\u00B5m", 40.0, 25.0), ("micron", 2.0, 500.0)],
)
def test_imagej(tmp_path, micrograph, unit, pixels_a_unit, nanometres):
    path = tmp_path / "ij.tif"
    resolution = (pixels_a_unit, pixels_a_unit)
    tifffile.imwrite(path, micrograph, imagej=True, resolution=resolution, metadata={"unit": unit})
    image = read_sem(path)
    assert image.vendor == "ImageJ"
    assert image.pixel_size_nm == pytest.approx(nanometres)


@pytest.mark.parametrize("unit", ["inch", "cm", "pixel", ""])
def test_imagej_print_resolution_is_no_pixel_size(tmp_path, micrograph, unit):
    path = tmp_path / "ij.tif"
    tifffile.imwrite(
        path, micrograph, imagej=True, resolution=(96, 96), metadata={"unit": unit} if unit else {}
    )
    assert read_sem(path).pixel_size_nm is None


@pytest.mark.parametrize(
    ("metadata", "nanometres"),
    [
        ({"PhysicalSizeX": 0.0125, "PhysicalSizeY": 0.0125}, 12.5),
        ({"PhysicalSizeX": 7.5, "PhysicalSizeXUnit": "nm"}, 7.5),
        ({"PhysicalSizeX": 3.0, "PhysicalSizeXUnit": "pixel"}, None),
        ({}, None),
    ],
)
def test_ome(tmp_path, micrograph, metadata, nanometres):
    path = tmp_path / "a.ome.tif"
    tifffile.imwrite(path, micrograph, metadata={"axes": "YX", **metadata})
    image = read_sem(path)
    assert image.vendor == "OME"
    assert image.pixel_size_nm == (None if nanometres is None else pytest.approx(nanometres))
