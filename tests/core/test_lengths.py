import numpy as np
import pytest
from scipy import fft
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
        with pytest.raises(NpmError, match="bootstrap sample"):
            read(found, 52.0, resamples=0)
    far = two_point(np.arange(256).reshape(16, 16), r_max=12)
    for tolerance in (-0.1, np.nan):
        with pytest.raises(NpmError, match="tolerance"):
            correlation_length(far, 52.0, tolerance=tolerance)


@pytest.mark.parametrize("engine", ["direct", "fft"])
def test_one_phase_agrees_with_the_transform_of_its_indicator(engine):
    # P(both in the phase | d) by an own transform; pairs of equal phase follow from it.
    phase = ring_fields(1, 48, 12, 4)[0]
    size = (96, 96)
    spectra = [fft.fft2(part.astype(float), size) for part in (phase, 1 - phase)]
    both = sum(fft.ifft2(np.abs(one) ** 2).real for one in spectra)
    expected = np.zeros(21)
    for dy in range(-20, 21):
        for dx in range(-20, 21):
            r = round(np.hypot(dy, dx))
            if r <= 20:
                expected[r] += both[dy, dx] / (2 if r else 1)  # every pair stands there twice
    found = two_point(phase, r_max=20, levels=2, engine=engine)
    np.testing.assert_array_equal(found.counts[:, 0], np.rint(expected))


def discs(n, size, radius, density, seed):
    """Boolean model: periodic discs of one radius at the points of a Poisson process."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:size, :size]
    maps = np.zeros((n, size, size), np.uint8)
    for covered in maps:
        for cy, cx in rng.random((rng.poisson(density * size**2), 2)) * size:
            dy, dx = (np.abs(a - c) for a, c in ((y, cy), (x, cx)))
            dy, dx = np.minimum(dy, size - dy), np.minimum(dx, size - dx)
            covered[dy**2 + dx**2 <= radius**2] = 1
    return maps


def test_boolean_model_of_discs_follows_its_analytic_curve():
    # Both of two points r apart are void if no centre lies in the union of two discs about them:
    # S2 = exp(-density (2 pi R^2 - overlap(r))) (Torquato 2002, Random Heterogeneous Materials).
    radius, density = 6.0, 0.006
    maps = discs(12, 160, radius, density, 2)
    found = two_point(maps, r_max=30, levels=2, periodic=True)
    r = np.arange(31)
    half = np.clip(r / (2 * radius), 0, 1)
    overlap = 2 * radius**2 * (np.arccos(half) - half * np.sqrt(1 - half**2))
    void = np.exp(-density * np.pi * radius**2)
    both = np.exp(-density * (2 * np.pi * radius**2 - overlap))
    equal = both + (1 - 2 * void + both)
    # Rings are one pixel wide, and 12 maps of 160 px scatter by some 0.01.
    np.testing.assert_allclose(found.probability[1:, 0], equal[1:], atol=0.025)
    length = correlation_length(found, 52.0)
    assert 8 <= length.px <= 2 * radius + 2


def test_the_correlation_length_has_an_interval_over_maps_or_specimens():
    found = two_point(checkerboards(24, 16, 6, 0.4, 4), r_max=30, levels=2)
    length = correlation_length(found, 52.0)
    assert length.low_um <= length.um <= length.high_um
    assert length.high_um - length.low_um < 0.5 * length.um
    assert "24 maps" in length.limit
    by_specimen = correlation_length(found, 52.0, groups=[k // 2 for k in range(24)])
    assert "12 specimens" in by_specimen.limit
    assert correlation_length(found, 52.0, groups=range(24)).px == length.px
    # Two specimens are too few for an interval.
    assert correlation_length(found, 52.0, groups=[k % 2 for k in range(24)]).low_um is None
    for measure in (correlation_length, characteristic_length):
        with pytest.raises(NpmError, match="24 maps but 3 specimens"):
            measure(found, 52.0, groups=["a", "b", "c"])


def test_copies_of_maps_within_specimens_do_not_narrow_the_interval():
    maps = checkerboards(8, 16, 6, 0.4, 4)
    copied = two_point(np.repeat(maps, 5, axis=0), r_max=30, levels=2)
    names = [k // 5 for k in range(40)]
    single = two_point(maps, r_max=30, levels=2)
    for measure in (correlation_length, characteristic_length):
        one, other = measure(single, 52.0), measure(copied, 52.0, groups=names)
        assert (one.px, one.low_um, one.high_um) == (other.px, other.low_um, other.high_um)


@pytest.mark.parametrize("n", [1, 2])
def test_fewer_than_three_maps_have_no_interval(n):
    found = two_point(checkerboards(n, 24, 5, 0.4, 9), r_max=60, levels=2)
    for measure in (correlation_length, characteristic_length):
        length = measure(found, 52.0)
        assert length.low_um is None
        assert length.high_um is None
