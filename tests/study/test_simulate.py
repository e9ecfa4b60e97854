"""The simulate step: what is simulated, what is kept, and what a user is told."""

import dataclasses
import json
import shutil

import numpy as np
import pytest

from napari_npm.core import scattering
from napari_npm.core.errors import Cancelled, NpmError
from napari_npm.core.materials import CSH, FIELDS_METAL, Material
from napari_npm.core.response import default_curve, default_curve_text, load_curve
from napari_npm.study import Study, items_left, run
from napari_npm.study.provenance import read_provenance
from napari_npm.study.reporting import methods_paragraph
from napari_npm.study.steps import _simulations
from napari_npm.study.steps.simulate import SHIPPED

QUICK = {"points": 3, "standard_error": 0.02}


@pytest.fixture
def study(tmp_path):
    with Study.create(tmp_path / "study") as one:
        yield one


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """Return an empty folder in place of the user's cache."""
    monkeypatch.setattr(_simulations, "cache_folder", lambda: tmp_path / "cache")
    return tmp_path / "cache"


@pytest.fixture
def asked(monkeypatch):
    """Return the list of what the simulator is asked for; a point then takes no time."""
    calls = []
    spectrum = np.zeros(500, np.int64)

    def fake(material, energy_kev=5.0, *, progress, **options):
        calls.append((material, energy_kev, options))
        progress(1, 2, "half")
        heavy = float(material.atomic_numbers @ material.mass_fractions)
        counts = spectrum.copy()
        counts[[100, 300]] = round(1e4 * heavy), round(2e4 * heavy)
        return scattering.Backscatter(
            material, energy_kev, options["tilt_deg"], options["elastic"], options["ionisation"],
            options["seed"], 10_000_000, 1, counts, 14.0,
        )  # fmt: skip

    monkeypatch.setattr(scattering, "backscatter", fake)
    return calls


def curve(study, detector="count"):
    return load_curve(study.results_folder / "response.csv", detector)


def test_the_default_comes_with_the_package_and_costs_nothing(study, asked, cache):
    (outcome,) = run(study, ["simulate"])
    assert (outcome.computed, asked) == (1, [])
    assert list(study.state("simulate").records) == [SHIPPED]
    path = study.results_folder / "response.csv"
    assert path.read_text(encoding="utf-8") == default_curve_text()
    assert curve(study).response == default_curve().response
    assert study.table("response")["porosity"].tolist() == list(default_curve().porosity)
    assert run(study, ["simulate"])[0].skipped == 1
    study.set_parameters("simulate", detector="energy")
    # another detector of the same electrons
    assert run(study, ["simulate"])[0].computed == 0
    assert not cache.exists()


def test_a_few_real_electrons_give_the_curve_of_the_paper(study, cache):
    study.set_parameters("simulate", **QUICK)
    (outcome,) = run(study, ["simulate"])
    assert outcome.computed == 3
    assert list(study.state("simulate").records) == ["n=0", "n=0.5", "n=1"]
    table = study.table("response")
    for n, row in zip((0, 0.5, 1), table.to_dict("records"), strict=True):
        own = scattering.backscatter(
            Material.mixture(CSH, FIELDS_METAL, n), standard_error=0.02,
            seed=scattering.point_seed(0, n),
        )  # fmt: skip
        assert row["eta"] == pytest.approx(own.coefficient, rel=1e-6)
        assert row["eta_error"] == pytest.approx(own.standard_error, rel=1e-6)
        assert row["energy"] == pytest.approx(own.signal("energy").value, rel=1e-6)
        assert row["threshold"] == pytest.approx(own.signal("threshold", 1.0).value, rel=1e-6)
    known = np.interp((0, 0.5, 1), default_curve().porosity, default_curve().response)
    assert curve(study).response == pytest.approx(known, abs=5 * max(curve(study).error))
    assert "C-S-H and Field's metal, 5 kV" in curve(study).name
    line = read_provenance(study.folder)[-1]
    assert (line["step"], line["parameters"]["points"]) == ("simulate", 3)


