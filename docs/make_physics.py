"""Draw the pictures of docs/physics.md and write its tables, from simulations made here.

Run from the repository; takes some minutes::

    .venv/bin/python docs/make_physics.py
"""

import re
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from physics_formulas import FORMULAS
from physics_measured import MEASURED

from napari_npm.core import MATERIALS, Backscatter, Material, backscatter, material
from napari_npm.figures._style import COLOURS, STYLE

DOCS = Path(__file__).parent
PAGE, IMAGES = DOCS / "physics.md", DOCS / "images"
FEW, MANY = 100_000, 1_000_000  # standard errors up to 0.0016 and 0.0005
SYMBOLS = (
    "C", "Mg", "Al", "Si", "Ca", "Ti", "Fe", "Cu", "Ge", "Zr",
    "Ag", "In", "Sn", "La", "Gd", "Hf", "W", "Au", "Bi", "U",
)  # fmt: skip
MODELS = {"mott": "Mott (NIST SRD 64)", "browning": "Browning", "rutherford": "screened Rutherford"}
BINDER, METAL = MATERIALS["csh"], MATERIALS["fields-metal"]
POROSITY = (0.0, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
SOME = (0.0, 0.1, 0.2, 0.5, 1.0)
AUTHORS = sorted({author for found in MEASURED.values() for author in found})
MARKERS = "osD^v<>Phdp*X"
IONISATIONS = ("joy", "berger-seltzer", "sternheimer")
Cells = Sequence[object]


@cache
def simulated(
    target: Material,
    kev: float,
    elastic: str = "mott",
    ionisation: str = "joy",
    electrons: int = MANY,
) -> Backscatter:
    """Simulate once."""
    return backscatter(
        target, kev, electrons=electrons, elastic=elastic, ionisation=ionisation, seed=11
    )


def eta(symbol: str, kev: float, elastic: str = "mott", electrons: int = MANY) -> float:
    """Return the simulated backscatter coefficient of an element."""
    return simulated(material(symbol), kev, elastic, electrons=electrons).coefficient


def mixtures(
    porosity: Sequence[float], kev: float = 5.0, elastic: str = "mott", ionisation: str = "joy"
) -> list[Backscatter]:
    """Simulate C-S-H with rising volume fractions of Field's metal."""
    return [
        simulated(Material.mixture(BINDER, METAL, n), kev, elastic, ionisation) for n in porosity
    ]


def normalised(values: Sequence[float]) -> np.ndarray:
    """Return values from 0 at the first to 1 at the last."""
    array = np.array(values)
    return (array - array[0]) / (array[-1] - array[0])


def measured_at(kev: float) -> list[tuple[str, str, float]]:
    """Return (element, author, coefficient) of all measurements at an energy."""
    return [
        (symbol, author, value)
        for (at, symbol), found in MEASURED.items()
        if at == kev
        for author, value in found.items()
    ]


def draw_elements() -> None:
    """Draw η against Z: models, formulas, and every measured value with its author."""
    figure, axes = plt.subplots(2, 2, figsize=(8.6, 6.6), sharex=True, sharey=True)
    for ax, kev in zip(axes.flat, (5.0, 10.0, 20.0, 30.0), strict=True):
        z = [int(material(s).atomic_numbers[0]) for s in SYMBOLS]
        for (model, label), colour in zip(MODELS.items(), COLOURS, strict=False):
            values = [eta(symbol, kev, model, FEW) for symbol in SYMBOLS]
            ax.plot(z, values, color=colour, label=label)
        fine = np.linspace(6, 92, 200)
        for (label, formula), dashes in zip(FORMULAS.items(), (":", "--", "-."), strict=True):
            ax.plot(fine, formula(fine, kev), dashes, color="0.55", label=label)
        for symbol, author, value in measured_at(kev):
            number = int(material(symbol).atomic_numbers[0])
            ax.plot(number, value, label=author, **mark(author))
        ax.set(title=f"{kev:g} keV", xlim=(0, 95), ylim=(0, 0.62))
    for ax in axes[1]:
        ax.set_xlabel("atomic number")
    for ax in axes[:, 0]:
        ax.set_ylabel("backscatter coefficient η")
    entries = {}
    for ax in axes.flat:
        entries.update(dict(zip(*ax.get_legend_handles_labels()[::-1], strict=True)))
    figure.legend(entries.values(), entries.keys(), loc="center right")
    figure.tight_layout(rect=(0, 0, 0.8, 1))
    save(figure, "physics-elements")


def mark(author: str) -> dict[str, object]:
    """Return how an author's measurements are drawn."""
    return {"marker": MARKERS[AUTHORS.index(author)], "color": "k", "mfc": "none", "ms": 4.5,
            "mew": 0.8, "ls": ""}  # fmt: skip


def draw_residuals() -> None:
    """Draw measured minus simulated η at 5 keV, author by author."""
    figure, ax = plt.subplots(figsize=(5.4, 3.0))
    ax.axhspan(-0.02, 0.02, color="0.9", lw=0)
    ax.axhline(0, color="0.4", lw=0.8)
    symbols = list(dict.fromkeys(symbol for symbol, *_ in measured_at(5.0)))
    for place, symbol in enumerate(symbols):
        found = sorted(MEASURED[5.0, symbol].items(), key=lambda pair: pair[1])
        offsets = np.linspace(-0.3, 0.3, len(found))
        for offset, (author, value) in zip(offsets, found, strict=True):
            ax.plot(place + offset, value - eta(symbol, 5.0), label=author, **mark(author))
    ax.set_xticks(range(len(symbols)), symbols)
    ax.set(ylabel="η measured - simulated (Mott), 5 keV")
    entries = dict(zip(*ax.get_legend_handles_labels()[::-1], strict=True))
    ax.legend(entries.values(), entries.keys(), loc="center left", bbox_to_anchor=(1, 0.5))
    figure.tight_layout()
    save(figure, "physics-residuals")


def draw_mixtures() -> None:
    """Draw η(n), y(n) by model and what each detector makes of it."""
    figure, (left, middle, right) = plt.subplots(1, 3, figsize=(8.6, 3.1))
    weights = [Material.mixture(BINDER, METAL, n).weights for n in POROSITY]
    heavy = {symbol for symbol, _ in METAL.weights}
    mass = np.array([sum(w for s, w in parts if s in heavy) for parts in weights])
    for (model, label), colour in zip(MODELS.items(), COLOURS, strict=False):
        values = [point.coefficient for point in mixtures(POROSITY, elastic=model)]
        left.plot(POROSITY, values, ".-", color=colour, label=label)
        middle.plot(POROSITY, normalised(values), ".-", color=colour, label=label)
    middle.plot(POROSITY, mass, "--", color="0.4", label="Castaing: y = w")
    middle.plot([0, 1], [0, 1], ":", color="0.4", label="straight")
    points = mixtures(POROSITY)
    for detector, label, colour in (
        ("count", "count", COLOURS[0]),
        ("energy", "energy", COLOURS[3]),
        ("threshold", "energy above 1 keV", COLOURS[4]),
    ):
        right.plot(
            POROSITY,
            normalised([p.signal(detector).value for p in points]),
            ".-",
            color=colour,
            label=label,
        )
    for ax, title, label in (
        (left, "coefficient", "backscatter coefficient η"),
        (middle, "normalised, by model", "normalised signal y"),
        (right, "normalised, by detector", "normalised signal y"),
    ):
        decorate(ax, title, label)
    figure.tight_layout()
    save(figure, "physics-mixtures")


def decorate(ax: Axes, title: str, label: str) -> None:
    """Name the axes of a curve over porosity."""
    ax.set(title=title, xlabel="equivalent porosity n", ylabel=label, xlim=(0, 1), ylim=(0, None))
    ax.legend(loc="lower right")


def save(figure: plt.Figure, name: str) -> None:
    """Write a picture."""
    figure.savefig(IMAGES / f"{name}.png", dpi=160)
    plt.close(figure)


def table_residuals() -> str:
    """Return every measured value minus what is simulated."""
    lines = []
    for kev in (5.0, 10.0, 20.0, 30.0):
        for symbol in dict.fromkeys(symbol for symbol, *_ in measured_at(kev)):
            values = MEASURED[kev, symbol]
            ours = eta(symbol, kev)
            each = ", ".join(f"{a} {v:.3g} ({v - ours:+.3f})" for a, v in values.items())
            mean = np.mean(list(values.values()))
            lines.append((f"{kev:g}", symbol, f"{ours:.3f}", f"{mean - ours:+.3f}", each))
    return rows(("keV", "", "simulated", "mean residual", "measured (residual)"), lines)


def table_models() -> str:
    """Return coefficients and normalised signals of mixtures by model and detector."""
    mott, browning = mixtures(POROSITY), mixtures(POROSITY, elastic="browning")
    y = {
        "mott": normalised([p.coefficient for p in mott]),
        "browning": normalised([p.coefficient for p in browning]),
        "energy": normalised([p.signal("energy").value for p in mott]),
        "threshold": normalised([p.signal("threshold").value for p in mott]),
    }
    lines = [
        (
            f"{n:g}",
            f"{mott[i].coefficient:.4f}",
            f"{browning[i].coefficient:.4f}",
            *(f"{column[i]:.3f}" for column in y.values()),
            f"{mott[i].mean_energy:.3f}",
        )
        for i, n in enumerate(POROSITY)
    ]
    head = (
        "n",
        "η Mott",
        "η Browning",
        "y Mott",
        "y Browning",
        "y energy",
        "y above 1 keV",
        "E/E0",
    )
    return rows(head, lines)


def table_ionisation() -> str:
    """Return what the choice of mean ionisation potentials does at 5 keV."""
    lines = []
    for ionisation in IONISATIONS:
        points = mixtures(SOME, ionisation=ionisation)
        y = normalised([p.coefficient for p in points])
        ends = (f"{points[0].coefficient:.4f}", f"{points[-1].coefficient:.4f}")
        lines.append((ionisation, *ends, *(f"{y[i]:.3f}" for i in (1, 2, 3))))
    return rows(("J", "η C-S-H", "η Field's metal", "y(0.1)", "y(0.2)", "y(0.5)"), lines)


def table_energies() -> str:
    """Return the curve and the depth that electrons come from, by energy."""
    lines = []
    for kev in (2.0, 3.0, 5.0, 10.0, 15.0, 20.0):
        points = mixtures(SOME, kev)
        y = normalised([p.coefficient for p in points])
        depth = [
            f"{10 * p.mean_depth / (p.material.density or 1):.0f}" for p in (points[0], points[-1])
        ]
        ends = (f"{points[0].coefficient:.3f}", f"{points[-1].coefficient:.3f}")
        lines.append((f"{kev:g}", *ends, *(f"{y[i]:.3f}" for i in (1, 2, 3)), *depth))
    head = ("keV", "η C-S-H", "η metal", "y(0.1)", "y(0.2)", "y(0.5)", "nm in C-S-H", "nm in metal")
    return rows(head, lines)


def rows(head: Cells, lines: Sequence[Cells]) -> str:
    """Return a Markdown table."""
    parts = [head, ["---"] * len(head), *lines]
    return "\n".join("| " + " | ".join(map(str, part)) + " |" for part in parts)


def main() -> None:
    """Draw and write everything."""
    tables: dict[str, Callable[[], str]] = {
        "residuals": table_residuals,
        "models": table_models,
        "ionisation": table_ionisation,
        "energies": table_energies,
    }
    with mpl.rc_context({**STYLE, "font.size": 8, "legend.fontsize": 6.5}):
        draw_elements()
        draw_residuals()
        draw_mixtures()
    text = PAGE.read_text(encoding="utf-8")
    for name, table in tables.items():
        found = re.compile(rf"(<!-- {name} -->\n).*?(<!-- end -->)", re.DOTALL)
        text = found.sub(rf"\g<1>\n{table()}\n\n\g<2>", text)
    PAGE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
