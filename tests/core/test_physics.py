"""The models together, held against a separate program and against experiments."""

import numpy as np
import pytest

from napari_npm.core import MATERIALS, Material, backscatter

# Backscatter coefficients of a separate program: Mott scattering of NIST SRD 64, Joy and Luo's
# stopping power, standard error up to 0.002.
MOTT = {
    10: {"C": 0.051, "Al": 0.157, "Si": 0.168, "Ca": 0.232, "Cu": 0.303, "Ag": 0.386,
         "In": 0.393, "Sn": 0.397, "Au": 0.470, "Bi": 0.475},
    20: {"C": 0.049, "Al": 0.150, "Si": 0.161, "Ca": 0.231, "Cu": 0.306, "Ag": 0.398,
         "In": 0.406, "Sn": 0.408, "Au": 0.484, "Bi": 0.495},
}  # fmt: skip

# And for what else is found in cement paste, 5 keV.
PHASES = {
    "epoxy": 0.053, "quartz": 0.130, "calcite": 0.144, "ch": 0.159, "c2s": 0.173, "c3s": 0.178,
}  # fmt: skip

# Mean and standard deviation over the laboratories of D. C. Joy's database (2001) at 5 keV.
MEASURED = {
    "C": (0.079, 0.012), "Al": (0.167, 0.022), "Si": (0.195, 0.009), "Cu": (0.339, 0.036),
    "Au": (0.455, 0.020),
}  # fmt: skip


@pytest.mark.parametrize(("energy", "symbol"), [(kev, s) for kev in MOTT for s in MOTT[kev]])
def test_mott_elements_at_higher_energies(energy, symbol):
    found = backscatter(Material.from_formula(symbol), energy, electrons=200_000, seed=21)
    assert found.coefficient == pytest.approx(
        MOTT[energy][symbol], abs=0.006 + 3 * found.standard_error
    )


def test_models_agree_on_the_normalised_curve():
    # What a map of porosity depends on, while the coefficients themselves differ by 0.02.
    binder, metal = MATERIALS["csh"], MATERIALS["fields-metal"]
    porosity = (0.0, 0.1, 0.3, 0.6, 1.0)

    def simulated(elastic):
        targets = [Material.mixture(binder, metal, n) for n in porosity]
        return [
            backscatter(target, electrons=400_000, seed=23, elastic=elastic).coefficient
            for target in targets
        ]

    mott, browning = simulated("mott"), simulated("browning")
    assert min(np.subtract(browning, mott)) > 0.01
    y = [(np.array(eta) - eta[0]) / (eta[-1] - eta[0]) for eta in (mott, browning)]
    assert y[0] == pytest.approx(y[1], abs=0.006 + 3 * 0.0035)


@pytest.mark.parametrize("name", PHASES)
def test_phases_of_cement_paste(name):
    found = backscatter(MATERIALS[name], electrons=200_000, seed=24)
    assert found.coefficient == pytest.approx(PHASES[name], abs=0.003 + 3 * found.standard_error)


@pytest.mark.parametrize("symbol", MEASURED)
def test_elements_as_measured(symbol):
    mean, deviation = MEASURED[symbol]
    found = backscatter(Material.from_formula(symbol), electrons=100_000, seed=25)
    assert found.coefficient == pytest.approx(mean, abs=0.02 + deviation)
