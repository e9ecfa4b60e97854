import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad

from napari_npm.core._elastic import ELASTIC, elastic_model
from napari_npm.core.errors import NpmError

ELEMENTS = st.integers(1, 92)
ENERGIES = st.floats(0.05, 30.0)
MODELS = st.sampled_from(sorted(ELASTIC))
U = np.concatenate([np.linspace(0, 0.99, 100), 1 - np.geomspace(0.01, 1e-9, 40), [1.0]])


@settings(deadline=None)
@given(MODELS, ELEMENTS, ENERGIES)
def test_deflection_and_share_undo_each_other(name, z, energy):
    model = ELASTIC[name]
    x = model.deflection(z, energy, U)
    assert np.all(np.diff(x) >= 0)
    assert x[0] == 0
    assert x[-1] == pytest.approx(1, abs=1e-12)
    assert model.cumulative(z, energy, x) == pytest.approx(U, abs=1e-9)


@settings(deadline=None)
@given(MODELS, ELEMENTS, ENERGIES)
def test_cross_section_is_positive_and_continuous(name, z, energy):
    model = ELASTIC[name]
    near = model.cross_section(z, np.array([energy, 1.001 * energy]))
    assert np.all(near > 0)
    assert near[1] / near[0] == pytest.approx(1, rel=0.02)


@pytest.mark.parametrize(("z", "energy"), [(6, 1.0), (6, 20.0), (47, 5.0), (79, 10.0)])
def test_rutherford_is_its_differential_cross_section(z, energy):
    # dσ/dΩ = 5.21e-21 (Z/E)² ((E + 511)/(E + 1022))² / (x + α)²  (Joy 1995), dΩ = 4π dx,
    # with α = 3.4e-3 Z^0.67 / E; integrated here by quadrature.
    alpha = 3.4e-3 * z**0.67 / energy
    scale = 5.21e-21 * (z / energy) ** 2 * ((energy + 511) / (energy + 1022)) ** 2

    def below(x):  # over ln(t + α), in which the integrand is smooth
        ends = np.log([alpha, x + alpha])
        return quad(lambda v: 4 * np.pi * scale * np.exp(-v), *ends, epsabs=0, epsrel=1e-10)[0]

    model = ELASTIC["rutherford"]
    total = below(1.0)
    assert model.cross_section(z, energy) / total == pytest.approx(1, rel=1e-9)
    for x in (0.01, 0.1, 0.5):
        assert model.cumulative(z, energy, x) == pytest.approx(below(x) / total, rel=1e-9)


@pytest.mark.parametrize(("z", "energy"), [(6, 5.0), (29, 0.3), (83, 20.0)])
def test_browning_draws_from_both_parts(z, energy):
    # As published: with probability R/(1 + R) a screened deflection, else one in any direction.
    rng = np.random.default_rng(7)
    n = 200_000
    ratio = 300 * energy ** (1 - z / 2000) / z + z**3 / (3e5 * energy)
    alpha = 7e-3 / energy
    u, v = rng.random((2, n))
    screened = 1 - 2 * alpha * v / (1 + alpha - v)
    x = (1 - np.where(u < ratio / (1 + ratio), screened, 1 - 2 * v)) / 2
    model = ELASTIC["browning"]
    for share in (0.1, 0.5, 0.9, 0.99):
        drawn = np.mean(x < model.deflection(z, energy, share))
        assert drawn == pytest.approx(share, abs=4 * np.sqrt(share * (1 - share) / n))


def test_browning_cross_section():
    # Gold at 1 keV: 79^1.7 = 1682.54; 3.0e-18 · 1682.54 / (1 + 8.4127 + 4.3687).
    found = ELASTIC["browning"].cross_section(79, 1.0)
    assert found / (3.0e-18 * 1682.54 / 13.7814) == pytest.approx(1, rel=1e-5)


def test_browning_is_a_fit_to_mott():
    # Where both hold their transport cross sections agree; screened Rutherford's do not (gold).
    def transport(name, z, energy):
        model = ELASTIC[name]
        mean = np.trapezoid(model.deflection(z, energy, U), U)
        return 2 * mean * model.cross_section(z, energy)

    for z in (13, 29, 47, 79):
        for energy in (2.0, 5.0, 10.0):
            ratio = transport("browning", z, energy) / transport("mott", z, energy)
            assert 0.8 < ratio < 1.25
    assert transport("rutherford", 79, 2.0) / transport("mott", 79, 2.0) > 1.8


def test_unknown_model():
    assert elastic_model("mott") is ELASTIC["mott"]
    with pytest.raises(NpmError, match="choose one of mott, browning, rutherford"):
        elastic_model("moth")
