import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_npm.core._elements import ATOMIC_WEIGHTS, SYMBOLS, atomic_number
from napari_npm.core.errors import NpmError
from napari_npm.core.materials import CSH, FIELDS_METAL, MATERIALS, Material, material

# Mass fractions in per cent as mineral handbooks print them.
MINERALS = {
    "CaSO4·2H2O": {"Ca": 23.28, "H": 2.34, "S": 18.62, "O": 55.76},
    "Ca6Al2(SO4)3(OH)12·26H2O": {"Ca": 19.16, "Al": 4.30, "H": 5.14, "S": 7.66, "O": 63.74},
    "Ca(OH)2": {"Ca": 54.09, "H": 2.72, "O": 43.18},
    "CaCO3": {"Ca": 40.04, "C": 12.00, "O": 47.96},
    "SiO2": {"Si": 46.74, "O": 53.26},
}

# Mass fraction of Field's metal in C-S-H at a volume fraction n.
MASS_FRACTIONS = {
    0: 0, 0.02: 0.0705, 0.05: 0.1636, 0.1: 0.2923, 0.15: 0.3961, 0.2: 0.4817, 0.3: 0.6143,
    0.4: 0.7125, 0.5: 0.7880, 0.6: 0.8479, 0.7: 0.8966, 0.8: 0.9370, 0.9: 0.9710, 1: 1,
}  # fmt: skip


@pytest.mark.parametrize("formula", MINERALS)
def test_formula_of_minerals(formula):
    weights = dict(Material.from_formula(formula).weights)
    assert weights.keys() == MINERALS[formula].keys()
    for symbol, percent in MINERALS[formula].items():
        assert 100 * weights[symbol] == pytest.approx(percent, abs=0.01)


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        ("CaSO₄·2H₂O", "CaSO4H4O2"),
        ("CaSO4*0.5H2O", "Ca2S2O9H2"),
        ("Mg[Al(OH)4]2", "MgAl2O8H8"),
        ("(CaO)1.7 (SiO2) (H2O)4", "Ca17Si10O77H80"),
        ("{K[Al(SO4)2]}0.5", "KAlS2O8"),
        ("Co", "Co1"),
        ("CO", "C1O1"),
    ],
)
def test_ways_to_write_a_formula(written, plain):
    found, wanted = Material.from_formula(written), Material.from_formula(plain)
    assert [s for s, _ in found.weights] == [s for s, _ in wanted.weights]
    assert found.mass_fractions == pytest.approx(wanted.mass_fractions, rel=1e-12)


def bracketed(parts):
    """Write parts and their numbers in a bracket, and count the atoms apart from that."""
    text, atoms = "", {}
    for (inner, counts), number in parts:
        text += f"{inner}{number:g}"
        for symbol, count in counts.items():
            atoms[symbol] = atoms.get(symbol, 0.0) + count * number
    return f"({text})", atoms


groups = st.recursive(
    st.sampled_from(SYMBOLS[1:]).map(lambda symbol: (symbol, {symbol: 1.0})),
    lambda inner: st.lists(
        st.tuples(inner, st.integers(1, 40).map(lambda tenths: tenths / 10)), min_size=1, max_size=4
    ).map(bracketed),
    max_leaves=12,
)


@settings(deadline=None)
@given(groups)
def test_any_nested_formula(group):
    text, atoms = group
    masses = {s: count * ATOMIC_WEIGHTS[SYMBOLS.index(s)] for s, count in atoms.items()}
    found = Material.from_formula(text)
    for symbol, weight in found.weights:
        assert weight == pytest.approx(masses[symbol] / sum(masses.values()), rel=1e-9)
    assert len(found.weights) == len(atoms)
    assert np.all(np.diff(found.atomic_numbers) > 0)
    assert found.mass_fractions.sum() == pytest.approx(1, abs=1e-12)


@pytest.mark.parametrize(
    ("formula", "said"),
    [
        ("Xx2", "no element 'Xx'"),
        ("CaJO3", "no element 'J'"),
        ("Np", "no element 'Np'"),
        ("Ca(OH", "bracket ')' is missing"),
        ("Ca(OH]2", "bracket ']' closes nothing"),
        ("CaO)2", "bracket ')' closes nothing"),
        ("(2Ca)", "number 2 follows no element"),
        ("Ca2 3", None),
        ("CaO2.5.5", "number .5 follows no element"),
        ("calcium", "'c' is not part"),
        ("Ca-O", "'-' is not part"),
        ("", "no atoms"),
        ("Ca0", "no atoms"),
    ],
)
def test_formula_that_cannot_be_read(formula, said):
    if said is None:  # a space is no more than a space
        assert Material.from_formula(formula).weights == (("Ca", 1.0),)
        return
    with pytest.raises(NpmError) as caught:
        Material.from_formula(formula)
    assert said in str(caught.value)
    assert str(caught.value).count("\n") == 0


