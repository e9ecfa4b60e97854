"""The figures of the tests of relevance maps."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from .drawing_parts import Drawing
from .faithfulness_tests import ALL, MODES
from .study import Study
from .wiring import MAP_NAMES

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from napari_npm.figures import Band

_MODES = {"cascading": "each layer with all above it", "independent": "each layer alone"}


def faithfulness_figures(study: Study) -> Iterator[Drawing]:
    """Yield the figures of each model's tests, those that were made."""
    table = study.table("faithfulness")
    if table is None or table.empty:
        return
    for model, own in table.groupby("model", sort=False):
        name = MAP_NAMES[str(model)]
        yield from _of_model(study, str(model), name, own)


def _of_model(study: Study, model: str, name: str, own: "pd.DataFrame") -> Iterator[Drawing]:
    from napari_npm import figures

    tests = set(own["test"])

    def drawing(what: str, caption: str, draw: Any) -> Drawing:
        return Drawing(f"faithfulness_{what}_{model}", caption, ("faithfulness",), draw)

    if "deletion" in tests:
        parameters: Any = study.parameters("faithfulness")

        def deletion() -> "Figure":
            table = study.table("faithfulness_curves")
            assert table is not None
            curves = table[table["model"] == model]

            def both(kind: str) -> dict[str, "Band"]:
                return {
                    "by relevance": _band(curves, kind),
                    "at random": _band(curves, f"{kind}_random"),
                }

            return figures.deletion_figure(
                curves["share"].to_numpy(),
                both("deletion"),
                both("insertion"),
                measure=parameters.measure,
            )

        yield drawing(
            "deletion",
            f"What becomes of the class explained as blocks of {name} maps are replaced, the most"
            " relevant first, and restored; mean over test tiles with interval, and the area"
            " between the orders.",
            deletion,
        )
    if tests & {f"layers-{mode}" for mode in MODES}:

        def layers() -> "Figure":
            modes = {}
            names: list[str] = []
            for mode in MODES:
                some = own[own["test"] == f"layers-{mode}"]
                if not some.empty:
                    names = list(dict.fromkeys(some["case"]))
                    modes[_MODES[mode]] = _bands(some)
            return figures.randomisation_figure(names, modes)

        yield drawing(
            "layers",
            f"How alike the relevance on {name} maps stays when layers lose what they learned,"
            " from the output to the input.",
            layers,
        )
    for test, label, words in (
        ("classes", "Class explained", "the classes that are explained"),
        ("seeds", "Seed", "networks trained with different seeds"),
    ):
        if test in tests:

            def matrices(test: str = test, label: str = label) -> "Figure":
                found, names = _matrices(own[(own["test"] == test) & (own["case"] != ALL)])
                return figures.likeness_matrices(found, names, label=label)

            yield drawing(
                test, f"How alike the relevance on {name} maps is between {words}.", matrices
            )
    if "noise" in tests:

        def noise() -> "Figure":
            some = own[own["test"] == "noise"]
            sigma = [float(case) for case in dict.fromkeys(some["case"])]
            return figures.noise_figure(sigma, _bands(some))

        yield drawing(
            "noise", f"How alike the relevance stays when noise is added to {name} maps.", noise
        )


def _bands(some: "pd.DataFrame") -> dict[str, "Band"]:
    """Return a curve over the cases for each measure."""
    groups = some.groupby("measure", sort=False)
    return {str(measure): _band(lines, "value") for measure, lines in groups}


def _band(lines: "pd.DataFrame", column: str) -> "Band":
    from napari_npm.figures import Band

    start = "" if column == "value" else f"{column}_"
    return Band(*(lines[name].to_numpy(float) for name in (column, f"{start}low", f"{start}high")))


def _matrices(some: "pd.DataFrame") -> tuple[dict[str, Any], list[str]]:
    """Return a symmetric matrix for each measure, and the names of its rows."""
    pairs = [str(case).split("/") for case in some["case"]]
    names = list(dict.fromkeys(name for pair in pairs for name in pair))
    found: dict[str, Any] = {}
    for (first, second), measure, value in zip(pairs, some["measure"], some["value"], strict=True):
        matrix = found.setdefault(str(measure), np.eye(len(names)))
        i, j = names.index(first), names.index(second)
        matrix[i, j] = matrix[j, i] = value
    return found, names
