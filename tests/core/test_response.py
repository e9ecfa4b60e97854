from importlib import resources

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.interpolate import PchipInterpolator

from napari_npm.core.errors import NpmError
from napari_npm.core.response import ResponseCurve, default_curve, load_curve, lookup_table

DATA = resources.files("napari_npm") / "data" / "response" / "csh_fields_metal_5kv.csv"

# y(n) of C-S-H with Field's metal at 5 kV from another program with the same cross sections, whose
# standard error of eta is 5e-4: 0.0025 in y. Ours is 0.0015.
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
    notes = sum(line.startswith("#") for line in lines)
    rows = np.genfromtxt(lines[notes + 1 :], delimiter=",")
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
        assert float(curve.signal(n)) == pytest.approx(y, abs=0.006)


def test_castaing_would_read_low():
    # The rule of mixtures (y = mass fraction) turns the signal of a true 0.20 into 0.176.
    curve = default_curve()
    y = curve.signal(0.2)
    assert float(curve.porosity_of(y)) == pytest.approx(0.20, abs=1e-12)
    n = np.linspace(0, 1, 100_001)
    assert np.interp(float(y), mass_fraction(n), n) == pytest.approx(0.176, abs=4e-3)


def test_close_to_compact_fit():
    # A two-term fit of the same simulation, stated to be within 0.006.
    n = np.linspace(0, 1, 501)
    w = mass_fraction(n)
    assert np.abs(default_curve().signal(n) - (w - 0.15 * w * (1 - w))).max() < 0.010


def test_table_is_pchip_and_passes_through_its_points():
    curve = default_curve()
    n = np.linspace(0, 1, 20_011)
    exact = PchipInterpolator(curve.porosity, curve.response)(n)
    assert np.abs(curve.signal(n) - exact).max() < 1e-6
    assert np.array_equal(curve.signal(curve.porosity), curve.response)


def test_data_file_is_consistent(table):
    assert np.abs(table.metal_mass_fraction - mass_fraction(table.porosity)).max() < 1e-6
    assert np.all(np.diff(table.mean_energy) > 0)
    assert table.eta_error.max() <= 3e-4
    assert np.array_equal(default_curve().porosity, table.porosity)
    # what a detector that weighs by energy gives is the coefficient times the mean energy
    assert table.energy == pytest.approx(table.eta * table.mean_energy, rel=1e-5)
    counted = np.sqrt(table.eta * (1 - table.eta) / table.electrons)
    assert table.eta_error == pytest.approx(counted, rel=1e-5)


@pytest.mark.parametrize(
    ("detector", "column", "at_a_fifth"),
    [("count", "eta", 0.443), ("energy", "energy", 0.418), ("threshold", "threshold", 0.409)],
)
def test_each_detector_has_its_own_curve(table, detector, column, at_a_fifth):
    curve = default_curve(detector)
    values = table[column]
    assert curve.response == pytest.approx((values - values[0]) / (values[-1] - values[0]))
    assert float(curve.signal(0.2)) == pytest.approx(at_a_fifth, abs=0.006)


@pytest.mark.parametrize("detector", ["count", "energy"])
def test_error_of_y_holds_the_errors_of_both_ends(table, detector):
    """Against drawing every point of the file at random and normalising each draw."""
    column = {"count": "eta", "energy": "energy"}[detector]
    values, errors = table[column], table[f"{column}_error"]
    drawn = np.random.default_rng(1).normal(values, errors, (20_000, values.size))
    low, high = drawn[:, :1], drawn[:, -1:]
    scatter = ((drawn - low) / (high - low)).std(axis=0)
    found = np.array(default_curve(detector).error)
    assert found[[0, -1]].tolist() == [0, 0]
    assert found[1:-1] == pytest.approx(scatter[1:-1], rel=0.03)
    assert default_curve(detector).signal_error(0.2) == pytest.approx(found[4])


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


@settings(deadline=None)
@given(st.floats(0.001, 0.97))
def test_slope_is_the_change_of_signal(n):
    # A smooth curve: in a noisy one the slope changes from point to point.
    at = np.linspace(0, 1, 41)
    curve = ResponseCurve("a", "b", tuple(at), tuple(1 - (1 - at) ** 1.5))
    assert float(curve.slope(n)) == pytest.approx(1.5 * np.sqrt(1 - n), abs=0.03)
    assert float(curve.slope([1])[0]) > 0


def test_points_that_are_nodes_but_for_rounding():
    # a node of the table so near a point would have no signal of its own
    n = np.nextafter(np.arange(9) / 8, 1)
    n[[0, -1]] = 0, 1
    curve = ResponseCurve("a", "b", tuple(n), tuple(np.sqrt(n)))
    assert np.array_equal(curve.signal(n), np.sqrt(n))
    assert np.array_equal(curve.porosity_of(np.sqrt(n)), n)
    assert np.isfinite(curve.slope(n)).all()


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 60_000), st.integers(1, 300), st.floats(0, 60_000), st.floats(0.5, 60_000))
def test_lookup_table_is_the_curve_at_every_level(low, count, g_csh, span):
    curve = default_curve()
    table = lookup_table(g_csh, g_csh + span, curve, low, low + count - 1)
    assert (table.dtype, table.shape) == (np.float32, (count,))
    for level in {0, count // 2, count - 1}:
        expected = curve.porosity_of((low + level - g_csh) / span)
        assert table[level] == np.float32(expected)


def test_lookup_table_refuses_levels_the_wrong_way_round():
    with pytest.raises(NpmError, match="must be above"):
        lookup_table(200, 100, default_curve(), 0, 255)


def test_a_file_for_one_detector_says_what_it_lacks(tmp_path):
    path = tmp_path / "old.csv"
    path.write_text("porosity,eta,eta_error\n0,.1,.01\n.5,.3,.01\n1,.4,.02\n")
    assert load_curve(path).error[1] == pytest.approx(
        np.sqrt(0.01**2 + (0.01 / 3) ** 2 + (2 / 3 * 0.02) ** 2) / 0.3
    )
    with pytest.raises(NpmError, match="no column energy for the detector 'energy'"):
        load_curve(path, "energy")
    with pytest.raises(NpmError, match="no detector 'sum': choose from count"):
        load_curve(path, "sum")
    path.write_text("porosity,response,response_error\n0,0,0\n.5,.7,.01\n1,1,0\n")
    assert load_curve(path, "energy").error == (0, 0.01, 0)
    assert load_curve(path).signal_error(0.25) == pytest.approx(0.005)
    path.write_text("porosity,response\n0,0\n.5,.7\n1,1\n")
    assert load_curve(path).signal_error(0.25) == 0


@pytest.mark.parametrize("error", [(0, -0.1, 0), (0, 0.1), (0, float("nan"), 0)])
def test_bad_errors(error):
    with pytest.raises(NpmError, match="standard error for each point"):
        ResponseCurve("mine", "me", (0, 0.5, 1), (0, 0.7, 1), error)


def test_signals_that_do_not_rise_name_the_reason():
    with pytest.raises(NpmError, match="metal of higher atomic number"):
        ResponseCurve.from_signal("mine", "me", (0, 0.5, 1), (0.2, 0.15, 0.1))
    with pytest.raises(NpmError, match="3 signals but 2 errors"):
        ResponseCurve.from_signal("mine", "me", (0, 0.5, 1), (0.1, 0.15, 0.2), (0.1, 0.1))
