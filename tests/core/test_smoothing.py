import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from skimage.filters import gaussian

from napari_npm.core.errors import NpmError
from napari_npm.core.smoothing import microscale, sigma_in_px

unit = st.floats(0, 1, width=32)
maps_2d = hnp.arrays(
    np.float32, hnp.array_shapes(min_dims=2, max_dims=2, max_side=16), elements=unit
)
sigmas = st.floats(0, 6)
EDGES = ("reflect", "mirror", "nearest", "wrap")


@pytest.mark.parametrize("edge", EDGES)
@pytest.mark.parametrize("sigma", [0.7, 3.0, 10.0])
def test_against_skimage(edge, sigma):
    image = np.random.default_rng(1).random((60, 45)).astype(np.float32)
    expected = gaussian(image, sigma, mode=edge, truncate=4.0, preserve_range=True)
    assert np.abs(microscale(image, sigma, edge=edge) - expected).max() < 1e-6


def test_against_plain_convolution():
    # The kernel by its formula, the edge by repeating the edge pixel outwards.
    image = np.random.default_rng(2).random((12, 9))
    radius = 8
    at = np.arange(-radius, radius + 1)
    kernel = np.exp(-(at**2) / (2 * 2.0**2))
    kernel /= kernel.sum()
    padded = np.pad(image, radius, mode="symmetric")
    expected = np.zeros_like(image)
    for dy in range(2 * radius + 1):
        for dx in range(2 * radius + 1):
            expected += kernel[dy] * kernel[dx] * padded[dy : dy + 12, dx : dx + 9]
    assert np.abs(microscale(image, 2.0) - expected).max() < 1e-6


def test_point_becomes_gaussian_of_that_sigma():
    image = np.zeros((129, 129), np.float32)
    image[64, 64] = 1
    smooth = microscale(image).astype(float)
    at = np.arange(129) - 64
    # Cut off at 4 standard deviations, a Gaussian keeps 0.9989 of its variance.
    assert np.sqrt((smooth.sum(0) * at**2).sum()) == pytest.approx(10, rel=2e-3)
    assert np.sqrt((smooth.sum(1) * at**2).sum()) == pytest.approx(10, rel=2e-3)


@settings(deadline=None)
@given(maps_2d, sigmas, st.sampled_from(["reflect", "wrap"]))
def test_mean_is_kept(image, sigma, edge):
    smooth = microscale(image, sigma, edge=edge)
    assert smooth.mean(dtype=float) == pytest.approx(image.mean(dtype=float), abs=2e-6)


@settings(deadline=None)
@given(maps_2d, sigmas, st.sampled_from(EDGES))
def test_stays_in_range(image, sigma, edge):
    smooth = microscale(image, sigma, edge=edge)
    assert smooth.dtype == np.float32
    assert image.min() <= smooth.min()
    assert smooth.max() <= image.max()


@settings(deadline=None)
@given(unit, sigmas, st.sampled_from(EDGES))
def test_constant_is_unchanged(value, sigma, edge):
    image = np.full((9, 7), value, np.float32)
    assert np.array_equal(microscale(image, sigma, edge=edge), image)


@settings(deadline=None)
@given(maps_2d, st.integers(0, 99), st.floats(0, 1), sigmas, st.sampled_from(EDGES))
def test_linear(first, seed, share, sigma, edge):
    second = np.random.default_rng(seed).random(first.shape)
    both = microscale(share * first + (1 - share) * second, sigma, edge=edge)
    apart = share * microscale(first, sigma, edge=edge) + (1 - share) * microscale(
        second, sigma, edge=edge
    )
    assert np.abs(both - apart).max() < 1e-6


def test_stack_is_smoothed_map_by_map():
    stack = np.random.default_rng(0).random((3, 20, 17))
    each = np.stack([microscale(image, 2.5) for image in stack])
    assert np.array_equal(microscale(stack, 2.5), each)


def test_input_is_left_alone():
    image = np.random.default_rng(0).random((8, 8)).astype(np.float32)
    before = image.copy()
    microscale(image, 0)[:] = 5
    microscale(image, 1)[:] = 5
    assert np.array_equal(image, before)


def test_sigma_in_px():
    assert sigma_in_px(0.52, 52) == pytest.approx(10)
    assert sigma_in_px(0, 52) == 0


@pytest.mark.parametrize(
    ("maps", "options", "says"),
    [
        (np.zeros((4, 4)), {"sigma_px": -1}, "standard deviation"),
        (np.zeros((4, 4)), {"sigma_px": np.nan}, "standard deviation"),
        (np.zeros((4, 4)), {"edge": "constant"}, "reflect, mirror, nearest, wrap"),
        (np.zeros((4, 4)), {"truncate": 0}, "cut off"),
        (np.zeros(4), {}, "map"),
        (np.zeros((0, 4)), {}, "map"),
        (np.array([[0, np.nan]]), {}, "NaN"),
    ],
)
def test_bad_input(maps, options, says):
    with pytest.raises(NpmError, match=says):
        microscale(maps, **options)


@pytest.mark.parametrize(("sigma", "pixel"), [(-1, 52), (np.inf, 52), (1, 0), (1, np.nan)])
def test_bad_sizes(sigma, pixel):
    with pytest.raises(NpmError, match="must be"):
        sigma_in_px(sigma, pixel)
