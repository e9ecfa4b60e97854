from importlib import resources

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.interpolate import PchipInterpolator

from napari_npm.core.errors import NpmError
from napari_npm.core.response import ResponseCurve, default_curve, load_curve

DATA = resources.files("napari_npm") / "data" / "response" / "csh_fields_metal_5kv.csv"

# y(n) of C-S-H with Field's metal at 5 kV, to three digits, as tabulated beside eta.
PUBLISHED = {
    0.02: 0.062, 0.05: 0.147, 0.1: 0.266, 0.15: 0.366, 0.2: 0.443, 0.3: 0.574, 0.4: 0.678,
    0.5: 0.759, 0.6: 0.823, 0.7: 0.876, 0.8: 0.923, 0.9: 0.967,
}  # fmt: skip


def mass_fraction(n: np.ndarray) -> np.ndarray:
    return 7.88 * n / (7.88 * n + 2.12 * (1 - n))


@pytest.fixture(scope="module")
def table() -> np.ndarray:
    lines = DATA.read_text(encoding="utf-8").splitlines()
    names = next(line for line in lines if not line.startswith("#")).split(",")
    rows = np.genfromtxt(lines, comments="#", delimiter=",", skip_header=5)
    return np.rec.fromarrays(rows.T, names=names)


@settings(deadline=None)
@given(st.floats(0, 1))
def test_signal_and_porosity_undo_each_other(x):
    curve = default_curve()
    assert float(curve.porosity_of(curve.signal(x))) == pytest.approx(x, abs=1e-12)
    assert float(curve.signal(curve.porosity_of(x))) == pytest.approx(x, abs=1e-12)


@settings(deadline=None)
@given(st.floats(0, 1), st.floats(0, 1))
def test_rises(a, b):
    low, high = sorted((a, b))
    n = default_curve().porosity_of([low, high])
    assert n[0] <= n[1]
    if high - low > 1e-9:
        assert n[0] < n[1]


def test_published_values():
    curve = default_curve()
    for n, y in PUBLISHED.items():
        # Both sides are rounded: y to 0.0005, and eta to 0.00005 over a span of 0.28.
        assert float(curve.signal(n)) == pytest.approx(y, abs=7e-4)


def test_castaing_would_read_low():
    # The rule of mixtures (y = mass fraction) turns the signal of a true 0.20 into 0.176.
    curve = default_curve()
    y = curve.signal(0.2)
    assert float(curve.porosity_of(y)) == pytest.approx(0.20, abs=1e-12)
    n = np.linspace(0, 1, 100_001)
    assert np.interp(float(y), mass_fraction(n), n) == pytest.approx(0.176, abs=1e-3)


def test_close_to_compact_fit():
    # A two-term fit of the same simulation, stated to be within 0.006.
    n = np.linspace(0, 1, 501)
    w = mass_fraction(n)
    assert np.abs(default_curve().signal(n) - (w - 0.15 * w * (1 - w))).max() < 0.0065


def test_table_is_pchip_and_passes_through_its_points():
    curve = default_curve()
    n = np.linspace(0, 1, 20_011)
    exact = PchipInterpolator(curve.porosity, curve.response)(n)
    assert np.abs(curve.signal(n) - exact).max() < 1e-6
    assert np.array_equal(curve.signal(curve.porosity), curve.response)


def test_data_file_is_consistent(table):
    assert np.abs(table.metal_mass_fraction - mass_fraction(table.porosity)).max() < 6e-5
    normal = (table.eta - table.eta[0]) / (table.eta[-1] - table.eta[0])
    assert np.abs(table.response - normal).max() < 6e-5
    assert np.all(np.diff(table.mean_energy) > 0)
    assert np.array_equal(default_curve().porosity, table.porosity)


def test_source_is_named():
    assert "NIST SRD 64" in default_curve().source
    assert "5 kV" in default_curve().name


def test_ends_hold_outside():
    curve = default_curve()
    assert curve.porosity_of([-3, 0, 1, 9]).tolist() == [0, 0, 1, 1]
    assert curve.signal(np.array([[-1.0, 0.0], [1.0, 2.0]])).tolist() == [[0, 0], [1, 1]]


def test_frozen_equal_hashable():
    with pytest.raises(AttributeError):
        default_curve().name = "x"
    curve = ResponseCurve("a", "b", (0, 0.5, 1), (0, 0.6, 1))
    assert curve == ResponseCurve("a", "b", (0, 0.5, 1), (0, 0.6, 1))
    assert hash(curve) == hash(ResponseCurve("a", "b", (0, 0.5, 1), (0, 0.6, 1)))
    assert curve != ResponseCurve("a", "b", (0, 0.5, 1), (0, 0.7, 1))


@pytest.mark.parametrize(
    ("n", "y"),
    [
        ((0, 0.5, 1), (0, 0.5, 0.4)),
        ((0, 0.5, 0.5, 1), (0, 0.4, 0.6, 1)),
        ((0, 0.5, 1), (0, float("nan"), 1)),
        ((0.1, 1), (0, 1)),
        ((0, 1), (0, 0.5, 1)),
        ((0,), (0,)),
        ((), ()),
    ],
)
def test_bad_points(n, y):
    with pytest.raises(NpmError, match="response curve"):
        ResponseCurve("mine", "me", n, y)


def test_load_from_eta_and_from_response(tmp_path):
    path = tmp_path / "wood.csv"
    path.write_text("# name: Wood's metal\n# source: me\nporosity, eta\n0, .2\n.5, .35\n1, .4\n")
    curve = load_curve(path)
    assert (curve.name, curve.source) == ("Wood's metal", "me")
    assert float(curve.signal(0.5)) == pytest.approx(0.75)
    path.write_text("porosity,response\n0,0\n.5,.7\n1,1\n")
    assert load_curve(path).name == "wood"
    assert float(load_curve(path).signal(0.5)) == pytest.approx(0.7)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a,b\n1,2\n",
        "porosity,eta\n0,.1\n1,high\n",
        "porosity,eta\n0,.3\n1,.1\n",
        "porosity,eta\n0\n",
    ],
)
def test_bad_files(tmp_path, text):
    path = tmp_path / "curve.csv"
    path.write_text(text)
    with pytest.raises(NpmError, match="curve"):
        load_curve(path)


def test_missing_file(tmp_path):
    with pytest.raises(NpmError, match="cannot be read"):
        load_curve(tmp_path / "none.csv")
