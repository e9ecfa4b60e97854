import numpy as np
import pytest

from napari_npm.core.calibration import calibrate
from napari_npm.core.errors import NpmError
from napari_npm.core.masking import Label
from napari_npm.core.progress import silent
from napari_npm.core.response import ResponseCurve, default_curve
from napari_npm.study import Study, run
from napari_npm.study.settings import CalibrateParameters
from napari_npm.viewer.calibrate_grey import Place, grey_of, levels_of
from napari_npm.viewer.calibrate_live import (
    calibrate_image,
    curve_of,
    measure,
    porosity_at,
    preview,
    read,
)
from napari_npm.viewer.calibrate_references import with_references
from napari_npm.viewer.drift import DriftPoint, drift_points

DEFAULTS = CalibrateParameters()


def changed(image, dtype):
    return (image.astype(np.float64) * (200 if dtype == np.uint16 else 1)).astype(dtype)


def test_grey_levels_leave_unhydrated_cement_out(grey, labels):
    found = grey_of(silent, grey, labels)
    kept = np.bincount(grey[labels != Label.UNHYDRATED], minlength=256)
    assert np.array_equal(found.pixels_at, kept)
    assert np.array_equal(found.counts, kept)
    assert found.g_csh == pytest.approx(60, abs=0.5)
    assert found.g_metal == pytest.approx(200, abs=0.5)
    assert found.pixels[Label.METAL] == 900
    assert grey_of(silent, grey, None).counts.sum() == grey.size
    assert grey_of(silent, grey, labels[:50]).unhydrated is None


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int16, np.float32])
def test_the_live_numbers_are_those_of_the_map(grey, labels, dtype):
    image = changed(grey, dtype)
    found = grey_of(silent, image, labels)
    factor = 200 if dtype == np.uint16 else 1
    sources = levels_of(found, 62.3 * factor, 190.2 * factor)
    reading = read(found, sources, default_curve(), 0.0)
    wanted = calibrate(image, 62.3 * factor, 190.2 * factor, unhydrated=labels == Label.UNHYDRATED)
    outside = image.size - wanted.unhydrated
    fine = 1e-6 if dtype != np.float32 else 1e-4
    assert reading.mean.porosity == pytest.approx(wanted.porosity.mean(), abs=fine)
    assert reading.below == pytest.approx(wanted.below / outside, abs=2e-3)
    assert reading.above == pytest.approx(wanted.above / outside, abs=2e-3)
    # A number that is given has no error.
    assert (reading.mean.csh, reading.mean.metal, reading.mean.model) == (0, 0, 0)


def test_references_bring_their_error_into_the_mean(grey, labels):
    found = grey_of(silent, grey, labels)
    marked = read(found, levels_of(found, None, None), default_curve(), 0.0)
    assert marked.mean.csh > 0
    assert marked.mean.metal > 0
    model = read(found, levels_of(found, 60.0, 200.0), default_curve(), 0.006)
    assert model.mean.model > 0
    assert model.mean.csh == 0


WHOLE = (np.uint8, np.uint16)


@pytest.mark.parametrize("dtype", [*WHOLE, np.float32])
def test_the_preview_is_the_calibrated_map(grey, labels, dtype):
    image = changed(grey, dtype)
    mask = labels == Label.UNHYDRATED
    top = float(image.max())
    porosity, ends = preview(silent, image, mask, 0.45 * top, 0.8 * top, default_curve(), True)
    wanted = calibrate(image, 0.45 * top, 0.8 * top, unhydrated=mask)
    # Floating point is shown in 65536 steps.
    np.testing.assert_allclose(
        porosity, wanted.porosity, rtol=0, atol=0 if dtype in WHOLE else 1e-3
    )
    brute = np.where(image < 0.45 * top, 1, 0) + np.where(image > 0.8 * top, 2, 0)
    assert np.array_equal(ends, np.where(mask, 0, brute))
    assert np.count_nonzero(ends == 1) == wanted.below
    assert np.count_nonzero(ends == 2) == wanted.above
    kept: list = []
    first = preview(silent, image, None, 0.3 * top, 0.8 * top, default_curve(), False, kept)
    again = preview(silent, image, None, 0.3 * top, 0.8 * top, default_curve(), False, kept)
    assert first[1] is None
    assert np.array_equal(first[0], again[0])
    other = image[::-1]
    flipped = preview(silent, other, None, 0.3 * top, 0.8 * top, default_curve(), False, kept)
    assert np.array_equal(flipped[0], first[0][::-1])
    broken = other.astype(np.float32)
    broken[3, 4] = np.nan
    with pytest.raises(NpmError, match="no numbers"):
        preview(silent, broken, None, 1.0, 2.0, default_curve(), False, kept)


def test_the_pointer_tells_porosity_with_its_uncertainty(grey, labels):
    sources = levels_of(grey_of(silent, grey, labels), 60.0, 200.0)
    straight = ResponseCurve("straight", "test", (0.0, 0.5, 1.0), (0.0, 0.5, 1.0))
    assert porosity_at(95.0, sources, straight, 0.01) == "n = 0.250 ± 0.010"
    assert "darker" in porosity_at(59.0, sources, straight, 0.01)
    assert "brighter" in porosity_at(201.0, sources, straight, 0.01)


