"""The figures of a study's descriptors and of how its samples differ in them (Fig. 3, Table 2)."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from .descriptor_counts import PHASES
from .drawing_parts import Drawing
from .study import Study

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_TESTED_ON = {"specimen": "specimen means (to rely on)", "tile": "tiles (as the paper)"}
# Name and unit in the figure, and what turns the table's unit into it.
_NAMES = {"porosity": ("porosity", 1.0), "pore_area_nm2": ("average pore size (µm²)", 1e-6)}


def statistics_figures(study: Study) -> Iterator[Drawing]:
    """Yield the figures of porosity statistics."""
    from napari_npm import figures

    def columns(table: str, *names: str) -> dict[str, Any]:
        """Return columns of a table as arrays, by sample, in the order of the study."""
        found = study.table(table)
        assert found is not None
        return {
            sample.name: tuple(part[name].to_numpy() for name in names)
            for sample in study.samples
            if len(part := found[found["sample"] == sample.name])
        }

    def scatter() -> "Figure":
        values = columns("describe", "porosity", "pore_area_nm2")
        return figures.descriptor_scatter(
            {name: one for name, (one, _) in values.items()},
            {name: other for name, (_, other) in values.items()},
        )

    yield Drawing(
        "descriptors",
        "Porosity and average pore size of every tile, with the means of the samples and the lines"
        " at which the nearest mean changes (as Fig. 3c).",
        ("describe",),
        scatter,
    )

    def fractions() -> "Figure":
        table = study.table("describe")
        assert table is not None
        names = [name for name in table.columns if name.startswith("fraction_")]
        values = {
            sample.name: table.loc[table["sample"] == sample.name, names].to_numpy()
            for sample in study.samples
        }
        return figures.volume_fractions(values, np.linspace(0, 1, len(names) + 1).tolist())

    yield Drawing(
        "fractions",
        "Volume fractions of porosity ranges, mean and SD over tiles (as Fig. 3d).",
        ("describe",),
        fractions,
    )
    if _has(study, "pore_distribution"):
        yield Drawing(
            "pore_sizes",
            "Pore sizes of each sample, cumulative by number and by area.",
            ("describe",),
            lambda: figures.pore_distribution_figure(
                columns("pore_distribution", "diameter_nm", "number_finer"),
                columns("pore_distribution", "diameter_nm", "area_finer"),
            ),
        )
    if _has(study, "tukey_kramer"):
        yield Drawing(
            "comparison",
            "Differences of the samples' means with their Tukey-Kramer critical ranges (as"
            " Table 2): a bar that does not reach zero is a difference.",
            ("describe",),
            lambda: _comparison(study),
        )
    if _has(study, "lineal_path"):

        def shapes() -> "Figure":
            return figures.shapes_figure(
                _phases(study, "lineal_path", "r_um", "probability"),
                _phases(study, "chord_lengths", "length_um", "number_share"),
                _phases(study, "local_thickness", "diameter_um", "area_finer"),
                columns("minkowski", "porosity", "euler_per_um2"),
            )

        yield Drawing(
            "shapes",
            "Lineal path, chord lengths, local thickness and Euler number of each sample.",
            ("describe",),
            shapes,
        )


def _comparison(study: Study) -> "Figure":
    from napari_npm import figures

    table = study.table("tukey_kramer")
    assert table is not None
    rows: list[dict[str, Any]] = table.to_dict("records")  # type: ignore[assignment] # names are str
    differences: dict[str, dict[str, list[figures.Difference]]] = {}
    # The test to rely on comes first, and is drawn boldest.
    for row in sorted(rows, key=lambda row: list(_TESTED_ON).index(row["level"])):
        name, unit = _NAMES[row["descriptor"]]
        tests = differences.setdefault(name, {})
        tests.setdefault(_TESTED_ON[row["level"]], []).append(
            figures.Difference(
                f"{row['first']} – {row['second']}",
                unit * (row["second_mean"] - row["first_mean"]),
                unit * row["critical_range"],
            )
        )
    return figures.comparison_figure(differences, confidence=rows[0]["confidence"])


def _phases(study: Study, name: str, x: str, y: str) -> dict[tuple[str, str], Any]:
    table = study.table(name)
    if table is None or table.empty:
        return {}  # such as chords, where every line lies in one phase
    return {
        (sample.name, phase): (part[x].to_numpy(), part[y].to_numpy())
        for sample in study.samples
        for phase in PHASES
        if len(part := table[(table["sample"] == sample.name) & (table["phase"] == phase)])
    }


def _has(study: Study, name: str) -> bool:
    """Tell whether the present results hold a table that is not empty."""
    finish = study.state("describe").finish
    if finish is None or f"results/{name}.csv" not in finish.files:
        return False
    table = study.table(name)
    return table is not None and len(table) > 0
