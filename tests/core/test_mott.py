import importlib.util
from pathlib import Path

import numpy as np
import pytest

from napari_npm.core import _mott
from napari_npm.core._mott import (
    mott_cross_section,
    mott_deflection,
    mott_screening,
    mott_share,
    screened_deflection,
)

TOOL = Path(__file__).parents[2] / "tools" / "make_mott_table.py"
A0_CM = 5.29177210903e-9

# From NIST SRD 64: at (Z, keV) the cross section in a0² and sin(θ/2) at shares of the deflections.
PUBLISHED = {
    (1, 1.000000): (0.10204, {0.1: 0.0293528, 0.5: 0.0847954, 0.9: 0.231688, 0.99: 0.607452}),
    (6, 0.050000): (16.7620, {0.1: 0.108110, 0.5: 0.330747, 0.9: 0.958499, 0.99: 0.996414}),
    (14, 4.941772): (1.42213, {0.1: 0.0107801, 0.5: 0.0337098, 0.9: 0.142726, 0.99: 0.512917}),
    (29, 0.368403): (8.05800, {0.1: 0.0441607, 0.5: 0.166529, 0.9: 0.970480, 0.99: 0.997871}),
    (79, 20.00000): (1.95695, {0.1: 0.00817266, 0.5: 0.0273011, 0.9: 0.127801, 0.99: 0.630061}),
    (83, 4.941772): (5.05837, {0.1: 0.0121270, 0.5: 0.0410528, 0.9: 0.256890, 0.99: 0.970881}),
    (92, 9.941601): (4.60615, {0.1: 0.00726084, 0.5: 0.0257595, 0.9: 0.139736, 0.99: 0.820754}),
}

# Transport cross sections in Å² at 1, 5, 10, 20 and 30 keV, ∫ (1 - cos θ) dσ over the tables that
# Z. Czyżewski et al., J. Appl. Phys. 68 (1990) 3066, give at angles of 0 to 180°.
CZYZEWSKI = {
    6: (0.03768, 0.002268, 6.515e-4, 1.858e-4, 8.924e-5),
    29: (0.3173, 0.03165, 0.01052, 0.003337, 0.001677),
    47: (0.4973, 0.06075, 0.02158, 0.007307, 0.003811),
    79: (0.7238, 0.1196, 0.04604, 0.01679, 0.009147),
    83: (0.7367, 0.1263, 0.04907, 0.01803, 0.009870),
}


def transport_cm2(z: int, energy_kev: float) -> float:
    """Return ∫ (1 - cos θ) dσ = 2 σ ∫ x du by a fine sum."""
    u = np.concatenate([np.linspace(0, 0.99, 5000), 1 - np.geomspace(0.01, 1e-7, 4000)[1:], [1]])
    mean = np.trapezoid(mott_deflection(z, energy_kev, u), u)
    return float(2 * mean * mott_cross_section(z, energy_kev))


def beyond_cm2(z: int, energy_kev: float, x: float) -> float:
    """Return the cross section beyond x for a bare nucleus, W. A. McKinley and H. Feshbach 1948."""
    rest, fine = 510.99895, 1 / 137.035999
    momentum = np.sqrt(energy_kev * (energy_kev + 2 * rest))
    beta = momentum / (energy_kev + rest)
    t = np.linspace(x, 1, 20001)
    spin = 1 - beta**2 * t + np.pi * fine * z * beta * np.sqrt(t) * (1 - np.sqrt(t))
    rutherford = (z * fine * 1.973269804e-8 / (2 * momentum * beta)) ** 2 / t**2  # ħc in keV cm
    return float(np.trapezoid(4 * np.pi * rutherford * spin, t))


@pytest.mark.parametrize(("z", "energy"), PUBLISHED)
def test_values_of_the_source(z, energy):
    sigma, quantiles = PUBLISHED[z, energy]
    assert mott_cross_section(z, energy) / A0_CM**2 == pytest.approx(sigma, rel=1e-5)
    for share, sine in quantiles.items():
        found = np.sqrt(mott_deflection(z, energy, share))
        assert found == pytest.approx(sine, abs=8e-6 + 1e-6)  # half a step of 16 bits


@pytest.mark.parametrize("z", CZYZEWSKI)
def test_transport_cross_section_of_other_tables(z):
    # Another calculation with another potential of the atom; 25 and 30 keV are beyond SRD 64.
    for energy, square_angstrom in zip((1, 5, 10, 20, 30), CZYZEWSKI[z], strict=True):
        ratio = transport_cm2(z, energy) / (1e-16 * square_angstrom)
        assert ratio == pytest.approx(1, abs=0.06 if energy == 1 else 0.04)


