"""The figures of a study's networks: how they learned, and what they take for what."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from .drawing_parts import Drawing, confusion_drawing
from .study import Study
from .wiring import MAP_NAMES, trained

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def network_figures(study: Study) -> Iterator[Drawing]:
    """Yield the figures of each trained network."""
    import pandas as pd

    from napari_npm import figures

    for model in trained(study):

        def curves(model: str = model) -> "Figure":
            history = pd.read_csv(study.models_folder / model / "history.csv")
            loss, accuracy = {"training": history["loss"].to_numpy()}, {}
            accuracy["training"] = history["accuracy"].to_numpy()
            if history["validation_loss"].notna().any():
                loss["validation"] = history["validation_loss"].to_numpy()
                accuracy["validation"] = history["validation_accuracy"].to_numpy()
            return figures.training_curves(loss, accuracy)

        yield Drawing(
            f"training_{model}",
            f"Loss and accuracy while learning {MAP_NAMES[model]} maps.",
            ("train",),
            curves,
        )
        yield confusion_drawing(study, f"confusion_{model}", model, "predict")
