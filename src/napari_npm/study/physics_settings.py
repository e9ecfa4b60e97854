"""The parameters of the steps that turn grey values into porosity: simulate and calibrate."""

from pathlib import Path
from typing import Literal

from .parameters import Parameters, parameter

Scope = Literal["image", "specimen", "sample", "study"]


class SimulateParameters(Parameters):
    """What the beam hits, and how its electrons are followed."""

    binder: str = parameter(
        "csh",
        "What holds the pores: a ready-made material (csh, c3s, c2s, ch, quartz, calcite, epoxy), a"
        " formula such as (CaO)1.7(SiO2)(H2O)4, or weights such as 'Ca 40 C 12 O 48'.",
        examples=["csh", "c3s", "c2s", "ch", "quartz", "calcite", "epoxy"],
    )
    metal: str = parameter(
        "fields-metal",
        "What fills the pores: fields-metal, woods-metal, gallium, a formula, or weights such as"
        " 'Bi 32.5 In 51 Sn 16.5'.",
        examples=["fields-metal", "woods-metal", "gallium"],
    )
    binder_density: float | None = parameter(
        None,
        "Density of the binder without its pores; known for ready-made materials.",
        unit="g/cm³",
        gt=0,
        le=25,
    )
    metal_density: float | None = parameter(
        None, "Density of the metal; known for ready-made ones.", unit="g/cm³", gt=0, le=25
    )
    energy_kev: float = parameter(5.0, "Energy of the beam.", unit="keV", ge=1, le=30)
    elastic: Literal["mott", "browning", "rutherford"] = parameter(
        "mott",
        "Elastic cross sections: NIST's Mott tables, Browning's fit to them, or screened"
        " Rutherford, which is wrong for heavy elements and there for comparison.",
    )
    ionisation: Literal["joy", "berger-seltzer", "sternheimer"] = parameter(
        "joy", "Mean ionisation energies in Joy and Luo's stopping power."
    )
    detector: Literal["count", "energy", "threshold"] = parameter(
        "count",
        "What the detector's output is proportional to: the number of backscattered electrons (as"
        " in the paper), their energy, or their energy above a threshold, as behind a dead layer.",
    )
    threshold_kev: float = parameter(
        1.0, "Energy lost before the threshold detector answers.", unit="keV", ge=0, le=30
    )
    tilt_deg: float = parameter(
        0.0, "Angle of the beam to the surface's normal.", unit="°", ge=0, le=80
    )
    points: int = parameter(
        21, "Porosities that are simulated, in equal steps from 0 to 1.", ge=3, le=201
    )
    standard_error: float = parameter(
        3e-4,
        "Standard error of the backscatter coefficient that is aimed at; half of it takes four"
        " times as long.",
        ge=5e-5,
        le=0.05,
    )
    seed: int = parameter(0, "Seed of the random paths.", ge=0)


class CalibrateParameters(Parameters):
    """Where the reference grey levels come from."""

    references: Scope = parameter(
        "image",
        "Reference areas that are averaged: those of the image, of its specimen, its sample or of"
        " the whole study; where there are none the next wider scope is used and stated.",
    )
    g_csh: float | None = parameter(
        None, "Grey value of C-S-H without metal (n = 0); from the masks where not given."
    )
    g_metal: float | None = parameter(
        None, "Grey value of the metal (n = 1); from the masks where not given."
    )
    curve: Path | None = parameter(
        None, "File with another response curve; that of the simulate step by default."
    )
    min_reference_px: int = parameter(
        100, "Fewest pixels of a reference: below it calibration is refused.", unit="px", ge=1
    )
    max_saturated: float = parameter(
        0.02,
        "Share of a reference's pixels at the end of the grey range above which is warned; above"
        " one half calibration is refused.",
        ge=0,
        le=0.5,
    )
    model_error: float = parameter(
        0.01,
        "Standard uncertainty of the normalised response from the choice of the physical model:"
        " the most that other cross sections or ionisation potentials change it.",
        ge=0,
        le=0.2,
    )
    uncertainty_map: bool = parameter(
        False, "Write the standard uncertainty of every pixel too: maps/uncertainty.zarr."
    )