@pytest.mark.parametrize("energy", [10.0, 20.0, 30.0])
def test_large_angles_of_light_atoms(energy):
    # Far from forward an atom is its bare nucleus, for which there is a formula. The last step of
    # the source's quantiles, up to 180°, is what this looks into.
    for z, tolerance in ((1, 0.04), (2, 0.04), (6, 0.05)):
        for x in (0.1, 0.2, 0.3):
            found = mott_cross_section(z, energy) * (1 - mott_share(z, energy, x))
            assert found / beyond_cm2(z, energy, x) == pytest.approx(1, abs=tolerance)


def test_large_angles_are_not_inflated():
    # Straight lines between quantiles of sin(θ/2) would raise carbon's mean deflection by 40 %.
    shares, u = np.linspace(0, 1, 201), np.linspace(0, 1, 100_001)
    sines = np.sqrt(mott_deflection(6, 20.0, shares))
    straight = np.trapezoid(np.interp(u, shares, sines) ** 2, u)
    ours = np.trapezoid(mott_deflection(6, 20.0, u), u)
    assert straight / ours == pytest.approx(1.4, abs=0.05)


def test_between_and_beyond_energies():
    energies = np.geomspace(0.05, 30, 200)
    for z in range(1, 93):
        a, y = zip(*(_mott._at(z, e) for e in energies), strict=True)
        assert np.all(np.diff(np.array(y), axis=1) > 0)
        assert np.all(np.array(a) > 0)
    # 30 keV is where the table ends; nothing is extrapolated from there.
    assert mott_deflection(79, 40.0, 0.9) == mott_deflection(79, 30.0, 0.9)
    assert mott_cross_section(79, 40.0) == mott_cross_section(79, 30.0)
    assert mott_deflection(79, 0.01, 0.9) == mott_deflection(79, 0.05, 0.9)


def test_continuing_foretells_the_table():
    # What takes the table from 20 to 30 keV takes it from 13.4 to 20 keV as well.
    held = _mott._table()
    nodes = held.energy_kev[:57]
    reach = np.log(20 / nodes[-1]) / np.log(nodes[-1] / nodes[-5])
    for z in range(1, 93):
        log = np.log(held.cross_section[z - 1])
        foretold = np.exp(log[56] + reach * (log[56] - log[52]))
        assert foretold == pytest.approx(held.cross_section[z - 1, 60], rel=0.014, abs=0)


def test_table_of_a_made_up_database(tmp_path, monkeypatch):
    # The tool and the loader on a database of pure screened Rutherford scattering: all comes back.
    folder, written = tmp_path / "srd", tmp_path / "table" / "data" / "mott" / "srd64.npz"
    folder.mkdir()
    energy, share = np.geomspace(0.05, 20, 61), np.linspace(0, 1, 201)
    for z in range(1, 13):
        lines = [str(z)]
        for e in energy:
            sine = np.sqrt(screened_deflection(0.02 * z**0.3 / e, share))
            lines += [f"{z / e:.6E}", *(f"{q:.6E}" for q in sine)]
        (folder / f"E{z:02d}.D64").write_text("\n".join(lines))
    spec = importlib.util.spec_from_file_location("make_mott_table", TOOL)
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    monkeypatch.setattr(tool, "TARGET", written)
    monkeypatch.setattr(tool, "ELEMENTS", 12)
    monkeypatch.setattr("sys.argv", ["make_mott_table.py", str(folder)])
    tool.main()
    monkeypatch.setattr(_mott.resources, "files", lambda _: tmp_path / "table")
    monkeypatch.setattr(_mott, "_table", _mott._table.__wrapped__)
    u = np.linspace(0, 1, 3001)
    for z, e in ((1, 0.05), (7, 3.3), (12, 20.0), (11, 28.0)):
        assert mott_cross_section(z, e) / A0_CM**2 == pytest.approx(z / e, rel=1e-5)
        wanted = screened_deflection(0.02 * z**0.3 / e, u)
        assert np.sqrt(mott_deflection(z, e, u)) == pytest.approx(np.sqrt(wanted), abs=2e-3)
        assert mott_screening(mott_deflection(z, e, 0.5)) == pytest.approx(
            0.02 * z**0.3 / e, rel=3e-3
        )


def test_table_is_small():
    with _mott.resources.as_file(_mott.resources.files("napari_npm") / "data" / "mott") as folder:
        assert sum(path.stat().st_size for path in folder.iterdir()) < 1_000_000
