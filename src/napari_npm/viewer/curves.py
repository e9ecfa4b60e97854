"""The numbers behind the live plot of a training, gathered from a job's progress."""

from collections.abc import Mapping
from typing import Any

Series = dict[str, list[tuple[float, float]]]

# Okabe-Ito: one colour a model; loss and accuracy have panels, training and validation lines.
MODEL_COLOURS = {"mulf": "#56B4E9", "micf": "#E69F00", "both": "#009E73"}
_OTHER = "#CC79A7"


class Curves:
    """Loss and accuracy by epoch, one series for each model and quantity."""

    def __init__(self) -> None:
        self.loss: Series = {}
        self.accuracy: Series = {}
        self.kept: dict[str, int] = {}

    def add(self, model: str, metrics: Mapping[str, float]) -> bool:
        """Take the figures of an epoch; return whether there was something to plot."""
        taken = False
        for name, value in metrics.items():
            series = self.accuracy if "acc" in name else self.loss if "loss" in name else None
            if series is None or value is None:
                continue
            key = f"{model} {name.replace('_', ' ')}".strip()
            points = series.setdefault(key, [])
            epoch = float(metrics.get("epoch", len(points) + 1))
            if points and epoch <= points[-1][0]:
                # Within an epoch each batch tells the mean so far: the last one counts.
                points.pop()
            points.append((epoch, float(value)))
            taken = True
        return taken

    def models(self) -> tuple[str, ...]:
        """Return the models that there are figures of."""
        names = [key.partition(" ")[0] for key in (*self.loss, *self.accuracy)]
        return tuple(dict.fromkeys(names))

    def best(self, model: str) -> int | None:
        """Return the best epoch so far on the validation part, or None without one.

        As the training chooses it: by accuracy, then by loss, the first of equals. Once the
        model's card names the epoch that was kept, that is it.
        """
        if model in self.kept:
            return self.kept[model]
        losses = dict(self.loss.get(f"{model} validation loss", []))
        shares = dict(self.accuracy.get(f"{model} validation accuracy", []))
        epochs = [epoch for epoch in shares if epoch in losses]
        if not epochs:
            return None
        return int(max(epochs, key=lambda epoch: (shares[epoch], -losses[epoch], -epoch)))


def draw_curves(axes: Any, curves: Curves) -> None:
    """Draw losses above and accuracies below, with the best epoch marked.

    Parameters
    ----------
    axes : matplotlib.axes.Axes
        Place for both, parted in two.
    curves : Curves
        What there is so far.
    """
    figure = axes.figure
    axes.remove()
    upper, lower = figure.subplots(2, 1, sharex=True)
    for part, series, title in (
        (upper, curves.loss, "loss"),
        (lower, curves.accuracy, "accuracy"),
    ):
        for key, points in series.items():
            model, _, quantity = key.partition(" ")
            held_out = quantity.startswith("validation")
            part.plot(
                *zip(*points, strict=True),
                color=MODEL_COLOURS.get(model, _OTHER),
                ls="--" if held_out else "-",
                marker="s" if held_out else "o",
                ms=3,
                lw=1.2,
                label=f"{_words(model)} {'validation' if held_out else 'training'}".strip(),
            )
        part.set_ylabel(title)
    for model in curves.models():
        best = curves.best(model)
        if best is not None:
            colour = MODEL_COLOURS.get(model, _OTHER)
            for part in (upper, lower):
                part.axvline(best, color=colour, lw=1, ls=":")
            upper.annotate(
                f"best: {best}",
                (best, 1),
                xycoords=("data", "axes fraction"),
                xytext=(2, -9 - 10 * curves.models().index(model)),
                textcoords="offset points",
                color=colour,
                fontsize=8,
            )
    upper.set_ylim(bottom=0)
    lower.set_ylim(0, 1.02)
    lower.set_xlabel("epoch")
    lower.xaxis.get_major_locator().set_params(integer=True)
    place = {"loc": "lower center", "bbox_to_anchor": (0.5, 1.0), "ncols": 2}
    upper.legend(frameon=False, **place)


def _words(model: str) -> str:
    from napari_npm.study.wiring import MAP_NAMES

    return MAP_NAMES.get(model, model)
