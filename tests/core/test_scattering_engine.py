"""The engine under `backscatter`: against published values, plain transport and formulas."""

from functools import partial

import numba
import numpy as np
import pytest
from scipy.integrate import quad

from napari_npm.core import MATERIALS, Material, backscatter, silent
from napari_npm.core import _transport as transport
from napari_npm.core._electrons import BATCH, run_electrons
from napari_npm.core._elements import ATOMIC_WEIGHTS
from napari_npm.core._stopping import joy_luo, mean_ionisation_kev
from napari_npm.core._tables import COLUMNS, DRAWS, END_KEV, WIDTHS, make_tables

# Screened Rutherford scattering, J = 9.76 Z + 58.5 Z^-0.19 for all Z and k = 0.85, down to 50 eV:
# 1e6 electrons of an engine in public C++, standard error below 0.0005.
PUBLISHED = {
    5.0: {"C": 0.069208, "Al": 0.177967, "Si": 0.192462, "Fe": 0.326092, "Cu": 0.350154,
          "Ag": 0.463587, "Au": 0.578372},
    10.0: {"C": 0.062177, "Al": 0.167268, "Si": 0.180034, "Cu": 0.335229, "Ag": 0.445813,
           "Au": 0.558294},
    20.0: {"C": 0.057459, "Al": 0.159545, "Si": 0.173486, "Cu": 0.326307, "Ag": 0.433888,
           "Au": 0.545421},
}  # fmt: skip


@pytest.mark.parametrize(("kev", "symbol"), [(kev, s) for kev in PUBLISHED for s in PUBLISHED[kev]])
def test_screened_rutherford_agrees_with_a_published_engine(kev, symbol):
    tables = make_tables(Material.from_formula(symbol), kev, "rutherford", "sternheimer", k=0.85)
    electrons = 4 * BATCH
    counts = run_electrons(tables, 1, 0.0, 2, silent, 0, electrons)
    eta = counts.spectrum.sum() / electrons
    error = np.sqrt(eta * (1 - eta) / electrons)
    assert eta == pytest.approx(
        PUBLISHED[kev][symbol], abs=(0.0015 if kev == 5 else 0.0025) + 3 * error
    )


def plain(material, kev, electrons, tilt_deg, rng):
    """Follow electrons with Browning's scattering in double precision, by energy and atom.

    No tables, no optical depth, nobody is dropped early: what is shared with the engine is the
    formulas. The loss over a flight is that at its middle.
    """
    z = material.atomic_numbers
    per_gram = material.mass_fractions * 6.02214076e23 / [ATOMIC_WEIGHTS[i] for i in z]
    stop = partial(joy_luo, material)

    def after(energy, path):
        middle = np.maximum(energy - stop(energy) * path / 2, 0.01)
        return np.maximum(energy - stop(middle) * path, 0.01)

    energy, depth = np.full(electrons, kev), np.zeros(electrons)
    deepest, cosine = depth.copy(), np.full(electrons, np.cos(np.deg2rad(tilt_deg)))
    left_energy, left_depth = [], []
    while energy.size:
        e = energy[:, None]
        sigma = 3e-18 * z**1.7 / (e + 0.005 * z**1.7 * e**0.5 + 0.0007 * z**2 / e**0.5) * per_gram
        path = rng.exponential(1 / sigma.sum(axis=1))
        out = depth + cosine * path < 0
        path = np.where(out, depth / np.where(out, -cosine, 1), path)
        depth = depth + cosine * path
        deepest = np.maximum(deepest, depth)
        energy = after(energy, path)
        came = out & (energy > END_KEV)
        left_energy.append(energy[came])
        left_depth.append(deepest[came])
        on = ~out & (energy > END_KEV)
        energy, depth, deepest, cosine, sigma = (
            values[on] for values in (energy, depth, deepest, cosine, sigma)
        )
        share = np.cumsum(sigma, axis=1) / sigma.sum(axis=1, keepdims=True)
        hit = z[np.minimum((rng.random((energy.size, 1)) > share).sum(axis=1), z.size - 1)]
        ratio = 300 * energy ** (1 - hit / 2000) / hit + hit**3 / (3e5 * energy)
        screened = rng.random(energy.size) < ratio / (1 + ratio)
        u, alpha = rng.random(energy.size), 7e-3 / energy
        turn = np.where(screened, 1 - 2 * alpha * u / (1 + alpha - u), 1 - 2 * u)
        sines = np.sqrt(np.maximum((1 - turn**2) * (1 - cosine**2), 0))
        cosine = turn * cosine + sines * np.cos(2 * np.pi * rng.random(energy.size))
    return np.concatenate(left_energy) / kev, 1e6 * np.concatenate(left_depth)


