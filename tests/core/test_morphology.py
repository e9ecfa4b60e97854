"""Runs, local thickness and Minkowski functionals, against brute force and analytic models."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis.extra import numpy as hnp
from scipy.ndimage import distance_transform_edt
from skimage.measure import euler_number, perimeter_crofton

from napari_npm.core.errors import NpmError
from napari_npm.core.minkowski import minkowski
from napari_npm.core.runs import count_runs
from napari_npm.core.thickness import local_thickness

masks = hnp.arrays(bool, hnp.array_shapes(min_dims=2, max_dims=2, max_side=9))


def boolean_model(seed, size=1200, density=4e-4, radius=16):
    """Discs of one radius around points of a Poisson process: True on the discs."""
    rng = np.random.default_rng(seed)
    wide = size + 2 * radius
    points = rng.uniform(0, wide, (rng.poisson(density * wide**2), 2)) - radius
    mask = np.zeros((size, size), bool)
    reach = np.arange(-radius - 1, radius + 2)
    for point in points:
        near = np.rint(point).astype(int)
        rows, columns = near[0] + reach, near[1] + reach
        rows, columns = (
            rows[(rows >= 0) & (rows < size)],
            columns[(columns >= 0) & (columns < size)],
        )
        hit = np.hypot(rows[:, None] - point[0], columns - point[1]) < radius
        mask[np.ix_(rows, columns)] |= hit
    return mask


@settings(deadline=None, max_examples=60)
@given(masks)
def test_runs_against_brute_force(mask):
    runs = count_runs(mask)
    longest = max(mask.shape)
    inside, cut = [0] * (longest + 1), [0] * (longest + 1)
    hits, places = [0] * (longest + 1), [0] * (longest + 1)
    lines = [*mask, *mask.T]
    for line in lines:
        text = "".join("x" if pixel else " " for pixel in line)
        begin = 0
        for word in text.split(" "):
            whole = begin > 0 and begin + len(word) < len(text)
            if word:
                (inside if whole else cut)[len(word)] += 1
            begin += len(word) + 1
        for r in range(longest + 1):
            for at in range(len(text) - r):
                places[r] += 1
                hits[r] += text[at : at + r + 1] == "x" * (r + 1)
    assert runs.inside.tolist() == inside
    assert runs.cut.tolist() == cut
    assert runs.places.tolist() == places
    assert runs.ends == sum(int(np.abs(np.diff(line.astype(int))).sum()) for line in lines)
    fits = np.array(places) > 0
    assert runs.lineal_path[fits] == pytest.approx(np.array(hits)[fits] / np.array(places)[fits])
    assert np.isnan(runs.lineal_path[~fits]).all()


@given(masks)
def test_every_pixel_is_in_two_runs(mask):
    runs = count_runs(mask)
    assert (runs.inside + runs.cut) @ np.arange(max(mask.shape) + 1) == 2 * mask.sum()


def test_a_random_checkerboard_of_single_pixels():
    mask = np.random.default_rng(0).random((800, 800)) < 0.6
    runs = count_runs(mask)
    # r + 1 independent pixels; a chord goes on with chance 0.6.
    assert runs.lineal_path[:8] == pytest.approx(0.6 ** np.arange(1, 9), abs=0.003)
    assert runs.mean_chord == pytest.approx(1 / 0.4, rel=0.01)
    assert count_runs(~mask).mean_chord == pytest.approx(1 / 0.6, rel=0.01)


def test_a_boolean_model_of_discs():
    # Torquato (2002), Random Heterogeneous Materials: of the space between discs of radius R and
    # density rho, L(z) = exp(-rho (pi R^2 + 2 R z)), with mean chord 1 / (2 rho R).
    density, radius = 4e-4, 16
    runs = count_runs(~boolean_model(0))
    for seed in range(1, 8):
        runs += count_runs(~boolean_model(seed))
    z = np.arange(0, 90, 10)
    expected = np.exp(-density * (np.pi * radius**2 + 2 * radius * z))
    assert runs.lineal_path[z] == pytest.approx(expected, rel=0.04)
    assert runs.mean_chord == pytest.approx(1 / (2 * density * radius), rel=0.03)


def test_minkowski_functionals_of_a_boolean_model():
    # Thin, for discs less than a pixel apart are joined on the grid.
    density, radius, size = 1e-4, 16, 1200
    area, perimeter = np.pi * radius**2, 2 * np.pi * radius
    free = np.exp(-density * area)
    # Miles's formulae for a unit of area, and the kinematic formula for a square window.
    length = density * perimeter * free
    euler = density * free * (1 - density * perimeter**2 / (4 * np.pi))
    window = size**2 * euler + length * 4 * size / (2 * np.pi) + 1 - free
    found = [minkowski(boolean_model(seed, density=density).astype(np.uint8)) for seed in range(6)]
    total = sum(found[1:], found[0])
    assert total.area[0] / total.pixels == pytest.approx(1 - free, rel=0.03)
    assert total.perimeter[0] / total.pixels == pytest.approx(length, rel=0.03)
    assert total.euler[0] / 6 == pytest.approx(window, abs=10)
    assert window > 100


@settings(deadline=None, max_examples=40)
@given(hnp.arrays(np.uint8, hnp.array_shapes(min_dims=2, max_dims=2, min_side=3, max_side=9)))
def test_minkowski_is_skimages_at_every_threshold(grey):
    inner = np.pad(grey[1:-1, 1:-1], 1)  # skimage takes what lies outside the map to be empty
    found = minkowski(inner)
    whole = minkowski(grey)
    for level in range(0, 256, 5):
        assert found.area[level] == (inner > level).sum()
        assert whole.euler[level] == euler_number(grey > level, 2)
        assert found.perimeter[level] == pytest.approx(perimeter_crofton(inner > level, 4))


def test_porosity_is_quantised_as_everywhere():
    porosity = np.array([[0.0, 0.2], [0.7, 1.0]], np.float32)
    grey = np.rint(porosity * 255).astype(np.uint8)
    assert np.array_equal(minkowski(porosity).area, minkowski(grey).area)
    flat = minkowski(np.full((4, 4), 0.5))
    assert flat.perimeter.max() == 0
    assert flat.euler.tolist() == [1] * 128 + [0] * 128


@settings(deadline=None, max_examples=60)
@given(masks)
def test_thickness_against_every_disc(mask):
    found = local_thickness(mask)
    if mask.all():
        assert (found == min(mask.shape)).all()
        return
    room = distance_transform_edt(mask)
    rows, columns = np.indices(mask.shape)
    expected = np.zeros(mask.shape, int)
    for row, column in np.argwhere(mask):
        radius = int(room[row, column])
        near = np.hypot(rows - row, columns - column)
        for one in range(1, radius + 1):
            inside = near < one
            expected[inside] = np.maximum(expected[inside], 2 * one - 1)
    assert np.array_equal(found, expected)


@pytest.mark.parametrize("width", [1, 3, 9])
def test_thickness_of_a_band_is_its_width(width):
    mask = np.zeros((40, 60), bool)
    mask[10 : 10 + width] = True
    found = local_thickness(mask)
    assert set(found[mask]) == {width}
    assert not found[~mask].any()


def test_runs_of_maps_add_up():
    rng = np.random.default_rng(0)
    one, other = rng.random((2, 7, 9)) < 0.5
    total = count_runs(one) + count_runs(other)
    assert total.lineal_path[0] == pytest.approx((one.sum() + other.sum()) / 126)
    with pytest.raises(NpmError, match="different sizes"):
        count_runs(one) + count_runs(np.ones((4, 4), bool))


@pytest.mark.parametrize("function", [count_runs, local_thickness])
def test_what_is_no_phase_is_refused(function):
    with pytest.raises(NpmError, match="truth values"):
        function(np.zeros((3, 3)))
    with pytest.raises(NpmError, match="rows and columns"):
        function(np.zeros((0, 3), bool))
    assert np.isnan(count_runs(np.zeros((3, 3), bool)).mean_chord)
