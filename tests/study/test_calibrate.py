"""The calibrate step: its levels, what it tells of uncertainty and drift, and what it refuses."""

import numpy as np
import pytest

from napari_npm.core import (
    Label,
    calibrate,
    default_curve,
    mean_porosity,
    pool_levels,
    porosity_uncertainty,
    reference_levels,
    uncertainty_map,
)
from napari_npm.core.errors import NpmError
from napari_npm.io import write_image
from napari_npm.study import Study, add_images, run
from napari_npm.study.drift import drift_of
from napari_npm.study.reporting import sections

SIZE = 384
BEFORE = ["simulate", "import", "mask"]


def picture(rng, csh=60, metal=200, dtype=np.uint8, noise=4.0):
    """Return a grey image: C-S-H at the top, metal at the bottom, porous between."""
    grey = rng.uniform(csh, metal, (SIZE, SIZE))
    grey[:100], grey[-100:] = csh, metal
    grey += rng.normal(0, noise, grey.shape)
    top = np.iinfo(dtype).max
    return np.clip(np.rint(grey), 0, top).astype(dtype)


def references(csh=40, metal=40):
    """Return a mask with rows of reference C-S-H and metal, without unhydrated cement."""
    labels = np.zeros((SIZE, SIZE), np.uint8)
    labels[5 : 5 + csh, 10:-10], labels[-5 - metal : -5, 10:-10] = Label.CSH, Label.METAL
    return labels


@pytest.fixture
def made(tmp_path, rng):
    """Return the function that makes a study of images with masks."""
    studies = []

    def make(images, masks=None, sample="S1"):
        masks = masks or [references()] * len(images)
        paths = [tmp_path / f"{sample}-{number}.tif" for number in range(len(images))]
        for path, pixels in zip(paths, images, strict=True):
            write_image(path, pixels, 52.0)
        study = Study.create(tmp_path / "study") if not studies else studies[0]
        add_images(study, sample, paths)
        for image, labels in zip(study.images, masks, strict=True):
            if labels is not None:
                study.set_mask(image.id, labels)
        studies.append(study)
        return study

    yield make
    for study in studies[:1]:
        study.close()


def calibrated(study, **parameters):
    study.set_parameters("calibrate", **parameters)
    *_, outcome = run(study, [*BEFORE, "calibrate"], scheduler="synchronous")
    return outcome, study.table("calibration")


@pytest.mark.parametrize(("dtype", "factor"), [(np.uint8, 1), (np.uint16, 120)])
def test_rows_are_what_the_core_functions_give(made, rng, dtype, factor):
    image = picture(rng, 60 * factor, 200 * factor, dtype, 4.0 * factor)
    study = made([image])
    _, table = calibrated(study, uncertainty_map=True, model_error=0.004)
    (row,) = table.to_dict("records")
    levels = reference_levels(image, references())
    errors = {
        "csh_error": levels.csh.error, "metal_error": levels.metal.error, "model_error": 0.004,
    }  # fmt: skip
    grey, counts = np.unique(image, return_counts=True)
    mean = mean_porosity(grey, counts, *levels.pair(), **errors)
    own = calibrate(image, *levels.pair())
    assert row["g_csh"] == pytest.approx(levels.csh.mean)
    assert row["csh_error"] == pytest.approx(levels.csh.error)
    assert row["unhydrated_fraction"] == 0
    assert row["porosity"] == pytest.approx(own.porosity.mean(dtype=float), abs=1e-6)
    assert row["porosity_uncertainty"] == pytest.approx(mean.total)
    assert (row["drift_effect"], row["gain_effect"]) == pytest.approx((mean.drift, mean.gain))
    assert row["below_fraction"] == pytest.approx(own.below / image.size)
    assert row["above_fraction"] == pytest.approx(own.above / image.size)
    (stored,) = study.stack("mulf").read(study.tiles)
    np.testing.assert_array_equal(stored, own.porosity)
    (known,) = study.stack("uncertainty").read(study.tiles)
    np.testing.assert_array_equal(known, uncertainty_map(image, *levels.pair(), **errors))
    assert study.stack("uncertainty").open().attrs["pixel_size_nm"] == 52.0


def test_the_table_by_grey_level_is_that_of_the_mean_levels(made, rng):
    study = made([picture(rng, csh, 200) for csh in (58, 62)])
    _, table = calibrated(study)
    found = study.table("uncertainty")
    low, high = table["g_csh"].mean(), table["g_metal"].mean()
    expected = porosity_uncertainty(
        found["grey_level"], low, high,
        csh_error=np.sqrt((table["csh_error"] ** 2).mean()),
        metal_error=np.sqrt((table["metal_error"] ** 2).mean()),
    )  # fmt: skip
    assert found["grey_level"].tolist() == list(range(int(np.ceil(low)), int(high) + 1))
    np.testing.assert_allclose(found["porosity"], expected.porosity)
    np.testing.assert_allclose(found["u_porosity"], expected.total)
    parts = found[["u_csh", "u_metal", "u_curve", "u_model"]].to_numpy()
    np.testing.assert_allclose(np.linalg.norm(parts, axis=1), found["u_porosity"])