def test_options_reach_the_simulator(study, asked, cache):
    study.set_parameters(
        "simulate", binder="SiO2", binder_density=2.2, metal="Pb 44 Bi 56", metal_density=10.5,
        energy_kev=12, elastic="browning", ionisation="berger-seltzer", tilt_deg=30, points=5,
        standard_error=0.001, seed=7, threshold_kev=3,
    )  # fmt: skip
    run(study, ["simulate"])
    assert len(asked) == 5
    material, energy, options = asked[2]
    lead = Material.from_weights({"Pb": 44, "Bi": 56}, density=10.5)
    expected = Material.mixture(Material.from_formula("SiO2", density=2.2), lead, 0.5)
    assert material.weights == expected.weights
    assert energy == 12
    assert options == {
        "elastic": "browning", "ionisation": "berger-seltzer", "tilt_deg": 30.0,
        "standard_error": 0.001, "seed": scattering.point_seed(7, 0.5),
    }  # fmt: skip
    assert len({one[2]["seed"] for one in asked}) == 5
    # 0.2 and 0.6 of 12 keV, a third and two thirds of the electrons; 3 keV are lost
    row = study.table("response").iloc[0]
    share = row["threshold"] / row["eta"]
    assert share == pytest.approx(2 / 3 * (0.601 - 0.25), rel=1e-6)
    shares = study.table("response")["metal_mass_fraction"]
    assert shares[[0, 2, 4]].tolist() == pytest.approx([0, 10.5 / (10.5 + 2.2), 1])


def test_points_are_kept_for_other_studies_and_other_thresholds(study, asked, cache, tmp_path):
    study.set_parameters("simulate", **QUICK)
    run(study, ["simulate"])
    assert len(asked) == 3
    first = study.table("response")
    with Study.create(tmp_path / "other") as other:
        other.set_parameters("simulate", **QUICK, threshold_kev=2)
        run(other, ["simulate"])
        assert len(asked) == 3
        second = other.table("response")
        assert second["eta"].tolist() == first["eta"].tolist()
        assert (second["threshold"] < first["threshold"]).all()
        other.set_parameters("simulate", points=5)
        run(other, ["simulate"])
        assert len(asked) == 5
        other.set_parameters("simulate", seed=1)
        run(other, ["simulate"])
        assert len(asked) == 10
        # another metal takes only the point without any, though porosities and seeds are the same
        other.set_parameters("simulate", metal="gallium")
        run(other, ["simulate"])
        assert len(asked) == 14


def test_only_what_the_shipped_curve_holds_is_taken_from_it(study, asked, cache):
    for detector in ("count", "energy", "threshold"):
        study.set_parameters("simulate", detector=detector)
        run(study, ["simulate"])
        assert asked == []
    study.set_parameters("simulate", threshold_kev=1.5)
    run(study, ["simulate"])
    assert len(asked) == 21
    assert "# threshold_kev: 1.5" in (study.results_folder / "response.csv").read_text()


def test_a_detector_chosen_later_is_checked_too(study, asked, cache, monkeypatch):
    fake = scattering.backscatter

    def slowed(material, *rest, **options):
        # with more metal more electrons come back, but so slow that none passes the threshold
        point = fake(material, *rest, **options)
        return dataclasses.replace(point, spectrum=np.roll(point.spectrum, -50))

    monkeypatch.setattr(scattering, "backscatter", slowed)
    study.set_parameters("simulate", **QUICK, threshold_kev=3)
    run(study, ["simulate"])
    study.set_parameters("simulate", detector="threshold")
    with pytest.raises(NpmError, match="lower it, or take fewer points"):
        run(study, ["simulate"])


def test_a_damaged_or_refused_cache_costs_only_time(study, asked, cache, monkeypatch):
    study.set_parameters("simulate", **QUICK)
    run(study, ["simulate"])
    files = sorted(cache.iterdir())
    files[0].write_text("{")
    files[1].write_text(json.dumps({"unknown": 1}))
    run(study, ["simulate"], force=True)
    assert len(asked) == 5
    # what reads well but is not what was kept: one number, or the file of another point
    files[0].write_text(files[0].read_text().replace("14.0", "15.0"))
    files[1].write_bytes(files[2].read_bytes())
    run(study, ["simulate"], force=True)
    assert len(asked) == 7
    run(study, ["simulate"], force=True)
    assert len(asked) == 7
    shutil.rmtree(cache)
    cache.write_text("a file where the folder should be")
    run(study, ["simulate"], force=True)
    assert len(asked) == 10


def test_another_simulator_simulates_again(study, asked, cache, monkeypatch):
    study.set_parameters("simulate", **QUICK)
    run(study, ["simulate"])
    assert items_left(study, "simulate") == 0
    monkeypatch.setattr(_simulations, "engine_hash", lambda: "newer")
    assert items_left(study, "simulate") == 3
    run(study, ["simulate"])
    assert len(asked) == 6


def test_the_hash_of_the_simulator_covers_program_and_tables(monkeypatch):
    whole = _simulations.engine_hash()
    seen = []
    real = _simulations._content
    monkeypatch.setattr(_simulations, "_content", lambda one: seen.append(one.name) or real(one))
    assert _simulations.engine_hash() == whole
    assert {"scattering.py", "_transport.py", "_stopping.py"} <= set(seen)
    assert any(name.endswith(".npz") for name in seen)
    assert all(real(one) for one in map(_core_file, _simulations.ENGINE))


