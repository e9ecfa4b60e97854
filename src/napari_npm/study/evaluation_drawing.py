"""The figures of an evaluation, from its tables."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from .drawing_parts import Drawing, confusion_drawing
from .evaluation_tables import NETWORK, SHUFFLED
from .wiring import MAP_NAMES

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from .study import Study


def evaluation_figures(study: "Study") -> Iterator[Drawing]:
    """Yield the figures of an evaluation that was made."""
    from napari_npm import figures

    if study.state("evaluate").finish is None:
        return
    table, seeds, shuffles = (
        study.table(name) for name in ("evaluation", "evaluation_seeds", "evaluation_shuffles")
    )
    assert table is not None
    chance = float(table["chance"].iloc[0])

    def accuracy() -> "Figure":
        single = {NETWORK: seeds, SHUFFLED: shuffles}

        def repeats(line: Any) -> tuple[float, ...]:
            own = single.get(line["role"])
            if own is None:
                return ()
            return tuple(own.loc[own["maps"] == line["maps"], "accuracy"])

        return figures.accuracy_figure(
            [
                figures.Rated(
                    line["classifier"],
                    line["role"],
                    line["accuracy"],
                    _given(line["low"]),
                    _given(line["high"]),
                    repeats(line),
                )
                for line in table.to_dict("records")
            ],
            chance,
        )

    yield Drawing(
        "evaluation",
        "Accuracy of the networks with every seed, beside baselines and controls; bars are"
        " intervals.",
        ("evaluate",),
        accuracy,
    )

    def reliability() -> "Figure":
        bins = study.table("evaluation_reliability")
        assert bins is not None
        curves = {
            MAP_NAMES[str(kind)]: (
                own["confidence"].tolist(),
                own["accuracy"].tolist(),
                own["answers"].tolist(),
            )
            for kind, own in bins.groupby("maps", sort=False)
        }
        own = table[table["role"] == NETWORK]
        names = [MAP_NAMES[kind] for kind in own["maps"]]
        errors = dict(zip(names, own["calibration_error"], strict=True))
        return figures.reliability_figure(curves, errors)

    yield Drawing(
        "evaluation_reliability",
        "How often answers are right against how sure the network was, over all seeds; ECE:"
        " expected calibration error.",
        ("evaluate",),
        reliability,
    )
    for kind in table.loc[table["role"] == NETWORK, "maps"]:
        name = f"evaluation_confusion_{kind}"
        yield confusion_drawing(study, name, kind, "evaluate", " over all seeds")
    jitter = study.table("evaluation_jitter")
    if jitter is None or jitter.empty:
        return

    def shifted() -> "Figure":
        brightness: dict[str, Any] = {}
        contrast: dict[str, Any] = {}
        for name, own in jitter.groupby("classifier", sort=False):
            for found, column, other in (
                (brightness, "offset", own["gain"] == 1),
                (contrast, "gain", own["offset"] == 0),
            ):
                wide = own[other].pivot_table(index=column, columns="number", values="accuracy")
                found[str(name)] = (wide.index.to_numpy(), wide.to_numpy())
        return figures.jitter_figure(brightness, contrast, chance)

    yield Drawing(
        "evaluation_jitter",
        "Accuracy on test tiles with brightness and contrast shifted; bands reach over the seeds.",
        ("evaluate",),
        shifted,
    )


def _given(value: float) -> float | None:
    """Return a number of a table, None where it holds none."""
    return value if value == value else None