@pytest.mark.parametrize(
    ("name", "kev", "tilt", "electrons"),
    [("csh", 5.0, 0.0, 40_000), ("fields-metal", 3.0, 50.0, 20_000)],
)
def test_agrees_with_plain_transport(name, kev, tilt, electrons):
    material = MATERIALS[name]
    energies, depths = plain(material, kev, electrons, tilt, np.random.default_rng(7))
    result = backscatter(
        material, kev, electrons=1_000_000, seed=7, elastic="browning", tilt_deg=tilt
    )
    eta = energies.size / electrons
    error = np.sqrt(eta * (1 - eta) / electrons) + result.standard_error
    assert result.coefficient == pytest.approx(eta, abs=3 * error)
    few = np.sqrt(energies.size)
    assert result.mean_energy == pytest.approx(energies.mean(), abs=3.5 * energies.std() / few)
    assert result.mean_depth == pytest.approx(depths.mean(), abs=3.5 * depths.std() / few)
    spectrum = np.histogram(energies, 10, (0, 1))[0] / electrons
    ours = result.spectrum.reshape(10, -1).sum(axis=1) / result.electrons
    np.testing.assert_allclose(ours, spectrum, atol=4 * np.sqrt(spectrum.max() / electrons))


def test_columns_are_drawn_in_proportion_to_their_shares():
    # the kernel's column of every number that 16 bits can hold
    drawn = (np.arange(DRAWS) + 64).astype(np.float32).view(np.uint32)
    columns = (drawn >> 17) - transport._COLUMN_0
    np.testing.assert_array_equal(np.bincount(columns), WIDTHS)
    assert WIDTHS.size == COLUMNS


def test_random_numbers_are_those_of_the_formulas():
    words = np.random.default_rng(0).integers(0, 2**32, 20_000, dtype=np.uint32)
    words[:2] = 0, 2**32 - 1
    exponential = [transport._exponential(word) for word in words]
    wanted = -np.log(((words >> 8) | 1) / 2.0**24)
    np.testing.assert_allclose(exponential, wanted, rtol=3e-7, atol=6e-7)
    assert min(exponential) > -6e-7  # nobody gains more optical depth than tables have to spare
    angle = np.pi * (((words >> 16) + 0.5) / 65536 - 0.5)
    np.testing.assert_allclose([transport._cosine(w) for w in words], np.sin(angle), atol=5e-7)


