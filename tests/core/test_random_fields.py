import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from napari_npm.core._random_fields import (
    beta_scores,
    field_from_spectrum,
    lookup,
    scores_to_beta,
    smooth_field,
    white_spectrum,
)


def coloured(rng, shape, length):
    return field_from_spectrum(white_spectrum(rng, shape), shape, length)


@pytest.mark.parametrize("make", [coloured, smooth_field])
@pytest.mark.parametrize("shape", [(96, 128), (81, 75), (64, 97)])
def test_fields_have_the_covariance_that_is_asked_for(make, shape):
    rng = np.random.default_rng(5)
    length = 6.0
    fields = np.stack([make(rng, shape, length) for _ in range(120)])
    assert fields.shape == (120, *shape)
    # 120 fields of some 50 independent patches: standard error about 0.02
    assert abs(fields.mean()) < 0.05
    # The variance at every column and row alike: columns 0 and Nyquist count once, others twice.
    assert np.allclose(fields.var(axis=(0, 1)), 1.0, atol=0.15)
    assert np.allclose(fields.var(axis=(0, 2)), 1.0, atol=0.15)
    for lag in (2, 4, 6, 9):
        expected = np.exp(-((lag / length) ** 2))
        down = (fields * np.roll(fields, lag, axis=1)).mean()
        across = (fields * np.roll(fields, lag, axis=2)).mean()
        assert down == pytest.approx(expected, abs=0.04)
        assert across == pytest.approx(expected, abs=0.04)


def test_the_same_spectrum_gives_the_same_structure_at_another_fineness():
    white = white_spectrum(np.random.default_rng(1), (128, 128))
    coarse, slightly, fine = (field_from_spectrum(white, (128, 128), n) for n in (6.0, 5.5, 1.5))
    near = np.corrcoef(coarse.ravel(), slightly.ravel())[0, 1]
    far = np.corrcoef(coarse.ravel(), fine.ravel())[0, 1]
    # Gaussian kernels a, b on the same noise correlate with 2ab / (a^2 + b^2).
    assert near == pytest.approx(2 * 6 * 5.5 / (36 + 5.5**2), abs=0.02)
    assert far == pytest.approx(2 * 6 * 1.5 / (36 + 1.5**2), abs=0.06)


@given(
    mean=st.floats(0.05, 0.9),
    share=st.floats(0.05, 0.6),
    scores=st.lists(st.floats(-3.5, 3.5), min_size=1, max_size=20),
)
def test_the_copula_has_the_beta_quantiles_of_scipy(mean, share, scores):
    spread = share * np.sqrt(mean * (1 - mean))
    total = mean * (1 - mean) / spread**2 - 1
    law = stats.beta(mean * total, (1 - mean) * total)
    assert law.mean() == pytest.approx(mean)
    assert law.std() == pytest.approx(spread)
    found = scores_to_beta(np.array(scores), beta_scores(mean, spread))
    assert np.allclose(found, law.ppf(stats.norm.cdf(scores)), atol=2e-5)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30), st.integers(2, 40))
def test_lookup_is_numpy_interp_on_an_even_grid(position, nodes):
    table = np.random.default_rng(nodes).random(nodes)
    expected = np.interp(position, np.linspace(0, 1, nodes), table)
    assert np.allclose(lookup(table, np.array(position)), expected, atol=1e-12)