def test_levels_come_from_the_mask_unless_given(grey, labels):
    marked = calibrate_image(silent, grey, labels, DEFAULTS)
    assert marked.g_csh == pytest.approx(60, abs=0.5)
    assert not marked.porosity[labels == Label.UNHYDRATED].any()
    numbers = CalibrateParameters(g_csh=50.0, g_metal=210.0)
    given = calibrate_image(silent, grey, labels, numbers)
    wanted = calibrate(grey, 50.0, 210.0, unhydrated=labels == Label.UNHYDRATED)
    assert np.array_equal(given.porosity, wanted.porosity)
    assert calibrate_image(silent, grey, None, numbers).unhydrated == 0


def test_missing_and_inverted_references_are_named(grey, labels):
    with pytest.raises(NpmError, match="no mask"):
        calibrate_image(silent, grey, None, CalibrateParameters(g_metal=210.0))
    with pytest.raises(NpmError, match="reference metal"):
        calibrate_image(silent, grey, np.where(labels == Label.METAL, 0, labels), DEFAULTS)
    with pytest.raises(NpmError, match="inverted"):
        calibrate_image(silent, 255 - grey, labels, DEFAULTS)
    assert any(
        "brighter" in text for text in measure(silent, 255 - grey, labels, DEFAULTS).warnings
    )


def test_few_pixels_and_saturation_are_warned_of(grey, labels):
    few = np.where((labels == Label.CSH) & (np.arange(160) > 70), 0, labels)
    assert measure(silent, grey, labels, DEFAULTS).warnings == ()
    assert any("C-S-H" in text for text in measure(silent, grey, few, DEFAULTS).warnings)
    bright = np.where(labels == Label.METAL, 255, grey).astype(np.uint8)
    assert any("saturated" in text for text in measure(silent, bright, labels, DEFAULTS).warnings)


def test_references_are_pooled_as_far_as_asked_for_with_the_mask_on_show(study_folder):
    with Study.open(study_folder()) as study:
        run(study, ["simulate", "import", "mask"])
        first = study.images[0]
        image, mask = study.read(first.id).pixels, study.mask(first.id)
        place = Place(study, first.id)
        brighter = image + np.where(mask == Label.CSH, 10, 0).astype(image.dtype)
        levels = {}
        for scope in ("image", "sample", "study"):
            parameters = CalibrateParameters(references=scope)
            grey = grey_of(silent, brighter, mask, parameters, place)
            levels[scope] = levels_of(grey, None, None)["g_csh"]
        # C-S-H is 20 everywhere, but 30 on the image as it is shown now.
        assert {name: scope for name, (_, scope) in levels.items()} == {
            "image": "image", "sample": "sample", "study": "study"
        }  # fmt: skip
        assert levels["image"][0].mean == pytest.approx(30)
        assert levels["sample"][0].mean == pytest.approx(25)
        assert levels["study"][0].mean == pytest.approx(22.5)
        none = grey_of(silent, image, np.zeros_like(mask), DEFAULTS, place)
        assert levels_of(none, None, None)["g_csh"][1] == "sample"


def test_a_study_calibrates_with_its_own_curve(study_folder):
    with Study.open(study_folder()) as study:
        place = Place(study, study.images[0].id)
        assert curve_of(DEFAULTS, place) == default_curve()
        path = study.results_folder / "response.csv"
        path.parent.mkdir(exist_ok=True)
        path.write_text("porosity,eta\n0,0.1\n0.5,0.2\n1,0.3\n")
        assert curve_of(DEFAULTS, place).signal(0.5) == pytest.approx(0.5)


def test_confirmed_references_replace_those_of_the_same_phase(labels):
    csh = np.zeros(labels.shape, bool)
    csh[5:20, 5:30] = True
    edit = with_references(silent, labels, csh, np.zeros_like(csh))
    after = labels.copy()
    after[edit.box] = edit.values
    assert np.array_equal(after == Label.CSH, csh & (labels != Label.UNHYDRATED))
    assert np.array_equal(after == Label.METAL, labels == Label.METAL)
    assert np.array_equal(after == Label.UNHYDRATED, labels == Label.UNHYDRATED)


def test_drift_is_told_only_once_the_masks_are_measured(study_folder):
    with Study.open(study_folder()) as study:
        assert drift_points(silent, study) == ((), "")
        run(study, ["simulate", "import", "mask"])
        points, order = drift_points(silent, study)
        assert [point.image_id for point in points] == [image.id for image in study.images]
        assert {(point.csh, point.metal) for point in points} == {(20.0, 240.0)}
        assert "order" in order
    far = DriftPoint("a", 20.0, float("nan"), csh_outlier=True)
    assert far.outlier
    assert far.text == "a: G_CSH 20.0 (outlier), G_m not marked"