def test_one_by_one_gives_the_same_bits_as_side_by_side():
    # compiled without the promise that makes vectors possible: another program, the same numbers
    tables = make_tables(MATERIALS["csh"], 5.0)
    one_by_one = numba.njit(transport._advance.py_func, boundscheck=False, error_model="numpy")
    results = []
    for advance in (transport._advance, one_by_one):
        n, rng = 100, np.random.default_rng(3)
        words = list(rng.integers(0, 2**32, (4, n), dtype=np.uint32))
        tau = np.full(n, tables.optical_depth, np.float32)
        state = [tau, np.ones(n, np.float32), np.zeros(n, np.float32), np.ones(n, np.float32)]
        state.append(np.zeros(n, np.float32))
        per_range = np.float32((tables.ranges.size - 2) / tables.optical_depth)
        per_node = np.float32((tables.deflections.size // COLUMNS - 2) / tables.optical_depth)
        for _ in range(60):
            advance(n, *words, *state, tables.ranges, tables.deflections, per_range, per_node)
        assert 20 < np.count_nonzero(tau > 0) < 80
        results.append(b"".join(array.tobytes() for array in (*state, *words)))
    assert results[0] == results[1]


@pytest.mark.parametrize("one_k", [None, 0.85])
def test_tables_hold_range_optical_depth_and_energy(one_k):
    material, kev = MATERIALS["csh"], 5.0
    tables = make_tables(material, kev, "rutherford", "berger-seltzer", k=one_k)

    def stopping(e):
        total = 0.0
        for z, w in zip(material.atomic_numbers, material.mass_fractions, strict=True):
            k = one_k or 0.731 + 0.0688 * np.log10(z)
            j = mean_ionisation_kev(int(z), "berger-seltzer")
            total += 78500 * w * z / ATOMIC_WEIGHTS[z] / e * np.log(1.166 * (e / j + k))
        return total

    def rate(e):
        total = 0.0
        for z, w in zip(material.atomic_numbers, material.mass_fractions, strict=True):
            alpha = 3.4e-3 * z**0.67 / e
            sigma = 5.21e-21 * (z / e) ** 2 * 4 * np.pi / (alpha * (1 + alpha))
            sigma *= ((e + 511) / (e + 1022)) ** 2
            total += w * 6.02214076e23 / ATOMIC_WEIGHTS[z] * sigma
        return total

    full = quad(lambda e: 1 / stopping(e), END_KEV, kev)[0]
    depth = quad(lambda e: rate(e) / stopping(e), END_KEV, kev)[0]
    assert tables.full_range == pytest.approx(full, rel=1e-5)
    assert tables.optical_depth == pytest.approx(depth, rel=1e-5)
    for e in (0.2, 1.0, 3.0):
        left = quad(lambda e: 1 / stopping(e), END_KEV, e)[0] / full
        tau = quad(lambda e: rate(e) / stopping(e), END_KEV, e)[0] / depth
        steps = tables.ranges.size - 2
        assert np.interp(tau * steps, np.arange(steps + 2), tables.ranges) == pytest.approx(
            left, rel=1e-4
        )
        steps = tables.energies.size - 1
        assert np.interp(left * steps, np.arange(steps + 1), tables.energies) == pytest.approx(
            e / kev, rel=1e-4
        )


def test_deflections_of_all_atoms_are_in_one_table():
    material = MATERIALS["csh"]
    tables = make_tables(material, 5.0, "rutherford")
    table = tables.deflections.reshape(-1, COLUMNS)
    assert np.all(np.diff(table, axis=1) <= 0)
    share = WIDTHS / DRAWS
    assert share.sum() == 1
    assert table.min() >= 0
    assert table.max() <= 1
    # the beam's energy is the last node but one; the last repeats it
    means, shares = 0.0, 0.0
    for z, w in zip(material.atomic_numbers, material.mass_fractions, strict=True):
        a = 3.4e-3 * z**0.67 / 5.0
        weight = w / ATOMIC_WEIGHTS[z] * z**2 / (a * (1 + a))
        means += weight * (a * (1 + a) * np.log1p(1 / a) - a)
        shares += weight
    np.testing.assert_allclose(table[-2:] @ share, means / shares, rtol=1e-3)
    # first and last node: forward at high energy, less so at low
    assert table[0] @ share > 5 * table[-1] @ share


def test_each_column_holds_the_mean_over_its_share():
    kev = 5.0
    table = make_tables(Material.from_formula("Si"), kev, "rutherford").deflections
    a = 3.4e-3 * 14**0.67 / kev
    ends = 1 - np.append(0, np.cumsum(WIDTHS)) / DRAWS
    # x = a u / (1 + a - u), integrated over u
    integral = -a * (ends + (1 + a) * np.log1p(a - ends))
    wanted = -np.diff(integral) / (WIDTHS / DRAWS)
    np.testing.assert_allclose(table.reshape(-1, COLUMNS)[-1], wanted, rtol=5e-3)
