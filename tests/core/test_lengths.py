import numpy as np
import pytest
from scipy.special import j0

from napari_npm.core.correlation import characteristic_length, correlation_length, two_point
from napari_npm.core.errors import NpmError


def checkerboards(n, cells, side, share, seed):
    """Random checkerboards: every cell is 1 with probability `share`."""
    cell = np.random.default_rng(seed).random((n, cells, cells)) < share
    return np.kron(cell, np.ones((side, side))).astype(np.uint8)


def test_random_checkerboard_follows_its_analytic_curve():
    side, cells, share = 6, 32, 0.3
    width = side * cells
    found = two_point(checkerboards(24, cells, side, share, 4), r_max=14, levels=2)
    offset = np.arange(-14, 15)
    # Share of the pairs, offset by that much along one axis, that lie in one column of cells.
    in_one = cells * np.maximum(side - np.abs(offset), 0) / (width - np.abs(offset))
    starts = width - np.abs(offset)
    r = np.rint(np.hypot(*np.meshgrid(offset, offset))).astype(int).ravel()
    weight = np.outer(starts, starts).ravel().astype(float)
    one_cell = np.outer(in_one, in_one).ravel()
    equal = one_cell + (1 - one_cell) * (share**2 + (1 - share) ** 2)
    expected = np.bincount(r, weight * equal)[:15] / np.bincount(r, weight)[:15]
    np.testing.assert_allclose(found.probability[:, 0], expected, atol=0.006)
    # Where no pair shares a cell any more the curve is constant: |dx| or |dy| >= 6 from r = 9 on.
    length = correlation_length(found, 52.0)
    assert length.determined
    assert 6 <= length.px <= 9
    assert length.um == pytest.approx(length.px * 0.052)


def ring_fields(n, size, wavelength, seed):
    """Two-phase maps: Gaussian fields of one wavelength in all directions, cut at zero."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:size, :size]
    fields = np.zeros((n, size, size))
    for field in fields:
        for angle, phase in rng.random((60, 2)) * 2 * np.pi:
            k = 2 * np.pi / wavelength
            field += np.cos(k * (np.cos(angle) * x + np.sin(angle) * y) + phase)
    return (fields > 0).astype(np.uint8)


def test_characteristic_length_of_a_field_of_one_wavelength_is_analytic():
    # P(same phase | r) = 1/2 + arcsin(rho)/pi (Sheppard), lowest with rho = J0(k r): k r = 3.8317.
    wavelength = 20
    found = two_point(ring_fields(12, 160, wavelength, 3), r_max=40, levels=2)
    rho = j0(2 * np.pi * found.r / wavelength)
    np.testing.assert_allclose(found.probability[:, 0], 0.5 + np.arcsin(rho) / np.pi, atol=0.04)
    length = characteristic_length(found, 100.0)
    assert length.determined
    assert length.px == pytest.approx(3.8317 / (2 * np.pi) * wavelength, abs=1)
    assert length.um == pytest.approx(length.px * 0.1)
    assert length.low_um <= length.um <= length.high_um
    assert characteristic_length(found, 100.0) == length


def test_lengths_of_noise_are_one_pixel_and_undetermined():
    maps = np.random.default_rng(6).integers(0, 256, (8, 64, 64)).astype(np.uint8)
    found = two_point(maps, r_max=40)
    correlation = correlation_length(found, 52.0)
    assert (correlation.px, correlation.determined) == (1, True)
    assert "pixel size" in correlation.limit
    characteristic = characteristic_length(found, 52.0)
    assert not characteristic.determined
    assert "cannot be told" in characteristic.limit


def test_a_trend_across_the_map_has_no_length():
    rng = np.random.default_rng(7)
    ramp = np.linspace(0, 200, 80)
    maps = [(ramp + rng.integers(0, 40, (80, 80))).astype(np.uint8) for _ in range(6)]
    found = two_point(maps, r_max=60)
    assert not correlation_length(found, 52.0).determined
    assert "r_max" in correlation_length(found, 52.0).limit
    falling = characteristic_length(found, 52.0)
    assert not falling.determined
    assert "lowest near r_max" in falling.limit


def test_tolerance_shortens_the_correlation_length():
    found = two_point(checkerboards(24, 16, 6, 0.5, 1), r_max=30, levels=2)
    strict, loose = correlation_length(found, 52.0), correlation_length(found, 52.0, tolerance=0.2)
    assert 1 < loose.px < strict.px
    assert "tolerance" in loose.limit


@pytest.mark.parametrize("copies", [1, 5])
def test_without_spread_between_maps_the_scatter_far_away_is_the_error(copies):
    one = checkerboards(1, 24, 5, 0.4, 9)
    found = two_point(np.repeat(one, copies, axis=0), r_max=60, levels=2)
    length = correlation_length(found, 52.0)
    assert "scatter" in length.limit
    assert 3 <= length.px <= 10
    assert characteristic_length(found, 52.0).low_um is None


def test_lengths_refuse_what_they_cannot_read():
    found = two_point(np.arange(49).reshape(7, 7), r_max=4)
    for read in (correlation_length, characteristic_length):
        with pytest.raises(NpmError, match="larger r_max"):
            read(found, 52.0)
        with pytest.raises(NpmError, match="pixel size"):
            read(found, 0.0)