def test_a_table_of_16_bits_stays_short(made, rng):
    study = made([picture(rng, 6000, 50_000, np.uint16, 300.0)])
    calibrated(study)
    levels = study.table("uncertainty")["grey_level"]
    assert 200 < len(levels) <= 256
    assert levels.iloc[-1] > 49_000


def test_an_image_without_a_reference_carries_the_scatter_of_the_others(made, rng):
    images = [picture(rng, csh, 200) for csh in (56, 60, 67, 60)]
    study = made(images, [references()] * 3 + [None])
    _, table = calibrated(study, references="image")
    assert table["csh_scope"].tolist() == ["image"] * 3 + ["sample"]
    each = [reference_levels(image, references()).csh for image in images[:3]]
    pooled = pool_levels(each)
    assert table["g_csh"][3] == pytest.approx(pooled.mean)
    assert table["csh_error"][3] == pytest.approx(pooled.error)
    assert pooled.error > 5 > 10 * max(level.error for level in each)
    _, table = calibrated(study, references="sample")
    assert table["g_csh"].tolist() == pytest.approx([pooled.mean] * 4)
    # a given level is taken as it is
    _, table = calibrated(study, g_csh=61)
    assert table["csh_error"].tolist() == [0] * 4
    assert table["csh_scope"].tolist() == ["given"] * 4


def test_the_uncertainty_map_is_made_when_asked_for_and_repeats_nothing_else(made, rng):
    study = made([picture(rng)])
    calibrated(study)
    run(study, ["smooth"])
    assert not study.stack("uncertainty").exists
    study.set_parameters("calibrate", uncertainty_map=True)
    outcomes = run(study, ["calibrate", "smooth"])
    assert [one.computed for one in outcomes] == [1, 0]
    (study.folder / "maps" / "uncertainty.zarr" / "c" / "0" / "0" / "0").unlink()
    assert run(study, ["calibrate"])[0].computed == 1


def test_the_detector_of_the_simulation_is_used(made, rng):
    image = picture(rng)
    study = made([image])
    study.set_parameters("simulate", detector="energy")
    calibrated(study)
    levels = reference_levels(image, references()).pair()
    (stored,) = study.stack("mulf").read(study.tiles)
    expected = calibrate(image, *levels, curve=default_curve("energy")).porosity
    np.testing.assert_array_equal(stored, expected)


def test_a_curve_of_ones_own_needs_no_simulation(made, rng, tmp_path):
    study = made([picture(rng)])
    path = tmp_path / "curve.csv"
    path.write_text("porosity,response\n0,0\n0.5,0.6\n1,1\n")
    study.set_parameters("calibrate", curve=path)
    run(study, ["import", "mask", "calibrate"])
    path.write_text("porosity,response\n0,0\n0.5,0.7\n1,1\n")
    assert run(study, ["calibrate"])[0].computed == 1
    study.reset_parameters("calibrate")
    with pytest.raises(NpmError, match="calibrate needs simulate first"):
        run(study, ["calibrate"])


# bad references


def saturated(rng, share):
    """Return an image whose metal is cut off at the top in a share of its pixels."""
    image = picture(rng, 60, 220)
    cut = np.zeros(100, bool)
    cut[: round(100 * share)] = True
    image[-100:, :300] = np.where(np.tile(cut, 3), 255, image[-100:, :300])
    labels = references()
    labels[:, 300:] = 0
    labels[:, :10] = 0
    labels[-45:-5, :300] = Label.METAL
    return image, labels


def test_saturation_is_warned_of_above_the_limit(made, rng):
    image, labels = saturated(rng, 0.05)
    study = made([image, picture(rng)], [labels, references()])
    outcome, table = calibrated(study)
    assert table["metal_saturated"].tolist() == pytest.approx([0.05, 0], abs=1e-3)
    (warning,) = outcome.warnings
    assert "metal reference of 1 of 2 images is saturated" in warning
    assert "5.0% in S1-0" in warning
    (section,) = (one for one in sections(study) if one.title == "Calibration")
    assert f"Warning: {warning}" in section.paragraphs
    outcome, _ = calibrated(study, max_saturated=0.06)
    assert outcome.warnings == ()


def inverted(rng):
    return picture(rng, 60, 200), np.where(references() > 0, 5 - references(), 0).astype(np.uint8)