def test_weights_as_fractions_and_per_cent():
    percent = Material.from_weights({"Bi": 32.5, "In": 51, "Sn": 16.5})
    assert percent.weights == (("In", 0.51), ("Sn", 0.165), ("Bi", 0.325))
    fractions = Material.from_weights({"Bi": 0.325, "In": 0.51, "Sn": 0.165})
    assert fractions.mass_fractions == pytest.approx(percent.mass_fractions, rel=1e-12)
    rounded = Material.from_weights({"Fe": 69.6, "O": 30.0, "C": 0.0})
    assert rounded.weights == (("O", 30 / 99.6), ("Fe", pytest.approx(69.6 / 99.6)))


@pytest.mark.parametrize(
    ("weights", "said"),
    [
        ({"Bi": 50, "In": 40}, "sum to 90"),
        ({"Bi": 0.5, "In": 0.51}, "sum to 1.01"),
        ({}, "sum to 0"),
        ({"Bi": 110, "In": -10}, "weight of In is -10"),
        ({"Bi": float("nan")}, "weight of Bi is nan"),
        ({"Bismuth": 100}, "no element 'Bismuth'"),
    ],
)
def test_weights_that_are_refused(weights, said):
    with pytest.raises(NpmError, match=said):
        Material.from_weights(weights)


@pytest.mark.parametrize("n", MASS_FRACTIONS)
def test_mass_fraction_of_metal(n):
    weights = dict(Material.mixture(CSH, FIELDS_METAL, n).weights)
    metal = sum(weights.get(symbol, 0.0) for symbol in ("Bi", "In", "Sn"))
    assert metal == pytest.approx(MASS_FRACTIONS[n], abs=5.1e-5)


def test_mixture_shares_elements_and_keeps_volume():
    a = Material.from_weights({"O": 40, "Ca": 60}, density=2.0)
    b = Material.from_weights({"Ca": 50, "Bi": 50}, density=8.0)
    mixed = Material.mixture(a, b, 0.25)  # 1.5 g of a and 2 g of b in a cm³
    assert mixed.density == pytest.approx(3.5)
    assert dict(mixed.weights) == pytest.approx(
        {"O": 0.6 / 3.5, "Ca": 1.9 / 3.5, "Bi": 1.0 / 3.5}, rel=1e-12
    )
    assert Material.mixture(a, b, 0) == a
    assert Material.mixture(a, b, 1) == b


def test_mixture_refuses():
    bare = Material.from_formula("CaO")
    for binder, metal in ((bare, FIELDS_METAL), (CSH, bare)):
        for n in (0, 0.5, 1):
            with pytest.raises(NpmError, match="'CaO' has no density"):
                Material.mixture(binder, metal, n)
    for n in (-0.1, 1.1, float("nan")):
        with pytest.raises(NpmError, match="volume fraction"):
            Material.mixture(CSH, FIELDS_METAL, n)
    for density in (0, -1, float("inf"), float("nan")):
        with pytest.raises(NpmError, match="density"):
            Material.from_formula("CaO", density=density)


def test_named_materials():
    assert material("csh") is CSH
    assert material("Field's metal") is FIELDS_METAL
    assert material("C3S").weights == Material.from_formula("Ca3SiO5").weights
    assert material("csh", density=2.6).density == 2.6
    assert CSH.density == 2.12
    assert material("Bi 32.5, In 51, Sn 16.5", density=7.88).weights == FIELDS_METAL.weights
    assert material("Bi 32.5 % In 51 % Sn 16.5 %").weights == FIELDS_METAL.weights
    assert material("CaSO4·2H2O").name == "CaSO4·2H2O"
    assert all(part.density for part in MATERIALS.values())
    with pytest.raises(NpmError, match="name a material: csh, fields-metal"):
        material("concrete")
    with pytest.raises(NpmError, match="Bi is given twice"):
        material("Bi 50 Bi 50")


def test_every_element():
    for z, symbol in enumerate(SYMBOLS[1:], 1):
        assert atomic_number(symbol) == z
        assert Material.from_formula(symbol).atomic_numbers.tolist() == [z]
    weights = np.array(ATOMIC_WEIGHTS[1:])
    assert weights.size == 92
    # Weights rise but for the known inversions Ar-K, Co-Ni, Te-I and Th-Pa.
    assert (np.flatnonzero(np.diff(weights) < 0) + 1).tolist() == [18, 27, 52, 90]
