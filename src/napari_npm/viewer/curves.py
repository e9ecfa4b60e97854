"""The numbers behind the live plot of a training, gathered from a job's progress."""

from collections.abc import Mapping

Series = dict[str, list[tuple[float, float]]]


class Curves:
    """Loss and accuracy by epoch, one series for each model and quantity."""

    def __init__(self) -> None:
        self.loss: Series = {}
        self.accuracy: Series = {}

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