BAD = {
    "saturated": (lambda rng: saturated(rng, 0.6), r"60% of the metal reference of S1-0 is satu"),
    "inverted": (inverted, r"G_m \(59\.99.*must be above G_CSH \(199\.99.*\) in S1-0; check"),
    "small": (
        lambda rng: (picture(rng), references(metal=0) | small()),
        r"metal reference of S1-0 has 99 pixels, fewer than min_reference_px = 100: mark a larger",
    ),
    "inverted image": (
        lambda rng: (255 - picture(rng), references()),
        "must be above G_CSH .* the image is not inverted",
    ),
}


def small():
    labels = np.zeros((SIZE, SIZE), np.uint8)
    labels[-20:-11, 30:41] = Label.METAL
    return labels


@pytest.mark.parametrize("case", BAD)
def test_references_that_will_not_do_are_refused(made, rng, case):
    make, sentence = BAD[case]
    image, labels = make(rng)
    study = made([image], [labels])
    with pytest.raises(NpmError, match=sentence):
        calibrated(study)
    assert not study.stack("mulf").exists


def test_the_least_number_of_pixels_is_a_parameter(made, rng):
    study = made([picture(rng), picture(rng)], [references(metal=0) | small(), references()])
    _, table = calibrated(study, min_reference_px=99)
    assert table["metal_scope"].tolist() == ["image", "image"]
    # pooled, there are enough
    _, table = calibrated(study, min_reference_px=100, references="sample")
    assert table["metal_scope"].tolist() == ["sample", "sample"]


def test_shares_and_means_take_unhydrated_cement_as_the_map_does(made, rng):
    labels, image = references(), picture(rng)
    labels[150:250, :192] = Label.UNHYDRATED
    study = made([image], [labels])
    _, table = calibrated(study)
    (row,) = table.to_dict("records")
    assert row["unhydrated_fraction"] == labels[150:250, :192].size / labels.size
    outside = image[labels != Label.UNHYDRATED].astype(float)
    assert row["below_fraction"] == pytest.approx(np.mean(outside < row["g_csh"]))
    assert row["above_fraction"] == pytest.approx(np.mean(outside > row["g_metal"]))
    tiles = study.stack("mulf").read(study.tiles)
    assert row["porosity"] == pytest.approx(tiles.mean(dtype=float), rel=1e-6)
    assert (tiles[0][labels == Label.UNHYDRATED] == 0).all()


# drift


def test_drift_follows_the_dates_and_finds_the_outlier(made, rng):
    levels = [60, 61, 59, 60, 75, 60]
    study = made([picture(rng, csh) for csh in levels], [references()] * 5 + [None])
    dates = [f"2024-05-01T10:{minute:02d}:00" for minute in (5, 3, 4, 1, 2, 6)]
    images = [
        image.model_copy(update={"date": date})
        for image, date in zip(study.images, dates, strict=True)
    ]
    study.save(images=tuple(images))
    _, _ = calibrated(study)
    found = drift_of(study)
    assert found.images == ("S1-3", "S1-4", "S1-1", "S1-2", "S1-0", "S1-5")
    assert found.order == "in the order in which they were taken"
    assert found.outliers("csh").tolist() == [False, True, False, False, False, False]
    assert np.isnan(found.levels["csh"][5])
    assert not found.outliers("metal").any()
    (section,) = (one for one in sections(study) if one.title == "Calibration")
    outliers = section.tables[-1]
    assert [row[:2] for row in outliers.rows] == [("S1-4", "C-S-H")]
    # a clock with a zone beside clocks without
    zoned = images[0].model_copy(update={"date": f"{dates[0]}+02:00"})
    study.save(images=(zoned, *images[1:]))
    assert drift_of(study).images == found.images
    study.save(images=(images[0].model_copy(update={"date": "1 May"}), *images[1:]))
    assert drift_of(study).images[0] == "S1-0"
    assert drift_of(study).order == "in the order of the study"


def test_the_report_says_what_one_per_cent_of_drift_does(made, rng):
    study = made([picture(rng), picture(rng)])
    _, table = calibrated(study)
    (section,) = (one for one in sections(study) if one.title == "Calibration")
    text = " ".join(section.paragraphs)
    effect, porosity = table["drift_effect"].mean(), table["porosity"].mean()
    assert f"its mean porosity would read {effect:+.4f} ({effect / porosity:+.1%} of" in text
    assert f"multiplied by 1.01, {table['gain_effect'].mean():+.4f}" in text
    assert "No image's reference level is an outlier" in text
    run(study, ["figures"], only=["response", "uncertainty", "drift"])
    made_figures = {path.name for path in study.figures_folder.iterdir()}
    assert made_figures == {"response.png", "uncertainty.png", "drift.png"}
