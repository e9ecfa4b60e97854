"""Uncertainty of porosity against drawing references and curves at random."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from napari_npm.core.calibration import calibrate
from napari_npm.core.errors import NpmError
from napari_npm.core.response import ResponseCurve
from napari_npm.core.uncertainty import (
    grey_histogram_of,
    mean_porosity,
    porosity_uncertainty,
    uncertainty_map,
)

N = np.linspace(0, 1, 21)
# A smooth curve like that of C-S-H with Field's metal, and errors of every detector signal.
SIGNAL = 0.13 + 0.28 * (1.4 * N - 0.4 * N**2 + 0.9 * N * (1 - N) ** 2)
SIGNAL_ERROR = 4e-4
CURVE = ResponseCurve.from_signal("smooth", "test", N, SIGNAL, np.full(21, SIGNAL_ERROR))
G_CSH, G_METAL = 60.0, 200.0
INSIDE = G_CSH + 140 * np.array([0.1, 0.3, 0.5, 0.7, 0.9])
DRAWS = 1500


def draws(rng, csh_error=0.0, metal_error=0.0, signal_error=0.0):
    """Yield curves and levels as they might have come out."""
    for _ in range(DRAWS):
        curve = CURVE
        if signal_error:
            curve = ResponseCurve.from_signal("drawn", "test", N, rng.normal(SIGNAL, signal_error))
        yield curve, rng.normal(G_CSH, csh_error), rng.normal(G_METAL, metal_error)


@pytest.mark.parametrize(
    ("part", "csh_error", "metal_error", "signal_error", "tolerance"),
    [
        ("csh", 1.5, 0.0, 0.0, 0.06),
        ("metal", 0.0, 2.5, 0.0, 0.06),
        # between the points PCHIP does not join errors by straight lines
        ("curve", 0.0, 0.0, SIGNAL_ERROR, 0.25),
    ],
)
def test_each_part_against_drawing_it(part, csh_error, metal_error, signal_error, tolerance):
    rng = np.random.default_rng(5)
    drawn = [
        calibrate(INSIDE[None], low, high, curve=curve).porosity[0]
        for curve, low, high in draws(rng, csh_error, metal_error, signal_error)
    ]
    curve = CURVE if signal_error else ResponseCurve("known", "test", N, CURVE.response)
    known = porosity_uncertainty(
        INSIDE, G_CSH, G_METAL, csh_error=csh_error, metal_error=metal_error, model_error=0,
        curve=curve,
    )  # fmt: skip
    scatter = np.std(drawn, axis=0)
    assert getattr(known, part) == pytest.approx(scatter, rel=tolerance)
    assert known.total == pytest.approx(getattr(known, part))
    assert known.porosity == pytest.approx(np.mean(drawn, axis=0), abs=0.13 * float(scatter.max()))


def test_all_parts_together_and_the_model_error():
    rng = np.random.default_rng(6)
    drawn = []
    for curve, low, high in draws(rng, 1.5, 2.5, SIGNAL_ERROR):
        # an error of y that is the same at all grey levels
        image = INSIDE[None] + rng.normal(0, 0.006) * (high - low)
        drawn.append(calibrate(image, low, high, curve=curve).porosity[0])
    known = porosity_uncertainty(
        INSIDE, G_CSH, G_METAL, csh_error=1.5, metal_error=2.5, model_error=0.006, curve=CURVE
    )
    assert known.total == pytest.approx(np.std(drawn, axis=0), rel=0.08)
    parts = np.array([known.csh, known.metal, known.curve, known.model])
    assert known.total == pytest.approx(np.sqrt((parts**2).sum(axis=0)))


def test_beyond_the_references_it_is_that_at_the_reference():
    known = porosity_uncertainty(
        [0, G_CSH, G_METAL, 255], G_CSH, G_METAL, csh_error=1, metal_error=2, curve=CURVE
    )
    assert known.porosity.tolist() == [0, 0, 1, 1]
    assert known.total[0] == known.total[1]
    assert known.total[3] == known.total[2]
    assert (known.csh[2], known.metal[1]) == (0, 0)
    assert known.csh[1] == pytest.approx(1 / 140 / CURVE.slope(0))
    assert known.metal[2] == pytest.approx(2 / 140 / CURVE.slope(1))


@pytest.fixture(scope="module")
def image():
    rng = np.random.default_rng(7)
    return np.clip(rng.normal(125, 35, (80, 80)), 0, 255).astype(np.uint8)


def test_mean_and_its_uncertainty_against_drawing(image):
    unhydrated = np.zeros(image.shape, bool)
    unhydrated[:20] = True
    grey, counts = grey_histogram_of(image, unhydrated)
    known = mean_porosity(
        grey, counts, G_CSH, G_METAL, unhydrated=int(unhydrated.sum()), csh_error=1.5,
        metal_error=2.5, model_error=0, curve=ResponseCurve("known", "test", N, CURVE.response),
    )  # fmt: skip
    maps = [
        calibrate(image, low, high, unhydrated=unhydrated, curve=curve).porosity.mean()
        for curve, low, high in list(draws(np.random.default_rng(8), 1.5, 2.5))[:600]
    ]
    own = calibrate(image, G_CSH, G_METAL, unhydrated=unhydrated, curve=CURVE)
    assert known.porosity == pytest.approx(own.porosity.mean(dtype=float), abs=1e-6)
    assert known.total == pytest.approx(np.std(maps), rel=0.1)
    assert known.total == pytest.approx(np.hypot(known.csh, known.metal))


def test_pixels_beyond_the_references_do_not_move_with_them():
    errors = {"csh_error": 1.5, "metal_error": 2.5, "curve": CURVE}
    beyond = mean_porosity([10, 40, 230], [5, 5, 30], G_CSH, G_METAL, **errors)
    assert (beyond.porosity, beyond.total) == (0.75, 0)
    inside = mean_porosity([130], [10], G_CSH, G_METAL, **errors)
    both = mean_porosity([40, 130], [10, 10], G_CSH, G_METAL, **errors)
    for part in ("csh", "metal", "curve", "model"):
        assert getattr(both, part) == pytest.approx(getattr(inside, part) / 2)


def test_drift_and_gain_are_what_a_changed_image_reads(image):
    known = mean_porosity(*grey_histogram_of(image), G_CSH, G_METAL, curve=CURVE)
    plain = calibrate(image.astype(float), G_CSH, G_METAL, curve=CURVE).porosity.mean(dtype=float)
    for changed, effect in ((image + 1.4, known.drift), (image * 1.01, known.gain)):
        read = calibrate(changed, G_CSH, G_METAL, curve=CURVE).porosity.mean(dtype=float)
        assert effect == pytest.approx(read - plain, abs=1e-7)
        assert effect > 0.003


@settings(deadline=None, max_examples=30)
@given(hnp.arrays(np.uint16, hnp.array_shapes(min_dims=2, max_dims=2, max_side=9)), st.data())
def test_histogram_counts_every_pixel_once(image, data):
    left_out = data.draw(hnp.arrays(np.bool_, image.shape))
    for kind in (np.uint16, np.int32, float):
        grey, counts = grey_histogram_of(image.astype(kind), left_out)
        expected = np.unique(image[~left_out], return_counts=True)
        assert np.array_equal(grey, expected[0])
        assert np.array_equal(counts, expected[1])


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_map_is_the_table_at_every_pixel(image, dtype):
    unhydrated = image > 180
    values = image.astype(dtype)
    found = uncertainty_map(
        values, G_CSH, G_METAL, unhydrated=unhydrated, csh_error=1, metal_error=2, curve=CURVE
    )
    known = porosity_uncertainty(
        image, G_CSH, G_METAL, csh_error=1, metal_error=2, curve=CURVE
    ).total
    assert found.dtype == np.float32
    assert not found[unhydrated].any()
    np.testing.assert_allclose(found[~unhydrated], known[~unhydrated], rtol=1e-6)


def test_levels_the_wrong_way_round_are_refused(image):
    with pytest.raises(NpmError, match="must be above G_CSH"):
        uncertainty_map(image, 200, 60)
