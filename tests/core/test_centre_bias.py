import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.ndimage import gaussian_filter

from napari_npm.core.centre_bias import edge_profile, flat_field, mean_field
from napari_npm.core.errors import NpmError
from napari_npm.core.network import NetworkConfig
from napari_npm.core.relevance import explain
from napari_npm.core.training import train

SIDE = 64
NARROW = (0, 2, 4, 8, 16, 32)


def textures(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Maps (n, SIDE, SIDE) of two classes that differ in correlation length, alike everywhere."""
    rng = np.random.default_rng(seed)
    labels = np.arange(n) % 2
    fields = [
        gaussian_filter(rng.normal(size=(SIDE, SIDE)), 1 + 0.8 * k, mode="wrap") for k in labels
    ]
    maps = [0.3 + 0.15 * field / field.std() for field in fields]
    return np.clip(maps, 0, 1).astype(np.float32), labels


def relevance_of(padding: str) -> np.ndarray:
    """Relevance of new maps by a network trained with this padding."""
    config = NetworkConfig((8, 8, 16, 16, 16), padding=padding, input_size=SIDE)
    trained = train(*textures(64, 0), config=config, epochs=6, batch_size=8)
    maps, labels = textures(240, 1)
    found = explain(trained.model, maps)
    assert (found.predicted == labels).mean() > 0.95
    return found.relevance


@pytest.fixture(scope="module")
def biased() -> np.ndarray:
    return relevance_of("zeros")


def test_zero_padding_is_uneven_and_a_field_of_other_tiles_evens_it_out(biased: np.ndarray) -> None:
    before = edge_profile(biased[120:])
    assert before[0] < 0.85
    assert before[-1] > 1.3
    field = mean_field(biased[:120], sigma_px=4)
    flat = flat_field(biased[120:], field)
    for profile in (edge_profile(flat), edge_profile(flat, distances=NARROW)):
        assert profile.min() > 0.95
        assert profile.max() < 1.05
    # the steep fall at the edge is in the field: smoothing the mean map alone would miss it
    assert edge_profile(field[None], distances=NARROW) == pytest.approx(
        edge_profile(biased[:120], distances=NARROW), abs=0.02
    )


def test_replicate_padding_is_nearly_even() -> None:
    profile = edge_profile(relevance_of("replicate"))
    assert 0.85 < profile.min() < profile.max() < 1.2


def test_symmetry_finds_the_field_from_fewer_maps(biased: np.ndarray) -> None:
    best = mean_field(biased[20:], sigma_px=2, symmetric=True)
    few = [mean_field(biased[:10], sigma_px=2, symmetric=symmetric) for symmetric in (False, True)]
    errors = [float(np.abs(field - best).mean()) for field in few]
    assert errors[1] < 0.6 * errors[0]


def test_the_symmetric_field_is_that_of_all_turns_and_flips(rng: np.random.Generator) -> None:
    maps = rng.random((5, 12, 12))
    turned = [np.rot90(m, k) for m in maps for k in range(4)]
    turned += [m.T for m in turned]
    for sigma in (0, 2):
        np.testing.assert_allclose(
            mean_field(maps, sigma_px=sigma, symmetric=True),
            mean_field(turned, sigma_px=sigma),
            rtol=1e-10,
        )
    oblong = rng.random((5, 12, 16))
    field = mean_field(oblong, sigma_px=0, symmetric=True)
    np.testing.assert_allclose(field, field[::-1])
    np.testing.assert_allclose(field, field[:, ::-1])
    shares = oblong / oblong.sum((1, 2), keepdims=True)
    four = [m[rows, columns] for m in shares for rows in TURNS for columns in TURNS]
    np.testing.assert_allclose(field, np.mean(four, 0) * 12 * 16)


TURNS = (slice(None), slice(None, None, -1))


def test_a_field_without_smoothing_is_the_mean_of_shares(rng: np.random.Generator) -> None:
    maps = 1 + rng.random((6, 10, 14))
    maps[2] *= 1000  # each map has the same say, however large its unit
    shares = maps / maps.sum((1, 2), keepdims=True)
    field = mean_field(maps, sigma_px=0)
    np.testing.assert_allclose(field, shares.mean(0) * 140)
    # and dividing by it makes the mean of the shares even
    np.testing.assert_allclose((shares / field).mean(0), 1 / 140)


def test_smoothing_keeps_a_separable_field_and_removes_single_pixels() -> None:
    rows, columns = np.linspace(0.5, 1.5, 40), np.where(np.arange(30) < 2, 0.3, 1.0)
    separable = np.outer(rows, columns)
    np.testing.assert_allclose(
        mean_field([separable] * 4, sigma_px=8), separable / separable.mean(), rtol=1e-9
    )
    spot = separable.copy()
    spot[20, 15] *= 5
    assert mean_field([spot] * 4, sigma_px=8)[20, 15] < 1.5 * separable[20, 15] / separable.mean()


def test_where_nothing_ever_arrives_noise_is_not_raised_without_bound() -> None:
    maps = np.ones((4, 16, 16))
    maps[:, :3] = 0
    field = mean_field(maps, sigma_px=2)
    assert field.min() > 0.05
    flat = flat_field(maps, field)
    assert np.isfinite(flat).all()
    assert not flat[:, :3].any()


positive = arrays(np.float64, (5, 9, 11), elements=st.floats(0, 1e3))


@given(maps=positive, scale=st.floats(1e-6, 1e6), sigma=st.sampled_from([0.0, 3.0]))
def test_fields_and_flat_maps_are_normal_and_free_of_scale(maps, scale, sigma) -> None:
    maps[:4, 3, 3] += 1  # at least four maps with relevance
    maps[4] = 0
    field = mean_field(maps, sigma_px=sigma)
    assert field.mean() == pytest.approx(1)
    assert field.min() > 0
    np.testing.assert_allclose(mean_field(scale * maps, sigma_px=sigma), field, rtol=1e-9)
    flat = flat_field(maps, field)
    assert flat.dtype == np.float32
    assert flat.min() >= 0
    assert flat[:4].sum((1, 2), dtype=np.float64) == pytest.approx(np.ones(4), abs=1e-5)
    assert not flat[4].any()
    np.testing.assert_allclose(flat_field(scale * maps, 7 * field), flat, rtol=1e-5, atol=1e-12)
    assert ((flat > 0) <= (maps > 0)).all()
    profile = edge_profile(maps, 3)
    np.testing.assert_allclose(edge_profile(scale * maps, 3), profile, rtol=1e-9)


@given(maps=positive, n_bins=st.integers(1, 5))
def test_the_profile_is_the_mean_by_distance(maps, n_bins) -> None:
    maps += 0.1
    index = np.indices((9, 11))
    distance = np.minimum.reduce([index[0], 8 - index[0], index[1], 10 - index[1]])
    relative = (maps / maps.mean((1, 2), keepdims=True)).mean(0)
    place = np.floor(distance / (5 / n_bins) + 1e-9).astype(int)
    expected = [relative[place == bin_].mean() for bin_ in range(n_bins)]
    np.testing.assert_allclose(edge_profile(maps, n_bins), expected)
    # weighted by their pixels the bins mean 1: a map of one value is flat
    counts = np.bincount(place.ravel())
    assert np.average(edge_profile(maps, n_bins), weights=counts) == pytest.approx(1)


def test_given_distances_count_from_the_outermost_pixel() -> None:
    image = np.zeros((8, 8))
    image[0] = 1  # relevance in one outermost row: 8 of 28 pixels at distance 0
    profile = edge_profile([image], distances=(0, 1, 2))
    np.testing.assert_allclose(profile, [8 / 28 * 8, 0])


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: mean_field(np.ones((3, 8, 8))), "at least 4 maps with relevance, and there are 3"),
        (lambda: mean_field(np.zeros((9, 8, 8))), "there are 0"),
        (lambda: mean_field([]), "there are 0"),
        (lambda: mean_field([np.ones((8, 8))] * 4 + [np.ones((8, 9))]), "map 4 is 8 x 9 px"),
        (lambda: mean_field(np.full((4, 8, 8), np.nan)), "map 0 holds NaN"),
        (lambda: mean_field(-np.ones((4, 8, 8))), "map 0 holds negative"),
        (lambda: mean_field(np.ones((8, 8))), r"map 0 has the shape \(8,\)"),
        (lambda: mean_field(np.ones((4, 8, 8)), sigma_px=-1), "0 px or more, not -1"),
        (lambda: mean_field(np.ones((4, 8, 8)), sigma_px=np.nan), "not nan"),
        (
            lambda: flat_field(np.ones((1, 8, 8)), np.ones((8, 9))),
            "8 x 8 px but the field is 8 x 9",
        ),
        (lambda: flat_field(np.ones((1, 8, 8)), np.zeros((8, 8))), "above 0"),
        (lambda: flat_field(np.ones((1, 8, 8)), np.full((8, 8), np.nan)), "above 0"),
        (lambda: flat_field(-np.ones((1, 8, 8)), np.ones((8, 8))), "negative"),
        (lambda: edge_profile(np.zeros((2, 8, 8))), "No map has any relevance"),
        (lambda: edge_profile(np.ones((2, 8, 8)), 0), "at least one bin, not 0"),
        (lambda: edge_profile(np.ones((2, 8, 8)), 9), "holds no pixel of maps of 8 x 8 px"),
        (lambda: edge_profile(np.ones((2, 8, 8)), distances=(4, 2)), "ascending"),
        (lambda: edge_profile(np.ones((2, 8, 8)), distances=(4,)), "ascending"),
    ],
)
def test_what_cannot_be_used_is_named(call, words) -> None:
    with pytest.raises(NpmError, match=words):
        call()