def _core_file(name):
    from importlib import resources

    return resources.files("napari_npm") / "core" / f"{name}.py"


def test_stopped_after_a_point_it_goes_on_there(study, asked, cache):
    study.set_parameters("simulate", points=5)

    def stop(step, done, total, *_):
        if done == 2:
            raise Cancelled

    with pytest.raises(Cancelled):
        run(study, ["simulate"], progress=stop)
    assert len(asked) == 2
    assert items_left(study, "simulate") == 3
    run(study, ["simulate"])
    assert len(asked) == 5
    assert len(study.table("response")) == 5


WRONG = {
    "unknown element": ({"metal": "Xx", "metal_density": 5}, "^metal: .*Xx"),
    "unknown formula": ({"binder": "Si(O2", "binder_density": 5}, "^binder: .*Si"),
    "weights that do not sum": ({"metal": "Bi 50 Sn 20", "metal_density": 9}, "sum to 70"),
    "no density": (
        {"metal": "PbBi"},
        "density of the metal 'PbBi' is not known: give it as metal_",
    ),
    "lighter metal": ({"metal": "epoxy"}, "epoxy is lighter than C-S-H .* does not rise"),
    "binder is the metal": ({"binder": "gallium", "metal": "gallium"}, "lighter than gallium"),
    "threshold above the beam": (
        {"detector": "threshold", "energy_kev": 2, "threshold_kev": 2},
        "threshold of 2 keV is not below the beam's 2 keV: lower threshold_kev",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_cannot_be_simulated_is_refused_with_the_reason(study, asked, cache, case):
    changes, sentence = WRONG[case]
    study.set_parameters("simulate", **changes)
    with pytest.raises(NpmError, match=sentence):
        run(study, ["simulate"])
    assert asked == []


@pytest.mark.parametrize("energy", [0.5, 31])
def test_an_energy_out_of_range_is_refused(study, energy):
    with pytest.raises(NpmError, match="energy_kev"):
        study.set_parameters("simulate", energy_kev=energy)


def test_a_curve_that_does_not_rise_for_noise_says_what_to_do(study, asked, cache, monkeypatch):
    real = scattering.backscatter

    def noisy(material, *rest, **options):
        point = real(material, *rest, **options)
        if abs(material.mass_fractions[-1] - 0.2562) < 0.1:
            point.spectrum[:] = 0
            point.spectrum[9] = 1
        return point

    monkeypatch.setattr(scattering, "backscatter", noisy)
    study.set_parameters("simulate", points=5)
    with pytest.raises(NpmError, match=r"standard error of 0\.0003: lower it, or take fewer"):
        run(study, ["simulate"])
    assert not (study.results_folder / "response.csv").exists()


def test_a_threshold_above_the_beam_leaves_the_other_detectors(study, asked, cache):
    study.set_parameters("simulate", energy_kev=1, points=3)
    run(study, ["simulate"])
    assert curve(study, "energy").response[-1] == 1
    assert "threshold" not in study.table("response")


def test_images_of_another_energy_are_warned_of(fresh, asked, cache):
    with Study.open(fresh) as study:
        images = [one.model_copy(update={"kv": 15.0}) for one in study.images[:2]]
        images.append(study.images[2].model_copy(update={"kv": 5.02}))
        study.save(images=(*images, *study.images[3:]))
        (outcome,) = run(study, ["simulate"])
        (warning,) = outcome.warnings
        assert "2 of 6 images were taken at 15 kV" in warning
        assert "that of 5 keV: set energy_kev of simulate" in warning
        assert run(study, ["simulate"])[0].warnings == ()
        study.set_parameters("simulate", energy_kev=15, **QUICK)
        assert "1 of 6 images was taken at 5.02 kV" in run(study, ["simulate"])[0].warnings[0]


def test_the_methods_paragraph_states_the_simulation(fresh, asked, cache):
    with Study.open(fresh) as study:
        study.set_parameters(
            "simulate", metal="woods-metal", energy_kev=7, detector="threshold", **QUICK
        )
        run(study, ["simulate"])
        text = methods_paragraph(study)
        for words in (
            "Wood's metal (Cd 10.0, Sn 13.3, Pb 26.7, Bi 50.0 wt%, 9.38 g/cm³)",
            "3 metal volume fractions for a beam of 7 keV at normal incidence",
            "Mott cross sections (NIST SRD 64)",
            "standard error of 0.02 in the backscatter coefficient (seed 0)",
            "by its energy above 1 keV",
        ):
            assert words in text
        study.set_parameters("calibrate", curve=study.results_folder / "response.csv")
        assert "Wood's metal" not in methods_paragraph(study)
